"""UCI with chess: positions, castling, mates, draws by repetition, and whole conversations with python-chess."""

import chess
import numpy as np
import pytest
from uci_talk import Talk, survives

from move37 import games
from move37.engines.dialect import Uci
from move37.engines.uci_table import Table
from move37.play.thinker import ThinkerConfig

SHUFFLE = "g1f3 g8f6 f3g1 f6g8"
WORTH = np.array([1, 3, 3, 5, 9, 0], np.float32)


def material(observation):
    """All moves alike; who has more is ahead. Of lean planes: six of the mover's pieces, then the opponent's."""
    counts = observation.reshape(len(observation), observation.shape[1], 64).sum(-1)[:, :12].astype(np.float32)
    ahead = counts[:, :6] @ WORTH - counts[:, 6:] @ WORTH
    return np.zeros((len(observation), 1858), np.float32), np.tanh(ahead / 10)


@pytest.fixture(scope="module")
def table():
    return Table(Uci(games.make("chess")))


@pytest.fixture(scope="module")
def table960():
    dialect = Uci(games.make("chess960"))
    return dialect, Table(dialect)


def test_moves_and_positions_are_those_of_python_chess(table):
    for fen, moves in (
        (None, "e2e4 d7d5 e4d5 c7c5 d5c6 d8d2 c1d2"),
        ("r3k2r/8/8/8/8/8/6p1/R3K2R w KQkq - 0 1", "e1c1 g2h1q"),
        ("8/P6k/8/8/8/8/7K/8 w - - 3 40", "a7a8n h7g6"),
    ):
        board = chess.Board(fen) if fen else chess.Board()
        for move in moves.split():
            board.push_uci(move)
        table.set_up([*(["fen", *fen.split()] if fen else ["startpos"]), "moves", *moves.split()])
        assert table._dialect.game.to_fen(table.state) == board.fen()
        assert table.player == (not board.turn)
        legal = {table.line([action])[0] for action in table.legal()}
        assert legal == {move.uci() for move in board.legal_moves}


def test_a_long_game_is_read_once(table):
    moves = SHUFFLE.split() * 75
    table.set_up(["startpos", "moves", *moves])
    states = [ply.state for ply in table._plies]
    table.set_up(["startpos", "moves", *moves, "e2e4", "e7e5"])
    assert all(a is ply.state for a, ply in zip(states, table._plies, strict=False))
    assert len(table.actions) == 302
    assert len(table.legal()) == 29


def test_castling_is_written_as_the_option_says(table960):
    dialect, table = table960
    usual = ["fen", "r3k2r/8/8/8/8/8/8/R3K2R", "w", "KQkq", "-", "0", "1"]
    for setting, texts in (("false", {"e1g1", "e1c1"}), ("true", {"e1h1", "e1a1"})):
        dialect.options.set(["name", "UCI_Chess960", "value", setting])
        table.set_up(["startpos"])
        table.set_up(usual)
        legal = {table.line([action])[0] for action in table.legal()}
        assert legal >= texts
        assert len(legal & {"e1g1", "e1c1", "e1h1", "e1a1"}) == 2
        table.set_up([*usual, "moves", max(texts)])
        assert dialect.game.to_fen(table.state) == "r3k2r/8/8/8/8/8/8/R4RK1 b kq - 1 1"
    dialect.options.set(["name", "UCI_Chess960", "value", "true"])
    table.set_up(["fen", "1r2kr2/8/8/8/8/8/8/1R2KR2", "w", "BFbf", "-", "0", "1", "moves", "e1b1"])
    assert dialect.game.to_fen(table.state).startswith("1r2kr2/8/8/8/8/8/8/2KR1R2 b")


@pytest.fixture(scope="module")
def talk():
    talk = Talk(Uci(games.make("chess")), material, thinker=ThinkerConfig(nodes=4096))
    assert talk.say("isready") == ["readyok"]
    return talk


