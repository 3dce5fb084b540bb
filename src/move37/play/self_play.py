"""Self-play: B games in flight, each replaced by a new one the moment it ends.

A call plays a number of moves in every game and hands the games on to the next call, so that no position is lost and
long games are as likely as short ones. The search runs fused on accelerators and stepwise on CPUs (`search.stepwise`).
"""

from collections.abc import Callable
from dataclasses import dataclass
from math import inf
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Bool, Float, Int, Key, Shaped, UInt32

from move37.core.episode import Episode
from move37.core.errors import BadConfig, check_ranges
from move37.core.types import Embedding, Game, Model, State
from move37.models.rules import Rules
from move37.play.openings import random_opening
from move37.play.turned import Turned
from move37.search.mcts import SearchConfig, SearchResult, search
from move37.search.stepwise import Evaluator, Stepwise

NEVER = -inf  # the threshold under which nobody resigns
ModelOf = Callable[[Any, State], tuple[Model, Embedding]]  # (net, states of B games) → the model to search, its roots
Scalar = float | np.float32 | Float[Array, ""]


@dataclass(frozen=True)
class PlayConfig:
    """How games are played. Everything that makes them differ from best play is here, but for the rule's own noise."""

    games: int = 128  # in flight at once
    moves: int = 32  # of each game and iteration
    num_sampling_moves: int = 30  # moves drawn from π^(1/temperature) before the search's own choice is played
    temperature: float = 1.0
    opening_moves: int = 0  # a game may start with up to so many uniformly random moves …
    opening_fraction: float = 0.0  # … with this probability: breadth that search alone would not find
    random_moves: float = 0.0  # share of uniformly random moves in the boldest copy of a host's world; evenly less to 0
    fast_simulations: int | None = None  # playout cap randomisation (KataGo): most moves are searched so fast …
    full_fraction: float = 0.25  # … and only these get a full search, with noise, and become policy targets
    random_symmetries: bool = False  # evaluate each position in one of the game's symmetries (AlphaGo Zero)
    played_out: float = 0.1  # share of the games in which nobody resigns: what resigning costs is measured on them

    def __post_init__(self) -> None:
        """Check the ranges. Raises `BadConfig`."""
        check_ranges("play.", self, games=(1, inf), moves=(1, inf), num_sampling_moves=(0, inf), opening_moves=(0, inf))
        check_ranges("play.", self, temperature=(1e-3, inf), opening_fraction=(0, 1), full_fraction=(0, 1))
        check_ranges("play.", self, fast_simulations=(1, inf), played_out=(0, 1), random_moves=(0, 1))


class Lanes(NamedTuple):
    """The games in flight."""

    state: State
    init_key: UInt32[Array, "B 2"]
    opening: Int[Array, "B P"]  # the random moves that it started with, −1 behind the last
    move_number: Int[Array, " B"]  # without the opening


class Moves(NamedTuple):
    """One move in every game; stacked over time by the caller."""

    observation: Array
    action: Int[Array, " B"]
    action_weights: Float[Array, "B A"]
    root_value: Float[Array, " B"]
    reward: Float[Array, " B"]
    discount: Float[Array, " B"]
    full: Bool[Array, " B"]
    resigned: Bool[Array, " B"]  # the agent to move gave up: the action was not played
    init_key: UInt32[Array, "B 2"]
    opening: Int[Array, "B P"]


class Acted(NamedTuple):
    """T moves in B worlds, for `summary`."""

    action: Shaped[np.ndarray, "T B *d"]
    full: Bool[np.ndarray, "T B"]


