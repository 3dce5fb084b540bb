"""Hex against a flood fill in plain Python in all small positions, and against OpenSpiel and Pgx move by move."""

import jax
import numpy as np
import pgx
import pytest

from move37 import games
from move37.core.errors import BadConfig
from move37.core.types import take
from move37.games import check, solved
from move37.games.hex import Hex, State

INIT, STEP, LEGAL = (jax.jit(f, static_argnums=0) for f in (Hex.init, Hex.step, Hex.legal))
NEIGHBOURS = [(0, 1), (1, 0), (1, -1), (0, -1), (-1, 0), (-1, 1)]


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


@pytest.mark.parametrize(("size", "num_games"), [(5, 60), (11, 20)])
def test_random_games_end_when_a_flood_fill_says_so(size, num_games):
    game, rng = Hex(size), np.random.default_rng(size)
    orders = np.stack([rng.permutation(size * size) for _ in range(num_games)]).astype(np.int32)
    step = jax.jit(jax.vmap(game.step))
    states = jax.jit(jax.vmap(game.init))(jax.random.split(jax.random.key(0), num_games))
    alive, wins = np.ones(num_games, bool), {1: 0, -1: 0}
    for t in range(size * size):
        mover = 1 if t % 2 == 0 else -1
        after = step(states, orders[:, t])
        boards, over = np.asarray(after.state.board), np.asarray(after.discount) == 0
        for i in np.flatnonzero(alive):
            board = boards[i].reshape(size, size)
            assert over[i] == _connected(board, mover)
            assert not _connected(board, -mover)
            assert np.asarray(after.reward)[i] == over[i]  # only the mover can win, and it gets +1
            wins[mover] += int(over[i])
        alive &= ~over
        states = after.state
    assert not alive.any()
    assert min(wins.values()) > 0


@pytest.mark.parametrize("size", [2, 3])
def test_every_position_ends_when_a_flood_fill_says_so(size):
    """All states that any order of moves reaches: one winner in every game, and it is the mover."""
    game, chunk = Hex(size), 256
    step = jax.jit(jax.vmap(jax.vmap(game.step, (None, 0)), (0, None)))
    actions, layer = np.arange(game.num_actions, dtype=np.int32), solved.take_one(game)
    for t in range(size * size):
        mover, following = 1 if t % 2 == 0 else -1, []
        for i in range(0, len(layer.board), chunk):
            part = State(*[np.resize(x[i : i + chunk], (chunk, *x.shape[1:])) for x in layer])
            after = jax.tree.map(np.asarray, step(part, actions))
            legal = part.board == 0
            legal[len(layer.board[i : i + chunk]) :] = False
            over = after.discount == 0
            for where in np.argwhere(legal):
                board = after.state.board[tuple(where)].reshape(size, size)
                assert over[tuple(where)] == _connected(board, mover)
                assert not _connected(board, -mover)
                assert after.reward[tuple(where)] == over[tuple(where)]
            following.append(jax.tree.map(lambda x, keep=legal & ~over: x[keep], after.state))
        layer = jax.tree.map(lambda *parts: np.concatenate(parts), *following)
        if len(layer.board):
            first, _ = solved.distinct(layer)
            layer = take(layer, first)
    assert len(layer.board) == 0  # a full board has a winner


@pytest.mark.parametrize("size", [2, 3])
def test_the_first_player_wins(size):
    """Nash's strategy stealing, by minimax over the rules."""
    positions = solved._exhaustive(Hex(size))
    assert positions.values[0].max() == 1  # 3×3: some first moves lose, so that the start is among these positions
    start = np.flatnonzero((np.asarray(positions.states.board) == 0).all(axis=1))
    assert start.tolist() == [0]


