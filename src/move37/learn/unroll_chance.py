"""Stochastic MuZero's loss: MuZero's, with an afterstate and an outcome of chance in each imagined step."""

from typing import Any

import jax
import jax.numpy as jnp
from jaxtyping import Array, Float

from move37.learn.losses import Metrics, cross_entropy, entropy
from move37.learn.unroll import Imagining, Unrolled, unrolled_along


def unrolled_chance_loss(net: Any, batch: Unrolled) -> tuple[Float[Array, ""], Metrics]:
    """MuZero's loss + 1/K Σ_k l(z_{t+k}, Q^k) − log σ^k(c_{t+k+1}) + β·|c_{t+k+1} − e_{t+k+1}|²,  k = 0 … K − 1.

    e is the encoder's distribution over codes and c its greatest as one-hot: no gradient passes from σ to e, and what
    g learns about c goes to e as it is (straight through). Needs what was `later` seen.

    Source: Antonoglou et al. (ICLR 2022), equations 5 to 8.
    Differs: e chooses its greatest code, where the paper may draw one by Gumbel noise.
    """
    return unrolled_along(_act_and_fall, net, batch)


def _act_and_fall(net: Any, latent: Any, batch: Unrolled, k: int) -> tuple[Imagining, Metrics, Metrics]:
    assert batch.later is not None, "the replay must keep what was seen on the way"
    action = jax.nn.one_hot(batch.action[:, k], batch.policy.shape[-1])
    afterstate = net.afterstate(latent, action)
    expected = net.expectation(afterstate)
    before = batch.observation if k == 0 else batch.later[:, k - 1]
    soft = jax.nn.softmax(net.encode(before, batch.later[:, k]))
    code = jax.nn.one_hot(soft.argmax(-1), soft.shape[-1])
    known, target = batch.known[:, k], net.supports[0].two_hot(batch.value[:, k])
    losses = {
        "afterstate_value_loss": (known * cross_entropy(expected.value, target)).mean(),
        "outcome_loss": (known * cross_entropy(expected.outcome, code)).mean(),
        "commitment_loss": net.commitment * (known * jnp.square(code - soft).sum(-1)).mean(),
    }
    used = jnp.exp(entropy(code.mean(0, keepdims=True)))[0]
    return net.dynamics(afterstate, code + soft - jax.lax.stop_gradient(soft)), losses, {"codes_used": used}
