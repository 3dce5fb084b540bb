"""Stretches of episodes, and the loss along them, against plain loops."""

import equinox as eqx
import jax
import numpy as np
import pytest

from move37.core.episode import Episode
from move37.core.values import Support
from move37.games import make
from move37.learn.targets import n_step_return, n_step_targets
from move37.learn.unroll import scale_gradient, unroll, unrolled_loss
from move37.nets.latent import BoardLatent, LatentConfig
from move37.play.replay import Replay, ReplayConfig

pytestmark = pytest.mark.usefixtures("promotion_as_optax_needs_it")

GAME = make("tic_tac_toe")
_loss = jax.jit(unrolled_loss)


def _episode(length, first, discount=-1.0):
    """Rows are told apart by their numbers, from `first` on."""
    number = np.arange(first, first + length, dtype=np.float32)
    observation = np.broadcast_to(number[:, None, None, None], (length, 2, 3, 3))
    ends = np.where(np.arange(length) == length - 1, 0.0, discount).astype(np.float32)
    weights = np.full((length, 9), 1 / 9, np.float32)
    rewards = (number % 7).astype(np.float32)
    played = np.ones(length, bool)
    return Episode(observation, (number % 9).astype(np.int64), weights, number / 100, rewards, ends, played,
                   np.zeros(2, np.uint32), np.zeros(0, np.int64))  # fmt: skip


