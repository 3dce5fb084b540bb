"""Ownership by random games, where it is certain: living groups, closed areas, stones without hope."""

import numpy as np
import pytest

from move37.play.ownership import dead_stones, ownership

SIZE = 5


def stones(text: str) -> np.ndarray:
    return np.array([{".": 0, "X": 1, "O": -1}[letter] for letter in "".join(text.split())])


TWO_EYES = stones(".X.X. XXXXX OOOOO .O.O. OO.OO")
LOST = stones("..X.. ..X.. O.X.. ..X.. ..XXX")


@pytest.mark.parametrize("player", [1, -1])
def test_groups_with_two_eyes_live_whoever_moves(player):
    owners = ownership(SIZE, TWO_EYES, player)
    np.testing.assert_array_equal(owners, [1.0] * 10 + [-1.0] * 15)
    assert dead_stones(SIZE, TWO_EYES, owners) == []


def test_games_are_random_and_repeatable_and_colours_are_equal():
    empty = np.zeros(SIZE**2, np.int64)
    first, again, other = (ownership(SIZE, empty, 1, seed) for seed in (0, 0, 1))
    np.testing.assert_array_equal(first, again)
    assert not np.array_equal(first, other)
    assert np.abs(first).max() <= 1
    turned = ownership(SIZE, -LOST, -1)
    np.testing.assert_array_equal(turned, -ownership(SIZE, LOST, 1))


def test_a_chain_is_dead_where_the_opponent_owns_its_points():
    owners = np.where(LOST == 0, 0.0, 1.0)
    assert dead_stones(SIZE, LOST, owners) == [10]
    assert dead_stones(SIZE, LOST, owners * 0.3) == []
    assert dead_stones(SIZE, LOST, -owners) == [point for point in range(25) if LOST[point] == 1]
