"""A shogi position without its past: playing a move on it, its hash, and whether its king may declare a win."""

from functools import cache
from typing import NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Bool, Float, Int, Int8, UInt32

from move37.games.shogi_tables import (
    BISHOP,
    GOLD,
    KING,
    NUM_IN_HAND,
    NUM_SQUARES,
    PROMOTED,
    ROOK,
    SIZE,
    action_planes,
    origins,
)

IN_HAND = NUM_SQUARES  # where pieces in hand stand in the tables
_WHITE_MOVES = np.array([0x9E3779B9, 0x7F4A7C15], np.uint32)  # in the hash where White is to move
_VALUES = np.array([0, 1, 3, 4, 5, 8, 10, 6, 0, 7, 6, 6, 6, 10, 12], np.float32)  # of a kind of `shogi_tables`
_CAMP_SQUARES = 3 * SIZE  # the first are the opponent's camp


class Move(NamedTuple):
    """What an action does on the board on which it is played."""

    origin: Int[Array, ""]  # 81 for a drop
    destination: Int[Array, ""]
    piece: Int[Array, ""]  # its kind before
    placed: Int[Array, ""]  # its kind after
    captured: Int[Array, ""]  # 0 for nothing


@cache
def zobrist() -> UInt32[np.ndarray, "2 15 82 2"]:
    """Random words: colour, kind, square (or hand, once a piece). A position's hash is their sum mod 2³²."""
    words = np.random.default_rng(37).integers(2**32, size=(2, 15, NUM_SQUARES + 1, 2), dtype=np.uint32)
    words[:, 0] = 0
    return words


@jax.jit
def find_move(board: Int8[Array, " 81"], number: Int[Array, ""]) -> Move:
    """What a compact action is here: the nearest piece on the line behind its destination comes."""
    plane, destination = jnp.asarray(action_planes())[number]
    squares = jnp.asarray(origins())[plane % 10, destination]
    standing = jnp.append(board, jnp.int8(0))[squares]
    nearest = jnp.argmax(standing != 0)
    drops = plane >= 20
    piece = jnp.where(drops, plane - 19, standing[nearest].astype(jnp.int32))
    return Move(
        origin=jnp.where(drops, IN_HAND, squares[nearest]),
        destination=destination,
        piece=piece,
        placed=jnp.where((plane >= 10) & ~drops, piece + PROMOTED, piece),
        captured=-board[destination].astype(jnp.int32),
    )


def play(
    board: Int8[Array, " 81"], hands: Int8[Array, "2 7"], move: Move
) -> tuple[Int8[Array, " 81"], Int8[Array, "2 7"]]:
    """Board and hands after a move, from the view of who moves next."""
    squares, kinds = jnp.arange(NUM_SQUARES), jnp.arange(1, NUM_IN_HAND + 1)
    left = jnp.where(squares == move.origin, jnp.int8(0), board)
    board = jnp.where(squares == move.destination, move.placed.astype(jnp.int8), left)
    gained = (kinds == _unpromoted(move.captured)).astype(jnp.int8)
    spent = ((kinds == move.piece) & (move.origin == IN_HAND)).astype(jnp.int8)
    return -board[::-1], jnp.stack([hands[1], hands[0] + gained - spent])


@jax.jit
def position_hash(board: Int8[Array, " 81"], hands: Int8[Array, "2 7"], player: Int8[Array, ""]) -> UInt32[Array, "2"]:
    """The hash of board, hands and side to move, from the mover's view."""
    words, squares = jnp.asarray(zobrist()), jnp.arange(NUM_SQUARES)
    colours = (jnp.where(board > 0, player, -player) < 0).astype(jnp.int32)
    stones = words[colours, jnp.abs(board).astype(jnp.int32), _absolute(squares, player)]
    sides = jnp.stack([player < 0, player > 0]).astype(jnp.int32)
    held = words[sides, 1 : NUM_IN_HAND + 1, IN_HAND] * hands.astype(jnp.uint32)[:, :, None]
    total = stones.sum(0, dtype=jnp.uint32) + held.sum((0, 1), dtype=jnp.uint32)
    return total + jnp.where(player < 0, jnp.asarray(_WHITE_MOVES), jnp.uint32(0))


def hash_change(move: Move, player: Int8[Array, ""]) -> UInt32[Array, "2"]:
    """The hash after a move less the hash before it."""
    words, own = jnp.asarray(zobrist()), (player < 0).astype(jnp.int32)
    origin, destination = _absolute(move.origin, player), _absolute(move.destination, player)
    change = words[own, move.placed, destination] - words[own, move.piece, origin]
    change += words[own, _unpromoted(move.captured), IN_HAND] - words[1 - own, move.captured, destination]
    white = jnp.asarray(_WHITE_MOVES)
    return change + jnp.where(player > 0, white, jnp.uint32(0) - white)


def can_declare(
    board: Int8[Array, " 81"], hand: Int8[Array, " 7"], black: Bool[Array, ""], in_check: Bool[Array, ""]
) -> Bool[Array, ""]:
    """Whether the mover's king has entered with enough: the declaration on 27 points.

    King and at least 10 other pieces in the opponent's camp; with those and the hand 28 points for Black, 27 for White
    (rooks and bishops 5, others 1); not in check.
    """
    camp = board[:_CAMP_SQUARES]
    others = (camp > 0) & (camp != KING)
    kinds = _unpromoted(camp)
    big = others & ((kinds == BISHOP) | (kinds == ROOK))
    values = jnp.asarray([5 if kind in (BISHOP, ROOK) else 1 for kind in range(1, GOLD + 1)], jnp.int32)
    number = others.sum(dtype=jnp.int32)
    points = number + 4 * big.sum(dtype=jnp.int32) + (values * hand.astype(jnp.int32)).sum()
    return (camp == KING).any() & (number >= 10) & (points >= 27 + black.astype(jnp.int32)) & ~in_check


def balance(board: Int8[Array, " 81"], hands: Int8[Array, "2 7"]) -> Float[Array, ""]:
    """The mover's pieces on the board and in hand less the opponent's, in pawns.

    Source: the values of Koji Tanigawa, 9-dan, as "Shogi strategy" of Wikipedia quotes them.
    """
    on_board = jnp.sign(board).astype(jnp.float32) * jnp.asarray(_VALUES)[jnp.abs(board)]
    return on_board.sum() + (hands[0] - hands[1]).astype(jnp.float32) @ _VALUES[1 : NUM_IN_HAND + 1]


def _unpromoted(kinds: Array) -> Array:
    return jnp.where(kinds > PROMOTED, kinds - PROMOTED, kinds)


def _absolute(square: Array, player: Int8[Array, ""]) -> Array:
    """From the mover's view to Black's; the hand stays."""
    return jnp.where((player < 0) & (square < NUM_SQUARES), NUM_SQUARES - 1 - square, square)
