"""KIF: a game of shogi as people in Japan keep it, written.

Source: Y. Kakinoki, "KIF format" (kakinoki.o.oo7.jp/kif_format.html, 2024), with the board as in a BOD diagram.
Differs: there a file `.kif` is in Shift_JIS and `.kifu` in UTF-8; here the first line says UTF-8, as newer programs do.
"""

from move37.data.shogi_record import HAND_ORDER, PIECE_NAMES, End, ShogiMove, ShogiRecord
from move37.games.shogi_tables import SIZE

_FILES, _NUMBERS = "１２３４５６７８９", "一二三四五六七八九十"
_SIDES = {1: "先手", -1: "後手"}
_TOP = "  ９ ８ ７ ６ ５ ４ ３ ２ １"
_EDGE = "+---------------------------+"
_ENDS: dict[End, str] = {
    "mate": "詰み",
    "resign": "投了",
    "declaration": "入玉勝ち",
    "repetition": "千日手",
    "perpetual check": "反則負け",
    "limit": "持将棋",
    "time": "切れ負け",
    "forfeit": "反則負け",
}


def write(record: ShogiRecord) -> str:
    """A game. Times are left out: games of ours do not know them."""
    lines = ["#KIF version=2.0 encoding=UTF-8"]
    lines += [f"開始日時：{record.date}"] * bool(record.date) + [f"棋戦：{record.event}"] * bool(record.event)
    lines += ["手合割：平手"] if record.is_usual else _diagram(record)
    lines += [f"先手：{record.black}", f"後手：{record.white}", "手数----指手---------消費時間--"]
    before = ""
    for number, move in enumerate(record.moves, 1):
        lines.append(f"{number:4} {_move(move, before)}")
        before = move.destination
    lines.append(f"{len(record.moves) + 1:4} {_last_word(record)}")
    lines += [f"*{record.comment}"] * bool(record.comment)
    return "\n".join([*lines, f"まで{len(record.moves)}手で{_result(record)}"]) + "\n"


def _move(move: ShogiMove, before: str) -> str:
    """Like ７六歩(77), ２二角成(88), 同　銀(31), ５五角打. `before` is where the last move went."""
    file, rank = (int(digit) - 1 for digit in move.destination)
    where = "同　" if move.destination == before else _FILES[file] + _NUMBERS[rank]
    how = f"{'成' if move.placed != move.piece else ''}({move.origin})" if move.origin else "打"
    return where + PIECE_NAMES[move.piece].kif + how


def _last_word(record: ShogiRecord) -> str:
    """Stands where the next move would, and is said of the player to move."""
    if record.end == "perpetual check" and record.winner == record.to_play:
        return "反則勝ち"
    return _ENDS[record.end]


def _result(record: ShogiRecord) -> str:
    if not record.winner:
        return _ENDS[record.end]
    won = {"declaration": "入玉勝ち", "perpetual check": "反則勝ち"}.get(record.end, "勝ち")
    loses = record.end == "forfeit"
    return f"{_SIDES[-record.winner if loses else record.winner]}の{'反則負け' if loses else won}"


def _diagram(record: ShogiRecord) -> list[str]:
    """The position as Black sees it, with both hands."""
    black, white = map(_hand, record.position.hands.tolist())
    rows = record.position.board.reshape(SIZE, SIZE).tolist()
    drawn = [f"|{''.join(map(_piece, row))}|{rank}" for row, rank in zip(rows, _NUMBERS, strict=False)]
    turn = ["後手番"] * (record.position.player < 0)
    return [f"後手の持駒：{white}", _TOP, _EDGE, *drawn, _EDGE, f"先手の持駒：{black}", *turn]


def _hand(counts: list[int]) -> str:
    """Like 飛二　歩十八."""
    held = [(PIECE_NAMES[kind].drawn, counts[kind - 1]) for kind in HAND_ORDER]
    return "　".join(name + (_number(count) if count > 1 else "") for name, count in held if count) or "なし"


def _number(count: int) -> str:
    """Up to 19."""
    return "十" * (count >= 10) + (_NUMBERS[count % 10 - 1] if count % 10 else "")


def _piece(piece: int) -> str:
    if piece == 0:
        return " ・"
    return (" " if piece > 0 else "v") + PIECE_NAMES[abs(piece)].drawn
