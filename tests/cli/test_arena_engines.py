"""The arena with engines of others: files of the games, failures told, and no process left, even after Ctrl-C."""

import io
import json
import os
import re
import shlex
import sys
import time
from pathlib import Path

import chess.pgn
import cshogi
import cshogi.CSA
import cshogi.KIF
import jax
import numpy as np
import pytest

from move37 import games
from move37.cli.common import stoppable
from move37.data import sgf
from move37.data.record import BLACK, WHITE, Result, game_record
from move37.engines.process import EngineFailure, command_words
from move37.games import shogi_sfen
from move37.run.records import read_games, states_of

FAKE = Path(__file__).parents[1] / "engines" / "fake_engine.py"


@pytest.fixture
def fake(tmp_path):
    """`fake("silent")` is a player that is one."""
    (tmp_path / "log").touch()
    return lambda how: "gtp:" + shlex.join([sys.executable, str(FAKE), how, str(tmp_path / "log")])


def _living(folder):
    def lives(number):
        try:
            return "\nState:\tZ" not in Path(f"/proc/{number}/status").read_text()
        except OSError:
            return False

    time.sleep(0.1)
    return [number for number in (folder / "log").read_text().split() if lives(number)]


def test_games_report_and_console_tell_the_same(move37, here, fake):
    arguments = [fake("well"), f"broken={fake('killed')}", "random", "--game=go_5x5", "--games=4", "--at-once=2"]
    said = move37("arena", *arguments, "--sgf", "games", "--record", "all.jsonl", "--out", "report.json")
    assert said.code == 0, said.err
    report = json.loads((here / "report.json").read_text())
    assert [(e["player"], e["name"], e["version"]) for e in report["engines"]] == [
        ("Fake 1.0", "Fake", "1.0"),
        ("broken", "Fake", "1.0"),
    ]
    assert report["engines"][1]["command"] == fake("killed")[4:]
    assert len(report["played"]) == 12
    assert all("signal 9 at 'genmove" in row["reason"] for row in report["failures"])
    assert len(report["failures"]) == 8  # all games of the one that breaks down
    assert report["failures"] == [row for row in report["played"] if row["ending"] != "rules"]
    assert {row["winner"] for row in report["failures"]} == {"Fake 1.0", "random"}
    assert said.out.count("broken (Black) closed its output or died by signal 9") >= 2
    assert "broken – Fake 1.0: +0 =0 −4\n  broken as Black +0 =0 −2, as White +0 =0 −2\n  4 broke down\n" in said.out
    wins = {m["first"] + " " + m["second"]: (m["wins"], m["losses"]) for m in report["matches"]}
    assert wins["broken Fake 1.0"] == (0, 4)
    assert wins["random broken"] == (4, 0)
    _check_files(here, report)


def _check_files(folder, report):
    """SGF and records against the report, by our reader and by the rules."""
    game = games.make("go_5x5")
    records = list(read_games(folder / "all.jsonl"))
    files = sorted((folder / "games").iterdir())
    assert len(files) == len(records) == 12
    by_name = {(*sorted(row["sides"]), row["number"]): row for row in report["played"]}
    for path in files:
        (tree,) = sgf.read(path)
        record = game_record(tree)
        number = int(path.stem.rpartition("-")[2])
        row = by_name[(*sorted((record.black.name, record.white.name)), number)]
        assert [record.black.name, record.white.name] == row["sides"]
        assert (record.size, record.komi, len(record.moves)) == (5, 7.5, row["moves"])
        assert [move.colour for move in record.moves] == [(BLACK, WHITE)[i % 2] for i in range(row["moves"])]
        assert tree.root["RE"] == [row["result"]]
        assert tree.root["DT"] == [time.strftime("%Y-%m-%d")]
        if row["ending"] == "forfeit":
            assert record.result == Result(BLACK if row["winner"] == row["sides"][0] else WHITE, "forfeit")
            assert row["reason"] in record.comments[len(record.moves)]
        moves = [move.action for move in record.moves]
        assert moves in [other["moves"] for other in records]
    for record in records:
        state = list(states_of(game, record))[-1]
        assert record["ending"] in ("rules", "forfeit")
        if record["ending"] == "rules":
            black = np.sign(float(jax.jit(game.score)(state)))
            assert record["result"] == (black if len(record["opening"]) % 2 == 0 else -black)


