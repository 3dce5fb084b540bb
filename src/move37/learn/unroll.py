"""MuZero's loss: the model is unrolled along what was played; each imagined step is held to what came true."""

from collections.abc import Callable
from typing import Any, NamedTuple, Protocol, runtime_checkable

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float, Shaped

from move37.learn.losses import Metrics, cross_entropy, entropy
from move37.learn.targets import Rows, Samples
from move37.nets.value_prefix import latent_of, reward_targets


class Unrolled(NamedTuple):
    """B stretches of an episode: a position, the K actions behind it, and the targets of all K + 1 positions."""

    observation: Shaped[Rows, "B *c"]
    action: Shaped[Rows, "B K *d"]
    reward: Float[Rows, "B K"]
    value: Float[Rows, "B K+1"]
    policy: Float[Rows, "B K+1 A"]
    policy_weight: Float[Rows, "B K+1"]  # 0 behind the end
    known: Float[Rows, "B K+1"]  # 0 behind a time limit: nobody knows what would have come
    later: Shaped[Rows, "B K *c"] | None = None  # what was seen after each action, for nets that imagine that as well
    candidates: Float[Rows, "B K+1 A D"] | None = None  # where actions are numbers: those that `policy` speaks of
    importance: Float[Rows, " B"] | None = None  # of each stretch in the loss, where they were not drawn uniformly


def unroll(rows: Samples, num_unroll_steps: int, rng: np.random.Generator, later: bool = False) -> Unrolled:
    """Stretches from K + 1 rows each, one after the other; what lies behind an episode's end is overwritten.

    There, in the paper's absorbing states, actions are random, reward and value are 0.
    """
    length = num_unroll_steps + 1
    parts = {name: x.reshape(-1, length, *x.shape[1:]) for name, x in rows._asdict().items() if x is not None}
    over = np.arange(length) >= parts["moves_left"][:, :1]
    action, candidates = parts["action"], parts.get("candidates")
    any_of = rng.integers(parts["policy"].shape[-1], size=over.shape, dtype=np.int32)
    if candidates is not None:
        any_of = np.take_along_axis(candidates, any_of[..., None, None], axis=2)[:, :, 0]
    return Unrolled(
        observation=parts["observation"][:, 0],
        action=np.where(over.reshape(over.shape + (1,) * (action.ndim - 2)), any_of, action)[:, :-1],
        reward=np.where(over, np.float32(0), parts["reward"])[:, :-1],
        value=np.where(over, np.float32(0), parts["value"]),
        policy=parts["policy"],
        policy_weight=np.where(over, np.float32(0), parts["policy_weight"]),
        known=1 - parts["cut"][:, :1] * over.astype(np.float32),
        later=parts["observation"][:, 1:] if later else None,
        candidates=candidates,
    )


@runtime_checkable
class Imagining(Protocol):
    """What a net imagines of a step."""

    latent: Any
    reward: Float[Array, "B S"]  # logits over the support


# (net, latent state, batch, k) → what comes after action k, more losses, and numbers that are only told.
ImagineStep = Callable[[Any, Any, Unrolled, int], tuple[Imagining, Metrics, Metrics]]


def unrolled_loss(net: Any, batch: Unrolled) -> tuple[Float[Array, ""], Metrics]:
    """Σ_k w_k·(−π_k·log p_k + l(v_k) + l(r_k)) over k = 0 … K, l the cross-entropy to a two-hot target.

    w_0 = 1, w_k = 1/K; half of the gradient goes back through each step of the dynamics. A net with a `resemblance`
    adds what it says of the imagined states and those that were seen, as a mean over k = 1 … K. What was drawn by
    priority counts by its importance, (1 / P) / max (1 / P), which takes the bias out.

    Source: MuZero (Nature 2020), equation 1 and Appendix G.
    """
    return unrolled_along(_act, net, batch)


def _act(net: Any, latent: Any, batch: Unrolled, k: int) -> tuple[Imagining, Metrics, Metrics]:
    return net.dynamics(latent, batch.action[:, k]), {}, {}


def unrolled_along(imagine: ImagineStep, net: Any, batch: Unrolled) -> tuple[Float[Array, ""], Metrics]:
    """The loss of `unrolled_loss` for any way to imagine a step, and 1/K of the losses that each step adds."""
    steps = batch.action.shape[1]
    of_value, of_reward = net.supports
    latent = net.representation(batch.observation)
    weight, known = batch.policy_weight / jnp.maximum(batch.policy_weight.sum(0, keepdims=True), 1.0), batch.known
    if batch.importance is not None:
        weight, known = weight * batch.importance[:, None], known * batch.importance[:, None]
    policy = value = reward = unlike = jnp.float32(0)
    batch, rewards = batch._replace(known=known), reward_targets(net, batch.reward)
    more: Metrics = {}
    told: Metrics = {}
    for k in range(steps + 1):
        share, out = 1.0 if k == 0 else 1.0 / steps, net.prediction(latent)
        missed, spread = _against(net, out.policy, batch, k)
        policy_k = (weight[:, k] * missed).sum()
        if k == 0:
            first = {"policy_loss": policy_k, "policy_entropy": spread.mean()}
            first["value_loss"] = jnp.square(of_value.mean(out.value) - batch.value[:, 0]).mean()
        policy += share * policy_k
        value += share * (known[:, k] * cross_entropy(out.value, of_value.two_hot(batch.value[:, k]))).mean()
        if k > 0 and net.resemblance is not None:
            assert batch.later is not None, "the replay must keep what was seen on the way"
            seen = net.representation(batch.later[:, k - 1])
            unlike += (weight[:, k] * net.resemblance(latent_of(latent), latent_of(seen))).sum() / steps
        if k < steps:
            imagined, more_k, told_k = imagine(net, jax.tree.map(_half, latent), batch, k)
            latent, target = imagined.latent, of_reward.two_hot(rewards[:, k])
            reward += (known[:, k] * cross_entropy(imagined.reward, target)).mean() / steps
            more = {name: more.get(name, 0.0) + x / steps for name, x in more_k.items()}
            told = {name: told.get(name, 0.0) + x / steps for name, x in told_k.items()}
    metrics = {**first, "unrolled_policy_loss": policy, "unrolled_value_loss": value, "unrolled_reward_loss": reward}
    loss, metrics = policy + value + reward + sum(more.values()), metrics | more | told
    if net.resemblance is None:
        return loss, metrics
    return loss + net.resemblance.weight * unlike, metrics | {"consistency_loss": unlike}


def _against(
    net: Any, logits: Float[Array, "B L"], batch: Unrolled, k: int
) -> tuple[Float[Array, " B"], Float[Array, " B"]]:
    """(−Σ_a π_k(a)·log p(a), entropy of p): of all actions, or of the candidates where actions are numbers.

    Source, of the second: Sampled MuZero (ICML 2021), section 4.3.
    """
    if batch.candidates is None:
        return cross_entropy(logits, batch.policy[:, k]), entropy(jax.nn.softmax(logits))
    log_policy = net.actions.log_probability(logits, batch.candidates[:, k])
    return -(batch.policy[:, k] * log_policy).sum(-1), net.actions.entropy(logits)


def _half(x: Array) -> Array:
    return scale_gradient(x, 0.5) if jnp.issubdtype(x.dtype, jnp.floating) else x


def scale_gradient(x: Float[Array, "*n"], scale: float) -> Float[Array, "*n"]:
    """The same numbers; `scale` times the gradient."""
    return scale * x + (1 - scale) * jax.lax.stop_gradient(x)
