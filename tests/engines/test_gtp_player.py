"""What an engine does wrong loses the game and no more: the match goes on, with a new process for the next game."""

import os
import re
import signal
import threading
import time

import jax
import numpy as np
import pytest

from move37 import games
from move37.core.errors import BadConfig
from move37.engines.gtp_player import GtpPlayer
from move37.engines.process import EngineFailure
from move37.play.arena import play_match
from move37.play.match import Line, Verdict, play_games

GAME = games.make("go_5x5")
PASS = GAME.num_actions - 1
LEGAL = jax.jit(jax.vmap(GAME.legal))


class Stubborn:
    """Takes the last point that it may, so that games last."""

    name = "stubborn"

    def choose(self, states, key):
        return np.array([np.flatnonzero(row[:-1])[-1] if row[:-1].any() else PASS for row in np.asarray(LEGAL(states))])


class Passes:
    """Does nothing."""

    name = "passes"

    def choose(self, states, key):
        return np.full(len(states.num_moves), PASS)


def _play(engine, opponent, openings=4):
    return list(play_games(GAME, engine, opponent, 4, jax.random.key(5), openings))


# (what the engine does, how its games end, the reason)
LOSSES = [
    ("crash", "forfeit", r"ended with code 7 at 'genmove \w+'; its last words: 'assertion failed: move 3'"),
    ("killed", "forfeit", r"signal 9"),
    ("garbage", "forfeit", r"answered 'genmove \w+' with 'I would play in the corner'"),
    ("no_move", "forfeit", r"answered 'genmove \w+' with 'Z99', which is no move"),
    ("empty", "forfeit", r"answered 'genmove \w+' with '', which is no move"),
    ("illegal", "forfeit", r"played an illegal move, A1"),
    ("refuses", "forfeit", r"refused 'play \w+ \w+': 'illegal move'"),
    ("no_size", "forfeit", r"refused 'boardsize 5': 'unacceptable size'"),
    ("resign", "resign", r"resigned"),
    ("slow", "time", r"no answer to 'genmove \w+' within 1 s"),
    ("silent", "time", r"no answer to 'genmove \w+' within 1 s"),
]


@pytest.mark.parametrize(("how", "ending", "reason"), LOSSES)
def test_a_failure_loses_the_game_and_the_match_goes_on(fake, how, ending, reason):
    engine = GtpPlayer(fake(how), GAME, timeout=1.0 if ending == "time" else 60.0, most_games=2)
    assert engine.name == "Fake 1.0"
    played = _play(engine, Stubborn())
    assert sorted(end.number for end in played) == [0, 1, 2, 3]
    assert {(end.score, end.ending) for end in played} == {(-1.0, ending)}, played
    assert all(re.search(reason, end.reason) for end in played), played
    restarts = 0 if how == "resign" else 2
    assert len(fake.started) == 2 + restarts  # two at once, each new for its second game
    assert not fake.living()


def test_the_opponent_of_a_broken_engine_may_be_one_too(fake):
    broken, silent = GtpPlayer(fake("crash"), GAME, "a"), GtpPlayer(fake("killed"), GAME, "b")
    match = play_match(GAME, broken, silent, 2, jax.random.key(0))
    assert (match.wins, match.losses) == (2, 0)  # a breaks down at its third move, b at its first


def test_an_engine_that_broke_once_is_itself_again_in_the_next_game(fake):
    engine = GtpPlayer(fake("flaky"), GAME, most_games=1)
    first, *others = _play(engine, Passes(), openings=0)
    assert (first.ending, first.score) == ("forfeit", -1.0)
    assert {end.ending for end in others} == {"rules"}
    assert [end.actions for end in others] == [(PASS, PASS)] * 3
    assert len(fake.started) == 2


def test_an_engine_says_what_it_thinks_of_the_result(fake):
    played = _play(GtpPlayer(fake("well"), GAME), Passes(), openings=0)
    assert {(end.ending, end.reason, end.verdicts) for end in played} == {("rules", "", (Verdict("B+99.5"), Verdict()))}
    assert {end.score * (1 if end.sides[0] == 1 else -1) for end in played} == {1.0}  # komi wins for White


def test_an_engine_that_does_not_start_is_told_at_once(fake, monkeypatch):
    monkeypatch.setattr("move37.engines.gtp_player.START", 1.5)
    with pytest.raises(EngineFailure, match=r"no answer to 'list_commands' within 1.5 s"):
        GtpPlayer(fake("deaf"), GAME, timeout=0.1)
    with pytest.raises(EngineFailure, match="ended with code 3"):
        GtpPlayer(fake("dies_at_once"), GAME)
    assert len(fake.started) == 2
    with pytest.raises(BadConfig, match="asked for Go and Othello; tic_tac_toe is neither"):
        GtpPlayer(fake("well"), games.make("tic_tac_toe"))


def test_processes_end_when_a_match_is_left(fake):
    engine = GtpPlayer(fake("well"), GAME, most_games=2)
    match = play_games(GAME, engine, Stubborn(), 4, jax.random.key(0))
    next(match)
    assert fake.living()
    match.close()
    assert not fake.living()


def test_ctrl_c_while_engines_think_ends_them_at_once(fake):
    engine = GtpPlayer(fake("silent"), GAME, most_games=2)
    lines = [Line(i, i, (), np.ones(GAME.num_actions, bool)) for i in range(2)]
    threading.Timer(1.0, os.kill, (os.getpid(), signal.SIGINT)).start()
    began = time.monotonic()
    with pytest.raises(KeyboardInterrupt):
        engine.answer(lines)
    assert time.monotonic() - began < 20  # not the minute that they have
    assert not fake.living()
