"""The conversation, on tic-tac-toe, where a search compiles at once; what chess adds is in `test_uci_chess.py`."""

import math
import time

import jax
import numpy as np
import pytest
from uci_talk import Noughts, Talk, survives

from move37.core.errors import BadConfig
from move37.engines import uci_info
from move37.engines.dialect import Uci, Usi
from move37.engines.uci import UciConfig
from move37.engines.uci_go import parse
from move37.games.shogi import Shogi
from move37.games.tic_tac_toe import TicTacToe
from move37.play.thinker import MoveInfo, ThinkerConfig


def evaluate(observation):
    """A liking for the first cells; nobody is ahead."""
    return np.tile(np.linspace(3, 0, 9, dtype=np.float32), (len(observation), 1)), np.zeros(
        len(observation), np.float32
    )


def talk_of(**config):
    return Talk(Noughts(), evaluate, UciConfig(**config), ThinkerConfig(nodes=256, leaves=4))


@pytest.fixture(scope="module")
def shared():
    talk = talk_of()
    talk.say("isready")
    return talk


@pytest.fixture
def talk(shared):
    shared.say("ucinewgame")
    shared.say("setoption name MultiPV value 1")
    assert shared.say("position startpos") == []
    return shared


def test_it_introduces_itself_and_offers_what_it_has(talk):
    first, author, *options, last = talk.say("uci")
    assert (first, author[:10], last) == ("id name somebody", "id author ", "uciok")
    assert "option name MultiPV type spin default 1 min 1 max 256" in options
    assert "option name UCI_ShowWDL type check default false" in options
    assert "option name SyzygyPath type string default <empty>" in options


def test_a_move_is_the_first_of_the_line_that_was_reported(talk):
    found = talk.go("go nodes 60")
    line = found["pv"].split()
    assert (found["best"], found["ponder"]) == (line[0], line[1])
    assert int(found["depth"]) == len(line) <= int(found["seldepth"])
    assert 60 <= int(found["nodes"]) <= 64
    assert int(found["nps"]) > 0
    assert found["multipv"] == "1"


def test_nothing_is_compiled_once_it_is_ready(caplog):
    def compiled():
        return [record.getMessage()[:60] for record in caplog.records if record.getMessage().startswith("Compiling")]

    fresh = talk_of()
    assert fresh.say("isready") == ["readyok"]
    with jax.log_compiles():
        fresh.go("go nodes 30")
        fresh.say("position startpos moves b2 a1")
        fresh.go("go wtime 100 btime 100")
        assert compiled() == []
        jax.jit(lambda x: 3 * x)(1.0)
        assert compiled()  # it would be told


def test_the_clock_is_kept(talk):
    for line, most in (("go movetime 200", 0.2), ("go wtime 1000 btime 9000 winc 100", 0.25), ("go wtime 100", 0.1)):
        talk.say("ucinewgame")
        began = time.monotonic()
        talk.go(line)
        assert time.monotonic() - began < most + 0.5, line  # on a machine that has much else to do


def test_times_become_seconds():
    def seconds(line, colour="w", plies_left=60, lag=0.1):
        return parse(line.split(), int).seconds(colour, plies_left, lag)

    assert seconds("movetime 500") == pytest.approx(0.5)
    assert seconds("wtime 60000 btime 1") == pytest.approx(60 / 30 - 0.1)
    assert seconds("wtime 60000 btime 3000", "b") == pytest.approx(3 / 30 - 0.1, abs=0.03)
    assert seconds("wtime 60000 winc 1000") == pytest.approx(2 + 0.9 - 0.1)
    assert seconds("wtime 60000 movestogo 10") == pytest.approx(6 - 0.1)
    assert seconds("btime 0 wtime 0 byoyomi 1000") == pytest.approx(0.8, abs=0.01)
    assert seconds("wtime -50") == pytest.approx(0.02)
    assert seconds("wtime 60000 movetime 100") == pytest.approx(0.1)
    assert seconds("wtime 600000", plies_left=-100) == pytest.approx(60 - 0.1)
    assert seconds("nodes 10") is None


def test_endless_thought_ends_with_stop_even_when_the_tree_is_full(talk):
    found = talk.go("go infinite", (500, "stop"))
    assert int(found["nodes"]) > 200
    assert talk.say("stop")[0].startswith("info string error: ")  # it ends nothing now
    began = time.monotonic()
    assert int(talk.go("go infinite", (0, "stop"))["nodes"])
    assert time.monotonic() - began < 1


def test_endless_thought_is_reported_as_soon_as_the_tree_is_full(talk):
    """A client that waits for a report before it says `stop` gets one, however soon the search had ended."""
    lines = talk.say("go infinite", (500, "stop"))
    *_, full, stopped = [line.split() for line in lines if " score " in line]
    assert full[full.index("nodes") :][:2] == stopped[stopped.index("nodes") :][:2]


