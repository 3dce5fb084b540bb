"""What the properties of a game mean: moves, stones set up, komi, result, ranks; and the way back to SGF."""

import warnings
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from move37.data import sgf
from move37.data.record import (
    KINDS,
    GameRecord,
    Move,
    Player,
    Result,
    Setup,
    annotated,
    format_result,
    game_record,
    game_tree,
    looks_like_a_bot,
    point_name,
    rank_level,
    read_komi,
    read_result,
)
from move37.games.go import Go

with warnings.catch_warnings():
    warnings.simplefilter("ignore", SyntaxWarning)  # its source has escapes that Python 3.12 warns of
    warnings.simplefilter("ignore", DeprecationWarning)  # and Python 3.11 too, under this name
    from sgfmill import sgf as sgfmill
    from sgfmill import sgf_moves

ALPHAGO = Path(__file__).parents[3] / "shared" / "data" / "alphago"  # beside the checkout, where there is one
FILES = sorted(ALPHAGO.rglob("*.sgf"))
need_files = pytest.mark.skipif(not FILES, reason=f"no game records beside the checkout: none under {ALPHAGO}")


def _record(text: str) -> GameRecord:
    return game_record(sgf.parse(text)[0])


def test_everything_that_a_record_says():
    record = _record(
        "(;GM[1]SZ[9]KM[0.5]RU[Japanese]HA[2]AB[gc][cg]PB[Anna\n\\]]BR[3k]PW[GNU Go]WR[5k?]RE[B+12.5]C[hello]PL[W]"
        ";W[ee]C[one];B[];C[still];W[tt](;B[aa])(;B[bb];W[cc]))"
    )
    assert record == GameRecord(
        size=9,
        komi=0.5,
        rules="Japanese",
        handicap=2,
        setups=(Setup(0, black=(24, 56), to_play=-1),),
        moves=(Move(-1, 40), Move(1, 81), Move(-1, 81), Move(1, 0)),
        result=Result(1, "score", 12.5),
        black=Player("Anna ]", "3k", False),
        white=Player("GNU Go", "5k?", True),
        comments={0: "hello", 1: "one", 2: "still"},
    )


def test_a_record_that_says_nothing():
    assert _record("(;)") == GameRecord()
    assert _record("(;KM[]HA[]SZ[]RE[]AB[]PL[?]GM[])") == GameRecord()


def test_stones_set_up_in_mid_game_are_kept_with_their_place():
    record = _record("(;SZ[5]AB[aa:bc][ee];B[cc];AW[ca]AE[aa][ba]AB[dd];W[de]AE[dd]PL[B];C[x])")
    assert record.setups == (
        Setup(0, black=(0, 1, 5, 6, 10, 11, 24)),
        Setup(1, black=(18,), white=(2,), empty=(0, 1)),
        Setup(1, empty=(18,), to_play=1),  # of a node that also holds a move: set up first
    )
    assert record.moves == (Move(1, 12), Move(-1, 23))
    assert record.comments == {2: "x"}


def test_compressed_lists_take_any_two_corners():
    whole = _record("(;SZ[5]AB[bb:cd])").setups[0].black
    assert whole == (6, 7, 11, 12, 16, 17)
    assert all(_record(f"(;SZ[5]AB[{c}])").setups[0].black == whole for c in ("cd:bb", "bd:cb", "cb:bd"))


def test_points_are_named_as_in_the_game():
    game = Go(9)
    for action in range(82):
        name = point_name(action, 9)
        assert _record(f"(;SZ[9];B[{name}])").moves == (Move(1, action),)
        if action < 81:
            assert game.format_action(action) == "ABCDEFGHJ"[ord(name[0]) - 97] + str(9 - (ord(name[1]) - 97))
    assert _record("(;SZ[9];B[AB];W[ ba ])").moves == (Move(1, 9), Move(-1, 1))


@pytest.mark.parametrize("size", [2, 9, 19])
def test_tt_is_a_pass_on_all_boards(size):
    assert _record(f"(;SZ[{size}];B[tt];W[])").moves == (Move(1, size**2), Move(-1, size**2))
    assert _record(f"(;SZ[{size}:{size}])").size == size


