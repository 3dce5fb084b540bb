"""The move 37 meter: how surprising was each move of a game to a human, and how good was it?

    surprise   P(a) under a policy that imitates people, and its rank
    use        Q(a) − Q(b) and Q(a) − Q(c): b is what that policy would have played, c what a shallow look would have

Q(m) = r + d · V(s′): the move m is made by force, and V is the value of a search from the position s′ behind it. All Q
of a position are searched equally long, so that a move has no advantage because the search likes to look at it.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Bool, Float64, Int32, Key

from move37.core.errors import BadConfig
from move37.core.types import Game, State
from move37.models.rules import Rules
from move37.play.openings import random_opening
from move37.play.players import Player
from move37.search.mcts import SearchConfig
from move37.search.puct import Puct
from move37.search.stepwise import Evaluator, Stepwise

NOWHERE = -1  # the choice of a search that was not made


@dataclass(frozen=True)
class MeterConfig:
    """How long is searched, and when a move counts as novel."""

    visits: int = 400  # of the search behind each value; what looks useful is searched twice as long again
    shallow_visits: int = 16  # of the shallow look
    most_probability: float = 0.01  # a novel move is less probable under the imitated policy …
    most_rank: int = 5  # … and its rank is beyond this
    fpu_reduction: float = 0.2  # an unvisited move is worth the position's value less this; see `Puct`
    batch: int = 32  # positions that are searched at once

    def __post_init__(self) -> None:
        """Check the ranges. Raises `BadConfig`."""
        if not 1 <= self.shallow_visits < self.visits:
            got = f"got {self.shallow_visits} visits for the shallow look and {self.visits} for the deep one"
            raise BadConfig(f"{got}; the shallow one must be 1 or more, and less than the deep one.")
        if not 0 < self.most_probability <= 1:
            raise BadConfig(f"got the probability {self.most_probability}; it must be in (0, 1].")
        if self.most_rank < 1 or self.batch < 1:
            raise BadConfig(f"got rank {self.most_rank} and batch {self.batch}; both must be 1 or more.")


class Measures(NamedTuple):
    """What is said of T moves. Values are expected returns in [−1, 1] for the player who made the move."""

    action: Int32[np.ndarray, " T"]
    probability: Float64[np.ndarray, " T"]  # P(a)
    rank: Int32[np.ndarray, " T"]  # 1: nothing was more probable
    policy_choice: Int32[np.ndarray, " T"]  # b
    shallow_choice: Int32[np.ndarray, " T"]  # c; `NOWHERE` where nothing was searched, and there Q is NaN
    value: Float64[np.ndarray, " T"]  # Q(a)
    policy_value: Float64[np.ndarray, " T"]  # Q(b)
    shallow_value: Float64[np.ndarray, " T"]  # Q(c)
    novel: Bool[np.ndarray, " T"]  # improbable, and of a low rank
    useful: Bool[np.ndarray, " T"]  # a is neither b nor c, and worth as much as either or more
    stable: Bool[np.ndarray, " T"]  # novel, useful, and useful with twice the visits too

    @property
    def searched(self) -> Bool[np.ndarray, " T"]:
        """The moves whose value is known."""
        return self.shallow_choice != NOWHERE

    @property
    def marked(self) -> Bool[np.ndarray, " T"]:
        """The moves that the meter is for."""
        return self.novel & self.useful & self.stable

    @property
    def unstable(self) -> Bool[np.ndarray, " T"]:
        """Those that are not marked only because a longer search changed its mind."""
        return self.novel & self.useful & ~self.stable


class Meter:
    """Measures games."""

    def __init__(
        self,
        game: Game,
        policy: Evaluator,
        config: MeterConfig | None = None,
        searched_game: Game | None = None,
        evaluate: Evaluator | None = None,
        advance: Callable[[int], None] = lambda count: None,
    ):
        """`policy` imitates people and sees `game`; `evaluate` guides the search and sees `searched_game`.

        They are the same unless told otherwise. `advance` is told of each batch how many positions were searched.
        """
        self.config = config or MeterConfig()
        self._policy, self._evaluate, self._advance = policy, evaluate or policy, advance
        self._observe, self._mask, _ = _programs(game)
        self._move = _programs(searched_game or game)[2]
        visits, shallow = self.config.visits, self.config.shallow_visits
        self._shallow, self._deep, self._deeper = (
            _search(searched_game or game, self.config.fpu_reduction, count) for count in (shallow, visits, 2 * visits)
        )

    def measure(
        self,
        states: State,
        actions: Int32[np.ndarray, " T"],
        searched_states: State | None = None,
        most_novel: int | None = None,
    ) -> Measures:
        """All moves of a game: `states` before each [T …], for the search the same as states of its own game.

        `most_novel`: search no more than so many moves, novel ones alone, spread over the game: enough for base rates.
        """
        searched = jax.tree.map(np.asarray, states if searched_states is None else searched_states)
        states = jax.tree.map(np.asarray, states)
        probability, rank, policy_choice = self._surprise(states, actions)
        novel = (probability < self.config.most_probability) & (rank > self.config.most_rank)
        count = len(actions)
        chosen = np.arange(count) if most_novel is None else _spread(np.flatnonzero(novel), most_novel)
        shallow_choice = np.full(count, NOWHERE, np.int32)
        shallow_choice[chosen] = self._look(_rows(searched, chosen))
        moves = (actions, policy_choice, shallow_choice)
        values = np.full((3, count), np.nan)
        values[:, chosen] = self._values(self._deep, searched, chosen, moves)
        useful = _useful(moves, values)
        stable, again = np.zeros(count, bool), np.flatnonzero(novel & useful)
        twice = np.full((3, count), np.nan)
        twice[:, again] = self._values(self._deeper, searched, again, moves)
        stable[again] = _useful(moves, twice)[again]
        value, policy_value, shallow_value = values
        return Measures(
            action=actions,
            probability=probability,
            rank=rank,
            policy_choice=policy_choice,
            shallow_choice=shallow_choice,
            value=value,
            policy_value=policy_value,
            shallow_value=shallow_value,
            novel=novel,
            useful=useful,
            stable=stable,
        )

    def _surprise(
        self, states: State, actions: Int32[np.ndarray, " T"]
    ) -> tuple[Float64[np.ndarray, " T"], Int32[np.ndarray, " T"], Int32[np.ndarray, " T"]]:
        """(P(a), its rank, the most probable move)."""
        parts = []
        for rows, real in _batches(len(actions), 64):
            some = _rows(states, rows)
            logits, _ = self._policy(np.asarray(self._observe(some)))
            parts.append(np.asarray(self._mask(some, jnp.asarray(logits)))[:real])
        logits = np.concatenate(parts)
        played = logits[np.arange(len(actions)), actions][:, None].astype(np.float64)
        probability = 1 / np.exp(logits - played).sum(axis=1)
        rank = 1 + (logits > played).sum(axis=1)
        return probability, rank.astype(np.int32), logits.argmax(axis=1).astype(np.int32)

    def _look(self, states: State) -> Int32[np.ndarray, " n"]:
        """What a shallow search would play."""
        count = len(jax.tree.leaves(states)[0])
        parts = [np.zeros(0, np.int32)]
        for rows, real in _batches(count, self.config.batch):
            parts.append(np.asarray(self._shallow.search(self._evaluate, _rows(states, rows)).action)[:real])
            self._advance(real)
        return np.concatenate(parts)

    def _values(
        self, search: Stepwise, states: State, chosen: np.ndarray, moves: Sequence[np.ndarray]
    ) -> Float64[np.ndarray, "3 n"]:
        """Q of each of the moves in the chosen states; where two are the same it is searched once."""
        if not len(chosen):
            return np.zeros((len(moves), 0))
        pairs = np.stack([np.tile(chosen, len(moves)), np.concatenate([move[chosen] for move in moves])])
        different, which = np.unique(pairs, axis=1, return_inverse=True)
        parts = []
        for rows, real in _batches(different.shape[1], self.config.batch):
            before, actions = different[:, rows]
            after = self._move(_rows(states, before), actions.astype(np.int32))
            value = np.asarray(search.search(self._evaluate, after.embedding).value, np.float64)
            reward, discount = np.asarray(after.reward, np.float64), np.asarray(after.discount, np.float64)
            parts.append(np.where(discount == 0, reward, reward + discount * value)[:real])
            self._advance(real)
        return np.concatenate(parts)[which.reshape(-1)].reshape(len(moves), -1)


@cache
def _search(game: Game, fpu_reduction: float, visits: int) -> Stepwise:
    """Compiled once for all nets of a game."""
    return Stepwise(Rules(game), SearchConfig(Puct(fpu_reduction=fpu_reduction), visits))


@cache
def _programs(game: Game) -> tuple[Callable[..., Any], Callable[..., Any], Callable[..., Any]]:
    """(what a net sees, its logits masked, a move of the rules), of many states."""
    rules = Rules(game)
    return jax.jit(rules.observe), jax.jit(rules.mask), jax.jit(rules.transition)


def _useful(moves: Sequence[np.ndarray], values: np.ndarray) -> np.ndarray:
    """Neither the policy nor the shallow look would have played it, and it is worth as much as what they would have."""
    (played, policy, shallow), (value, policy_value, shallow_value) = moves, values
    seen = (played == policy) | (played == shallow)
    return ~seen & (value >= policy_value) & (value >= shallow_value)


def _spread(rows: np.ndarray, most: int) -> np.ndarray:
    """All, or so many of them at even distances."""
    return rows if len(rows) <= most else rows[np.linspace(0, len(rows) - 1, most).round().astype(int)]


def _rows(states: State, rows: np.ndarray) -> State:
    return jax.tree.map(lambda x: x[rows], states)


def _batches(count: int, size: int) -> Iterator[tuple[np.ndarray, int]]:
    """(rows, how many of them are real): the last are repeated to fill a batch, so that few programs are compiled."""
    size = size if count > size // 4 else max(1, size // 4)
    for begin in range(0, count, size):
        yield np.minimum(np.arange(begin, begin + size), count - 1), min(size, count - begin)


class Played(NamedTuple):
    """A game that a player played against itself."""

    opening: int  # how many of its moves were drawn at random before
    actions: Int32[np.ndarray, " T"]


def self_games(game: Game, player: Player, count: int, key: Key[Array, ""], opening_moves: int = 4) -> list[Played]:
    """Games to compare with, all at once, each after up to `opening_moves` random moves."""
    first, lengths, moves, play = jax.random.split(key, 4)
    length = jax.random.randint(lengths, (count,), 0, opening_moves + 1)

    def open_one(init: Array, length: Array, key: Array) -> tuple[State, Array]:
        return random_opening(game, game.init(init), length, opening_moves, key)

    states, opening = jax.jit(jax.vmap(open_one))(
        jax.random.split(first, count), length, jax.random.split(moves, count)
    )
    step, alive = jax.jit(jax.vmap(game.step)), np.ones(count, bool)
    played = [[int(action) for action in row if action >= 0] for row in np.asarray(opening)]
    openings = [len(row) for row in played]
    while alive.any():
        actions = player.choose(states, jax.random.fold_in(play, sum(map(len, played))))
        after = step(states, jnp.asarray(actions, jnp.int32))
        for i in np.flatnonzero(alive):
            played[i].append(int(actions[i]))
        states, alive = after.state, alive & (np.asarray(after.discount) != 0)
    return [Played(begin, np.array(row, np.int32)) for begin, row in zip(openings, played, strict=True)]


class Rates(NamedTuple):
    """How often moves of one kind of game are novel, useful and marked."""

    games: int
    moves: int
    novel: int
    searched: int  # novel moves that were searched …
    useful: int  # … those of them that are useful
    marked: int  # … and marked

    @property
    def marked_share(self) -> float:
        """Of all moves: the novel ones' share of them, times the marked ones' share of those that were searched."""
        return self.novel / self.moves * self.marked / self.searched if self.searched else 0.0


def rates(games: Sequence[Measures]) -> Rates:
    """Counts over games, to compare one game with."""
    return Rates(
        len(games),
        sum(len(game.action) for game in games),
        sum(int(game.novel.sum()) for game in games),
        sum(int((game.novel & game.searched).sum()) for game in games),
        sum(int((game.novel & game.useful).sum()) for game in games),
        sum(int(game.marked.sum()) for game in games),
    )
