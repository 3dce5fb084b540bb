"""The meter on evaluators whose answers are known: what is novel, useful, unstable, and whose sign a value has."""

from functools import cache

import jax
import numpy as np
import pytest

from move37.core.errors import BadConfig
from move37.games.go import Go
from move37.play.meter import Measures, Meter, MeterConfig, rates, self_games
from move37.play.players import RandomPlayer

GAME = Go(5, history=1)
PASS = 25
CONFIG = MeterConfig(visits=8, shallow_visits=4, batch=3, fpu_reduction=-9.0)  # each answer is tried before any twice


def _evaluator(black_value, slope=0.5):
    """Points in order, the first the likeliest; `black_value(black, white)` is what stones are worth to Black."""

    def evaluate(observation):
        logits = np.tile(-slope * np.arange(PASS + 1, dtype=np.float32), (len(observation), 1))
        logits[:, PASS] = -50
        values = []
        for own, other, colour in observation.reshape(len(observation), 3, PASS):
            sign, stones = (1, (own, other)) if colour[0] else (-1, (other, own))
            values.append(sign * black_value(*(set(np.flatnonzero(row)) for row in stones)))
        return logits, np.array(values, np.float32)

    return evaluate


@cache
def _step(game):
    return jax.jit(game.step)


def _states(actions, game=GAME):
    step, states = _step(game), [game.init(jax.random.key(0))]
    for action in actions[:-1]:
        states.append(step(states[-1], np.int32(action)).state)
    return jax.tree.map(lambda *rows: np.stack(rows), *states)


def _measure(meter, actions, game=GAME, **options) -> Measures:
    return meter.measure(_states(actions, game), np.array(actions, np.int32), **options)


@pytest.fixture(scope="module")
def good_and_bad():
    """20 is good for Black, 21 bad; 24 is good for White, 23 bad."""

    def worth(black, white):
        return 0.5 * (20 in black) - 0.3 * (21 in black) - 0.5 * (24 in white) + 0.3 * (23 in white)

    return Meter(GAME, _evaluator(worth), CONFIG)


@pytest.mark.whole
def test_probability_and_rank_are_those_of_the_policy(good_and_bad):
    actions = [20, 0, 3, 24, 25]
    found = _measure(good_and_bad, actions)
    assert found.action.tolist() == actions
    assert found.policy_choice.tolist() == [0, 0, 1, 1, 1]
    assert found.rank.tolist() == [21, 1, 3, 22, 22]  # what stands on the board no longer counts
    for i, taken in enumerate([set(), {20}, {20, 0}, {20, 0, 3}, {20, 0, 3, 24}]):
        weights = np.exp([-0.5 * k if k < PASS else -50 for k in range(PASS + 1) if k not in taken])
        mine = np.exp(-50 if actions[i] == PASS else -0.5 * actions[i])
        np.testing.assert_allclose(found.probability[i], mine / weights.sum(), rtol=1e-5)
    assert found.novel.tolist() == [True, False, False, True, True]


def test_novel_and_useful_moves_of_both_colours_are_marked(good_and_bad):
    found = _measure(good_and_bad, [20, 24, 21, 23, 0, 1])
    assert found.novel.tolist() == [True, True, True, True, False, False]
    np.testing.assert_allclose(found.value[:4], [0.5, 0.0, -0.3, 0.0], atol=1e-6)
    np.testing.assert_allclose(found.policy_value[:4], [0.0, -0.5, 0.0, 0.3], atol=1e-6)
    np.testing.assert_allclose(found.shallow_value[:4], found.policy_value[:4], atol=1e-6)
    assert found.marked.tolist() == [True, True, False, False, False, False]
    assert not found.unstable.any()
    assert found.useful.tolist() == found.marked.tolist()  # the policy's own choice is not useful either
    counts = rates([found, found])._asdict()
    assert counts == {"games": 2, "moves": 12, "novel": 8, "searched": 8, "useful": 4, "marked": 4}


def test_a_useful_move_that_is_expected_is_not_marked():
    """9 is good for Black; 1 in 200 people would play it, more than 1 in 1000, and eight moves are likelier."""
    for probability, rank, novel in ((0.01, 5, True), (0.001, 5, False), (0.01, 20, False)):
        config = MeterConfig(8, 4, probability, rank, fpu_reduction=-9.0, batch=3)
        meter = Meter(GAME, _evaluator(lambda black, white: 0.5 * (9 in black)), config)
        found = _measure(meter, [9])
        assert (bool(found.novel[0]), bool(found.useful[0]), bool(found.marked[0])) == (novel, True, novel)


