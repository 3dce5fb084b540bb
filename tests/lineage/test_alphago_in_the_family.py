"""AlphaGo's place in the family."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from move37.games.go import Go
from move37.learn.policy_gradient import group_advantage
from move37.models.playouts import RulesAndPlayouts
from move37.models.rules import Rules
from move37.nets.patterns import LocalPatterns
from move37.search.mcts import SearchConfig
from move37.search.puct import Puct
from move37.search.stepwise import Stepwise

GAME = Go(5)


def _evaluate(observation):
    """A made-up network: some function of what it sees."""
    flat = observation.reshape(len(observation), -1).astype(np.float32)
    weights = np.random.default_rng(1).normal(size=(flat.shape[1], 27)).astype(np.float32)
    out = flat @ weights
    return out[:, :26], np.tanh(out[:, 26] / 4)


@pytest.mark.whole
def test_without_playouts_it_searches_as_alphago_zero():
    config, state = SearchConfig(Puct(), 24), jax.vmap(GAME.init)(jax.random.split(jax.random.key(0), 3))
    plain = Stepwise(Rules(GAME), config).search(_evaluate, state)
    for weight, same in ((0.0, True), (0.5, False)):
        search = Stepwise(RulesAndPlayouts(GAME, LocalPatterns(GAME), weight), config).search
        mixed = search(_evaluate, (state, jax.random.split(jax.random.key(1), 3)))
        assert np.array_equal(plain.visit_counts, mixed.visit_counts) == same
        assert np.allclose(plain.value, mixed.value) == same


def test_one_group_of_all_is_reinforce_with_a_mean_baseline():
    outcome = np.array([1, -1, -1, 1, 1], np.float32)
    np.testing.assert_allclose(group_advantage(outcome, np.zeros(5, np.int64)), outcome - 0.2, rtol=1e-6)
    two = group_advantage(outcome, np.array([0, 0, 1, 1, 1]))
    np.testing.assert_allclose(two, [1, -1, -4 / 3, 2 / 3, 2 / 3], rtol=1e-6)
    assert jnp.asarray(two).dtype == jnp.float32
