"""Connect Four against a solver's board on random games, and against the published number of move sequences."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from move37.core.types import take
from move37.games.connect_four import ConnectFour

NUM_GAMES = 400
PERFT = (7, 49, 343, 2401, 16807, 117649, 823536)
POSITIONS = (7, 49, 238, 1120, 4263, 16422, 54859, 184275)  # after 1, 2, … stones; OEIS A212693
STEP = jax.jit(ConnectFour().step)


def random_games(seed):
    """Moves [T, B], and what `legal` and `step` said of each, of uniformly random play; finished games stand still."""
    game, rng = ConnectFour(), np.random.default_rng(seed)
    legal, step = jax.jit(jax.vmap(game.legal)), jax.jit(jax.vmap(game.step))
    state, over = jax.vmap(game.init)(jax.random.split(jax.random.key(0), NUM_GAMES)), np.zeros(NUM_GAMES, bool)
    rows = []
    while not over.all():
        allowed = np.asarray(legal(state))
        action = np.where(allowed, rng.random((NUM_GAMES, 7)), -1.0).argmax(axis=1)
        after = step(state, jnp.array(action))
        rows.append((allowed, action, *map(np.asarray, (after.reward, after.discount, after.state.board)), over))
        over, state = over | (rows[-1][3] == 0), after.state
    return [np.stack(column) for column in zip(*rows, strict=True)]


def test_random_games_equal_the_solvers_board():
    bitbully = pytest.importorskip("bitbully")
    legal, action, reward, discount, board, over = random_games(seed=0)
    num_positions, endings = 0, set()
    for b in range(NUM_GAMES):
        oracle = bitbully.Board()
        for t in np.flatnonzero(~over[:, b]):
            assert np.flatnonzero(legal[t, b]).tolist() == sorted(oracle.legal_moves())
            assert oracle.play(int(action[t, b]))
            assert reward[t, b] == float(oracle.has_win())
            assert discount[t, b] == (0.0 if oracle.is_game_over() else -1.0)
            # The oracle lists columns from the left, each from the bottom: 0 empty, 1 first player, 2 second.
            expected = np.array(oracle.to_array()).T
            np.testing.assert_array_equal(board[t, b], np.where(expected == 2, -1, expected))
            num_positions += 1
        endings.add((bool(oracle.has_win()), bool(oracle.is_full())))
    assert num_positions > 5000
    assert (True, False) in endings


def replay(moves):
    """The step that each of these columns leads to, from the start."""
    game = ConnectFour()
    state, steps = game.init(jax.random.key(0)), []
    for move in moves:
        assert np.asarray(game.legal(state))[move]
        steps.append(STEP(state, jnp.int32(move)))
        state = steps[-1].state
    return [(float(step.reward), float(step.discount)) for step in steps], state


DRAW = [int(c) for c in "436014551150160155104632660465204242223333"]


def test_a_drawn_game_ends_when_the_board_is_full():
    bitbully = pytest.importorskip("bitbully")
    oracle = bitbully.Board(DRAW)
    assert oracle.is_full()
    assert not oracle.has_win()
    steps, state = replay(DRAW)
    assert steps == [(0.0, -1.0)] * 41 + [(0.0, 0.0)]
    assert not np.asarray(ConnectFour().legal(state)).any()


@pytest.mark.parametrize(
    ("moves", "who"),
    [
        ([0, 1, 0, 1, 0, 1, 0], 0),  # a column
        ([0, 0, 1, 1, 2, 2, 3], 0),  # a row, at the left edge
        ([6, 0, 6, 1, 5, 2, 5, 3], 1),  # a row of the second player
        ([0, 1, 1, 2, 2, 3, 2, 3, 3, 6, 3], 0),  # rising
        ([6, 5, 5, 4, 4, 3, 4, 3, 3, 0, 3], 0),  # falling
    ],
)
def test_the_mover_wins_in_each_direction(moves, who):
    steps, state = replay(moves)
    assert steps == [(0.0, -1.0)] * (len(moves) - 1) + [(1.0, 0.0)]
    assert int(ConnectFour().to_play(state)) == 1 - who


def test_four_do_not_wrap_around_the_edge():
    steps, _ = replay([4, 0, 5, 1, 6, 3, 0, 4, 1])  # X on 4 5 6 and, a row higher, on 0 and 1
    assert all(reward == 0 for reward, _ in steps)


def test_numbers_of_move_sequences_and_of_positions():
    """A finished game has no successors. Equal positions are stepped once and counted as often as they are reached."""
    game = ConnectFour()
    everywhere = jax.jit(jax.vmap(jax.vmap(game.step, (None, 0)), (0, None)))
    legal = jax.jit(jax.vmap(game.legal))
    states, ways = jax.tree.map(lambda x: np.asarray(x)[None], game.init(jax.random.key(0))), np.ones(1, int)
    sequences, positions = [], []
    for _ in POSITIONS:
        allowed = np.asarray(legal(states))
        after = jax.tree.map(np.asarray, everywhere(states, jnp.arange(7)))
        children, reached = take(after.state, allowed), np.repeat(ways[:, None], 7, axis=1)[allowed]
        packed = np.ascontiguousarray(children.board.reshape(-1, 42)).view("V42").reshape(-1)
        _, first, same = np.unique(packed, return_index=True, return_inverse=True)
        sequences.append(int(reached.sum()))
        positions.append(len(first))
        goes_on = after.discount[allowed][first] != 0
        states, ways = take(children, first[goes_on]), np.bincount(same.reshape(-1), reached)[goes_on].astype(int)
    assert tuple(sequences[: len(PERFT)]) == PERFT
    assert tuple(positions) == POSITIONS
