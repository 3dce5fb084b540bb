"""Positions that were set up, against the same ones reached by moves; any komi, against rules made for it."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from move37.core.errors import BadConfig, IllegalMove
from move37.games.check import check
from move37.games.go import Go
from move37.games.go_setup import AnyKomi, chain_names, set_up

GAME = Go(5)
STEP, LEGAL = jax.jit(GAME.step), jax.jit(GAME.legal)


def _random_game(seed: int, length: int):
    rng = np.random.default_rng(seed)
    state, states = GAME.init(jax.random.key(0)), []
    for _ in range(length):
        points = np.flatnonzero(np.asarray(LEGAL(state))[:-1])
        action = rng.choice(points) if len(points) else 25
        state = STEP(state, jnp.int32(action)).state
        states.append(state)
    return states


@pytest.mark.parametrize("seed", range(4))
def test_a_position_set_up_is_the_one_that_moves_lead_to(seed):
    for state in _random_game(seed, 40)[::3]:
        stones = np.sign(np.asarray(state.chains)).astype(np.int64)
        made = set_up(GAME, stones, int(state.player))
        np.testing.assert_array_equal(np.sign(made.chains), stones)
        # Chains have other names and the same members.
        ours, theirs = np.asarray(made.chains), np.asarray(state.chains)
        np.testing.assert_array_equal(ours[:, None] == ours, theirs[:, None] == theirs)
        np.testing.assert_array_equal(made.hashes[:, 0], GAME._hash(state.chains))
        # What was legal without superko is legal.
        alone = state._replace(hashes=made.hashes, num_moves=jnp.int16(1))
        np.testing.assert_array_equal(LEGAL(made), LEGAL(alone))


def test_superko_counts_from_the_position_that_was_set_up():
    # A ko: Black takes at b3, White may not take back at once, for that brings the first position back.
    stones = np.zeros((5, 5), np.int64)
    stones[1, 1], stones[2, 0], stones[3, 1] = 1, 1, 1
    stones[1, 2], stones[2, 3], stones[3, 2], stones[2, 1] = -1, -1, -1, -1
    state = set_up(GAME, stones.reshape(-1), 1)
    after = STEP(state, jnp.int32(2 * 5 + 2)).state
    assert int(after.chains[2 * 5 + 1]) == 0
    assert not bool(LEGAL(after)[2 * 5 + 1])


def test_impossible_positions_are_told():
    stones = np.zeros(25, np.int64)
    stones[0], stones[[1, 5]] = 1, -1
    with pytest.raises(IllegalMove, match="without a liberty cannot be set up: A5"):
        set_up(GAME, stones, 1)
    with pytest.raises(IllegalMove):
        set_up(GAME, np.ones(25, np.int64), 1)
    for bad in ((np.zeros(24, np.int64), 1), (np.zeros(25, np.int64), 0), (np.full(25, 2), 1)):
        with pytest.raises(BadConfig):
            set_up(GAME, *bad)


def test_the_names_of_chains():
    names, breathes = chain_names(np.array([1, 1, -1, 0, -1, -1, 1, 0, 0]), 3)
    assert names.tolist() == [1, 1, -3, 0, -3, -3, 7, 0, 0]
    assert breathes.tolist() == (names != 0).tolist()


def test_any_komi_plays_as_rules_made_for_that_komi():
    game = AnyKomi(Go(3, komi=0.5))
    check(game)
    step = jax.jit(game.step)
    for komi in (-9.0, 0.5, 4.0, 8.5, 9.0, 20.0):
        rules = jax.jit(Go(3, komi=komi).step)
        state, plain = game.init(jax.random.key(0))._replace(komi=jnp.float32(komi)), Go(3).init(jax.random.key(0))
        for action in (4, 9, 9):
            ours, theirs = step(state, jnp.int32(action)), rules(plain, jnp.int32(action))
            state, plain = ours.state, theirs.state
        assert (float(ours.reward), float(ours.discount)) == (float(theirs.reward), 0.0)
        assert float(ours.reward) == np.sign(9 - komi)  # Black passed last and owns all nine points
