"""The games of a match between two players, as many at once as both can play, each told in full when it ends."""

from collections.abc import Callable, Generator, Iterator, Sequence
from dataclasses import dataclass, field
from functools import cache
from typing import Literal, NamedTuple, Protocol, runtime_checkable

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Bool, Int, Key, UInt32

from move37.core.errors import BadConfig
from move37.core.types import Game, Opening, State, Step, take
from move37.play.openings import begun, random_opening
from move37.play.players import Player

Ending = Literal["rules", "resign", "time", "forfeit"]  # forfeit: it broke down or broke the rules


class Line(NamedTuple):
    """A game so far, as one who follows it must know it."""

    number: int  # of the game in its match, from 0
    lane: int  # where it is played: games of one lane follow each other
    moves: tuple[int, ...]  # all of them, the random opening too
    legal: Bool[np.ndarray, " A"] | None  # what may be played now; None where the game is over
    start: str = ""  # the first position, as `Game.to_text` writes it


class Answer(NamedTuple):
    """A move, or why there is none: then the game is lost."""

    action: int | None
    ending: Ending = "rules"
    reason: str = ""


class Verdict(NamedTuple):
    """What a player says of a game that ended by its rules."""

    said: str = ""  # the result, as Go writes it; "": nothing
    dead: tuple[int, ...] = ()  # points of stones that it calls dead, of both sides


@runtime_checkable
class Follower(Protocol):
    """A player that cannot be asked about any state, but follows whole games move by move: a program behind a pipe."""

    name: str
    most_games: int  # at once

    def answer(self, lines: Sequence[Line]) -> list[Answer]:
        """A legal move in each of these games, or how it is lost."""

    def end(self, line: Line, counted: bool) -> Verdict:
        """A game is over. `counted`: by the rules of the game, so that a verdict is asked for."""

    def close(self) -> None:
        """The match is over."""


@dataclass(frozen=True)
class Played:
    """A finished game of a match between players 0 and 1."""

    number: int  # from 0; games 2k and 2k + 1 have one opening
    names: tuple[str, str]
    sides: tuple[int, int]  # which player was on the game's first side (Black) and which on its second (White)
    began: int  # which player made the first move after the opening
    init_key: UInt32[np.ndarray, " 2"]
    opening: tuple[int, ...]
    actions: tuple[int, ...]
    rewards: tuple[float, ...]  # to the player that moved
    score: float  # the return of player 0; 1 and −1 where the game did not end by its rules
    ending: Ending
    reason: str  # why it did not end by its rules
    verdicts: tuple[Verdict, Verdict]  # what the players themselves say of the result
    state: State = field(compare=False, repr=False)  # the last one
    start: str = ""  # the first position, as `Game.to_text` writes it


def play_games(
    game: Game,
    one: Player | Follower,
    two: Player | Follower,
    games: int,
    key: Key[Array, ""],
    opening_moves: int = 4,
    tell: Callable[[int], None] = lambda moves: None,
    book: Sequence[Opening] = (),
    at_once: int = 0,
) -> Generator[Played, None, None]:
    """`games` games in the order in which they end: each opening twice, with colours swapped.

    Openings are those of the `book`, in its order and then again; without one up to `opening_moves` random moves. All
    games are played at once, or `at_once` (0: any number) or as many as a follower can; then one that ends makes room
    for the next. `tell` hears how many moves the games at once have made. Raises `BadConfig` for an odd number.
    """
    if games < 2 or games % 2:
        raise BadConfig(f"a match of {games} games: it must be an even number, because colours are swapped.")
    if game.num_players != 2:
        raise BadConfig(f"{game.name} has {game.num_players} player: an arena needs a game for two.")
    followers = [player for player in (one, two) if isinstance(player, Follower)]
    try:
        hall = _Hall(game, (one, two), games, opening_moves, key, book, at_once or games)
        while any(hall.lanes):
            tell(hall.rounds)
            yield from hall.play_round()
    finally:
        for follower in followers:
            follower.close()


@dataclass
class _Lane:
    """A game in progress."""

    number: int
    turn: int  # which player is to move
    actions: list[int] = field(default_factory=list)
    rewards: list[float] = field(default_factory=list)
    score: float = 0.0  # the return of player 0


class _Start(NamedTuple):
    """How the games of a match begin: a row for each pair."""

    state: State
    init_key: UInt32[Array, "pairs 2"]
    opening: Int[Array, "pairs P"]  # −1 behind the last move
    side: Int[Array, " pairs"]  # to move


