"""A made-up world: everything about a node follows from an integer hash, so that trees are rich and repeatable."""

import jax
import jax.numpy as jnp
import numpy as np

from move37.core.types import Prediction, Transition


class HashWorld:
    """`terminal` of 8 edges end the episode, the others flip the sign (two players) or keep it.

    `discount` None mixes −1 and 0.97; `rewards` puts rewards on all edges. `arrays` says who computes: jax.numpy or
    NumPy, with the same result to the last bit, because all of it is 32-bit integers and exact multiples of 2⁻²⁴.
    """

    def __init__(self, num_actions, terminal=1, discount=-1.0, illegal=1, rewards=False, arrays=jnp):
        self.num_actions, self.terminal, self.discount, self.illegal = num_actions, terminal, discount, illegal
        self.rewards, self.arrays = rewards, arrays

    def embed(self, observation):
        return observation

    def observe(self, embedding):
        return embedding

    def predict(self, embedding, logits, value):
        return Prediction(logits, value)  # `evaluate` has masked them

    def transition(self, embedding, action):
        mixed = _mix(embedding * np.uint32(2654435761) + action.astype(np.uint32) + np.uint32(1))
        ends = (mixed >> 8) % np.uint32(8) < self.terminal
        reward = self.arrays.where(ends | self.rewards, _unit(mixed, 3) * 2 - 1, np.float32(0))
        flips = ((mixed >> 12) % np.uint32(2) == 0) | (self.discount is not None)
        going = self.arrays.where(flips, np.float32(-1.0 if self.discount is None else self.discount), np.float32(0.97))
        return Transition(mixed, reward, self.arrays.where(ends, np.float32(0), going))

    def evaluate(self, embedding):
        actions = self.arrays.arange(self.num_actions, dtype=np.uint32)[None]
        each = _mix(embedding[:, None] + actions * np.uint32(7919))
        logits = 4 * _unit(each, 1)
        blocked = (_mix(each + np.uint32(5)) % np.uint32(8) < self.illegal) & (actions > 0)
        logits = self.arrays.where(blocked, np.float32(-np.inf), logits)
        return Prediction(logits, 2 * _unit(_mix(embedding), 7) - 1)


class OneGame:
    """A batched model as the reference wants it: one state at a time."""

    def __init__(self, world):
        self.world = world

    def transition(self, embedding, action):
        after = self.world.transition(embedding[None], np.array([action], np.int32))
        return after.embedding[0], float(after.reward[0]), float(after.discount[0])

    def evaluate(self, embedding):
        prediction = self.world.evaluate(embedding[None])
        return prediction.prior_logits[0], float(prediction.value[0])


def one_game(num_actions, **options):
    """The reference's view of `HashWorld(num_actions, **options)`."""
    return OneGame(HashWorld(num_actions, arrays=np, **options))


def roots(count: int):
    """Root embeddings."""
    return _mix(np.arange(1, count + 1, dtype=np.uint32))


def _mix(x):
    x = (x ^ (x >> 16)) * np.uint32(0x85EBCA6B)
    x = (x ^ (x >> 13)) * np.uint32(0xC2B2AE35)
    return x ^ (x >> 16)


def _unit(x, salt):
    return (_mix(x + np.uint32(salt)) >> 8).astype(np.float32) / np.float32(2**24)


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

    prediction = jax.jit(world.evaluate)(roots(count))
    root = mctx.RootFnOutput(prior_logits=prediction.prior_logits, value=prediction.value, embedding=roots(count))
    return root, recurrent, np.isneginf(prediction.prior_logits)