class SelfPlay:
    """The compiled parts of self-play for one game and configuration. Holds no state of a run."""

    def __init__(self, game: Game, search_config: SearchConfig, config: PlayConfig, model_of: ModelOf | None = None):
        """Nothing is compiled until the first move. Without `model_of` the model is the rules."""
        self.game, self.config, self.search_config = game, config, search_config
        self._model_of = model_of or (lambda net, states: (Rules(game, self._turned(net)), states))
        fast = config.fast_simulations
        self.budgets = (search_config.num_simulations, *(() if fast is None else (fast,)))
        self.stepwise = Stepwise(Rules(game), search_config)
        self.start = jax.jit(self._start)
        self._prepare, self._advance = jax.jit(self._prepare_move), jax.jit(self._advance_move)
        self._replace = jax.jit(_where)
        self._chunk = jax.jit(self._play_chunk)

    def play(
        self, evaluate: Evaluator, lanes: Lanes, key: Key[Array, ""], resign_below: float = NEVER
    ) -> tuple[Lanes, Moves]:
        """`moves` moves in each game with the network behind `evaluate`; moves come stacked: [T B ...].

        Who is to move resigns if the search's value is under `resign_below`.
        """
        chunk, threshold, evaluate = [], np.float32(resign_below), self._turned(evaluate)
        for t in range(self.config.moves):
            noise, which = self._prepare(lanes, jax.random.fold_in(key, t))
            result = self.stepwise.search(evaluate, lanes.state, noise, self.budgets, which)
            lanes, moves, fresh = self._advance(
                lanes, result._replace(tree=None), which, jax.random.fold_in(key, t), threshold
            )
            chunk.append(jax.tree.map(np.asarray, moves))
            over = chunk[-1].discount == 0
            if over.any():
                lanes = self._replace(over, self.start(fresh), lanes)
        return lanes, jax.tree.map(lambda *parts: np.stack(parts), *chunk)

    def play_fused(
        self, net: Any, lanes: Lanes, key: Key[Array, ""], resign_below: float = NEVER
    ) -> tuple[Lanes, Moves]:
        """The same in one compiled program, with a network in JAX."""
        return self._chunk(net, lanes, key, np.float32(resign_below))

    def _play_chunk(self, net: Any, lanes: Lanes, key: Key[Array, ""], threshold: Scalar) -> tuple[Lanes, Moves]:
        def move(lanes: Lanes, t: Array) -> tuple[Lanes, Moves]:
            noise, which = self._prepare_move(lanes, jax.random.fold_in(key, t))
            result = search(*self._model_of(net, lanes.state), self.search_config, noise, self.budgets, which)
            lanes, moves, fresh = self._advance_move(
                lanes, result._replace(tree=None), which, jax.random.fold_in(key, t), threshold
            )
            over = moves.discount == 0
            return jax.lax.cond(over.any(), lambda: _where(over, self._start(fresh), lanes), lambda: lanes), moves

        return jax.lax.scan(move, lanes, jnp.arange(self.config.moves))

    def _turned(self, evaluate: Any) -> Any:
        return Turned(evaluate, self.game.symmetries()) if self.config.random_symmetries else evaluate

    def _start(self, key: Key[Array, ""]) -> Lanes:
        """B new games."""
        first, openings = jax.random.split(key)
        init_key = jax.random.bits(first, (self.config.games, 2), jnp.uint32)
        keys = jax.random.split(openings, self.config.games)
        state, opening = jax.vmap(self._open)(jax.random.wrap_key_data(init_key), keys)
        return Lanes(state, init_key, opening, jnp.zeros(self.config.games, jnp.int32))

    def _open(self, init_key: Key[Array, ""], key: Key[Array, ""]) -> tuple[State, Int[Array, " P"]]:
        """A first state, and random moves from it that do not end the game."""
        state = self.game.init(init_key)
        most = max(1, self.config.opening_moves)  # a column at least: checkpoints cannot hold empty arrays
        flag, count, moves = jax.random.split(key, 3)
        length = jax.random.randint(count, (), 1, most + 1)
        opened = jax.random.uniform(flag) < self.config.opening_fraction * (self.config.opening_moves > 0)
        length = jnp.where(opened, length, 0)
        return random_opening(self.game, state, length, most, moves)

    def _prepare_move(self, lanes: Lanes, key: Key[Array, ""]) -> tuple[Float[Array, "B A"], Int[Array, " B"]]:
        """What the search needs besides the state: noise, and who gets a fast search."""
        noise, budget = jax.random.split(jax.random.fold_in(key, 0))
        legal = jax.vmap(self.game.legal)(lanes.state)
        fast = jax.random.uniform(budget, (self.config.games,)) >= self.config.full_fraction
        which = fast.astype(jnp.int32) * (len(self.budgets) - 1)
        drawn = self.search_config.rule.noise(noise, legal)
        # As in KataGo a fast search plays as well as it can: without noise. It teaches no policy.
        return jnp.where(which[:, None] == 0, drawn, 0.0), which

    def _advance_move(
        self,
        lanes: Lanes,
        result: SearchResult,
        which: Int[Array, " B"],
        key: Key[Array, ""],
        threshold: Scalar = NEVER,
    ) -> tuple[Lanes, Moves, Key[Array, ""]]:
        """Choose, step and record; with the key for the games that take the place of those that ended."""
        choice, fresh = jax.random.split(jax.random.fold_in(key, 1))
        weights = jnp.log(result.action_weights) / self.config.temperature
        drawn = jax.random.categorical(choice, weights).astype(jnp.int32)
        action = jnp.where(lanes.move_number < self.config.num_sampling_moves, drawn, result.action)
        step = jax.vmap(self.game.step)(lanes.state, action)
        resigned = (result.value < threshold) & ~is_played_out(lanes.init_key, self.config.played_out)
        moves = Moves(
            jax.vmap(self.game.observe)(lanes.state),
            action,
            result.action_weights,
            result.value,
            jnp.where(resigned, -1.0, step.reward),
            jnp.where(resigned, 0.0, step.discount),
            which == 0,
            resigned,
            lanes.init_key,
            lanes.opening,
        )
        return Lanes(step.state, lanes.init_key, lanes.opening, lanes.move_number + 1), moves, fresh