def test_what_a_shallow_look_finds_is_not_useful():
    """2 is the third likeliest: a look at four moves sees what it is worth, and a better one still."""
    config = MeterConfig(visits=16, shallow_visits=8, batch=3, fpu_reduction=0.0)
    meter = Meter(GAME, _evaluator(lambda black, white: 0.9 * (2 in black) + 0.3 * (20 in black)), config)
    found = _measure(meter, [2])
    assert (found.policy_choice[0], found.shallow_choice[0], found.useful[0]) == (0, 2, False)
    found = _measure(meter, [20])
    assert found.shallow_choice[0] == 2
    assert found.policy_value[0] < found.value[0] < found.shallow_value[0]
    assert (found.novel[0], found.useful[0]) == (True, False)


def test_a_move_whose_refutation_takes_twice_the_visits_is_unstable_for_both_colours():
    """A search of 8 visits has 8 slots, and 12 is the thirteenth likeliest answer."""

    def worth(black, white):
        for_black = (-2.0 if 12 in white else 0.1) if 20 in black else 0.0
        for_white = (-2.0 if 12 in black else 0.1) if 24 in white else 0.0
        return for_black - for_white

    found = _measure(Meter(GAME, _evaluator(worth), CONFIG), [20, 24, 0])
    assert found.novel.tolist() == [True, True, False]
    assert found.useful.tolist() == [True, True, False]
    assert found.stable.tolist() == [False, False, False]
    assert found.unstable.tolist() == [True, True, False]
    assert not found.marked.any()
    assert rates([found]).marked == 0


def test_the_move_that_ends_a_game_is_worth_its_result_to_its_mover(good_and_bad):
    alone, none, both = [12, PASS, PASS], [PASS, PASS], [PASS, 12, 0, PASS, PASS]  # whose stones stand there
    assert [_measure(good_and_bad, moves).value[-1] for moves in (alone, none, both)] == [1, 1, -1]


def test_only_some_novel_moves_are_searched_where_that_is_enough(good_and_bad):
    actions = [20, 24, 0, 22, 21]  # 21 is bad for Black
    every = _measure(good_and_bad, actions)
    for most, rows in ((9, [0, 1, 3, 4]), (2, [0, 4])):
        some = _measure(good_and_bad, actions, most_novel=most)
        left = [i for i in range(5) if i not in rows]
        assert np.flatnonzero(some.searched).tolist() == rows
        assert np.isnan([some.value[left], some.policy_value[left], some.shallow_value[left]]).all()
        assert not some.marked[left].any()
        for one, other in zip(every, some, strict=True):
            np.testing.assert_array_equal(one[rows], other[rows])
    counts = {"games": 1, "moves": 5, "novel": 4, "searched": 2, "useful": 1, "marked": 1}
    assert rates([some])._asdict() == counts
    assert rates([some]).marked_share == 4 / 5 * 1 / 2
    nothing = rates([_measure(good_and_bad, [0, 1], most_novel=9)])
    assert (nothing.novel, nothing.searched, nothing.marked_share) == (0, 0, 0)


def test_policy_and_search_may_see_different_games(good_and_bad):
    """The search's net looks at more of the past: the policy is the first's, the values are the second's."""
    other, actions = Go(5, history=2), [2, 3, 0]

    def evaluate(observation):
        assert observation.shape[1] == 5
        logits, values = _evaluator(lambda black, white: 0.25 * (2 in black))(observation[:, [0, 1, 4]])
        return logits[:, ::-1].copy(), values

    seen = []
    policy = _evaluator(lambda black, white: 0.0)
    meter = Meter(GAME, policy, CONFIG, other, evaluate, seen.append)
    found = _measure(meter, actions, searched_states=_states(actions, other))
    assert found.policy_choice.tolist() == [0, 0, 0]
    np.testing.assert_allclose(found.value, [0.25, -0.25, 0.25], atol=1e-6)
    np.testing.assert_allclose(found.policy_value, [0, -0.25, 0.25], atol=1e-6)
    assert sum(seen) >= 3 * 3 - 2  # shallow looks, and values


def test_games_of_a_player_with_itself_are_whole_legal_and_different():
    games = self_games(GAME, RandomPlayer(GAME), 6, jax.random.key(3), opening_moves=3)
    assert len({tuple(game.actions) for game in games}) == 6
    assert {game.opening for game in games} <= {0, 1, 2, 3}
    step, legal = _step(GAME), jax.jit(GAME.legal)
    for game in games:
        state, discount = GAME.init(jax.random.key(0)), 1.0
        for action in game.actions:
            assert discount != 0
            assert bool(legal(state)[int(action)])
            state, _, discount = step(state, np.int32(action))
        assert discount == 0


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({"shallow_visits": 400}, "400 visits for the shallow look"),
        ({"shallow_visits": 0}, "got 0 visits"),
        ({"most_probability": 0.0}, "probability 0.0"),
        ({"most_rank": 0}, "rank 0"),
        ({"batch": 0}, "batch 0"),
    ],
)
def test_impossible_configurations(fields, message):
    with pytest.raises(BadConfig, match=message):
        MeterConfig(**fields)
