"""The rating of a growing agent: who plays whom, what a resume keeps, and that strength shows."""

import jax
import pytest

from move37.games import make
from move37.play import ladder
from move37.play.arena import ELO, Match
from move37.play.ladder import Ladder
from move37.play.players import MctsPlayer


def _strong(name, game, net, num_simulations):
    """In place of a net player: `net` is the number of its playouts."""
    player = MctsPlayer(game, net)
    player.name = name
    return player


class Named:
    """In place of a net player in matches that are not played: `net` is its true rating."""

    def __init__(self, name, game, net, num_simulations):
        self.name, self.rating = name, net


def _expected(game, one, two, games, key):
    """What a long match would show: the share of wins that the true ratings give."""
    gap = one.rating - getattr(two, "rating", 0.0)
    wins = round(games / (1 + 10 ** (-gap / 400)))
    return Match(one.name, two.name, wins, 0, games - wins)


@pytest.fixture
def by_rating(monkeypatch):
    monkeypatch.setattr(ladder, "NetPlayer", Named)
    monkeypatch.setattr(ladder, "play_match", _expected)


def _never(iteration):
    raise AssertionError(f"{iteration} was already in memory")


def test_newcomers_play_their_predecessor_the_one_half_as_old_and_random_while_it_scores(by_rating):
    climb, rows = Ladder(make("tic_tac_toe"), 8, games=100), []
    for i, rating in enumerate((0.0, 100.0, 300.0, 500.0, 2000.0, 2200.0, 2400.0), 1):
        rows.append(climb.challenge(i, rating, jax.random.key(i), _never))
        assert abs(rows[-1]["rating"] - rating) < max(60, 0.2 * rating)  # rounded matches and the drawn prior
    opponents = [[match[1] for match in row["matches"]] for row in rows]
    assert opponents == [
        ["random"],
        ["random", "1"],
        ["random", "2", "1"],
        ["random", "3", "1"],
        ["random", "4", "2"],
        ["5", "2"],  # random lost every game to the fifth
        ["6", "3"],
    ]
    assert [row["rating"] for row in rows] == sorted(row["rating"] for row in rows)
    assert all(row["rating_plus_minus"] > 0 for row in rows)


def test_a_restored_ladder_goes_on_as_if_never_stopped(by_rating):
    ratings, game = dict(enumerate((50.0, 90.0, 200.0, 220.0, 400.0, 390.0), 1)), make("tic_tac_toe")
    whole, rows, loaded = Ladder(game, 8), [], []
    for i in (1, 2, 3):
        rows.append({"iteration": i, **whole.challenge(i, ratings[i], jax.random.key(i), _never)})
    rows.append({"iteration": 4, "loss": 1.0})  # an iteration without a measurement
    resumed = Ladder(game, 8)
    resumed.restore(rows)

    def load(iteration):
        loaded.append(iteration)
        return ratings[iteration]

    for i in (4, 5, 6):
        wanted = whole.challenge(i, ratings[i], jax.random.key(i), _never if i < 5 else load)
        assert resumed.challenge(i, ratings[i], jax.random.key(i), load) == wanted
    assert set(loaded) <= {1, 2, 3}


def test_a_stronger_player_is_rated_higher(monkeypatch):
    monkeypatch.setattr(ladder, "NetPlayer", _strong)
    climb = Ladder(make("tic_tac_toe"), 8, games=40)
    weak, strong = (climb.challenge(i, n, jax.random.key(i), _never) for i, n in enumerate((1, 100), 1))
    assert strong["rating"] - weak["rating"] > 200
    assert {tuple(m[:2]) for m in strong["matches"]} == {("2", "random"), ("2", "1")}
    assert abs(weak["rating"]) < 2 * ELO  # one playout is little more than random


def test_games_for_one_have_no_ladder():
    assert Ladder(make("catch"), 8).challenge(1, None, jax.random.key(0), _never) == {}
