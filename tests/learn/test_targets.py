"""Returns against plain recursion, with the signs of both players, and what else becomes a target."""

import numpy as np
import pytest

from move37.core.episode import Episode
from move37.learn.targets import n_step_return, outcome, outcome_targets

# rewards, discounts, returns: all seen by the agent to move
BY_HAND = {
    "the first player wins": ([0, 0, 1], [-1, -1, 0], [1, -1, 1]),
    "the second player wins": ([0, 0, 0, 1], [-1, -1, -1, 0], [-1, 1, -1, 1]),
    "the last move loses": ([0, 0, -1], [-1, -1, 0], [-1, 1, -1]),
    "a draw": ([0, 0], [-1, -0.0], [0, 0]),
    "a reward on the way for two": ([0.5, 0, 1], [-1, -1, 0], [1.5, -1, 1]),
    "one player moves twice": ([0, 0, 0, 1], [1, -1, -1, 0], [1, 1, -1, 1]),
    "one player, undiscounted": ([1, 2, 3], [1, 1, 0], [6, 5, 3]),
    "one player, γ = 1/2": ([1, 2, 3], [0.5, 0.5, 0], [2.75, 3.5, 3]),
    "a single move": ([-1], [0], [-1]),
}


def _floats(*rows):
    return [np.array(row, np.float32) for row in rows]


def _plain(reward, discount, value, n, t=0):
    """G_t = r_t + d_t·G_{t+1}, cut off by the value after n steps; nothing comes after the end."""
    if t == len(reward):
        return 0.0
    return value[t] if n == 0 else reward[t] + discount[t] * _plain(reward, discount, value, n - 1, t + 1)


def _random_episode(rng, length, discounts, actions=3):
    discount = np.append(rng.choice(discounts, length - 1), 0).astype(np.float32)
    reward, value = rng.normal(size=(2, length)).astype(np.float32)
    weights = rng.dirichlet(np.ones(actions), length).astype(np.float32)
    observation, full = rng.random((length, 2, 1, 2)) < 0.5, rng.random(length) < 0.5
    key, opening = np.zeros(2, np.uint32), np.zeros(0, np.int32)
    return Episode(observation, weights.argmax(1), weights, value, reward, discount, full, key, opening)


@pytest.mark.parametrize("name", BY_HAND)
def test_returns_by_hand(name):
    reward, discount, wanted = _floats(*BY_HAND[name])
    np.testing.assert_allclose(outcome(reward, discount), wanted)
    np.testing.assert_allclose(n_step_return(reward, discount, np.full_like(reward, 7), len(reward)), wanted)


@pytest.mark.parametrize("discounts", [[-1], [0.9], [-1, 1, 0.5]])
def test_returns_equal_a_plain_recursion(discounts):
    rng = np.random.default_rng(0)
    for length in (1, 2, 9):
        e = _random_episode(rng, length, discounts)
        rows = (e.reward, e.discount, e.root_value)
        for n in (1, 2, 5, length, length + 3):
            wanted = [_plain(*(row[t:] for row in rows), n) for t in range(length)]
            np.testing.assert_allclose(n_step_return(*rows, n), wanted, rtol=1e-5, atol=1e-6)
        np.testing.assert_allclose(outcome(e.reward, e.discount), wanted, rtol=1e-5, atol=1e-6)


def test_one_step_takes_the_next_value_with_the_sign_of_its_mover():
    reward, discount, value = _floats([0, 0, 1], [-1, 1, 0], [0.1, 0.6, -0.4])
    np.testing.assert_allclose(n_step_return(reward, discount, value, 1), [-0.6, -0.4, 1], rtol=1e-6)


@pytest.mark.parametrize("weight", [0.0, 0.25, 1.0])
def test_samples_hold_the_targets_of_each_episode(weight):
    rng = np.random.default_rng(1)
    episodes = [_random_episode(rng, length, [-1]) for length in (4, 1, 3)]
    samples = outcome_targets(episodes, weight)
    z = np.concatenate([outcome(e.reward, e.discount) for e in episodes])
    root = np.concatenate([e.root_value for e in episodes])
    np.testing.assert_allclose(samples.value, (1 - weight) * z + weight * root, rtol=1e-6)
    np.testing.assert_array_equal(samples.policy, np.concatenate([e.action_weights for e in episodes]))
    np.testing.assert_array_equal(samples.observation, np.concatenate([e.observation for e in episodes]))
    np.testing.assert_array_equal(samples.moves_left, [4, 3, 2, 1, 1, 3, 2, 1])
    last = [3, 4, 7]  # rows after which there is no reply: another episode's first move is none
    np.testing.assert_array_equal(samples.reply[last], 0)
    others = np.setdiff1d(np.arange(8), last)
    np.testing.assert_array_equal(samples.reply[others], samples.policy[others + 1])
    assert {x.dtype for x in samples[1:6]} == {np.dtype(np.float32)}
    assert samples.observation.dtype == bool


def test_fast_moves_carry_no_policy_weight_and_no_episode_no_sample():
    episode = _random_episode(np.random.default_rng(2), 3, [-1])._replace(full=np.array([True, False, True]))
    np.testing.assert_array_equal(outcome_targets([episode]).policy_weight, [1, 0, 1])
    assert outcome_targets([]) is None
