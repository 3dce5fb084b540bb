"""Othello against perft, against rules in plain Python, and against Pgx, move by move."""

import jax
import numpy as np
import pgx
import pytest

from move37 import games
from move37.core.errors import BadConfig
from move37.games.othello import Othello, State
from move37.games.perft import perft

INIT, STEP, LEGAL = (jax.jit(f, static_argnums=0) for f in (Othello.init, Othello.step, Othello.legal))
PERFT_8X8 = [4, 12, 56, 244, 1_396, 8_200, 55_092]  # leaves after 1, 2, … plies; a pass is a ply


DIRECTIONS = [(down, right) for down in (-1, 0, 1) for right in (-1, 0, 1) if (down, right) != (0, 0)]


def _turns(board: dict, size: int, point: tuple[int, int], player: int) -> list[tuple[int, int]]:
    found = []
    for down, right in DIRECTIONS:
        line, at = [], (point[0] + down, point[1] + right)
        while board.get(at) == -player:
            line.append(at)
            at = (at[0] + down, at[1] + right)
        if board.get(at) == player:
            found += line
    return found


def _perft_python(size: int, depth: int) -> int:
    """The rules as a person would write them."""
    middle = size // 2
    start = {(r, c): 0 for r in range(size) for c in range(size)}
    start |= {(middle - 1, middle): 1, (middle, middle - 1): 1, (middle, middle): -1, (middle - 1, middle - 1): -1}

    def count(board: dict, player: int, depth: int) -> int:
        if depth == 0:
            return 1
        moves = [p for p in board if board[p] == 0 and _turns(board, size, p, player)]
        if not moves:
            if not any(board[p] == 0 and _turns(board, size, p, -player) for p in board):
                return 0
            return count(board, -player, depth - 1)
        total = 0
        for p in moves:
            after = board | dict.fromkeys([p, *_turns(board, size, p, player)], player)
            total += count(after, -player, depth - 1)
        return total

    return count(start, 1, depth)


def test_perft():
    for game, counts in ((Othello(8), PERFT_8X8), (Othello(6), [_perft_python(6, depth) for depth in range(1, 6)])):
        start = INIT(game, jax.random.key(0))
        assert [perft(game, start, depth) for depth in range(1, len(counts) + 1)] == counts


def test_equals_pgx_in_random_games():
    game, env = games.make("othello_8x8"), pgx.make("othello")
    num_games = 16
    rng = np.random.default_rng(0)
    with jax.numpy_dtype_promotion("standard"), jax.numpy_rank_promotion("allow"), jax.debug_key_reuse(False):
        theirs = jax.jit(jax.vmap(env.init))(jax.random.split(jax.random.key(0), num_games))
        their_step = jax.jit(jax.vmap(env.step))
    ours = jax.jit(jax.vmap(game.init))(jax.random.split(jax.random.key(0), num_games))
    step, legal = jax.jit(jax.vmap(game.step)), jax.jit(jax.vmap(game.legal))
    alive, finished = np.ones(num_games, bool), 0
    for _ in range(game.max_num_moves):
        mask = np.asarray(legal(ours))
        np.testing.assert_array_equal(mask[alive], np.asarray(theirs.legal_action_mask)[alive])
        action = np.array([rng.choice(np.flatnonzero(row)) if row.any() else 64 for row in mask]).astype(np.int32)
        first = np.asarray(theirs.current_player)
        with jax.numpy_dtype_promotion("standard"), jax.numpy_rank_promotion("allow"):
            theirs = their_step(theirs, action)
        after = step(ours, action)
        over, reward = np.asarray(after.discount) == 0, np.asarray(after.reward)
        np.testing.assert_array_equal(np.asarray(theirs.terminated)[alive], over[alive])
        for i in np.flatnonzero(over & alive):
            assert np.asarray(theirs.rewards)[i, first[i]] == reward[i]
            finished += 1
        alive &= ~over
        ours = after.state
    assert finished == num_games


