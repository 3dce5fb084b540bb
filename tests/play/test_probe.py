"""A linear probe finds what is linear, and nothing where there is nothing."""

import numpy as np
import pytest

from move37.play.probe import read

COUNT = 400


def _rows(seed=0):
    rng = np.random.default_rng(seed)
    return rng, np.arange(COUNT) // 40 % 2 == 0


@pytest.mark.parametrize("width", [30, 500])  # fewer numbers than rows, and more
def test_what_is_linear_in_the_latent_state_is_read(width):
    rng, learns = _rows()
    planes = rng.integers(2, size=(COUNT, 2, 3, 3)).astype(bool)
    latent = 5 + planes.reshape(COUNT, -1) @ rng.normal(size=(18, width))
    probe = read(planes, learns, latent, np.arange(COUNT), 0)
    assert (probe.kind, probe.score) == ("accuracy", 1.0)
    assert 0.4 < probe.baseline < 0.6
    numbers = np.concatenate([rng.normal(size=(COUNT, 2)) * [1, 50] + 7, np.ones((COUNT, 1))], 1)
    probe = read(numbers, learns, numbers @ rng.normal(size=(3, width)), np.arange(COUNT), 0)
    assert probe.kind == "r2"
    assert probe.score > 0.99
    assert probe.each[0] > 0.98
    assert probe.each[2] is None  # it never varies
    assert probe.score == pytest.approx(np.mean(probe.each[:2]))


def test_what_is_not_there_is_not_read_not_even_of_rows_that_taught():
    rng, learns = _rows()
    numbers, latent = rng.normal(size=(COUNT, 2)), rng.normal(size=(COUNT, 300))
    probe = read(numbers, learns, latent, np.arange(COUNT), 0)
    assert probe.score < 0
    planes = rng.random((COUNT, 9)) < 0.1
    probe = read(planes, learns, latent, np.arange(COUNT), 0)
    assert probe.score <= probe.baseline == pytest.approx(0.9, abs=0.02)


def test_it_is_asked_for_what_comes_so_many_rows_later():
    rng, learns = _rows()
    numbers = rng.normal(size=(COUNT, 2))
    latent = np.roll(numbers, -3, axis=0)  # row i holds what is seen at i + 3
    now = np.flatnonzero(np.arange(COUNT) % 40 < 37)
    assert read(numbers, learns, latent, now, 3).score > 0.99
    assert read(numbers, learns, latent, now, 2).score < 0.1


def test_a_net_that_has_not_learned_stands_beside():
    rng, learns = _rows()
    numbers = rng.normal(size=(COUNT, 2))
    probe = read(numbers, learns, numbers, np.arange(COUNT), 0, untrained=rng.normal(size=(COUNT, 2)))
    assert probe.score > 0.99 > 0.1 > probe.untrained
    assert read(numbers, learns, numbers, np.arange(COUNT), 0).untrained is None


def test_without_two_rows_on_either_side_there_is_no_probe():
    _, learns = _rows()
    assert read(np.ones((COUNT, 2)), learns, np.ones((COUNT, 2)), np.arange(41), 0) is None
    assert read(np.ones((COUNT, 2)), learns, np.ones((COUNT, 2)), np.arange(42), 0).score == 1.0
