"""The ratio equals another way to compute it, and the test errs as often as it says."""

import math

import numpy as np
import pytest

from move37.core.errors import BadConfig
from move37.play.sprt import Sprt, count_pairs


def _reference(counts, elo0, elo1):
    """The likeliest distributions by Newton's method on the dual, max over θ of Σ p̂ ln(1 + θ(a − s))."""
    counts = np.where(np.array(counts) == 0, 1e-3, np.array(counts))
    share, logs = counts / counts.sum(), []
    for elo in (elo0, elo1):
        away, theta = np.linspace(0, 1, 5) - 1 / (1 + 10 ** (-elo / 400)), 0.0
        for _ in range(200):
            inner = away / (1 + theta * away)
            step = (share * inner).sum() / (share * inner**2).sum()
            while np.any(1 + (theta + step) * away <= 0):
                step /= 2
            theta += step
        logs.append(-np.log1p(theta * away))
    return counts.sum() * (share * (logs[1] - logs[0])).sum()


@pytest.mark.parametrize("elos", [(0, 10), (-5, 5), (0, 2), (100, 300)])
@pytest.mark.parametrize("counts", [(34, 54, 63, 64, 75), (0, 0, 3, 1, 0), (10, 20, 40, 20, 10), (0, 0, 0, 0, 9)])
def test_the_ratio_equals_another_algorithm(counts, elos):
    assert Sprt(*map(float, elos)).ratio(counts) == pytest.approx(_reference(counts, *elos), rel=1e-6, abs=1e-9)


def test_the_ratio_of_many_pairs_is_that_of_a_normal_distribution():
    """LLR ≈ N (s1 − s0)(2x̄ − s0 − s1) / (2σ²), Van den Bergh's first approximation."""
    counts, sprt = np.array([90, 240, 400, 260, 110]) * 10, Sprt(0.0, 2.0)
    share, scores = counts / counts.sum(), np.arange(5) / 4
    mean = (share * scores).sum()
    variance = (share * (scores - mean) ** 2).sum()
    s0, s1 = (1 / (1 + 10 ** (-elo / 400)) for elo in (0, 2))
    wanted = counts.sum() * (s1 - s0) * (2 * mean - s0 - s1) / (2 * variance)
    assert sprt.ratio(tuple(counts.tolist())) == pytest.approx(wanted, rel=0.01)


def test_bounds_and_verdicts():
    sprt = Sprt(0.0, 10.0, alpha=0.05, beta=0.1)
    assert sprt.bounds == pytest.approx((math.log(0.1 / 0.95), math.log(0.9 / 0.05)))
    assert sprt.ratio((0,) * 5) == 0
    assert [sprt.verdict(c) for c in ((0, 0, 0, 0, 190), (190, 0, 0, 0, 0), (1, 2, 3, 2, 1))] == ["H1", "H0", ""]
    for bad in ((10, 0), (5, 5), (0, 2000), (float("nan"), 1)):
        with pytest.raises(BadConfig, match="the first must be less"):
            Sprt(*map(float, bad))
    with pytest.raises(BadConfig, match=r"alpha 0\.5"):
        Sprt(alpha=0.5)


@pytest.mark.parametrize(("elo", "wrong"), [(0, "H1"), (60, "H0")])
def test_it_errs_as_often_as_it_says(elo, wrong):
    """200 matches of pairs of equal and of stronger players: α = β = 0.05, give or take three standard errors."""
    sprt, rng, errors = Sprt(0.0, 60.0), np.random.default_rng(elo), 0
    score = 1 / (1 + 10 ** (-elo / 400))
    game = np.array([1 - score - 0.15, 0.3, score - 0.15])  # loss, draw, win
    pair = np.convolve(game, game)
    for _ in range(200):
        counts, verdict = np.zeros(5, int), ""
        while not verdict:
            counts += rng.multinomial(4, pair)
            verdict = sprt.verdict(tuple(counts.tolist()))
        errors += verdict == wrong
    assert 0.01 < errors / 200 < 0.05 + 3 * math.sqrt(0.05 * 0.95 / 200)


def test_pairs_count_in_their_order():
    assert count_pairs({}) == (0, 0, 0, 0, 0)
    assert count_pairs({1: 1.0, 0: 1.0, 4: -1.0, 5: -1.0, 2: 0.0}) == (0, 0, 0, 0, 1)
    assert count_pairs({1: 1.0, 0: 1.0, 4: -1.0, 5: -1.0, 2: 0.0, 3: 3.0}) == (1, 0, 0, 1, 1)
