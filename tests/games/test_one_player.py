"""Worlds of one player: all action sequences against rules written a second time, and the best return of each."""

import itertools

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from move37.core.errors import BadConfig
from move37.games.catch import Catch, State
from move37.games.deep_sea import DeepSea


def returns(game, starts, sequences):
    """Return of every action sequence from every start, by Σ r_t Π d; [starts, sequences]."""

    def one(state, actions):
        def move(carry, action):
            state, alive = carry
            step = game.step(state, action)
            return (step.state, alive * step.discount), (alive * step.reward, alive)

        (_, alive), (reward, before) = jax.lax.scan(move, (state, jnp.float32(1)), actions)
        return reward.sum(), alive, before.sum()

    many = jax.jit(jax.vmap(jax.vmap(one, (None, 0)), (0, None)))
    total, alive, moves = map(np.asarray, many(starts, jnp.array(sequences)))
    assert (alive == 0).all(), "every episode ends"
    assert (moves == game.max_num_moves).all(), "and not before its last move"
    return total


def test_catch_all_3_to_the_9_sequences_from_each_column():
    game = Catch()
    sequences = np.array(list(itertools.product(range(3), repeat=9)), np.int32)
    starts = State(jnp.zeros(5, jnp.int8), jnp.arange(5, dtype=jnp.int8), jnp.full(5, 2, jnp.int8))
    got = returns(game, starts, sequences)
    paddle = np.full(len(sequences), 2)
    for t in range(9):
        paddle = np.clip(paddle + sequences[:, t] - 1, 0, 4)
    np.testing.assert_array_equal(got, np.where(paddle == np.arange(5)[:, None], 1.0, -1.0))
    np.testing.assert_array_equal(got.max(axis=1), 1.0)


def test_catch_starts_in_every_column_and_shows_ball_and_paddle():
    game = Catch()
    starts = jax.vmap(game.init)(jax.random.split(jax.random.key(0), 200))
    columns = np.asarray(starts.ball_column)
    assert sorted(set(columns.tolist())) == [0, 1, 2, 3, 4]
    views = np.asarray(jax.vmap(game.observe)(starts))
    expected = np.zeros((200, 1, 10, 5), bool)
    expected[np.arange(200), 0, 0, columns] = expected[:, 0, 9, 2] = True
    np.testing.assert_array_equal(views, expected)


@pytest.mark.parametrize("size", [1, 4, 8])
def test_deep_sea_all_sequences(size):
    game = DeepSea(size)
    sequences = np.array(list(itertools.product(range(2), repeat=size)), np.int32)
    start = jax.tree.map(lambda x: x[None], game.init(jax.random.key(0)))
    got = returns(game, start, sequences)[0]
    rights = sequences.sum(axis=1)
    expected = np.where(rights == size, 1.0, 0.0) - 0.01 * rights / size
    np.testing.assert_allclose(got, expected, atol=1e-6)
    assert got.max() == pytest.approx(0.99)
    assert (got > 0).sum() == 1


def test_deep_sea_diver_walks_on_clipped_to_the_left_edge():
    game = DeepSea(5)
    state, cells = game.init(jax.random.key(0)), []
    for action in (0, 1, 1, 0, 1):
        cells.append(np.argwhere(np.asarray(game.observe(state))[0]).tolist())
        state = game.step(state, jnp.int32(action)).state
    assert cells == [[[0, 0]], [[1, 0]], [[2, 1]], [[3, 2]], [[4, 1]]]
    assert not np.asarray(game.observe(state)).any()


def test_boards_as_text():
    catch = Catch()
    state = State(jnp.int8(3), jnp.int8(4), jnp.int8(0))
    lines = catch.render(state).splitlines()
    assert lines[3].split() == ["·", "·", "·", "·", "o"]
    assert lines[9].split() == ["=", "·", "·", "·", "·"]
    assert "$" in DeepSea(4).render(DeepSea(4).init(jax.random.key(0)))
    assert catch.parse_action("right") == 2


@pytest.mark.parametrize("size", [0, 101])
def test_deep_sea_of_a_wrong_size(size):
    with pytest.raises(BadConfig, match=f"got size {size}; allowed: 1 to 100"):
        DeepSea(size)
