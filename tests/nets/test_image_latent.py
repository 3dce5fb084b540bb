"""Images of any size become a small board; bytes become [0, 1]."""

from functools import partial
from types import SimpleNamespace

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from move37.games.catch import Catch
from move37.nets.image_latent import ImageLatent, _Shrunk, mean_of_four
from move37.nets.latent import LatentConfig
from move37.nets.layers import in_loops


def _net(shape, **config):
    world = _Shrunk("images", 3, 1, shape, 100)
    return ImageLatent(world, LatentConfig(1, 1, 4, **config), key=jax.random.key(0))


@pytest.mark.parametrize(
    ("shape", "side", "latent"),
    [((4, 96, 96), 8, (6, 6)), ((1, 21, 10), 8, (6, 3)), ((2, 8, 8), 8, (2, 2)), ((1, 40, 9), 3, (3, 1))],
)
def test_sizes(shape, side, latent):
    net = _net(shape, latent_side=side)
    state = jax.eval_shape(net.representation, jax.ShapeDtypeStruct((2, *shape), jnp.uint8))
    assert state.shape == (2, 4, *latent)
    imagined = jax.eval_shape(net.dynamics, state, jax.ShapeDtypeStruct((2,), jnp.int32))
    assert (imagined.latent.shape, imagined.reward.shape) == (state.shape, (2, net.supports[1].bins))
    assert jax.eval_shape(net.prediction, state).policy.shape == (2, 3)


def test_bytes_are_scaled_and_every_part_of_an_image_counts():
    net, rng = _net((2, 12, 12)), np.random.default_rng(0)
    image = rng.integers(1, 256, size=(1, 2, 12, 12), dtype=np.uint8)
    first = net.halves[0]
    bare = SimpleNamespace(halves=[], blocks=[], board=SimpleNamespace(representation=lambda x: x))
    scaled = jax.jit(lambda image: ImageLatent.representation(bare, image))(image)
    np.testing.assert_allclose(scaled, image / 255, rtol=1e-5)
    assert jax.eval_shape(first, jax.ShapeDtypeStruct(image.shape, jnp.float32)).shape == (1, 2, 6, 6)
    represent = jax.jit(lambda net, image: net.representation(image))
    state = np.asarray(represent(net, image))
    assert state.min() == 0
    assert state.max() == 1
    for corner in ((0, 0), (0, 11), (11, 0), (11, 11)):
        other = image.copy()
        other[(0, slice(None), *corner)] = 0
        assert not np.array_equal(represent(net, other), state)


def test_means_of_four_points():
    x = np.arange(9, dtype=np.float32).reshape(1, 1, 3, 3)
    np.testing.assert_allclose(np.asarray(jax.jit(mean_of_four)(x))[0, 0], [[2.0, 3.5], [6.5, 8.0]])


def test_what_a_world_is_goes_on_to_the_board():
    net = ImageLatent(Catch(), LatentConfig(1, 1, 4, discount=0.9, consistency=2.0), key=jax.random.key(0))
    assert net.discount == pytest.approx(0.9)
    assert net.resemblance is not None
    assert net.supports == (LatentConfig().value, LatentConfig().reward)


def test_in_loops_a_net_says_the_same_without_a_convolution():
    net, rng = jax.tree.map(lambda x: x + 0.1, _net((2, 17, 9), latent_side=5)), np.random.default_rng(0)
    latent, action = jnp.asarray(rng.random((2, 4, 5, 3), np.float32)), jnp.array([0, 2])
    program = jax.jit(lambda net: net.dynamics(latent, action))
    jax.tree.map(partial(np.testing.assert_allclose, rtol=1e-4, atol=1e-5), program(net), program(in_loops(net)))
    assert "convolution" in program.lower(net).as_text()
    assert "convolution" not in program.lower(in_loops(net)).as_text()
    assert [half.stride for half in in_loops(net).halves] == [2, 2]  # those stay
