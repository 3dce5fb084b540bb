"""The legal moves of a shogi position, all at once and without making one. From the mover's view.

Each square looks along the eight lines at the nearest piece. What it sees says what comes there, what is attacked, what
is pinned (king on one side, a sliding piece on the other) and where a check can be blocked: shifts and masks alone.
"""

import operator
from collections.abc import Iterable
from functools import reduce
from typing import NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Bool, Int8, UInt8

from move37.games.shogi_tables import (
    DIRECTIONS,
    KING,
    KNIGHT,
    LANCE,
    NUM_IN_HAND,
    NUM_LINES,
    OTHER,
    OTHER_SLIDES,
    OTHER_STEPS,
    OTHER_STEPS_BUT_KING,
    OWN,
    OWN_SLIDES,
    OWN_STEPS,
    OWN_STEPS_BUT_KING,
    PAWN,
    PROMOTABLE,
    SIZE,
    WALL,
    pieces,
)

# A padded board is a row of bytes with one wall between the rows, so that a shift of one axis is a step of all squares.
_WIDTH, _FIRST, _LENGTH = SIZE + 1, SIZE + 2, 111
_CAMP = 32  # the bit of a padded board's byte which says that the piece stands in the opponent's camp
_OTHER_KING = -KING % 32
_KNIGHTS = (8, 9)
Bytes = UInt8[Array, " 111"]
Mask = Bool[Array, " 111"]


class Seen(NamedTuple):
    """What each square sees in one direction: the piece beside it, and the nearest piece."""

    beside: Bytes
    nearest: Bytes


class Moves(NamedTuple):
    """The legal moves by planes of `shogi_tables` (10 directions, with promotion, 7 drops), and whether in check."""

    planes: Bool[Array, "27 9 9"]
    in_check: Bool[Array, ""]


@jax.jit
def legal_moves(board: Int8[Array, " 81"], hand: Int8[Array, " 7"]) -> Moves:
    """All legal moves of the side that sees the board so and holds `hand`, its declaration left out."""
    cells = _padded(board)
    seen = [_look(cells, i) for i in range(NUM_LINES)]
    own, empty = _among(OWN, cells), cells == 0
    pins = _pins(seen, own, _among(OTHER, cells))
    checkers, blocks = _checks(cells, seen)
    num_checkers = _square(checkers).sum(dtype=jnp.int32)
    target = (num_checkers == 0) | ((num_checkers == 1) & (checkers | (blocks & empty)))

    marked = jnp.where(_camp() & ~empty, cells | jnp.uint8(_CAMP), cells)
    free = [jnp.where(_any(pins[:a] + pins[a + 1 :]), jnp.uint8(WALL), marked) for a in range(4)]
    unpinned = jnp.where(_any(pins), jnp.uint8(WALL), marked)
    # By the direction in which they come.
    movers = [_look(free[min(i, 7 - i)], 7 - i) for i in range(NUM_LINES)]
    jumpers = [_shift(unpinned, -_offset(i)) for i in _KNIGHTS]

    arrive = [
        _among(OWN_STEPS_BUT_KING[i], mover.beside) | _among(OWN_SLIDES[i], mover.nearest)
        for i, mover in enumerate(movers)
    ]
    arrive += [_among(pieces(KNIGHT), jumper) for jumper in jumpers]
    safe = ~own & ~_attacked(cells, seen, OTHER_STEPS, OTHER_SLIDES, -KNIGHT) & ~_through_king(seen)
    king = [(seen[7 - i].beside == KING) & safe for i in range(NUM_LINES)]
    comers = [mover.nearest for mover in movers] + jumpers
    steps = [
        _with_promotion(i, a & target & ~own, comer) for i, (a, comer) in enumerate(zip(arrive, comers, strict=True))
    ]
    plain = [_square(step) | _square(king[i]) if i < NUM_LINES else _square(step) for i, (step, _) in enumerate(steps)]
    promoting = [_square(step) for _, step in steps]

    mate = _pawn_drop_mates(cells, seen, movers, _shift_jumpers(unpinned))
    drops = _drops(_square(empty & target), _square(mate), board, hand)
    return Moves(jnp.stack(plain + promoting + drops), num_checkers > 0)


def _drops(
    where: Bool[Array, "9 9"], mate: Bool[Array, "9 9"], board: Int8[Array, " 81"], hand: Int8[Array, " 7"]
) -> list[Bool[Array, "9 9"]]:
    """No second pawn on a file, no mate by a pawn, no piece from where it could never move."""
    rows = jnp.arange(SIZE)[:, None]
    files_with_pawn = (board.reshape(SIZE, SIZE) == PAWN).any(axis=0)
    found = [where & (hand[kind] > 0) for kind in range(NUM_IN_HAND)]
    found[0] &= (rows >= 1) & ~files_with_pawn[None] & ~mate
    found[1] &= rows >= 1
    found[2] &= rows >= 2
    return found


def _with_promotion(i: int, arrive: Mask, comer: Bytes) -> tuple[Mask, Mask]:
    """Of what arrives in direction i: what may stay as it is, and what may promote."""
    far = _rows(1) & _among(pieces(PAWN, LANCE), comer) | _rows(2) & _among(pieces(KNIGHT), comer)
    zone = _camp() | ((comer & _CAMP) != 0)
    return (arrive & ~far if i in (0, *_KNIGHTS) else arrive), arrive & zone & _among(PROMOTABLE, comer)


