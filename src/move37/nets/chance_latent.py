"""Stochastic MuZero's network: what an action does, φ, and what chance then does, g, are imagined apart."""

from dataclasses import dataclass
from math import inf
from typing import NamedTuple

import equinox as eqx
import jax
import jax.numpy as jnp
from jaxtyping import Array, Float, Key, Shaped

from move37.core.errors import check_ranges
from move37.core.types import Game
from move37.core.values import Support
from move37.nets.latent import Imagined, LatentConfig, Predicted, to_unit_range
from move37.nets.layers import Conv, normal
from move37.nets.policy_value import Block, Head, NetConfig
from move37.nets.resemblance import Resemblance


@dataclass(frozen=True)
class ChanceConfig(LatentConfig):
    """The size of a `ChanceLatent`. `dynamics_blocks` are those of φ, and of g as well."""

    codes: int = 32  # C: outcomes of chance that can be told apart; the paper's number for 2048
    commitment: float = 0.25  # β: how far the encoder is drawn to the codes that it chose

    def __post_init__(self) -> None:
        """Check the ranges. Raises `BadConfig`."""
        LatentConfig.__post_init__(self)
        check_ranges("net.", self, codes=(1, inf), commitment=(0, inf))


class Expected(NamedTuple):
    """What is said of an afterstate: an action was taken, and chance has not moved yet."""

    outcome: Float[Array, "B C"]  # σ: logits over the codes
    value: Float[Array, "B S"]  # Q: logits over the support


class Onward(eqx.Module):
    """From a latent board to the next, along one of several choices, each of which has learned planes."""

    choice: Float[Array, "N P H W"]
    join: Conv
    steps: list[Block]

    def __init__(self, choices: int, board: tuple[int, int], config: LatentConfig, *, key: Key[Array, ""]):
        """As MuZero's dynamics."""
        keys = jax.random.split(key, 2 + config.dynamics_blocks)
        self.choice = normal((choices, config.action_planes, *board), keys[0])
        self.join = Conv(config.channels + config.action_planes, config.channels, 3, key=keys[1])
        self.steps = [Block(config.channels, key=k) for k in keys[2:]]

    def __call__(self, latent: Float[Array, "B D H W"], chosen: Float[Array, "B N"]) -> Float[Array, "B D H W"]:
        """`chosen` is one-hot; gradients go into it too."""
        planes = jnp.tensordot(chosen, self.choice, axes=1)
        x = jax.nn.relu(latent + self.join(jnp.concatenate([latent, planes], axis=1)))
        for block in self.steps:
            x = block(x)
        return to_unit_range(x)


class ChanceLatent(eqx.Module):
    """h, f as MuZero's; φ: state, action → afterstate; ψ: afterstate → σ, Q; g: afterstate, code → state, reward.

    The encoder e sees what came and says which outcome it was, one of C codes that nobody gave a meaning.

    Source: Antonoglou et al. (ICLR 2022), section 4 and figure 1.
    Differs: e sees two observations, the last and the next, not a longer history; otherwise as `BoardLatent`.
    """

    stem: Conv
    tower: list[Block]
    act: Onward
    fall: Onward
    reward: Head
    policy: Head
    value: Head
    expected_value: Head
    outcome: Head
    look: Conv  # of the encoder, a part of learning alone, as what follows
    look_on: Block
    name_it: Head
    resemblance: Resemblance | None
    supports: tuple[Support, Support] = eqx.field(static=True)  # of value and reward
    discount: float = eqx.field(static=True)  # of every imagined step
    commitment: float = eqx.field(static=True)

    def __init__(self, game: Game, config: ChanceConfig, *, key: Key[Array, ""]):
        """Sized by the game's observation and actions."""
        planes, *board = game.observation_shape
        points, channels, hidden = board[0] * board[1], config.channels, config.value_hidden
        keys = jax.random.split(key, 11 + config.blocks)
        heads = NetConfig(config.blocks, channels, config.head_channels, hidden)
        self.stem = Conv(planes, channels, 3, key=keys[0])
        self.tower = [Block(channels, key=k) for k in keys[11:]]
        self.act = Onward(game.num_actions, (board[0], board[1]), config, key=keys[1])
        self.fall = Onward(config.codes, (board[0], board[1]), config, key=keys[2])
        self.reward = Head(heads, points, config.reward.bins, hidden, key=keys[3])
        self.policy = Head(heads, points, game.num_actions, None, key=keys[4])
        self.value = Head(heads, points, config.value.bins, hidden, key=keys[5])
        self.expected_value = Head(heads, points, config.value.bins, hidden, key=keys[6])
        self.outcome = Head(heads, points, config.codes, None, key=keys[7])
        self.look = Conv(2 * planes, channels, 3, key=keys[8])
        self.look_on = Block(channels, key=keys[9])
        self.name_it = Head(heads, points, config.codes, None, key=keys[10])
        self.resemblance = config.resemblance(channels * points, jax.random.fold_in(key, 1))
        self.supports = (config.value, config.reward)
        self.discount = -1.0 if game.num_players == 2 else config.discount
        self.commitment = config.commitment

    def representation(self, observation: Shaped[Array, "B C H W"]) -> Float[Array, "B D H W"]:
        """h: what the agent sees → a latent state."""
        x = jax.nn.relu(self.stem(observation.astype(jnp.float32)))
        for block in self.tower:
            x = block(x)
        return to_unit_range(x)

    def afterstate(self, latent: Float[Array, "B D H W"], action: Float[Array, "B A"]) -> Float[Array, "B D H W"]:
        """φ: what an action, one-hot, makes of a state before chance moves."""
        return self.act(latent, action)

    def dynamics(self, afterstate: Float[Array, "B D H W"], code: Float[Array, "B codes"]) -> Imagined:
        """g: what an outcome, one-hot, makes of an afterstate, and the reward for action and outcome together."""
        latent = self.fall(afterstate, code)
        return Imagined(latent, self.reward(latent))

    def prediction(self, latent: Float[Array, "B D H W"]) -> Predicted:
        """f: policy and value of the agent to move."""
        return Predicted(self.policy(latent), self.value(latent))

    def expectation(self, afterstate: Float[Array, "B D H W"]) -> Expected:
        """ψ: how likely is each outcome, and what is to be expected?"""
        return Expected(self.outcome(afterstate), self.expected_value(afterstate))

    def encode(self, before: Shaped[Array, "B C H W"], after: Shaped[Array, "B C H W"]) -> Float[Array, "B codes"]:
        """e: which outcome led from one observation to the next? Logits."""
        seen = jnp.concatenate([before, after], axis=1).astype(jnp.float32)
        return self.name_it(self.look_on(jax.nn.relu(self.look(seen))))
