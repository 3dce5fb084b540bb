"""Turning a position, asking, and turning the answer back is the same question."""

import jax.numpy as jnp
import numpy as np
import pytest

from move37.games import make
from move37.play.turned import Turned


def _counts(observation):
    """An evaluator whose logit of a point is what lies there, weighed by plane; the pass counts stones."""
    arrays = observation.__array_namespace__()
    planes = observation.reshape(*observation.shape[:2], -1).astype(np.float32)
    weights = np.arange(1, planes.shape[1] + 1, dtype=np.float32)[None, :, None]
    logits = (planes * weights).sum(1)
    total = logits.sum(1)
    return arrays.concatenate([logits, total[:, None]], axis=1), total


@pytest.mark.parametrize("arrays", [np, jnp])
def test_a_net_without_preferences_answers_the_same_in_every_symmetry(arrays):
    game, rng = make("go_5x5"), np.random.default_rng(0)
    x = arrays.asarray(rng.random((64, *game.observation_shape)) < 0.4)
    turned = Turned(_counts, game.symmetries())
    for ours, theirs in zip(turned(x), _counts(x), strict=True):
        np.testing.assert_allclose(ours, theirs)


def test_positions_are_turned_by_all_symmetries_alike_and_the_same_by_numpy_and_jax():
    game, rng = make("go_5x5"), np.random.default_rng(1)
    x = rng.random((800, *game.observation_shape)) < 0.3
    seen = []
    turned = Turned(lambda o: (seen.append(o), _counts(o))[1], game.symmetries())
    turned(x)
    turned(jnp.asarray(x))
    np.testing.assert_array_equal(*seen)
    which = turned.draw(x.reshape(800, x.shape[1], -1))
    assert np.bincount(which, minlength=8).min() > 65  # of 100 on average: three standard deviations and a half
    for row, image, i in zip(x[:50], seen[0], which, strict=False):
        points = game.symmetries()[i].points
        np.testing.assert_array_equal(image.reshape(len(row), -1), row.reshape(len(row), -1)[:, points])
