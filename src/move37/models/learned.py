"""The rules are learned: MuZero. h, g and f are one network, and legality is known at the root alone."""

from typing import Any, NamedTuple

import equinox as eqx
import jax
import jax.numpy as jnp
from jaxtyping import Array, Bool, Float, Int, Key, Shaped

from move37.core.types import Game, Prediction, State, Transition
from move37.nets.layers import in_loops
from move37.nets.value_prefix import reward_of


class Seen(NamedTuple):
    """What the world shows at the root of a search."""

    observation: Shaped[Array, "B *c"]
    legal: Bool[Array, "B A"]
    key: Key[Array, ""] | None = None  # for models that draw what can be tried


def seen(game: Game, states: State) -> Seen:
    """What a game shows of a batch of states."""
    return Seen(jax.vmap(game.observe)(states), jax.vmap(game.legal)(states))


class Inner(NamedTuple):
    """A latent state, and the actions that are tried in it: in imagination all of them."""

    latent: Any
    allowed: Bool[Array, "B A"]


class Learned(eqx.Module):
    """A network with `representation`, `dynamics` and `prediction`, and the `discount` of every imagined step.

    Nothing ends in imagination: the paper's absorbing states, in which the network has learned that nothing more is to
    be gained.
    """

    net: Any

    def embed(self, observation: Seen) -> Inner:
        """The representation h."""
        return Inner(self.net.representation(observation.observation), observation.legal)

    def transition(self, embedding: Inner, action: Int[Array, " B"]) -> Transition:
        """The dynamics g: one step of imagination."""
        imagined = in_loops(self.net).dynamics(embedding.latent, action)
        reward = reward_of(self.net, embedding.latent, imagined)
        inner = Inner(imagined.latent, jnp.ones_like(embedding.allowed))
        return Transition(inner, reward, jnp.full_like(reward, self.net.discount))

    def evaluate(self, embedding: Inner) -> Prediction:
        """The prediction f, with −inf where an action is not allowed."""
        predicted = in_loops(self.net).prediction(embedding.latent)
        logits = jnp.where(embedding.allowed, predicted.policy, -jnp.inf)
        return Prediction(logits, self.net.supports[0].mean(predicted.value))

    def act(self, embedding: Inner, action: Int[Array, " B"]) -> Int[Array, " B"]:
        """What the search's choice stands for in the world: itself."""
        return action


def knows_rules(net: Any) -> bool:
    """Whether a network has learned them: whether it has a dynamics."""
    return hasattr(net, "dynamics")


@jax.jit
def values(net: Any, observation: Shaped[Array, "B *c"]) -> Float[Array, " B"]:
    """What a network alone says of positions, without a search."""
    return net.supports[0].mean(net.prediction(net.representation(observation)).value)
