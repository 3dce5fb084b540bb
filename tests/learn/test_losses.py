"""The loss against NumPy, and its gradient against the formulas of a softmax and a tanh."""

import equinox as eqx
import jax
import numpy as np
import pytest

from move37.core.errors import BadConfig
from move37.games import make
from move37.learn.losses import (
    AUXILIARY_WEIGHT,
    MOVES_LEFT_SCALE,
    OWNERSHIP_WEIGHT,
    SCORE_SCALE,
    end_loss,
    policy_value_loss,
)
from move37.learn.targets import Samples
from move37.nets.policy_value import NetConfig, PolicyValue

GAME, ROWS = make("tic_tac_toe"), 6


def _net(*auxiliary):
    config, rng = NetConfig(0, 4, auxiliary=auxiliary), np.random.default_rng(0)
    fresh = PolicyValue(GAME, config, key=jax.random.key(0))
    return jax.tree.map(lambda x: rng.normal(0, 0.3, x.shape).astype(np.float32), fresh)


def _batch(weights=(1, 0, 1, 1, 0, 1)):
    rng = np.random.default_rng(1)
    policy, reply = rng.dirichlet(np.full(9, 0.3), (2, ROWS))
    policy[0, :5] = 0  # 0 · log 0 is 0
    policy[0] /= policy[0].sum()
    reply[2] = 0  # the last move of an episode
    value, left = rng.uniform(-1, 1, ROWS), rng.integers(1, 9, ROWS)
    fields = (rng.random((ROWS, 2, 3, 3)), policy, np.array(weights), value, reply, left)
    return Samples(*(np.asarray(x, np.float32) for x in fields))


def _log_softmax(x):
    x = np.asarray(x, np.float64)
    return x - np.log(np.exp(x).sum(-1, keepdims=True))


_outputs = eqx.filter_jit(lambda net, x: net.outputs(x))
_loss = eqx.filter_jit(policy_value_loss)
_gradient = eqx.filter_jit(eqx.filter_grad(lambda net, batch: policy_value_loss(net, batch)[0]))


@pytest.mark.parametrize("auxiliary", [(), ("reply", "moves_left")])
def test_the_loss_equals_numpy(auxiliary):
    net, batch = _net(*auxiliary), _batch()
    out = _outputs(net, batch.observation)
    loss, metrics = _loss(net, batch)
    log_p, target = _log_softmax(out.policy), np.asarray(batch.policy, np.float64)
    counts = np.array([0, 2, 3, 5])
    entropy = -(target * np.log(np.where(target > 0, target, 1))).sum(1)
    wanted = {
        "policy_loss": -(target * log_p).sum(1)[counts].mean(),
        "value_loss": np.square(np.asarray(out.value) - batch.value).mean(),
        "policy_entropy": -(np.exp(log_p) * log_p).sum(1).mean(),
        "target_entropy": entropy[counts].mean(),
    }
    total = wanted["policy_loss"] + wanted["value_loss"]
    if auxiliary:
        wanted["reply_loss"] = -(batch.reply * _log_softmax(out.auxiliary["reply"])).sum(1).mean()
        left = np.asarray(out.auxiliary["moves_left"])[:, 0]
        wanted["moves_left_loss"] = np.square(left - MOVES_LEFT_SCALE * np.asarray(batch.moves_left)).mean()
        total += AUXILIARY_WEIGHT * (wanted["reply_loss"] + wanted["moves_left_loss"])
    assert metrics.keys() == wanted.keys()
    for name, value in wanted.items():
        np.testing.assert_allclose(metrics[name], value, rtol=1e-5, err_msg=name)
    np.testing.assert_allclose(loss, total, rtol=1e-5)


def test_the_gradient_pushes_the_policy_to_its_target_and_the_value_to_z():
    net, batch = _net(), _batch()
    out, gradient = _outputs(net, batch.observation), _gradient(net, batch)
    weight = np.asarray(batch.policy_weight)[:, None] / 4
    wanted = (weight * (np.exp(_log_softmax(out.policy)) - batch.policy)).sum(0)
    np.testing.assert_allclose(gradient.policy.out.bias, wanted, rtol=1e-4, atol=1e-6)
    v = np.asarray(out.value, np.float64)
    pull = (2 * (v - np.asarray(batch.value)) * (1 - v**2)).mean()
    np.testing.assert_allclose(gradient.value.out.bias, [pull], rtol=1e-4, atol=1e-6)
    after = jax.tree.map(lambda p, g: p - np.float32(0.02) * np.asarray(g), net, gradient)
    (_, old), (_, new) = _loss(net, batch), _loss(after, batch)
    assert new["policy_loss"] < old["policy_loss"]
    assert new["value_loss"] < old["value_loss"]


