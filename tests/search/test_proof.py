"""What a tree proves is true, whatever its size, and a whole tree proves all that is."""

import itertools
from functools import cache

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from move37.games.tic_tac_toe import LINES, TicTacToe
from move37.play.thinker import Thinker, ThinkerConfig

GAME = TicTacToe()


@cache
def best(board: tuple[int, ...]) -> int:
    """For the player of the 1s to move: n, wins in n plies; −n, loses in n; 0, a draw."""
    values = [after(board, action) for action in range(9) if not board[action]]
    wins, losses = [v for v in values if v > 0], [v for v in values if v < 0]
    if wins:
        return min(wins)
    return min(losses) if len(losses) == len(values) > 0 else 0


def after(board: tuple[int, ...], action: int) -> int:
    """The same of one move."""
    board = tuple(1 if i == action else x for i, x in enumerate(board))
    if (np.array(board)[LINES] == 1).all(axis=1).any():
        return 1
    value = best(tuple(-x for x in board))
    return -value - 1 if value > 0 else -value + 1 if value < 0 else 0


def state_of(*actions):
    state, board = GAME.init(jax.random.key(0)), [0] * 9
    for action in actions:
        state = GAME.step(state, jnp.int32(action)).state
        board[action] = 1
        board = [-x for x in board]
    return state, tuple(board)


@pytest.fixture(scope="module")
def thinker():
    def evaluate(observation):
        return np.zeros((len(observation), 9), np.float32), np.zeros(len(observation), np.float32)

    return Thinker(GAME, evaluate, ThinkerConfig(nodes=1024, leaves=16))


@pytest.mark.parametrize("actions", [(0, 1, 3), (4, 1, 0, 8)])
def test_no_tree_proves_what_is_not_true(thinker, actions):
    state, board = state_of(*actions)
    thinker.go_to(state, actions, ())
    for _ in itertools.islice(thinker.think(visits=800), 0, None, 8):
        for move in thinker.snapshot().moves:
            truth = after(board, move.action)
            assert np.sign(move.proof) in (0, np.sign(truth)), (actions, move)
            if move.proof > 0:
                assert move.proof >= truth
            assert not move.proof or abs(move.proof) == len(move.line)


@pytest.mark.parametrize("actions", [(4, 1, 0, 8), (0, 4, 8, 2, 6), (0, 1, 4, 8, 2, 3)])
def test_a_whole_tree_proves_all_of_it(thinker, actions):
    state, board = state_of(*actions)
    thinker.go_to(state, ("whole", actions), ())
    for _ in thinker.think(visits=3000):
        pass
    for move in thinker.snapshot().moves:
        assert np.sign(move.proof) == np.sign(after(board, move.action)), (actions, move)


def test_the_deepest_node(thinker):
    state, _ = state_of(0, 1, 4, 8, 2)
    thinker.go_to(state, "deep", ())
    list(thinker.think(visits=400))
    assert thinker.depth == 4  # four empty cells