def _pins(seen: list[Seen], own: Mask, other: Mask) -> list[Mask]:
    """Of the four axes: pieces of either side that stand between their king and a piece which slides along it."""

    def pinned(i: int) -> Mask:
        ahead, behind = seen[i].nearest, seen[7 - i].nearest
        mine = own & (ahead == KING) & _among(OTHER_SLIDES[i], behind)
        return mine | (other & (ahead == _OTHER_KING) & _among(OWN_SLIDES[i], behind))

    return [pinned(i) | pinned(7 - i) for i in range(4)]


def _checks(cells: Bytes, seen: list[Seen]) -> tuple[Mask, Mask]:
    """The pieces that give check, and the squares on which some of it can be blocked."""
    sliding = [(s.nearest == KING) & _among(OTHER_SLIDES[i], cells) for i, s in enumerate(seen)]
    stepping = [(s.beside == KING) & _among(OTHER_STEPS[i], cells) for i, s in enumerate(seen)]
    jumping = [(_shift(cells, -_offset(i)) == KING) & (cells == -KNIGHT % 32) for i in _KNIGHTS]
    between = [(s.nearest == KING) & _among(OTHER_SLIDES[i], seen[7 - i].nearest) for i, s in enumerate(seen)]
    return _any(sliding + stepping + jumping), _any(between)


def _attacked(cells: Bytes, seen: list[Seen], steps: tuple[int, ...], slides: tuple[int, ...], knight: int) -> Mask:
    """The squares to which one side's pieces could move, if they were empty or held its opponent."""
    way = -1 if knight > 0 else 1  # of the knight
    near = [_among(steps[i], seen[7 - i].beside) for i in range(NUM_LINES)]
    far = [_among(slides[i], seen[7 - i].nearest) for i in range(NUM_LINES)]
    return _any(near + far + [_shift(cells, way * _offset(i)) == knight % 32 for i in _KNIGHTS])


def _through_king(seen: list[Seen]) -> Mask:
    """Squares beside the king that are attacked once it has left, by a piece which now checks it."""
    return _any(
        (s.beside == KING) & _among(OTHER_SLIDES[7 - i], _shift(s.nearest, _offset(i))) for i, s in enumerate(seen)
    )


def _shift_jumpers(unpinned: Bytes) -> list[Bytes]:
    """What would jump to each square as a knight of the opponent."""
    return [_shift(unpinned, _offset(i)) for i in _KNIGHTS]


def _pawn_drop_mates(cells: Bytes, seen: list[Seen], movers: list[Seen], jumpers: list[Bytes]) -> Mask:
    """The square before the opponent's king, if a pawn dropped there would leave it no move.

    The king is not in check before. So nothing of ours aims through it, and what is pinned to it on another line stays
    pinned. The pawn covers no square to flee to; it may shield two on each side from what slides over its square.
    """
    drop = seen[0].beside == _OTHER_KING
    covered = _any(
        _among(OWN_STEPS[i], seen[7 - i].beside)
        | (_among(OWN_SLIDES[i], seen[7 - i].nearest) & ~_shift(drop, _offset(7 - i)))
        for i in range(NUM_LINES)
    )
    covered |= _any(_shift(cells, -_offset(i)) == KNIGHT for i in _KNIGHTS)
    flight = _any(s.beside == _OTHER_KING for s in seen) & ~_among(OTHER | pieces(WALL), cells) & ~covered
    taken = _any(
        _among(OTHER_STEPS_BUT_KING[i], mover.beside) | _among(OTHER_SLIDES[i], mover.nearest)
        for i, mover in enumerate(movers)
    )
    taken |= _any(jumper & 31 == -KNIGHT % 32 for jumper in jumpers)
    return drop & ~taken & ~flight.any()


def _padded(board: Int8[Array, " 81"]) -> Bytes:
    rows = jnp.pad((board & jnp.int8(31)).astype(jnp.uint8).reshape(SIZE, SIZE), ((0, 0), (0, 1)), constant_values=WALL)
    return jnp.pad(rows.reshape(-1), (_FIRST, _LENGTH - _FIRST - SIZE * _WIDTH), constant_values=WALL)


def _square(padded: Array) -> Array:
    return padded[_FIRST : _FIRST + SIZE * _WIDTH].reshape(SIZE, _WIDTH)[:, :SIZE]


def _rows(number: int) -> Bool[np.ndarray, " 111"]:
    """The rows at the far end."""
    return np.arange(_LENGTH) < _FIRST + number * _WIDTH


def _camp() -> Bool[np.ndarray, " 111"]:
    return _rows(3)


def _offset(i: int) -> int:
    down, right = DIRECTIONS[i]
    return down * _WIDTH + right


def _shift(padded: Array, offset: int) -> Array:
    """What stands `offset` further on; 0 beyond the ends."""
    nothing = jnp.zeros(abs(offset), padded.dtype)
    if offset > 0:
        return jnp.concatenate([padded[offset:], nothing])
    return jnp.concatenate([nothing, padded[:offset]])


def _look(cells: Bytes, i: int) -> Seen:
    """The nearest piece in direction i by doubling: within 1, 2, 4 and 8 squares. Walls stop it."""
    beside = nearest = _shift(cells, _offset(i))
    for distance in (1, 2, 4):
        nearest = jnp.where(nearest == 0, _shift(nearest, distance * _offset(i)), nearest)
    return Seen(beside, nearest)


def _among(word: int, cells: Bytes) -> Mask:
    """Whether a piece is in a set."""
    return ((jnp.uint32(word) >> (cells & jnp.uint8(31)).astype(jnp.uint32)) & jnp.uint32(1)).astype(bool)


def _any(masks: Iterable[Mask]) -> Mask:
    return reduce(operator.or_, masks)
