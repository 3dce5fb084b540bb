"""Random play in Go, ours against Pgx's: steps a second and bytes a state. Needs the extra `pgx`.

    python benchmarks/go_speed.py --sizes 9 19 --batches 128 1024

A step is a legal mask, an observation of all games, a uniformly random legal move in each, a new game where one ended.
Both libraries run in turns in one process, with the same code around them; the fastest turn of each counts.
"""

import argparse
import time
from collections.abc import Callable
from functools import partial
from typing import Any

import jax
import jax.numpy as jnp
import pgx

from move37.games.go import Go

Advance = Callable[[Any, jax.Array], Any]


def random_legal(legal: jax.Array, key: jax.Array) -> jax.Array:
    """A uniformly random legal action, from one random number."""
    count = jnp.cumsum(legal.astype(jnp.int32))
    return (count <= (jax.random.uniform(key) * count[-1]).astype(jnp.int32)).sum().astype(jnp.int32)


def ours(size: int) -> tuple[Any, Advance]:
    game = Go(size, history=8)
    first = game.init(jax.random.key(0))

    def advance(carry: Any, key: jax.Array) -> Any:
        state, _ = carry
        step = game.step(state, random_legal(game.legal(state), key))
        over = step.discount == 0
        state = jax.tree.map(lambda new, start: jnp.where(over, start, new), step.state, first)
        return state, game.observe(state)

    return (first, game.observe(first)), advance


def theirs(size: int) -> tuple[Any, Advance]:
    """Pgx keeps mask and observation in its state, so that its step makes them."""
    env = pgx.make(f"go_{size}x{size}") if size in (9, 19) else pgx.go.Go(size=size)
    first = env.init(jax.random.PRNGKey(0))

    def advance(state: Any, key: jax.Array) -> Any:
        after = env.step(state, random_legal(state.legal_action_mask, key))
        over = after.terminated | after.truncated
        return jax.tree.map(lambda new, start: jnp.where(over, start, new).astype(start.dtype), after, first)

    return first, advance


def bytes_of(state: Any) -> int:
    return sum(leaf.size * leaf.dtype.itemsize for leaf in map(jnp.asarray, jax.tree.leaves(state)))


def compiled(make: Callable[[int], tuple[Any, Advance]], size: int, batch: int) -> tuple[Any, Any]:
    first, advance = make(size)
    first = jax.tree.map(jnp.asarray, first)
    states = jax.tree.map(lambda x: jnp.repeat(x[None], batch, axis=0), first)
    advance_all = jax.vmap(advance)

    @partial(jax.jit, static_argnums=2, donate_argnums=0)
    def play(states: Any, key: jax.Array, num_steps: int) -> Any:
        def body(states: Any, key: jax.Array) -> tuple[Any, None]:
            return advance_all(states, jax.random.split(key, batch)), None

        return jax.lax.scan(body, states, jax.random.split(key, num_steps))[0]

    return play, states


def seconds(play: Any, states: Any, num_steps: int, seed: int) -> tuple[float, Any]:
    start = time.perf_counter()
    states = jax.block_until_ready(play(states, jax.random.key(seed), num_steps))
    return time.perf_counter() - start, states


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--sizes", type=int, nargs="+", default=[9])
    parser.add_argument("--batches", type=int, nargs="+", default=[128, 1024])
    parser.add_argument("--turns", type=int, default=3)
    parser.add_argument("--seconds", type=float, default=3.0, help="aimed at for one turn of one library")
    args = parser.parse_args()
    print(f"jax {jax.__version__}, {jax.devices()[0].device_kind}, pgx {pgx.__version__}")
    for size in args.sizes:
        for batch in args.batches:
            rates = {}
            players = {}
            for name, make in (("move37", ours), ("pgx", theirs)):
                play, states = compiled(make, size, batch)
                num_bytes = bytes_of(states) // batch
                _, states = seconds(play, states, 8, 0)
                trial, states = seconds(play, states, 8, 1)
                num_steps = max(8, int(8 * args.seconds / trial))
                _, states = seconds(play, states, num_steps, 2)  # games of all lengths, and compilation
                players[name], rates[name] = (play, states, num_steps, num_bytes), 0.0
            for turn in range(args.turns):
                for name, (play, states, num_steps, num_bytes) in players.items():
                    elapsed, states = seconds(play, states, num_steps, 3 + turn)
                    players[name] = play, states, num_steps, num_bytes
                    rates[name] = max(rates[name], num_steps * batch / elapsed)
            text = ", ".join(f"{name} {rates[name]:,.0f} steps/s {players[name][3]:,} bytes" for name in players)
            print(f"go {size}x{size}, batch {batch}: {text}; ratio {rates['move37'] / rates['pgx']:.1f}", flush=True)


if __name__ == "__main__":
    main()