def test_pondering_goes_on_until_the_move_was_played(talk):
    lines = talk.say("go ponder nodes 30", (3, "isready"), (3, "ponderhit"))
    assert lines.count("readyok") == 1
    assert lines[-1].startswith("bestmove ")
    few, many = (talk.go("go ponder wtime 100", (n, "stop")) for n in (1, 30))
    assert int(few["nodes"]) < int(many["nodes"])
    answers = talk.say("go infinite", (1, "ponderhit"), (2, "stop"))
    assert "info string error: ponderhit" in answers[0] + answers[1]  # the first report may come before it


@pytest.mark.parametrize(
    ("line", "answer"), [("position startpos moves b2", None), ("go nodes 20", "bestmove"), ("quit", "the end")]
)
def test_a_command_while_it_thinks_ends_the_thought_and_is_obeyed(talk, line, answer):
    lines = talk.say("go infinite", (3, line))
    place = [text.startswith("bestmove") for text in lines].index(True)
    assert (lines[-1].startswith(answer) and place < len(lines) - 1) if answer else place == len(lines) - 1
    if not answer:
        assert len(talk.dialogue.table.actions) == 1


def test_the_end_of_input_ends_it(talk):
    lines = talk.say("go infinite", (3, None))
    assert lines[-2].startswith("bestmove ")
    assert lines[-1] == "the end"


def test_words_that_it_does_not_know_do_not_end_a_thought(talk):
    lines = talk.say("go infinite", (1, "hello"), (400, "stop"))
    assert "info string error: no command 'hello'" in lines[0] + lines[1]  # the first report may come before it
    assert lines[-1].startswith("bestmove ")


def test_only_the_moves_that_were_asked_for(talk):
    talk.say("setoption name MultiPV value 9")
    lines = talk.say("go nodes 40 searchmoves a1 c2")
    moves = {text.split(" pv ")[1].split()[0] for text in lines if " pv " in text}
    assert moves == {"a1", "c2"}
    lines = talk.say("go nodes 20 searchmoves z9")
    assert lines[0].startswith("info string error: ")
    assert lines[-1].startswith("bestmove ")


def test_several_lines_each_with_a_rank(talk):
    talk.say("setoption name multipv value 3")
    lines = [text.split() for text in talk.say("go nodes 60") if text.startswith("info")]
    assert [words[words.index("multipv") + 1] for words in lines[-3:]] == ["1", "2", "3"]
    assert len({words[words.index("pv") + 1] for words in lines[-3:]}) == 3


def test_depth_and_mate_end_a_search(talk):
    assert int(talk.go("go depth 2")["nodes"]) < 100
    talk.say("position fen a3 a1 b3 b1")  # c3 wins
    found = talk.go("go mate 1")
    assert (found["score"], found["best"], found["ponder"]) == ("mate 1", "c3", "")
    assert int(found["nodes"]) < 100


def test_a_mate_is_told_by_both_sides(talk):
    talk.say("position fen a3 b3 b2 c3")  # X to move: c1 wins, and nothing else does so soon
    assert talk.go("go nodes 150")["score"] == "mate 1"
    talk.say("position fen a3 b3 a1 a2 c1 b1")  # X to move wins with b2 or c3 … at once by none
    won = talk.go("go nodes 200")
    talk.say(f"position fen a3 b3 a1 a2 c1 b1 moves {won['best']}")
    assert won["score"].startswith("mate ")
    lost = talk.go("go nodes 200")
    assert lost["score"].startswith("mate -") or won["score"] == "mate 1"


def test_no_move_is_none(talk):
    talk.say("position fen a1 a3 b2 b3 a2 c1 b1 c2 c3")
    assert talk.say("go") == ["info depth 0 score mate 0", "bestmove (none)"]
    talk.say("position fen a3 b3 c3 b2 a2 c2 b1 a1 c1")
    assert talk.say("go") == ["info depth 0 score cp 0", "bestmove (none)"]
    assert talk.say("go infinite", (5, "stop"))[-1] == "bestmove (none)"


@pytest.mark.parametrize(
    ("line", "told"),
    [
        ("position startpos moves b2 b2", "b2 is taken"),
        ("position startpos moves b2 zz", "'zz'"),
        ("position fen b2 q", "'q'"),
        ("position", "got nothing"),
        ("position somewhere", "somewhere"),
        ("position startpos b2", "startpos b2"),
    ],
)
def test_a_broken_position_leaves_the_one_before(talk, line, told):
    talk.say("position startpos moves a1 b2 c3")
    [answer] = talk.say(line)
    assert answer.startswith("info string error: ")
    assert told in answer
    assert talk.go()["best"] not in ("a1", "b2", "c3")
    assert len(talk.dialogue.table.actions) == 3


