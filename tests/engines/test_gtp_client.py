"""Whatever a program does, an answer or a reason comes in time, and no process is left."""

import os
import re
import time

import pytest

from move37.engines.gtp_client import GtpClient, Refused
from move37.engines.process import EngineFailure, command_words

# (what the engine does, how the game ends, the reason)
FAILURES = [
    ("silent", "time", r"no answer to 'genmove black' within 0.7 s"),
    ("slow", "time", r"no answer to 'genmove black' within 0.7 s"),
    ("partial", "time", r"no answer to 'genmove black' within 0.7 s"),
    ("killed", "forfeit", r"died by signal 9 at 'genmove black'"),
    ("closes", "forfeit", r"closed its output"),
    ("garbage", "forfeit", r"answered 'genmove black' with 'I would play in the corner'"),
    ("binary", "forfeit", r"answered 'genmove black' with '�+'"),
    ("endless", "forfeit", r"more than 10,000 lines"),
    ("one_line", "forfeit", r"said a line of more than 65,536 bytes at 'genmove black'"),
]


@pytest.mark.parametrize(("how", "ending", "reason"), FAILURES)
def test_a_failure_comes_in_time_and_says_why(fake, how, ending, reason):
    client = GtpClient(fake(how), timeout=30.0)
    assert client.ask("name") == "Fake"
    client.timeout = 0.7 if ending == "time" else 30.0
    began = time.monotonic()
    with pytest.raises(EngineFailure, match=reason) as failure:
        client.ask("genmove black")
    assert failure.value.ending == ending
    assert time.monotonic() - began < (5 if ending == "time" else 25)
    client.close()


def test_the_end_of_a_program_tells_its_code_and_its_last_words(fake):
    client = GtpClient(fake("crash"), timeout=30.0)
    assert [client.ask("genmove black"), client.ask("genmove black")] == ["pass", "pass"]
    with pytest.raises(EngineFailure, match=r"^ended with code 7 at 'genmove black'; its last words: 'assertion"):
        client.ask("genmove black")
    with pytest.raises(EngineFailure, match="ended with code 7 at 'name'"):
        client.ask("name")
    client.close()


def test_answers_in_pieces_behind_greetings_and_complaints_are_understood(fake):
    for how in ("pieces", "greets", "complains"):
        client = GtpClient(fake(how), timeout=30.0)
        assert client.ask("list_commands").split()[:2] == ["name", "version"], how
        assert client.ask("genmove black").lower() == "pass", how
        client.close()


def test_a_refusal_is_told_and_the_process_goes_on(fake):
    client = GtpClient(fake("no_size"), timeout=30.0)
    with pytest.raises(Refused, match="refused 'boardsize 9': 'unacceptable size'"):
        client.ask("boardsize 9")
    assert client.ask("name") == "Fake"
    client.close()


def test_what_nobody_asked_for_is_no_answer(fake):
    client = GtpClient(fake("twice"), timeout=30.0)
    client.ask("genmove black")
    time.sleep(0.2)
    with pytest.raises(EngineFailure, match=r"said '= pass' before it was asked 'name'"):
        client.ask("name")
    client.close()


def test_no_process_outlives_its_client_nor_do_its_children(fake):
    for how in ("children", "stays", "silent"):
        client = GtpClient(fake(how), timeout=30.0)
        client.ask("name")
        began = time.monotonic()
        client.close(patience=0.3)
        assert time.monotonic() - began < 3
        assert not fake.living(), how
    client = GtpClient(fake("stays"), timeout=30.0)
    client.ask("name")
    del client  # forgotten
    assert len(fake.started) == 5
    assert not fake.living()


def test_programs_that_there_are_not(fake, tmp_path):
    with pytest.raises(EngineFailure, match=r"'no_such_engine' is no program on PATH or in /usr/games: install it"):
        GtpClient("no_such_engine --mode gtp")
    with pytest.raises(EngineFailure, match=r"is no program: install it"):
        GtpClient("./no_such_engine")
    with pytest.raises(EngineFailure, match=r"no engine is named"):
        GtpClient("  ")
    with pytest.raises(EngineFailure, match=r"is no command line: no closing quotation"):
        GtpClient("'engine")
    script = tmp_path / "script"
    script.write_bytes(b"\x00\x01")
    script.chmod(0o755)
    with pytest.raises(EngineFailure, match=r"does not start: Exec format error"):
        GtpClient(str(script))
    client = GtpClient(fake("dies_at_once"), timeout=30.0)
    with pytest.raises(EngineFailure, match="ended with code 3 at 'name'"):
        client.ask("name")
    client.close()


def test_programs_are_found_on_path_in_usr_games_and_at_home(tmp_path, monkeypatch):
    engine = tmp_path / "an engine"
    engine.write_text("#!/bin/sh\n")
    engine.chmod(0o755)
    monkeypatch.setenv("HOME", str(tmp_path))
    assert command_words("'~/an engine' --net ~/net.bin --name 'a b'") == [
        str(engine),
        "--net",
        f"{tmp_path}/net.bin",
        "--name",
        "a b",
    ]
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setattr("move37.engines.process._FOLDERS", (str(tmp_path / "games"),))
    assert command_words("'an engine'") == [str(engine)]
    (tmp_path / "games").mkdir()
    os.rename(engine, tmp_path / "games" / "hidden")
    assert re.search(r"games/hidden$", command_words("hidden")[0])
