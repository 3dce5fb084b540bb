"""MuZero's loop with chance: a stopped run goes on as it was, its net plays, and rules with chance are refused."""

import dataclasses

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from move37 import games
from move37.core.errors import BadConfig, UnknownName
from move37.games import make
from move37.models.chance import LearnedWithChance, imagination
from move37.models.learned import seen
from move37.nets.chance_latent import ChanceConfig, ChanceLatent
from move37.play.players import basic_player, net_player
from move37.play.trials import GameTrials
from move37.recipes import alphago_zero, alphazero, muzero, stochastic_muzero
from move37.run.directory import Run
from move37.search.gumbel import Gumbel
from move37.search.mcts import SearchConfig, search

pytestmark = pytest.mark.usefixtures("promotion_as_optax_needs_it")

GAME = "offers"


def _train(path, config, resume=False):
    run = Run.open(path) if resume else Run.create(path, "stochastic_muzero", GAME, config, 7)
    return stochastic_muzero.train(config, run, resume=resume), run


@pytest.mark.whole
def test_a_run_that_was_stopped_goes_on_as_if_it_had_not_been_and_its_net_plays(tmp_path):
    config = stochastic_muzero.preset("smoke", GAME)
    whole, run = _train(tmp_path / "whole", config)
    _train(tmp_path / "parts", dataclasses.replace(config, iterations=2))
    again, _ = _train(tmp_path / "parts", config, resume=True)
    for a, b in zip(jax.tree.leaves(whole), jax.tree.leaves(again), strict=True):
        np.testing.assert_array_equal(a, b)
    assert run.metrics()[-1]["trial_return"] > 0  # random play: 4
    assert run.metrics()[-1]["outcome_loss"] > 0
    game, loaded, net, chosen = stochastic_muzero.load(Run.open(tmp_path / "parts"))
    assert (loaded, chosen) == (dataclasses.replace(config, iterations=2), 3)
    player = net_player("it", game, net, 8)
    state = jax.vmap(game.init)(jax.random.split(jax.random.key(0), 4))
    said = player.think(state)
    assert said.action_weights.shape == (4, 2)
    np.testing.assert_allclose(said.action_weights.sum(-1), 1, atol=1e-5)
    np.testing.assert_array_equal(player.choose(state, jax.random.key(1)), said.action)
    assert set(net_player("it", game, net, 0).choose(state, jax.random.key(1)).tolist()) <= {0, 1}


def test_a_state_is_followed_by_an_afterstate_and_that_by_a_state():
    game = make("tic_tac_toe")  # with illegal moves, and two who move in turn
    net = ChanceLatent(game, ChanceConfig(1, 1, 8, codes=3), key=jax.random.key(0))
    model = imagination(net)
    assert isinstance(model, LearnedWithChance)
    states = jax.vmap(game.init)(jax.random.split(jax.random.key(0), 2))
    states = jax.vmap(game.step)(states, jnp.array([0, 4], jnp.int32)).state
    root = model.embed(seen(game, states))
    said = model.evaluate(root)
    np.testing.assert_array_equal(np.isneginf(said.prior_logits), ~np.asarray(root.allowed))
    assert np.isneginf(said.outcome_logits).all()
    step = model.transition(root, jnp.array([1, 2], jnp.int32))
    np.testing.assert_array_equal((step.reward, step.discount), [[0, 0], [1, 1]])
    said = model.evaluate(step.embedding)
    assert np.isneginf(said.prior_logits).all()
    np.testing.assert_allclose(said.outcome_logits, net.expectation(step.embedding.latent).outcome, atol=1e-6)
    after = model.transition(step.embedding, jnp.array([9, 11], jnp.int32))
    np.testing.assert_array_equal(after.discount, [-1, -1])
    assert (np.asarray(after.reward) != 0).all()
    said = model.evaluate(after.embedding)
    assert np.isfinite(said.prior_logits).all()
    assert np.isneginf(said.outcome_logits).all()
    code = jax.nn.one_hot(jnp.array([0, 2]), 3)
    np.testing.assert_allclose(after.embedding.latent, net.dynamics(step.embedding.latent, code).latent, atol=1e-6)


@pytest.mark.whole
def test_trials_are_the_returns_of_episodes_played_one_move_after_the_other():
    game, config = make(GAME), SearchConfig(Gumbel(), num_simulations=4)
    net = ChanceLatent(game, ChanceConfig(1, 1, 8, codes=3), key=jax.random.key(2))
    returns = GameTrials(game, LearnedWithChance, config, episodes=3).returns(net)
    model = LearnedWithChance(net)
    think = jax.jit(lambda state: search(model, model.embed(seen(game, state)), config).action)
    state = jax.vmap(game.init)(jax.random.split(jax.random.key(0), 3))
    total, going = np.zeros(3), np.ones(3, bool)
    while going.any():
        step = jax.vmap(game.step)(state, think(state))
        total, going, state = total + going * step.reward, going & (step.discount != 0), step.state
    np.testing.assert_allclose(returns, total, atol=1e-5)


@pytest.mark.parametrize("name", ["game_2048", GAME])
def test_a_search_by_the_rules_of_a_game_with_chance_is_refused(name):
    for recipe in (alphazero, alphago_zero):
        with pytest.raises(BadConfig, match=rf"{name} has chance.* would look into the future.*stochastic_muzero"):
            recipe.check(recipe.preset("smoke", name), make(name))
    with pytest.raises(BadConfig, match="would look into the future"):
        basic_player("mcts:10", make(name))
    muzero.check(muzero.preset("laptop", name), make(name))
    stochastic_muzero.check(stochastic_muzero.preset("laptop", name), make(name))


def test_presets_are_muzeros_with_codes():
    for name, game in (("smoke", GAME), ("laptop", "game_2048"), ("laptop", GAME)):
        ours, theirs = stochastic_muzero.preset(name, game), muzero.preset(name, game)
        for field in dataclasses.fields(theirs):
            if field.name != "net":
                assert getattr(ours, field.name) == getattr(theirs, field.name)
        for field in dataclasses.fields(theirs.net):
            assert getattr(ours.net, field.name) == getattr(theirs.net, field.name)
    with pytest.raises(UnknownName, match=r"no preset 'paper'; there are: smoke, laptop\."):
        stochastic_muzero.preset("paper", GAME)
    with pytest.raises(BadConfig, match=r"gym:CartPole-v1 is none: train muzero on it"):
        stochastic_muzero.check(ours, games.world("gym:CartPole-v1"))
    with pytest.raises(BadConfig, match=r"net.codes is 0"):
        ChanceConfig(codes=0)