def test_options_are_checked(talk):
    for line, told in (
        ("setoption name MultiPV value 0", "from 1 to 256"),
        ("setoption name MultiPV", "from 1 to 256"),
        ("setoption name UCI_ShowWDL value maybe", "true or false"),
        ("setoption name Nothing value 1", "there are: Move Overhead"),
        ("setoption", "setoption name NAME value VALUE"),
    ):
        [answer] = talk.say(line)
        assert answer.startswith("info string error: ")
        assert told in answer
    assert talk.say("setoption name SyzygyPath value /a folder/with blanks") == []
    assert talk.say("setoption name move overhead value 30") == []
    assert talk.dialogue.dialect.options.number("Move Overhead") == 30
    assert talk.say("setoption name UCI_ShowWDL value true") == []
    words = talk.say("go nodes 20")[-2].split()
    numbers = [int(word) for word in words[words.index("wdl") + 1 :][:3]]
    assert sum(numbers) == 1000
    talk.say("setoption name UCI_ShowWDL value false")


def test_the_tree_goes_along_with_the_game(talk):
    first = talk.go("go nodes 150")
    talk.say(f"position startpos moves {first['best']} {first['ponder']}")
    kept = int(talk.go("go nodes 1")["nodes"])
    talk.say("ucinewgame")
    fresh = int(talk.go("go nodes 1")["nodes"])
    assert kept > fresh + 10


def test_moves_that_are_known_are_not_read_again(talk):
    talk.say("position startpos moves b2 a1 c1")
    before = talk.dialogue.dialect.reads
    talk.say("position startpos moves b2 a1 c1 a3 c3")
    assert talk.dialogue.dialect.reads == before + 2
    talk.say("position startpos moves b2 a1 a2")  # back, and another way
    assert talk.dialogue.dialect.reads == before + 3
    assert len(talk.dialogue.table.actions) == 3


def test_its_own_limits_hold_beside_the_clients():
    talk = talk_of(visits=20)
    assert int(talk.go("go nodes 100")["nodes"]) <= 24
    assert int(talk.go("go movetime 60000")["nodes"]) <= 28
    talk = talk_of(seconds=0.05)
    began = time.monotonic()
    talk.go("go movetime 60000")
    assert time.monotonic() - began < 30  # it was compiled as well


@pytest.mark.parametrize(("soon", "number"), [(0.0, 2), (math.inf, 1)])
def test_a_search_looks_at_its_tree_once_a_report(talk, monkeypatch, soon, number):
    """The last report gives the best move too; a search that is over before the first is due has no other."""
    monkeypatch.setattr("move37.engines.uci._SOON", soon)
    looks, look = [], talk.dialogue.thinker.snapshot
    monkeypatch.setattr(talk.dialogue.thinker, "snapshot", lambda: looks.append(1) or look())
    talk.say("position startpos moves b2")
    talk.go("go nodes 1")
    assert len(looks) == number


def test_a_fault_of_ours_is_told_and_a_move_comes_all_the_same(talk, monkeypatch, capsys):
    monkeypatch.setattr(talk.dialogue.thinker, "snapshot", lambda: 1 / 0)
    lines = talk.say("go nodes 20")
    assert lines[0].startswith("info string error: internal error: ZeroDivisionError")
    assert lines[-1].startswith("bestmove ")
    assert "Traceback" in capsys.readouterr().err


def test_nonsense(talk, pytestconfig):
    survives(talk, "uci", ["a1", "b2", "c3", "z9"], pytestconfig.getoption("nonsense"))


def test_centipawns():
    assert [uci_info.centipawns(v) for v in (0.0, 0.5, -0.5)] == [0, 89, -89]
    assert uci_info.centipawns(0.3) == -uci_info.centipawns(-0.3) == round(90 * math.tan(0.3 * 1.5637541897))
    assert uci_info.centipawns(1.5) == uci_info.centipawns(1.0) > 10_000


def _move(action, value=0.0, proof=0):
    return MoveInfo(action, 5, value, 0.1, value, (action,), (5,), proof)


def test_proofs_rank_moves_and_are_counted_as_the_protocol_counts():
    moves = [_move(0, 0.9), _move(1, proof=-2), _move(2, proof=5), _move(3, proof=3), _move(4, proof=-8), _move(5)]
    assert [move.action for move in uci_info.ranked(moves)] == [3, 2, 0, 5, 4, 1]
    assert [uci_info.score(_move(0, proof=n), 2) for n in (1, 3, 5, -2, -4)] == [
        "mate 1",
        "mate 2",
        "mate 3",
        "mate -1",
        "mate -2",
    ]
    assert [uci_info.score(_move(0, proof=n), 1) for n in (1, 3, -2)] == ["mate 1", "mate 3", "mate -2"]
    assert uci_info.win_draw_loss(_move(0, 0.5)) == "wdl 750 0 250"
    assert uci_info.win_draw_loss(_move(0, 0.5, -2)) == "wdl 0 0 1000"


def test_other_games_are_refused():
    with pytest.raises(BadConfig, match="plays tic_tac_toe; UCI is for chess: give it a run of chess or chess960"):
        Uci(TicTacToe())
    with pytest.raises(BadConfig, match="plays tic_tac_toe; USI is for shogi"):
        Usi(TicTacToe())
    with pytest.raises(BadConfig):
        Uci(Shogi())
