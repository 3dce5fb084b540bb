"""GNU Go and GRhino, real engines: whole games by our rules, and who has won when dead stones are left."""

import jax
import numpy as np
import pytest

from move37 import games
from move37.data.record import Result
from move37.engines.agreement import settle
from move37.engines.gtp_player import GtpPlayer
from move37.engines.process import EngineFailure, command_words
from move37.play.match import Line, Verdict, play_games
from move37.play.players import RandomPlayer

GO = games.make("go_9x9")
GNUGO = "gnugo --mode gtp --level 1 --chinese-rules --positional-superko --never-resign --seed 1"


def _needs(program):
    try:
        command_words(program)
        return pytest.mark.skipif(False, reason="")
    except EngineFailure:
        package = {"gtp-rhino": "grhino"}.get(program, program)
        return pytest.mark.skip(reason=f"needs the program {program}: apt-get install {package}")


class Script:
    """Puts stones on these points, one after the other, as far as it may; then it passes."""

    name = "script"

    def __init__(self, points):
        self._points = [GO.parse_action(point) for point in points.split()]
        self._legal = jax.jit(jax.vmap(GO.legal))

    def choose(self, states, key):
        return np.array([next((p for p in self._points if row[p]), 81) for row in np.asarray(self._legal(states))])


def _settled(game, *arguments, **options):
    return [settle(game, played, **options) for played in play_games(game, *arguments)]


@pytest.mark.whole
@_needs("gnugo")
def test_gnugo_beats_random_play_and_agrees_about_the_result():
    ends = _settled(GO, GtpPlayer(GNUGO, GO), RandomPlayer(GO), 4, jax.random.key(0))
    assert [end.played.score for end in ends] == [1.0] * 4
    for end in ends:
        assert (end.played.ending, end.played.reason, end.given_up) == ("rules", "", ())
        assert end.played.names == ("GNU Go 3.8", "random")
        assert not end.disputed
        assert end.result == end.by_the_rules
        assert end.result.margin > 60  # all of the board


@pytest.mark.whole
@_needs("gnugo")
def test_gnugo_plays_itself_without_a_fault():
    one, two = (GtpPlayer(GNUGO, GO, name, most_games=2) for name in "ab")
    ends = _settled(GO, one, two, 4, jax.random.key(1))
    for end in ends:
        assert (end.played.ending, end.played.reason) == ("rules", "")
        assert len(end.played.actions) > 20
        assert not end.disputed
        assert end.played.verdicts[0] == end.played.verdicts[1]
    by_pair = [{end.result for end in ends if end.played.number // 2 == pair} for pair in (0, 1)]
    assert [len(results) for results in by_pair] == [1, 1]  # one seed: with colours swapped the same games


@_needs("gnugo")
def test_an_engine_takes_the_dead_stones_of_one_who_passes_on():
    ends = _settled(GO, GtpPlayer(GNUGO, GO), Script("C3 G7 C7"), 2, jax.random.key(0), 0)
    for end in ends:
        assert end.doubts == ()
        assert end.result == Result(*((1, "score", 73.5) if end.played.sides[0] == 0 else (-1, "score", 88.5)))


@_needs("gnugo")
def test_without_taking_them_it_would_lose_what_it_has_won():
    engine = GtpPlayer(GNUGO, GO, most_games=1)
    engine._seats.first.commands -= {"undo"}
    ends = _settled(GO, engine, Script("C3 G7 C7"), 2, jax.random.key(0), 0)
    black = next(end for end in ends if end.played.sides[0] == 0)
    assert black.played.score == -1.0
    assert black.result.winner == -1
    assert black.disputed
    assert black.doubts == ("GNU Go 3.8 counts B+73.5",)


@_needs("gnugo")
def test_an_engine_says_which_of_its_own_stones_are_dead():
    """Black lives on the left, White on the right, where one black stone is left: F4."""
    game = games.make("go_7x7")
    black = ["C1", "C2", "C3", "C4", "C5", "C6", "C7", "F4", "pass", "pass", "pass"]
    white = ["D1", "D2", "D3", "D4", "D5", "D6", "D7", "F5", "F3", "G4", "pass"]
    moves = [game.parse_action(move) for pair in zip(black, white, strict=True) for move in pair]
    engine = GtpPlayer(GNUGO, game)
    engine.answer([Line(0, 0, tuple(moves[:-2]), None)])
    verdict = engine.end(Line(0, 0, tuple(moves), None), counted=True)
    engine.close()
    assert verdict == Verdict("W+14.5", (game.parse_action("F4"),))


@pytest.mark.whole
@_needs("gtp-rhino")
def test_grhino_plays_othello_and_counts_as_we_do():
    game = games.make("othello_8x8")
    ends = _settled(game, GtpPlayer("gtp-rhino", game), RandomPlayer(game), 4, jax.random.key(0))
    for end in ends:
        assert (end.played.ending, end.played.score) == ("rules", 1.0)
        assert end.doubts == ()
        assert end.played.verdicts[0].said[:2] == ("B+" if end.played.sides[0] == 0 else "W+")
    assert any(64 in end.played.actions for end in ends)  # somebody had to pass
