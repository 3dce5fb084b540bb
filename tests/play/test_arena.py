"""Ratings against a formula and against known truth; matches recounted by hand."""

import jax
import numpy as np
import pytest

from move37.core.errors import BadConfig
from move37.games import make
from move37.games.tic_tac_toe import LINES
from move37.play.arena import ELO, Match, bradley_terry, play_match, tournament


class Points:
    """Takes the first empty point in an order of its own, and remembers all that it was asked."""

    def __init__(self, name, order):
        self.name, self.order, self.asked = name, np.array(order), []

    def choose(self, states, key):
        board = np.asarray(states.board)
        self.asked.append(board)
        return self.order[(board[:, self.order] == 0).argmax(axis=1)]


LOW, HIGH = range(9), range(8, -1, -1)
CENTRE = (4, 0, 2, 8, 6, 1, 3, 5, 7)


def _recount(board, orders):
    """Plain play of one game from `board`: +1, 0 or −1 for the player that is to move first."""
    board, mover = board.copy(), 0
    stone = 1 if board.sum() == 0 else -1
    while (board == 0).any():
        point = next(p for p in orders[mover] if board[p] == 0)
        board[point] = stone
        if any((board[line] == stone).all() for line in LINES):
            return 1 if mover == 0 else -1
        mover, stone = 1 - mover, -stone
    return 0


@pytest.mark.parametrize(("one", "two"), [(LOW, HIGH), (CENTRE, LOW), (HIGH, HIGH)])
def test_a_match_plays_each_opening_with_both_colours_and_counts_for_the_first(one, two):
    first, second = Points("one", one), Points("two", two)
    match = play_match(make("tic_tac_toe"), first, second, 60, jax.random.key(3))
    starts = first.asked[0]
    np.testing.assert_array_equal(starts[:30], starts[30:])
    stones = (starts[:30] != 0).sum(axis=1)
    assert set(stones.tolist()) == {0, 1, 2, 3, 4}  # openings of every length
    assert len({row.tobytes() for row in starts}) > 15
    results = [_recount(board, (one, two)) for board in starts[:30]]
    results += [-_recount(board, (two, one)) for board in starts[30:]]
    wanted = Match("one", "two", *(results.count(result) for result in (1, 0, -1)))
    assert match == wanted
    if one == two:
        assert match.wins == match.losses  # the same games seen from both sides
    else:
        assert match.wins != match.losses
    assert match.wins + match.draws + match.losses == 60


def test_without_openings_all_games_begin_at_the_start():
    first = Points("one", LOW)
    match = play_match(make("tic_tac_toe"), first, Points("two", LOW), 4, jax.random.key(0), opening_moves=0)
    assert not first.asked[0].any()
    assert (match.wins, match.draws, match.losses) == (2, 0, 2)  # who begins wins 0 2 4 6, one game of each pair


def test_draws_are_counted_as_draws():
    one, two = Points("one", (0, 1, 5, 6, 8, 2, 3, 4, 7)), Points("two", (4, 2, 3, 7, 0, 1, 5, 6, 8))
    alone = _recount(np.zeros(9, int), (one.order, two.order)), _recount(np.zeros(9, int), (two.order, one.order))
    assert 0 in alone
    match = play_match(make("tic_tac_toe"), one, two, 2, jax.random.key(0), opening_moves=0)
    assert match.draws == alone.count(0)


def test_a_tournament_pairs_everyone_once_with_its_own_openings():
    players = [Points(name, order) for name, order in (("a", LOW), ("b", HIGH), ("c", CENTRE))]
    matches = list(tournament(make("tic_tac_toe"), players, 20, jax.random.key(0)))
    assert [(m.first, m.second) for m in matches] == [("b", "a"), ("c", "a"), ("c", "b")]
    starts = [board for p in players for board in p.asked if len(board) == 20 and (board != 0).sum(1).max() <= 4]
    assert len({board.tobytes() for board in starts}) >= 3
    assert {r.name: r.points for r in bradley_terry(matches)}["a"] == 0  # the first-named


@pytest.mark.parametrize(("game", "games"), [("tic_tac_toe", 3), ("tic_tac_toe", 0), ("catch", 2)])
def test_matches_that_cannot_be_played_are_refused(game, games):
    with pytest.raises(BadConfig, match="even number" if game == "tic_tac_toe" else "game for two"):
        play_match(make(game), Points("a", LOW), Points("b", LOW), games, jax.random.key(0))


@pytest.mark.parametrize(("wins", "draws", "losses"), [(6, 2, 1), (0, 4, 0), (20, 0, 0), (1, 0, 7)])
def test_two_players_are_rated_by_the_formula(wins, draws, losses):
    """σ(r) is the score with one more draw; the interval is 1.96 / √(n·σ·(1 − σ))."""
    rows = {row.name: row for row in bradley_terry([Match("new", "old", wins, draws, losses)])}
    count = wins + draws + losses + 1
    share = (wins + (draws + 1) / 2) / count
    assert rows["old"].points == rows["old"].plus_minus == 0
    assert rows["new"].points == pytest.approx(ELO * np.log(share / (1 - share)))
    assert rows["new"].plus_minus == pytest.approx(1.96 * ELO / (count * share * (1 - share)) ** 0.5)
    assert list(rows) == (["new", "old"] if share >= 0.5 and wins != losses else list(rows))


def test_400_points_are_ten_to_one_and_ratings_add_up():
    ten = 10_000_000  # so many that the prior does not count
    rows = bradley_terry([Match("b", "a", 10 * ten, 0, ten), Match("c", "b", 10 * ten, 0, ten)])
    assert [row.name for row in rows] == ["c", "b", "a"]
    np.testing.assert_allclose([row.points for row in rows], [800, 400, 0], atol=1e-3)


def test_true_ratings_lie_inside_95_percent_intervals_about_95_percent_of_the_time():
    rng, games, inside, errors = np.random.default_rng(0), 40, [], []
    for _ in range(120):
        truth = np.append(0, rng.normal(0, 150, 5))
        matches = []
        for i in range(6):
            for j in range(i):
                wins = int(rng.binomial(games, 1 / (1 + np.exp((truth[j] - truth[i]) / ELO))))
                matches.append(Match(str(i), str(j), wins, 0, games - wins))
        for row in bradley_terry(matches):
            if row.name != "0":
                errors.append(row.points - truth[int(row.name)])
                inside.append(abs(errors[-1]) < row.plus_minus)
    assert 0.92 < np.mean(inside) < 0.98  # 600 ratings, 120 of them independent
    assert abs(np.mean(errors)) < 8
