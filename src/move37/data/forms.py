"""How games of each kind become rows of a dataset: Go's by its stones, those of other games by what a net sees."""

import hashlib
from collections.abc import Sequence
from functools import cache
from typing import Any, NamedTuple, Protocol, runtime_checkable

import numpy as np
from jaxtyping import UInt8

from move37 import games
from move37.core.errors import BadConfig
from move37.core.types import Game
from move37.data.record import BLACK, WHITE, GameRecord
from move37.data.replays import replay, row_bytes
from move37.data.retrace import Line, retrace
from move37.data.selection import DatasetConfig
from move37.data.written import WrittenGame, first_colour
from move37.games.boards import dihedral_symmetries
from move37.games.go import Go


class Played(NamedTuple):
    """A game that the rules were asked about."""

    line: Line
    positions: UInt8[np.ndarray, "T ..."]  # before each move
    skipped: str = ""  # the reason, if the rules do not allow it
    fault: str = ""  # the same with the move


@runtime_checkable
class Form(Protocol):
    """A kind of games."""

    name: str  # of the game
    row_shape: tuple[int, ...]  # of the bytes of a position

    def line(self, record: Any, config: DatasetConfig) -> Any:
        """What of a game the rules need; a text that says why it is not taken."""

    def play(self, lines: Sequence[Any]) -> list[Played]:
        """Play games again."""

    def fingerprint(self, line: Line) -> bytes:
        """The same for games that are the same."""


def form_of(game: str) -> Form:
    """Raises `BadConfig` for a game of which there are no datasets."""
    made = games.make(game)
    if not isinstance(made, Go):
        return WrittenForm(made)
    if made.name != f"go_{made.size}x{made.size}":
        raise BadConfig(f"got the game {game}; a dataset of Go is one of the board alone: go_{made.size}x{made.size}.")
    return GoForm(made.size)


class GoForm:
    """Stones, a bit each: any number of earlier positions is shown from them."""

    def __init__(self, size: int):
        """Of one size of boards."""
        self.size, self.name = size, f"go_{size}x{size}"
        self.row_shape: tuple[int, ...] = (2, -(-size * size // 8))

    def line(self, record: Any, config: DatasetConfig) -> Line | str:
        """As `line_of`, of a game that `config` takes."""
        if not isinstance(record, GameRecord):
            return "another game"
        if record.size != self.size:
            return "another size"
        return config.refuses(record) or line_of(record, config)

    def play(self, lines: Sequence[Line]) -> list[Played]:
        """Each up to its first illegal move."""
        played = []
        for line, trace in zip(lines, retrace(self.size, lines), strict=True):
            if trace.illegal is None:
                played.append(Played(line, trace.positions))
                continue
            name = Go(self.size).format_action(int(line.actions[trace.illegal]))
            fault = f"move {trace.illegal + 1}, {name}, is illegal: {trace.why}."
            played.append(Played(line, trace.positions, "superko" if trace.superko else "illegal", fault))
        return played

    def fingerprint(self, line: Line) -> bytes:
        """See `fingerprint`."""
        return fingerprint(line, self.size)


class WrittenForm:
    """Observations, as the game gives them; what follows a game's end by our rules is cut off."""

    def __init__(self, game: Game):
        """Raises `BadConfig` for a game that shows fractions."""
        self.game, self.name = game, game.name
        self.row_shape: tuple[int, ...] = (row_bytes(game),)
        self.first = first_colour(game)

    def line(self, record: Any, config: DatasetConfig) -> tuple[str, ...] | str:
        """The moves' texts."""
        if not isinstance(record, WrittenGame):
            return "another game"
        if refused := config.refuses(record):
            return refused
        if record.start:
            return "set-up position"
        if len(record.moves) < max(1, config.least_moves):
            return "short"
        return "long" if 0 < config.most_moves < len(record.moves) else record.moves

    def play(self, lines: Sequence[tuple[str, ...]]) -> list[Played]:
        """Each up to its first illegal move."""
        played = []
        for texts, found in zip(lines, replay(self.game, lines), strict=True):
            line = Line((), self.first, found.actions)
            if found.illegal is None:
                played.append(Played(line, found.positions))
            else:
                fault = f"move {found.illegal + 1}, {texts[found.illegal][:20]}, is no legal move there."
                played.append(Played(line, found.positions, "illegal", fault))
        return played

    def fingerprint(self, line: Line) -> bytes:
        """Of the moves."""
        return hashlib.blake2b(line.actions.tobytes(), digest_size=16).digest()


def line_of(record: GameRecord, config: DatasetConfig) -> Line | str:
    """What of a game the rules need, or why it cannot be used. What follows two passes in a row is cut off."""
    if any(setup.white or setup.empty or setup.before > 0 for setup in record.setups):
        return "set-up position"
    handicap = tuple(point for setup in record.setups for point in setup.black)
    if len(handicap) > config.most_handicap or (record.handicap >= 2 and record.handicap > config.most_handicap):
        return "handicap"
    if record.handicap >= 2 and len(handicap) != record.handicap:
        return "handicap without its stones"
    size = record.size
    actions = np.array([move.action for move in record.moves], np.uint16)
    passed = actions == size**2
    ends = np.flatnonzero(passed[1:] & passed[:-1])
    if len(ends):
        actions = actions[: ends[0] + 2]
    first = WHITE if handicap else BLACK
    if any(move.colour != first * (-1) ** i for i, move in enumerate(record.moves[: len(actions)])):
        return "colours do not alternate"
    if len(actions) < max(1, config.least_moves):
        return "short"
    if len(actions) > (config.most_moves or 2 * size**2):
        return "long"
    return Line(handicap, first, actions)


def fingerprint(line: Line, size: int) -> bytes:
    """The same for a game, its turned and mirrored forms, and a copy with another number of passes at the end."""
    end = len(line.actions)
    while end and line.actions[end - 1] == size * size:
        end -= 1
    forms = []
    for turn in _turns(size):
        stones = np.sort(turn[list(line.handicap)]).astype(np.uint16)
        forms.append(stones.tobytes() + b"." + turn[line.actions[:end]].astype(np.uint16).tobytes())
    return hashlib.blake2b(min(forms), digest_size=16).digest()


@cache
def _turns(size: int) -> list[np.ndarray]:
    return [symmetry.actions for symmetry in dihedral_symmetries(size, num_passes=1)]
