"""The two lists of shogi's actions, by destination and direction, and AlphaZero's by origin; their names.

Source: AlphaZero (Science 2018), Methods, "Representation", Table S2: 9×9 × (64 queen moves, 2 knight moves, both again
with promotion, 7 drops).
"""

import re
from functools import cache

import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Bool, Int, Int8

from move37.games.shogi_tables import (
    DIRECTION_NAMES,
    DIRECTIONS,
    NUM_LINES,
    NUM_SQUARES,
    SIZE,
    action_numbers,
    action_planes,
    rectangles,
)

DECLARATION = "win"  # as USI calls it
LETTERS = "PLNSBRGK"
RANKS = "abcdefghi"
_FAR = SIZE - 1  # the longest way of a queen
_HALF = NUM_LINES * _FAR + 2  # AlphaZero's planes of moves without promotion
NUM_ALPHAZERO = (2 * _HALF + 7) * NUM_SQUARES


def square_name(square: int) -> str:
    """File and rank as USI writes them: 9a is the far left corner of Black's view."""
    return f"{SIZE - square % SIZE}{RANKS[square // SIZE]}"


def compact_legal(planes: Bool[Array, "27 9 9"]) -> Bool[Array, " M"]:
    """The moves that are possible on any board, in the order of the actions."""
    return jnp.concatenate([planes[plane, rows, columns].reshape(-1) for plane, rows, columns in rectangles()])


@cache
def alphazero_to_compact() -> Int[np.ndarray, " 11259"]:
    """AlphaZero's actions as compact ones; those that lead beyond the edge, or never are possible: −1."""
    table = np.full((2 * _HALF + 7, NUM_SQUARES), -1, np.int32)
    for plane, origin in np.ndindex(*table.shape):
        if plane >= 2 * _HALF:
            table[plane, origin] = action_numbers()[20 + plane - 2 * _HALF, origin]
            continue
        i, distance = _way(plane % _HALF)
        row, column = (origin // SIZE + distance * DIRECTIONS[i][0], origin % SIZE + distance * DIRECTIONS[i][1])
        zone = min(row, origin // SIZE) < 3
        if 0 <= row < SIZE and 0 <= column < SIZE and (plane < _HALF or zone):
            table[plane, origin] = action_numbers()[i + 10 * (plane >= _HALF), row * SIZE + column]
    return table.reshape(-1)


def alphazero_legal(compact: Bool[Array, " M"], board: Int8[Array, " 81"]) -> Bool[Array, " 11259"]:
    """A legal move by destination and direction is AlphaZero's from the nearest piece behind it."""
    empty = jnp.pad((board == 0).reshape(SIZE, SIZE), SIZE)
    clear = jnp.ones((SIZE, SIZE), bool)
    origins = []
    for i in range(NUM_LINES):
        path = clear
        for distance in range(1, SIZE):
            origins.append(path)
            down, right = (SIZE + distance * way for way in DIRECTIONS[i])
            path = path & empty[down : down + SIZE, right : right + SIZE]
    moves = (jnp.stack([*origins, clear, clear]) & (board > 0).reshape(1, SIZE, SIZE)).reshape(-1)
    drops = jnp.ones(7 * NUM_SQUARES, bool)
    table = alphazero_to_compact()
    return compact[table] & (table >= 0) & jnp.concatenate([moves, moves, drops])


def _way(plane: int) -> tuple[int, int]:
    """(direction, distance) of one of AlphaZero's planes of moves."""
    return (plane // _FAR, plane % _FAR + 1) if plane < NUM_LINES * _FAR else (plane - NUM_LINES * (_FAR - 1), 1)


@cache
def compact_names() -> tuple[str, ...]:
    """Destination and direction from the mover's view: `7f up`, `3c up-right+`, `P*5e`; last the declaration."""
    names = []
    for plane, square in action_planes()[:-1].tolist():
        if plane >= 20:
            names.append(f"{LETTERS[plane - 20]}*{square_name(square)}")
        else:
            names.append(f"{square_name(square)} {DIRECTION_NAMES[plane % 10]}{'+' * (plane >= 10)}")
    return (*names, DECLARATION)


@cache
def alphazero_names() -> tuple[str, ...]:
    """USI's texts as if the mover were Black; actions that no piece can make are named by plane and square."""
    names = []
    for action, number in enumerate(alphazero_to_compact().tolist()):
        plane, origin = divmod(action, NUM_SQUARES)
        if number < 0:
            names.append(f"impossible {plane}:{origin}")
        elif plane >= 2 * _HALF:
            names.append(f"{LETTERS[plane - 2 * _HALF]}*{square_name(origin)}")
        else:
            destination = int(action_planes()[number, 1])
            names.append(f"{square_name(origin)}{square_name(destination)}{'+' * (plane >= _HALF)}")
    return (*names, DECLARATION)


@cache
def numbers(names: tuple[str, ...]) -> dict[str, int]:
    """The action of each name, in lower case."""
    return {name.lower(): action for action, name in enumerate(names)}


def usi_number(usi: str, *, black: bool) -> int:
    """The compact action that a text of USI names for a player, whatever stands on the board; −1 for none."""
    if usi == DECLARATION:
        return len(action_planes()) - 1
    if not (match := re.fullmatch(r"(?:([1-9][a-i])|([PLNSBRG])\*)([1-9][a-i])(\+?)", usi)):
        return -1
    origin, drop, destination, promotion = match.groups()
    to = _seen_square(destination, black)
    if drop:
        return -1 if promotion else int(action_numbers()[20 + LETTERS.index(drop), to])
    way = (to // SIZE - _seen_square(origin, black) // SIZE, to % SIZE - _seen_square(origin, black) % SIZE)
    distance = max(abs(step) for step in way)
    for i, (down, right) in enumerate(DIRECTIONS):
        if distance and way == ((distance * down, distance * right) if i < NUM_LINES else (down, right)):
            return int(action_numbers()[i + 10 * bool(promotion), to])
    return -1


def usi_origin(usi: str, *, black: bool) -> int:
    """The square, as the player sees it, where a move of USI begins; `NUM_SQUARES` for a drop, −1 for no move."""
    if "*" in usi:
        return NUM_SQUARES
    return _seen_square(usi, black) if re.match("[1-9][a-i]", usi) else -1


def _seen_square(name: str, black: bool) -> int:
    square = (SIZE - int(name[0])) + SIZE * RANKS.index(name[1])
    return square if black else NUM_SQUARES - 1 - square
