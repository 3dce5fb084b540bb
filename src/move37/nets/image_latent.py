"""MuZero's network where an observation is an image: made small, it is a board."""

from dataclasses import dataclass

import equinox as eqx
import jax
import jax.numpy as jnp
from jaxtyping import Array, Float, Int, Key, Shaped

from move37.core.types import World
from move37.core.values import Support
from move37.nets.latent import BoardLatent, Imagined, LatentConfig, Predicted
from move37.nets.layers import Conv
from move37.nets.policy_value import Block
from move37.nets.resemblance import Resemblance

_STRIDED = 2  # halvings by a convolution; those behind them take means


@dataclass(frozen=True)
class _Shrunk(World):
    """What is left of a world's images."""

    name: str
    num_actions: int
    num_players: int
    observation_shape: tuple[int, ...]
    max_num_moves: int


class ImageLatent(eqx.Module):
    """An image is halved until no side is longer than `latent_side`; the rest is a `BoardLatent`. Bytes become [0, 1].

    96×96 is halved four times: twice by convolutions of stride 2, the first with half of the channels, then by means
    of 2×2 points; behind each halving but the first stand `image_blocks` residual blocks.

    Source: MuZero (Nature 2020), Methods, "Network architecture". Differs: no blocks behind the first halving, where
    they would cost more than all the rest (the paper: 2, 3 and 3, and 16 at the end); `BoardLatent`'s differences.
    """

    halves: list[Conv]
    blocks: list[list[Block]]  # behind each halving but the first
    board: BoardLatent

    def __init__(self, world: World, config: LatentConfig, *, key: Key[Array, ""]):
        """Sized by what the world shows, [C, H, W], and by its actions."""
        planes, *sides = world.observation_shape
        times, channels = 0, config.channels
        while times < _STRIDED or max(sides) > config.latent_side:
            sides, times = [(side + 1) // 2 for side in sides], times + 1
        for_halves, for_blocks, for_board = jax.random.split(key, 3)
        widths = [planes, max(1, channels // 2), channels]
        self.halves = [
            Conv(a, b, 3, stride=2, key=k)
            for a, b, k in zip(widths, widths[1:], jax.random.split(for_halves, _STRIDED), strict=False)
        ]
        self.blocks = [
            [Block(channels, key=k) for k in jax.random.split(jax.random.fold_in(for_blocks, i), config.image_blocks)]
            for i in range(times - 1)
        ]
        small = _Shrunk(world.name, world.num_actions, world.num_players, (channels, *sides), world.max_num_moves)
        self.board = BoardLatent(small, config, key=for_board)

    @property
    def supports(self) -> tuple[Support, Support]:
        """Of value and reward."""
        return self.board.supports

    @property
    def discount(self) -> float:
        """Of every imagined step."""
        return self.board.discount

    @property
    def resemblance(self) -> Resemblance | None:
        """A part of learning alone."""
        return self.board.resemblance

    def representation(self, observation: Shaped[Array, "B C H W"]) -> Float[Array, "B D h w"]:
        """h: images → a latent state."""
        x = observation.astype(jnp.float32) / 255
        for half in self.halves:
            x = jax.nn.relu(half(x))
        for i, blocks in enumerate(self.blocks):
            x = mean_of_four(x) if i else x
            for block in blocks:
                x = block(x)
        return self.board.representation(x)

    def dynamics(self, latent: Float[Array, "B D h w"], action: Int[Array, " B"]) -> Imagined:
        """g: the latent state after an action, and the reward for it."""
        return self.board.dynamics(latent, action)

    def prediction(self, latent: Float[Array, "B D h w"]) -> Predicted:
        """f: policy and value."""
        return self.board.prediction(latent)


def mean_of_four(x: Float[Array, "B D H W"]) -> Float[Array, "B D h w"]:
    """Means of 2×2 points; where a side is odd its last points are repeated."""
    height, width = x.shape[2:]
    x = jnp.pad(x, ((0, 0), (0, 0), (0, height % 2), (0, width % 2)), mode="edge")
    return x.reshape(*x.shape[:2], (height + 1) // 2, 2, (width + 1) // 2, 2).mean((3, 5))
