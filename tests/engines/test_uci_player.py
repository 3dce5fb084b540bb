"""What a UCI engine does wrong loses the game and no more; what it is told is the game."""

import re

import chess
import jax
import numpy as np
import pytest

from move37 import games
from move37.core.errors import BadConfig
from move37.core.types import Opening
from move37.engines.process import EngineFailure, command_words
from move37.engines.uci_player import STANDARD, Spec, UciPlayer, read_spec
from move37.play.match import Answer, Line, Verdict, play_games

GAME = games.make("chess")
PROMOTES = "7k/P7/8/8/8/8/p7/7K w - - 0 1"  # both sides have a pawn to promote


class Follows:
    """Makes the last move that it may."""

    name, most_games = "follows", 2

    def answer(self, lines):
        return [Answer(int(np.flatnonzero(line.legal)[-1])) for line in lines]

    def end(self, line, counted):
        return Verdict()

    def close(self):
        pass


def _play(engine, opening):
    return list(play_games(GAME, engine, Follows(), 2, jax.random.key(5), 0, book=[opening]))


# (what the engine does, how its games end, the reason)
LOSSES = [
    ("crash", "forfeit", r"^ended with code 7 at 'go nodes 5'; its last words: 'assertion failed: go'"),
    ("silent", "time", r"^no answer to 'go nodes 5' within 1 s"),
    ("endless", "forfeit", r"lines"),
    ("twice", "forfeit", r"^played 'twice', which is no legal move in [\w/]+ [wb] "),
    ("e2e5", "forfeit", r"^played 'e2e5', which is no legal move"),
    ("a7a8", "forfeit", r"^played 'a7a8', which is no legal move"),
    ("a8=Q", "forfeit", r"^played 'a8=Q', which is no legal move"),
    ("(none)", "forfeit", r"^played '\(none\)', which is no legal move"),
    ("resign", "resign", r"^resigned"),
]


@pytest.mark.parametrize(("how", "ending", "reason"), LOSSES)
def test_a_failure_is_told_and_the_next_game_has_a_new_process(fake, how, ending, reason):
    engine = UciPlayer(fake.uci(how) + ";nodes=5", GAME, timeout=1.0 if ending == "time" else 60.0)
    assert engine.name == "Fake UCI"
    for number in range(2):
        (answer,) = engine.answer([Line(number, 0, (), None, PROMOTES)])
        assert (answer.action, answer.ending) == (None, ending)
        assert re.search(reason, answer.reason), answer
    assert len(fake.started) == (1 if how == "resign" else 2)
    engine.close()
    assert not fake.living()


@pytest.mark.whole
@pytest.mark.parametrize(("how", "ending"), [("crash", "forfeit"), ("silent", "time"), ("e2e5", "forfeit")])
def test_a_failure_loses_the_game_and_the_match_goes_on(fake, how, ending):
    played = _play(UciPlayer(fake.uci(how), GAME, timeout=1.0, most_games=1), Opening(PROMOTES))
    assert [end.number for end in played] == [0, 1]
    assert {(end.score, end.ending) for end in played} == {(-1.0, ending)}, played
    assert [len(end.actions) for end in played] == [0, 1]
    assert not fake.living()


def test_an_engine_is_told_all_moves_of_a_game(fake):
    state = GAME.from_text(PROMOTES)
    moves = (GAME.read(state, "a7a8q"),)
    engine = UciPlayer(fake.uci("tells"), GAME)
    answers = [*engine.answer([Line(0, 0, (), None, PROMOTES)]), *engine.answer([Line(1, 0, moves, None, PROMOTES)])]
    assert [answer.reason.partition("last words: ")[2] for answer in answers] == ["'told'", "'told a7a8q'"]


@pytest.mark.whole
def test_stockfish_sees_the_position_and_mates():
    try:
        command_words("stockfish")
    except EngineFailure:
        pytest.skip("needs the program stockfish: apt-get install stockfish")
    start = "7k/8/5K2/8/8/8/8/R6R b - - 0 1"
    played = _play(UciPlayer("stockfish;nodes=500", GAME), Opening(start))
    (end,) = (end for end in played if end.sides[0] == 0)  # Stockfish is White
    assert (end.ending, end.score) == ("rules", 1.0), end
    board = chess.Board(start)
    for action in end.actions:
        board.push_uci(GAME.uci(GAME.from_fen(board.fen()), action))
    assert board.is_checkmate()


def test_a_player_is_refused_where_it_cannot_play(fake):
    with pytest.raises(BadConfig, match="uci: plays no tic_tac_toe"):
        UciPlayer(fake.uci("e2e4"), games.make("tic_tac_toe"))
    with pytest.raises(EngineFailure, match=r"has no option 'Hash'; it has: Skill Level, Style, Ponder"):
        UciPlayer(fake.uci("e2e4") + ";Hash=1", GAME)
    with pytest.raises(EngineFailure, match=r"has no option 'UCI_Chess960'"):
        UciPlayer(fake.uci("e2e4"), games.make("chess960"))


def test_a_player_is_a_command_options_and_limits():
    assert read_spec("gnuchess -u", "uci") == Spec("gnuchess -u", (), STANDARD)
    spec = read_spec("sf -x;Skill Level = 0;nodes=100; Clear Hash ;depth=3", "uci")
    assert spec == Spec("sf -x", (("Skill Level", "0"), ("Clear Hash", "")), "nodes 100 depth 3")
    assert read_spec("gps;byoyomi=50", "usi").limit == "btime 0 wtime 0 byoyomi 50"
    for bad in ("0", "-1", "many", ""):
        with pytest.raises(EngineFailure, match="must be a whole number of 1 or more"):
            read_spec(f"sf;nodes={bad}", "uci")
