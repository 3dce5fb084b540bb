"""Solved positions: the file against its solver, tic-tac-toe against a plain minimax, and whose result a value is."""

from functools import cache

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from move37 import games
from move37.games import solved
from move37.games.tic_tac_toe import LINES

SETS = ("opening", "middle", "late", "hardest")
STONES = {"opening": (8, 14), "middle": (16, 24), "late": (26, 34), "hardest": (4, 8)}


@pytest.fixture(scope="module")
def connect_four():
    return solved.load(games.make("connect_four"))


def test_connect_four_has_four_sets_of_400_different_positions_in_which_a_move_matters(connect_four):
    assert connect_four.depths == SETS
    boards, players = np.asarray(connect_four.states.board), np.asarray(connect_four.states.player)
    stones, legal = (boards != 0).sum(axis=(1, 2)), connect_four.values != solved.ILLEGAL
    np.testing.assert_array_equal(players, np.where(stones % 2, -1, 1))
    np.testing.assert_array_equal(legal, boards[:, 5] == 0)
    best = connect_four.values.max(axis=1, keepdims=True)
    keeps = (connect_four.values == best) & legal
    assert (keeps.sum(axis=1) < legal.sum(axis=1)).all()
    for index, name in enumerate(SETS):
        here = connect_four.depth == index
        assert here.sum() == 400
        low, high = STONES[name]
        assert low == stones[here].min()
        assert high == stones[here].max()
    assert (keeps[connect_four.depth == SETS.index("hardest")].sum(axis=1) == 1).all()
    mirrored = {min(board.tobytes(), board[:, ::-1].tobytes()) for board in boards}
    assert len(mirrored) == len(boards) == 1600


def test_a_sample_equals_the_solver(connect_four):
    bitbully = pytest.importorskip("bitbully")
    solver, rng = bitbully.BitBully(), np.random.default_rng(1)
    boards, stones = (
        np.asarray(connect_four.states.board),
        (np.asarray(connect_four.states.board) != 0).sum(axis=(1, 2)),
    )
    for index, (_, how_many) in enumerate(zip(SETS, (8, 20, 40, 40), strict=True)):
        for i in rng.permutation(np.flatnonzero(connect_four.depth == index))[:how_many]:
            columns = np.where(boards[i] == -1, 2, boards[i]).T  # the oracle: columns, each from the bottom
            oracle = bitbully.Board(columns.tolist())
            assert oracle.count_tokens() == stones[i]
            assert not oracle.has_win()
            scores = solver.score_all_moves(oracle)
            expected = [int(np.sign(scores[c])) if c in scores else solved.ILLEGAL for c in range(7)]
            assert connect_four.values[i].tolist() == expected


@pytest.mark.parametrize(("moves", "wins"), [([0, 1, 0, 1, 0, 1], 0), ([6, 1, 0, 1, 0, 1, 0], 1)])
def test_the_solvers_scores_are_those_of_the_mover(moves, wins):
    """Three in a column, for the first player and for the second."""
    bitbully = pytest.importorskip("bitbully")
    scores = bitbully.BitBully().score_all_moves(bitbully.Board(moves))
    assert scores[wins] > 0
    assert all(score < 0 for column, score in scores.items() if column not in (0, 1))


@pytest.mark.parametrize("player", [1, -1])
def test_values_are_those_of_the_mover(connect_four, player):
    """A move that wins at once is a win for whoever makes it; one that lets the opponent win at once is a loss."""
    step = jax.vmap(jax.vmap(games.make("connect_four").step, (None, 0)), (0, None))
    after = jax.jit(step)(connect_four.states, jnp.arange(7))
    reply = jax.jit(jax.vmap(step, (0, None)))(after.state, jnp.arange(7))
    mover = np.asarray(connect_four.states.player)[:, None] == player
    legal = (connect_four.values != solved.ILLEGAL) & mover
    wins = legal & (np.asarray(after.reward) == 1)
    open_column = np.asarray(after.state.board)[:, :, 5] == 0
    loses = legal & (np.asarray(after.discount) == -1) & ((np.asarray(reply.reward) == 1) & open_column).any(axis=2)
    assert min(wins.sum(), loses.sum()) > 100
    assert (connect_four.values[wins] == 1).all()
    assert (connect_four.values[loses] == -1).all()


def test_replay_leaves_out_the_padding():
    game = games.make("connect_four")
    moves = np.full((2, 42), -1)
    moves[0, :3], moves[1, :2] = (3, 3, 0), (6, 5)
    boards = np.asarray(solved.replay(game, moves).board)
    assert sorted(map(tuple, np.argwhere(boards[0]).tolist())) == [(0, 0), (0, 3), (1, 3)]
    assert boards[1, 0].tolist() == [0, 0, 0, 0, 0, -1, 1]


@cache
def minimax(board: tuple[int, ...], mover: int) -> int:
    """Result for the mover: 1, 0 or −1."""
    if any(all(board[i] == -mover for i in line) for line in LINES.tolist()):
        return -1
    empty = [i for i in range(9) if board[i] == 0]
    return max((-minimax(played(board, i, mover), -mover) for i in empty), default=0)


def played(board, point, mover):
    return (*board[:point], mover, *board[point + 1 :])


def reachable():
    """Every position of tic-tac-toe in which the game goes on."""
    seen, stack = set(), [((0,) * 9, 1)]
    while stack:
        board, mover = stack.pop()
        over = 0 not in board or any(abs(sum(board[i] for i in line)) == 3 for line in LINES.tolist())
        if over or (board, mover) in seen:
            continue
        seen.add((board, mover))
        stack += [(played(board, i, mover), -mover) for i in range(9) if board[i] == 0]
    return seen


def test_tic_tac_toe_equals_minimax_wherever_a_move_matters():
    positions = solved.load(games.make("tic_tac_toe"))
    got = {
        (tuple(board.tolist()), int(player)): values.tolist()
        for board, player, values in zip(*map(np.asarray, (*positions.states, positions.values)), strict=True)
    }
    expected = {}
    for board, mover in reachable():
        values = [-minimax(played(board, i, mover), -mover) if board[i] == 0 else solved.ILLEGAL for i in range(9)]
        if len(set(values) - {solved.ILLEGAL}) > 1:
            expected[board, mover] = values
    assert len(positions.values) == len(got)
    assert got == expected
    stones = (np.asarray(positions.states.board) != 0).sum(axis=1)
    np.testing.assert_array_equal(positions.depth, stones)


def test_kept_and_chance():
    values = np.array([[1, 0, -1, -2], [0, 0, -1, -1], [-1, -2, 0, -2]], np.int8)
    positions = solved.SolvedPositions(None, values, np.zeros(3, int), ("all",))
    assert positions.kept(np.array([0, 1, 2])).tolist() == [1, 1, 1]
    assert positions.kept(np.array([1, 2, 1])).tolist() == [0, 0, 0]
    assert positions.chance == pytest.approx((1 / 3 + 2 / 4 + 1 / 2) / 3)


def test_a_game_that_nobody_solved():
    assert solved.load(games.make("catch")) is None
