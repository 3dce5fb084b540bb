"""The network as a function: shapes, its start, its cost, and what it leaves to others."""

import equinox as eqx
import jax
import numpy as np
import pytest

from move37.core.errors import BadConfig
from move37.games import make
from move37.models.rules import Rules
from move37.nets.policy_value import NetConfig, PolicyValue, flops

AUXILIARY = ("moves_left", "ownership", "reply", "score")


def _net(game, seed=0):
    return PolicyValue(game, NetConfig(1, 4), key=jax.random.key(seed))


def _softmax(logits):
    p = np.exp(logits)
    return p / p.sum(-1, keepdims=True)


@pytest.mark.parametrize("name", ["tic_tac_toe", "connect_four", "catch", "go_5x5", "othello_6x6"])
def test_outputs_have_the_shapes_of_the_game(name):
    game = make(name)
    net = PolicyValue(game, NetConfig(1, 4, auxiliary=AUXILIARY), key=jax.random.key(0))
    x = jax.ShapeDtypeStruct((3, *game.observation_shape), bool)
    out, pair = eqx.filter_eval_shape(lambda n, x: (n.outputs(x), n(x)), net, x)
    wide = (3, game.num_actions)
    assert [y.shape for y in (out.policy, out.value, *pair)] == [wide, (3,), wide, (3,)]
    points = (3, game.observation_shape[1] * game.observation_shape[2])
    heads = {"moves_left": (3, 1), "ownership": points, "reply": wide, "score": (3, 1)}
    assert {name: y.shape for name, y in out.auxiliary.items()} == heads


def test_a_net_starts_near_uniform_with_blocks_that_do_nothing_and_its_rows_do_not_mix():
    game = make("tic_tac_toe")
    net = _net(game)
    x = np.random.default_rng(0).random((4, *game.observation_shape), np.float32)
    stem_alone = eqx.tree_at(lambda n: n.tower, net, [])
    used = eqx.tree_at(lambda n: n.tower[0].second.weight, net, np.full((4, 4, 3, 3), 0.1, np.float32))
    run = eqx.filter_jit(lambda n, x: (n(x), n.outputs(x), n.trunk(x)))
    (policy, value), out, features = run(net, x)
    np.testing.assert_array_equal(features, run(stem_alone, x)[2])
    assert np.abs(_softmax(np.asarray(policy)) - 1 / 9).max() < 0.05
    np.testing.assert_array_equal([*policy.T, value], [*out.policy.T, out.value])
    (all_rows, _), _, changed = run(used, x)
    assert not np.allclose(changed, features)  # a block counts once it has weights
    np.testing.assert_allclose(run(used, x[1:2])[0][0], all_rows[1:2], rtol=1e-5, atol=1e-6)


def test_global_pooling_carries_a_stone_across_the_board():
    """Two 3×3 convolutions and the stem see three points far; a block that pools sees all, and says it to all."""
    game = make("go_9x9")
    empty = np.zeros((1, *game.observation_shape), bool)
    stone = empty.copy()
    stone[0, 0, 0, 0] = True
    seen = {}
    for every in (0, 1, 2):
        net = PolicyValue(game, NetConfig(1, 6, global_pooling=every), key=jax.random.key(0))
        assert (net.tower[0].pooling is None) == (every != 1)
        net = eqx.tree_at(lambda n: n.tower[0].second.weight, net, np.full((6, 6, 3, 3), 0.1, np.float32))
        trunk = jax.jit(lambda net, x: net.trunk(x))
        far = [np.asarray(trunk(net, x))[0, :, 5:, 5:] for x in (empty, stone)]
        seen[every] = np.abs(far[1] - far[0])
    assert seen[0].max() == seen[2].max() == 0
    assert (seen[1].max(axis=0) > 0).all()


def test_a_net_that_pools_starts_as_one_that_does_not():
    game = make("tic_tac_toe")
    plain, pools = (PolicyValue(game, NetConfig(2, 4, global_pooling=n), key=jax.random.key(0)) for n in (0, 1))
    x = np.random.default_rng(0).random((4, *game.observation_shape), np.float32)
    for a, b in zip(eqx.filter_jit(plain)(x), eqx.filter_jit(pools)(x), strict=True):
        np.testing.assert_array_equal(a, b)
    leaves = len(jax.tree.leaves(pools)) - len(jax.tree.leaves(plain))
    assert leaves == 2 * 4  # and a net that does not pool has nothing of it


def test_the_key_decides_the_weights():
    game = make("tic_tac_toe")
    one, same, other = (list(map(np.asarray, jax.tree.leaves(_net(game, seed=seed)))) for seed in (1, 1, 2))
    assert all((a == b).all() for a, b in zip(one, same, strict=True))
    assert not all((a == b).all() for a, b in zip(one, other, strict=True))
    drawn = [x for x in one if x.ndim > 1 and np.abs(x).max() > 0]
    assert len({float(x.reshape(-1)[0]) for x in drawn}) == len(drawn)  # no two layers share a key


def test_illegal_moves_are_masked_by_the_model_and_not_by_the_net():
    game = make("tic_tac_toe")
    net = _net(game)
    rules = Rules(game, net)
    step, evaluate = jax.jit(game.step), jax.jit(lambda states: rules.evaluate(states))
    rows = [jax.jit(game.init)(jax.random.key(0))]
    for action in (0, 3, 1, 4, 2):  # the first player completes the top row
        rows.append(step(rows[-1], np.int32(action)).state)
    states = jax.tree.map(lambda *x: np.stack(x), *(rows[0], rows[3]))
    logits, value = jax.jit(lambda states: net(rules.observe(states)))(states)
    said = evaluate(states)
    legal = states.board == 0
    assert np.isfinite(logits).all()
    np.testing.assert_array_equal(np.isneginf(said.prior_logits), ~legal)
    np.testing.assert_allclose(said.prior_logits[legal], logits[legal], atol=1e-6)
    np.testing.assert_allclose(said.value, value, atol=1e-6)  # by products and by a convolution
    full = states._replace(board=np.ones_like(states.board))  # nothing is legal: finite, or a softmax would be NaN
    assert np.isfinite(evaluate(full).prior_logits).all()


def test_flops_equal_a_count_by_hand():
    config = NetConfig(2, 3, head_channels=2, value_hidden=5, auxiliary=AUXILIARY)
    net = PolicyValue(make("tic_tac_toe"), config, key=jax.random.key(0))
    stem, convolution = 2 * (3 * 2 * 9) * 9, 2 * (3 * 3 * 9) * 9  # 2 · weights · points
    squeeze = 2 * (2 * 3) * 9
    assert flops(net, (2, 3, 3)) == stem + 4 * convolution + squeeze + 2 * 18 * 9 + squeeze + 2 * 18 * 5 + 2 * 5


@pytest.mark.parametrize("field", ["channels", "head_channels", "value_hidden", "blocks", "global_pooling"])
def test_sizes_out_of_range_are_named(field):
    with pytest.raises(BadConfig, match=f"net.{field} is -1"):
        NetConfig(**{field: -1})
