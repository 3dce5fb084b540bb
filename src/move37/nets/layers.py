"""The layers that everything here is made of. Weights are stored as ONNX stores them: [out, in, ...]."""

import math
from typing import Any

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float, Key

_CACHE = 2**21  # bytes that a core has near at hand


def normal(shape: tuple[int, ...], key: Key[Array, ""], deviation: float = 1.0) -> Float[Array, "..."]:
    """Normal with mean 0, made by NumPy: JAX would compile each step of it anew for each of the shapes."""
    rng = np.random.default_rng(np.asarray(jax.random.key_data(key)))
    return jax.device_put(deviation * rng.standard_normal(shape, np.float32))


def zeros(*shape: int) -> Float[Array, "..."]:
    """Weights that are 0 at first."""
    return jax.device_put(np.zeros(shape, np.float32))


@jax.custom_vjp
def greatest(x: Float[Array, "*n k"]) -> Float[Array, "*n"]:
    """max_k x. The gradient goes to its place.

    That of `jnp.max` asks which x equal the maximum and divides by their number; where a compiler computes x twice, a
    bit may differ and none is equal: 0 / 0.
    """
    return x.max(-1)


def _greatest(x: Array) -> tuple[Array, Array]:
    place = jax.nn.one_hot(x.argmax(-1), x.shape[-1])
    return x.max(-1), place


def _to_its_place(place: Array, gradient: Array) -> tuple[Array]:
    return (place * gradient[..., None],)


greatest.defvjp(_greatest, _to_its_place)


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


class Products(eqx.Module):
    """The same convolution, of stride 1, as matrix products: [b·H·W, k·k·in] × [k·k·in, out], of b boards each.

    b is as large as the left matrix may be to stay in a processor's cache: beyond that it takes twice as long.
    """

    conv: Conv

    def __call__(self, x: Float[Array, "B in H W"]) -> Float[Array, "B out H W"]:
        """Convolve."""
        count, one = len(x), 4 * math.prod(x.shape[1:]) * self.conv.weight.shape[-1] ** 2
        size = max((n for n in range(1, count + 1) if count % n == 0 and n * one <= _CACHE), default=count)
        if size == count or size * one < _CACHE // 8:  # a batch of a prime number is better left whole
            return self._product(x)
        y = jax.lax.map(self._product, x.reshape(-1, size, *x.shape[1:]))
        return y.reshape(count, *y.shape[2:])

    def _product(self, x: Float[Array, "b in H W"]) -> Float[Array, "b out H W"]:
        (height, width), (outputs, inputs, size, _) = x.shape[2:], self.conv.weight.shape
        margin = (size // 2, size // 2)
        x = jnp.pad(jnp.moveaxis(x, 1, -1), ((0, 0), margin, margin, (0, 0)))
        seen = [x[:, i : i + height, j : j + width] for i in range(size) for j in range(size)]
        kernel = self.conv.weight.transpose(2, 3, 1, 0).reshape(-1, outputs)
        y = jnp.concatenate(seen, axis=-1).reshape(-1, size * size * inputs) @ kernel + self.conv.bias[None]
        return jnp.moveaxis(y.reshape(len(x), height, width, outputs), -1, 1)


def in_loops(net: Any) -> Any:
    """The same net, for use inside of a compiled loop.

    There XLA's convolution on CPUs takes 7 to 30 times as long as outside; matrix products do not. Outside, and in a
    gradient, the convolution is the faster of the two.
    """
    if jax.default_backend() != "cpu":
        return net
    return jax.tree.map(lambda x: Products(x) if _can_be_products(x) else x, net, is_leaf=_is_whole)


def _is_whole(x: Any) -> bool:
    return isinstance(x, Products) or _can_be_products(x)


def _can_be_products(x: Any) -> bool:
    return isinstance(x, Conv) and x.stride == 1 and x.weight.shape[-1] % 2 == 1


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
