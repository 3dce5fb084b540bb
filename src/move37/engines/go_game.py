"""A game of Go on an engine's table: what was set up and played, taken back, and read from and written to SGF."""

from collections.abc import Hashable
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np

from move37.core.errors import IllegalMove
from move37.data import sgf
from move37.data.record import BLACK, WHITE, GameRecord, Move, Result, Setup, game_record, game_tree
from move37.games.go import COLUMNS, Go, State
from move37.games.go_setup import AnyKomi, KomiState, set_up

_COLOURS = {"b": BLACK, "black": BLACK, "w": WHITE, "white": WHITE}


class Position(NamedTuple):
    """For a thinker: a state, and the moves that led there from what `origin` names."""

    state: KomiState
    origin: Hashable
    moves: tuple[int, ...]


class _Entry(NamedTuple):
    """What can be gone back to."""

    state: State
    origin: Hashable
    line: tuple[int, ...]
    num_moves: int
    num_setups: int
    over: bool
    captures: tuple[int, int]  # stones that Black and White have taken


def roomy(rules: Go) -> Go:
    """The rules of a net, with room for the games of people and programs: they may be longer than in training."""
    return replace(rules, max_num_moves=max(64, 4 * rules.size**2))


@cache
def _programs(rules: Go) -> tuple[Any, Any]:
    return jax.jit(rules.step), jax.jit(rules.legal)


