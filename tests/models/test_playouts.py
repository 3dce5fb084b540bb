"""Playouts: they end, they judge as area scoring does, and both players see their own side of the result."""

import jax
import jax.numpy as jnp
import numpy as np

from move37.games.go import Go
from move37.models.playouts import RulesAndPlayouts, playout
from move37.nets.patterns import LocalPatterns

GAME = Go(5, komi=0.5)
_init, _step = jax.jit(GAME.init), jax.jit(GAME.step)
_playout = jax.jit(lambda state, keys: playout(GAME, LocalPatterns(GAME), state, keys))


def _position(moves: str):
    """After moves like "C3 pass D4"."""
    state = _init(jax.random.key(0))
    for move in moves.split():
        state = _step(state, np.int32(GAME.parse_action(move))).state
    return jax.tree.map(np.asarray, state)


# Black has a wall of two whole columns with eyes behind it, White has nothing that could live.
WALL = "C1 pass C2 pass C3 pass C4 pass C5 pass B2 pass B4 pass D3 pass"


def _judge(state, games=16, seed=0):
    many = jax.tree.map(lambda x: np.broadcast_to(x, (games, *x.shape)), state)
    keys = jax.random.split(jax.random.key(seed), games)
    return tuple(map(np.asarray, _playout(many, keys)))


def test_a_won_position_is_won_for_whoever_sees_it():
    for moves, sign in ((WALL, 1), (WALL + " E5", -1)):
        result, moves_made = _judge(_position(moves))
        assert np.isin(result, (-1, 1)).all()
        assert (sign * result).mean() > 0.7
        assert (moves_made < GAME.max_num_moves).all()
        assert len(set(moves_made.tolist())) > 1  # the games differ


def test_playouts_depend_on_their_keys_alone():
    start = _position("")
    first, again, other = (_judge(start, seed=seed) for seed in (1, 1, 2))
    np.testing.assert_array_equal(first, again)
    assert not np.array_equal(first[1], other[1])


def test_the_mixture():
    state = jax.tree.map(lambda x: x[None], _position(WALL))
    keys = jax.random.split(jax.random.key(3), 1)
    result, weights = float(_playout(state, keys)[0][0]), (0.0, 0.3, 1.0)

    @jax.jit
    def mixed(state, keys):
        logits, value = jnp.zeros((1, 26)), jnp.array([0.25])
        models = [RulesAndPlayouts(GAME, LocalPatterns(GAME), weight) for weight in weights]
        return [model.predict((state, keys), logits, value) for model in models]

    for weight, said in zip(weights, mixed(state, keys), strict=True):
        np.testing.assert_allclose(said.value, [(1 - weight) * 0.25 + weight * result], rtol=1e-6)
        assert np.isneginf(said.prior_logits)[0, GAME.parse_action("C3")]
