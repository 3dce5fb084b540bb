"""Random openings: breadth for self-play, variety for arenas."""

from functools import partial

import jax
import jax.numpy as jnp
from jaxtyping import Array, Int, Key

from move37.core.types import Game, State


def random_opening(
    game: Game, state: State, length: Int[Array, ""], most: int, key: Key[Array, ""]
) -> tuple[State, Int[Array, " P"]]:
    """`length` ≤ `most` uniformly random legal moves that do not end the game: (state, moves, −1 behind the last)."""

    def move(carry: tuple[State, Array], i: Array) -> tuple[tuple[State, Array], Array]:
        state, going = carry
        logits = jnp.where(game.legal(state), 0.0, -jnp.inf)
        action = jax.random.categorical(jax.random.fold_in(key, i), logits).astype(jnp.int32)
        step = game.step(state, action)
        going &= (i < length) & (step.discount != 0)
        state = jax.tree.map(partial(jnp.where, going), step.state, state)
        return (state, going), jnp.where(going, action, -1)

    (state, _), moves = jax.lax.scan(move, (state, jnp.bool_(True)), jnp.arange(most))
    return state, moves
