"""Positions of chess made of a FEN or of a first rank, and a FEN made of a position."""

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Int

from move37.games.chess_actions import KING, PAWN, ROOK
from move37.games.chess_bits import Bits, packed, seen_from_behind, squares_of
from move37.games.chess_fen import Fen, first_ranks
from move37.games.chess_moves import Position, turned

CHESS = 518  # Scharnagl's number of the usual first rank


def first_position(number: Int[Array, ""]) -> Position:
    """The first position with this first rank, the same for both players."""
    row = jnp.asarray(first_ranks())[number]
    files, kinds = np.arange(8), np.arange(KING + 1, dtype=np.int8)
    is_kind = row[None] == kinds[:, None]
    first = jnp.where(is_kind, np.uint32(1) << files.astype(np.uint32)[None], np.uint32(0)).sum(1, dtype=jnp.uint32)
    first = first | np.where(kinds == PAWN, np.uint32(0xFF00), np.uint32(0))
    behind = seen_from_behind(Bits(first, jnp.zeros_like(first)))
    rooks = row == ROOK
    rights = jnp.stack([jnp.argmax(rooks), 7 - jnp.argmax(rooks[::-1])]).astype(jnp.int8)  # queen's side, king's side
    own = Bits(jnp.uint32(0xFFFF), jnp.uint32(0))
    return Position(Bits(first, behind.high), own, jnp.stack([rights, rights]), jnp.int8(-1))


def position_of(fen: Fen) -> tuple[Position, Position]:
    """The position, without en passant; the same with the other player to move."""
    kinds = [packed(np.abs(fen.board) == kind + 1) for kind in range(KING + 1)]
    stacked = Bits(*(jnp.asarray(words) for words in zip(*kinds, strict=True)))
    own = jax.tree.map(jnp.asarray, packed(fen.board > 0))
    white = Position(stacked, own, jnp.asarray(fen.rights, jnp.int8), jnp.int8(-1))
    black = turned(white)
    return (black, white) if fen.black else (white, black)


def fen_of(position: Position, black: bool, clock: int, ply: int) -> Fen:
    """A concrete position, as White sees it."""
    numbers = np.arange(1, KING + 2, dtype=np.int8)
    board = (numbers[:, None] * squares_of(position.kinds)).sum(0, dtype=np.int8)
    board = np.where(squares_of(position.own), board, -board)
    rights, ep = np.asarray(position.rights).tolist(), int(position.ep)
    if black:
        board, rights, ep = -board.reshape(8, 8)[::-1].reshape(-1), rights[::-1], ep ^ 56 if ep >= 0 else -1
    (white_queen, white_king), (black_queen, black_king) = rights
    return Fen(board, black, ((white_queen, white_king), (black_queen, black_king)), ep, clock, ply // 2 + 1)
