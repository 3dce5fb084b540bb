"""Numbers as networks predict them: the scaling h(x), and distributions over a support of fixed numbers."""

from dataclasses import dataclass

import jax
import jax.numpy as jnp
from jaxtyping import Array, Float

from move37.core.errors import BadConfig

_EPSILON = 0.001  # of h: keeps its inverse Lipschitz


def signed_hyperbolic(x: Float[Array, "*n"]) -> Float[Array, "*n"]:
    """h(x) = sign(x)·(√(|x| + 1) − 1) + ε·x: shrinks large returns, so that one network serves all games.

    Source: Pohlen et al., "Observe and look further", 2018; MuZero (Nature 2020), Appendix F, with ε = 0.001.
    """
    return jnp.sign(x) * (jnp.sqrt(jnp.abs(x) + 1) - 1) + _EPSILON * x


def signed_parabolic(x: Float[Array, "*n"]) -> Float[Array, "*n"]:
    """h⁻¹(x) = sign(x)·(((√(1 + 4ε·(|x| + 1 + ε)) − 1) / 2ε)² − 1)."""
    # (√(1 + y) − 1) / 2ε = y / (2ε·(√(1 + y) + 1)): the left side loses half of the digits of a float.
    inner = 4 * _EPSILON * (jnp.abs(x) + 1 + _EPSILON)
    root = inner / (2 * _EPSILON * (jnp.sqrt(1 + inner) + 1))
    return jnp.sign(x) * (root**2 - 1)


@dataclass(frozen=True)
class Support:
    """`bins` numbers from `low` to `high`, evenly spaced; a distribution over them stands for its mean."""

    low: float = -1.0
    high: float = 1.0
    bins: int = 21
    scaled: bool = False  # the numbers are h(x) of what is predicted; the paper: −300 to 300, 601 bins

    def __post_init__(self) -> None:
        """Check the ranges. Raises `BadConfig`."""
        if not self.low < self.high:
            raise BadConfig(f"a support from {self.low:g} to {self.high:g} holds no number: low must be under high.")
        if self.bins < 2:
            raise BadConfig(f"a support has {self.bins} bins; it needs 2 or more.")

    def two_hot(self, x: Float[Array, "*n"]) -> Float[Array, "*n S"]:
        """The distribution over two neighbours whose mean is x; beyond the ends of the support, all on the end."""
        x = signed_hyperbolic(x) if self.scaled else x
        place = jnp.clip((x - self.low) / (self.high - self.low), 0, 1) * (self.bins - 1)
        bins = jnp.arange(self.bins, dtype=jnp.float32).reshape(*(1,) * x.ndim, -1)
        return jnp.maximum(0, 1 - jnp.abs(place[..., None] - bins))

    def mean(self, logits: Float[Array, "*n S"]) -> Float[Array, "*n"]:
        """The number that a distribution stands for."""
        mean = jax.nn.softmax(logits) @ jnp.linspace(self.low, self.high, self.bins)
        return signed_parabolic(mean) if self.scaled else mean
