"""Shogi as tables: kinds of pieces, directions, who moves where, and the list of actions. All from the mover's view.

Squares are 0 to 80, row by row from the far left corner; a White mover sees the board turned by 180°. A piece is its
kind, negative for the opponent's; modulo 32 it is a bit of a word, so that a set of pieces is one uint32.
"""

from functools import cache
from typing import NamedTuple

import numpy as np
from jaxtyping import Bool, Int

SIZE, NUM_SQUARES = 9, 81
PAWN, LANCE, KNIGHT, SILVER, BISHOP, ROOK, GOLD, KING = range(1, 9)
PROMOTED = 8  # a promoted piece is its kind + 8
NUM_KINDS = 14
NUM_IN_HAND = 7  # kinds that a hand can hold: pawn to gold
WALL = 16  # beyond the edge: a piece that no set contains

# (down, right) of a move; 7 − i is the opposite of i < 8. The last two are the knight's.
DIRECTIONS = ((-1, 0), (-1, -1), (-1, 1), (0, -1), (0, 1), (1, -1), (1, 1), (1, 0), (-2, -1), (-2, 1))
DIRECTION_NAMES = (
    *("up", "up-left", "up-right", "left", "right", "down-left", "down-right", "down", "jump-left", "jump-right"),
)
NUM_LINES = 8

_ORTHOGONAL, _DIAGONAL, _GOLD = (0, 3, 4, 7), (1, 2, 5, 6), (0, 1, 2, 3, 4, 7)
_STEPS = {PAWN: (0,), SILVER: (0, *_DIAGONAL), KING: tuple(range(8)), BISHOP + 8: _ORTHOGONAL, ROOK + 8: _DIAGONAL}
_STEPS |= dict.fromkeys((GOLD, PAWN + 8, LANCE + 8, KNIGHT + 8, SILVER + 8), _GOLD)
_SLIDES = {LANCE: (0,), BISHOP: _DIAGONAL, BISHOP + 8: _DIAGONAL, ROOK: _ORTHOGONAL, ROOK + 8: _ORTHOGONAL}


def pieces(*kinds: int) -> int:
    """A set of pieces as a word."""
    return sum(1 << (kind % 32) for kind in kinds)


def _own(movers: dict[int, tuple[int, ...]], *, king: bool) -> tuple[int, ...]:
    """Of each direction, the mover's pieces that go there."""
    return tuple(pieces(*(k for k, ways in movers.items() if i in ways and (king or k != KING))) for i in range(8))


def _other(movers: dict[int, tuple[int, ...]], *, king: bool) -> tuple[int, ...]:
    """The same of the opponent's, who go the other way."""
    return tuple(pieces(*(-k for k, ways in movers.items() if 7 - i in ways and (king or k != KING))) for i in range(8))


OWN_SLIDES, OTHER_SLIDES = _own(_SLIDES, king=True), _other(_SLIDES, king=True)
OWN_STEPS, OTHER_STEPS = _own(_STEPS, king=True), _other(_STEPS, king=True)
OWN_STEPS_BUT_KING, OTHER_STEPS_BUT_KING = _own(_STEPS, king=False), _other(_STEPS, king=False)
PROMOTABLE = pieces(*range(PAWN, ROOK + 1))
OWN, OTHER = pieces(*range(1, 15)), pieces(*range(-14, 0))


class Rectangle(NamedTuple):
    """Some squares of one plane of actions, which are numbered row by row."""

    plane: int
    rows: slice
    columns: slice


# The planes of actions by destination: 10 directions, the same with promotion, 7 drops. A direction tells the origin,
# for only the nearest piece on a line can come along it.
NUM_PLANES = 27


@cache
def possible() -> Bool[np.ndarray, "27 9 9"]:
    """Which (plane, destination) any piece can make on any board."""
    table = np.zeros((NUM_PLANES, SIZE, SIZE), bool)
    for i, (down, right) in enumerate(DIRECTIONS):
        for row, column in np.ndindex(SIZE, SIZE):
            distances = range(1, SIZE) if i < NUM_LINES else (1,)
            rows = [row - k * down for k in distances if _on_board(row - k * down, column - k * right)]
            table[i, row, column] = bool(rows) and (i < NUM_LINES or row >= 2)
            table[10 + i, row, column] = bool(rows) and min(*rows, row) < 3
    for kind in range(NUM_IN_HAND):
        table[20 + kind, {0: 1, 1: 1, 2: 2}.get(kind, 0) :] = True
    return table


def _on_board(row: int, column: int) -> bool:
    return 0 <= row < SIZE and 0 <= column < SIZE


@cache
def rectangles() -> tuple[Rectangle, ...]:
    """The possible moves as few rectangles, in the order of the actions."""
    found: list[Rectangle] = []
    for plane, table in enumerate(possible()):
        for row, squares in enumerate(table):
            if not squares.any():
                continue
            columns = slice(int(squares.argmax()), int(SIZE - squares[::-1].argmax()))
            last = found[-1] if found else None
            if last and (last.plane, last.rows.stop, last.columns) == (plane, row, columns):
                found[-1] = Rectangle(plane, slice(last.rows.start, row + 1), columns)
            else:
                found.append(Rectangle(plane, slice(row, row + 1), columns))
    return tuple(found)


@cache
def action_planes() -> Int[np.ndarray, "A 2"]:
    """(plane, destination) of each action; the declaration, the last, is (0, 0)."""
    squares, rows = np.arange(NUM_SQUARES).reshape(SIZE, SIZE), []
    for plane, down, right in rectangles():
        rows += [(plane, square) for square in squares[down, right].reshape(-1)]
    return np.array([*rows, (0, 0)], np.int32)


@cache
def action_numbers() -> Int[np.ndarray, "27 81"]:
    """The action of each (plane, destination); −1 where there is none."""
    table = np.full((NUM_PLANES, NUM_SQUARES), -1, np.int32)
    for action, (plane, square) in enumerate(action_planes()[:-1]):
        table[plane, square] = action
    return table


@cache
def origins() -> Int[np.ndarray, "10 81 8"]:
    """The squares from which a piece may come to a destination in each direction, nearest first; 81 for none."""
    table = np.full((len(DIRECTIONS), NUM_SQUARES, SIZE - 1), NUM_SQUARES, np.int32)
    for i, (down, right) in enumerate(DIRECTIONS):
        for square in range(NUM_SQUARES):
            for k in range(1, SIZE if i < NUM_LINES else 2):
                row, column = square // SIZE - k * down, square % SIZE - k * right
                if _on_board(row, column):
                    table[i, square, k - 1] = row * SIZE + column
    return table
