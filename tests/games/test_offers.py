"""Offers: every state and action against the words of its docstring, and the best return by dynamic programming."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from move37.games.offers import LUCKY, OFFERS, ROUNDS, STAKE, Offers, State, best_return

GAME = Offers()
COUNT = 4_000


def _state(number, rolled, shown):
    return State(jnp.int8(number), jnp.bool_(rolled), jnp.int8(shown), jnp.zeros(2, jnp.uint32))


@pytest.fixture(scope="module")
def many():
    """The same step with many keys."""

    def steps(state, action):
        keys = jax.random.bits(jax.random.key(0), (COUNT, 2), jnp.uint32)
        return jax.vmap(lambda key: GAME.step(state._replace(key=key), action))(keys)

    return jax.jit(steps)


@pytest.mark.parametrize("number", range(ROUNDS))
@pytest.mark.parametrize(("rolled", "shown"), [(False, 0), (False, 1), (False, 2), (False, 3), (True, 0), (True, 1)])
def test_every_state_and_action(many, number, rolled, shown):
    for action in (0, 1):
        step = jax.tree.map(np.asarray, many(_state(number, rolled, shown), jnp.int32(action)))
        if not rolled and action == 1:
            reward, round_after, share = 0.0, number, [1 - LUCKY, LUCKY, 0, 0]
        else:
            stake = STAKE if shown == 1 else -STAKE
            reward = (stake if action else 0.0) if rolled else OFFERS[shown]
            round_after, share = number + 1, [0.25] * 4
        assert (step.reward == reward).all()
        assert (step.state.round == round_after).all()
        assert (step.state.rolled == (not rolled and action == 1)).all()
        assert (step.discount == (round_after < ROUNDS)).all()
        shares = np.bincount(step.state.shown, minlength=4) / COUNT
        assert np.abs(shares - share).max() < 4 * (0.25 / COUNT) ** 0.5


def test_the_best_return_by_dynamic_programming():
    value = 0.0  # behind the last round
    for _ in range(ROUNDS):
        roll = LUCKY * max(STAKE, 0) + (1 - LUCKY) * max(-STAKE, 0) + value
        value = float(np.mean([max(offer + value, roll) for offer in OFFERS]))
    assert best_return() == pytest.approx(value)
    assert best_return() == pytest.approx(10)


def test_what_it_shows():
    shown = np.asarray(GAME.observe(_state(2, True, 1)))
    assert shown.sum() == 1
    assert shown[1, 2, 1]
    assert np.asarray(GAME.observe(_state(0, False, 3)))[0, 0, 3]
    assert not np.asarray(GAME.observe(_state(ROUNDS, False, 0))).any()
    assert "2.5 for sure" in GAME.render(_state(1, False, 2))
    assert "unlucky" in GAME.render(_state(1, True, 0))
    assert GAME.render(_state(ROUNDS, False, 0)) == "the end"
