"""Games of shogi as CSA and KIF are read by cshogi as they were played."""

from typing import NamedTuple

import cshogi
import cshogi.CSA
import cshogi.KIF
import jax
import jax.numpy as jnp
import numpy as np
import pytest

from move37.data import csa, kif
from move37.data.shogi_record import shogi_record
from move37.games.shogi import Shogi

GAME = Shogi()
STEP = jax.jit(GAME.step)
ROOK = "4k4/R8/9/9/9/9/9/9/4K4 b - 1"
ENTERED = "+R+B2K4/GGGGSSSS1/9/9/9/9/9/9/4k4 b 10P 1"
WHITE_ENTERED = "4K4/9/9/9/9/9/9/1ssssgggg/4k2+b+r w 9p 1"
HANDS = "l3k1snl/1r5b1/p1p5p/9/9/9/P3P3P/9/L3KGSNL w RGSN12Pb2gsn 31"
LATE = f"{cshogi.STARTING_SFEN.rsplit(' ', 1)[0]} 509"  # of 512 moves
NAMES = "Fairy-Stockfish 11.1", "名人, 一：二"
WINS = {1: cshogi.BLACK_WIN, -1: cshogi.WHITE_WIN, 0: cshogi.DRAW}


class Case(NamedTuple):
    """A game, and what is written of its end."""

    start: str
    texts: str  # its moves
    outside: str | None  # how it ended, if not by the rules
    winner: int
    csa: str
    kif: str
    result: str  # KIF's last line


ENDS = {
    "mate": Case("4k4/9/4P4/9/9/9/9/9/4K4 b G 1", "G*5b", None, 1, "%TORYO", "詰み", "まで1手で先手の勝ち"),
    "mate by White": Case("4k4/9/9/9/9/9/4p4/9/4K4 w g 1", "G*5h", None, -1, "%TORYO", "詰み", "まで1手で後手の勝ち"),
    "resigned": Case("", "7g7f 3c3d", "resign", -1, "%TORYO", "投了", "まで2手で後手の勝ち"),
    "resigned by White": Case("", "7g7f", "resign", 1, "%TORYO", "投了", "まで1手で先手の勝ち"),
    "resigned at once": Case("", "", "resign", -1, "%TORYO", "投了", "まで0手で後手の勝ち"),
    "time": Case("", "7g7f 3c3d 2g2f", "time", 1, "%TIME_UP", "切れ負け", "まで3手で先手の勝ち"),
    "forfeit": Case("", "7g7f 3c3d", "forfeit", -1, "%ILLEGAL_MOVE", "反則負け", "まで2手で先手の反則負け"),
    "repetition": Case("", "2h3h 8b7b 3h2h 7b8b " * 3, None, 0, "%SENNICHITE", "千日手", "まで12手で千日手"),
    "perpetual check, Black to move": Case(
        ROOK, "9b9a 5a5b 9a9b 5b5a " * 3, None, -1, "%ILLEGAL_MOVE", "反則負け", "まで12手で後手の反則勝ち"
    ),
    "perpetual check, White to move": Case(
        "R3k4/9/9/9/9/9/9/9/4K4 w - 1",
        *("5a5b 9a9b 5b5a 9b9a " * 3, None, -1, "%+ILLEGAL_ACTION", "反則勝ち", "まで12手で後手の反則勝ち"),
    ),
    "perpetual check by White": Case(
        "4k4/9/9/9/9/9/9/r8/4K4 w - 1",
        *("9h9i 5i5h 9i9h 5h5i " * 3, None, 1, "%ILLEGAL_MOVE", "反則負け", "まで12手で先手の反則勝ち"),
    ),
    "perpetual check by White, Black to move": Case(
        "4k4/9/9/9/9/9/9/9/r3K4 b - 1",
        *("5i5h 9i9h 5h5i 9h9i " * 3, None, 1, "%-ILLEGAL_ACTION", "反則勝ち", "まで12手で先手の反則勝ち"),
    ),
    "declaration": Case(ENTERED, "win", None, 1, "%KACHI", "入玉勝ち", "まで0手で先手の入玉勝ち"),
    "declaration by White": Case(WHITE_ENTERED, "win", None, -1, "%KACHI", "入玉勝ち", "まで0手で後手の入玉勝ち"),
    "limit": Case(LATE, "7g7f 3c3d 8h2b+ 3a2b", None, 0, "%JISHOGI", "持将棋", "まで4手で持将棋"),
}


