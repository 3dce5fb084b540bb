"""What a network sees of a shogi position: a lean set of planes, or AlphaZero's.

Source: AlphaZero (Science 2018), Methods, "Representation", Table S1.
"""

from typing import NamedTuple

import jax.numpy as jnp
from jaxtyping import Array, Bool, Float32, Int, Int8

from move37.games.shogi_tables import NUM_KINDS, NUM_SQUARES, SIZE

NUM_LEAN = 2 * NUM_KINDS + 2 * 7 + 4
HISTORY = 8  # positions that AlphaZero sees
NUM_ALPHAZERO = HISTORY * (2 * NUM_KINDS + 3 + 2 * 7) + 2


class Shown(NamedTuple):
    """A position as its mover saw it."""

    board: Int8[Array, " 81"]
    hands: Int8[Array, "2 7"]
    repeats: Int8[Array, ""]


def lean(now: Shown, in_check: Bool[Array, ""], black: Bool[Array, ""]) -> Int8[Array, "46 9 9"]:
    """Own pieces and the opponent's by kind; hands as counts; came before, came twice before; in check; Black moves."""
    flags = jnp.stack([now.repeats >= 1, now.repeats >= 2, in_check, black]).astype(jnp.int8)
    return jnp.concatenate([_pieces(now.board), _filled(now.hands.reshape(-1)), _filled(flags)])


def alphazero(
    now: Shown, past: Int8[Array, "7 96"], black: Bool[Array, ""], num_moves: Int[Array, ""]
) -> Float32[Array, "362 9 9"]:
    """8 positions, latest first, each: pieces (28), came 1, 2, 3 times before, hands (14); colour; move count."""
    planes = []
    for age in range(HISTORY):
        shown = now if age == 0 else _turned(unpack(past[age - 1])) if age % 2 else unpack(past[age - 1])
        repeats = jnp.stack([shown.repeats >= n for n in (1, 2, 3)]).astype(jnp.int8)
        planes += [_pieces(shown.board), _filled(repeats), _filled(shown.hands.reshape(-1))]
    last = jnp.stack([black.astype(jnp.float32), num_moves.astype(jnp.float32)])
    return jnp.concatenate([*(plane.astype(jnp.float32) for plane in planes), _filled(last)])


def pack(shown: Shown) -> Int8[Array, " 96"]:
    """A position as a row of bytes."""
    return jnp.concatenate([shown.board, shown.hands.reshape(-1), shown.repeats[None]])


def unpack(row: Int8[Array, " 96"]) -> Shown:
    """The inverse of `pack`."""
    return Shown(row[:NUM_SQUARES], row[NUM_SQUARES:-1].reshape(2, 7), row[-1])


def _turned(shown: Shown) -> Shown:
    return Shown(-shown.board[::-1], shown.hands[::-1], shown.repeats)


def _pieces(board: Int8[Array, " 81"]) -> Int8[Array, "28 9 9"]:
    kinds = jnp.concatenate([jnp.arange(1, NUM_KINDS + 1), -jnp.arange(1, NUM_KINDS + 1)]).astype(jnp.int8)
    return (board[None] == kinds[:, None]).astype(jnp.int8).reshape(-1, SIZE, SIZE)


def _filled(values: Array) -> Array:
    return jnp.broadcast_to(values[:, None, None], (len(values), SIZE, SIZE))