@pytest.mark.parametrize(
    ("words", "result"),
    [
        ("B+R", Result(1, "resign")),
        ("W+Resign", Result(-1, "resign")),
        ("b + resignation", Result(1, "resign")),
        ("B+3.5", Result(1, "score", 3.5)),
        ("W+0,5", Result(-1, "score", 0.5)),
        ("White+7.5 points", Result(-1, "score", 7.5)),
        ("W+T", Result(-1, "time")),
        ("W+Time", Result(-1, "time")),
        ("B+F", Result(1, "forfeit")),
        ("B+Forfeit", Result(1, "forfeit")),
        ("B+", Result(1, "win")),
        ("B+?", Result(1, "win")),
        ("W+three points", Result(-1, "win")),
        ("W+3/4", Result(-1, "win")),
        ("0", Result(0, "draw")),
        ("Draw", Result(0, "draw")),
        ("jigo", Result(0, "draw")),
        ("Void", Result(None, "void")),
        ("?", Result()),
        ("", Result()),
        ("to be played", Result()),
        ("黑中盘胜", Result(1, "resign")),
        ("白番中押し勝ち", Result(-1, "resign")),
        ("白胜", Result(-1, "win")),
    ],
)
def test_results(words, result):
    assert read_result(words) == result
    assert read_result(format_result(result)) == result
    assert result.kind in KINDS


@pytest.mark.parametrize(
    ("words", "komi"),
    [
        ("6.5", 6.5),
        ("7,5", 7.5),
        ("-3", -3.0),
        ("0", 0.0),
        ("6.5 points", 6.5),
        ("650", 6.5),
        ("375", 7.5),
        ("3.75", 7.5),
        ("", None),
        ("none", None),
        ("inf", None),
    ],
)
def test_komi(words, komi):
    assert read_komi(words) == komi
    assert read_komi(words, fox=True) == (None if komi == 0 else komi)


def test_komi_0_of_fox_is_unknown():
    assert _record("(;KM[0]AP[foxwq])").komi is None
    assert _record("(;KM[0]AP[CGoban:3])").komi == 0


def test_ranks_are_ordered():
    ladder = ["30k", "15k?", "2 kyu", "1k", "1d", "3d*", "6 dan", "9段", "1p", "P5段", "9P"]
    levels = [rank_level(rank) for rank in ladder]
    assert levels == sorted(levels)
    assert len(set(levels)) == len(levels)
    assert (rank_level("1k"), rank_level("1d"), rank_level("9p"), rank_level("P")) == (0, 1, 29, 20)
    assert [rank_level(rank) for rank in ("0k", "-3k")] == [1, 4]
    assert [rank_level(rank) for rank in ("", "?", "-", "NR", "player", "2100", "strong")] == [None] * 7


def test_names_of_programs():
    assert all(
        map(looks_like_a_bot, ["GNU Go 3.8", "Leela Zero", "amybot-ddk", "NoobBot1", "Zen19X", "AlphaGo", "Master"])
    )
    assert not any(map(looks_like_a_bot, ["Lee Sedol", "Botvinnik", "Kai", "Mastermind", "Zenith", ""]))


POINTS = st.integers(0, 24)
WORDS = st.text(st.characters(exclude_categories=["Cs", "Cc", "Z"]), max_size=8)
MARGINS = st.integers(1, 200).map(lambda n: n / 2)


