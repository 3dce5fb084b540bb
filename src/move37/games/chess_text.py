"""Moves of chess as people and programs write them: `e7e8q` (UCI) and `exd8=Q+` (SAN), and a board as text.

Source: the PGN standard (Edwards 1994), section 8.2.3, for SAN. In Chess960 UCI writes castling as the king's move to
its own rook.
"""

from typing import NamedTuple

from move37.games.chess_actions import KING, PAWN, PIECES, ROOK, square_name
from move37.games.chess_fen import Fen, letter


class Move(NamedTuple):
    """A legal move in a position. Squares as White sees them."""

    kind: int
    origin: int
    target: int
    promotion: int  # what a pawn becomes, or −1
    captures: bool
    castles: str  # O-O, O-O-O or nothing


def move_of(fen: Fen, origin: int, target: int, promotion: int) -> Move:
    """The move between two squares, as White sees them; `promotion` counts for pawns that arrive."""
    kind = abs(int(fen.board[origin])) - 1
    onto = int(fen.board[target])
    own_rook = onto * int(fen.board[origin]) > 0 and abs(onto) == ROOK + 1
    castles = ""
    if kind == KING and (own_rook or abs(target - origin) == 2):
        castles = "O-O" if target > origin else "O-O-O"
    arrives = kind == PAWN and target // 8 in (0, 7)
    passing = kind == PAWN and target % 8 != origin % 8
    return Move(kind, origin, target, promotion if arrives else -1, not castles and (onto != 0 or passing), castles)


def uci(move: Move, onto_rook: bool = True) -> str:
    """`e2e4`, `e7e8q`. Without `onto_rook`, castling is the king's own way, `e1g1`, in Chess960 as well."""
    target = move.target
    if move.castles and not onto_rook:
        target = move.origin // 8 * 8 + (6 if move.castles == "O-O" else 2)
    return square_name(move.origin) + square_name(target) + (PIECES[move.promotion] if move.promotion >= 0 else "")


def san(move: Move, legal: list[Move], suffix: str) -> str:
    """`Nbd7`, `exd8=Q+`. `legal` are all moves of the position; `suffix` is + for check and # for mate."""
    if move.castles:
        return move.castles + suffix
    where = square_name(move.target)
    if move.kind == PAWN:
        begin = square_name(move.origin)[0] if move.captures else ""
        promotion = f"={PIECES[move.promotion].upper()}" if move.promotion >= 0 else ""
        return f"{begin}{'x' * move.captures}{where}{promotion}{suffix}"
    rivals = [
        m
        for m in legal
        if m.kind == move.kind and m.target == move.target and m.origin != move.origin and not m.castles
    ]
    origin = square_name(move.origin)
    if not rivals:
        origin = ""
    elif all(m.origin % 8 != move.origin % 8 for m in rivals):
        origin = origin[0]
    elif all(m.origin // 8 != move.origin // 8 for m in rivals):
        origin = origin[1]
    return f"{PIECES[move.kind].upper()}{origin}{'x' * move.captures}{where}{suffix}"


def plain(text: str) -> str:
    """A move without what is not needed to know it: checks, marks, zeros for the letters of castling."""
    return text.strip().rstrip("+#!?").replace("0-0-0", "O-O-O").replace("0-0", "O-O")


def board_text(fen: Fen) -> str:
    """The board from White's side, White's pieces as capitals, and what the board does not show."""
    lines = []
    for rank in range(7, -1, -1):
        row = fen.board[8 * rank : 8 * rank + 8]
        lines.append(f"{rank + 1} " + " ".join(letter(int(piece)) or "·" for piece in row))
    player = "Black" if fen.black else "White"
    clock = f"{fen.clock} plies without capture or pawn move" if fen.clock else ""
    return "\n".join([*lines, "  a b c d e f g h", ", ".join(filter(None, [f"move {fen.number}, {player}", clock]))])
