"""Shogi positions as SFEN and as pictures of text. From Black's view; no rules."""

import re
from typing import NamedTuple

import numpy as np
from jaxtyping import Int8

from move37.core.errors import BadConfig
from move37.games.shogi_actions import LETTERS, RANKS
from move37.games.shogi_tables import KING, NUM_IN_HAND, NUM_SQUARES, PROMOTED, SIZE

START = "lnsgkgsnl/1r5b1/ppppppppp/9/9/9/PPPPPPPPP/1B5R1/LNSGKGSNL b - 1"
_SET = np.array([18, 4, 4, 4, 2, 2, 4, 2])  # pieces of each kind in the box
_HAND_ORDER = "RBGSNLP"
_RIGHT = f"allowed: like {START!r}"


class Position(NamedTuple):
    """What an SFEN says."""

    board: Int8[np.ndarray, " 81"]  # Black's pieces positive
    hands: Int8[np.ndarray, "2 7"]  # Black's, White's
    player: int  # 1 Black, −1 White
    number: int  # of the move to come; the first is 1


def parse(sfen: str) -> Position:
    """Raises `BadConfig` for a text that is no position with one king each and no more pieces than the box has."""
    words = sfen.split()
    if len(words) not in (3, 4) or words[1] not in ("b", "w") or not re.fullmatch(r"[1-9][0-9]{0,4}", (*words, "1")[3]):
        raise BadConfig(f"shogi: got SFEN {sfen!r}; {_RIGHT}: board, b or w, hands or -, number of the move.")
    rows = words[0].split("/")
    cells = [_row(row, sfen) for row in rows]
    if len(cells) != SIZE:
        raise BadConfig(f"shogi: got {len(cells)} rows in SFEN {sfen!r}; {_RIGHT}: 9 rows.")
    board, hands = np.array(cells, np.int8).reshape(NUM_SQUARES), _hands(words[2], sfen)
    kinds = np.where(np.abs(board) > PROMOTED, np.abs(board) - PROMOTED, np.abs(board))
    used = np.bincount(kinds, minlength=KING + 1)[1:] + np.append(hands.sum(axis=0), 0)
    if (board == KING).sum() != 1 or (board == -KING).sum() != 1 or (used > _SET).any():
        count = " ".join(f"{n} {letter}" for n, letter in zip(used.tolist(), LETTERS, strict=True))
        raise BadConfig(
            f"shogi: got {count} in SFEN {sfen!r}; allowed: one K and one k, at most 18 P, 4 L N S G, 2 B R."
        )
    return Position(board, hands, 1 if words[1] == "b" else -1, int((*words, "1")[3]))


def _row(row: str, sfen: str) -> list[int]:
    cells: list[int] = []
    for text in re.findall(r"\+?.", row):
        kind = LETTERS.find(text[-1].upper()) + 1
        if text in "123456789":
            cells += [0] * int(text)
        elif kind and kind <= (6 if len(text) == 2 else 8):
            cells.append((kind + PROMOTED * (len(text) == 2)) * (1 if text[-1].isupper() else -1))
        else:
            raise BadConfig(f"shogi: got {text!r} in SFEN {sfen!r}; allowed: P L N S B R G K, +P to +R, digits 1 to 9.")
    if len(cells) != SIZE:
        raise BadConfig(f"shogi: got {len(cells)} squares in row {row!r} of SFEN {sfen!r}; {_RIGHT}: 9 squares.")
    return cells


def _hands(text: str, sfen: str) -> Int8[np.ndarray, "2 7"]:
    hands = np.zeros((2, NUM_IN_HAND), np.int64)
    if text == "-":
        return hands.astype(np.int8)
    if not re.fullmatch(r"([1-9]?\d?[PLNSBRGplnsbrg])+", text):
        raise BadConfig(f"shogi: got hands {text!r} in SFEN {sfen!r}; allowed: - or like 2PL3p.")
    for count, letter in re.findall(r"(\d*)(\D)", text):
        hands[int(letter.islower()), LETTERS.index(letter.upper())] += int(count or 1)
    return np.minimum(hands, 100).astype(np.int8)  # far more than there are is too many, too


def write(position: Position) -> str:
    """The position as SFEN, hands in the usual order: R B G S N L P, Black's first."""
    rows = [_run_lengths("".join(map(_letter, row))) for row in position.board.reshape(SIZE, SIZE).tolist()]
    turn = "b" if position.player > 0 else "w"
    return f"{'/'.join(rows)} {turn} {hands_text(position.hands) or '-'} {position.number}"


def _run_lengths(row: str) -> str:
    return re.sub(r"·+", lambda run: str(len(run[0])), row)


def hands_text(hands: Int8[np.ndarray, "sides 7"]) -> str:
    """Like `R2Pb`: Black's in capitals."""
    text = ""
    for side, hand in enumerate(hands.tolist()):
        for letter in _HAND_ORDER:
            count = hand[LETTERS.index(letter)]
            text += (str(count) if count > 1 else "") + (letter.lower() if side else letter) if count else ""
    return text


def picture(position: Position) -> str:
    """The board from Black's side, with the hands above and below; White's pieces in small letters."""
    lines = [" " + " ".join(f"{9 - column:>2}" for column in range(SIZE))]
    for rank, row in zip(RANKS, position.board.reshape(SIZE, SIZE).tolist(), strict=True):
        lines.append(" " + " ".join(f"{_letter(piece):>2}" for piece in row) + f"  {rank}")
    white, black = hands_text(position.hands[1:]), hands_text(position.hands[:1])
    return "\n".join([f"White holds {white.lower() or 'nothing'}", *lines, f"Black holds {black or 'nothing'}"])


def _letter(piece: int) -> str:
    kind = abs(piece)
    if kind == 0:
        return "·"
    letter = "+" * (kind > PROMOTED) + LETTERS[kind - 1 - PROMOTED * (kind > PROMOTED)]
    return letter if piece > 0 else letter.lower()
