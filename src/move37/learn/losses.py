"""What is minimised. Each loss is a pure function (net, batch) → (scalar, metrics)."""

import jax
import jax.numpy as jnp
import optax
from jaxtyping import Array, Float

from move37.learn.targets import Samples
from move37.nets.policy_value import PolicyValue

Metrics = dict[str, Float[Array, ""]]
MOVES_LEFT_SCALE = 0.01  # the target is tens of moves: brings its squared error to the size of the others
AUXILIARY_WEIGHT = 0.15  # KataGo's weight of the opponent's reply


def cross_entropy(logits: Float[Array, "B A"], target: Float[Array, "B A"]) -> Float[Array, " B"]:
    """−Σ_a π(a)·log p(a)."""
    return optax.softmax_cross_entropy(logits, target)


def entropy(probabilities: Float[Array, "B A"]) -> Float[Array, " B"]:
    """−Σ_a π(a)·log π(a), in nats."""
    return jax.scipy.special.entr(probabilities).sum(-1)


def policy_value_loss(net: PolicyValue, batch: Samples) -> tuple[Float[Array, ""], Metrics]:
    """(z − v)² − π·log p, averaged over the batch; + auxiliary heads where the net has them.

    Source: AlphaGo Zero (Nature 2017), equation 1. Weight decay is the optimiser's.
    """
    out = net.outputs(batch.observation)
    weight = batch.policy_weight / jnp.maximum(batch.policy_weight.sum(), 1.0)
    policy = (weight * cross_entropy(out.policy, batch.policy)).sum()
    value = jnp.square(out.value - batch.value).mean()
    metrics = {
        "policy_loss": policy,
        "value_loss": value,
        "policy_entropy": entropy(jax.nn.softmax(out.policy)).mean(),
        "target_entropy": (weight * entropy(batch.policy)).sum(),
    }
    loss = policy + value
    if "reply" in out.auxiliary:
        metrics["reply_loss"] = cross_entropy(out.auxiliary["reply"], batch.reply).mean()
        loss += AUXILIARY_WEIGHT * metrics["reply_loss"]
    if "moves_left" in out.auxiliary:
        error = out.auxiliary["moves_left"][:, 0] - MOVES_LEFT_SCALE * batch.moves_left
        metrics["moves_left_loss"] = jnp.square(error).mean()
        loss += AUXILIARY_WEIGHT * metrics["moves_left_loss"]
    return loss, metrics