def test_rows_of_weight_0_teach_no_policy_but_a_value():
    net, batch = _net(), _batch()
    second = np.arange(ROWS) == 1
    other_policy = batch._replace(policy=np.where(second[:, None], np.eye(9, dtype=np.float32)[3], batch.policy))
    other_value = batch._replace(value=batch.value + np.float32(0.5) * second)
    one, same, other = (jax.tree.leaves(_gradient(net, b)) for b in (batch, other_policy, other_value))
    for a, b in zip(one, same, strict=True):
        np.testing.assert_allclose(a, b, atol=1e-7)
    assert not all(np.allclose(a, b, atol=1e-5) for a, b in zip(one, other, strict=True))
    _, metrics = _loss(net, _batch((0,) * ROWS))
    assert float(metrics["policy_loss"]) == 0
    assert float(metrics["value_loss"]) > 0


def _with_ends(batch, known=(1, 0, 1, 1, 0, 1)):
    rng = np.random.default_rng(2)
    ownership = rng.integers(-1, 2, (ROWS, 9)).astype(np.int8)
    score, weight = rng.normal(0, 20, ROWS), np.array(known)
    return batch._replace(ownership=ownership, score=score.astype(np.float32), end_weight=weight.astype(np.float32))


def test_the_loss_of_ends_equals_numpy():
    net, plain = _net("ownership", "score"), _batch()
    batch = _with_ends(plain)
    out, (loss, metrics) = _outputs(net, batch.observation), _loss(net, batch)
    without = _loss(_net(), plain)[1]
    counts = np.array([0, 2, 3, 5])
    p = 1 / (1 + np.exp(-np.asarray(out.auxiliary["ownership"], np.float64)))
    target = (1 + np.asarray(batch.ownership, float)) / 2
    ownership = -(target * np.log(p) + (1 - target) * np.log(1 - p)).mean(1)[counts].mean()
    error = np.abs(np.asarray(out.auxiliary["score"])[:, 0] - SCORE_SCALE * np.asarray(batch.score))[counts]
    score = np.where(error <= 1, error**2 / 2, error - 0.5).mean()
    np.testing.assert_allclose(metrics["ownership_loss"], ownership, rtol=1e-5)
    np.testing.assert_allclose(metrics["score_loss"], score, rtol=1e-5)
    total = metrics["policy_loss"] + metrics["value_loss"] + OWNERSHIP_WEIGHT * ownership + AUXILIARY_WEIGHT * score
    np.testing.assert_allclose(loss, total, rtol=1e-5)
    assert metrics.keys() == without.keys() | {"ownership_loss", "score_loss"}


def test_the_gradient_pushes_a_point_to_its_owner_and_the_score_to_the_leader():
    """Signs: where the mover will own a point its logit shall rise, where the opponent will it shall fall."""
    batch = _with_ends(_batch(), known=(1,) * ROWS)
    heads = {"ownership": np.zeros((ROWS, 9), np.float32), "score": np.zeros((ROWS, 1), np.float32)}
    pull = jax.jit(jax.grad(lambda heads, batch: -end_loss(heads, batch)[0]))(heads, batch)
    pull = jax.tree.map(np.asarray, pull)
    np.testing.assert_array_equal(np.sign(pull["ownership"]), batch.ownership)
    np.testing.assert_array_equal(np.sign(pull["score"][:, 0]), np.sign(batch.score))


def test_rows_whose_end_is_not_known_teach_no_end_and_missing_ends_are_named():
    net, batch = _net("ownership", "score"), _with_ends(_batch(), known=(0,) * ROWS)
    metrics = _loss(net, batch)[1]
    assert float(metrics["ownership_loss"]) == float(metrics["score_loss"]) == 0
    assert not np.any(_gradient(net, batch).auxiliary["ownership"].out.weight)
    with pytest.raises(BadConfig, match="do not tell"):
        _loss(net, _batch())