@given(
    moves=st.lists(st.tuples(st.sampled_from([1, -1]), st.integers(0, 25)), max_size=12),
    setups=st.lists(
        st.tuples(st.integers(0, 12), st.sets(POINTS, min_size=1, max_size=6), st.sampled_from([-1, 0, 1]))
    ),
    komi=st.none() | st.integers(-40, 40).map(lambda n: n / 2),
    winner=st.sampled_from([1, -1]),
    ending=st.sampled_from(["resign", "time", "forfeit", "win", "draw", "void", "unknown"]) | MARGINS,
    words=st.tuples(WORDS, WORDS, WORDS),
    comments=st.dictionaries(st.integers(0, 12), st.text("ab]\\[:\n é棋", min_size=1, max_size=9)),
    handicap=st.integers(0, 9),
)
@settings(max_examples=150, deadline=None)
def test_any_record_is_read_back_equal(moves, setups, komi, winner, ending, words, comments, handicap):
    def placed(before: int, points: set[int], to_play: int) -> Setup:
        stones = [tuple(sorted(p for p in points if p % 3 == kind)) for kind in range(3)]
        return Setup(before, *stones, to_play)

    if isinstance(ending, float):
        result = Result(winner, "score", ending)
    else:
        result = Result({"draw": 0, "void": None, "unknown": None}.get(ending, winner), ending)
    record = GameRecord(
        size=5,
        komi=komi,
        rules=words[0],
        handicap=handicap,
        setups=tuple(placed(*setup) for setup in sorted(setups, key=lambda s: s[0]) if setup[0] <= len(moves)),
        moves=tuple(Move(*move) for move in moves),
        result=result,
        black=Player(words[1], words[2], looks_like_a_bot(words[1])),
        comments={number: words for number, words in comments.items() if number <= len(moves)},
    )
    tree = game_tree(record)
    assert game_record(tree) == record
    assert game_record(sgf.parse(sgf.write([tree]))[0]) == record


@need_files
def test_all_real_records_agree_with_sgfmill_and_are_written_back():
    kinds = set()
    for path in FILES:
        record = game_record(sgf.read(path)[0])
        theirs = sgfmill.Sgf_game.from_bytes(path.read_bytes())
        board, plays = sgf_moves.get_setup_and_moves(theirs)
        colours = {"b": 1, "w": -1}
        moves = [(colours[c], 361 if p is None else (18 - p[0]) * 19 + p[1]) for c, p in plays]
        assert record.size == 19
        assert not board.list_occupied_points()
        assert not any(setup.black or setup.white or setup.empty for setup in record.setups)  # one file has a PL
        assert list(record.moves) == moves, path
        assert record.black.name == theirs.get_player_name("b")
        if "KM" in record_names(theirs):
            assert record.komi == theirs.get_komi()
        assert {"b": 1, "w": -1}[theirs.get_winner()] == record.result.winner
        assert game_record(sgf.parse(sgf.write([game_tree(record)]))[0]) == record
        kinds.add(record.result.kind)
    assert kinds == {"score", "resign", "time"}


def record_names(game):
    return game.get_root().properties()


@need_files
@pytest.mark.parametrize(("number", "move", "name", "mover"), [(2, 37, "P10", "AlphaGo"), (4, 78, "L11", "Lee Sedol")])
def test_the_two_moves_that_people_remember(number, move, name, mover):
    (path,) = ALPHAGO.rglob(f"LS vs AG - G{number} *.sgf")
    record = game_record(sgf.read(path)[0])
    colour, action = record.moves[move - 1]
    assert Go(19).format_action(action) == name
    assert (record.black if colour == 1 else record.white).name == mover


def test_comments_are_added_behind_those_that_stand_there_and_nothing_else_changes():
    text = r"(;SZ[5]EV[a cup]C[first\]];B[aa]LB[aa:1](;W[bb];B[];C[a note];W[cc])(;W[ee]C[elsewhere]))"
    (tree,) = sgf.parse(text)
    added = {0: "zero", 1: "a ] and a \\", 3: "pass", 4: "four", 9: "nowhere"}
    (again,) = sgf.parse(sgf.write([annotated(tree, added)]))
    assert game_record(again).comments == {0: "first]\n\nzero", 1: added[1], 3: "pass\n\na note", 4: "four"}

    def rest(tree):
        return [({k: v for k, v in node.properties.items() if k != "C"}, node.parent) for node in tree.nodes]

    assert rest(again) == rest(tree)
    assert [node.properties["C"] for node in again.nodes if node.properties.get("W") == ["ee"]] == [["elsewhere"]]
    assert annotated(tree, {}) == tree
