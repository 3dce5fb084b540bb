"""MuZero with a perfect table for its model visits what AlphaZero visits; with K = 0 its loss is AlphaZero's."""

from typing import NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from move37 import games
from move37.learn.losses import policy_value_loss
from move37.learn.targets import Samples
from move37.learn.unroll import Unrolled, unrolled_loss
from move37.models.learned import Learned, seen
from move37.models.rules import Rules
from move37.nets.latent import Imagined, Predicted
from move37.nets.policy_value import NetConfig, PolicyValue
from move37.search.gumbel import Gumbel
from move37.search.mcts import SearchConfig, search
from move37.search.puct import Puct

pytestmark = pytest.mark.usefixtures("promotion_as_optax_needs_it")

GAME = games.make("tic_tac_toe")
POWERS = 3 ** np.arange(9)
OVER = 3**9  # the absorbing state


def _code(observation):
    """A position as its mover sees it, as a number: 1 own, 2 the opponent's."""
    planes = observation.reshape(len(observation), 2, 9).astype(jnp.int32)
    return (planes[:, 0] + 2 * planes[:, 1]) @ jnp.asarray(POWERS, jnp.int32)


def _line(board, mark):
    return any(all(board[i] == mark for i in line) for line in LINES)


LINES = [(r, r + 1, r + 2) for r in (0, 3, 6)] + [(c, c + 3, c + 6) for c in (0, 1, 2)] + [(0, 4, 8), (2, 4, 6)]


def _tables():
    """(next state, reward, logits, value) of every position: rules in plain Python, a net by chance."""
    after, reward = np.full((OVER + 1, 9), OVER), np.zeros((OVER + 1, 9), np.float32)
    rng = np.random.default_rng(0)
    logits = rng.normal(size=(OVER + 1, 9)).astype(np.float32)
    value = rng.uniform(-1, 1, size=OVER + 1).astype(np.float32)
    for code in range(OVER):
        board = code // POWERS % 3
        if _line(board, 1) or _line(board, 2) or (board > 0).all():
            value[code] = 0
            continue
        logits[code, board > 0] = -np.inf
        for action in np.flatnonzero(board == 0):
            board[action] = 1
            swapped = np.array([0, 2, 1])[board]
            after[code, action], reward[code, action] = swapped @ POWERS, float(_line(board, 1))
            board[action] = 0
    value[OVER] = 0
    return tuple(map(jax.device_put, (after.astype(np.int32), reward, logits, value)))


class Exact(NamedTuple):
    """A support that is the number itself."""

    def mean(self, x):
        return x[..., 0]


class Perfect:
    """h, g, f as tables."""

    discount, supports = -1.0, (Exact(), Exact())

    def __init__(self):
        self.after, self.reward, self.logits, self.value = _tables()

    def representation(self, observation):
        return _code(observation)

    def dynamics(self, latent, action):
        return Imagined(self.after[latent, action], self.reward[latent, action][:, None])

    def prediction(self, latent):
        return Predicted(self.logits[latent], self.value[latent][:, None])

    def __call__(self, observation):
        """AlphaZero's net."""
        return self.logits[_code(observation)], self.value[_code(observation)]


@pytest.fixture(scope="module")
def perfect():
    return Perfect()


def _positions(count, plies):
    """Random positions that are not over."""
    rng, states, first = np.random.default_rng(1), [], jax.tree.map(np.asarray, _init())
    while len(states) < count:
        state, over = first, False
        for _ in range(rng.integers(plies + 1)):
            step = jax.tree.map(np.asarray, _step(state, np.int32(rng.choice(np.flatnonzero(_legal(state))))))
            state, over = step.state, bool(step.discount == 0)
            if over:
                break
        if not over:
            states.append(state)
    return jax.tree.map(lambda *x: np.stack(x), *states)


_init = jax.jit(lambda: GAME.init(jax.random.key(0)))
_step, _legal, _legal_of_all = jax.jit(GAME.step), jax.jit(GAME.legal), jax.jit(jax.vmap(GAME.legal))


@pytest.mark.parametrize("rule", [Puct(), Gumbel(gumbel_scale=1.0)], ids=["puct", "gumbel"])
def test_with_a_perfect_table_it_visits_what_alphazero_visits(perfect, rule):
    config, states = SearchConfig(rule, num_simulations=64), _positions(24, 6)
    noise = jax.jit(rule.noise)(jax.random.key(3), _legal_of_all(states))

    @jax.jit
    def both(states, noise):
        model = Learned(perfect)
        learned = search(model, model.embed(seen(GAME, states)), config, noise)
        return learned, search(Rules(GAME, perfect), states, config, noise)

    ours, theirs = both(states, noise)
    np.testing.assert_array_equal(ours.visit_counts, theirs.visit_counts)
    np.testing.assert_array_equal(ours.action, theirs.action)
    np.testing.assert_allclose(ours.q_values, theirs.q_values, atol=1e-5)
    np.testing.assert_allclose(ours.value, theirs.value, atol=1e-5)


class Plain:
    """AlphaZero's net in MuZero's clothes; nothing is ever imagined with it."""

    def __init__(self, net):
        self.net = net
        self.supports = (Categorical(), Categorical())
        self.resemblance = None

    def representation(self, observation):
        return observation

    def prediction(self, latent):
        logits, value = self.net(latent)
        return Predicted(logits, value[:, None])


class Categorical(Exact):
    """And its target, for the cross-entropy that stands in place of the squared error."""

    def two_hot(self, x):
        return x[..., None]


def test_with_nothing_unrolled_its_loss_is_alphazeros():
    net, rng = PolicyValue(GAME, NetConfig(1, 8), key=jax.random.key(1)), np.random.default_rng(0)
    states = _positions(16, 5)
    observation = np.asarray(jax.jit(jax.vmap(GAME.observe))(states))
    policy = rng.dirichlet(np.ones(9), 16).astype(np.float32)
    value, weight = rng.uniform(-1, 1, 16).astype(np.float32), rng.integers(2, size=16).astype(np.float32)
    samples = Samples(observation, policy, weight, value, policy, value)
    batch = Unrolled(
        observation, np.zeros((16, 0), np.int32), np.zeros((16, 0), np.float32), value[:, None], policy[:, None],
        weight[:, None], np.ones((16, 1), np.float32),
    )  # fmt: skip
    theirs = jax.jit(policy_value_loss)(net, samples)[1]
    ours = jax.jit(lambda net, batch: unrolled_loss(Plain(net), batch))(net, batch)[1]
    for name in ("policy_loss", "value_loss", "policy_entropy"):
        np.testing.assert_allclose(ours[name], theirs[name], rtol=1e-5)