@pytest.mark.parametrize(("size", "swap"), [(3, False), (7, False), (3, True), (7, True)])
def test_equals_openspiel_in_random_games(size, swap):
    pyspiel = pytest.importorskip("pyspiel")
    theirs = pyspiel.load_game("hex", {"board_size": size, "swap": swap})
    game, rng = Hex(size, swap), np.random.default_rng(size)
    assert theirs.num_distinct_actions() == game.num_actions
    step, legal = jax.jit(game.step), jax.jit(game.legal)
    for i in range(10):
        state, their_state = INIT(game, jax.random.key(0)), theirs.new_initial_state()
        while not their_state.is_terminal():
            allowed = np.flatnonzero(np.asarray(legal(state))).tolist()
            assert allowed == their_state.legal_actions()
            assert int(game.to_play(state)) == their_state.current_player()
            swaps = i % 2 == 0 and swap and allowed[-1] == size * size
            action = size * size if swaps else int(rng.choice(allowed))
            mover = their_state.current_player()
            their_state.apply_action(action)
            after = step(state, np.int32(action))
            assert (float(after.discount) == 0) == their_state.is_terminal()
            assert float(after.reward) == their_state.returns()[mover]
            state = after.state


def test_equals_pgx_in_random_games():
    game, env, num_games = Hex(11, swap=True), pgx.make("hex"), 16
    rng = np.random.default_rng(0)
    with jax.numpy_dtype_promotion("standard"), jax.numpy_rank_promotion("allow"), jax.debug_key_reuse(False):
        theirs = jax.jit(jax.vmap(env.init))(jax.random.split(jax.random.key(0), num_games))
        their_step = jax.jit(jax.vmap(env.step))
    ours = jax.jit(jax.vmap(game.init))(jax.random.split(jax.random.key(0), num_games))
    step, legal = jax.jit(jax.vmap(game.step)), jax.jit(jax.vmap(game.legal))
    alive = np.ones(num_games, bool)
    for t in range(game.max_num_moves):
        mask = np.asarray(legal(ours))
        np.testing.assert_array_equal(mask[alive], np.asarray(theirs.legal_action_mask)[alive])
        action = np.array([rng.choice(np.flatnonzero(row)) for row in mask]).astype(np.int32)
        if t == 1:
            action[: num_games // 2] = 121
        first = np.asarray(theirs.current_player)
        with jax.numpy_dtype_promotion("standard"), jax.numpy_rank_promotion("allow"):
            theirs = their_step(theirs, action)
        after = step(ours, action)
        over, reward = np.asarray(after.discount) == 0, np.asarray(after.reward)
        np.testing.assert_array_equal(np.asarray(theirs.terminated)[alive], over[alive])
        for i in np.flatnonzero(over & alive):
            assert np.asarray(theirs.rewards)[i, first[i]] == reward[i] == 1
        alive &= ~over
        if not alive.any():
            break
        ours = after.state
    assert not alive.any()


def test_swap_takes_the_mirrored_stone():
    game = Hex(5, swap=True)
    check.check(game, num_games=4)
    state = STEP(game, INIT(game, jax.random.key(0)), np.int32(1)).state  # b1, on the first player's edge
    assert np.asarray(LEGAL(game, state))[25]
    state = STEP(game, state, np.int32(game.parse_action("swap"))).state
    fresh = INIT(Hex(5), jax.random.key(0))._replace(player=np.int8(-1))
    expected = STEP(Hex(5), fresh, np.int32(game.parse_action("a2"))).state  # on the second player's edge
    assert all(np.array_equal(a, b) for a, b in zip(state, expected, strict=True))
    assert not np.asarray(LEGAL(game, state))[25]
    assert game.name == "hex_swap_5x5"


def test_sizes_names_and_text():
    game = games.make("hex_7x7")
    assert game.parse_action("G1") == 6
    state = STEP(game, INIT(game, jax.random.key(0)), np.int32(6)).state
    assert game.render(state).splitlines()[0] == " 1 · · · · · · X"
    with pytest.raises(BadConfig, match="2 to 19"):
        games.make("hex_20x20")
