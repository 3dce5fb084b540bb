"""Books of openings: positions, moves, or both; what is wrong is told with its line."""

import pytest

from move37.data.openings import _parts, read_book
from move37.data.sgf import BadRecord
from move37.games import make

FEN = "4k3/P7/8/8/8/8/7p/4K3 b - -"


def test_a_line_is_a_position_moves_or_both():
    assert _parts("startpos moves e2e4 e7e5") == ("", ["e2e4", "e7e5"])
    assert _parts("1. e4 e5 2.Nf3 2...Nc6") == ("", ["e4", "e5", "Nf3", "Nc6"])
    assert _parts(f"{FEN} 3 40") == (f"{FEN} 3 40", [])
    assert _parts(f"position fen {FEN} 3 40 moves h2h1q") == (f"{FEN} 3 40", ["h2h1q"])
    assert _parts(f'{FEN} bm h1=Q; id "x";') == (FEN, [])
    assert _parts("sfen 9/9 b - 1 moves P*5e") == ("9/9 b - 1", ["P*5e"])


def test_a_book_is_read_by_the_rules(tmp_path):
    game, path = make("tic_tac_toe"), tmp_path / "book"
    path.write_text("# a book\n\n1. a1 b1 2. a2\nstartpos moves c3\n")
    book = read_book(path, game)
    assert [[game.format_action(move) for move in opening.moves] for opening in book] == [["a1", "b1", "a2"], ["c3"]]


BAD = [
    ("a1 a1", r"book:1: 'a1' cannot be played"),
    ("a1\nq9", r"book:2: tic_tac_toe: 'q9' names no action"),
    ("a1 b1 a2 b2 a3", r"book:1: nothing is left to play"),
    ("3/3/3 x", r"book:1: tic_tac_toe: got the position"),
    ("# nothing", r"book: no opening in this file"),
]


@pytest.mark.parametrize(("text", "says"), BAD)
def test_bad_books_are_told_with_the_line(tmp_path, text, says):
    (tmp_path / "book").write_text(text)
    with pytest.raises(BadRecord, match=says):
        read_book(tmp_path / "book", make("tic_tac_toe"))


def test_a_book_that_is_not_there(tmp_path):
    with pytest.raises(BadRecord, match=r"cannot be read: No such file"):
        read_book(tmp_path / "other", make("tic_tac_toe"))
