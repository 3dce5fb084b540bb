"""The scaling of returns, and distributions that stand for a number."""

import jax
import numpy as np
import pytest

from move37.core.errors import BadConfig
from move37.core.values import Support, signed_hyperbolic, signed_parabolic


def test_h_is_the_papers_and_its_inverse_undoes_it():
    x = np.array([-30_000, -15.0, -1e-3, 0.0, 3.0, 99.0, 1e5], np.float32)
    expected = np.sign(x) * (np.sqrt(np.abs(x.astype(np.float64)) + 1) - 1) + 0.001 * x
    scaled = jax.jit(signed_hyperbolic)(x)
    np.testing.assert_allclose(scaled, expected, rtol=1e-5, atol=1e-7)
    np.testing.assert_allclose(jax.jit(signed_parabolic)(scaled), x, rtol=1e-3, atol=1e-5)


@pytest.mark.parametrize("support", [Support(), Support(-20.0, 20.0, 41, scaled=True), Support(-2.0, 2.0, 2)], ids=str)
def test_a_number_comes_back_from_its_distribution(support):
    x = np.array([-1, -0.123, 0, 0.5, 0.777, 1], np.float32)
    weights = np.asarray(jax.jit(support.two_hot)(x))
    assert weights.shape == (6, support.bins)
    np.testing.assert_allclose(weights.sum(-1), 1, rtol=1e-5)
    assert ((weights > 1e-6).sum(-1) <= 2).all()
    np.testing.assert_allclose(jax.jit(support.mean)(np.log(weights + np.float32(1e-30))), x, atol=2e-3)


def test_what_lies_beyond_the_support_is_put_on_its_end():
    weights = jax.jit(Support(-1.0, 1.0, 5).two_hot)(np.array([-7, 7], np.float32))
    np.testing.assert_array_equal(weights, [[1, 0, 0, 0, 0], [0, 0, 0, 0, 1]])


def test_empty_supports_are_refused():
    with pytest.raises(BadConfig, match="from 1 to 1 holds no number"):
        Support(1.0, 1.0)
    with pytest.raises(BadConfig, match="1 bins"):
        Support(bins=1)
