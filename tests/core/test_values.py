"""The scaling of returns, and distributions that stand for a number."""

import jax.numpy as jnp
import numpy as np
import pytest

from move37.core.errors import BadConfig
from move37.core.values import Support, signed_hyperbolic, signed_parabolic


def test_h_is_the_papers_and_its_inverse_undoes_it():
    x = np.array([-30_000, -15.0, -1e-3, 0.0, 3.0, 99.0, 1e5], np.float32)
    expected = np.sign(x) * (np.sqrt(np.abs(x.astype(np.float64)) + 1) - 1) + 0.001 * x
    np.testing.assert_allclose(signed_hyperbolic(jnp.asarray(x)), expected, rtol=1e-5, atol=1e-7)
    np.testing.assert_allclose(signed_parabolic(signed_hyperbolic(jnp.asarray(x))), x, rtol=1e-3, atol=1e-5)


@pytest.mark.parametrize("support", [Support(), Support(-20.0, 20.0, 41, scaled=True), Support(-2.0, 2.0, 2)], ids=str)
def test_a_number_comes_back_from_its_distribution(support):
    x = jnp.asarray([-1.0, -0.123, 0.0, 0.5, 0.777, 1.0])
    weights = support.two_hot(x)
    assert weights.shape == (6, support.bins)
    np.testing.assert_allclose(weights.sum(-1), 1, rtol=1e-5)
    assert ((weights > 1e-6).sum(-1) <= 2).all()
    np.testing.assert_allclose(support.mean(jnp.log(weights + 1e-30)), x, atol=2e-3)


def test_what_lies_beyond_the_support_is_put_on_its_end():
    weights = Support(-1.0, 1.0, 5).two_hot(jnp.asarray([-7.0, 7.0]))
    np.testing.assert_array_equal(weights, [[1, 0, 0, 0, 0], [0, 0, 0, 0, 1]])


def test_empty_supports_are_refused():
    with pytest.raises(BadConfig, match="from 1 to 1 holds no number"):
        Support(1.0, 1.0)
    with pytest.raises(BadConfig, match="1 bins"):
        Support(bins=1)