@dataclass(frozen=True)
class Point:
    """Names of points and colours, as the Go Text Protocol writes them."""

    size: int

    def parse(self, word: str) -> int | None:
        """An action of `Go`; None for what names no point of the board and is no pass."""
        word = word.upper()
        if word in ("PASS", "PASSED"):
            return self.size**2
        column, row = word[:1], word[1:]
        if column not in COLUMNS[: self.size] or not (row.isascii() and row.isdigit() and len(row) <= 2):
            return None
        line = self.size - int(row)
        return line * self.size + COLUMNS.index(column) if column and 0 <= line < self.size else None

    def name(self, action: int) -> str:
        """A point or `pass`."""
        if action == self.size**2:
            return "pass"
        return COLUMNS[action % self.size] + str(self.size - action // self.size)


def colour_of(word: str) -> int | None:
    """1 Black, −1 White; None for a word that is no colour."""
    return _COLOURS.get(word.lower())


class GoGame:
    """One game. Nothing is changed where a method raises."""

    def __init__(self, rules: Go, komi: float):
        """An empty board."""
        self.rules, self.game, self.komi = rules, AnyKomi(rules), komi
        self.point = Point(rules.size)
        self._step, self._legal = _programs(rules)
        self._empty: State = rules.init(jax.random.key(0))
        self.clear()

    def clear(self) -> None:
        """A new game with the same komi."""
        self.moves: list[Move] = []
        self.setups: list[Setup] = []
        self.handicap = 0
        self._entries = [_Entry(self._empty, (), (), 0, 0, False, (0, 0))]

    @property
    def state(self) -> State:
        """Where the game stands."""
        return self._entries[-1].state

    @property
    def player(self) -> int:
        """Whose turn it is: 1 Black, −1 White."""
        return int(self.state.player)

    @property
    def over(self) -> bool:
        """Whether the last two moves were passes. One may play on, to take dead stones."""
        return self._entries[-1].over

    @property
    def stones(self) -> np.ndarray:
        """1 Black, −1 White, 0 empty, row by row from the top left."""
        return np.sign(np.asarray(self.state.chains)).astype(np.int64)

    @property
    def captures(self) -> tuple[int, int]:
        """Stones that Black and White have taken."""
        return self._entries[-1].captures

    def position(self, colour: int | None = None) -> Position:
        """For thinking about the next move of `colour`; None: of the player whose turn it is."""
        entry = self._turn_to(self._entries[-1], colour or self.player)
        return Position(KomiState(entry.state, jnp.float32(self.komi)), (self.komi, entry.origin), entry.line)

    def legal(self, colour: int | None = None) -> np.ndarray:
        """[A] the moves that the rules allow."""
        return np.asarray(self._legal(self._turn_to(self._entries[-1], colour or self.player).state))

    def play(self, colour: int, action: int) -> None:
        """One move, of any colour. Raises `IllegalMove`."""
        entry = self._turn_to(self._entries[-1], colour)
        if not np.asarray(self._legal(entry.state))[action]:
            raise IllegalMove("illegal move")
        before = entry.state
        state = self._with_room(self._step(before, jnp.int32(action)).state)
        stood, stands = (np.sign(np.asarray(x.chains)) for x in (before, state))
        placed = {colour: int(action < self.rules.size**2), -colour: 0}
        gone = {c: int((stood == c).sum() - (stands == c).sum()) + placed[c] for c in (BLACK, WHITE)}
        taken = (entry.captures[0] + gone[WHITE], entry.captures[1] + gone[BLACK])  # a suicide is the other's gain
        over = action == self.rules.size**2 and bool(before.passed)
        self.moves.append(Move(colour, action))
        line, count = (*entry.line, action), entry.num_moves + 1
        self._entries.append(entry._replace(state=state, line=line, num_moves=count, over=over, captures=taken))

    def undo(self) -> None:
        """Take back a move. Raises `IllegalMove` where there is none."""
        if not self.moves:
            raise IllegalMove("cannot undo")
        while self._entries[-1].num_moves >= len(self.moves):
            self._entries.pop()
        self.moves.pop()
        del self.setups[self._entries[-1].num_setups :]

    def set_up(self, setup: Setup) -> None:
        """Put stones on the board and take them off. Raises `IllegalMove` for chains without a liberty."""
        stones, entry = self.stones, self._entries[-1]
        for points, colour in ((setup.black, BLACK), (setup.white, WHITE), (setup.empty, 0)):
            stones[list(points)] = colour
        state = set_up(self.rules, stones, setup.to_play or int(entry.state.player))
        self.setups.append(setup._replace(before=len(self.moves)))
        origin = (entry.origin, entry.line, self.setups[-1])
        count = len(self.setups)
        self._entries.append(entry._replace(state=state, origin=origin, line=(), num_setups=count, over=False))

    def record(self, result: Result | None = None) -> GameRecord:
        """All of it."""
        return GameRecord(
            size=self.rules.size,
            komi=self.komi,
            rules="Tromp-Taylor" if self.rules.suicide else "Chinese",
            handicap=self.handicap,
            setups=tuple(self.setups),
            moves=tuple(self.moves),
            result=result or Result(),
        )

    def write(self, result: Result | None = None) -> bytes:
        """The game as SGF."""
        return sgf.write([game_tree(self.record(result))])

    def load(self, record: GameRecord, most_moves: int | None = None) -> None:
        """Take up a recorded game, after `most_moves` moves. Raises `IllegalMove` for what the rules forbid."""
        if record.size != self.rules.size:
            raise IllegalMove(f"the file's board is of size {record.size}; this engine's is of size {self.rules.size}")
        other = GoGame(self.rules, self.komi if record.komi is None else record.komi)
        other.handicap, setups = record.handicap, list(record.setups)
        moves = record.moves[:most_moves]
        for number in range(len(moves) + 1):
            while setups and setups[0].before == number:
                other.set_up(setups.pop(0))
            if number < len(moves):
                try:
                    other.play(*moves[number])
                except IllegalMove as error:
                    where = self.point.name(moves[number].action)
                    raise IllegalMove(f"move {number + 1}, {where}, is not legal by these rules") from error
        self.__dict__.update(other.__dict__)

    def _turn_to(self, entry: _Entry, colour: int) -> _Entry:
        """The same with `colour` to move, and with the game going on if it was over."""
        if int(entry.state.player) == colour and not entry.over:
            return entry
        state = entry.state._replace(player=jnp.int8(colour), passed=jnp.array(False))
        return entry._replace(state=state, origin=(entry.origin, entry.line, colour), line=(), over=False)

    def _with_room(self, state: State) -> State:
        """With room for a search ahead: in a very long game the oldest positions no longer count for superko."""
        room = self.rules.max_num_moves
        if int(state.num_moves) < room - room // 4:
            return state
        hashes = jnp.pad(state.hashes[:, room // 4 :], ((0, 0), (0, room // 4)))
        return state._replace(num_moves=state.num_moves - jnp.int16(room // 4), hashes=hashes)


def read_game(path: str) -> GameRecord:
    """The first game of a file. Raises `Move37Error`."""
    return game_record(sgf.read(Path(path).expanduser())[0])
