"""perft against numbers that everybody can count."""

import math

import jax
import pytest

from move37 import games
from move37.games.perft import perft


@pytest.mark.parametrize(
    ("name", "counts"),
    [
        # 9!/(9 − d)! while no game can have ended; after five moves 8 lines · 3! · 6 · 5 games have
        ("tic_tac_toe", [*(math.perm(9, depth) for depth in range(6)), (math.perm(9, 5) - 8 * 6 * 30) * 4]),
        ("connect_four", [7**depth for depth in range(7)] + [7**7 - 7]),  # the eighth plane: a column of seven stones
    ],
)
def test_counts(name, counts):
    game = games.make(name)
    start = game.init(jax.random.key(0))
    assert [perft(game, start, depth) for depth in range(len(counts))] == counts
