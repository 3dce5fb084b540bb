"""USI with shogi: drops, the declaration, resignation, mates counted in plies; positions are those of cshogi."""

import cshogi
import numpy as np
import pytest
from uci_talk import Talk, survives

from move37 import games
from move37.engines.dialect import Usi
from move37.engines.uci_table import Table
from move37.play.thinker import ThinkerConfig

GAME = games.make("shogi")
ENTERED = "+R+R+BG5/+B1+P+P5/K1PPPPP2/9/9/9/9/9/8k b 2G2S2N2LP 1"  # more than 27 points, the king is in


def no_opinion(observation):
    return np.zeros((len(observation), GAME.num_actions), np.float32), np.zeros(len(observation), np.float32)


@pytest.mark.whole
def test_moves_and_positions_are_those_of_cshogi():
    table = Table(Usi(GAME))
    moves = ["7g7f", "3c3d", "8h2b+", "3a2b", "B*5e", "B*4d", "5e4d"]
    table.set_up(["startpos", "moves", *moves])
    board = cshogi.Board()
    for move in moves:
        board.push_usi(move)
    assert table._dialect.game.to_sfen(table.state) == board.sfen()
    assert table.player == 1
    legal = {table.line([action])[0] for action in table.legal()}
    assert legal == {cshogi.move_to_usi(move) for move in board.legal_moves}
    table.set_up(["sfen", *board.sfen().split(), "moves", "3d3e"])
    board.push_usi("3d3e")
    assert table._dialect.game.to_sfen(table.state) == board.sfen()


@pytest.fixture(scope="module")
def talk():
    talk = Talk(Usi(GAME), no_opinion, thinker=ThinkerConfig(nodes=1024))
    assert talk.say("isready") == ["readyok"]
    return talk


@pytest.mark.whole
def test_it_introduces_itself(talk):
    lines = talk.say("usi")
    assert lines[-1] == "usiok"
    assert "option name USI_Ponder type check default false" in lines
    assert talk.say("usinewgame") == talk.say("gameover win") == talk.say("setoption name USI_Hash value 256") == []
    assert talk.say("go mate infinite") == ["checkmate notimplemented"]


@pytest.mark.whole
def test_byoyomi_is_kept_and_a_move_is_the_first_of_the_line(talk):
    talk.say("position startpos moves 7g7f 3c3d")
    found = talk.go("go btime 0 wtime 0 byoyomi 500")
    assert found["pv"].split()[0] == found["best"]
    assert int(found["time"]) < 1500  # on a machine that has much else to do


@pytest.mark.whole
@pytest.mark.parametrize(
    ("sfen", "score"),
    [("4k4/9/4G4/9/9/9/9/9/4K4 b G 1", "mate 1"), ("4k4/9/9/9/9/9/4g4/9/4K4 w g 1", "mate 1")],
)
def test_mates_by_both_players(talk, sfen, score):
    talk.say("usinewgame")
    talk.say(f"position sfen {sfen}")
    found = talk.go("go nodes 800")
    assert found["score"] == score
    assert found["best"].startswith("G*5")
    board = cshogi.Board(sfen)
    board.push_usi(found["best"])
    assert board.is_game_over()


@pytest.mark.whole
def test_the_declaration_wins_and_the_mated_resigns(talk):
    assert cshogi.Board(ENTERED).is_nyugyoku()
    talk.say(f"position sfen {ENTERED}")
    assert talk.say("go btime 1000 wtime 1000") == ["info depth 1 score mate 1 pv win", "bestmove win"]
    assert talk.say("go ponder", (3, "ponderhit"))[-1] == "bestmove win"
    talk.say("position sfen 4k4/4G4/4G4/9/9/9/9/9/4K4 w - 1")
    assert talk.say("go byoyomi 100") == ["info depth 0 score mate 0", "bestmove resign"]


@pytest.mark.whole
def test_nonsense(talk, pytestconfig):
    moves = ["7g7f", "3c3d", "7g7f 3c3d 8h2b+", "P*5e", "sfen 4k4/9/9/9/9/9/9/9/4K4 b G 1"]
    survives(talk, "usi", moves, pytestconfig.getoption("nonsense"))
