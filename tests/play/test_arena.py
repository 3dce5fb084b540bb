"""Matches count every game once and for the right side; ratings equal closed forms and another algorithm."""

import math
from dataclasses import dataclass
from typing import NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from move37.core.errors import BadConfig
from move37.core.types import Game, Step
from move37.games import make
from move37.play.arena import ELO, Match, bradley_terry, play_match
from move37.play.match import play_games


class Marks(NamedTuple):
    marks: jax.Array  # who made each of the three moves
    t: jax.Array


@dataclass(frozen=True)
class TwoThenOne(Game):
    """The first player moves twice, then the second once. An action is the mark that it leaves; marks pay `pay`."""

    pay: tuple[int, int, int] = (0, 0, 0)
    name = "two_then_one"
    num_actions = 3
    num_players = 2
    observation_shape = (1, 1, 3)
    max_num_moves = 3

    def init(self, key):
        return Marks(jnp.zeros(3, jnp.int8), jnp.int8(0))

    def step(self, state, action):
        marks = state.marks.at[state.t].set(action.astype(jnp.int8))
        reward = jnp.array(self.pay, jnp.float32)[state.t] * (action == 1).astype(jnp.float32)
        return Step(Marks(marks, state.t + 1), reward, jnp.array([1.0, -1.0, 0.0])[state.t])

    def legal(self, state):
        return jnp.arange(3) > 0

    def observe(self, state):
        return state.marks[None, None]

    def to_play(self, state):
        return (state.t == 2).astype(jnp.int32)


class Fixed:
    """Plays one action always, or the lowest or highest legal one."""

    def __init__(self, name, choose):
        self.name, self._choose = name, choose

    def choose(self, states, key):
        return self._choose(states)


def _always(action):
    return Fixed(str(action), lambda states: np.full(len(states.t), action))


def _point(name, order):
    def choose(states):
        empty = np.asarray(states.board) == 0
        return np.where(empty, order, -1).argmax(axis=1)

    return Fixed(name, choose)


LOW, HIGH = np.arange(9)[::-1], np.arange(9)


def _result(match):
    return match.wins, match.draws, match.losses


def test_a_match_seen_from_the_other_side_is_its_mirror_image():
    one, two = _point("low", LOW), _point("high", HIGH)
    match = play_match(make("tic_tac_toe"), one, two, 40, jax.random.key(0))
    assert sum(_result(match)) == 40
    again = play_match(make("tic_tac_toe"), _point("high", HIGH), _point("low", LOW), 40, jax.random.key(0))
    assert _result(again) == _result(match)[::-1]
    assert match.wins != match.losses


def test_equal_players_score_exactly_even():
    match = play_match(make("tic_tac_toe"), _point("a", LOW), _point("b", LOW), 40, jax.random.key(1))
    assert match.wins == match.losses > 0


def test_whoever_moves_again_moves_again():
    one, two = _always(1), _always(2)
    played = list(play_games(TwoThenOne(), one, two, 4, jax.random.key(0), opening_moves=0))
    assert sorted(game.sides for game in played) == [(0, 1)] * 2 + [(1, 0)] * 2
    for game in played:
        assert game.actions == ((1, 1, 2) if game.sides == (0, 1) else (2, 2, 1))


@pytest.mark.parametrize(
    ("pay", "wanted"),
    [
        ((0, 0, 0), (0, 4, 0)),
        ((1, 0, 0), (2, 2, 0)),  # one is paid for its first move, where it has one
        ((0, 0, -1), (0, 2, 2)),
        ((1, 1, 0), (2, 2, 0)),
        ((1, -2, 0), (0, 2, 2)),  # rewards of a whole game are added up
        ((1, -1, 0), (0, 4, 0)),
    ],
)
def test_rewards_are_the_movers_and_add_up(pay, wanted):
    assert _result(play_match(TwoThenOne(pay), _always(1), _always(2), 4, jax.random.key(0), 0)) == wanted
    assert _result(play_match(TwoThenOne(pay), _always(2), _always(1), 4, jax.random.key(0), 0)) == wanted[::-1]


