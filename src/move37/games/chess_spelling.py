"""What a text says of a move of chess, and which legal move that is: for whole files of games, many at once."""

import re

import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Bool, Int

from move37.games.chess_actions import KING, PAWN, PIECES, Actions
from move37.games.chess_bits import Bits
from move37.games.chess_moves import Position
from move37.games.chess_text import plain

_UNTOLD, _NOTHING = -1, -2
_SHORT, _LONG = 64, 65  # instead of a target: castling to the king's side, to the queen's
_CASTLING = {"O-O": _SHORT, "O-O-O": _LONG}
_UCI = re.compile(r"([a-h])([1-8])([a-h][1-8])([qrbn]?)")
_SAN = re.compile(r"([KQRBN]?)([a-h]?)([1-8]?)[x-]?([a-h][1-8])(?:=?([QRBN]))?")


def spell(text: str) -> tuple[int, int, int, int, int]:
    """(kind, target, file and rank of the origin, promotion) of UCI or SAN, as White sees the board; −1: not told."""
    text = plain(text)
    if text in _CASTLING:
        return KING, _CASTLING[text], _UNTOLD, _UNTOLD, _UNTOLD
    if found := _UCI.fullmatch(text):
        file, rank, target, promotion = found.groups()
        kind = _UNTOLD
    elif found := _SAN.fullmatch(text):
        letter, file, rank, target, promotion = found.groups()
        kind = PIECES.index(letter.lower()) if letter else PAWN
    else:
        return (_NOTHING,) * 5
    becomes = PIECES.index(promotion.lower()) if promotion else _UNTOLD
    begins = ("abcdefgh".index(file) if file else _UNTOLD, int(rank) - 1 if rank else _UNTOLD)
    return kind, "abcdefgh".index(target[0]) + 8 * (int(target[1]) - 1), *begins, becomes


def matches(position: Position, black: Bool[Array, ""], table: Actions, told: Int[Array, "5"]) -> Bool[Array, " A"]:
    """Which actions are as the numbers of `spell` say, if they are legal."""
    kind, target, file, rank, promotion = told
    moved = _holds(position.kinds.each(), table.origin[None])  # [6 A] which kind of piece it is
    onto_own = _holds(position.own, table.target)
    castles = moved[KING] & (onto_own | (np.abs(table.target - table.origin) == 2))
    arrives = moved[PAWN] & (table.target >= 56)
    turn = jnp.where(black, 56, 0)
    begins = table.origin ^ turn
    goes = jnp.where(
        target < _SHORT,
        (table.target ^ turn == target) & (~castles | (kind < 0)),
        castles & ((table.target > table.origin) == (target == _SHORT)),
    )
    alike = (kind == _UNTOLD) | moved[jnp.clip(kind, 0, KING)]
    there = ((file < 0) | (begins % 8 == file)) & ((rank < 0) | (begins // 8 == rank))
    return (kind != _NOTHING) & alike & goes & there & (promotion == jnp.where(arrives, table.promotion, _UNTOLD))


def _holds(sets: Bits, squares: Int[np.ndarray, "*A"]) -> Bool[Array, "..."]:
    """Whether sets hold squares."""
    words = jnp.where(squares < 32, sets.low, sets.high)
    return (words >> (squares % 32).astype(np.uint32) & jnp.uint32(1)).astype(bool)