def _record(start: str, texts: str, outside=None, game=GAME, **about: str):
    state, actions, after = _begin(start), [], None
    for text in texts.split():
        actions.append(game.action(state, text))
        mover, after = int(state.player), STEP(state, jnp.int32(GAME.action(state, text)))
        state = after.state
    winner = -int(state.player) if outside else mover * int(after.reward)
    black, white = NAMES
    return shogi_record(game, start, actions, state, winner, outside, black=black, white=white, **about)


def _begin(start: str):
    return GAME.from_sfen(start) if start else GAME.init(jax.random.key(0))


@pytest.mark.parametrize("name", ENDS)
def test_cshogi_reads_the_same_end(name):
    case = ENDS[name]
    record = _record(case.start, case.texts, case.outside)
    assert record.winner == case.winner
    _check_csa(csa.write(record), case.start, case.texts, case.csa, case.winner)
    _check_kif(kif.write(record), case.start, case.texts, case.winner)
    lines = [line for line in kif.write(record).splitlines() if not line.startswith("*")]
    assert lines[-2:] == [f"{len(record.moves) + 1:4} {case.kif}", case.result]


def _usi(moves: list[int]) -> list[str]:
    return [cshogi.move_to_usi(move) for move in moves]


def _check_csa(text: str, start: str, texts: str, word: str, winner: int) -> None:
    (read,) = cshogi.CSA.Parser.parse_str(text)
    assert read.version == "V2.2"
    assert tuple(read.names) == NAMES
    theirs, ours = (cshogi.Board(sfen=sfen) for sfen in (read.sfen, start or cshogi.STARTING_SFEN))
    assert theirs.sfen().split()[:3] == ours.sfen().split()[:3]  # the hands in one order
    assert _usi(read.moves) == [usi for usi in texts.split() if usi != "win"]
    assert (read.endgame, read.win) == (word, WINS[winner])


def _check_kif(text: str, start: str, texts: str, winner: int) -> None:
    """Cshogi passes over diagrams: from another position moves are read one by one, on a board that stands there."""
    head, between, body = text.partition("手数----指手---------消費時間--\n")
    lines, board = body.splitlines(), cshogi.Board(sfen=start or cshogi.STARTING_SFEN)
    usual = start in ("", LATE)
    assert ("手合割：平手\n" in head, cshogi.KIF.board_to_bod(board) + "\n" in head) == (usual, not usual)
    moves = []
    for line in lines:
        move, _, _ = cshogi.KIF.Parser.parse_move_str(line, board)
        if move is not None:
            assert board.is_legal(move)
            board.push(move)
            moves.append(move)
    assert _usi(moves) == [usi for usi in texts.split() if usi != "win"]
    read = cshogi.KIF.Parser.parse_str(head + between + "\n".join(lines if usual else lines[len(moves) :]))
    assert read.moves == (moves if usual else [])
    assert tuple(read.names) == NAMES
    assert read.win == WINS[winner]


OPENING = "7g7f 3c3d 8h2b+ 3a2b B*4e 9c9d 4e6c+ 4a4b 6c7b"  # a promotion, 同, a drop, and the promoted piece
PROMOTED = "4k4/9/9/9/+P+L+N+S+B+R3/9/9/9/4K4 b - 1"  # every piece that has promoted


