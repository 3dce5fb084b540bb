"""Sets of squares of a chess board as bits, and how they move.

Square 8·rank + file is that bit of 64, from the side of the player to move. Two words hold them, because JAX has no
64-bit integers unless told so. All that depends on a direction is done for all directions at once, along the last axis.
"""

from collections.abc import Iterable
from typing import Any, NamedTuple, cast

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Bool, Int, Shaped, UInt32

from move37.core.types import take

# (files to the right, ranks ahead), clockwise from straight ahead, as AlphaZero counts its planes of actions
DIRECTIONS = ((0, 1), (1, 1), (1, 0), (1, -1), (0, -1), (-1, -1), (-1, 0), (-1, 1))
JUMPS = ((1, 2), (2, 1), (2, -1), (1, -2), (-1, -2), (-2, -1), (-2, 1), (-1, 2))
LONGEST = 7  # steps that a piece can slide


class Bits(NamedTuple):
    """A set of squares, or an array of sets. Those that never change are NumPy's."""

    low: UInt32[Array, "..."]  # ranks 1 to 4
    high: UInt32[Array, "..."]

    def __and__(self, other: "Bits") -> "Bits":
        return Bits(self.low & other.low, self.high & other.high)

    def __or__(self, other: "Bits") -> "Bits":
        return Bits(self.low | other.low, self.high | other.high)

    def __invert__(self) -> "Bits":
        return Bits(~self.low, ~self.high)

    def any(self) -> Bool[Array, "..."]:
        """Whether a set holds a square."""
        return (self.low | self.high) != 0

    def only(self, wanted: Bool[Array | np.ndarray, "..."]) -> "Bits":
        """The sets that are wanted; the others are empty."""
        return Bits(*(jnp.where(wanted, word, jnp.uint32(0)) for word in self))

    def each(self) -> "Bits":
        """With a last axis more, to stand beside several sets."""
        return Bits(self.low[..., None], self.high[..., None])

    def union(self) -> "Bits":
        """Of the sets along the last axis."""
        return Bits(*(jnp.bitwise_or.reduce(word, axis=-1) for word in self))

    def number(self) -> UInt32[Array, "..."]:
        """Squares of each set."""
        return jax.lax.population_count(self.low) + jax.lax.population_count(self.high)


class Shift(NamedTuple):
    """Steps of D directions: a rotation of all 64 bits, without what would leave the board."""

    amount: UInt32[np.ndarray, "*D"]  # bits that each word is turned by, 1 to 31
    crosses: Bool[np.ndarray, "*D"]  # the words change places first
    landing: Bits  # where a step can end

    def one(self, direction: int) -> "Shift":
        """A single direction."""
        return Shift(self.amount[direction], self.crosses[direction], take(self.landing, direction))


def constant(squares: Iterable[int]) -> Bits:
    """The set of these squares."""
    bits = sum(1 << square for square in set(squares))
    return _constant(np.uint32(bits & 0xFFFFFFFF), np.uint32(bits >> 32))


def _constant(low: Any, high: Any) -> Bits:
    return Bits(cast(Array, low), cast(Array, high))


def steps(directions: Iterable[tuple[int, int]]) -> Shift:
    """One step in each of these directions."""
    amounts, crosses, landings = [], [], []
    for files, ranks in directions:
        turn = (8 * ranks + files) % 64
        amounts.append(turn % 32)
        crosses.append(turn >= 32)
        landings.append(
            constant(square for square in range(64) if 0 <= square % 8 - files < 8 and 0 <= square // 8 - ranks < 8)
        )
    landing = _constant(*(np.array(words, np.uint32) for words in zip(*landings, strict=True)))
    return Shift(np.array(amounts, np.uint32), np.array(crosses), landing)


STEPS, LEAPS = steps(DIRECTIONS), steps(JUMPS)


def shift(squares: Bits, by: Shift) -> Bits:
    """Each set a step further: in all directions, where `squares` is one set, else each set in its own."""
    first = jnp.where(by.crosses, squares.high, squares.low)
    second = jnp.where(by.crosses, squares.low, squares.high)
    back = np.uint32(32) - by.amount
    turned = Bits(first << by.amount | second >> back, second << by.amount | first >> back)
    return turned & by.landing


def slide(start: Bits, through: Bits) -> list[Bits]:
    """What `start` reaches with 1, 2, … 7 steps in each direction, if all squares before the last are in `through`."""
    reached = [shift(start, STEPS)]
    for _ in range(LONGEST - 1):
        # A wall to XLA's fusion, which would take the first steps again for each later one.
        reached.append(jax.lax.optimization_barrier(shift(reached[-1] & through, STEPS)))
    return reached


def rays(start: Bits, through: Bits) -> Bits:
    """All that `slide` reaches, for each direction: up to and with the first square that is not in `through`."""
    first, *more = slide(start, through)
    for reached in more:
        first = first | reached
    return first


def single(square: Int[Array, "*N"]) -> Bits:
    """The set of one square; of none where the number is negative."""
    bit = jnp.uint32(1) << (square & 31).astype(jnp.uint32)
    return Bits(
        jnp.where((square >= 0) & (square < 32), bit, jnp.uint32(0)), jnp.where(square >= 32, bit, jnp.uint32(0))
    )


def seen_from_behind(squares: Bits) -> Bits:
    """The same squares from the other player's side: ranks are turned around, files stay."""

    def turned(word: UInt32[Array, "..."]) -> UInt32[Array, "..."]:
        """The four ranks of a word, turned around."""
        a, b = word << np.uint32(24), (word & np.uint32(0xFF00)) << np.uint32(8)
        return a | b | ((word >> np.uint32(8)) & np.uint32(0xFF00)) | (word >> np.uint32(24))

    return Bits(turned(squares.high), turned(squares.low))


def planes(squares: Bits) -> Bool[Array, "*C 8 8"]:
    """Each set as a board, the rank next to the player first."""
    words = jnp.stack([squares.low, squares.high], axis=-1)[..., None]
    bits = jnp.arange(32, dtype=jnp.uint32).reshape((1,) * (words.ndim - 1) + (32,))
    return ((words >> bits) & jnp.uint32(1)).astype(bool).reshape(*squares.low.shape, 8, 8)


def packed(board: Shaped[np.ndarray, "64"]) -> Bits:
    """The set of the squares that are true. Not traced."""
    return constant(np.flatnonzero(board).tolist())


def squares_of(squares: Bits) -> Bool[np.ndarray, "*C 64"]:
    """Which squares concrete sets hold."""
    words = np.stack([np.asarray(word, "<u4") for word in squares], axis=-1)
    return np.unpackbits(words.view(np.uint8), axis=-1, bitorder="little").astype(bool)
