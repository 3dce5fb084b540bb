"""A made-up world: everything about a node follows from an integer hash, so that trees are rich and repeatable."""

import jax
import jax.numpy as jnp

from move37.core.types import Prediction, Transition


class HashWorld:
    """`terminal` of 8 edges end the episode, the others flip the sign (two players) or keep it."""

    def __init__(self, num_actions: int, terminal: int = 1, discount: float = -1.0, illegal: int = 1):
        self.num_actions, self.terminal, self.discount, self.illegal = num_actions, terminal, discount, illegal

    def embed(self, observation):
        return observation

    def transition(self, embedding, action):
        mixed = _mix(embedding * jnp.uint32(2654435761) + action.astype(jnp.uint32) + jnp.uint32(1))
        ends = (mixed >> 8) % jnp.uint32(8) < self.terminal
        reward = jnp.where(ends, _unit(mixed, 3) * 2 - 1, 0.0)
        return Transition(mixed, reward, jnp.where(ends, 0.0, self.discount))

    def evaluate(self, embedding):
        each = _mix(embedding[:, None] + jnp.arange(self.num_actions, dtype=jnp.uint32)[None] * jnp.uint32(7919))
        logits = 4 * _unit(each, 1)
        blocked = (_mix(each + jnp.uint32(5)) % jnp.uint32(8) < self.illegal) & (jnp.arange(self.num_actions) > 0)[None]
        return Prediction(jnp.where(blocked, -jnp.inf, logits), 2 * _unit(_mix(embedding), 7) - 1)


def roots(count: int):
    """Root embeddings."""
    return _mix(jnp.arange(1, count + 1, dtype=jnp.uint32))


def _mix(x):
    x = (x ^ (x >> 16)) * jnp.uint32(0x85EBCA6B)
    x = (x ^ (x >> 13)) * jnp.uint32(0xC2B2AE35)
    return x ^ (x >> 16)


def _unit(x, salt):
    return (_mix(x + jnp.uint32(salt)) >> 8).astype(jnp.float32) / jnp.float32(2**24)


def as_mctx(world, count):
    """The same world as mctx wants it: root and recurrent function. Illegal actions at the root only, as in mctx."""
    import mctx

    def recurrent(params, key, action, embedding):
        step = world.transition(embedding, action)
        prediction = world.evaluate(step.embedding)
        value = jnp.where(step.discount == 0, 0.0, prediction.value)
        output = mctx.RecurrentFnOutput(
            reward=step.reward, discount=step.discount, prior_logits=prediction.prior_logits, value=value
        )
        return output, step.embedding

    prediction = world.evaluate(roots(count))
    root = mctx.RootFnOutput(prior_logits=prediction.prior_logits, value=prediction.value, embedding=roots(count))
    return root, recurrent, jax.numpy.isneginf(prediction.prior_logits)
