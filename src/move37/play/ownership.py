"""Whose each point of a Go board will be, guessed by playing random games to their end.

Every move of such a game is drawn from the legal ones that do not fill an eye of the mover's own: a point with the
mover's stones on all sides. Where none is left the player passes; two passes end it, and area is counted. A chain is
taken for dead where the opponent owns its points in most of these games.

Source: B. Brügmann, "Monte Carlo Go" (1993), for the games; that stones are judged by them is custom in Go programs.
Differs from reading: random players live with one eye too often and lose sekis. It is an estimate, and cheap.
"""

from functools import cache, partial
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float, Int, Key

from move37.games.go import Go, State, neighbours
from move37.games.go_setup import chain_names, set_up

NUM_GAMES = 64
DEAD = -0.4  # a chain whose points belong to its colour less than this, from −1 to 1, is dead


def ownership(
    size: int, stones: Int[np.ndarray, " N"], player: int, seed: int = 0, num_games: int = NUM_GAMES
) -> Float[np.ndarray, " N"]:
    """The mean owner of each point: 1 Black, −1 White."""
    game, play = _program(size, num_games)
    return np.asarray(play(set_up(game, stones, player), jax.random.key(seed)))


def dead_stones(
    size: int, stones: Int[np.ndarray, " N"], owners: Float[np.ndarray, " N"], threshold: float = DEAD
) -> list[int]:
    """The points of the chains that `owners` takes for dead, in ascending order."""
    names, _ = chain_names(stones, size)
    dead = [
        np.flatnonzero(names == name)
        for name in np.unique(names[names != 0])
        if float(owners[names == name].mean()) * np.sign(name) < threshold
    ]
    return sorted(int(point) for points in dead for point in points)


@cache
def _program(size: int, num_games: int) -> tuple[Go, Any]:
    game = Go(size, history=1, max_num_moves=max(32, 3 * size**2))
    return game, jax.jit(partial(_mean_owner, game, num_games))


def _mean_owner(game: Go, num_games: int, state: State, key: Key[Array, ""]) -> Float[Array, " N"]:
    def play(key: Key[Array, ""]) -> Array:
        def going(carry: tuple[State, Array, Array]) -> Array:
            return carry[1] != 0

        def move(carry: tuple[State, Array, Array]) -> tuple[State, Array, Array]:
            state, _, t = carry
            step = game.step(state, _draw(game, state, jax.random.fold_in(key, t)))
            return step.state, step.discount, t + 1

        state_at_end = jax.lax.while_loop(going, move, (state, jnp.float32(1), jnp.int32(0)))[0]
        return game.area(state_at_end)

    return jax.vmap(play)(jax.random.split(key, num_games)).astype(jnp.float32).mean(0)


def _draw(game: Go, state: State, key: Key[Array, ""]) -> Int[Array, ""]:
    """A legal move that fills no eye of the mover's own; a pass where there is none."""
    own = jnp.append(state.chains * state.player.astype(state.chains.dtype) > 0, jnp.array(True))  # the edge helps
    eye = own[jnp.asarray(neighbours(game.size)[:-1])].all(1)
    good = game.legal(state)[:-1] & ~eye
    logits = jnp.append(jnp.where(good, 0.0, -jnp.inf), jnp.where(good.any(), -jnp.inf, 0.0))
    return jax.random.categorical(key, logits).astype(jnp.int32)
