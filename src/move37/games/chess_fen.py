"""Positions of chess as text: Forsyth–Edwards notation, and the 960 first ranks of Chess960.

Source: the PGN standard (Edwards 1994), section 16.1; X-FEN and Shredder-FEN for Chess960: castling rights are `KQkq`,
where the outermost rook is meant, or the letters of the rooks' files. Scharnagl's numbers of first ranks.
"""

import re
from functools import cache
from itertools import combinations
from typing import NamedTuple, NoReturn

import numpy as np
from jaxtyping import Int8

from move37.core.errors import BadConfig
from move37.games.chess_actions import KING, PIECES, ROOK, square_name

START = "rnbqkbnr/pppppppp/8/8/8/8/PPPPPPPP/RNBQKBNR w KQkq - 0 1"
FILES = "abcdefgh"
Rights = tuple[tuple[int, int], tuple[int, int]]  # White's, Black's: file of the queen's and the king's rook, or −1


class Fen(NamedTuple):
    """What a FEN says. Square 8·rank + file, a1 is 0."""

    board: Int8[np.ndarray, "64"]  # 0 empty, 1 pawn to 6 king, Black's negative
    black: bool  # to move
    rights: Rights
    ep: int  # the square behind a pawn that just came two squares, or −1
    clock: int  # plies since a capture or a move of a pawn
    number: int  # of the move, from 1


def read_fen(text: str, chess960: bool = False) -> Fen:
    """The position of a FEN; without the clocks, as in EPD, they are 0 and 1.

    Raises `BadConfig` for what is no FEN, or no chess position but for checks, which only the rules can see.
    """
    parts = text.split()
    if len(parts) not in (4, 6):
        _refuse(text, f"{len(parts)} parts", "board, side to move, castling, en passant; then the two clocks, or not")
    rows, side, castling, ep, *clocks = parts
    board = _read_board(text, rows)
    if side not in ("w", "b"):
        _refuse(text, f"side to move {side!r}", "w or b")
    numbers = [int(c) if re.fullmatch(r"[0-9]{1,4}", c) else -1 for c in (clocks or ["0", "1"])]
    if not (0 <= numbers[0] <= 5_000 and 0 <= numbers[1] <= 5_000):
        _refuse(text, f"clocks {' '.join(clocks)!r}", "plies without progress, then the number of the move")
    rights = _read_rights(text, castling, board, chess960)
    return Fen(board, side == "b", rights, _read_ep(text, ep, board, side == "b"), numbers[0], max(numbers[1], 1))


def write_fen(fen: Fen, chess960: bool = False) -> str:
    """The FEN of a position. Chess960 is X-FEN: a file's letter only where `KQkq` would mean another rook."""
    rows = []
    for rank in fen.board.reshape(8, 8)[::-1]:
        row = "".join(letter(int(piece)) or "1" for piece in rank)
        for run in range(8, 1, -1):
            row = row.replace("1" * run, str(run))
        rows.append(row)
    castling = "".join(
        _right_text(fen.board, black, side, fen.rights[black][side], chess960)
        for black in (0, 1)
        for side in (1, 0)
        if fen.rights[black][side] >= 0
    )
    ep = square_name(fen.ep) if fen.ep >= 0 else "-"
    return f"{'/'.join(rows)} {'wb'[fen.black]} {castling or '-'} {ep} {fen.clock} {fen.number}"


def letter(piece: int) -> str:
    """`K` for White's king, `k` for Black's, nothing for an empty square."""
    kind = PIECES[abs(piece) - 1] if piece else ""
    return kind.upper() if piece > 0 else kind


@cache
def first_ranks() -> Int8[np.ndarray, "960 8"]:
    """Kinds of the pieces on a player's first rank, by Scharnagl's number; 518 is chess.

    number = light bishop + 4·(dark bishop + 4·(queen + 6·knights)): the bishops' squares among the four of their
    colour, the queen's among the six that are left, then the knights' pair; rook, king, rook take the rest.
    """
    table = np.zeros((960, 8), np.int8)
    knights = list(combinations(range(5), 2))
    for number in range(960):
        rest, light = divmod(number, 4)
        rest, dark = divmod(rest, 4)
        pair, queen = divmod(rest, 6)
        row = [""] * 8
        row[2 * light + 1] = row[2 * dark] = "b"
        row[_free(row)[queen]] = "q"
        for square in [_free(row)[i] for i in knights[pair]]:
            row[square] = "n"
        for square, piece in zip(_free(row), "rkr", strict=True):
            row[square] = piece
        table[number] = [PIECES.index(piece) for piece in row]
    return table


