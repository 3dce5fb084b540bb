"""`move37 uci` and `move37 usi` over real pipes: python-chess, other engines, an arbiter; other games are refused."""

import shlex
import shutil
import subprocess
import sys

import chess
import chess.engine
import cshogi
import pytest
from talker import MOVE37, STARTING, Talker

from conftest import write_run

LICHESS = {"Move Overhead": 100, "Threads": 4, "Hash": 512, "SyzygyPath": "./syzygy/", "UCI_ShowWDL": True}
PATH = "/usr/games:/usr/bin:/bin"
OPTIONS = ["--nodes=1024", "--visits=64"]


def installed(name):
    return pytest.mark.skipif(shutil.which(name, path=PATH) is None, reason=f"{name} is not installed: see apt-get")


def found(name):
    return shutil.which(name, path=PATH)


@pytest.fixture(scope="module")
def chess_run(tmp_path_factory):
    return write_run(tmp_path_factory.mktemp("chess") / "runs" / "small", "chess")


@pytest.fixture(scope="module")
def shogi_run(tmp_path_factory):
    return write_run(tmp_path_factory.mktemp("shogi") / "runs" / "small", "shogi")


@pytest.fixture(scope="module")
def ours(chess_run):
    engine = chess.engine.SimpleEngine.popen_uci([*MOVE37, "uci", str(chess_run), *OPTIONS], timeout=STARTING)
    engine.configure(LICHESS)
    engine.ping()
    yield engine
    engine.quit()
    assert engine.transport.get_returncode() == 0


def test_other_games_are_refused(go_run):
    done = subprocess.run([*MOVE37, "uci", str(go_run)], capture_output=True, text=True, timeout=STARTING, check=False)
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr.splitlines()[-1].startswith("move37: got an agent that plays go_5x5; UCI is for chess")


@pytest.mark.whole
def test_python_chess_with_the_options_of_lichess_bot(ours):
    assert ours.id["name"] == "move37 small@1"
    result = ours.play(chess.Board(), chess.engine.Limit(time=0.2), info=chess.engine.INFO_ALL, ponder=True)
    assert result.move in chess.Board().legal_moves
    assert {"score", "pv", "depth", "nodes", "nps", "wdl", "seldepth", "time"} <= set(result.info)
    assert result.info["pv"][0] == result.move
    limits = [chess.engine.Limit(white_clock=1, black_clock=1, white_inc=0.1, black_inc=0.1, remaining_moves=3)]
    limits += [chess.engine.Limit(depth=2), chess.engine.Limit(nodes=20), chess.engine.Limit()]
    for limit in limits:
        assert ours.play(chess.Board(), limit).move
    moves = [chess.Move.from_uci("a2a3"), chess.Move.from_uci("h2h3")]
    assert ours.play(chess.Board(), chess.engine.Limit(nodes=30), root_moves=moves).move in moves
    lines = ours.analyse(chess.Board(), chess.engine.Limit(nodes=60), multipv=3)
    assert len({line["pv"][0] for line in lines}) == 3
    mated = chess.Board("7k/6Q1/6K1/8/8/8/8/8 b - - 0 1")
    assert ours.play(mated, chess.engine.Limit(time=0.1)).move is None
    with ours.analysis(chess.Board()) as analysis:
        for info in analysis:
            if info.get("nodes", 0) > 16:
                break


@pytest.mark.whole
@pytest.mark.parametrize(
    "command", [pytest.param(text, marks=installed(text.split()[0])) for text in ("stockfish", "gnuchess -u")]
)
def test_whole_games(ours, command):
    """To the end, or 80 plies: each accepts all that the other plays."""
    with chess.engine.SimpleEngine.popen_uci([found(command.split()[0]), *command.split()[1:]], timeout=30) as other:
        for first in (ours, other):
            board, second = chess.Board(), other if first is ours else ours
            while not board.is_game_over(claim_draw=True) and board.ply() < 80:
                mover = second if board.ply() % 2 else first
                limit = chess.engine.Limit(nodes=24) if mover is ours else chess.engine.Limit(time=0.02, depth=2)
                result = mover.play(board, limit, game=id(board))
                assert result.move, board.fen()
                board.push(result.move)
            assert board.ply() > 8


def _shogi_game(black, white, plies):
    board, moves = cshogi.Board(), []
    for engine in (black, white):
        engine.say("usinewgame")
    while len(moves) < plies and not board.is_game_over():
        mover = white if len(moves) % 2 else black
        mover.say(
            f"position startpos moves {' '.join(moves)}".removesuffix(" moves "), "go btime 0 wtime 0 byoyomi 100"
        )
        while not (line := mover.line(60)).startswith("bestmove"):
            assert "error" not in line, (line, moves)
        move = line.split()[1]
        if move in ("resign", "win"):
            break
        assert board.is_legal(board.move_from_usi(move)), (move, moves)
        board.push_usi(move)
        moves.append(move)
    return moves


@pytest.mark.whole
@pytest.mark.parametrize("name", [pytest.param(name, marks=installed(name)) for name in ("fairy-stockfish", "gpsusi")])
def test_whole_games_of_shogi(shogi_run, tmp_path, name):
    engines = [Talker([*MOVE37, "usi", str(shogi_run), *OPTIONS], tmp_path), Talker([found(name)], tmp_path)]
    try:
        for engine in engines:
            engine.say("usi")
            while engine.line(STARTING) != "usiok":
                pass
            engine.say("setoption name UCI_Variant value shogi" * (name == "fairy-stockfish"), "isready")
            while engine.line(STARTING) != "readyok":
                pass
        for black, white in (engines, engines[::-1]):
            assert len(_shogi_game(black, white, 60)) > 8
        for engine in engines:
            engine.say("quit")
        assert engines[0].process.wait(60) == 0
    finally:
        for engine in engines:
            engine.end()


@pytest.mark.whole
def test_an_arbiter_of_shogi(shogi_run, tmp_path):
    script = tmp_path / "engine"
    script.write_text(f"#!/bin/sh\nexec {shlex.join([*MOVE37, 'usi', str(shogi_run), *OPTIONS])}\n")
    script.chmod(0o755)
    arguments = [str(script), str(script), "--games", "2", "--byoyomi", "200", "--draw", "40", "--csa", str(tmp_path)]
    command = [sys.executable, "-m", "cshogi.cli", *arguments]
    done = subprocess.run(command, capture_output=True, text=True, timeout=STARTING, check=False)
    assert done.returncode == 0, done.stderr[-2000:]
    assert "illegal" not in (done.stdout + done.stderr).lower()
    assert "timeup" not in (done.stdout + done.stderr).lower()
