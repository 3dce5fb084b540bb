"""The loop without rules: it goes on where it stopped, to the last bit, and what it trains can play."""

import dataclasses

import jax
import numpy as np
import pytest

from move37 import games
from move37.core.errors import BadConfig, UnknownName
from move37.games import make
from move37.play.arena import play_match
from move37.play.players import LatentPlayer, RandomPlayer
from move37.recipes import muzero
from move37.run.directory import Run

GAME = "hex_3x3"
# Times; and the ladder, on which the run that was stopped has a rung more.
OTHER = (
    "seconds",
    "memory_mib",
    "moves_per_second",
    "simulations_per_second",
    "rating",
    "rating_plus_minus",
    "matches",
)


@pytest.fixture(autouse=True)
def _promotion_as_optax_needs_it():
    with jax.numpy_dtype_promotion("standard"), jax.numpy_rank_promotion("allow"):
        yield


def _train(path, config, resume=False):
    run = Run.open(path) if resume else Run.create(path, "muzero", GAME, config, 7)
    return muzero.train(config, run, resume=resume), run


def test_a_run_that_was_stopped_goes_on_as_if_it_had_not_been_and_its_net_plays(tmp_path):
    config = muzero.preset("smoke", GAME)
    whole, run = _train(tmp_path / "whole", config)
    _train(tmp_path / "parts", dataclasses.replace(config, iterations=2))
    again, resumed = _train(tmp_path / "parts", config, resume=True)
    for a, b in zip(jax.tree.leaves(whole), jax.tree.leaves(again), strict=True):
        np.testing.assert_array_equal(a, b)
    last = [{k: v for k, v in r.metrics()[-1].items() if k not in OTHER} for r in (run, resumed)]
    assert last[0] == last[1]
    assert last[0]["unrolled_reward_loss"] > 0
    game, _, found, chosen = muzero.load(Run.open(tmp_path / "parts"))
    assert (game, chosen) == (make(GAME), 3)
    np.testing.assert_array_equal(again.action, found.action)
    for simulations in (0, config.search.num_simulations):
        player = LatentPlayer("muzero", game, found, simulations)
        match = play_match(game, player, RandomPlayer(game), 20, jax.random.key(0))
        assert match.wins + match.draws + match.losses == 20


def test_what_a_learned_model_cannot_give_is_refused():
    config, cart = muzero.preset("laptop", GAME), games.world("gym:CartPole-v1")
    muzero.check(config, make(GAME))
    with pytest.raises(BadConfig, match="a model that is learned has no symmetries"):
        muzero.check(_with(config, random_symmetries=True), make(GAME))
    with pytest.raises(BadConfig, match="gym:CartPole-v1 is none"):
        muzero.check(_with(config, opening_moves=4), cart)
    muzero.check(muzero.preset("laptop", "gym:CartPole-v1"), cart)


def _with(config, **changes):
    return dataclasses.replace(config, play=dataclasses.replace(config.play, **changes))


def test_presets():
    for name in ("smoke", "laptop", "gpu", "paper"):
        assert muzero.preset(name, GAME).iterations >= 3
    with pytest.raises(UnknownName, match="muzero has no preset 'huge'; there are: smoke, laptop"):
        muzero.preset("huge", GAME)
    with pytest.raises(UnknownName, match=r"there are: smoke, laptop\."):
        muzero.preset("paper", "gym:CartPole-v1")
