"""MuZero's network where an observation is a vector, not a board."""

import equinox as eqx
import jax
import jax.numpy as jnp
from jaxtyping import Array, Float, Key, Shaped

from move37.core.types import World
from move37.core.values import Support
from move37.nets.actions import Choice, Numbers
from move37.nets.latent import Imagined, LatentConfig, Predicted, to_unit_range
from move37.nets.layers import Dense
from move37.nets.resemblance import Resemblance


class DenseBlock(eqx.Module):
    """x ← x + W₂·relu(W₁·x). W₂ starts at 0: the tower starts as the identity."""

    first: Dense
    second: Dense

    def __init__(self, width: int, *, key: Key[Array, ""]):
        """Two layers of one width."""
        one, two = jax.random.split(key)
        self.first = Dense(width, width, key=one, scale=2.0**0.5)
        self.second = Dense(width, width, key=two, scale=0.0)

    def __call__(self, x: Float[Array, "B D"]) -> Float[Array, "B D"]:
        """One residual step."""
        return x + self.second(jax.nn.relu(self.first(x)))


class DenseHead(eqx.Module):
    """A hidden layer, then numbers that start near 0."""

    hidden: Dense
    out: Dense

    def __init__(self, width: int, hidden: int, outputs: int, *, key: Key[Array, ""]):
        """Read a latent state of `width` numbers."""
        one, two = jax.random.split(key)
        self.hidden = Dense(width, hidden, key=one, scale=2.0**0.5)
        self.out = Dense(hidden, outputs, key=two, scale=0.1)

    def __call__(self, x: Float[Array, "B D"]) -> Float[Array, "B out"]:
        """Logits."""
        return self.out(jax.nn.relu(self.hidden(x)))


class VectorLatent(eqx.Module):
    """Residual layers over a vector; `channels` of its configuration is the width. Otherwise as `BoardLatent`."""

    stem: Dense
    tower: list[DenseBlock]
    actions: Choice | Numbers
    join: Dense
    steps: list[DenseBlock]
    reward: DenseHead
    policy: DenseHead
    value: DenseHead
    resemblance: Resemblance | None  # a part of learning alone
    supports: tuple[Support, Support] = eqx.field(static=True)  # of value and reward
    discount: float = eqx.field(static=True)  # of every imagined step

    def __init__(self, world: World, config: LatentConfig, *, key: Key[Array, ""]):
        """Sized by what the world shows, [n], and by its actions."""
        width, hidden = config.channels, config.value_hidden
        keys = jax.random.split(key, 6 + config.blocks + config.dynamics_blocks)
        self.stem = Dense(world.observation_shape[0], width, key=keys[0], scale=2.0**0.5)
        self.tower = [DenseBlock(width, key=k) for k in keys[6 : 6 + config.blocks]]
        if world.action_shape:
            self.actions = Numbers(world.action_shape[0], config.action_bins)
        else:
            self.actions = Choice(world.num_actions, config.action_planes, key=keys[1])
        self.join = Dense(width + self.actions.width, width, key=keys[2], scale=2.0**0.5)
        self.steps = [DenseBlock(width, key=k) for k in keys[6 + config.blocks :]]
        self.reward = DenseHead(width, hidden, config.reward.bins, key=keys[3])
        self.policy = DenseHead(width, hidden, self.actions.num_logits, key=keys[4])
        self.value = DenseHead(width, hidden, config.value.bins, key=keys[5])
        self.resemblance = config.resemblance(width, jax.random.fold_in(key, 1))
        self.supports = (config.value, config.reward)
        self.discount = -1.0 if world.num_players == 2 else config.discount

    def representation(self, observation: Shaped[Array, "B n"]) -> Float[Array, "B D"]:
        """h: what the agent sees → a latent state."""
        x = jax.nn.relu(self.stem(observation.astype(jnp.float32)))
        for block in self.tower:
            x = block(x)
        return to_unit_range(x)

    def dynamics(self, latent: Float[Array, "B D"], action: Shaped[Array, "B *d"]) -> Imagined:
        """g: the latent state after an action, and the reward for it."""
        x = latent + jax.nn.relu(self.join(jnp.concatenate([latent, self.actions.encode(action)], axis=1)))
        for block in self.steps:
            x = block(x)
        return Imagined(to_unit_range(x), self.reward(x))

    def prediction(self, latent: Float[Array, "B D"]) -> Predicted:
        """f: policy and value."""
        return Predicted(self.policy(latent), self.value(latent))
