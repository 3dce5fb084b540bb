"""Pgx behind our protocol equals our own rules, move by move, and its absence is told to the user."""

import sys

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from move37 import games
from move37.core.errors import BadConfig, MissingExtra, UnknownName
from move37.games.check import check
from move37.games.pgx_adapter import PgxGame

NUM_GAMES = 100


@pytest.mark.parametrize("name", ["tic_tac_toe", "connect_four"])
def test_random_games_equal_ours(name):
    pytest.importorskip("pgx")
    ours, theirs = games.make(name), games.make(f"pgx:{name}")
    rng, over = np.random.default_rng(0), np.zeros(NUM_GAMES, bool)
    keys = lambda: jax.random.split(jax.random.key(0), NUM_GAMES)  # noqa: E731
    functions = {g: [jax.jit(jax.vmap(f)) for f in (g.legal, g.observe, g.to_play, g.step)] for g in (ours, theirs)}
    states = {g: jax.jit(jax.vmap(g.init))(keys()) for g in (ours, theirs)}
    results, num_positions = [], 0
    while not over.all():
        seen = {g: [np.asarray(f(states[g]))[~over] for f in functions[g][:3]] for g in states}
        legal, observation, to_play = seen[ours]
        np.testing.assert_array_equal(seen[theirs][0], legal)
        upside = seen[theirs][1][:, :, ::-1] if name == "connect_four" else seen[theirs][1]  # Pgx has row 0 on top
        np.testing.assert_array_equal(upside, observation)
        np.testing.assert_array_equal(seen[theirs][2], to_play)
        action = np.zeros(NUM_GAMES, np.int32)
        action[~over] = np.where(legal, rng.random(legal.shape), -1.0).argmax(axis=1)
        steps = {g: functions[g][3](states[g], jnp.array(action)) for g in states}
        reward, discount = np.asarray(steps[ours].reward)[~over], np.asarray(steps[ours].discount)
        np.testing.assert_array_equal(np.asarray(steps[theirs].reward)[~over], reward)
        np.testing.assert_array_equal(np.asarray(steps[theirs].discount)[~over], discount[~over])
        num_positions, results = num_positions + (~over).sum(), [*results, *reward[discount[~over] == 0]]
        states, over = {g: steps[g].state for g in states}, over | (discount == 0)
    assert num_positions > 700
    assert sum(results) > 50, "the mover wins most random games"


@pytest.mark.parametrize(("name", "num_moves"), [("tic_tac_toe", 9), ("leduc_holdem", 8)])
def test_it_keeps_the_protocol(name, num_moves):
    pytest.importorskip("pgx")
    check(PgxGame(name, max_num_moves=num_moves), num_games=8)


def test_a_long_game_is_cut_off():
    pytest.importorskip("pgx")
    game = PgxGame("tic_tac_toe", max_num_moves=2)
    state = game.init(jax.random.key(0))
    steps = []
    for action in (0, 1):
        steps.append(jax.jit(game.step)(state, jnp.int32(action)))
        state = steps[-1].state
    assert [(float(s.reward), float(s.discount)) for s in steps] == [(0.0, -1.0), (0.0, 0.0)]


def test_what_a_user_may_get_wrong(monkeypatch):
    pytest.importorskip("pgx")
    with pytest.raises(UnknownName, match=r"'checkers'; it has: .*tic_tac_toe"):
        PgxGame("checkers")
    with pytest.raises(BadConfig, match="got 3 players"):
        PgxGame("sparrow_mahjong")
    monkeypatch.setitem(sys.modules, "pgx", None)
    with pytest.raises(MissingExtra, match=r"pip install 'move37\[pgx\]'"):
        games.make("pgx:tic_tac_toe")
