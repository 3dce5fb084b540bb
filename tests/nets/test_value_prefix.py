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
    return jax.tree.map(lambda x: jax.device_put(rng.normal(0, 0.3, x.shape).astype(np.float32)), net)


_begin = jax.jit(lambda net: net.representation(jnp.ones((2, 4))))


@jax.jit
def _step(net, state, action):
    """(imagined, its reward as a search sees it, its prefix)."""
    imagined = net.dynamics(state, jnp.full(2, action))
    return imagined, reward_of(net, state, imagined), net.supports[1].mean(imagined.reward)


def _walk(net, actions):
    """(rewards, prefixes, states) along a line of imagination."""
    states, rewards, prefixes = [_begin(net)], [], []
    for action in actions:
        imagined, reward, prefix = _step(net, states[-1], action)
        rewards.append(np.asarray(reward))
        prefixes.append(np.asarray(prefix))
        states.append(imagined.latent)
    return np.array(rewards), np.array(prefixes), states


def test_the_rewards_of_a_search_add_up_to_the_prefix(net):
    rewards, prefixes, _ = _walk(net, [0, 1] * 6)
    assert np.abs(np.diff(prefixes, axis=0)).max() > 1e-3
    for begin in range(0, 12, HORIZON):
        part = slice(begin, begin + HORIZON)
        np.testing.assert_allclose(np.cumsum(rewards[part], axis=0), prefixes[part], atol=1e-5)


def test_every_fifth_step_what_was_counted_is_forgotten(net):
    states = _walk(net, [0, 1, 1, 0, 1])[2]
    assert len(states) == HORIZON + 1
    first, last = states[0], states[-1]
    assert (np.asarray(first.steps)[0], np.asarray(last.steps)[0]) == (0, HORIZON)
    fresh = first._replace(latent=last.latent)
    both = [jax.tree.leaves(_step(net, state, 0)[0]) for state in (fresh, last)]
    for one, other in zip(*both, strict=True):
        np.testing.assert_array_equal(one, other)
    middle = states[2]._replace(latent=last.latent)
    assert (np.asarray(_step(net, middle, 0)[0].reward) != np.asarray(_step(net, last, 0)[0].reward)).any()


def test_targets_are_sums(net):
    reward = np.array([[1, 2, 3, 4, 5, 6, 7], [0, 0, 0, 0, -1, 0, 1]], np.float32)
    targets = jax.jit(lambda net, x: (reward_targets(net, x), reward_targets(net.net, x)))
    sums, same = targets(net, reward)
    np.testing.assert_array_equal(sums, [[1, 3, 6, 10, 15, 6, 13], [0, 0, 0, 0, -1, 0, 1]])
    np.testing.assert_array_equal(same, reward)


def test_the_loss_holds_the_prefix_to_the_sum(net):
    rng, count, steps = np.random.default_rng(1), 6, 3
    batch = Unrolled(
        observation=rng.normal(size=(count, 4)).astype(np.float32),
        action=rng.integers(2, size=(count, steps)).astype(np.int32),
        reward=rng.normal(size=(count, steps)).astype(np.float32),
        value=np.zeros((count, steps + 1), np.float32),
        policy=np.full((count, steps + 1, 2), 0.5, np.float32),
        policy_weight=np.ones((count, steps + 1), np.float32),
        known=np.ones((count, steps + 1), np.float32),
        later=rng.normal(size=(count, steps, 4)).astype(np.float32),
    )

    @jax.jit
    def by_hand(net, batch):
        state, expected = net.representation(batch.observation), 0.0
        for k in range(steps):
            state, logits = net.dynamics(state, batch.action[:, k])
            target = net.supports[1].two_hot(batch.reward[:, : k + 1].sum(1))
            expected -= (target * jax.nn.log_softmax(logits)).sum(-1).mean() / steps
        return expected

    def loss(cell, batch):
        return unrolled_loss(eqx.tree_at(lambda n: n.cell, net, cell), batch)

    (_, metrics), gradient = jax.jit(jax.value_and_grad(loss, has_aux=True))(net.cell, batch)
    assert float(metrics["unrolled_reward_loss"]) == pytest.approx(float(by_hand(net, batch)), rel=1e-4)
    assert all(np.abs(x).max() > 0 for x in jax.tree.leaves(gradient))


def test_the_model_of_the_search_gives_differences(net):
    @jax.jit
    def of_model(net):
        model = Learned(net)
        root = model.embed(Seen(jnp.ones((2, 4)), jnp.ones((2, 2), bool)))
        one = model.transition(root, jnp.zeros(2, jnp.int32))
        return one.reward, model.transition(one.embedding, jnp.ones(2, jnp.int32)).reward

    np.testing.assert_allclose(np.array(of_model(net)), _walk(net, [0, 1])[0], atol=1e-6)


@pytest.mark.whole
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