def _state(rows: list[str], player: int) -> State:
    board = np.array([{".": 0, "X": 1, "O": -1}[c] for row in rows for c in row], np.int8)
    return State(board, np.int8(player))


def test_pass_only_when_nothing_else():
    game = Othello(4)
    state = _state(["XXO.", "....", "....", "...."], -1)  # white cannot move, black can
    assert np.flatnonzero(LEGAL(game, state)).tolist() == [16]
    step = STEP(game, state, np.int32(16))
    assert float(step.discount) == -1
    assert float(step.reward) == 0
    np.testing.assert_array_equal(step.state.board, state.board)
    assert [game.format_action(a) for a in np.flatnonzero(LEGAL(game, step.state)).tolist()] == ["d1"]


def test_the_game_ends_with_empty_points_when_neither_can_move():
    """White's last move leaves no line between the two colours, and 4 discs against 3."""
    game = Othello(4)
    state = _state(["XXX.", "....", "....", ".XOO"], 1)
    assert np.flatnonzero(LEGAL(game, state)).tolist() == [16]
    state = state._replace(player=np.int8(-1))
    step = STEP(game, state, np.int32(12))
    assert np.asarray(step.state.board).tolist() == [1, 1, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0, -1, -1, -1, -1]
    assert (float(step.discount), float(step.reward)) == (0.0, 1.0)


@pytest.mark.parametrize("size", [4, 10])
def test_equals_plain_python_on_any_board(size):
    """Boards that no game reaches, too: the legal points of both players and what each of them turns over."""
    game, rng = Othello(size), np.random.default_rng(size)
    boards = rng.choice(np.array([-1, 0, 1], np.int8), (8, size * size), p=[0.4, 0.2, 0.4])
    players = rng.choice(np.array([-1, 1], np.int8), 8)
    legal = np.asarray(jax.jit(jax.vmap(game.legal))(State(boards, players)))
    step = jax.jit(jax.vmap(game.step))
    points = [(r, c) for r in range(size) for c in range(size)]
    for at, point in enumerate(points):
        after = np.asarray(step(State(boards, players), np.full(8, at, np.int32)).state.board)
        for i, player in enumerate(players.tolist()):
            board = dict(zip(points, boards[i].tolist(), strict=True))
            turned = _turns(board, size, point, player)
            assert legal[i, at] == (board[point] == 0 and bool(turned))
            if legal[i, at]:
                board |= dict.fromkeys([point, *turned], player)
                assert after[i].tolist() == list(board.values())


@pytest.mark.parametrize(("mover", "result"), [(1, 1.0), (-1, -1.0)])
def test_the_reward_is_the_movers(mover, result):
    """The last disc is black's or white's, black has more either way: +1 for black, −1 for the white mover."""
    game = Othello(4)
    if mover == 1:
        state = _state(["XXO.", "XXXX", "XXXX", "XXXX"], 1)
        action = 3
    else:
        state = _state(["OX.X", "XXXX", "XXXX", "XXXX"], -1)
        action = 2
    assert np.asarray(LEGAL(game, state))[action]
    step = STEP(game, state, np.int32(action))
    assert float(step.discount) == 0
    assert float(step.reward) == result


def test_the_tally_counts_black_first():
    game = Othello(6)
    start = INIT(game, jax.random.key(0))
    after = STEP(game, start, np.argmax(LEGAL(game, start)).astype(np.int32)).state
    assert game.tally(after) == "4–1"


def test_wiped_out_ends_the_game():
    game = Othello(4)
    step = STEP(game, _state([".XO.", "....", "....", "...."], 1), np.int32(3))
    assert (float(step.reward), float(step.discount)) == (1.0, 0.0)


def test_sizes_and_names():
    with pytest.raises(BadConfig, match="allowed: 4, 6, 8, 10"):
        games.make("othello_7x7")
    game = games.make("othello_6x6")
    assert game.num_actions == 37
    assert game.parse_action("A6") == 30
    assert game.parse_action("pass") == 36
    assert float(jax.jit(game.material)(INIT(game, jax.random.key(0)))) == 0
