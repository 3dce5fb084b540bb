"""The two layers that everything here is made of. Weights are stored as ONNX stores them: [out, in, ...]."""

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float, Key


def normal(shape: tuple[int, ...], key: Key[Array, ""], deviation: float = 1.0) -> Float[Array, "..."]:
    """Normal with mean 0, made by NumPy: JAX would compile each step of it anew for each of the shapes."""
    rng = np.random.default_rng(np.asarray(jax.random.key_data(key)))
    return jax.device_put(deviation * rng.standard_normal(shape, np.float32))


def zeros(*shape: int) -> Float[Array, "..."]:
    """Weights that are 0 at first."""
    return jax.device_put(np.zeros(shape, np.float32))


def greatest(x: Float[Array, "*n k"]) -> Float[Array, "*n"]:
    """max_k x, by its place.

    The gradient of `jnp.max` asks which x equal the maximum and divides by their number; where a compiler computes x
    twice, a bit may differ and none is equal: 0 / 0.
    """
    return jnp.take_along_axis(x, x.argmax(-1, keepdims=True), axis=-1)[..., 0]


class Conv(eqx.Module):
    """Convolution with zero padding that keeps the board's size, or with a stride its share, rounded up."""

    weight: Float[Array, "out in k k"]
    bias: Float[Array, " out"]
    stride: int = eqx.field(static=True)

    def __init__(
        self, inputs: int, outputs: int, size: int, *, key: Key[Array, ""], scale: float = 1.0, stride: int = 1
    ):
        """He initialisation times `scale`; scale 0 makes a residual branch start as nothing."""
        self.weight = normal((outputs, inputs, size, size), key, scale * (2.0 / (inputs * size * size)) ** 0.5)
        self.bias = zeros(outputs)
        self.stride = stride

    def __call__(self, x: Float[Array, "B in H W"]) -> Float[Array, "B out h w"]:
        """Convolve."""
        dims, strides = ("NCHW", "OIHW", "NCHW"), (self.stride, self.stride)
        return (
            jax.lax.conv_general_dilated(x, self.weight, strides, "SAME", dimension_numbers=dims)
            + self.bias[None, :, None, None]
        )


class Dense(eqx.Module):
    """x Wᵀ + b."""

    weight: Float[Array, "out in"]
    bias: Float[Array, " out"]

    def __init__(self, inputs: int, outputs: int, *, key: Key[Array, ""], scale: float = 1.0):
        """LeCun initialisation times `scale`; a head with a small scale starts near uniform."""
        self.weight = normal((outputs, inputs), key, scale * inputs**-0.5)
        self.bias = zeros(outputs)

    def __call__(self, x: Float[Array, "B in"]) -> Float[Array, "B out"]:
        """Multiply."""
        return x @ self.weight.T + self.bias[None]
