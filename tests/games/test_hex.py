"""Hex against a flood fill in plain Python, on all full small boards and along random games."""

from itertools import combinations

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from move37 import games
from move37.core.errors import BadConfig
from move37.games import solved
from move37.games.hex import NEIGHBOURS, Hex


def _connected(board: np.ndarray, player: int) -> bool:
    """Whether this player's stones join its two edges: top and bottom for 1, left and right for −1."""
    board = board if player == 1 else board.T
    size = len(board)
    # Hex's neighbourhood is its own transpose, so that one fill serves both players.
    open_points = [(0, c) for c in range(size) if board[0, c] == player]
    seen = set(open_points)
    while open_points:
        row, column = open_points.pop()
        if row == size - 1:
            return True
        for down, right in NEIGHBOURS:
            at = (row + down, column + right)
            if 0 <= at[0] < size and 0 <= at[1] < size and at not in seen and board[at] == player:
                seen.add(at)
                open_points.append(at)
    return False


@pytest.mark.parametrize(("size", "num_games"), [(2, 30), (3, 100), (5, 60), (11, 20)])
def test_random_games_end_when_a_flood_fill_says_so(size, num_games):
    game, rng = Hex(size), np.random.default_rng(size)
    orders = np.stack([rng.permutation(size * size) for _ in range(num_games)]).astype(np.int32)
    step = jax.jit(jax.vmap(game.step))
    states = jax.vmap(game.init)(jax.random.split(jax.random.key(0), num_games))
    alive, wins = np.ones(num_games, bool), {1: 0, -1: 0}
    for t in range(size * size):
        mover = 1 if t % 2 == 0 else -1
        after = step(states, orders[:, t])
        boards, over = np.asarray(after.state.board), np.asarray(after.discount) == 0
        for i in np.flatnonzero(alive):
            board = boards[i].reshape(size, size)
            assert over[i] == _connected(board, mover)
            assert not _connected(board, -mover)
            assert float(after.reward[i]) == float(over[i])  # only the mover can win, and it gets +1
            wins[mover] += int(over[i])
        alive &= ~over
        states = after.state
    assert not alive.any()
    assert min(wins.values()) > 0


@pytest.mark.parametrize("size", [2, 3])
def test_every_full_board_has_one_winner(size):
    points = size * size
    for black in combinations(range(points), (points + 1) // 2):
        board = np.full(points, -1)
        board[list(black)] = 1
        board = board.reshape(size, size)
        assert _connected(board, 1) != _connected(board, -1)


@pytest.mark.parametrize("size", [2, 3])
def test_the_first_player_wins(size):
    """Nash's strategy stealing, by minimax over the rules."""
    positions = solved._exhaustive(Hex(size))
    assert positions.values[0].max() == 1  # 3×3: some first moves lose, so that the start is among these positions
    start = np.flatnonzero((np.asarray(positions.states.board) == 0).all(axis=1))
    assert start.tolist() == [0]


def test_sizes_names_and_text():
    game = games.make("hex_7x7")
    assert game.parse_action("G1") == 6
    state = game.step(game.init(jax.random.key(0)), jnp.int32(6)).state
    assert game.render(state).splitlines()[0] == " 1 · · · · · · X"
    with pytest.raises(BadConfig, match="2 to 19"):
        games.make("hex_20x20")