def is_played_out(init_key: Any, share: float) -> Any:
    """Whether nobody resigns in a game. Told by the key of its first state, so that nothing has to be carried along."""
    return init_key[..., 0] < np.uint32(min(share * 2.0**32, 2.0**32 - 1))


def _where(mask: Bool[Array, " B"], new: Any, old: Any) -> Any:
    """Choose rows of a pytree."""
    return jax.tree.map(lambda a, b: jnp.where(mask.reshape(-1, *(1,) * (a.ndim - 1)), a, b), new, old)


def check_search(search: SearchConfig, play: PlayConfig) -> None:
    """What self-play and its search expect of each other. Raises `BadConfig`."""
    if search.sampled:
        raise BadConfig("search.sampled is True; self-play of rules has no key for it: take --search.no-sampled.")
    fast, most = play.fast_simulations, search.num_simulations
    if fast is not None and fast > most:
        raise BadConfig(f"play.fast_simulations is {fast}; it must be from 1 to search.num_simulations = {most}.")


def summary(
    episodes: list[Episode], moves: Moves | Acted, search: SearchConfig, play: PlayConfig, seconds: float
) -> dict[str, float]:
    """Numbers of one iteration of play: speeds, length and results of the games that ended."""
    simulations = np.where(moves.full, search.num_simulations, play.fast_simulations or 0).sum()
    numbers = {
        "moves_per_second": moves.full.size / seconds,
        "simulations_per_second": float(simulations) / seconds,
    }
    episodes = [e for e in episodes if not e.goes_on]
    if episodes:
        lengths = [e.earlier[0] + len(e.action) + len(e.opening) for e in episodes]
        decided = [e.reward[-1] != 0 for e in episodes]
        numbers |= {"game_length": float(np.mean(lengths)), "decided": float(np.mean(decided))}
        if all((e.discount >= 0).all() for e in episodes):  # of one agent
            numbers["episode_return"] = float(np.mean([e.earlier[1] + e.reward.sum() for e in episodes]))
    return numbers
