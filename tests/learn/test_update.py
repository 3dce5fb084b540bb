"""The learner: optimisers, schedules, decay, the moving average, and the same step on one device and on two."""

from dataclasses import replace

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from move37.core.errors import BadConfig
from move37.games import make
from move37.learn.losses import policy_value_loss
from move37.learn.targets import Samples
from move37.learn.update import Learner, OptimiserConfig, _place
from move37.nets.policy_value import NetConfig, PolicyValue

pytestmark = pytest.mark.usefixtures("promotion_as_optax_needs_it")

OPTIMISERS = ["adamw", "muon", "sgd"]
PLAIN = OptimiserConfig("sgd", 0.1, momentum=0.0, weight_decay=0.0, warmup_updates=0, clip_norm=1e9)


def _toy(config):
    rng = np.random.default_rng(0)
    net = {"weight": rng.normal(size=(3, 4)), "kernel": rng.normal(size=(4, 3, 2, 1)), "bias": np.ones(3)}
    return Learner.init({k: jnp.asarray(v, jnp.float32) for k, v in net.items()}, config)


def _squares(net, x):
    hidden = x @ net["weight"].T + net["bias"]
    return jnp.square(hidden @ net["kernel"][:, :, 0, 0].T - 1).mean(), {}


def _slope(net, x):
    """A gradient of `x` in each weight, whatever the weights are."""
    return x[0] * sum(leaf.sum() for leaf in jax.tree.leaves(net)), {}


def _pull(net, directions):
    """A gradient that is `directions`."""
    return sum((net[name] * directions[name]).sum() for name in net), {}


def _numbers(net):
    return {name: np.array(x) for name, x in net.items()}  # copies: an update takes the old arrays away


@pytest.mark.parametrize("optimiser", OPTIMISERS)
def test_every_optimiser_lowers_a_toy_loss(optimiser):
    learner = _toy(OptimiserConfig(optimiser, 0.02, weight_decay=0.0, warmup_updates=0))
    x = jnp.asarray(np.random.default_rng(1).normal(size=(8, 4)), jnp.float32)
    losses = []
    for _ in range(60):
        learner, metrics = learner.update(_squares, x)
        losses.append(float(metrics["loss"]))
    assert losses[-1] < 0.2 * losses[0]
    assert int(learner.updates) == 60


@pytest.mark.parametrize(("warmup", "decay"), [(4, None), (4, 12), (0, 8), (0, None)])
def test_the_learning_rate_follows_its_formula(warmup, decay):
    learner = _toy(replace(PLAIN, warmup_updates=warmup, decay_updates=decay))
    rates = []
    for _ in range(15):
        before = float(learner.net["bias"][0])
        learner, _ = learner.update(_slope, jnp.ones(1))
        rates.append(before - float(learner.net["bias"][0]))
    t = np.arange(15)
    share = np.clip((t - warmup) / ((decay or 99) - warmup), 0, 1)
    after = 1.0 if decay is None else 0.1 + 0.9 * 0.5 * (1 + np.cos(np.pi * share))
    np.testing.assert_allclose(rates, 0.1 * np.where(t < warmup, t / max(warmup, 1), after), atol=1e-6)


@pytest.mark.parametrize("optimiser", OPTIMISERS)
def test_weight_decay_alone_shrinks_the_weights(optimiser):
    learner = _toy(replace(PLAIN, optimiser=optimiser, weight_decay=0.5))
    old = _numbers(learner.net)
    new = _numbers(learner.update(_slope, jnp.zeros(1))[0].net)
    for name in old:
        shrinks = optimiser != "muon" or name != "bias"  # under Muon only matrices do
        np.testing.assert_allclose(new[name], old[name] * (1 - 0.1 * 0.5 * shrinks), rtol=1e-6)


def test_muon_steps_along_an_orthogonal_matrix_of_the_size_of_an_adamw_step():
    learner = _toy(replace(PLAIN, optimiser="muon"))
    rng, old = np.random.default_rng(1), _numbers(learner.net)
    directions = {name: jnp.asarray(rng.normal(size=x.shape), jnp.float32) for name, x in old.items()}
    new = _numbers(learner.update(_pull, directions)[0].net)
    for name, matrix in (("weight", (3, 4)), ("kernel", (4, 6))):
        singular = np.linalg.svd((new[name] - old[name]).reshape(matrix), compute_uv=False)
        assert np.all(np.abs(singular / (0.1 * 0.2 * max(matrix) ** 0.5) - 1) < 0.4), name  # five Newton–Schulz steps


