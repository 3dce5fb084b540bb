"""Learning from the moves of others: the policy imitates them, the value foretells how their games ended."""

from typing import NamedTuple

import jax
import jax.numpy as jnp
import optax
from jaxtyping import Array, Bool, Float, Int, Shaped

from move37.learn.losses import Metrics, entropy
from move37.learn.targets import Rows
from move37.nets.patterns import LocalPatterns
from move37.nets.policy_value import PolicyValue


class Demonstrations(NamedTuple):
    """N positions with what was played there and what came of it; every field has the leading axis N."""

    observation: Shaped[Rows, "N C H W"]
    action: Int[Rows, " N"]
    outcome: Float[Rows, " N"]  # 1 the mover won, −1 lost, 0 a draw or unknown
    trusted: Bool[Rows, " N"]  # whether the outcome is one of the board: a value target


def policy_loss(logits: Float[Array, "N A"], batch: Demonstrations) -> tuple[Float[Array, ""], Metrics]:
    """−log p(a|s) of the moves that were played, averaged.

    Source: AlphaGo (Nature 2016), Methods, "Supervised learning of policy networks".
    """
    loss = optax.softmax_cross_entropy_with_integer_labels(logits, batch.action).mean()
    hits = (jnp.argmax(logits, axis=-1) == batch.action).astype(jnp.float32).mean()
    metrics = {"policy_loss": loss, "top_1": hits, "policy_entropy": entropy(jax.nn.softmax(logits)).mean()}
    return loss, metrics


def value_loss(value: Float[Array, " N"], batch: Demonstrations) -> Float[Array, ""]:
    """(z − v)², averaged over the positions whose outcome can be trusted."""
    weight = batch.trusted.astype(jnp.float32)
    return (weight * jnp.square(batch.outcome - value)).sum() / jnp.maximum(weight.sum(), 1.0)


def imitation_loss(net: PolicyValue, batch: Demonstrations) -> tuple[Float[Array, ""], Metrics]:
    """−log p(a|s) + `IMITATED_VALUE_WEIGHT` · (z − v)².

    Source: AlphaGo Zero (Nature 2017), Methods, "Supervised learning", whose net with two heads weighs the value so:
    positions of one game share their outcome, and a heavier value would learn the games by heart.
    """
    logits, value = net(batch.observation)
    loss, metrics = policy_loss(logits, batch)
    metrics["value_loss"] = value_loss(value, batch)
    return loss + IMITATED_VALUE_WEIGHT * metrics["value_loss"], metrics


IMITATED_VALUE_WEIGHT = 0.01


def move_loss(net: PolicyValue | LocalPatterns, batch: Demonstrations) -> tuple[Float[Array, ""], Metrics]:
    """`policy_loss` alone: of the linear playout policy, which says nothing of the value."""
    return policy_loss(net(batch.observation)[0], batch)


def outcome_loss(net: PolicyValue, batch: Demonstrations) -> tuple[Float[Array, ""], Metrics]:
    """(z − v)²: AlphaGo's value network, which shares nothing with the policy.

    Source: AlphaGo (Nature 2016), Methods, "Regression". A net that knows nothing has 1 here, and about 0.5 in the
    paper's figure 2b: its errors (0.226 in training, 0.234 in test) seem to be half of ours.
    """
    loss = value_loss(net(batch.observation)[1], batch)
    return loss, {"value_loss": loss}
