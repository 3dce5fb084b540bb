"""Sampled MuZero: what is drawn is what the policy says, and a search over the draws finds what all actions would."""

from functools import partial
from itertools import product

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
import pytest

from move37.models.learned import Seen
from move37.models.sampled import Sampled
from move37.nets.actions import Choice, Numbers
from move37.nets.latent import Imagined, Predicted
from move37.search.gumbel import Gumbel
from move37.search.mcts import SearchConfig, search
from move37.search.puct import Puct


class Exact:
    """As `supports`: the number itself stands where logits would."""

    @staticmethod
    def mean(x):
        return x[:, 0]


class Slope:
    """A latent state is one number x. An action (a, b) moves it by a and pays 1 − (a − x)²; b does nothing."""

    actions, supports, discount = Numbers(2, 5), (Exact(), Exact()), 0.1

    def __init__(self, logits):
        self.logits = np.asarray(logits, np.float32)

    def representation(self, observation):
        return observation

    def dynamics(self, latent, action):
        return Imagined(latent + action[:, :1], 1 - (action[:, :1] - latent) ** 2)

    def prediction(self, latent):
        return Predicted(jnp.broadcast_to(self.logits, (len(latent), 10)), jnp.zeros((len(latent), 1)))


def _embed(model, count, batch=1, seed=0, x=0.0):
    embed = jax.jit(lambda key: model.embed(Seen(jnp.full((batch, 1), x), jnp.ones((batch, count), bool), key)))
    return embed(jax.random.key(seed))


LOGITS = np.log([0.1, 0.2, 0.4, 0.2, 0.1, 0.5, 0.1, 0.1, 0.1, 0.2])
MODEL = Sampled(Slope(LOGITS))


def test_numbers_are_drawn_as_often_as_the_policy_says_and_each_row_has_its_own_key():
    draw = jax.jit(lambda logits, key: Numbers(2, 5).draw(logits, 20_000, jax.random.split(key, 2)))
    drawn = np.asarray(draw(np.array([LOGITS, LOGITS], np.float32), jax.random.key(0)))
    assert (drawn[0] != drawn[1]).any()
    for d in range(2):
        values, counts = np.unique(drawn[..., d], return_counts=True)
        np.testing.assert_allclose(values, [-1, -0.5, 0, 0.5, 1])
        np.testing.assert_allclose(counts / 40_000, np.exp(LOGITS[5 * d : 5 * d + 5]), atol=0.01)
    assert abs(np.corrcoef(drawn.reshape(-1, 2).T)[0, 1]) < 0.02


def test_log_probability_is_that_of_the_product_and_sums_to_one():
    numbers, grid = Numbers(2, 5), np.array(list(product(np.linspace(-1, 1, 5), repeat=2)), np.float32)
    logits, log_probability = np.asarray(LOGITS[None], np.float32), eqx.filter_jit(numbers.log_probability)
    log_p = np.asarray(log_probability(logits, grid[None]))[0]
    np.testing.assert_allclose(np.exp(log_p), np.outer(np.exp(LOGITS[:5]), np.exp(LOGITS[5:])).ravel(), rtol=1e-4)
    assert np.exp(log_p).sum() == pytest.approx(1, rel=1e-5)
    assert float(eqx.filter_jit(numbers.entropy)(logits)[0]) == pytest.approx(-(np.exp(log_p) * log_p).sum(), rel=1e-4)
    near = np.asarray(log_probability(logits, np.array([[[-0.9, 0.6]]], np.float32)))
    assert near[0, 0] == pytest.approx(LOGITS[0] + LOGITS[8], rel=1e-4)


def test_equal_draws_are_one_candidate_with_their_share_of_the_prior():
    roots = _embed(MODEL, 32, batch=64)
    action, allowed = np.asarray(roots.action), np.asarray(roots.allowed)
    for row in range(64):
        kept = action[row, allowed[row]]
        assert len(np.unique(kept, axis=0)) == len(kept) == len(np.unique(action[row], axis=0))
    np.testing.assert_allclose(np.exp(np.asarray(roots.log_prior)).sum(1), 1, rtol=1e-5)
    inner = jax.jit(MODEL.transition)(roots, np.zeros(64, np.int32)).embedding
    # Below the root all are from π: the prior is the share of draws.
    action, prior = np.asarray(inner.action), np.exp(np.asarray(inner.log_prior))
    share = (action[:, :, None] == action[:, None]).all(-1).mean(-1)
    np.testing.assert_allclose(prior, np.where(np.asarray(inner.allowed), share, 0), atol=1e-5)


def test_at_the_root_the_flat_half_is_weighed_down_to_what_the_policy_says():
    sharp = np.log([0.01, 0.01, 0.96, 0.01, 0.01] * 2)
    roots = _embed(Sampled(Slope(sharp)), 64, batch=256)
    action, prior = np.asarray(roots.action), np.exp(np.asarray(roots.log_prior))
    numbers = {tuple(a) for a in action.reshape(-1, 2).tolist()}
    assert len(numbers) == 25  # under π alone the corners would come once in ten thousand draws
    middle = (prior * (action == 0).all(-1)).sum(1)
    assert middle.mean() == pytest.approx(0.96**2, abs=0.02)


def test_draws_are_the_same_with_the_same_key_and_others_below_other_actions():
    roots, again, other = _embed(MODEL, 8), _embed(MODEL, 8), _embed(MODEL, 8, seed=1)
    np.testing.assert_array_equal(roots.action, again.action)
    assert (np.asarray(roots.action) != np.asarray(other.action)).any()
    transition = jax.jit(MODEL.transition)
    below = [np.asarray(transition(roots, np.array([k], np.int32)).embedding.action) for k in (0, 1)]
    assert (below[0] != below[1]).any()
    assert (below[0] != np.asarray(roots.action)).any()


@pytest.mark.parametrize("rule", [Gumbel(value_scale=10.0), Puct(pb_c_init=0.1)])
def test_a_search_over_candidates_finds_the_best_of_them(rule):
    """From x = 0.5 the first step pays most with a = 0.5, whatever b is, and later steps count little."""
    model = Sampled(Slope(np.zeros(10)))
    roots = _embed(model, 16, batch=8, x=0.5)
    result = jax.jit(partial(search, model, config=SearchConfig(rule, num_simulations=64)))(roots)
    chosen = np.asarray(jax.jit(model.act)(roots, result.action))
    best = np.abs(np.asarray(roots.action)[..., 0] - 0.5)
    best = np.where(np.asarray(roots.allowed), best, np.inf).min(1)
    off = np.abs(chosen[:, 0] - 0.5)
    np.testing.assert_allclose(off, best, atol=1e-6 if isinstance(rule, Gumbel) else 0.51)  # PUCT spreads its visits
    assert off.max() < 1
    np.testing.assert_allclose(np.asarray(result.action_weights).sum(1), 1, rtol=1e-4)
    assert not np.asarray(result.action_weights)[~np.asarray(roots.allowed)].any()
    if isinstance(rule, Gumbel):
        assert not np.asarray(result.visit_counts)[~np.asarray(roots.allowed)].any()


def test_a_choice_is_a_row_of_its_table():
    choice = Choice(3, 4, key=jax.random.key(0))
    assert (choice.num_logits, choice.width) == (3, 4)
    np.testing.assert_array_equal(choice.encode(jax.device_put(np.array([2, 0]))), np.asarray(choice.table)[[2, 0]])
