"""A value prefix is a sum that begins again every fifth step; what the search sees are its differences."""

import dataclasses

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
import pytest

from move37 import games
from move37.core.errors import BadConfig
from move37.learn.unroll import Unrolled, unrolled_loss
from move37.models.learned import Learned, Seen, knows_rules
from move37.nets.policy_value import NetConfig, PolicyValue
from move37.nets.value_prefix import HORIZON, ValuePrefix, reward_of, reward_targets
from move37.recipes import muzero
from move37.run.directory import Run

pytestmark = pytest.mark.usefixtures("promotion_as_optax_needs_it")

CART = "gym:CartPole-v1"


@pytest.fixture(scope="module")
def net():
    config = dataclasses.replace(muzero.preset("smoke", CART).net, value_prefix=True)
    net = muzero.net_of(games.world(CART), config, key=jax.random.key(0))
    assert isinstance(net, ValuePrefix)
    rng = np.random.default_rng(0)
    return jax.tree.map(lambda x: jnp.asarray(rng.normal(0, 0.3, x.shape), jnp.float32), net)


def _walk(net, steps, actions):
    """(rewards as a search sees them, prefixes, states) along a line of imagination."""
    state = net.representation(jnp.ones((2, 4)))
    rewards, prefixes, states = [], [], [state]
    for k in range(steps):
        imagined = net.dynamics(state, jnp.full(2, actions[k], jnp.int32))
        rewards.append(np.asarray(reward_of(net, state, imagined)))
        prefixes.append(np.asarray(net.supports[1].mean(imagined.reward)))
        state = imagined.latent
        states.append(state)
    return np.array(rewards), np.array(prefixes), states


def test_the_rewards_of_a_search_add_up_to_the_prefix(net):
    rewards, prefixes, _ = _walk(net, 12, [0, 1] * 6)
    assert np.abs(np.diff(prefixes, axis=0)).max() > 1e-3
    for begin in range(0, 12, HORIZON):
        part = slice(begin, begin + HORIZON)
        np.testing.assert_allclose(np.cumsum(rewards[part], axis=0), prefixes[part], atol=1e-5)


def test_every_fifth_step_what_was_counted_is_forgotten(net):
    states = _walk(net, HORIZON, [0, 1, 1, 0, 1])[2]
    first, last = states[0], states[-1]
    assert (int(first.steps[0]), int(last.steps[0])) == (0, HORIZON)
    fresh = first._replace(latent=last.latent)
    action = jnp.zeros(2, jnp.int32)
    both = [jax.tree.leaves(net.dynamics(state, action)) for state in (fresh, last)]
    for one, other in zip(*both, strict=True):
        np.testing.assert_array_equal(one, other)
    middle = states[2]._replace(latent=last.latent)
    assert (np.asarray(net.dynamics(middle, action).reward) != np.asarray(net.dynamics(last, action).reward)).any()


def test_targets_are_sums(net):
    reward = jnp.asarray([[1, 2, 3, 4, 5, 6, 7], [0, 0, 0, 0, -1, 0, 1]], jnp.float32)
    np.testing.assert_array_equal(reward_targets(net, reward), [[1, 3, 6, 10, 15, 6, 13], [0, 0, 0, 0, -1, 0, 1]])
    np.testing.assert_array_equal(reward_targets(net.net, reward), reward)


def test_the_loss_holds_the_prefix_to_the_sum(net):
    rng, count, steps = np.random.default_rng(1), 6, 3
    batch = Unrolled(
        observation=jnp.asarray(rng.normal(size=(count, 4)), jnp.float32),
        action=jnp.asarray(rng.integers(2, size=(count, steps)), jnp.int32),
        reward=jnp.asarray(rng.normal(size=(count, steps)), jnp.float32),
        value=jnp.zeros((count, steps + 1)),
        policy=jnp.full((count, steps + 1, 2), 0.5),
        policy_weight=jnp.ones((count, steps + 1)),
        known=jnp.ones((count, steps + 1)),
        later=jnp.asarray(rng.normal(size=(count, steps, 4)), jnp.float32),
    )
    state, expected = net.representation(batch.observation), 0.0
    for k in range(steps):
        state, logits = net.dynamics(state, batch.action[:, k])
        target = net.supports[1].two_hot(batch.reward[:, : k + 1].sum(1))
        expected -= float((target * jax.nn.log_softmax(logits)).sum(-1).mean()) / steps
    _, metrics = unrolled_loss(net, batch)
    assert float(metrics["unrolled_reward_loss"]) == pytest.approx(expected, rel=1e-4)
    gradient = jax.grad(lambda cell: unrolled_loss(eqx.tree_at(lambda n: n.cell, net, cell), batch)[0])(net.cell)
    assert all(np.abs(np.asarray(x)).max() > 0 for x in jax.tree.leaves(gradient))


def test_the_model_of_the_search_gives_differences(net):
    model = Learned(net)
    root = model.embed(Seen(jnp.ones((2, 4)), jnp.ones((2, 2), bool)))
    one = model.transition(root, jnp.zeros(2, jnp.int32))
    two = model.transition(one.embedding, jnp.ones(2, jnp.int32))
    rewards, _, _ = _walk(net, 2, [0, 1])
    np.testing.assert_allclose(np.array([one.reward, two.reward]), rewards, atol=1e-6)


def test_a_run_with_it_and_where_it_is_refused(tmp_path):
    config = muzero.preset("smoke", CART)
    config = dataclasses.replace(config, net=dataclasses.replace(config.net, value_prefix=True), iterations=2)
    muzero.train(config, Run.create(tmp_path / "run", "muzero", CART, config, 0))
    _, _, net, _ = muzero.load(Run.open(tmp_path / "run"))
    assert knows_rules(net)
    assert not knows_rules(PolicyValue(games.make("tic_tac_toe"), NetConfig(1, 4), key=jax.random.key(0)))
    board, game = muzero.preset("smoke", "tic_tac_toe"), games.make("tic_tac_toe")
    with pytest.raises(BadConfig, match=r"sums rewards of one agent; tic_tac_toe is for two"):
        muzero.check(dataclasses.replace(board, net=config.net), game)
