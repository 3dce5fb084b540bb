"""The linear policy against a reference that looks at one point at a time."""

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
import pytest

from move37.core.errors import BadConfig
from move37.games.go import Go
from move37.games.tic_tac_toe import TicTacToe
from move37.nets.patterns import LocalPatterns, classes, codes, distance_kind, own_eyes

AROUND = [(-1, -1), (-1, 0), (-1, 1), (0, -1), (0, 1), (1, -1), (1, 0), (1, 1)]


def _boards(size=5, count=6, seed=0):
    cell = np.random.default_rng(seed).integers(3, size=(count, size, size))
    return cell == 1, cell == 2


_codes, _own_eyes = jax.jit(codes), jax.jit(own_eyes)


def test_codes_name_what_stands_around_a_point():
    own, other = _boards()
    found = np.asarray(_codes(own, other))
    for board in range(len(own)):
        for y in range(5):
            for x in range(5):
                code = 0
                for i, (dy, dx) in enumerate(AROUND):
                    inside = 0 <= y + dy < 5 and 0 <= x + dx < 5
                    what = 3 if not inside else int(own[board, y + dy, x + dx]) + 2 * int(other[board, y + dy, x + dx])
                    code += what * 4**i
                assert found[board, y, x] == code


def test_turned_boards_have_the_same_classes():
    own, other = _boards(seed=1)
    kinds = np.asarray(classes())[np.asarray(_codes(own, other))]
    for turn in (lambda b: np.rot90(b, axes=(1, 2)), lambda b: b[:, :, ::-1], lambda b: np.swapaxes(b, 1, 2)):
        turned = np.asarray(classes())[np.asarray(_codes(turn(own), turn(other)))]
        np.testing.assert_array_equal(turned, turn(kinds))
    assert classes().max() + 1 == 8740  # by Burnside's lemma: (4⁸ + 2·4² + 4⁴ + 4·4⁵) / 8


def test_distances_to_a_stone():
    stone = np.zeros((1, 5, 5), bool)
    stone[0, 2, 2] = True
    kinds = np.asarray(jax.jit(distance_kind)(stone))[0]
    expected = [[4, 3, 2, 3, 4], [3, 1, 0, 1, 3], [2, 0, 5, 0, 2], [3, 1, 0, 1, 3], [4, 3, 2, 3, 4]]
    np.testing.assert_array_equal(kinds, expected)


@pytest.mark.parametrize(
    ("rows", "eye"),
    [
        (["XX...", "X.X..", "X...."], False),  # one side is open
        ([".X...", "XX...", "....."], True),  # a corner
        ([".X...", "XO...", "....."], False),  # a corner with an enemy on its one diagonal
    ],
)
def test_eyes(rows, eye):
    cell = np.array([list(row) for row in [*rows, *["....."] * (5 - len(rows))]])
    found = np.asarray(_own_eyes((cell == "X")[None], (cell == "O")[None]))[0]
    point = (1, 1) if cell[1, 1] == "." else (0, 0)
    assert found[point] == eye


def test_an_eye_in_the_middle_stands_one_enemy_on_a_corner():
    for enemies, eye in (([], True), ([(1, 1)], True), ([(1, 1), (3, 3)], False)):
        own = np.zeros((5, 5), bool)
        own[[1, 2, 2, 3], [2, 1, 3, 2]] = True
        other = np.zeros((5, 5), bool)
        for y, x in enemies:
            other[y, x] = True
        assert np.asarray(_own_eyes(own[None], other[None]))[0, 2, 2] == eye


def test_it_begins_uniform_and_answers_the_last_move():
    game = Go(5)
    policy = LocalPatterns(game)

    @jax.jit
    def shown():
        state = game.init(jax.random.key(0))
        for action in (12, 3):
            state = game.step(state, jnp.int32(action)).state
        return game.observe(state)[None]

    seen, answer = shown(), jax.jit(lambda policy, seen: policy(seen))
    logits, value = answer(policy, seen)
    assert not np.asarray(logits).any()
    assert not np.asarray(value).any()
    pattern, ours = np.zeros_like(policy.pattern), np.zeros_like(policy.ours)
    pattern[:, 0], ours[1] = 2, 1
    near = eqx.tree_at(lambda p: (p.pattern, p.ours), policy, (pattern, ours))
    logits = np.asarray(answer(near, seen)[0])[0, :25].reshape(5, 5)
    assert logits[0, 2] == logits[0, 4] == logits[1, 3].item() - 1.0 == 2.0  # beside White's stone at (0, 3)
    assert logits[3, 3] == logits[1, 1] == 1.0  # diagonal to Black's own at (2, 2)


def test_other_boards_are_refused():
    with pytest.raises(BadConfig, match="tic_tac_toe"):
        LocalPatterns(TicTacToe())
    with pytest.raises(BadConfig, match="history of 3"):
        LocalPatterns(Go(5, history=2))
