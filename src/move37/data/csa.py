"""CSA: a game of shogi as the programs of championships keep it, written.

Source: Computer Shogi Association, "CSA standard record file format", V2.2 (2008). Differs: the first line, a comment
here, names the encoding as V3.0 (2024) does; a mate ends with `%TORYO`, because cshogi takes `%TSUMI` for a draw.
"""

from move37.data.shogi_record import HAND_ORDER, PIECE_NAMES, End, ShogiMove, ShogiRecord
from move37.games.shogi_tables import SIZE

_SIGNS = {1: "+", -1: "-"}
_ENDS: dict[End, str] = {
    "mate": "%TORYO",
    "resign": "%TORYO",
    "declaration": "%KACHI",
    "repetition": "%SENNICHITE",
    "perpetual check": "%ILLEGAL_MOVE",
    "limit": "%JISHOGI",
    "time": "%TIME_UP",
    "forfeit": "%ILLEGAL_MOVE",
}


def write(record: ShogiRecord) -> str:
    """A game, in UTF-8. Times are left out: games of ours do not know them."""
    lines = ["'CSA encoding=UTF-8", "V2.2", f"N+{record.black}", f"N-{record.white}"]
    lines += [f"$EVENT:{record.event}"] * bool(record.event) + [f"$START_TIME:{record.date}"] * bool(record.date)
    lines += ["PI"] if record.is_usual else _position(record)
    lines += [_SIGNS[record.position.player], *map(_move, record.moves), _end(record)]
    lines += [f"'*{record.comment}"] * bool(record.comment)
    return "\n".join(lines) + "\n"


def _move(move: ShogiMove) -> str:
    """Like +7776FU: the piece is what it has become."""
    return f"{_SIGNS[move.player]}{move.origin or '00'}{move.destination}{PIECE_NAMES[move.placed].csa}"


def _end(record: ShogiRecord) -> str:
    """Of the player to move, unless it is the other who has given perpetual check."""
    if record.end == "perpetual check" and record.winner == record.to_play:
        return f"%{_SIGNS[-record.winner]}ILLEGAL_ACTION"
    return _ENDS[record.end]


def _position(record: ShogiRecord) -> list[str]:
    lines = []
    for rank, row in enumerate(record.position.board.reshape(SIZE, SIZE).tolist(), 1):
        lines.append(f"P{rank}" + "".join(_piece(piece) if piece else " * " for piece in row))
    for sign, hand in zip("+-", record.position.hands.tolist(), strict=True):
        held = "".join(f"00{PIECE_NAMES[kind].csa}" * hand[kind - 1] for kind in HAND_ORDER)
        lines += [f"P{sign}{held}"] * bool(held)
    return lines


def _piece(piece: int) -> str:
    return ("+" if piece > 0 else "-") + PIECE_NAMES[abs(piece)].csa
