"""Resignation by hand: who would have resigned, who was wrong, and where the threshold goes."""

import numpy as np
import pytest

from move37.core.episode import Episode
from move37.core.errors import BadConfig
from move37.play.resign import Resignation, ResignConfig, verdicts
from move37.play.self_play import NEVER, is_played_out

PLAYED_OUT, OTHER = np.array([0, 0], np.uint32), np.array([2**32 - 1, 0], np.uint32)


def _game(values, result, key=PLAYED_OUT, resigned=False):
    """A game for two; `result` is that of the agent of the last move."""
    count = len(values)
    reward, discount = np.zeros(count, np.float32), np.full(count, -1, np.float32)
    reward[-1], discount[-1] = result, 0
    rows, weights = np.zeros((count, 1, 1, 1), bool), np.ones((count, 1), np.float32)
    value = np.array(values, np.float32)
    full, opening = np.ones(count, bool), np.zeros(0, np.int32)
    return Episode(rows, np.zeros(count, int), weights, value, reward, discount, full, key, opening, resigned)


def _verdict(game, threshold):
    return int(verdicts(game, np.array([threshold], np.float32))[0])


NONE, RIGHT, WRONG = 0, 1, 2


@pytest.mark.parametrize(
    ("values", "result", "threshold", "wanted"),
    [
        ([0.1, -0.1, 0.9, -0.95], -1, -0.9, RIGHT),  # the second player despairs at its last move, and loses
        ([0.1, -0.1, 0.9, -0.95], 1, -0.9, WRONG),  # … and wins
        ([0.1, -0.1, 0.9, -0.95], 0, -0.9, WRONG),  # a draw is better than a loss
        ([0.1, -0.95, 0.9, 0.0], -1, -0.9, RIGHT),  # earlier
        ([-0.95, 0.9, 0.2], -1, -0.9, RIGHT),  # the first player moves last and loses
        ([-0.95, 0.9, 0.2], 1, -0.9, WRONG),
        ([-0.95, 0.9, 0.2, 0.9], 1, -0.9, RIGHT),  # the second player moves last and wins
        ([-0.95, -0.97], 1, -0.9, RIGHT),  # both despair: the first to do so resigns, and the second wins
        ([0.1, -0.97, -0.95], -1, -0.9, WRONG),  # the first to do so is the second player, who wins
        ([0.1, -0.89], -1, -0.9, NONE),
        ([0.1, -0.89], -1, -0.85, RIGHT),
        ([0.1, -0.9], -1, -0.95, NONE),
    ],
)
def test_verdicts_by_hand(values, result, threshold, wanted):
    assert _verdict(_game(values, result), threshold) == wanted


def _right(count, value=-0.95):
    return [_game([0.0, value], -1)] * count


def _wrong(count, value=-0.95):
    return [_game([0.0, value], 1)] * count


def test_nobody_resigns_before_there_is_evidence():
    resignation = Resignation(ResignConfig(), played_out=0.1)
    assert resignation.threshold == NEVER
    assert resignation.observe(_right(18)) == {"resigned": 0.0}
    assert resignation.threshold == NEVER
    report = resignation.observe(_right(1))
    assert resignation.threshold == report["resign_threshold"] == pytest.approx(-0.5)
    assert report["false_resignations"] == 0


def test_the_threshold_is_the_greatest_that_keeps_false_resignations_under_5_percent():
    resignation = Resignation(ResignConfig(), played_out=0.1)
    report = resignation.observe(_right(60, -0.95) + _wrong(3, -0.8) + _wrong(9, -0.6))
    # Up to −0.8 nobody is wrong; from there 3 of 63, one more would be too many; from −0.6 12 of 72.
    assert report["resign_threshold"] == pytest.approx(-0.8)
    assert report["false_resignations"] == 0
    report = resignation.observe(_right(20, -0.95))  # 3 of 83: (3 + 1) / (83 + 1) < 0.05
    assert report["resign_threshold"] == pytest.approx(-0.6)
    assert report["false_resignations"] == pytest.approx(3 / 83)


def test_it_goes_back_when_the_newest_games_say_so():
    resignation = Resignation(ResignConfig(games=30), played_out=0.1)
    resignation.observe(_right(30))
    assert resignation.threshold > NEVER
    resignation.observe(_wrong(2))
    assert resignation.threshold == NEVER  # 2 of 30
    resignation.observe(_right(30))
    assert resignation.threshold > NEVER


def test_only_games_that_were_played_out_count_and_resigned_ones_are_reported():
    resignation = Resignation(ResignConfig(), played_out=0.1)
    others = [_game([0.0, -0.95], -1, OTHER, resigned=True)] * 30 + [_game([0.0, 0.5], 1, OTHER)] * 10
    assert resignation.observe(others) == {"resigned": 0.75}
    assert resignation.threshold == NEVER
    assert resignation.state == {}
    assert resignation.observe([]) == {}


def test_switched_off_it_measures_nothing():
    resignation = Resignation(ResignConfig(max_false=0.0), played_out=0.1)
    assert resignation.observe(_right(100)) == {}
    assert resignation.threshold == NEVER


def test_saved_and_restored_it_is_the_same():
    one, two = (Resignation(ResignConfig(), 0.1) for _ in range(2))
    two.restore(one.state)
    assert two.threshold == NEVER
    one.observe(_right(40) + _wrong(1, -0.7))
    two.restore({name: array.copy() for name, array in one.state.items()})
    assert two.threshold == one.threshold > NEVER
    assert one.observe(_right(3)) == two.observe(_right(3))


def test_a_tenth_of_the_games_is_played_out():
    keys = np.random.default_rng(0).integers(2**32, size=(20_000, 2), dtype=np.uint32)
    assert abs(is_played_out(keys, 0.1).mean() - 0.1) < 0.007  # three standard deviations
    assert not is_played_out(keys, 0.0).any()
    assert is_played_out(keys, 1.0).all()


@pytest.mark.parametrize("wrong", [{"max_false": 1.0}, {"max_false": -0.1}, {"games": 0}, {"highest": -1.0}])
def test_values_out_of_range_are_named(wrong):
    with pytest.raises(BadConfig, match=f"resign.{next(iter(wrong))} is"):
        ResignConfig(**wrong)
