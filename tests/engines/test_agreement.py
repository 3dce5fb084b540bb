"""Who won: by the rules, by what a side gives up, and who counts otherwise."""

from dataclasses import replace

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from move37 import games
from move37.data.record import BLACK, WHITE, Result
from move37.engines.agreement import settle
from move37.games.go import Go
from move37.play.match import Played, Verdict

GAME = Go(size=5, komi=0.5)
STEP = jax.jit(GAME.step)
SILENT = (Verdict(), Verdict())
# Black's wall is column B, White's column D; Black's C3 stands against D, White's A3 is lost behind B.
BLACK_STONES, WHITE_STONES = "B1 B2 B3 B4 B5 E3 E4", "D1 D2 D3 D4 D5 C5 E1"


def _played(verdicts=SILENT, sides=(0, 1), ending="rules", score=None):
    state = GAME.init(jax.random.key(0))
    for pair in zip(BLACK_STONES.split(), WHITE_STONES.split(), strict=True):
        for point in pair:
            state = STEP(state, np.int32(GAME.parse_action(point))).state
    black = float(np.sign(GAME.score(state)))
    if score is None:
        score = black if sides[0] == 0 else -black
    key, nothing = np.zeros(2, np.uint32), ()
    return Played(0, ("a", "b"), sides, 0, key, nothing, nothing, nothing, score, ending, "why", verdicts, state)


def _points(words):
    return tuple(GAME.parse_action(word) for word in words.split())


def test_the_rules_count_stones_as_they_stand():
    end = settle(GAME, _played())
    # Black: B, A and E3 E4; White: D, C5 and E1; C1 to C4, E2 and E5 touch both.
    assert end.result == end.by_the_rules == Result(BLACK, "score", 12 - 7 - 0.5)
    assert (end.given_up, end.doubts, end.disputed) == ((), (), False)


@pytest.mark.parametrize("sides", [(0, 1), (1, 0)])
def test_a_side_that_gives_its_own_stones_up_loses_them(sides):
    black = sides[0]
    says = [Verdict(), Verdict()]
    says[black] = Verdict("W+1.5", _points("E3 E4"))
    end = settle(GAME, _played((says[0], says[1]), sides))
    assert end.given_up == tuple(sorted(_points("E3 E4")))
    assert end.by_the_rules == Result(BLACK, "score", 4.5)
    assert end.result == Result(WHITE, "score", 1.5)  # 10 − 11 − 0.5
    assert end.played.score == (-1.0 if black == 0 else 1.0)
    assert (end.doubts, end.disputed) == ((), False)
    stands = settle(GAME, _played((says[0], says[1]), sides), give_up=False)
    assert stands.result == stands.by_the_rules == end.by_the_rules
    assert (stands.given_up, stands.disputed) == ((), True)
    assert stands.doubts == (f"{'ab'[black]} counts W+1.5",)


def test_nobody_gives_the_other_sides_stones_up():
    end = settle(GAME, _played((Verdict("B+9.5"), Verdict("W+1.5", _points("E3 E4")))))
    assert end.given_up == ()
    assert end.result == end.by_the_rules
    assert end.doubts == ("a counts B+9.5", "b counts W+1.5")
    assert end.disputed


def test_games_that_did_not_end_by_their_rules_have_a_winner_and_no_count():
    for ending, kind in {"resign": "resign", "time": "time", "forfeit": "forfeit"}.items():
        end = settle(GAME, _played(ending=ending, score=-1.0, sides=(1, 0)))
        assert end.result == Result(BLACK, kind)
        assert end.played.score == -1.0


def test_a_game_without_points_has_none():
    game = games.make("tic_tac_toe")
    assert settle(game, _played(score=0.0)).result == Result(0, "draw")
    assert settle(game, _played(score=1.0)).result == Result(BLACK, "win")


def test_a_count_that_nobody_can_read_is_a_doubt_and_no_dispute():
    end = settle(GAME, _played((Verdict("about even"), Verdict("Void"))))
    assert (end.doubts, end.disputed) == (("a counts about even", "b counts Void"), False)


COUNTS = [(17, 0, "B+64"), (10, 53, "W+44"), (44, 19, "B+26"), (32, 32, "0")]  # discs at the end, and GRhino's count


@pytest.mark.parametrize(("black", "white", "said"), COUNTS)
def test_in_othello_empty_points_are_the_winners_as_grhino_counts_them(black, white, said):
    game = games.make("othello_8x8")
    board = np.repeat(np.array([1, -1, 0], np.int8), [black, white, 64 - black - white])
    state = game.init(jax.random.key(0))._replace(board=jnp.asarray(board))
    played = _played((Verdict(said), Verdict()), score=float(np.sign(black - white)))
    end = settle(game, replace(played, state=state))
    assert (end.doubts, end.disputed) == ((), False)