@pytest.mark.parametrize("td_steps", [1, 3, 50])
def test_stretches_follow_their_episode_and_know_where_it_ends(td_steps):
    episodes = [_episode(length, 100 * i) for i, length in enumerate((5, 1, 9, 4), 1)]
    replay, steps = Replay(ReplayConfig(fraction=1.0, least=1)), 3
    replay.add(1, n_step_targets(episodes[:2], td_steps), 2)
    replay.add(2, n_step_targets(episodes[2:], td_steps), 2)
    whole = {int(e.observation[0, 0, 0, 0]) // 100: e for e in episodes}
    seen = set()
    for batch in replay.stretches(20, 8, steps, np.random.default_rng(0)):
        assert batch.action.shape == batch.reward.shape == (8, steps)
        for i in range(8):
            number = int(batch.observation[i, 0, 0, 0])
            seen.add(number)
            episode, begin = whole[number // 100], number % 100
            for k in range(steps + 1):
                t = begin + k
                if t >= len(episode.action):
                    assert (batch.value[i, k], batch.policy_weight[i, k]) == (0, 0)
                    assert k == steps or batch.reward[i, k] == 0
                    continue
                assert batch.policy_weight[i, k] == 1
                assert batch.value[i, k] == pytest.approx(_n_step(episode, t, td_steps), abs=1e-4)
                if k < steps:
                    assert (batch.action[i, k], batch.reward[i, k]) == (episode.action[t], episode.reward[t])
    assert seen == {int(x) for e in episodes for x in e.observation[:, 0, 0, 0]}


@pytest.mark.parametrize("cut", [False, True])
def test_with_fresh_values_only_what_stands_at_the_end_of_a_return_changes(cut):
    episodes, td_steps = [_episode(6, 0)._replace(cut=cut), _episode(3, 100)], 2
    if cut:
        episodes[0].discount[-1] = -1.0
    replay = Replay(ReplayConfig(fraction=1.0, least=1))
    replay.add(1, n_step_targets(episodes, td_steps), 2)

    def value_of(observation):
        return 7 + observation[:, 0, 0, 0]

    changed = [e._replace(root_value=value_of(e.observation)) for e in episodes]
    for batch in replay.stretches(20, 8, 3, np.random.default_rng(0), td_steps, value_of):
        for i in range(8):
            number = int(batch.observation[i, 0, 0, 0])
            episode, begin = changed[number // 100], number % 100
            expected = n_step_return(*(getattr(episode, x) for x in ("reward", "discount", "root_value")), td_steps,
                                     episode.cut)[begin:]  # fmt: skip
            count = min(4, len(expected))
            np.testing.assert_allclose(batch.value[i, :count], expected[:count], rtol=1e-5)


def _drawn(replay, priority, count=400):
    """How often each position began a stretch, and its mean importance in the batch times its odds."""
    numbers, importance = [], []
    for batch in replay.stretches(count, 64, 2, np.random.default_rng(0), priority=priority):
        numbers.append(batch.observation[:, 0, 0, 0])
        importance.append(np.ones(64) if batch.importance is None else batch.importance)
        assert importance[-1].max() == 1
    return np.concatenate(numbers).astype(int), np.concatenate(importance)


def test_surprising_positions_are_drawn_more_often_and_count_less():
    episode = _episode(8, 0)
    samples = n_step_targets([episode], 2)
    surprise = np.array([0, 1, 2, 4, 8, 1, 1, 3], np.float32)
    replay = Replay(ReplayConfig(fraction=1.0, least=1))
    replay.add(1, samples._replace(root_value=samples.value - surprise * np.array([1, -1] * 4, np.float32)), 1)
    numbers, importance = _drawn(replay, 0.0)
    np.testing.assert_allclose(np.bincount(numbers, minlength=8) / len(numbers), 1 / 8, atol=0.01)
    assert (importance == 1).all()
    for priority in (1.0, 0.5):
        numbers, importance = _drawn(replay, priority)
        odds = surprise**priority / (surprise**priority).sum()
        share = np.bincount(numbers, minlength=8) / len(numbers)
        np.testing.assert_allclose(share, odds, atol=0.015)
        weights = [importance[numbers == i].mean() for i in (1, 3, 4)]  # ∝ 1 / odds: together they count the same
        np.testing.assert_allclose(np.array(weights) * odds[[1, 3, 4]], weights[0] * odds[1], rtol=0.02)


def test_importance_weighs_each_stretch_in_the_loss():
    net = BoardLatent(GAME, LatentConfig(0, 1, 4, consistency=2.0), key=jax.random.key(0))
    samples = n_step_targets([_episode(6, 0)], 2)
    rows = np.minimum(np.arange(6)[:, None] + np.arange(3), 5).reshape(-1)
    batch = unroll(jax.tree.map(lambda x: x[rows], samples), 2, np.random.default_rng(1), True)
    weight = np.array([1, 0, 0, 0.5, 0, 0], np.float32)
    _, found = _loss(net, batch._replace(importance=weight))
    for name in ("unrolled_value_loss", "unrolled_reward_loss"):
        alone = [float(_loss(net, jax.tree.map(lambda x, i=i: x[i : i + 1], batch))[1][name]) for i in (0, 3)]
        assert float(found[name]) == pytest.approx((alone[0] + 0.5 * alone[1]) / 6, rel=1e-4)
    assert float(_loss(net, batch._replace(importance=0 * weight))[0]) == 0


def _n_step(episode, t, n):
    """G = Σ (Π d)·r over n steps, then the root value there, if the game is not over."""
    total, weight = 0.0, 1.0
    for i in range(t, min(t + n, len(episode.action))):
        total += weight * float(episode.reward[i])
        weight *= float(episode.discount[i])
    return total + weight * (float(episode.root_value[t + n]) if t + n < len(episode.action) else 0.0)


def test_what_is_imagined_is_held_to_what_was_seen_and_not_the_other_way_round():
    config = LatentConfig(0, 1, 4, value=Support(-2.0, 2.0, 5), consistency=2.0)
    net = BoardLatent(GAME, config, key=jax.random.key(0))
    rng = np.random.default_rng(0)
    imagined, shown = (rng.normal(size=(6, 4, 3, 3)).astype(np.float32) for _ in range(2))
    one, two = (x.reshape(6, -1) for x in (imagined, shown))

    def layers(pair, x):
        first, second = pair
        hidden = np.maximum(x @ np.asarray(first.weight).T + np.asarray(first.bias), 0)
        return hidden @ np.asarray(second.weight).T + np.asarray(second.bias)

    def standard(x):
        return (x - x.mean(0)) / np.sqrt(x.var(0) + 1e-5)

    p = net.resemblance
    a, b = layers(p.prediction, standard(layers(p.projection, one))), standard(layers(p.projection, two))
    cosine = (a * b).sum(1) / np.linalg.norm(a, axis=1) / np.linalg.norm(b, axis=1)
    np.testing.assert_allclose(eqx.filter_jit(p)(imagined, shown), -cosine, rtol=1e-4)
    gradients = jax.jit(jax.grad(lambda x, y: p(x, y).sum(), argnums=(0, 1)))(imagined, shown)
    assert np.abs(gradients[0]).max() > 0
    assert np.abs(gradients[1]).max() == 0
    samples = n_step_targets([_episode(6, 0)], 2)
    rows = np.minimum(np.arange(6)[:, None] + np.arange(3), 5).reshape(-1)
    samples = jax.tree.map(lambda x: x[rows], samples)
    batch = unroll(samples, 2, np.random.default_rng(1), later=True)
    np.testing.assert_array_equal(batch.later[:4, :, 0, 0, 0], [[1, 2], [2, 3], [3, 4], [4, 5]])
    with_it, metrics = _loss(net, batch)
    without, _ = _loss(eqx.tree_at(lambda n: n.resemblance, net, None), batch)
    np.testing.assert_allclose(with_it - without, 2 * metrics["consistency_loss"], rtol=1e-4)


def test_behind_the_end_actions_are_random():
    samples = n_step_targets([_episode(1, 0)], 1)
    rows = jax.tree.map(lambda x: np.repeat(x, 400, axis=0), samples)
    actions = unroll(rows, 3, np.random.default_rng(0)).action
    assert (actions[:, 0] == 0).all()
    assert set(np.unique(actions[:, 1:])) == set(range(9))


@jax.jit
def _imagined(net, batch):
    """What f says of all K + 1 states along each stretch, and g of the K rewards."""
    latent, rewards = net.representation(batch.observation), []
    said = [net.prediction(latent)]
    for k in range(batch.action.shape[1]):
        latent, logits = net.dynamics(latent, batch.action[:, k])
        rewards.append(logits)
        said.append(net.prediction(latent))
    return said, rewards


def test_the_loss_is_the_sum_over_what_was_imagined():
    config = LatentConfig(0, 1, 4, value=Support(-2.0, 2.0, 5), reward=Support(-1.0, 1.0, 3))
    rng = np.random.default_rng(0)
    net = BoardLatent(GAME, config, key=jax.random.key(0))
    net = jax.tree.map(lambda x: rng.normal(0, 0.3, x.shape).astype(np.float32), net)
    samples = n_step_targets([_episode(6, 0)], 2)
    samples = samples._replace(reward=samples.reward / 7, value=samples.value / 7)
    rows = np.minimum(np.arange(6)[:, None] + np.arange(3), 5).reshape(-1)
    batch = unroll(jax.tree.map(lambda x: x[rows], samples), 2, np.random.default_rng(1))
    loss, metrics = _loss(net, batch)
    said, rewards = _imagined(net, batch)
    policy = value = reward = 0.0
    for k, (share, out) in enumerate(zip((1.0, 0.5, 0.5), said, strict=True)):
        known = batch.policy_weight[:, k]
        of_rows = -(batch.policy[:, k] * _log_softmax(out.policy)).sum(-1)
        policy += share * (known * of_rows).sum() / known.sum()
        value += share * _cross_entropy(out.value, batch.value[:, k], -2.0, 1.0, 5)
        if k < 2:
            reward += 0.5 * _cross_entropy(rewards[k], batch.reward[:, k], -1.0, 1.0, 3)
    assert metrics["unrolled_policy_loss"] == pytest.approx(policy, rel=1e-4)
    assert metrics["unrolled_value_loss"] == pytest.approx(value, rel=1e-4)
    assert metrics["unrolled_reward_loss"] == pytest.approx(reward, rel=1e-4)
    assert loss == pytest.approx(policy + value + reward, rel=1e-4)


def _log_softmax(logits):
    return np.asarray(logits) - np.log(np.exp(logits).sum(-1, keepdims=True))


def _cross_entropy(logits, numbers, low, step, bins):
    """To a target on the two bins beside each number, by hand."""
    log_p, total = _log_softmax(logits), 0.0
    for row, x in enumerate(np.asarray(numbers)):
        place = min(max((float(x) - low) / step, 0), bins - 1)
        left = min(int(place), bins - 2)
        total -= (left + 1 - place) * log_p[row, left] + (place - left) * log_p[row, left + 1]
    return total / len(numbers)


def test_gradients_are_scaled_and_numbers_are_not():
    half = jax.jit(jax.value_and_grad(lambda x: (scale_gradient(x, 0.5) ** 2).sum()))
    value, gradient = half(np.array([3, -1], np.float32))
    assert value == 10
    np.testing.assert_allclose(gradient, [3.0, -1.0])
