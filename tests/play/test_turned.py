"""Turning a position, asking, and turning the answer back is the same question."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from move37.games import make
from move37.nets.onnx import OnnxEvaluator
from move37.nets.policy_value import NetConfig, PolicyValue
from move37.play.turned import Averaged, Turned


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


@pytest.mark.parametrize("name", ["go_5x5", "connect_four"])
def test_averaged_over_all_symmetries_a_net_has_none_of_its_own(name):
    game, rng = make(name), np.random.default_rng(2)
    net = PolicyValue(game, NetConfig(1, 4), key=jax.random.key(0))
    net = jax.tree.map(lambda x: jnp.asarray(rng.normal(0, 0.3, x.shape), jnp.float32), net)
    alone = OnnxEvaluator(net, threads=1)
    averaged, x = Averaged(alone, game.symmetries()), rng.random((6, *game.observation_shape)) < 0.3
    logits, value = averaged(x)
    mean = np.zeros_like(logits)
    for s in game.symmetries():
        turned = x.reshape(6, x.shape[1], -1)[:, :, s.points].reshape(x.shape)
        own, found = averaged(turned)
        np.testing.assert_allclose(found, value, atol=1e-5)
        np.testing.assert_allclose(own, logits[:, s.actions], atol=1e-4)
        one, _ = alone(turned)
        mean[:, s.actions] += one / len(game.symmetries())
    np.testing.assert_allclose(mean, logits, atol=1e-4)
    assert np.abs(alone(x)[0] - logits).max() > 0.1
