"""MuZero's network: representation h, dynamics g, prediction f. What they pass on stands for no board that we know."""

from dataclasses import dataclass, field
from math import inf
from typing import Any, NamedTuple

import equinox as eqx
import jax
import jax.numpy as jnp
from jaxtyping import Array, Float, Int, Key, Shaped

from move37.core.errors import check_ranges
from move37.core.types import World
from move37.core.values import Support
from move37.nets.layers import Conv, greatest, normal
from move37.nets.policy_value import Block, Head, NetConfig
from move37.nets.resemblance import Resemblance


@dataclass(frozen=True)
class LatentConfig:
    """The size of a `BoardLatent`. The paper, on boards: 16 blocks of 256 channels in h and in g."""

    blocks: int = 2  # of h
    dynamics_blocks: int = 2  # of g
    channels: int = 32
    action_planes: int = 4  # in which g sees an action
    action_bins: int = 11  # values that each number of an action can take, where actions are numbers
    head_channels: int = 8
    value_hidden: int = 64
    latent_side: int = 8  # an image is halved until no side is longer
    image_blocks: int = 1  # of h behind each halving of an image but the first
    discount: float = 0.997  # γ of a game for one; where two move in turn it is −1
    consistency: float = 0.0  # weight of EfficientZero's loss, that what is imagined resembles what is seen (its: 2)
    value_prefix: bool = False  # EfficientZero's: sums of rewards are predicted, in worlds for one agent
    value: Support = field(default_factory=Support)
    reward: Support = field(default_factory=lambda: Support(bins=3))

    def __post_init__(self) -> None:
        """Check the ranges. Raises `BadConfig`."""
        check_ranges("net.", self, blocks=(0, inf), dynamics_blocks=(0, inf), channels=(1, inf))
        check_ranges(
            "net.",
            self,
            action_planes=(1, inf),
            action_bins=(2, inf),
            head_channels=(1, inf),
            value_hidden=(1, inf),
            discount=(0, 1),
        )
        check_ranges("net.", self, consistency=(0, inf), latent_side=(1, inf), image_blocks=(0, inf))

    def resemblance(self, size: int, key: Key[Array, ""]) -> Resemblance | None:
        """For latent states of `size` numbers; None without the loss."""
        return Resemblance(size, 128, self.consistency, key=key) if self.consistency else None


class Imagined(NamedTuple):
    """What g says of a step."""

    latent: Any  # [B D H W], or what else the network moves on
    reward: Float[Array, "B S"]  # logits over the support


class Predicted(NamedTuple):
    """What f says of a latent state."""

    policy: Float[Array, "B A"]  # logits, illegal actions not masked
    value: Float[Array, "B S"]  # logits over the support


class BoardLatent(eqx.Module):
    """Residual towers over a board. A latent state is scaled to [0, 1], so that many steps of g stay in range.

    Source: MuZero (Nature 2020), Methods, "Network architecture", and Appendix G for the scaling.
    Differs: no batch normalisation, as in `PolicyValue`; an action comes as learned planes, not as its point.
    """

    stem: Conv
    tower: list[Block]
    action: Float[Array, "A P H W"]
    join: Conv
    steps: list[Block]
    reward: Head
    policy: Head
    value: Head
    resemblance: Resemblance | None  # a part of learning alone
    supports: tuple[Support, Support] = eqx.field(static=True)  # of value and reward
    discount: float = eqx.field(static=True)  # of every imagined step

    def __init__(self, game: World, config: LatentConfig, *, key: Key[Array, ""]):
        """Sized by the game's observation and actions."""
        planes, height, width = game.observation_shape
        keys = jax.random.split(key, 6 + config.blocks + config.dynamics_blocks)
        points, channels = height * width, config.channels
        heads = NetConfig(config.blocks, channels, config.head_channels, config.value_hidden)
        self.stem = Conv(planes, channels, 3, key=keys[0])
        self.tower = [Block(channels, key=k) for k in keys[6 : 6 + config.blocks]]
        self.action = normal((game.num_actions, config.action_planes, height, width), keys[1])
        self.join = Conv(channels + config.action_planes, channels, 3, key=keys[2])
        self.steps = [Block(channels, key=k) for k in keys[6 + config.blocks :]]
        self.reward = Head(heads, points, config.reward.bins, config.value_hidden, key=keys[3])
        self.policy = Head(heads, points, game.num_actions, None, key=keys[4])
        self.value = Head(heads, points, config.value.bins, config.value_hidden, key=keys[5])
        self.resemblance = config.resemblance(channels * points, jax.random.fold_in(key, 1))
        self.supports = (config.value, config.reward)
        self.discount = -1.0 if game.num_players == 2 else config.discount

    def representation(self, observation: Shaped[Array, "B C H W"]) -> Float[Array, "B D H W"]:
        """h: what the agent sees → a latent state."""
        x = jax.nn.relu(self.stem(observation.astype(jnp.float32)))
        for block in self.tower:
            x = block(x)
        return to_unit_range(x)

    def dynamics(self, latent: Float[Array, "B D H W"], action: Int[Array, " B"]) -> Imagined:
        """g: the latent state after an action, and the reward for it."""
        seen = jnp.concatenate([latent, self.action[action]], axis=1)
        x = jax.nn.relu(latent + self.join(seen))
        for block in self.steps:
            x = block(x)
        return Imagined(to_unit_range(x), self.reward(x))

    def prediction(self, latent: Float[Array, "B D H W"]) -> Predicted:
        """f: policy and value of the agent to move."""
        return Predicted(self.policy(latent), self.value(latent))


def to_unit_range(x: Float[Array, "B *d"]) -> Float[Array, "B *d"]:
    """Each state from its least to its greatest number: (x − min) / (max − min)."""
    flat = x.reshape(len(x), -1)
    low, high = -greatest(-flat)[:, None], greatest(flat)[:, None]
    return ((flat - low) / jnp.maximum(high - low, 1e-5)).reshape(x.shape)
