"""What a network sees of chess, from the side of the player to move: a few planes, or AlphaZero's 119.

Rows are ranks, the player's own first; columns are files from a to h.
"""

from typing import NamedTuple

import jax.numpy as jnp
from jaxtyping import Array, Bool, Float, Int8, Int16

from move37.core.types import take
from move37.games.chess_bits import Bits, planes, seen_from_behind, single
from move37.games.chess_moves import Position

NUM_PAST = 7  # positions before the present one
NUM_LEAN, NUM_ALPHAZERO = 20, 14 * (NUM_PAST + 1) + 7
_FIFTHS = (1, 2, 3, 4)


class Past(NamedTuple):
    """The positions before this one, latest first, each as it was seen by who moved then; none in a lean game."""

    kinds: Bits  # [P 6]
    own: Bits  # [P]
    repeats: Int8[Array, " P"]


def empty_past(number: int) -> Past:
    """Before a game's first position nothing was."""
    words = jnp.zeros((number, 6), jnp.uint32)
    return Past(Bits(words, words), Bits(words[:, 0], words[:, 0]), jnp.zeros(number, jnp.int8))


def longer_past(past: Past, position: Position, repeats: Int8[Array, ""]) -> Past:
    """With the position that was just left."""
    number = len(past.repeats)

    def put(old: Array, new: Array) -> Array:
        return jnp.concatenate([new[None], old])[:number]

    kinds, own = (
        Bits(*(put(o, n) for o, n in zip(old, new, strict=True)))
        for old, new in ((past.kinds, position.kinds), (past.own, position.own))
    )
    return Past(kinds, own, put(past.repeats, repeats))


def lean_planes(
    position: Position, repeats: Int8[Array, ""], clock: Int16[Array, ""], limit: int
) -> Bool[Array, "C H W"]:
    """6 own kinds of pieces, 6 of the opponent, rooks that may castle, the square of en passant; planes all true or
    false: the clock has reached 1, 2, 3, 4 fifths of its `limit`; the position came before once, twice.
    """
    own, theirs = position.kinds & position.own.each(), position.kinds & (~position.own).each()
    mine, others = position.rights.astype(jnp.int32)
    rooks = Bits(single(mine).low, single(jnp.where(others >= 0, others + 56, -1)).high).union()
    ep = single(position.ep.astype(jnp.int32))
    few = [Bits(word[None], other[None]) for word, other in (rooks, ep)]
    pieces = [Bits(*(jnp.concatenate(words) for words in zip(own, theirs, *few, strict=True)))]
    told = jnp.stack([clock * 5 >= fifth * limit for fifth in _FIFTHS] + [repeats >= n for n in (1, 2)])
    return jnp.concatenate([planes(pieces[0]), _whole(told)])


def alphazero_planes(
    position: Position,
    past: Past,
    repeats: Int8[Array, ""],
    black: Bool[Array, ""],
    ply: Int16[Array, ""],
    clock: Int16[Array, ""],
) -> Float[Array, "C H W"]:
    """For 8 positions, latest first: 6 own kinds, 6 of the opponent, came before once, twice. Then colour (1 is Black),
    the number of plies, own rights to castle (queen's, king's side), the opponent's, plies without progress.

    Source: AlphaZero (Science 2018), supplementary, table S1. Differs: both numbers are divided by 100.
    """
    boards = [_pieces(position.kinds, position.own), *_past_pieces(past)]
    seen = [repeats, *past.repeats]
    steps = [
        jnp.concatenate([board, _whole(jnp.stack([n >= 1, n >= 2]))]) for board, n in zip(boards, seen, strict=True)
    ]
    flags = jnp.concatenate([black[None], position.rights.reshape(4) >= 0]).astype(jnp.float32)
    numbers = jnp.stack([ply, clock]).astype(jnp.float32) / 100
    rest = jnp.concatenate([flags[:1], numbers[:1], flags[1:], numbers[1:]])
    return jnp.concatenate([jnp.concatenate(steps).astype(jnp.float32), _whole(rest)])


def _pieces(kinds: Bits, own: Bits) -> Bool[Array, "12 8 8"]:
    return jnp.concatenate([planes(kinds & own.each()), planes(kinds & (~own).each())])


def _past_pieces(past: Past) -> list[Bool[Array, "12 8 8"]]:
    """Each past board as today's mover sees it: an odd number of plies ago the opponent moved."""
    boards = []
    for i in range(len(past.repeats)):
        kinds, own = take(past.kinds, i), take(past.own, i)
        if i % 2 == 0:
            kinds, own = seen_from_behind(kinds), seen_from_behind(~own)
        boards.append(_pieces(kinds, own))
    return boards


def _whole(values: Array) -> Array:
    """A plane of each value."""
    return jnp.broadcast_to(values[:, None, None], (len(values), 8, 8))
