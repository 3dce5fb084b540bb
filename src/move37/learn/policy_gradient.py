"""Policy gradients: make the moves of games that went well likelier."""

from typing import NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Bool, Float, Int, Shaped

from move37.learn.losses import Metrics
from move37.learn.targets import Rows
from move37.nets.policy_value import PolicyValue


class Decisions(NamedTuple):
    """N moves that a policy drew, with what they were worth; every field has the leading axis N."""

    observation: Shaped[Rows, "N C H W"]
    legal: Bool[Rows, "N A"]
    action: Int[Rows, " N"]
    advantage: Float[Rows, " N"]  # 0: a row that only fills up the batch


def group_advantage(outcome: Float[np.ndarray, " N"], group: Int[np.ndarray, " N"]) -> Float[np.ndarray, " N"]:
    """A = z − mean of z over the group. One group of all is REINFORCE with a mean baseline.

    Source: Williams, "Simple statistical gradient-following algorithms", 1992, with the group's mean as baseline.
    """
    total, count = np.bincount(group, outcome), np.bincount(group)
    return (outcome - (total / np.maximum(count, 1))[group]).astype(np.float32)


def reinforce_loss(net: PolicyValue, batch: Decisions) -> tuple[Float[Array, ""], Metrics]:
    """−A · log p(a|s) over legal actions, averaged: its gradient is −A · ∇ log p.

    Source: AlphaGo (Nature 2016), Methods, "Reinforcement learning of policy networks".
    """
    logits, _ = net(batch.observation)
    log_p = jax.nn.log_softmax(jnp.where(batch.legal, logits, -jnp.inf))
    chosen = jnp.take_along_axis(log_p, batch.action[:, None], axis=1)[:, 0]
    count = jnp.maximum((batch.advantage != 0).astype(jnp.float32).sum(), 1.0)
    loss = -(batch.advantage * chosen).sum() / count
    spread = -jnp.where(batch.legal, jnp.exp(log_p) * jnp.where(batch.legal, log_p, 0.0), 0.0).sum(-1)
    return loss, {"policy_loss": loss, "policy_entropy": spread.mean()}
