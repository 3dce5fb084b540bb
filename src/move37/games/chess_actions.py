"""How moves of chess are numbered: as AlphaZero's 8×8×73 planes, or the 1,858 of them that some piece can make.

A move is where it begins and how it goes on: 56 ways of a queen (8 directions × 1 to 7 steps), 8 of a knight, and
9 under-promotions (to knight, bishop, rook × straight ahead, captures to the right, to the left). A pawn that arrives
otherwise becomes a queen. All is seen by the player to move.

Source: AlphaZero (Science 2018), supplementary, "Representation", table S2.
Differs: the paper does not number the planes within a kind; here they go by direction, clockwise, then by distance.
"""

from functools import cache
from typing import NamedTuple

import numpy as np
from jaxtyping import Bool, Int, UInt32

from move37.games.chess_bits import DIRECTIONS, JUMPS, LONGEST

PIECES = "pnbrqk"
PAWN, KNIGHT, BISHOP, ROOK, QUEEN, KING = range(6)
PROMOTES = (0, 1, 7)  # directions in which a pawn arrives: straight ahead, captures to the right, to the left
UNDER = (KNIGHT, BISHOP, ROOK)
NUM_SETS = LONGEST * len(DIRECTIONS) + len(JUMPS) + len(DIRECTIONS)  # what `chess_moves.find` gives, see `Actions`


class Actions(NamedTuple):
    """For each action: where from, where to, what a pawn becomes, and where `chess_moves.find` says that it is legal.

    It gives sets of squares to go to: for each distance those in each direction, then those of knights by jump, then
    those on which pawns promote by direction. A set is two words, all first words first.
    """

    origin: Int[np.ndarray, " A"]
    target: Int[np.ndarray, " A"]  # where from, again, for what leaves the board
    promotion: Int[np.ndarray, " A"]  # QUEEN or one of UNDER; only a pawn that arrives looks at it
    word: Int[np.ndarray, " A"]
    bit: UInt32[np.ndarray, " A"]


@cache
def actions(encoding: str) -> Actions:
    """The list of an encoding, `compact` or `alphazero`."""
    everything, on_board = _alphazero()
    return everything if encoding == "alphazero" else Actions(*(column[on_board] for column in everything))


@cache
def texts(encoding: str) -> dict[str, int]:
    """Text → action, as the player to move sees the board; `a1+57`, square and plane, for what leaves the board."""
    found = {}
    table = [column.tolist() for column in actions(encoding)[:3]]
    for action, (origin, target, promotion) in enumerate(zip(*table, strict=True)):
        text = square_name(origin) + square_name(target) + (PIECES[promotion] if promotion in UNDER else "")
        found[text if origin != target else f"{square_name(origin)}+{action // 64}"] = action
    return found


@cache
def names(encoding: str) -> tuple[str, ...]:
    """Action → text."""
    return tuple(texts(encoding))


def square_name(square: int) -> str:
    """`e4`."""
    return "abcdefgh"[square % 8] + str(square // 8 + 1)


def _alphazero() -> tuple[Actions, Bool[np.ndarray, " A"]]:
    """All 73 · 64 actions, plane by plane; which of them stay on the board."""
    rows = []
    for direction, way in enumerate(DIRECTIONS):
        for distance in range(1, LONGEST + 1):
            rows.append((way, distance, QUEEN, (distance - 1) * len(DIRECTIONS) + direction))
    rows += [(jump, 1, QUEEN, LONGEST * len(DIRECTIONS) + i) for i, jump in enumerate(JUMPS)]
    for piece in UNDER:
        rows += [(DIRECTIONS[d], 1, piece, NUM_SETS - len(DIRECTIONS) + d) for d in PROMOTES]
    square, nowhere = np.arange(64), NUM_SETS - len(DIRECTIONS) + DIRECTIONS.index((1, 0))  # no pawn promotes sideways
    columns = []
    for (files, ranks), distance, promotion, place in rows:
        file, rank = square % 8 + files * distance, square // 8 + ranks * distance
        good = (file >= 0) & (file < 8) & (rank >= 0) & (rank < 8) & ((promotion == QUEEN) | (rank == 7))
        target = np.where(good, 8 * rank + file, square)
        word = np.where(good, place, nowhere) + NUM_SETS * (target >= 32)
        columns.append((square, target, np.full(64, promotion), word, target % 32, good))
    *found, on_board = (np.concatenate(column) for column in zip(*columns, strict=True))
    origin, target, promotions, word, bit = (column.astype(np.int32) for column in found)
    return Actions(origin, target, promotions, word, bit.astype(np.uint32)), on_board