def test_other_games_have_records_and_no_sgf(move37, here):
    said = move37("arena", "random", "random", "--game=tic_tac_toe", "--games=2", "--record", "a.jsonl")
    assert said.code == 0, said.err
    said = move37("arena", "random", "random", "--game=tic_tac_toe", "--games=2", "--record", "a.jsonl")
    records = list(read_games(here / "a.jsonl"))
    assert len(records) == 4
    assert records[:2] == records[2:]  # the same seed; a second arena is appended
    assert {tuple(record["sides"]) for record in records} == {("random", "random#2"), ("random#2", "random")}
    assert "random#2 as first +" in said.out


@pytest.mark.whole
def test_a_book_of_chess_with_stockfish_as_pgn(move37, here):
    try:
        command_words("stockfish")
    except EngineFailure:
        pytest.skip("needs the program stockfish: apt-get install stockfish")
    fen = "4k3/7P/8/8/8/8/p7/4K3 w - - 0 1"
    (here / "book").write_text(f"{fen}\n1. e4 e5 2. Nf3\n")
    engine = "sf=uci:stockfish;Skill Level=0;nodes=10"
    arguments = "random", engine, "--game=chess", "--games=4", "--openings=book", "--pgn=games", "--record=all.jsonl"
    said = move37("arena", *arguments)
    assert said.code == 0, said.err
    starts = []
    for path in sorted((here / "games").iterdir()):
        read = chess.pgn.read_game(io.StringIO(path.read_text()))
        end = read.end().board()
        assert read.errors == []
        assert end.is_game_over(claim_draw=True)
        assert end.result(claim_draw=True) == read.headers["Result"]
        assert {read.headers["White"], read.headers["Black"]} == {"sf", "random"}
        starts.append(read.headers.get("FEN"))
        if read.headers.get("FEN") is None:
            assert [move.uci() for move in read.mainline_moves()][:3] == ["e2e4", "e7e5", "g1f3"]
    assert sorted(starts, key=str) == [fen, fen, None, None]
    game = games.make("chess")
    assert [record.get("start") for record in read_games(here / "all.jsonl")].count(fen) == 2
    assert all(game.tally(list(states_of(game, record))[-1]) for record in read_games(here / "all.jsonl"))


@pytest.mark.whole
def test_games_of_shogi_as_csa_and_kif_are_those_of_the_record(move37, here):
    late = "503\n", "503 moves 7g7f 3c3d\n"  # of 512 moves
    (here / "book").write_text(f"4k4/9/4P4/9/9/9/9/9/4K4 b G2P {late[0]}{shogi_sfen.START[:-1]}{late[1]}")
    arguments = ["--game=shogi", "--games=4", "--openings=book", "--csa=c", "--kif=k", "--record=all.jsonl"]
    said = move37("arena", "random", "greedy", *arguments)
    assert said.code == 0, said.err
    game, files = games.make("shogi"), sorted((here / "c").iterdir())
    assert len(files) == len(list((here / "k").iterdir())) == 4
    found = []
    for path in files:
        (read,) = cshogi.CSA.Parser.parse_file(str(path), encoding="utf-8")
        kif = (here / "k" / f"{path.stem}.kif").read_text("utf-8")
        result = {cshogi.BLACK_WIN: 1.0, cshogi.WHITE_WIN: -1.0}.get(read.win, 0.0)
        assert cshogi.KIF.Parser.parse_str(kif.partition("手数-")[0] + kif.splitlines()[-1]).win == read.win
        if read.sfen.startswith("lnsg"):
            assert cshogi.KIF.Parser.parse_str(kif).moves == read.moves
        found.append((read.names, [cshogi.move_to_usi(move) for move in read.moves], result))
    for record in read_games(here / "all.jsonl"):
        actions = [*record["opening"], *record["actions"]]
        states = states_of(game, record)
        moves = [game.usi(state, action) for state, action in zip(states, actions, strict=False)]
        assert (record["sides"], moves, record["result"] * (-1) ** len(record["opening"])) in found


