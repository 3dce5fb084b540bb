"""2048 against rules written a second time, on lists; what comes by chance against its probabilities."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from move37 import games
from move37.games.game_2048 import MOVES, Game2048, State, new_tile, slides

GAME = Game2048()
_init, _step, _slides = jax.jit(GAME.init), jax.jit(GAME.step), jax.jit(slides)


def merged(line):
    """One row to the left: (new row, reward)."""
    tiles, out, reward = [x for x in line if x], [], 0
    while tiles:
        tile = tiles.pop(0)
        if tiles and tiles[0] == tile:
            tiles.pop(0)
            tile += 1
            reward += 2**tile
        out.append(tile)
    return out + [0] * (4 - len(out)), reward


def slid(board, move):
    """A move of the whole board, by going through its lines from the side to which it slides."""
    out, reward = np.zeros_like(board), 0
    for i in range(4):
        line = {"left": board[i], "right": board[i][::-1], "up": board[:, i], "down": board[:, i][::-1]}[move]
        new, gain = merged(line.tolist())
        reward += gain
        new = new[::-1] if move in ("right", "down") else new
        if move in ("left", "right"):
            out[i] = new
        else:
            out[:, i] = new
    return out, reward


@pytest.fixture(scope="module")
def played():
    """Random games, 400 moves of 32 at once: (states, actions, steps, legal)."""

    @jax.jit
    def play(key):
        def move(state, key):
            legal = jax.vmap(GAME.legal)(state)
            action = jax.random.categorical(key, jnp.where(legal, 0.0, -jnp.inf)).astype(jnp.int32)
            step = jax.vmap(GAME.step)(state, action)
            return step.state, (state, action, step, legal)

        first, later = jax.random.split(key)
        state = jax.vmap(GAME.init)(jax.random.split(first, 32))
        return jax.lax.scan(move, state, jax.random.split(later, 400))[1]

    return jax.tree.map(np.asarray, play(jax.random.key(0)))


def test_thousands_of_random_moves_equal_the_rules_on_lists(played):
    states, actions, steps, legal = played
    compared = ends = 0
    for g in range(32):
        for t in range(400):
            board, after = states.board[t, g], steps.state.board[t, g]
            moves = [slid(board, move) for move in MOVES]
            assert legal[t, g].tolist() == [(new != board).any() for new, _ in moves]
            new, reward = moves[actions[t, g]]
            assert steps.reward[t, g] == reward
            came = np.flatnonzero((after != new).reshape(-1))
            assert len(came) == 1
            assert new.reshape(-1)[came[0]] == 0
            assert after.reshape(-1)[came[0]] in (1, 2)
            over = all((slid(after, move)[0] == after).all() for move in MOVES)
            assert (steps.discount[t, g] == 0) == over
            compared += 1
            if over:
                ends += 1
                break
    assert compared > 3_000
    assert ends >= 30


def test_tiles_come_to_every_empty_point_alike_and_one_in_ten_is_a_four():
    board = np.zeros((4, 4), np.int8)
    board[0], board[2, 1:] = [1, 2, 3, 4], 5
    many = jax.jit(jax.vmap(new_tile, (None, 0)))(board, jax.random.split(jax.random.key(1), 20_000))
    came = np.asarray(many) - board
    assert (came[:, board > 0] == 0).all()
    assert ((came > 0).sum((1, 2)) == 1).all()
    counts = (came > 0).sum(0)[board == 0]
    assert len(counts) == 9
    assert abs(counts - 20_000 / 9).max() < 4 * (20_000 / 9) ** 0.5
    assert abs((came == 2).any((1, 2)).mean() - 0.1) < 4 * (0.09 / 20_000) ** 0.5


def test_a_new_tile_on_a_full_board_changes_nothing():
    full = np.full((4, 4), 3, np.int8)
    np.testing.assert_array_equal(jax.jit(new_tile)(full, jax.random.key(0)), full)


def test_it_starts_with_two_tiles_and_the_same_key_brings_the_same_game():
    states = jax.jit(jax.vmap(GAME.init))(jax.random.split(jax.random.key(2), 100))
    assert ((np.asarray(states.board) > 0).sum((1, 2)) == 2).all()
    assert len(np.unique(np.asarray(states.key), axis=0)) == 100
    one, two = (_step(_init(jax.random.key(5)), np.int32(1)).state for _ in range(2))
    np.testing.assert_array_equal(one.board, two.board)


def test_the_key_moves_on_so_that_chance_is_fresh(played):
    states, _, steps, _ = played
    assert (states.key != steps.state.key).any(-1).all()


@pytest.mark.parametrize("row", [[1, 1, 1, 1], [1, 1, 2, 0], [2, 1, 1, 0], [0, 0, 1, 1], [1, 0, 0, 1], [3, 3, 4, 4]])
def test_each_tile_merges_once(row):
    board = np.zeros((4, 4), np.int8)
    board[1] = row
    boards, rewards = map(np.asarray, _slides(board))
    for i, move in enumerate(MOVES):
        new, reward = slid(board, move)
        np.testing.assert_array_equal(boards[i], new)
        assert rewards[i] == reward


def test_the_image_of_a_move_is_the_move_of_the_image(played):
    board = played[0].board[60, 0]
    after, reward = map(np.asarray, _slides(board))
    symmetries = GAME.symmetries()
    assert len({tuple(s.points) for s in symmetries}) == 8
    for symmetry in symmetries:
        image = board.reshape(-1)[symmetry.points].reshape(4, 4)
        of_image, its_reward = map(np.asarray, _slides(image))
        for new, old in enumerate(symmetry.actions):
            np.testing.assert_array_equal(of_image[new].reshape(-1), after[old].reshape(-1)[symmetry.points])
            assert its_reward[new] == reward[old]


def test_it_shows_one_plane_an_exponent_and_ends_in_time():
    board = np.arange(16, dtype=np.int8).reshape(4, 4)
    state = State(board, np.zeros(2, np.uint32), np.int32(GAME.max_num_moves - 1))
    view = np.asarray(jax.jit(GAME.observe)(state))
    np.testing.assert_array_equal(view.reshape(16, 16), np.eye(16, dtype=bool))
    assert _step(state._replace(board=np.where(board == 1, np.int8(0), board)), np.int32(3)).discount == 0
    assert "32768" in GAME.render(state)
    assert GAME.tally(state) == "a tile of 32768"
    assert games.make("game_2048") == GAME
    assert GAME.has_chance
    assert GAME.parse_action("Down") == 2