class _Hall:
    """All games that are played at once: lane i's state is row i."""

    def __init__(
        self,
        game: Game,
        players: tuple[Player | Follower, ...],
        games: int,
        opening_moves: int,
        key: Key[Array, ""],
        book: Sequence[Opening],
        at_once: int,
    ):
        self.players, self.games, self.rounds = players, games, 0
        first, lengths, moves, self._key = jax.random.split(key, 4)
        start, self._step, self._legal, self._seat = _compiled(game, opening_moves)
        length = jax.random.randint(lengths, (games // 2,), 0, opening_moves + 1)
        inits = jax.random.split(first, games // 2)
        if book:
            states, played = begun(game, book, inits)
            sides = jax.vmap(game.to_play)(states)
            rows = np.arange(games // 2) % len(book)
            self._start: _Start = take(_Start(states, jax.random.key_data(inits), jnp.asarray(played), sides), rows)
        else:
            self._start = start(inits, length, jax.random.split(moves, games // 2))
        self._game, self._book, self._texts = game, book, dict[bytes, str]()
        self._begun = jax.tree.map(np.asarray, self._start._replace(state=None))
        most = min([games, at_once, *(player.most_games for player in players if isinstance(player, Follower))])
        self.lanes: list[_Lane | None] = [_Lane(number, number % 2) for number in range(most)]
        self._next = most
        self.states = take(self._start.state, np.arange(most) // 2)

    def play_round(self) -> Iterator[Played]:
        """A move in every game; those that ended."""
        answers = self._ask(jax.random.fold_in(self._key, self.rounds))
        actions = [0 if (answer := answers.get(i)) is None else answer.action or 0 for i in range(len(self.lanes))]
        after = self._step(self.states, jnp.asarray(actions, jnp.int32))
        rewards, discounts = np.asarray(after.reward), np.asarray(after.discount)
        before, self.states, self.rounds = self.states, after.state, self.rounds + 1
        ended: list[Played] = []
        for i, answer in answers.items():
            lane = self.lanes[i]
            assert lane is not None
            if answer.action is None:
                lane.score = -1.0 if lane.turn == 0 else 1.0
                ended.append(self._end(i, lane, answer, take(before, i)))
                continue
            lane.actions.append(answer.action)
            lane.rewards.append(float(rewards[i]))
            lane.score += float(rewards[i]) * (1 if lane.turn == 0 else -1)
            if discounts[i] == 0:
                ended.append(self._end(i, lane, answer, take(after.state, i)))
            elif discounts[i] < 0:
                lane.turn = 1 - lane.turn
        self._fill()
        yield from ended

    def _ask(self, key: Key[Array, ""]) -> dict[int, Answer]:
        """Lane → what the player to move there answers."""
        answers: dict[int, Answer] = {}
        legal: np.ndarray | None = None
        for who, player in enumerate(self.players):
            mine = [i for i, lane in enumerate(self.lanes) if lane is not None and lane.turn == who]
            if not mine:
                continue
            if isinstance(player, Follower):
                legal = np.asarray(self._legal(self.states)) if legal is None else legal
                answers |= zip(mine, player.answer([self._line(i, legal[i]) for i in mine]), strict=True)
            else:
                half = -(-len(self.lanes) // 2)  # two sizes at most, because each is compiled; mostly it is half
                rows = mine + mine[:1] * ((half if len(mine) <= half else len(self.lanes)) - len(mine))
                chosen = player.choose(take(self.states, np.array(rows)), jax.random.fold_in(key, who))
                answers |= {i: Answer(int(action)) for i, action in zip(mine, chosen, strict=False)}
        return answers

    def _line(self, i: int, legal: Bool[np.ndarray, " A"] | None) -> Line:
        lane = self.lanes[i]
        assert lane is not None
        return Line(lane.number, i, (*self._opening(lane.number), *lane.actions), legal, self._first(lane.number))

    def _opening(self, number: int) -> tuple[int, ...]:
        return tuple(action for action in self._begun.opening[number // 2].tolist() if action >= 0)

    def _first(self, number: int) -> str:
        """The first position of a game."""
        pair, key = number // 2, self._begun.init_key[number // 2]
        if self._book and (written := self._book[pair % len(self._book)].start):
            return written
        if key.tobytes() not in self._texts:
            self._texts[key.tobytes()] = self._game.to_text(self._game.init(jax.random.wrap_key_data(jnp.asarray(key))))
        return self._texts[key.tobytes()]

    def _end(self, i: int, lane: _Lane, last: Answer, state: State) -> Played:
        """Take a game out of its lane."""
        line = self._line(i, None)
        verdicts = [
            player.end(line, last.ending == "rules") if isinstance(player, Follower) else Verdict()
            for player in self.players
        ]
        self.lanes[i] = None
        began, side = lane.number % 2, int(self._begun.side[lane.number // 2])
        return Played(
            number=lane.number,
            names=(self.players[0].name, self.players[1].name),
            sides=(began, 1 - began) if side == 0 else (1 - began, began),
            began=began,
            init_key=self._begun.init_key[lane.number // 2],
            opening=self._opening(lane.number),
            actions=tuple(lane.actions),
            rewards=tuple(lane.rewards),
            score=lane.score,
            ending=last.ending,
            reason=last.reason,
            verdicts=(verdicts[0], verdicts[1]),
            state=state,
            start=self._first(lane.number),
        )

    def _fill(self) -> None:
        """Begin new games in the lanes that are free."""
        rows = np.full(len(self.lanes), -1)
        for i, lane in enumerate(self.lanes):
            if lane is None and self._next < self.games:
                self.lanes[i], rows[i] = _Lane(self._next, self._next % 2), self._next // 2
                self._next += 1
        if (rows >= 0).any():
            self.states = self._seat(self.states, self._start.state, jnp.asarray(rows, jnp.int32))


@cache
def _compiled(
    game: Game, opening_moves: int
) -> tuple[Callable[..., _Start], Callable[..., Step], Callable[..., Array], Callable[..., State]]:
    """(openings, moves, legal actions, new games in lanes) of many games at once, compiled once for all matches."""

    def start(init: Key[Array, ""], length: Int[Array, ""], key: Key[Array, ""]) -> _Start:
        state, moves = random_opening(game, game.init(init), length, opening_moves, key)
        return _Start(state, jax.random.key_data(init), moves, game.to_play(state))

    def seat(states: State, fresh: State, rows: Int[Array, " lanes"]) -> State:
        def one(row: Int[Array, ""], state: State) -> State:
            return jax.tree.map(lambda new, old: jnp.where(row >= 0, new[row], old), fresh, state)

        return jax.vmap(one)(rows, states)

    return jax.jit(jax.vmap(start)), jax.jit(jax.vmap(game.step)), jax.jit(jax.vmap(game.legal)), jax.jit(seat)