BAD = [
    ("random gtp:no_such_engine --game go_5x5", r"'gtp:no_such_engine': engine 'no_such_engine' is no program on PATH"),
    ("random gtp: --game go_5x5", r"'gtp:': no engine is named; its command line follows the protocol"),
    ("random gtp:cat --game tic_tac_toe", r"GTP engines are asked for Go and Othello; tic_tac_toe is neither"),
    ("random gtp:true --game go_5x5", r"'gtp:true': ended with code 0 at 'list_commands'"),
    ("random gtp:cat", r"no player is a run: say which game with --game"),
    ("random random --game hex_3x3 --sgf games", r"--sgf writes games of Go; for hex_3x3 there is --record FILE"),
    ("random uci:true --game chess", r"'uci:true': ended with code 0 at 'uci'"),
    ("random uci:cat;nodes=x --game chess", r"'uci:cat;nodes=x': nodes is 'x'; it must be a whole number of 1 or more"),
    ("random usi:cat --game chess", r"UCI engines are asked for chess and USI engines for shogi; usi: plays no chess"),
    ("random random --game go_5x5 --pgn games", r"--pgn writes games of chess; for go_5x5 there is --record FILE"),
    ("random random --game chess --csa games", r"--csa writes games of shogi; for chess there is --record FILE"),
    ("random random --game chess --kif games", r"--kif writes games of shogi; for chess there is --record FILE"),
    ("random random --game shogi --kif file", r"--kif file is a file; name a folder"),
    ("random random --game shogi --csa old", r"--csa old holds games already; name a new folder"),
    ("random random random --game go_5x5 --sprt 0 5", r"tests the first player against the second: got 3 players"),
    ("random random --game go_5x5 --sprt 0 5 --sprt-errors 0.6 0.1", r"sprt: got alpha 0.6 and beta 0.1; both must be"),
    ("random random --game go_5x5 --sprt 5 0", r"sprt: got 5 and 0 points; the first must be less"),
    ("random random --game go_5x5 --openings file", r"file: no opening in this file"),
    ("random random --game go_5x5 --sgf file", r"--sgf file is a file; name a folder"),
    ("random random --game go_5x5 --sgf old", r"--sgf old holds games already; name a new folder"),
    ("random random --game go_5x5 --record old", r"--record old is a folder; name a file in it"),
    ("random random --game go_5x5 --record no/x", r"--record no/x: there is no folder 'no'; make it first"),
]


@pytest.mark.parametrize(("arguments", "pattern"), BAD)
def test_mistakes_end_in_one_line(move37, here, arguments, pattern):
    (here / "file").touch()
    (here / "old").mkdir()
    (here / "old" / "a.sgf").touch()
    (here / "old" / "a.csa").touch()
    before = sorted(here.rglob("*"))
    said = move37("arena", *arguments.split())
    assert (said.code, said.err.count("\n")) == (1, 1), said
    assert re.search(pattern, said.err), said.err
    assert sorted(here.rglob("*")) == before


@pytest.mark.parametrize("how", ["ctrl_c", "sigterm"])
def test_no_engine_outlives_an_arena_that_is_stopped(tmp_path, terminal, fake, how):
    arguments = [fake("silent"), fake("stays"), "random", "--game=go_5x5", "--games=2", "--record=x.jsonl"]
    process = terminal(tmp_path, "arena", *arguments)
    process.wait_for("move 1")
    assert _living(tmp_path)
    if how == "ctrl_c":
        process.type("\x03")
    else:
        os.kill(process.process.pid, 15)
    assert process.end() == 130
    assert "stopped after 0 of 6 games" in process.text
    assert "Traceback" not in process.text
    assert not _living(tmp_path)


def test_ctrl_c_in_a_callback_is_not_lost():
    class Rude:
        def __del__(self):
            raise KeyboardInterrupt

    hook = sys.unraisablehook
    with pytest.raises(KeyboardInterrupt), stoppable():  # noqa: PT012
        Rude()
        time.sleep(30)
    assert sys.unraisablehook is hook
