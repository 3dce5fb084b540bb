"""The referee of `benchmarks/uci_games.py`: what is no fault, and each kind of fault, is found to be so."""

import random
import sys
import time

import pytest
from piped import Fault
from referees import ChessReferee, ShogiReferee
from uci_form import read
from uci_players import Limits, Ours

# Says what stands behind the name of each command, as `go=…|…`; a quit of its own.
SCRIPTED = """
import sys
script = dict(pair.split("=", 1) for pair in sys.argv[2:])
script = {"uci": "uciok", "isready": "readyok", **script}
for line in sys.stdin:
    command = line.split()[0]
    if command == "quit":
        sys.exit(int(sys.argv[1]))
    if command in script:
        print(script[command].replace("|", chr(10)), flush=True)
"""
GOOD = "info depth 2 score cp 3 nodes 5 pv e2e4 e7e5|bestmove e2e4 ponder e7e5"


def ours(*script, code=0):
    return Ours("uci", [sys.executable, "-c", SCRIPTED, str(code), *script], Limits(8, 5.0, 0.1))


@pytest.fixture
def referee():
    return ChessReferee(random.Random(0), 0, False)


@pytest.mark.parametrize(
    ("protocol", "line", "kind"),
    [
        (
            "uci",
            "info depth 1 seldepth 2 multipv 1 score mate -3 wdl 0 0 1000 nodes 7 nps 9 time 3 pv e7e8q a1a2",
            "info",
        ),
        ("usi", "info depth 1 score cp 0 pv 7g7f P*5e 8h2b+", "info"),
        ("uci", "info string error: what?", "error"),
        ("uci", "info string pv and what not", "string"),
        ("uci", "bestmove (none)", "bestmove"),
        ("usi", "bestmove win", "bestmove"),
        ("usi", "checkmate notimplemented", "checkmate"),
        ("uci", "option name Move Overhead type spin default 100 min 0 max 10000", "option"),
        ("uci", "id author the authors", "id"),
        ("uci", "readyok", "readyok"),
    ],
)
def test_lines_in_form(protocol, line, kind):
    assert read(line, protocol).kind == kind


@pytest.mark.parametrize(
    ("protocol", "line"),
    [
        ("uci", "info depth -1 score cp 3 pv e2e4"),
        ("uci", "info depth 1 depth 1"),
        ("uci", "info depth 3 seldepth 2"),
        ("uci", "info depth 1 score cp 0.5"),
        ("uci", "info depth 1 score 5"),
        ("uci", "info depth 1 wdl 500 0 499"),
        ("uci", "info depth 1 pv"),
        ("uci", "info depth 1 pv 7g7f"),
        ("usi", "info depth 1 pv e2e4"),
        ("uci", "info depth 1 strength 9"),
        ("uci", "info"),
        ("uci", "bestmove"),
        ("uci", "bestmove e2e4 e7e5"),
        ("uci", "bestmove resign"),
        ("uci", "bestmove e2e4 ponder (none)"),
        ("uci", "usiok"),
        ("uci", "Traceback (most recent call last):"),
        ("uci", ""),
    ],
)
def test_lines_in_no_form(protocol, line):
    with pytest.raises(Fault):
        read(line, protocol)


@pytest.mark.parametrize("kind", ["nodes", "clock", "stop"])
def test_a_good_move_is_no_fault(referee, kind):
    script = {"stop": ["go=" + GOOD.partition("|")[0], "stop=bestmove e2e4 ponder e7e5"]}.get(kind, [f"go={GOOD}"])
    player = ours(*script)
    player.new_game()
    assert player.move(referee, kind) == ("e2e4", "e7e5")
    player.end_game()
    player.engine.quit()


@pytest.mark.parametrize(
    ("script", "kind", "told"),
    [
        (f"go={GOOD}".replace("e2e4", "e2e5"), "nodes", "illegal move 'e2e5'"),
        (f"go={GOOD}".replace("pv e2e4 e7e5", "pv e2e4 e7e4"), "nodes", "illegal move 'e7e4'"),
        (f"go={GOOD}".replace("pv e2e4", "pv d2d4"), "nodes", "best move e2e4 ponder e7e5 after"),
        ("go=bestmove e2e4", "nodes", "best move e2e4 after"),
        ("go=info depth 1 pv e2e4|bestmove e2e4", "nodes", "best move e2e4 after"),  # no score
        ("go=bestmove e2e4", "stop", "without being told to stop"),
        ("go=info string error: no", "clock", "complains"),
        ("go=hello", "nodes", "not in the protocol's form: 'hello'"),
        ("nothing=", "nodes", "silence"),
    ],
)
def test_faults_of_a_move(referee, script, kind, told):
    player = ours(script)
    player.engine.silence = 1.0
    with pytest.raises(Fault, match=told):
        player.move(referee, kind)
    player.engine.kill()


def test_pondering(referee):
    player = ours(f"go={GOOD}", f"ponderhit={GOOD}")
    _, expected = player.move(referee, "nodes")
    referee.push("e2e4")
    player.ponder(referee, expected)
    while not player.engine.waiting:
        time.sleep(0.01)
    with pytest.raises(Fault, match="unasked"):  # it did not wait for the hit
        player.move(referee, "ponder")
    player.engine.kill()


def test_a_move_that_nobody_asked_for():
    player = ours("ucinewgame=bestmove e2e4")
    with pytest.raises(Fault, match=r"unasked: .*e2e4"):
        player.new_game()
    player.engine.kill()


def test_another_exit_code_is_a_fault():
    player = ours(code=3)
    with pytest.raises(Fault, match="exit code 3"):
        player.engine.quit()


def test_the_end_of_a_game_of_chess(referee):
    for move in ["f2f3", "e7e5", "g2g4", "d8h4"]:
        assert referee.result() is None
        referee.push(move)
    assert referee.result() == 1
    drawn = ChessReferee(random.Random(0), 0, False)
    for move in ["g1f3", "g8f6", "f3g1", "f6g8"] * 2:
        assert drawn.result() is None
        drawn.push(move)
    assert drawn.result() == "drawn"
    with pytest.raises(Fault, match="illegal move 'e2e5'"):
        drawn.push("e2e5")


def test_the_end_of_a_game_of_shogi():
    referee = ShogiReferee(random.Random(0), 0, False)
    for move in ["2h5h", "8b5b", "5h2h", "5b8b"] * 3:
        assert referee.result() is None
        referee.push(move)
    assert referee.result() == "drawn"
    for move in ("7g7e", "win", "P*5e"):
        with pytest.raises(Fault, match="illegal move"):
            referee.push(move)


def test_begins_differ_and_are_told_as_moves_or_as_a_position():
    for kind, word in ((ChessReferee, "fen"), (ShogiReferee, "sfen")):
        moves, position = (kind(random.Random(1), 4, told) for told in (False, True))
        assert (moves.begin, len(moves.moves)) == ("startpos", 4)
        assert (position.begin.split()[0], position.moves) == (word, [])
        assert moves.moves != kind(random.Random(2), 4, False).moves
