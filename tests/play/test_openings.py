"""Random openings: legal, as long as asked, uniform, and never over."""

import jax
import jax.numpy as jnp
import numpy as np

from move37.games import make
from move37.play.openings import random_opening


def _open(name, count, most, length):
    game = make(name)

    def one(key, length):
        first, moves = jax.random.split(key)
        return random_opening(game, game.init(first), length, most, moves)

    keys = jax.random.split(jax.random.key(0), count)
    return game, *jax.jit(jax.vmap(one))(keys, jnp.broadcast_to(jnp.int32(length), count))


def test_moves_lead_to_the_state_and_stand_before_the_end_mark():
    game, states, moves = _open("tic_tac_toe", 200, 5, np.arange(200) % 6)
    step = jax.jit(game.step)
    for i, row in enumerate(np.asarray(moves).tolist()):
        length = i % 6
        played = row[: row.index(-1)] if -1 in row else row
        assert row == played + [-1] * (5 - len(played))
        assert len(played) == length or length == 5  # the fifth move may win, and then is not made
        if i < 30:
            state = game.init(jax.random.key(0))
            for action in played:
                assert bool(game.legal(state)[action])
                after = step(state, jnp.int32(action))
                assert float(after.discount) != 0
                state = after.state
            np.testing.assert_array_equal(state.board, states.board[i])


def test_no_opening_ends_the_game():
    game, states, moves = _open("tic_tac_toe", 2000, 9, 9)
    assert np.asarray(jax.vmap(game.legal)(states)).any(axis=1).all()
    lengths = (np.asarray(moves) >= 0).sum(axis=1)
    assert (lengths.min(), lengths.max()) == (4, 8)  # a fifth move can win; a ninth always ends it


def test_every_first_and_second_move_is_as_likely_as_any_other():
    _, _, moves = _open("tic_tac_toe", 20_000, 2, 2)
    counts = np.zeros((9, 9))
    np.add.at(counts, tuple(np.asarray(moves).T), 1)
    assert (np.diag(counts) == 0).all()
    expected, off = 20_000 / 72, ~np.eye(9, dtype=bool)
    chi_square = ((counts[off] - expected) ** 2 / expected).sum()
    assert chi_square < 71 + 4 * (2 * 71) ** 0.5  # four standard deviations
