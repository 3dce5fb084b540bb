"""Self-play: both drivers play the same games, and every game can be replayed from its record."""

from dataclasses import dataclass
from functools import cache
from typing import NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from move37.core.errors import BadConfig
from move37.core.types import Game, Step
from move37.games import make
from move37.nets.onnx import OnnxEvaluator
from move37.nets.policy_value import NetConfig, PolicyValue
from move37.play.episodes import Assembler
from move37.play.self_play import PlayConfig, SelfPlay, is_played_out, summary
from move37.search.gumbel import Gumbel
from move37.search.mcts import SearchConfig, SearchResult
from move37.search.puct import Puct


def _uniform(actions):
    """An evaluator that knows nothing."""
    return lambda observation: (np.zeros((len(observation), actions), np.float32), np.zeros(len(observation), "f4"))


def _play(game, search, config, evaluate=None, chunks=1):
    """(moves of each chunk, episodes, self-play)."""
    self_play, played = SelfPlay(game, search, config), []
    lanes, assembler, episodes = self_play.start(jax.random.key(1)), Assembler(config.games), []
    for t in range(chunks):
        key = jax.random.fold_in(jax.random.key(2), t)
        lanes, moves = self_play.play(evaluate or _uniform(game.num_actions), lanes, key)
        episodes += assembler.add(moves)
        played.append(moves)
    return played, episodes, self_play


def test_both_drivers_play_the_same_games():
    game, search = make("tic_tac_toe"), SearchConfig(Gumbel(), 8)
    config = PlayConfig(16, 12, 3, opening_moves=2, opening_fraction=0.5, fast_simulations=3, full_fraction=0.5)
    rng, net = np.random.default_rng(0), PolicyValue(game, NetConfig(0, 4), key=jax.random.key(0))
    net = jax.tree.map(lambda x: jnp.asarray(rng.normal(0, 0.3, x.shape), jnp.float32), net)
    self_play = SelfPlay(game, search, config)
    lanes, key = self_play.start(jax.random.key(1)), jax.random.key(2)
    same_key = jax.random.clone(key)
    stepwise_lanes, stepwise = self_play.play(OnnxEvaluator(net, threads=1), lanes, key)
    fused_lanes, fused = self_play.play_fused(net, lanes, same_key)
    assert (stepwise.discount == 0).sum() > 10  # games ended and were replaced
    # The two networks round differently, by some 1e-6. Where two moves are that close one driver may take the other
    # move, and from then on plays another game in that lane, which is rare: no lane here does.
    np.testing.assert_array_equal(stepwise.action, fused.action)
    for name, array in stepwise._asdict().items():
        np.testing.assert_allclose(array, getattr(fused, name), rtol=1e-3, atol=1e-4, err_msg=name)
    for a, b in zip(jax.tree.leaves(stepwise_lanes), jax.tree.leaves(fused_lanes), strict=True):
        np.testing.assert_array_equal(a, b)


def _replay(game, init_keys, actions):
    """What the rules say of every move: (observation before it, whether it is legal, reward, discount)."""

    def move(state, action):
        step = game.step(state, action)
        return step.state, (game.observe(state), game.legal(state)[action], step.reward, step.discount)

    def one(key, row):
        return jax.lax.scan(move, game.init(jax.random.wrap_key_data(key)), row)[1]

    return jax.jit(jax.vmap(one))(np.array(init_keys), actions)


@pytest.mark.parametrize(("name", "opening_moves", "fraction"), [("tic_tac_toe", 5, 0.5), ("catch", 2, 1.0)])
def test_every_episode_replays_from_its_key_and_its_opening(name, opening_moves, fraction):
    game = make(name)
    config = PlayConfig(32, 20, opening_moves=opening_moves, opening_fraction=fraction)
    played, episodes, _ = _play(game, SearchConfig(num_simulations=2), config, chunks=2)
    assert len(episodes) >= 32
    assert len({tuple(e.init_key) for e in episodes}) == len(episodes)
    rows = [[*e.opening, *e.action] for e in episodes]
    moves = np.array([row + [0] * (game.max_num_moves - len(row)) for row in rows], np.int32)
    observation, legal, reward, discount = (np.asarray(x) for x in _replay(game, [e.init_key for e in episodes], moves))
    for i, e in enumerate(episodes):
        begin, end = len(e.opening), len(rows[i])
        assert legal[i, :end].all()
        assert discount[i, :begin].all()  # the opening did not end the game
        for was, now in ((observation, e.observation), (reward, e.reward), (discount, e.discount)):
            np.testing.assert_array_equal(was[i, begin:end], now)
    lengths = np.array([len(e.opening) for e in episodes])
    assert set(lengths[lengths > 0]) == set(range(1, opening_moves + 1))
    assert abs(np.mean(lengths > 0) - fraction) < 3 * (fraction * (1 - fraction) / len(episodes)) ** 0.5 + 1e-9
    assert all(e.full.all() for e in episodes)  # without fast searches
    numbers = summary(episodes, played[0], SearchConfig(num_simulations=2), config, seconds=2.0)
    assert numbers["moves_per_second"] == 320
    assert numbers["simulations_per_second"] == 640
    assert numbers["game_length"] == pytest.approx(np.mean([len(e.action) + len(e.opening) for e in episodes]))
    assert numbers["decided"] == pytest.approx(np.mean([e.reward[-1] != 0 for e in episodes]))
    assert summary([], played[0], SearchConfig(), config, 1.0).keys() == {"moves_per_second", "simulations_per_second"}


