"""Which moves of chess are legal, found for all pieces and directions at once, without making any of them.

From the king's square alone: what gives check, what is pinned, and where a move has to go to meet a check. The squares
that the opponent attacks, with the king lifted off the board, are where it cannot go. Only en passant, which takes two
pieces off a line, is tried out.
"""

from typing import NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Bool, Float, Int8, UInt32

from move37.core.types import take
from move37.games.chess_actions import BISHOP, KING, KNIGHT, PAWN, QUEEN, ROOK
from move37.games.chess_bits import (
    DIRECTIONS,
    LEAPS,
    STEPS,
    Bits,
    constant,
    rays,
    seen_from_behind,
    shift,
    single,
    slide,
    steps,
)

QUEEN_SIDE, KING_SIDE = 0, 1
_WAYS = np.array(DIRECTIONS)
_DIAGONAL = (_WAYS != 0).all(1)
_AHEAD, _RIGHT, _LEFT = (np.arange(len(DIRECTIONS)) == DIRECTIONS.index(way) for way in ((0, 1), (1, 0), (-1, 0)))
_CAPTURES = _DIAGONAL & (_WAYS[:, 1] > 0)  # of own pawns
_THEIR_CAPTURES = _DIAGONAL & (_WAYS[:, 1] < 0)
_EN_PASSANT = steps([(-1, -1), (1, -1)])  # from its square back to where the pawns stand that capture there
_EN_PASSANT_WAYS = (_CAPTURES & (_WAYS[:, 0] > 0), _CAPTURES & (_WAYS[:, 0] < 0))
_BELOW = steps([(0, -1)]).one(0)
_THIRD_RANK, _LAST_RANK = constant(range(16, 24)), constant(range(56, 64))
_DARK = constant(s for s in range(64) if (s // 8 + s % 8) % 2 == 0)
_EVERYWHERE = constant(range(64))
_VALUES = np.array([1, 3, 3, 5, 9, 0], np.float32)  # pawns to kings


class Position(NamedTuple):
    """A position as the player to move sees it: ranks count from that side, files do not change."""

    kinds: Bits  # [6] pawns to kings of both players
    own: Bits  # what is the mover's
    rights: Int8[Array, "2 2"]  # the mover's, the opponent's: files of rooks to castle with, queen's side first
    ep: Int8[Array, ""]  # the square behind a pawn that came two squares, where a capture there is legal; else −1


class Found(NamedTuple):
    """What `find` finds out."""

    words: UInt32[Array, " W"]  # where moves can go; `chess_actions.Actions` says in which order
    check: Bool[Array, ""]
    ep: Bool[Array, ""]  # a capture en passant is legal


class _Army(NamedTuple):
    pawns: Bits
    knights: Bits
    kings: Bits
    rooks: Bits  # and queens
    sliders: Bits  # [8] that can go far in each direction


def turned(position: Position) -> Position:
    """The same position with the other player to move, and no en passant."""
    everyone = position.kinds.union()
    own = seen_from_behind(everyone & ~position.own)
    return Position(seen_from_behind(position.kinds), own, position.rights[::-1], jnp.int8(-1))


def find(position: Position, chess960: bool) -> Found:
    """All legal moves. In Chess960 the king castles by a move to its own rook's square, else by a move of two squares.

    `position.ep` may be a square at which no capture is legal: `Found.ep` tells.
    """
    kinds, own = position.kinds, position.own
    occupied = kinds.union()
    empty, theirs = ~occupied, occupied & ~own
    mine, enemy = _army(kinds, own), _army(kinds, theirs)
    king = mine.kings

    # What attacks the king, and what stands between it and such a piece
    lines = rays(king, empty)
    checking = (lines & enemy.sliders).any()
    beside = _leaps_and_pawns(king, enemy)
    shields = lines & own
    pinned = shields.only((rays(shields, empty) & enemy.sliders).any())
    num_checks = checking.sum(dtype=jnp.uint32) + beside.number()
    meets = lines.only(checking).union() | beside  # to capture what gives check, or to step in between
    meets = Bits(
        *(jnp.where(num_checks == 0, a, w) for a, w in zip(_EVERYWHERE, meets.only(num_checks == 1), strict=True))
    )
    along = pinned | Bits(*(jnp.roll(word, len(DIRECTIONS) // 2) for word in pinned))
    free = ~pinned.union() | along  # [8] what may move in each direction
    attacked = _attacked(enemy, empty | king)
    # A wall to XLA's fusion, which would find all of this anew for each of the many sets below.
    found = (mine, enemy, king, own, empty, theirs, meets, free, ~pinned.union(), attacked, beside)
    mine, enemy, king, own, empty, theirs, meets, free, unpinned, attacked, beside = jax.lax.optimization_barrier(found)

    ep = _en_passant(position, mine, enemy, empty, beside)
    castling = _castling(position.rights[0], king, empty, attacked, enemy.rooks, chess960)
    pushes, captures = _pawn_moves(mine.pawns & free, empty, theirs, meets, ep)
    far = slide(mine.sliders & free, empty)
    reached = [squares & ~own & meets for squares in far]
    reached[0] = reached[0] | (shift(king, STEPS) & ~own & ~attacked) | pushes[0] | captures
    reached[1] = reached[1] | pushes[1]
    reached = [squares | _castles(king, castling, n) for n, squares in enumerate(reached, 1)]
    jumps = shift(mine.knights & unpinned, LEAPS) & ~own & meets
    promotions = (pushes[0] | captures) & _LAST_RANK
    sets = jax.tree.map(lambda *words: jnp.concatenate(words), *reached, jumps, promotions)
    words = jax.lax.optimization_barrier(jnp.concatenate(sets))
    return Found(words, num_checks > 0, ep.any().any())


def dead(kinds: Bits) -> Bool[Array, ""]:
    """Neither player has the pieces for any mate: a minor piece at most, or bishops that all stand on one colour."""
    strong = take(kinds, np.array([PAWN, ROOK, QUEEN])).any().any()
    knights, bishops = take(kinds, KNIGHT), take(kinds, BISHOP)
    one_colour = ~(bishops & _DARK).any() | ~(bishops & ~_DARK).any()
    return ~strong & jnp.where(knights.any(), (knights.number() == 1) & ~bishops.any(), one_colour)


def balance(position: Position) -> Float[Array, ""]:
    """The mover's pieces less the opponent's: 1 a pawn, 3 a knight or bishop, 5 a rook, 9 a queen."""
    mine, all_of_them = (position.kinds & position.own.each()).number(), position.kinds.number()
    return (2.0 * mine.astype(jnp.float32) - all_of_them.astype(jnp.float32)) @ _VALUES


def _army(kinds: Bits, side: Bits) -> _Army:
    pawns, knights, bishops, rooks, queens, kings = (take(kinds, kind) & side for kind in range(KING + 1))
    diagonal, straight = bishops | queens, rooks | queens
    sliders = Bits(*(jnp.where(_DIAGONAL, a, b) for a, b in zip(diagonal, straight, strict=True)))
    return _Army(pawns, knights, kings, straight, sliders)


def _leaps_and_pawns(king: Bits, enemy: _Army) -> Bits:
    """The knights and pawns that give check."""
    return (shift(king, LEAPS).union() & enemy.knights) | (shift(king, STEPS).only(_CAPTURES).union() & enemy.pawns)


def _attacked(enemy: _Army, through: Bits) -> Bits:
    """Every square that the enemy attacks, also those of its own pieces."""
    near = shift(enemy.kings, STEPS) | shift(enemy.pawns, STEPS).only(_THEIR_CAPTURES)
    return (rays(enemy.sliders, through) | near | shift(enemy.knights, LEAPS)).union()


def _en_passant(position: Position, mine: _Army, enemy: _Army, empty: Bits, beside: Bits) -> Bits:
    """[8] the square of en passant, in the directions in which a pawn may capture there.

    Two pawns leave their lines at once: what the king sees then is looked at, for each of the two that may capture.
    """
    square = single(position.ep.astype(jnp.int32))
    taken = shift(square, _BELOW)

    def safe(capturing: Bits) -> Bool[Array, ""]:
        through = (empty | capturing | taken) & ~square
        return ~(rays(mine.kings, through) & enemy.sliders).any().any()

    capturing = shift(square, _EN_PASSANT) & mine.pawns
    legal = capturing.any() & jax.vmap(safe)(capturing) & ~(beside & ~taken).any()
    right, left = _EN_PASSANT_WAYS
    return square.only((right & legal[0]) | (left & legal[1]))


def _castling(
    rights: Int8[Array, "2"], king: Bits, empty: Bits, attacked: Bits, their_rooks: Bits, chess960: bool
) -> UInt32[Array, "2"]:
    """Where the king's castling moves go, on the first rank.

    Between king and rook, and where both arrive, nothing else stands; where the king passes, nothing attacks. One
    attack opens only as the rook leaves: a rook or queen on a1 behind the queen's rook on b1.
    """
    arrives, rook_arrives = np.array([1 << 2, 1 << 6], np.uint32), np.array([1 << 3, 1 << 5], np.uint32)
    rook = jnp.where(rights >= 0, jnp.uint32(1) << jnp.maximum(rights, 0).astype(jnp.uint32), jnp.uint32(0))
    path = _from_to(king.low, arrives)
    blocked = (path | _from_to(rook, rook_arrives)) & ~(king.low | rook) & ~empty.low
    opened = (rook == 2) & ((their_rooks.low & 1) != 0) & np.array([True, False])
    legal = (rook != 0) & (blocked == 0) & ((path & attacked.low) == 0) & ~opened
    return jnp.where(legal, rook if chess960 else arrives, jnp.uint32(0))


def _from_to(one: UInt32[Array, "*N"], other: UInt32[Array | np.ndarray, "*M"]) -> UInt32[Array, "*M"]:
    """All bits from one bit to another, with both."""
    return (jnp.maximum(one, other) << np.uint32(1)) - jnp.minimum(one, other)


def _castles(king: Bits, castling: UInt32[Array, "2"], distance: int) -> Bits:
    """[8] castling as a move of the king over a distance, to the left or to the right."""
    left = (king.low >> np.uint32(distance)) & castling[QUEEN_SIDE]
    right = (king.low << np.uint32(distance)) & castling[KING_SIDE]
    nothing = jnp.zeros(len(DIRECTIONS), jnp.uint32)
    return Bits(jnp.where(_LEFT, left, jnp.where(_RIGHT, right, nothing)), nothing)


def _pawn_moves(pawns: Bits, empty: Bits, theirs: Bits, meets: Bits, ep: Bits) -> tuple[tuple[Bits, Bits], Bits]:
    """[8] each: one square ahead and two, and captures, of those that may move in each direction."""
    ahead = shift(pawns, STEPS)
    once = ahead.only(_AHEAD) & empty
    twice = shift(once & _THIRD_RANK, STEPS) & empty
    captures = (ahead.only(_CAPTURES) & theirs & meets) | (ahead & ep)
    return (once & meets, twice & meets), captures
