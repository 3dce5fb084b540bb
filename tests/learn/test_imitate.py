"""Imitation and policy gradients against NumPy, and on a task small enough to know the end."""

import jax
import numpy as np
import pytest

from move37.games.go import Go
from move37.learn.imitate import IMITATED_VALUE_WEIGHT, Demonstrations, imitation_loss, move_loss, outcome_loss
from move37.learn.policy_gradient import Decisions, reinforce_loss
from move37.learn.update import Learner, OptimiserConfig
from move37.nets.patterns import LocalPatterns
from move37.nets.policy_value import NetConfig, PolicyValue

pytestmark = pytest.mark.usefixtures("promotion_as_optax_needs_it")

GAME = Go(3)


def _batch(count=16, seed=0):
    rng = np.random.default_rng(seed)
    seen = rng.random((count, *GAME.observation_shape)) < 0.3
    action, outcome = rng.integers(10, size=count).astype(np.int32), rng.choice([-1.0, 1.0], count).astype(np.float32)
    return Demonstrations(seen, action, outcome, rng.random(count) < 0.5)


def _net():
    return PolicyValue(GAME, NetConfig(1, 8), key=jax.random.key(1))


_answer = jax.jit(lambda net, seen: net(seen))
_imitation_loss, _move_loss, _outcome_loss = map(jax.jit, (imitation_loss, move_loss, outcome_loss))


def _log_softmax(logits):
    return logits - np.logaddexp.reduce(logits, axis=1, keepdims=True)


def test_losses_equal_numpy():
    net, batch = _net(), _batch()
    logits, value = map(np.asarray, _answer(net, batch.observation))
    policy = -_log_softmax(logits)[np.arange(16), batch.action].mean()
    error = ((batch.outcome - value) ** 2)[batch.trusted].mean()
    loss, metrics = _imitation_loss(net, batch)
    np.testing.assert_allclose(metrics["policy_loss"], policy, rtol=1e-5)
    np.testing.assert_allclose(metrics["value_loss"], error, rtol=1e-5)
    np.testing.assert_allclose(loss, policy + IMITATED_VALUE_WEIGHT * error, rtol=1e-5)
    np.testing.assert_allclose(metrics["top_1"], (logits.argmax(1) == batch.action).mean(), rtol=1e-6)
    np.testing.assert_allclose(_outcome_loss(net, batch)[0], error, rtol=1e-5)
    np.testing.assert_allclose(_move_loss(net, batch)[0], policy, rtol=1e-5)


def test_no_trusted_outcome_is_no_error():
    batch = _batch()._replace(trusted=np.zeros(16, bool))
    assert float(_outcome_loss(_net(), batch)[0]) == 0


@pytest.mark.parametrize("make", [_net, lambda: LocalPatterns(GAME)])
def test_it_learns_to_answer_a_move(make):
    """Always at the centre: easy for a net, and for patterns, which know the line of a point."""
    batch = _batch()._replace(action=np.full(16, 4, np.int32))
    learner = Learner.init(make(), OptimiserConfig(learning_rate=0.05, warmup_updates=1, weight_decay=0.0))
    for _ in range(30):
        learner, metrics = learner.update(move_loss, batch)
    assert float(metrics["top_1"]) == 1
    assert float(metrics["policy_loss"]) < 0.5


def test_the_gradient_makes_good_moves_likelier_and_bad_ones_not():
    net, seen = _net(), _batch(4).observation
    legal = np.repeat(np.arange(10)[None] < 9, 4, axis=0)
    advantage = np.array([1, -1, 0.5, 0], np.float32)
    batch = Decisions(seen, legal, np.arange(4, dtype=np.int32), advantage)

    def log_p(net):
        return _log_softmax(np.where(legal, _answer(net, seen)[0], -np.inf))

    loss, metrics = jax.jit(reinforce_loss)(net, batch)
    chosen = log_p(net)[np.arange(4), batch.action]
    np.testing.assert_allclose(loss, -(advantage * chosen).sum() / 3, rtol=1e-5)
    np.testing.assert_allclose(metrics["policy_entropy"], np.log(9), atol=0.1)
    before = chosen.copy()
    learner = Learner.init(
        net, OptimiserConfig("sgd", learning_rate=0.5, warmup_updates=1, momentum=0.0, clip_norm=1e9)
    )
    learner, _ = learner.update(reinforce_loss, batch)
    learner, _ = learner.update(reinforce_loss, batch)  # the first step of the warm-up is 0
    change = log_p(learner.net)[np.arange(4), batch.action] - before
    assert change[0] > 0
    assert change[1] < 0
    assert change[2] > 0
