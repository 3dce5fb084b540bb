"""What is minimised. Each loss is a pure function (net, batch) → (scalar, metrics)."""

import jax
import jax.numpy as jnp
import optax
from jaxtyping import Array, Float

from move37.core.errors import BadConfig
from move37.learn.targets import Samples
from move37.nets.policy_value import PolicyValue

Metrics = dict[str, Float[Array, ""]]
MOVES_LEFT_SCALE = 0.01  # the target is tens of moves: brings its squared error to the size of the others
AUXILIARY_WEIGHT = 0.15  # KataGo's weight of the opponent's reply
OWNERSHIP_WEIGHT = 1.5  # KataGo's, of the mean over the points
SCORE_SCALE = 0.1  # the target is tens of points


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
    if "ownership" in out.auxiliary or "score" in out.auxiliary:
        extra, of_ends = end_loss(out.auxiliary, batch)
        loss, metrics = loss + extra, metrics | of_ends
    return loss, metrics


def end_loss(auxiliary: dict[str, Float[Array, "B _"]], batch: Samples) -> tuple[Float[Array, ""], Metrics]:
    """Whose each point will be, and by how many points: cross-entropy to (1 + ownership) / 2, Huber loss to the score.

    Source: Wu, "Accelerating self-play learning in Go" (KataGo), 2019, section 4.1 and appendix B.
    Differs: the score is a number here, there a distribution. Raises `BadConfig` for samples without ends.
    """
    ownership, score, known = batch.ownership, batch.score, batch.end_weight
    if ownership is None or score is None or known is None:
        raise BadConfig("the net predicts how games end, and its samples do not tell: make them of episodes with ends.")
    loss, metrics = jnp.float32(0), {}
    weight = known / jnp.maximum(known.sum(), 1.0)
    if "ownership" in auxiliary:
        target = (1 + ownership.astype(jnp.float32)) / 2
        of_points = optax.sigmoid_binary_cross_entropy(auxiliary["ownership"], target)
        metrics["ownership_loss"] = (weight * of_points.mean(-1)).sum()
        loss += OWNERSHIP_WEIGHT * metrics["ownership_loss"]
    if "score" in auxiliary:
        error = optax.huber_loss(auxiliary["score"][:, 0], SCORE_SCALE * score)
        metrics["score_loss"] = (weight * error).sum()
        loss += AUXILIARY_WEIGHT * metrics["score_loss"]
    return loss, metrics
