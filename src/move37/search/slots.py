"""Which actions get a slot in a node: all of them, the K likeliest, or K sampled ones."""

import jax
import jax.numpy as jnp
from jaxtyping import Array, Float, Int, Key

Slots = tuple[Int[Array, "M K"], Float[Array, "M K"]]  # actions, log P


def top_slots(log_prior: Float[Array, "M A"], order: Float[Array, "M A"], num_slots: int) -> Slots:
    """The K actions that come first in `order`. Exact for PUCT and Gumbel if K ≥ visits of the node (see `tree`)."""
    if num_slots == log_prior.shape[-1]:
        return jnp.broadcast_to(jnp.arange(num_slots, dtype=jnp.int32), log_prior.shape), log_prior
    _, action = jax.lax.top_k(order, num_slots)
    return action.astype(jnp.int32), jnp.take_along_axis(log_prior, action, axis=-1)


def sampled_slots(log_prior: Float[Array, "M A"], num_slots: int, key: Key[Array, ""]) -> Slots:
    """K draws from P with replacement; equal draws share a slot, whose prior is its share of the draws.

    Source: Hubert et al., "Learning and planning in complex action spaces" (Sampled MuZero), ICML 2021: with the
    proposal β = π the search's prior is the empirical distribution β̂. Used by AlphaTensor with K = 16 or 32.
    """
    draws = jax.random.categorical(key, log_prior, axis=-1, shape=(num_slots, log_prior.shape[0]))
    rows = jnp.broadcast_to(jnp.arange(log_prior.shape[0]), draws.shape)
    counts = jnp.zeros_like(log_prior).at[rows, draws].add(1.0)
    return top_slots(jnp.log(counts / num_slots), counts, num_slots)
