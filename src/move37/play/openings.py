"""Openings: random ones, breadth for self-play and variety for arenas; and those of a book."""

from collections.abc import Sequence
from functools import partial

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Int, Key

from move37.core.types import Game, Opening, State


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


def begun(game: Game, book: Sequence[Opening], keys: Key[Array, " pairs"]) -> tuple[State, Int[np.ndarray, "rows P"]]:
    """The openings of a book, as many as there are keys at most: (states, moves, −1 behind the last).

    A key is for `game.init`, where an opening names no position.
    """
    step, states, rows = jax.jit(game.step), [], book[: len(keys)]
    moves = np.full((len(rows), max(len(opening.moves) for opening in rows)), -1, np.int32)
    for i, opening in enumerate(rows):
        state = game.from_text(opening.start) if opening.start else game.init(keys[i])
        for action in opening.moves:
            state = step(state, jnp.int32(action)).state
        moves[i, : len(opening.moves)] = opening.moves
        states.append(state)
    return jax.tree.map(lambda *leaves: jnp.stack(leaves), *states), moves
