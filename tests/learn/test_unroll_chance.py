"""The loss with outcomes of chance: against its equation, term by term, and what may and may not reach the encoder."""

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
import pytest

from move37.core.values import Support
from move37.games import make
from move37.learn.unroll import Unrolled, scale_gradient, unrolled_loss
from move37.learn.unroll_chance import unrolled_chance_loss
from move37.nets.chance_latent import ChanceConfig, ChanceLatent

pytestmark = pytest.mark.usefixtures("promotion_as_optax_needs_it")

GAME, SIZE, STEPS, CODES = make("offers"), 6, 2, 5


@pytest.fixture(scope="module")
def net():
    config = ChanceConfig(
        1, 1, 4, value=Support(-4.0, 4.0, 9), reward=Support(-4.0, 4.0, 9), codes=CODES, commitment=0.5
    )
    return ChanceLatent(GAME, config, key=jax.random.key(1))


@pytest.fixture(scope="module")
def batch():
    rng = np.random.default_rng(0)

    def boards(*shape):
        return rng.integers(2, size=(*shape, 2, 4, 4)).astype(bool)

    known = np.ones((SIZE, STEPS + 1), np.float32)
    known[0, 1:] = 0
    return Unrolled(
        boards(SIZE), rng.integers(2, size=(SIZE, STEPS)).astype(np.int32),
        rng.uniform(-2, 2, (SIZE, STEPS)).astype(np.float32),
        rng.uniform(-3, 3, (SIZE, STEPS + 1)).astype(np.float32),
        rng.dirichlet(np.ones(2), (SIZE, STEPS + 1)).astype(np.float32),
        np.ones((SIZE, STEPS + 1), np.float32), known, boards(SIZE, STEPS),
    )  # fmt: skip


_loss = jax.jit(unrolled_chance_loss)


def _cross_entropy(logits, target):
    logits = np.asarray(logits)
    return -(np.asarray(target) * (logits - np.log(np.exp(logits).sum(-1, keepdims=True)))).sum(-1)


@jax.jit
def _imagined(net, batch):
    """What the net says at the first state, then step by step: soft code, of the afterstate, reward, of the state."""
    latent, steps = net.representation(batch.observation), []
    first = net.prediction(latent)
    for k in range(STEPS):
        afterstate = net.afterstate(latent, jax.nn.one_hot(batch.action[:, k], 2))
        before = batch.observation if k == 0 else batch.later[:, k - 1]
        soft = jax.nn.softmax(net.encode(before, batch.later[:, k]))
        latent, reward = net.dynamics(afterstate, jax.nn.one_hot(soft.argmax(-1), CODES))
        steps.append((soft, net.expectation(afterstate), reward, net.prediction(latent)))
    return first, steps


def test_each_term_is_that_of_the_equation(net, batch):
    loss, metrics = _loss(net, batch)
    of_value, of_reward = (jax.jit(support.two_hot) for support in net.supports)
    values, rewards = np.asarray(of_value(batch.value)), np.asarray(of_reward(batch.reward))
    first, steps = _imagined(net, batch)
    value = _cross_entropy(first.value, values[:, 0]).mean()
    policy = _cross_entropy(first.policy, batch.policy[:, 0]).mean()
    q = outcome = commitment = reward = 0.0
    for k, (soft, said, logits, out) in enumerate(steps):
        known, soft = batch.known[:, k], np.asarray(soft)
        code = np.eye(CODES, dtype=np.float32)[soft.argmax(-1)]
        q += (known * _cross_entropy(said.value, values[:, k])).mean() / STEPS
        outcome += (known * _cross_entropy(said.outcome, code)).mean() / STEPS
        commitment += 0.5 * (known * ((code - soft) ** 2).sum(-1)).mean() / STEPS
        reward += (known * _cross_entropy(logits, rewards[:, k])).mean() / STEPS
        known = batch.known[:, k + 1]
        value += (known * _cross_entropy(out.value, values[:, k + 1])).mean() / STEPS
        policy += _cross_entropy(out.policy, batch.policy[:, k + 1]).mean() / STEPS
    wanted = {
        "afterstate_value_loss": q, "outcome_loss": outcome, "commitment_loss": commitment,
        "unrolled_reward_loss": reward, "unrolled_value_loss": value, "unrolled_policy_loss": policy,
    }  # fmt: skip
    for name, number in wanted.items():
        np.testing.assert_allclose(metrics[name], number, rtol=1e-4, err_msg=name)
    np.testing.assert_allclose(loss, sum(wanted.values()), rtol=1e-4)
    assert 1 <= metrics["codes_used"] <= CODES


@jax.jit
def _gradients_of_encoder(net, batch):
    """The greatest part of each loss's gradient at the encoder's last weights."""
    names = ("unrolled_reward_loss", "commitment_loss", "outcome_loss")

    def losses(weight):
        _, metrics = unrolled_chance_loss(eqx.tree_at(lambda n: n.name_it.out.weight, net, weight), batch)
        return {name: metrics[name] for name in names}

    return jax.tree.map(lambda x: jnp.abs(x).max(), jax.jacrev(losses)(net.name_it.out.weight))


def test_what_the_dynamics_learn_reaches_the_encoder_and_the_guess_of_outcomes_does_not(net, batch):
    found = _gradients_of_encoder(net, batch)
    assert found["unrolled_reward_loss"] > 1e-6
    assert found["commitment_loss"] > 1e-6
    single = batch._replace(
        action=batch.action[:, :1], reward=batch.reward[:, :1], value=batch.value[:, :2], policy=batch.policy[:, :2],
        policy_weight=batch.policy_weight[:, :2], known=batch.known[:, :2], later=batch.later[:, :1],
    )  # fmt: skip
    assert _gradients_of_encoder(net, single)["outcome_loss"] == 0


class Determined(eqx.Module):
    """A net with chance in MuZero's clothes: φ and g in one, by the code 0 that always comes."""

    net: ChanceLatent
    resemblance: None = None

    @property
    def supports(self):
        return self.net.supports

    def representation(self, observation):
        return self.net.representation(observation)

    def prediction(self, latent):
        return self.net.prediction(latent)

    def dynamics(self, latent, action):
        afterstate = self.net.afterstate(latent, jax.nn.one_hot(action, 2))
        return self.net.dynamics(afterstate, jax.nn.one_hot(jnp.zeros_like(action), CODES))


def test_with_one_outcome_it_is_muzeros_loss_and_the_losses_of_the_outcome(net, batch):
    bias = np.array([100, 0, 0, 0, 0], np.float32)  # the encoder sees code 0 in everything
    blind = eqx.tree_at(lambda n: n.name_it.out.bias, net, bias)
    ours, metrics = _loss(blind, batch)
    theirs, _ = jax.jit(unrolled_loss)(Determined(blind), batch)
    more = sum(metrics[name] for name in ("afterstate_value_loss", "outcome_loss", "commitment_loss"))
    np.testing.assert_allclose(ours - more, theirs, rtol=1e-5)
    assert metrics["codes_used"] == pytest.approx(1)
    assert scale_gradient(jnp.float32(3), 0.5) == 3