def test_the_gradient_is_clipped_and_its_norm_reported_unclipped():
    learner = _toy(replace(PLAIN, clip_norm=1.0))
    old, count = _numbers(learner.net), 3 * 4 + 4 * 3 * 2 + 3
    learner, metrics = learner.update(_slope, jnp.full(1, 50.0))
    np.testing.assert_allclose(metrics["gradient_norm"], 50 * count**0.5, rtol=1e-5)
    moved = np.sqrt(sum(np.square(x - old[k]).sum() for k, x in _numbers(learner.net).items()))
    np.testing.assert_allclose(moved, 0.1, rtol=1e-5)


def test_the_moving_average_acts_and_equals_a_numpy_recursion():
    learner = _toy(replace(PLAIN, ema=0.6))
    wanted = _numbers(learner.net)
    x = jnp.asarray(np.random.default_rng(1).normal(size=(8, 4)), jnp.float32)
    for t in range(25):  # the decay reaches 0.6 at t = 12.5
        learner, _ = learner.update(_squares, x)
        decay = min(0.6, (1 + t) / (10 + t))
        wanted = {k: decay * a + (1 - decay) * np.asarray(learner.net[k]) for k, a in wanted.items()}
        for name, average in wanted.items():
            np.testing.assert_allclose(learner.acting[name], average, rtol=1e-4, atol=1e-6)
            assert not np.allclose(learner.net[name], average, atol=1e-7)
    alone = _toy(PLAIN)
    assert alone.acting is alone.net


def _samples(rows):
    rng = np.random.default_rng(rows)
    policy = rng.dirichlet(np.ones(9), rows)
    weight = np.arange(rows) < 3  # all on the first device: a mean of the devices' means would be wrong
    fields = (rng.random((rows, 2, 3, 3)), policy, weight, rng.uniform(-1, 1, rows), policy, np.ones(rows))
    return Samples(*(jnp.asarray(x, jnp.float32) for x in fields))


@pytest.mark.whole
def test_two_devices_learn_what_one_learns(monkeypatch):
    assert jax.device_count() == 2
    fresh = PolicyValue(make("tic_tac_toe"), NetConfig(0, 2), key=jax.random.key(0))

    def learn(devices):
        rng = np.random.default_rng(0)
        net = jax.tree.map(lambda x: jnp.asarray(rng.normal(0, 0.3, x.shape), jnp.float32), fresh)
        monkeypatch.setattr(jax, "devices", lambda: devices)
        learner, used, losses = Learner.init(net, replace(PLAIN, momentum=0.9, ema=0.5)), [], []
        for rows in (8, 8, 7, 8):  # 7 does not divide: it is learned from all the same
            learner, metrics = learner.update(policy_value_loss, _samples(rows))
            used.append(len(learner.net.stem.weight.sharding.device_set))
            losses.append(float(metrics["loss"]))
        return jax.tree.leaves((learner.net, learner.average, learner.optimiser_state, learner.updates)), used, losses

    devices = jax.devices()
    placed = _place(_toy(PLAIN), _samples(8))[1]
    assert {shard.data.shape[0] for x in jax.tree.leaves(placed) for shard in x.addressable_shards} == {
        4
    }  # the batch is split
    one, used_by_one, losses = learn(devices[:1])
    two, used_by_two, same_losses = learn(devices)
    assert (set(used_by_one), set(used_by_two)) == ({1}, {2})
    np.testing.assert_allclose(losses, same_losses, rtol=1e-5)
    for a, b in zip(one, two, strict=True):
        np.testing.assert_allclose(a, b, rtol=1e-4, atol=1e-6)


@pytest.mark.parametrize(
    "wrong",
    [
        {"learning_rate": 0.0},
        {"learning_rate": float("nan")},
        {"clip_norm": 0.0},
        {"momentum": 1.1},
        {"weight_decay": -0.1},
        {"warmup_updates": -1},
        {"ema": 1.0},
        {"ema": -0.1},
        {"warmup_updates": 100, "decay_updates": 100},
    ],
)
def test_values_out_of_range_are_named(wrong):
    with pytest.raises(BadConfig, match=f"optimiser.{list(wrong)[-1]} is"):
        OptimiserConfig(**wrong)
