"""Search machinery alone: ours against mctx on one made-up world with a free network, interleaved in one run.

python benchmarks/search_speed.py
"""

import statistics
import time
from functools import partial

import jax
import jax.numpy as jnp
import mctx
import numpy as np

from move37.core.types import Prediction, Transition
from move37.search.gumbel import Gumbel
from move37.search.mcts import SearchConfig, search
from move37.search.puct import Puct

SIZES = [(64, 362, 64, 2000), (32, 4672, 32, 8000)]  # games, actions, simulations, floats a node
REPEATS = 7


class World:
    """Priors and values are slices of a fixed table, chosen by an integer: as good as free."""

    def __init__(self, actions: int, floats: int):
        rng = np.random.default_rng(0)
        self.logits = jnp.asarray(rng.normal(size=(64, actions)).astype(np.float32) * 2)
        self.values = jnp.asarray(rng.uniform(-1, 1, 64).astype(np.float32))
        self.floats = floats

    def embed(self, observation):
        return observation

    def transition(self, embedding, action):
        state, payload = embedding
        state = (state * 1103515245 + action + 12345) & 0x7FFFFFFF
        batch = state.shape[0]
        return Transition((state, payload + 1), jnp.zeros(batch), jnp.full(batch, -1.0))

    def evaluate(self, embedding):
        row = (embedding[0] >> 8) % 64
        return Prediction(self.logits[row], self.values[row])

    def roots(self, batch):
        return jnp.arange(batch, dtype=jnp.int32) * 7919, jnp.zeros((batch, self.floats))


def mctx_search(world, batch, simulations, policy):
    def recurrent(params, key, action, embedding):
        step = world.transition(embedding, action)
        prior, value = world.evaluate(step.embedding)
        output = mctx.RecurrentFnOutput(reward=step.reward, discount=step.discount, prior_logits=prior, value=value)
        return output, step.embedding

    def run(key):
        prior, value = world.evaluate(world.roots(batch))
        root = mctx.RootFnOutput(prior_logits=prior, value=value, embedding=world.roots(batch))
        return policy(None, key, root, recurrent, simulations).action_weights

    return jax.jit(run)


def our_search(world, batch, simulations, rule):
    config = SearchConfig(rule, simulations)

    def run(key):
        noise = rule.noise(key, jnp.ones((batch, world.logits.shape[1]), bool))
        return search(world, world.roots(batch), config, noise).action_weights

    return jax.jit(run)


def main():
    print(f"{jax.devices()[0].device_kind}, median of {REPEATS}, milliseconds a search")
    for batch, actions, simulations, floats in SIZES:
        world = World(actions, floats)
        make = partial(mctx_search, world, batch, simulations)
        runs = {
            "mctx PUCT": make(mctx.muzero_policy),
            "ours PUCT": our_search(world, batch, simulations, Puct()),
            "mctx Gumbel": make(mctx.gumbel_muzero_policy),
            "ours Gumbel": our_search(world, batch, simulations, Gumbel()),
        }
        times = {name: [] for name in runs}
        for repeat in range(REPEATS + 1):
            for name, run in runs.items():
                began = time.perf_counter()
                run(jax.random.key(repeat)).block_until_ready()
                if repeat:  # the first one compiles
                    times[name].append(1000 * (time.perf_counter() - began))
        median = {name: statistics.median(values) for name, values in times.items()}
        print(
            f"{batch} × {actions} × {simulations}, {floats} floats a node:", {k: round(v, 1) for k, v in median.items()}
        )
        for rule in ("PUCT", "Gumbel"):
            print(f"  {rule}: {median[f'mctx {rule}'] / median[f'ours {rule}']:.1f} times as fast as mctx")


if __name__ == "__main__":
    main()
