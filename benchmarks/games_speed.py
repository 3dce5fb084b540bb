"""Random play in every game, ours and Pgx's in turns: steps a second and bytes a state. Needs the extra `pgx`.

    python benchmarks/games_speed.py [othello_8x8 hex_11x11 …]

A step is a legal mask, an observation and a uniformly random legal move in each of a batch of games; a game that ends
begins again. Both libraries run in one process with the same code around them; the median turn of each counts.
"""

import argparse
import statistics
import time
from collections.abc import Callable
from functools import partial
from typing import Any

import jax
import jax.numpy as jnp
import pgx

from move37 import games

Random = Callable[[jax.Array], jax.Array]  # legal [B, A] → actions [B]
_SAME = ("tic_tac_toe", "connect_four", "go_9x9", "go_19x19", "animal_shogi", "chess", "shogi")
PGX_NAMES = {name: name for name in _SAME}
PGX_NAMES |= {"othello_8x8": "othello", "hex_11x11": "hex"}  # Pgx's Hex has the swap, ours here has not


def random_legal(uniform: jax.Array, legal: jax.Array) -> jax.Array:
    """A uniformly random legal action of each game, from one random number each."""
    count = jnp.cumsum(legal.astype(jnp.int32), axis=1)
    wanted = (uniform * count[:, -1]).astype(jnp.int32)
    return (count <= wanted[:, None]).sum(axis=1).astype(jnp.int32)


def ours(name: str, keys: jax.Array) -> tuple[Any, Callable[[Any, Random], Any]]:
    """(what the loop carries, one step of it): the observation is carried, so that XLA must make it."""
    game = games.make(name)
    observe = jax.vmap(game.observe)
    first = jax.vmap(game.init)(keys)

    def advance(carry: Any, choose: Random) -> Any:
        state, _ = carry
        step = jax.vmap(game.step)(state, choose(jax.vmap(game.legal)(state)))
        state = again(step.discount == 0, first, step.state)
        return state, observe(state)

    return (first, observe(first)), advance


def theirs(name: str, keys: jax.Array) -> tuple[Any, Callable[[Any, Random], Any]]:
    """Pgx keeps mask and observation in its state: its step makes them, and its bytes count them."""
    env = pgx.make(PGX_NAMES[name])
    first = jax.tree.map(jnp.asarray, jax.vmap(env.init)(keys))

    def advance(carry: Any, choose: Random) -> Any:
        (state,) = carry
        after = jax.vmap(env.step)(state, choose(state.legal_action_mask))
        return (again(after.terminated | after.truncated, first, after),)

    return (first,), advance


def again(over: jax.Array, first: Any, after: Any) -> Any:
    """Where a game is over, its first state."""

    def one(start: jax.Array, new: jax.Array) -> jax.Array:
        return jnp.where(over.reshape(-1, *[1] * (new.ndim - 1)), start, new).astype(start.dtype)

    return jax.tree.map(one, first, after)


class Turns:
    """One library playing one game: every call plays on for about as long."""

    def __init__(self, make: Callable, name: str, batch: int, seconds: float):
        self.carry, advance = make(name, jax.random.split(jax.random.key(0), batch))
        self.num_bytes = sum(leaf.nbytes for leaf in jax.tree.leaves(self.carry[0])) // batch
        self.rates: list[float] = []

        @partial(jax.jit, donate_argnums=0)
        def play(carry: Any, key: jax.Array, num_steps: jax.Array) -> Any:
            def body(i: jax.Array, carry: Any) -> Any:
                return advance(carry, partial(random_legal, jax.random.uniform(jax.random.fold_in(key, i), (batch,))))

            return jax.lax.fori_loop(0, num_steps, body, carry)

        self._play, self._batch, self._num_steps = play, batch, 8
        self.carry = jax.tree.map(jnp.copy, self.carry)  # the first states stay; only the copy is given away
        self()  # compiles
        while self() < seconds / 2:
            self._num_steps *= 2
        self.rates.clear()

    def __call__(self) -> float:
        began = time.perf_counter()
        self.carry = jax.block_until_ready(self._play(self.carry, jax.random.key(len(self.rates)), self._num_steps))
        elapsed = time.perf_counter() - began
        self.rates.append(self._num_steps * self._batch / elapsed)
        return elapsed


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("names", nargs="*", default=games.names())
    parser.add_argument("--batch", type=int, default=256)
    parser.add_argument("--turns", type=int, default=5)
    parser.add_argument("--seconds", type=float, default=1.0, help="of one turn, at least half of it")
    args = parser.parse_args()
    print(f"jax {jax.__version__}, {jax.devices()[0].device_kind}, batch {args.batch}, median of {args.turns} turns")
    print("| game | steps/s | bytes | Pgx steps/s | bytes | ratio |\n|---|---|---|---|---|---|")
    for name in args.names:
        players = [Turns(make, name, args.batch, args.seconds) for make in (ours, theirs)[: 1 + (name in PGX_NAMES)]]
        for _ in range(args.turns):
            for player in players:
                player()
        rates = [statistics.median(player.rates) for player in players]
        cells = [f"{rate:,.0f} | {player.num_bytes:,}" for rate, player in zip(rates, players, strict=True)]
        ratio = f"{rates[0] / rates[1]:.1f}" if len(rates) == 2 else ""
        print(f"| {name} | {' | '.join([*cells, '– | –'][:2])} | {ratio} |", flush=True)


if __name__ == "__main__":
    main()
