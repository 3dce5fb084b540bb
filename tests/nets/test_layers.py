"""What nets are made of: a maximum whose gradient has one place, a convolution in two ways."""

import equinox as eqx
import jax
import numpy as np
import pytest

from move37.nets.latent import to_unit_range
from move37.nets.layers import Conv, Products, greatest


def test_the_greatest_is_the_maximum_and_its_gradient_goes_to_one_place():
    x = np.random.default_rng(0).integers(0, 4, size=(3, 5, 7)).astype(np.float32)  # with equals
    np.testing.assert_array_equal(jax.jit(greatest)(x), x.max(-1))
    gradient = np.asarray(jax.jit(jax.grad(lambda x: greatest(x).sum()))(x))
    np.testing.assert_array_equal(gradient.sum(-1), 1)
    np.testing.assert_array_equal((gradient != 0).sum(-1), 1)
    assert (x[gradient != 0] == x.max(-1).ravel()).all()


def test_states_are_scaled_from_0_to_1_and_flat_ones_have_a_gradient():
    x = np.random.default_rng(1).normal(size=(4, 2, 3, 3)).astype(np.float32)
    x[3] = 2
    scaled = np.asarray(jax.jit(to_unit_range)(x)).reshape(4, -1)
    np.testing.assert_allclose(scaled[:3].min(1), 0)
    np.testing.assert_allclose(scaled[:3].max(1), 1, rtol=1e-6)
    flat = x.reshape(4, -1)
    np.testing.assert_allclose(scaled[0], (flat[0] - flat[0].min()) / (flat[0].max() - flat[0].min()), rtol=1e-5)
    np.testing.assert_array_equal(scaled[3], 0)
    assert np.isfinite(jax.jit(jax.grad(lambda x: (to_unit_range(x) ** 2).sum()))(x)).all()


@pytest.mark.parametrize(("size", "count", "loops"), [(1, 2, 0), (3, 2, 0), (3, 4096, 1), (3, 4093, 0)])
def test_matrix_products_are_the_convolution(size, count, loops):
    conv = Conv(3, 5, size, key=jax.random.key(0))
    conv = eqx.tree_at(lambda c: c.bias, conv, np.arange(5, dtype=np.float32))
    x = np.random.default_rng(0).standard_normal((count, 3, 4, 7), np.float32)
    both = jax.jit(lambda conv, x: (conv(x), Products(conv)(x)))
    np.testing.assert_allclose(*both(conv, x), rtol=1e-4, atol=1e-5)
    assert both.lower(conv, x).as_text().count("stablehlo.while") == loops  # of many boards a few at a time