MATES = [
    ("6k1/5ppp/8/8/8/8/8/K2R4 w - - 0 1", 300, "mate 1", "d1d8"),
    ("k2r4/8/8/8/8/8/5PPP/6K1 b - - 0 1", 300, "mate 1", "d8d1"),
    ("k7/8/1K6/8/8/8/8/7R b - - 0 1", 100, "mate -1", "a8b8"),
    ("7k/8/5K2/8/8/8/8/6R1 w - - 0 1", 2000, "mate 2", "f6f7"),
]


@pytest.mark.whole
def test_mates_are_found_and_told(talk):
    for fen, nodes, score, move in MATES:
        talk.say("ucinewgame")
        talk.say(f"position fen {fen}")
        found = talk.go(f"go nodes {nodes}")
        assert (found["score"], found["best"]) == (score, move), (fen, found)


@pytest.mark.whole
def test_scores_are_for_the_side_to_move(talk):
    for board, ahead in (("4k3/pppp4/8/8/8/8/PPPP4/Q3K3", "w"), ("q3k3/pppp4/8/8/8/8/PPPP4/4K3", "b")):
        for side in "wb":
            talk.say("ucinewgame")
            talk.say(f"position fen {board} {side} - - 0 1")
            kind, number = talk.go("go nodes 30")["score"].split()
            assert kind == "cp"
            assert (int(number) > 50) == (side == ahead), (board, side, number)
            assert abs(int(number)) > 50


@pytest.mark.whole
def test_no_move_is_left(talk):
    talk.say("position startpos moves f2f3 e7e5 g2g4 d8h4")
    assert talk.say("go movetime 100") == ["info depth 0 score mate 0", "bestmove (none)"]
    talk.say("position fen 7k/5Q2/6K1/8/8/8/8/8 b - - 0 1")
    assert talk.say("go") == ["info depth 0 score cp 0", "bestmove (none)"]


@pytest.mark.whole
def test_what_came_before_counts(talk):
    """The rook up, with moves that may only come back: a third repetition is a draw."""
    fen = "position fen 7k/8/8/8/8/8/r7/7K w - - 0 1"
    talk.say("ucinewgame")
    talk.say("setoption name MultiPV value 20")
    values = {}
    for history in ("", "moves h1g1 h8g8 g1h1 g8h8 h1g1 h8g8 g1h1 g8h8"):
        talk.say(f"{fen} {history}")
        lines = talk.say("go nodes 200")
        values[history] = next(line for line in reversed(lines) if " pv h1g1" in line)
    talk.say("setoption name MultiPV value 1")
    before, after = (int(line.split(" cp ")[1].split()[0]) for line in values.values())
    assert before < -30 < -5 < after  # h1g1 for the third time is a draw


@pytest.mark.whole
def test_a_game_that_is_drawn_already_goes_on(talk):
    talk.say(f"position startpos moves {SHUFFLE} {SHUFFLE} {SHUFFLE}")
    assert chess.Move.from_uci(talk.go("go nodes 20")["best"]) in chess.Board().legal_moves
    talk.say("position fen 7k/8/8/8/8/8/8/K7 w - - 0 1")  # dead
    assert talk.go("go nodes 20")["best"].startswith("a1")


@pytest.mark.whole
def test_the_tree_goes_along_with_the_game(talk):
    talk.say("ucinewgame")
    talk.say("position fen 7k/8/8/8/8/8/r7/7K w - - 0 1")
    found = talk.go("go nodes 1000")
    talk.say(f"position fen 7k/8/8/8/8/8/r7/7K w - - 0 1 moves {found['best']} {found['ponder']}")
    assert int(talk.go("go nodes 1")["nodes"]) > 40


@pytest.mark.whole
def test_nonsense(talk, pytestconfig):
    moves = ["e2e4", "e7e5", "e2e4 e7e5", "fen 8/8/8/8/8/8/8/K6k w - - 0 1", "e7e8q", "O-O"]
    survives(talk, "uci", moves, pytestconfig.getoption("nonsense"))
