"""Games of chess as PGN are read by python-chess as they were played."""

import io
import re

import chess.pgn
import pytest

from move37.data import pgn
from move37.games.chess import Chess

ENDGAME = "4k3/P7/8/8/8/8/7p/4K3 b - - 3 40"
OTHER_RANK = "rkqnbbrn/pppppppp/8/8/8/8/PPPPPPPP/RKQNBBRN w GAga - 0 1"


@pytest.mark.parametrize(
    ("game", "start", "words"),
    [
        (Chess(), "", "e4 e5 Bc4 Nc6 Qh5 Nf6 Qxf7#"),
        (Chess(), ENDGAME, "h1=Q+ Kd2 Qd5+ Ke3 Kd7 a8=N"),
        (Chess(chess960=True), OTHER_RANK, "f4 f5 Ng3 Ng6"),
    ],
)
def test_python_chess_reads_the_same_game(game, start, words):
    board, wanted, actions = chess.Board(start or chess.STARTING_FEN, chess960=game.chess960), [], []
    for word in words.split():
        actions.append(game.read(game.from_text(board.fen()), word))
        wanted.append(board.push_san(word))
    white = 'The "best" \\ one'
    text = pgn.write(game, start, tuple(actions), {"White": white, "Result": "1-0"}, "an {odd} comment")
    read = chess.pgn.read_game(io.StringIO(text))
    assert read.errors == []
    assert list(read.mainline_moves()) == wanted
    assert read.end().board().board_fen() == board.board_fen()
    assert read.end().comment == "an {odd) comment"
    headers = [re.sub(r"\\(.)", r"\1", read.headers[name]) for name in ("White", "Result", "Event")]  # left as written
    assert headers == [white, "1-0", "?"]
    assert ("FEN" in read.headers, "Variant" in read.headers) == (start != "", game.chess960)
    assert max(map(len, text.splitlines()[len(read.headers) + 1 :])) <= 80