class Fuse(NamedTuple):
    left: jax.Array


@dataclass(frozen=True)
class Fuses(Game):
    """Chance decides whether a game lasts one move or twelve."""

    name, num_actions, num_players, observation_shape, max_num_moves = "fuses", 2, 1, (1, 1, 1), 12

    def init(self, key):
        return Fuse(jnp.where(jax.random.bernoulli(key), 1, 12).astype(jnp.int32))

    def step(self, state, action):
        return Step(Fuse(state.left - 1), jnp.float32(0), jnp.where(state.left <= 1, 0.0, 1.0))

    def legal(self, state):
        return jnp.ones(2, bool)

    def observe(self, state):
        return state.left.reshape(1, 1, 1)

    def to_play(self, state):
        return jnp.int32(0)


def test_long_games_are_as_frequent_as_they_begin():
    config = PlayConfig(games=64, moves=30)
    _, episodes, _ = _play(Fuses(), SearchConfig(num_simulations=2), config, chunks=4)
    lengths = np.array([len(e.action) for e in episodes])
    assert set(lengths) == {1, 12}
    assert abs(np.mean(lengths == 12) - 0.5) < 0.05  # of 1,150: three standard deviations; counted by moves it is 0.92
    assert all(len(e.opening) == 0 for e in episodes)  # none was asked for


@cache
def _capped():
    """Under PUCT the improved policy is visits / budget, which tells the budget of each move."""
    config = PlayConfig(64, 12, num_sampling_moves=2, fast_simulations=5, full_fraction=0.3)
    return _play(make("tic_tac_toe"), SearchConfig(Puct(), 16), config)[0][0]


def test_playout_caps_give_the_share_and_the_budget_that_were_asked_for():
    moves = _capped()
    for full, budget in ((True, 16), (False, 5)):
        visits = moves.action_weights[moves.full == full] * budget
        np.testing.assert_allclose(visits, np.rint(visits), atol=1e-4)
    assert abs(moves.full.mean() - 0.3) < 0.05  # of 768: three standard deviations
    assert moves.full.std(axis=0).mean() > 0.35 < moves.full.std(axis=1).mean()  # drawn for each move of each game
    with pytest.raises(BadConfig, match="budget is 9"):
        _play(Fuses(), SearchConfig(num_simulations=4), PlayConfig(2, 1, fast_simulations=9))


def test_moves_are_drawn_first_and_then_the_searches_own():
    moves, number, drawn = _capped(), np.zeros(64, int), []
    columns = (moves.action_weights, moves.action, moves.discount, moves.full)
    for weights, action, discount, full in zip(*columns, strict=True):
        below = np.take_along_axis(weights, action[:, None], axis=1)[:, 0] < weights.max(axis=1)
        assert not below[number >= 2].any()
        drawn += below[full & (number < 2)].tolist()  # a fast search without noise here visits each action alike
        number = np.where(discount == 0, 0, number + 1)
    assert np.mean(drawn) > 0.3


@cache
def _chosen(temperature, num_sampling_moves, count=4000):
    """What is played from handmade searches that prefer move 4 and weigh 0, 1, 2 as 2 : 1 : 1."""
    config = PlayConfig(count, 1, num_sampling_moves, temperature)
    self_play = SelfPlay(make("tic_tac_toe"), SearchConfig(num_simulations=2), config)
    weights = jnp.tile(jnp.array([0.5, 0.25, 0.25, 0, 0, 0, 0, 0, 0]), (count, 1))
    zeros, none = jnp.zeros(count), jnp.zeros((count, 9))
    result = SearchResult(jnp.full(count, 4, jnp.int32), weights, zeros, none.astype(jnp.int32), none, None)
    lanes, which = self_play.start(jax.random.key(0)), jnp.zeros(count, jnp.int32)
    moves = self_play._advance(lanes, result, which, jax.random.key(1))[1]
    return np.bincount(np.asarray(moves.action), minlength=9) / count


