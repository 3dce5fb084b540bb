"""EfficientZero's consistency: what the model imagines shall resemble what it would see."""

import equinox as eqx
import jax
import jax.numpy as jnp
from jaxtyping import Array, Float, Key

from move37.nets.layers import Dense


class Resemblance(eqx.Module):
    """−cos(q(p(imagined)), p(seen)), with p a projection and q a prediction; no gradient goes into what is seen.

    It gives the dynamics far more to learn from than rewards, values and policies do: the whole next state.

    Source: Ye et al., "Mastering Atari games with limited data" (EfficientZero), NeurIPS 2021, section 4.1, after
    SimSiam. Differs: two layers in p, not three, and of its batch normalisations only the one at the end of p, without
    which all states would look alike.
    """

    projection: tuple[Dense, Dense]
    prediction: tuple[Dense, Dense]
    weight: float = eqx.field(static=True)  # of this loss among the others

    def __init__(self, size: int, width: int, weight: float, *, key: Key[Array, ""]):
        """Of latent states with `size` numbers, compared as vectors of `width`."""
        keys = jax.random.split(key, 4)
        self.projection = (Dense(size, width, key=keys[0], scale=2.0**0.5), Dense(width, width, key=keys[1]))
        self.prediction = (Dense(width, width, key=keys[2], scale=2.0**0.5), Dense(width, width, key=keys[3]))
        self.weight = weight

    def __call__(self, imagined: Float[Array, "B *d"], seen: Float[Array, "B *d"]) -> Float[Array, " B"]:
        """From −1, the same, to 1."""
        one = _layers(self.prediction, _standard(_layers(self.projection, imagined.reshape(len(imagined), -1))))
        two = jax.lax.stop_gradient(_standard(_layers(self.projection, seen.reshape(len(seen), -1))))
        return -(_unit(one) * _unit(two)).sum(-1)


def _layers(layers: tuple[Dense, Dense], x: Float[Array, "B in"]) -> Float[Array, "B out"]:
    return layers[1](jax.nn.relu(layers[0](x)))


def _standard(x: Float[Array, "B n"]) -> Float[Array, "B n"]:
    """Mean 0 and variance 1 over the batch."""
    return (x - x.mean(0, keepdims=True)) / jnp.sqrt(x.var(0, keepdims=True) + 1e-5)


def _unit(x: Float[Array, "B n"]) -> Float[Array, "B n"]:
    return x / jnp.sqrt(jnp.square(x).sum(-1, keepdims=True) + 1e-8)