@pytest.mark.parametrize(
    ("game", "games", "says"), [("tic_tac_toe", 3, "even"), ("tic_tac_toe", 0, "even"), ("catch", 2, "1 player")]
)
def test_matches_that_cannot_be_are_refused(game, games, says):
    with pytest.raises(BadConfig, match=says):
        play_match(make(game), _always(1), _always(1), games, jax.random.key(0))


@pytest.mark.parametrize(("wins", "draws", "losses"), [(7, 2, 1), (0, 0, 10), (50, 0, 0), (3, 4, 3), (0, 1, 0)])
def test_the_rating_of_two_is_the_logit_of_the_score(wins, draws, losses):
    rows = {row.name: row for row in bradley_terry([Match("a", "b", wins, draws, losses)])}
    games = wins + draws + losses + 1  # with the drawn game of the prior
    share = (wins + draws / 2 + 0.5) / games
    assert (rows["b"].points, rows["b"].plus_minus) == (0, 0)
    assert rows["a"].points == pytest.approx(400 * math.log10(share / (1 - share)), abs=1e-6)
    assert rows["a"].plus_minus == pytest.approx(1.96 * ELO / math.sqrt(games * share * (1 - share)), rel=1e-6)


def _hunter(matches, names):
    """Hunter's MM algorithm: γ_i ← W_i / Σ_j n_ij / (γ_i + γ_j), until nothing moves."""
    wins, count = np.zeros(len(names)), np.zeros((len(names), len(names)))
    for m in matches:
        i, j = names.index(m.first), names.index(m.second)
        wins[i] += m.wins + m.draws / 2 + 0.5
        wins[j] += m.losses + m.draws / 2 + 0.5
        count[[i, j], [j, i]] += m.wins + m.draws + m.losses + 1
    strength = np.ones(len(names))
    for _ in range(100_000):
        new = wins / (count / (strength[:, None] + strength[None])).sum(axis=1)
        new /= new[0]
        done = np.abs(np.log(new / strength)).max() < 1e-13
        strength = new
        if done:
            break
    return dict(zip(names, ELO * np.log(strength), strict=True)), count, strength


@settings(max_examples=30, deadline=None)
@given(st.lists(st.tuples(st.integers(0, 9), st.integers(0, 9), st.integers(0, 9)), min_size=6, max_size=6))
def test_ratings_of_many_equal_another_algorithm_and_the_curvature_of_the_likelihood(results):
    pairs = [("b", "a"), ("c", "a"), ("c", "b"), ("d", "a"), ("d", "b"), ("d", "c")]
    matches = [Match(*pair, *result) for pair, result in zip(pairs, results, strict=True)]
    rows = {row.name: row for row in bradley_terry(matches)}
    wanted, count, strength = _hunter(matches, list("abcd"))
    share = strength[:, None] / (strength[:, None] + strength[None])
    weight = count * share * share.T
    information = np.diag(weight.sum(axis=1)) - weight
    widths = 1.96 * ELO * np.sqrt(np.diag(np.linalg.inv(information[1:, 1:])))
    for name, width in zip("abcd", [0, *widths], strict=True):
        assert rows[name].points == pytest.approx(wanted[name], abs=1e-4)
        assert rows[name].plus_minus == pytest.approx(width, rel=1e-5, abs=1e-9)


def test_rows_come_by_rating_and_the_one_first_beaten_stands_at_zero():
    rows = bradley_terry([Match("b", "a", 0, 0, 9), Match("c", "a", 9, 0, 0), Match("c", "b", 9, 0, 0)])
    assert [row.name for row in rows] == ["c", "a", "b"]
    assert rows[1].points == 0


def test_one_match_told_in_two_parts_is_one_match():
    whole = bradley_terry([Match("b", "a", 7, 2, 1), Match("c", "b", 1, 1, 1)])
    parts = [Match("b", "a", 4, 2, 0), Match("a", "b", 1, 0, 3), Match("c", "b", 1, 1, 1)]
    for one, two in zip(whole, bradley_terry(parts), strict=True):
        assert (one.name, one.points, one.plus_minus) == (
            two.name,
            pytest.approx(two.points),
            pytest.approx(two.plus_minus),
        )


def test_nobody_played():
    assert bradley_terry([]) == []
