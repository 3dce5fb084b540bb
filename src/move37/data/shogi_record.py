"""A game of shogi as both CSA and KIF write it: what its pieces are called, its moves by square, how it ended."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal, NamedTuple

import jax.numpy as jnp
import numpy as np

from move37.games import shogi_sfen
from move37.games.shogi import Shogi, State
from move37.games.shogi_actions import DECLARATION, LETTERS, RANKS
from move37.games.shogi_sfen import Position
from move37.games.shogi_tables import BISHOP, GOLD, KING, KNIGHT, LANCE, PAWN, PROMOTED, ROOK, SILVER, SIZE

Outside = Literal["resign", "time", "forfeit"]  # the player to move has lost, by what no rule of the game is
End = Literal["mate", "declaration", "repetition", "perpetual check", "limit", Outside]


class PieceName(NamedTuple):
    """What a kind of piece is called."""

    csa: str
    kif: str  # where it moves
    drawn: str  # in KIF's board


PIECE_NAMES = {
    PAWN: PieceName("FU", "歩", "歩"),
    LANCE: PieceName("KY", "香", "香"),
    KNIGHT: PieceName("KE", "桂", "桂"),
    SILVER: PieceName("GI", "銀", "銀"),
    BISHOP: PieceName("KA", "角", "角"),
    ROOK: PieceName("HI", "飛", "飛"),
    GOLD: PieceName("KI", "金", "金"),
    KING: PieceName("OU", "玉", "玉"),
    PAWN + PROMOTED: PieceName("TO", "と", "と"),
    LANCE + PROMOTED: PieceName("NY", "成香", "杏"),
    KNIGHT + PROMOTED: PieceName("NK", "成桂", "圭"),
    SILVER + PROMOTED: PieceName("NG", "成銀", "全"),
    BISHOP + PROMOTED: PieceName("UM", "馬", "馬"),
    ROOK + PROMOTED: PieceName("RY", "龍", "龍"),
}
HAND_ORDER = (ROOK, BISHOP, GOLD, SILVER, KNIGHT, LANCE, PAWN)
_NOTES: dict[End, str] = {  # where the words of CSA and KIF say less
    "mate": "no legal move",
    "perpetual check": "perpetual check",
    "limit": "drawn at the limit of moves",
}


class ShogiMove(NamedTuple):
    """A move by its squares, each as file and rank: 77 is 7g."""

    player: int  # 1 Black, −1 White
    origin: str  # nothing for a drop
    destination: str
    piece: int  # its kind before
    placed: int  # its kind after


@dataclass(frozen=True)
class ShogiRecord:
    """A finished game."""

    position: Position  # the first one
    moves: tuple[ShogiMove, ...]  # without the declaration
    end: End
    winner: int  # 1 Black, −1 White, 0 a draw
    black: str = ""  # who played
    white: str = ""
    event: str = ""
    date: str = ""  # like 2026/11/27
    comment: str = ""  # on the end; what is plain from the end itself need not be given

    @property
    def is_usual(self) -> bool:
        """Whether it began as games do."""
        return shogi_sfen.write(self.position._replace(number=1)) == shogi_sfen.START

    @property
    def to_play(self) -> int:
        """Who would move next, at the end."""
        return self.position.player * (-1) ** len(self.moves)


def shogi_record(
    game: Shogi,
    start: str,
    actions: Sequence[int],
    last: State,
    winner: int,
    outside: Outside | None = None,
    **about: str,
) -> ShogiRecord:
    """A game from the position `start` (SFEN; "": the usual one) to `last`, ended by the rules or as `outside` says.

    `about` are the texts of a `ShogiRecord`. Actions must be legal.
    """
    position = shogi_sfen.parse(start or shogi_sfen.START)
    board, player, moves, text = position.board.copy(), position.player, list[ShogiMove](), ""
    for action in actions:
        seen = (board[::player] * player).astype(np.int8)
        text = game.usi(last._replace(board=jnp.asarray(seen), player=jnp.int8(player)), action)  # needs no more
        if text != DECLARATION:
            moves.append(_move(board, player, text))
        player = -player
    end = outside or _end(last, text, winner)
    one_line = {name: " ".join(words.split()) for name, words in about.items()}
    one_line["comment"] = one_line.get("comment") or _NOTES.get(end, "")
    return ShogiRecord(position, tuple(moves), end, winner, **one_line)


def _move(board: np.ndarray, player: int, text: str) -> ShogiMove:
    """A move of USI; played on the board."""
    origin, destination = "", _digits(text[2:4])
    if text[1] == "*":
        piece = placed = LETTERS.index(text[0]) + 1
    else:
        origin = _digits(text[:2])
        piece, board[_square(origin)] = abs(int(board[_square(origin)])), 0
        placed = piece + PROMOTED * text.endswith("+")
    board[_square(destination)] = player * placed
    return ShogiMove(player, origin, destination, piece, placed)


def _end(last: State, text: str, winner: int) -> End:
    """How the rules ended a game; `text` is its last action."""
    if text == DECLARATION:
        return "declaration"
    if not np.asarray(last.allowed).any():
        return "mate"
    if int(last.repeats) >= 3:
        return "perpetual check" if winner else "repetition"
    return "limit"


def _digits(square: str) -> str:
    return f"{square[0]}{RANKS.index(square[1]) + 1}"


def _square(digits: str) -> int:
    """Row by row from 9a, as Black sees the board."""
    return SIZE - int(digits[0]) + SIZE * (int(digits[1]) - 1)