@pytest.mark.parametrize(("temperature", "wanted"), [(1.0, (0.5, 0.25)), (0.5, (4 / 6, 1 / 6)), (0.05, (1.0, 0.0))])
def test_the_temperature_sharpens_what_moves_are_drawn_from(temperature, wanted):
    shares = _chosen(temperature, num_sampling_moves=1)
    np.testing.assert_allclose(shares[:3], [wanted[0], wanted[1], wanted[1]], atol=0.025)  # three standard deviations
    assert shares[3:].sum() == 0


def test_without_sampled_moves_the_search_decides():
    assert _chosen(1.0, num_sampling_moves=0)[4] == 1


@pytest.mark.parametrize(
    "wrong",
    [
        {"games": 0},
        {"moves": 0},
        {"num_sampling_moves": -1},
        {"temperature": 0.0},
        {"temperature": float("nan")},
        {"opening_moves": -1},
        {"opening_fraction": 1.1},
        {"full_fraction": -0.1},
        {"fast_simulations": 0},
    ],
)
def test_values_out_of_range_are_named(wrong):
    with pytest.raises(BadConfig, match=f"play.{next(iter(wrong))} is"):
        PlayConfig(**wrong)


def _gloomy(observation):
    """An evaluator that gives every position up."""
    count = len(observation)
    return np.zeros((count, 9), np.float32), np.full(count, -0.9, np.float32)


def test_who_is_to_move_resigns_under_the_threshold_unless_the_game_is_played_out():
    game, search = make("tic_tac_toe"), SearchConfig(Puct(), 1)
    # Two gloomy players: after one simulation a root is worth (−0.9 + 0.9) / 2 = 0, unless the move ends the game.
    self_play = SelfPlay(game, search, PlayConfig(64, 10, played_out=0.5))
    lanes, moves = self_play.play(_gloomy, self_play.start(jax.random.key(1)), jax.random.key(2), 0.05)
    assembler = Assembler(64)
    episodes = assembler.add(moves)
    resigned = [e for e in episodes if e.resigned]
    assert len(resigned) == moves.resigned.sum() > 100
    for e in resigned:
        assert not is_played_out(e.init_key, 0.5)
        assert e.root_value[-1] < 0.05
        assert (e.reward[-1], e.discount[-1]) == (-1, 0)
        assert not e.reward[:-1].any()
    for e in episodes:
        if is_played_out(e.init_key, 0.5):
            assert not e.resigned
        else:
            assert (e.root_value[:-1] >= 0.05).all()  # the first to be under it resigns
    assert any(is_played_out(e.init_key, 0.5) and (e.root_value < 0.05).any() for e in episodes)
    # No position is lost and none counted twice: what ended and what is open is what was played.
    still_open = assembler.state()["lengths"]
    assert sum(len(e.action) for e in episodes) + still_open.sum() == moves.action.size
    np.testing.assert_array_equal(lanes.move_number, still_open)


def test_both_drivers_resign_alike():
    game, search = make("tic_tac_toe"), SearchConfig(Gumbel(), 4)
    rng, net = np.random.default_rng(0), PolicyValue(game, NetConfig(0, 4), key=jax.random.key(0))
    net = jax.tree.map(lambda x: jnp.asarray(rng.normal(0, 0.3, x.shape), jnp.float32), net)
    self_play = SelfPlay(game, search, PlayConfig(16, 8, 3, random_symmetries=True))
    lanes, key = self_play.start(jax.random.key(1)), jax.random.key(2)
    same_key = jax.random.clone(key)
    _, stepwise = self_play.play(OnnxEvaluator(net, threads=1), lanes, key, -0.1)
    _, fused = self_play.play_fused(net, lanes, same_key, -0.1)
    assert stepwise.resigned.sum() > 5
    for name, array in stepwise._asdict().items():
        np.testing.assert_allclose(array, getattr(fused, name), rtol=1e-3, atol=1e-4, err_msg=name)


def test_fast_searches_have_no_noise():
    config = PlayConfig(64, 1, fast_simulations=5, full_fraction=0.5)
    self_play = SelfPlay(make("tic_tac_toe"), SearchConfig(Puct(), 16), config)
    noise, which = self_play._prepare(self_play.start(jax.random.key(0)), jax.random.key(1))
    assert 0 < which.sum() < 64
    np.testing.assert_allclose(noise.sum(1), which == 0, atol=1e-5)