@pytest.mark.parametrize(
    ("start", "texts", "csa_moves", "kif_moves"),
    [
        (
            *("", OPENING, "+7776FU -3334FU +8822UM -3122GI +0045KA -9394FU +4563UM -4142KI +6372UM"),
            "７六歩(77) ３四歩(33) ２二角成(88) 同　銀(31) ４五角打 ９四歩(93) ６三角成(45) ４二金(41) ７二馬(63)",
        ),
        (
            *(PROMOTED, "9e9d 5a6a 8e8d 6a5a 7e7d 5a6a 6e6d 6a5a 5e5d 5a6a 4e4d"),
            "+9594TO -5161OU +8584NY -6151OU +7574NK -5161OU +6564NG -6151OU +5554UM -5161OU +4544RY",
            "９四と(95) ６一玉(51) ８四成香(85) ５一玉(61) ７四成桂(75) ６一玉(51) ６四成銀(65) ５一玉(61) ５四馬(55) "
            "６一玉(51) ４四龍(45)",
        ),
        (  # what may promote and does not; what takes it there, having promoted
            *("4k4/9/4S4/9/9/9/9/4+s4/1K7 b - 1", "5c4b 5a4b 8i7h 5h6h 7h6h"),
            "+5342GI -5142OU +8978OU -5868NG +7868OU",
            "４二銀(53) 同　玉(51) ７八玉(89) ６八成銀(58) 同　玉(78)",
        ),
    ],
    ids=["opening", "promoted", "not promoted"],
)
def test_moves_are_written_as_people_know_them(start, texts, csa_moves, kif_moves):
    record = _record(start, texts, "resign")
    assert csa.write(record).splitlines()[-len(record.moves) - 1 : -1] == csa_moves.split()
    numbered = kif.write(record).splitlines()[-len(record.moves) - 2 : -2]
    assert numbered == [f"{number:4} {move}" for number, move in enumerate(kif_moves.split(" "), 1)]
    _check_csa(csa.write(record), start, texts, "%TORYO", record.winner)
    _check_kif(kif.write(record), start, texts, record.winner)


@pytest.mark.parametrize("seed", range(4))
def test_cshogi_reads_games_of_chance(seed):
    rng, start = np.random.default_rng(seed), "" if seed % 2 else HANDS
    state, texts = _begin(start), []
    for _ in range(90):
        legal = np.flatnonzero(np.asarray(GAME.legal(state)))
        action = int(legal[rng.integers(len(legal))])
        texts.append(GAME.usi(state, action))
        after = STEP(state, jnp.int32(action))
        state = after.state
        if float(after.discount) == 0:
            break
    over = float(after.discount) == 0
    record = _record(start, " ".join(texts), None if over else "time")
    _check_csa(csa.write(record), start, " ".join(texts), "%TORYO" if over else "%TIME_UP", record.winner)
    _check_kif(kif.write(record), start, " ".join(texts), record.winner)


def test_actions_of_alphazero_are_the_same_moves():
    alphazero = _record("", OPENING, "time", Shogi(actions="alphazero"))
    assert alphazero.moves == _record("", OPENING, "time").moves


def test_what_stands_around_the_moves():
    about = {"event": "an\nevent", "date": "2026/11/27", "comment": "silent for\n60 seconds"}
    record = _record("", "7g7f", "time", **about)
    head = ["'CSA encoding=UTF-8", "V2.2", f"N+{NAMES[0]}", f"N-{NAMES[1]}", "$EVENT:an event"]
    tail = ["$START_TIME:2026/11/27", "PI", "+", "+7776FU", "%TIME_UP", "'*silent for 60 seconds"]
    assert csa.write(record).splitlines() == head + tail
    head = ["#KIF version=2.0 encoding=UTF-8", "開始日時：2026/11/27", "棋戦：an event", "手合割：平手"]
    head += [f"先手：{NAMES[0]}", f"後手：{NAMES[1]}", "手数----指手---------消費時間--"]
    tail = ["   1 ７六歩(77)", "   2 切れ負け", "*silent for 60 seconds", "まで1手で先手の勝ち"]
    assert kif.write(record).splitlines() == head + tail
    mate = _record(*ENDS["mate"][:3])
    assert "'*no legal move\n" in csa.write(mate)
    assert "*no legal move\n" in kif.write(mate)
