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
    return jax.tree.map(
        jnp.asarray,
        Unrolled(
            boards(SIZE), rng.integers(2, size=(SIZE, STEPS)).astype(np.int32),
            rng.uniform(-2, 2, (SIZE, STEPS)).astype(np.float32),
            rng.uniform(-3, 3, (SIZE, STEPS + 1)).astype(np.float32),
            rng.dirichlet(np.ones(2), (SIZE, STEPS + 1)).astype(np.float32),
            np.ones((SIZE, STEPS + 1), np.float32), known, boards(SIZE, STEPS),
        ),
    )  # fmt: skip


def _cross_entropy(logits, target):
    return -(np.asarray(target) * np.asarray(jax.nn.log_softmax(logits))).sum(-1)


def test_each_term_is_that_of_the_equation(net, batch):
    loss, metrics = jax.jit(unrolled_chance_loss)(net, batch)
    of_value, of_reward = net.supports
    latent = net.representation(batch.observation)
    value = _cross_entropy(net.prediction(latent).value, of_value.two_hot(batch.value[:, 0])).mean()
    policy = _cross_entropy(net.prediction(latent).policy, batch.policy[:, 0]).mean()
    q = outcome = commitment = reward = 0.0
    for k in range(STEPS):
        known = np.asarray(batch.known[:, k])
        afterstate = net.afterstate(latent, jax.nn.one_hot(batch.action[:, k], 2))
        before = batch.observation if k == 0 else batch.later[:, k - 1]
        soft = np.asarray(jax.nn.softmax(net.encode(before, batch.later[:, k])))
        code = np.eye(CODES, dtype=np.float32)[soft.argmax(-1)]
        said = net.expectation(afterstate)
        q += (known * _cross_entropy(said.value, of_value.two_hot(batch.value[:, k]))).mean() / STEPS
        outcome += (known * _cross_entropy(said.outcome, code)).mean() / STEPS
        commitment += 0.5 * (known * ((code - soft) ** 2).sum(-1)).mean() / STEPS
        latent, logits = net.dynamics(afterstate, jnp.asarray(code))
        reward += (known * _cross_entropy(logits, of_reward.two_hot(batch.reward[:, k]))).mean() / STEPS
        known = np.asarray(batch.known[:, k + 1])
        out = net.prediction(latent)
        value += (known * _cross_entropy(out.value, of_value.two_hot(batch.value[:, k + 1]))).mean() / STEPS
        policy += _cross_entropy(out.policy, batch.policy[:, k + 1]).mean() / STEPS
    wanted = {
        "afterstate_value_loss": q, "outcome_loss": outcome, "commitment_loss": commitment,
        "unrolled_reward_loss": reward, "unrolled_value_loss": value, "unrolled_policy_loss": policy,
    }  # fmt: skip
    for name, number in wanted.items():
        np.testing.assert_allclose(metrics[name], number, rtol=1e-4, err_msg=name)
    np.testing.assert_allclose(loss, sum(wanted.values()), rtol=1e-4)
    assert 1 <= metrics["codes_used"] <= CODES


def _gradient_of_encoder(net, batch, name):
    gradient = eqx.filter_grad(lambda net: unrolled_chance_loss(net, batch)[1][name])(net)
    return float(jnp.abs(gradient.name_it.out.weight).max())


def test_what_the_dynamics_learn_reaches_the_encoder_and_the_guess_of_outcomes_does_not(net, batch):
    assert _gradient_of_encoder(net, batch, "unrolled_reward_loss") > 1e-6
    assert _gradient_of_encoder(net, batch, "commitment_loss") > 1e-6
    single = batch._replace(
        action=batch.action[:, :1], reward=batch.reward[:, :1], value=batch.value[:, :2], policy=batch.policy[:, :2],
        policy_weight=batch.policy_weight[:, :2], known=batch.known[:, :2], later=batch.later[:, :1],
    )  # fmt: skip
    assert _gradient_of_encoder(net, single, "outcome_loss") == 0


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
    bias = jnp.zeros(CODES).at[0].set(100.0)  # the encoder sees code 0 in everything
    blind = eqx.tree_at(lambda n: n.name_it.out.bias, net, bias)
    ours, metrics = unrolled_chance_loss(blind, batch)
    theirs, _ = unrolled_loss(Determined(blind), batch)
    more = sum(metrics[name] for name in ("afterstate_value_loss", "outcome_loss", "commitment_loss"))
    np.testing.assert_allclose(ours - more, theirs, rtol=1e-5)
    assert metrics["codes_used"] == pytest.approx(1)
    assert scale_gradient(jnp.float32(3), 0.5) == 3
