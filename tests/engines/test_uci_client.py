"""Whatever a UCI engine does, a move or a reason comes in time, and no process is left."""

import re
import time

import pytest

from move37.engines.process import EngineFailure, command_words
from move37.engines.uci_client import UciClient


def test_a_move_comes_from_behind_the_chatter(fake):
    for protocol in ("uci", "usi"):
        client = UciClient(fake.uci("e2e4"), protocol, 30.0)
        assert (client.name, list(client.options)) == ("Fake UCI", ["skill level", "style", "ponder"])
        client.set("skill level", "3")
        client.set("Style", "very wild")
        client.ready("ucinewgame")
        assert client.best_move("position startpos", "nodes 1") == "e2e4"
        client.close()


FAILURES = [
    ("silent", "time", r"no answer to 'go nodes 1' within 0.7 s"),
    ("crash", "forfeit", r"ended with code 7 at 'go nodes 1'; its last words: 'assertion failed: go'"),
    ("endless", "forfeit", r"more than 1\d0,000 lines|more than 10,000 lines that nobody asked for"),
]


@pytest.mark.parametrize(("how", "ending", "reason"), FAILURES)
def test_a_failure_comes_in_time_and_says_why(fake, how, ending, reason):
    client = UciClient(fake.uci(how), "uci", 30.0)
    client.timeout = 0.7 if ending == "time" else 30.0
    with pytest.raises(EngineFailure, match=reason) as failure:
        client.best_move("position startpos", "nodes 1")
    assert failure.value.ending == ending
    client.close(0.0)


def test_an_answer_that_nobody_asked_for_is_told(fake):
    client = UciClient(fake.uci("twice"), "uci", 30.0)
    client.best_move("position startpos", "nodes 1")
    time.sleep(0.2)
    with pytest.raises(EngineFailure, match=r"said 'bestmove e2e4' before it was asked 'go'"):
        client.best_move("position startpos", "nodes 1")
    client.close()


def test_options_that_cannot_be_set_are_told_with_what_can(fake):
    client = UciClient(fake.uci("e2e4"), "usi", 30.0)
    client.set("USI_Hash", "16")  # need not be listed
    bad = {
        ("Skil", "1"): "has no option 'Skil'; it has: Skill Level, Style, Ponder",
        ("Skill Level", "21"): "option 'Skill Level' is '21'; it must be a whole number from 0 to 20",
        ("Skill Level", "x"): "from 0 to 20",
        ("Style", "Mad"): "it must be Calm, Very Wild",
        ("Ponder", "on"): "it must be true or false",
    }
    for (name, value), says in bad.items():
        with pytest.raises(EngineFailure, match=re.escape(says)):
            client.set(name, value)
    client.close()


@pytest.mark.parametrize(("protocol", "program"), [("uci", "stockfish"), ("usi", "fairy-stockfish")])
def test_real_engines_answer_alike_twice(protocol, program):
    try:
        command_words(program)
    except EngineFailure:
        pytest.skip(f"needs the program {program}: apt-get install {program}")
    moves = []
    for _ in range(2):
        client = UciClient(program, protocol)
        client.ready(f"{protocol}newgame")
        moves.append(client.best_move("position startpos", "nodes 200"))
        client.close()
    assert moves[0] == moves[1]
    assert re.fullmatch(r"([1-9a-i]{2}){2}", moves[0])