def _free(row: list[str]) -> list[int]:
    return [file for file in range(8) if not row[file]]


def _refuse(text: str, got: str, allowed: str) -> NoReturn:
    raise BadConfig(f"chess: FEN {text!r} has {got}; allowed: {allowed}.")


def _read_board(text: str, rows: str) -> Int8[np.ndarray, "64"]:
    ranks = rows.split("/")
    if len(ranks) != 8:
        _refuse(text, f"{len(ranks)} ranks", "8, from Black's side down, with / between them")
    board = np.zeros((8, 8), np.int8)
    for rank, row in zip(range(7, -1, -1), ranks, strict=True):
        pieces: list[int] = []
        for char in row:
            if char in "12345678":
                pieces += [0] * int(char)
            elif char.lower() in PIECES:
                pieces.append((PIECES.index(char.lower()) + 1) * (1 if char.isupper() else -1))
            else:
                _refuse(text, f"{char!r} on rank {rank + 1}", "pieces pnbrqk, White's as capitals, and numbers 1 to 8")
        if len(pieces) != 8:
            _refuse(text, f"{len(pieces)} squares on rank {rank + 1}", "8")
        board[rank] = pieces
    for player, sign in (("White", 1), ("Black", -1)):
        if (count := int((board == sign * (KING + 1)).sum())) != 1:
            _refuse(text, f"{count} kings of {player}", "1")
    if (np.abs(board[[0, 7]]) == 1).any():
        _refuse(text, "a pawn on the first or last rank", "pawns on ranks 2 to 7")
    return board.reshape(-1)


def _read_rights(text: str, castling: str, board: Int8[np.ndarray, "64"], chess960: bool) -> Rights:
    rights = [[-1, -1], [-1, -1]]
    for char in castling if castling != "-" else "":
        black, low = char.islower(), char.lower()
        files, king = _rooks_and_king(board, black)
        if low in "kq" and king >= 0:
            found = [file for file in files if (file > king) == (low == "k")]
            file = (max(found) if low == "k" else min(found)) if found else -1
        else:
            file = FILES.find(low) if low in FILES and FILES.index(low) in files else -1
        if file < 0 or king < 0:
            _refuse(text, f"castling {char!r}", "KQkq or files of rooks beside a king, both on their first rank; or -")
        if not chess960 and (king != 4 or file not in (0, 7)):
            _refuse(text, f"castling {char!r} from other squares than e1, a1, h1", "those, or Chess(chess960=True)")
        rights[black][int(file > king)] = file
    return (rights[0][0], rights[0][1]), (rights[1][0], rights[1][1])


def _rooks_and_king(board: Int8[np.ndarray, "64"], black: bool) -> tuple[list[int], int]:
    """Files of a player's rooks on its first rank, and of its king there, or −1."""
    rank, sign = board.reshape(8, 8)[7 if black else 0], -1 if black else 1
    kings = np.flatnonzero(rank == sign * (KING + 1)).tolist()
    return np.flatnonzero(rank == sign * (ROOK + 1)).tolist(), kings[0] if kings else -1


def _right_text(board: Int8[np.ndarray, "64"], black: int, side: int, file: int, chess960: bool) -> str:
    files, _ = _rooks_and_king(board, bool(black))
    hidden = chess960 and file != (max(files) if side else min(files))
    text = FILES[file] if hidden else "qk"[side]
    return text if black else text.upper()


def _read_ep(text: str, ep: str, board: Int8[np.ndarray, "64"], black: bool) -> int:
    if ep == "-":
        return -1
    rank, ahead = ("3", 8) if black else ("6", -8)  # `ahead`: to the pawn that came two squares
    square = FILES.find(ep[0]) + 8 * (int(rank) - 1)
    pawn = 1 if black else -1
    good = len(ep) == 2 and ep[0] in FILES and ep[1] == rank
    if not good or board[square] or board[square - ahead] or board[square + ahead] != pawn:
        _refuse(text, f"en passant {ep!r}", f"a square of rank {rank} that a pawn just passed by two squares, or -")
    return square
