"""All 5,478 reachable states against rules written a second time, in plain Python."""

import jax
import jax.numpy as jnp
import numpy as np

from move37.games.tic_tac_toe import TicTacToe

WINS = [(0, 1, 2), (3, 4, 5), (6, 7, 8), (0, 3, 6), (1, 4, 7), (2, 5, 8), (0, 4, 8), (2, 4, 6)]


def _reachable() -> dict[tuple[int, ...], bool]:
    """Every reachable board → whether the game is over there."""
    seen: dict[tuple[int, ...], bool] = {}
    stack = [(0,) * 9]
    while stack:
        board = stack.pop()
        if board in seen:
            continue
        won = any(abs(sum(board[i] for i in line)) == 3 for line in WINS)
        seen[board] = won or 0 not in board
        if not seen[board]:
            mover = 1 if sum(board) == 0 else -1
            stack += [(*board[:i], mover, *board[i + 1 :]) for i in range(9) if board[i] == 0]
    return seen


def test_every_state_and_every_edge():
    game, seen = TicTacToe(), _reachable()
    assert len(seen) == 5478
    edges = [(b, a) for b, over in seen.items() if not over for a in range(9) if b[a] == 0]
    boards = np.array([b for b, _ in edges], np.int8)
    movers = np.where(boards.sum(1) == 0, 1, -1).astype(np.int8)
    start = game.init(jax.random.key(0))
    states = start._replace(board=jnp.array(boards), player=jnp.array(movers))
    actions = np.array([a for _, a in edges])
    step = jax.tree.map(np.asarray, jax.jit(jax.vmap(game.step))(states, jnp.array(actions)))
    np.testing.assert_array_equal(jax.vmap(game.legal)(states), boards == 0)
    for i, (board, action) in enumerate(edges):
        after = (*board[:action], int(movers[i]), *board[action + 1 :])
        assert tuple(step.state.board[i]) == after
        won = any(sum(after[j] for j in line) == 3 * movers[i] for line in WINS)
        assert step.reward[i] == float(won)
        assert step.discount[i] == (0.0 if seen[after] else -1.0)
