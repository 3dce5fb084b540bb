"""Random playouts: their mean is the exact value of random play, and the same keys give the same playouts."""

from functools import cache

import jax
import numpy as np
import pytest

from move37.games import make
from move37.games.tic_tac_toe import LINES
from move37.models.rollout import Rollout

GAME = make("tic_tac_toe")


@cache
def _random_value(board: tuple[int, ...]) -> float:
    """Mean return of uniformly random play for the mover; his stones are 1."""
    empty = [p for p in range(9) if board[p] == 0]
    total = 0.0
    for point in empty:
        after = (*board[:point], 1, *board[point + 1 :])
        if any(all(after[p] == 1 for p in line) for line in LINES.tolist()):
            total += 1
        elif len(empty) > 1:
            total -= _random_value(tuple(-x for x in after))
    return total / len(empty)


_init, _step = jax.jit(jax.vmap(GAME.init)), jax.jit(jax.vmap(GAME.step))


def _after(moves, count):
    states = _init(jax.random.split(jax.random.key(0), count))
    for move in moves:
        states = _step(states, np.full(count, move, np.int32)).state
    return states


@cache
def _evaluate():
    return jax.jit(Rollout(GAME).evaluate)


@pytest.mark.parametrize("moves", [(), (4,), (0, 4, 8), (0, 3, 1, 4), (0, 1, 2 + 2, 8, 7, 2)])
def test_the_mean_of_many_playouts_is_the_value_of_random_play(moves):
    count = 4000
    prediction = _evaluate()((_after(moves, count), jax.random.split(jax.random.key(1), count)))
    board = [0] * 9
    for t, move in enumerate(moves):
        board[move] = 1 if t % 2 == len(moves) % 2 else -1
    assert set(np.unique(prediction.value).tolist()) <= {-1.0, 0.0, 1.0}
    assert abs(np.mean(prediction.value) - _random_value(tuple(board))) < 4 / count**0.5
    legal = np.array(board) == 0
    np.testing.assert_array_equal(np.asarray(prediction.prior_logits)[0], np.where(legal, 0, -np.inf))


def test_the_same_keys_give_the_same_playouts_and_each_edge_has_its_own():
    model, states = Rollout(GAME), _after((), 500)
    keys = jax.random.split(jax.random.key(2), 500)
    values, transition = [], jax.jit(model.transition)
    for action in (0, 8, 0):
        embedding = transition((states, jax.random.clone(keys)), np.full(500, action, np.int32)).embedding
        values.append(np.asarray(_evaluate()(embedding).value))
    np.testing.assert_array_equal(values[0], values[2])
    assert (values[0] != values[1]).mean() > 0.3  # a0 and a8 are the same by symmetry: only the keys differ
