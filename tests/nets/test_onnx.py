"""The ONNX program is the same function as the net, whatever the game, the batch and the age of the net."""

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
import onnx
import pytest

from move37.games import make
from move37.learn.losses import policy_value_loss
from move37.learn.targets import Samples
from move37.learn.update import Learner, OptimiserConfig
from move37.nets.onnx import OnnxEvaluator, to_onnx
from move37.nets.policy_value import NetConfig, PolicyValue


def _random(game, config, rng):
    """A net whose every weight and bias counts; a fresh one has branches that are 0."""
    fresh = PolicyValue(game, config, key=jax.random.key(0))
    return jax.tree.map(lambda x: jnp.asarray(rng.normal(0, x.size**-0.25 / 2, x.shape), jnp.float32), fresh)


def _updated(game, config, rng, updates=4):
    rows, actions = 15, game.num_actions  # an odd number: one device is enough here
    learner = Learner.init(_random(game, config, rng), OptimiserConfig(learning_rate=0.05, warmup_updates=0))
    for _ in range(updates):
        policy = rng.dirichlet(np.ones(actions), rows).astype(np.float32)
        value = rng.uniform(-1, 1, rows).astype(np.float32)
        observation = rng.random((rows, *game.observation_shape)) < 0.5
        batch = Samples(observation, policy, np.ones(rows, np.float32), value, policy, value)
        with jax.numpy_dtype_promotion("standard"):  # for optax
            learner, _ = learner.update(policy_value_loss, jax.tree.map(jnp.asarray, batch))
    return learner.net


@pytest.mark.parametrize(
    ("name", "config", "make_net"),
    [
        ("tic_tac_toe", NetConfig(0, 4, head_channels=1, value_hidden=3), _random),
        ("tic_tac_toe", NetConfig(2, 16, head_channels=3, value_hidden=5, auxiliary=("reply",)), _updated),
        ("connect_four", NetConfig(1, 8), _random),  # not square
        ("catch", NetConfig(1, 8), _random),  # one plane
        ("go_5x5", NetConfig(1, 8), _random),  # has a pass
        ("go_5x5", NetConfig(3, 7, global_pooling=2), _random),  # the second block of three pools
        ("tic_tac_toe", NetConfig(1, 8, global_pooling=1), _updated),
    ],
)
def test_onnx_equals_jax(name, config, make_net):
    game, rng = make(name), np.random.default_rng(1)
    net = make_net(game, config, rng)
    evaluate, in_jax = OnnxEvaluator(net, threads=1), eqx.filter_jit(net)
    x = rng.random((33, *game.observation_shape), np.float32) * 2 - 1
    policy, value = (np.asarray(y) for y in in_jax(x))
    assert min(policy.std(), value.std()) > 0.01  # the net says something
    for rows in (x[:1], x[:7], x):
        logits, values = evaluate(rows)
        assert (logits.dtype, values.dtype) == (np.float32, np.float32)
        np.testing.assert_allclose(logits, policy[: len(rows)], rtol=1e-4, atol=1e-5)
        np.testing.assert_allclose(values, value[: len(rows)], rtol=1e-4, atol=1e-5)
    planes = x > 0  # as games observe
    np.testing.assert_allclose(evaluate(planes)[0], in_jax(planes)[0], rtol=1e-4, atol=1e-5)


def test_the_graph_is_valid_and_says_what_it_takes_and_gives():
    game = make("connect_four")
    rng = np.random.default_rng(0)
    plain, rich = (
        to_onnx(_random(game, NetConfig(1, 4, auxiliary=extra), rng))
        for extra in ((), ("reply", "moves_left", "ownership", "score"))
    )
    onnx.checker.check_model(plain, full_check=True)
    onnx.checker.check_model(to_onnx(_random(game, NetConfig(1, 4, global_pooling=1), rng)), full_check=True)
    assert len(rich.graph.initializer) == len(plain.graph.initializer)  # auxiliary heads stay behind

    def shapes(values):
        return {v.name: [d.dim_param or d.dim_value for d in v.type.tensor_type.shape.dim] for v in values}

    assert shapes(plain.graph.input) == {"observation": ["B", 2, "H", "W"]}
    assert shapes(plain.graph.output) == {"policy": ["B", 7], "value": ["B"]}
