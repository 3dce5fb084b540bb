"""What a network sees of shogi."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from move37 import games

LEAN, FULL = games.make("shogi"), games.make("shogi+alphazero_planes")
P, L, N, S, B, R, G, K = range(8)


def _after(game, sfen, *moves):
    state, step = game.from_sfen(sfen), jax.jit(game.step)
    for usi in moves:
        state = step(state, jnp.int32(game.action(state, usi))).state
    return state


START = "lnsgkgsnl/1r5b1/ppppppppp/9/9/9/PPPPPPPPP/1B5R1/LNSGKGSNL b - 1"


def test_lean_planes():
    planes = np.asarray(LEAN.observe(_after(LEAN, START)))
    assert planes.shape == LEAN.observation_shape == (46, 9, 9)
    assert planes[:28].sum() == 40
    assert np.argwhere(planes[R]).tolist() == [[7, 7]]
    assert np.argwhere(planes[14 + B]).tolist() == [[1, 7]]
    assert planes[28:45].sum() == 0
    assert planes[45].all()  # Black moves
    seen = np.asarray(LEAN.observe(_after(LEAN, "4k4/9/9/9/9/9/9/4r4/4K4 b R2Pb 1", "5i5h")))  # the rook is taken
    assert np.argwhere(seen[K]).tolist() == [[8, 4]]  # White sees its own king below
    assert np.argwhere(seen[14 + K]).tolist() == [[1, 4]]
    assert seen[28 + B].min() == seen[28:35].sum() / 81 == 1
    assert (seen[35 + R].min(), seen[35 + P].max()) == (2, 2)
    assert not seen[45].any()


def test_lean_planes_tell_repetition_and_check():
    shuffle = ["2h3h", "8b7b", "3h2h", "7b8b"]
    for times, wanted in ((1, [1, 0]), (2, [1, 1])):
        seen = np.asarray(LEAN.observe(_after(LEAN, START, *shuffle * times)))
        assert seen[42:44, 0, 0].tolist() == wanted
        assert not seen[44].any()
    checked = np.asarray(LEAN.observe(_after(LEAN, "4k4/R8/9/9/9/9/9/9/4K4 b - 1", "9b9a")))
    assert checked[44].all()


@pytest.mark.whole
def test_alphazero_planes_hold_the_positions_before_in_the_movers_view():
    moves = ("7g7f", "3c3d", "8h2b+", "3a2b")
    now = np.asarray(FULL.observe(_after(FULL, START, *moves))).reshape(-1, 9, 9)
    assert now.shape == (362, 9, 9)
    for age in range(5):
        before = np.asarray(LEAN.observe(_after(LEAN, START, *moves[: 4 - age])))
        shown = now[45 * age : 45 * (age + 1)]
        own, other, hands = before[:14], before[14:28], before[28:42]
        if age % 2:
            own, other, hands = other[:, ::-1, ::-1], own[:, ::-1, ::-1], np.concatenate([hands[7:], hands[:7]])
        np.testing.assert_array_equal(shown[:14], own)
        np.testing.assert_array_equal(shown[14:28], other)
        np.testing.assert_array_equal(shown[31:], hands)
    assert not now[45 * 5 : 360].any()
    assert now[360].all()
    assert (now[361] == 4).all()


@pytest.mark.whole
def test_alphazero_planes_count_repetitions():
    seen = np.asarray(FULL.observe(_after(FULL, START, *["2h3h", "8b7b", "3h2h", "7b8b"] * 2)))
    assert seen[28:31, 0, 0].tolist() == [1, 1, 0]
    assert seen[45 * 4 + 28 : 45 * 4 + 31, 0, 0].tolist() == [1, 0, 0]
