"""Ownership by random games, where it is certain: living groups, closed areas, stones without hope."""

import numpy as np
import pytest

from move37.play import ownership
from move37.play.ownership import NUM_GAMES, Owners, dead_stones, games_at_once

SIZE = 5


def stones(text: str) -> np.ndarray:
    return np.array([{".": 0, "X": 1, "O": -1}[letter] for letter in "".join(text.split())])


TWO_EYES = stones(".X.X. XXXXX OOOOO .O.O. OO.OO")
LOST = stones("..X.. ..X.. O.X.. ..X.. ..XXX")


@pytest.mark.parametrize("player", [1, -1])
def test_groups_with_two_eyes_live_whoever_moves(player):
    owners = Owners(SIZE, TWO_EYES, player).best()
    np.testing.assert_array_equal(owners, [1.0] * 10 + [-1.0] * 15)
    assert dead_stones(SIZE, TWO_EYES, owners) == []


def test_games_are_random_and_repeatable_and_colours_are_equal():
    empty = np.zeros(SIZE**2, np.int64)
    first, again, other = (Owners(SIZE, empty, 1, seed).best() for seed in (0, 0, 1))
    np.testing.assert_array_equal(first, again)
    assert not np.array_equal(first, other)
    assert np.abs(first).max() <= 1
    turned = Owners(SIZE, -LOST, -1).best()
    np.testing.assert_array_equal(turned, -Owners(SIZE, LOST, 1).best())


def test_a_chain_is_dead_where_the_opponent_owns_its_points():
    owners = np.where(LOST == 0, 0.0, 1.0)
    assert dead_stones(SIZE, LOST, owners) == [10]
    assert dead_stones(SIZE, LOST, owners * 0.3) == []
    assert dead_stones(SIZE, LOST, -owners) == [point for point in range(25) if LOST[point] == 1]


def test_an_estimate_gets_better_to_the_whole_one(monkeypatch):
    whole = Owners(SIZE, LOST, 1).best()
    monkeypatch.setattr(ownership, "_WORK", 16 * SIZE**4)
    owners = Owners(SIZE, LOST, 1)
    for count in (16, 32, 48, 64, 64):
        mean = owners.better()
        assert owners.num_games == count
        np.testing.assert_array_equal(mean * count, np.round(mean * count))
    np.testing.assert_array_equal(mean, whole)
    np.testing.assert_array_equal(Owners(SIZE, LOST, 1).best(), whole)


def test_no_board_waits_for_all_games():
    assert [games_at_once(size) for size in (2, 9, 13, 19)] == [64, 64, 16, 4]
    assert all(NUM_GAMES % games_at_once(size) == 0 for size in range(2, 20))
