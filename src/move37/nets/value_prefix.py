"""EfficientZero's value prefix: not when a reward comes, but how much has come since the imagination began."""

from typing import Any, NamedTuple

import equinox as eqx
import jax
import jax.numpy as jnp
from jaxtyping import Array, Float, Int, Shaped

from move37.core.values import Support
from move37.nets.latent import Imagined, Predicted
from move37.nets.layers import Dense
from move37.nets.resemblance import Resemblance

HORIZON = 5  # steps after which the sum begins again, as in the paper


class Counted(NamedTuple):
    """A latent state, and what its recurrent part has counted on the way to it."""

    latent: Any
    memory: Float[Array, "B 2 M"]  # of the LSTM: output and cell
    prefix: Float[Array, " B"]  # rewards since the sum began
    steps: Int[Array, " B"]


class ValuePrefix(eqx.Module):
    """Another network, whose rewards are differences of a sum that an LSTM predicts.

    u^1 + … + u^k is easier to foretell than each u^k: it does not have to know in which of some steps a reward comes.

    Source: Ye et al., "Mastering Atari games with limited data" (EfficientZero), NeurIPS 2021, section 4.2. Differs:
    the LSTM sees the latent state through one dense layer.
    """

    net: Any
    inward: Dense
    cell: eqx.nn.LSTMCell
    outward: Dense

    def __init__(self, net: Any, size: int, width: int, *, key: Any):
        """Around a network with latent states of `size` numbers; the LSTM has `width`."""
        one, two, three = jax.random.split(key, 3)
        self.net = net
        self.inward = Dense(size, width, key=one, scale=2.0**0.5)
        self.cell = eqx.nn.LSTMCell(width, width, key=two)
        self.outward = Dense(width, self.supports[1].bins, key=three, scale=0.1)

    @property
    def supports(self) -> tuple[Support, Support]:
        """Of value and value prefix."""
        return self.net.supports

    @property
    def discount(self) -> float:
        """Of every imagined step."""
        return self.net.discount

    @property
    def actions(self) -> Any:
        """How it takes actions in."""
        return self.net.actions

    @property
    def resemblance(self) -> Resemblance | None:
        """EfficientZero's consistency, of the latent states."""
        return self.net.resemblance

    def representation(self, observation: Shaped[Array, "B *c"]) -> Counted:
        """h, and a sum that begins."""
        latent, count = self.net.representation(observation), len(observation)
        memory = jnp.zeros((count, 2, self.cell.hidden_size))
        return Counted(latent, memory, jnp.zeros(count), jnp.zeros(count, jnp.int32))

    def dynamics(self, state: Counted, action: Shaped[Array, "B *d"]) -> Imagined:
        """g; `reward` are logits of the value prefix."""
        latent, _ = self.net.dynamics(state.latent, action)
        again = state.steps >= HORIZON
        memory = jnp.where(again[:, None, None], 0.0, state.memory)
        seen = jax.nn.relu(self.inward(latent.reshape(len(latent), -1)))
        output, cell = jax.vmap(self.cell)(seen, (memory[:, 0], memory[:, 1]))
        logits = self.outward(output)
        steps = jnp.where(again, 0, state.steps) + 1
        counted = Counted(latent, jnp.stack([output, cell], axis=1), self.supports[1].mean(logits), steps)
        return Imagined(counted, logits)

    def prediction(self, state: Counted) -> Predicted:
        """F."""
        return self.net.prediction(state.latent)

    def reward(self, before: Counted, imagined: Imagined) -> Float[Array, " B"]:
        """What a step adds to the sum."""
        begun = jnp.where(before.steps >= HORIZON, 0.0, before.prefix)
        return imagined.latent.prefix - begun

    def reward_targets(self, reward: Float[Array, "B K"]) -> Float[Array, "B K"]:
        """The sums; every fifth step they begin again."""
        count = reward.shape[1]
        same = jnp.arange(count) // HORIZON
        within = (same[:, None] == same[None]) & (jnp.arange(count)[:, None] <= jnp.arange(count)[None])
        return reward @ within.astype(jnp.float32)


def reward_of(net: Any, before: Any, imagined: Imagined) -> Float[Array, " B"]:
    """The reward of a step from the state `before`, of a network with a value prefix or without."""
    if isinstance(net, ValuePrefix):
        return net.reward(before, imagined)
    return net.supports[1].mean(imagined.reward)


def reward_targets(net: Any, reward: Float[Array, "B K"]) -> Float[Array, "B K"]:
    """What `Imagined.reward` shall stand for at each step: the rewards, or their sums."""
    return net.reward_targets(reward) if isinstance(net, ValuePrefix) else reward


def latent_of(state: Any) -> Any:
    """Without what a value prefix has counted."""
    return state.latent if isinstance(state, Counted) else state
