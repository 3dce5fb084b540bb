"""The rules are learned, and chance is one of them: Stochastic MuZero. States and afterstates take turns."""

from typing import Any, NamedTuple

import equinox as eqx
import jax
import jax.numpy as jnp
from jaxtyping import Array, Bool, Int

from move37.core.types import ChancePrediction, Transition
from move37.models.learned import Learned, Seen
from move37.nets.chance_latent import ChanceLatent
from move37.nets.layers import in_loops


class Turn(NamedTuple):
    """A latent state, or an afterstate, in which chance moves."""

    latent: Any
    allowed: Bool[Array, "B A"]
    is_chance: Bool[Array, " B"]


class LearnedWithChance(eqx.Module):
    """A network with φ, ψ and g beside MuZero's h and f. An action is followed by an outcome, and that by an action.

    The edge to an afterstate brings 0 and discounts nothing; reward and discount are on the edge that leaves it. So the
    value of an afterstate is Q of state and action.
    """

    net: Any

    def embed(self, observation: Seen) -> Turn:
        """The representation h."""
        latent = self.net.representation(observation.observation)
        return Turn(latent, observation.legal, jnp.zeros(len(observation.legal), bool))

    def transition(self, embedding: Turn, action: Int[Array, " B"]) -> Transition:
        """φ for an action, g for an outcome, whose number is behind those of the actions.

        Games of one batch are at different kinds of node: both are computed for all, and one is chosen.
        """
        latent, allowed, is_chance = embedding
        num_actions = allowed.shape[-1]
        net = in_loops(self.net)
        codes = jax.eval_shape(net.expectation, latent).outcome.shape[-1]
        acted = net.afterstate(latent, jax.nn.one_hot(action, num_actions))
        fallen = net.dynamics(latent, jax.nn.one_hot(action - num_actions, codes))
        reward = jnp.where(is_chance, self.net.supports[1].mean(fallen.reward), 0.0)
        discount = jnp.where(is_chance, self.net.discount, 1.0)
        turn = Turn(_where(is_chance, fallen.latent, acted), jnp.ones_like(allowed), ~is_chance)
        return Transition(turn, reward, discount)

    def evaluate(self, embedding: Turn) -> ChancePrediction:
        """F for a state, ψ for an afterstate."""
        latent, allowed, is_chance = embedding
        net = in_loops(self.net)
        predicted, expected = net.prediction(latent), net.expectation(latent)
        value = _where(is_chance, *(self.net.supports[0].mean(x.value) for x in (expected, predicted)))
        return ChancePrediction(
            jnp.where(allowed & ~is_chance[:, None], predicted.policy, -jnp.inf),
            value,
            jnp.where(is_chance[:, None], expected.outcome, -jnp.inf),
        )


Imagination = Learned | LearnedWithChance


def imagination(net: Any) -> Imagination:
    """The model that a network is made for."""
    return LearnedWithChance(net) if isinstance(net, ChanceLatent) else Learned(net)


def _where(mask: Bool[Array, " B"], one: Array, other: Array) -> Array:
    return jnp.where(mask.reshape(-1, *(1,) * (one.ndim - 1)), one, other)
