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

NUM_GAMES = 64  # of a whole estimate
DEAD = -0.4  # a chain whose points belong to its colour less than this, from −1 to 1, is dead
_WORK = 2**19  # games at once times size⁴, for each of about size² moves looks at size² points


class Owners:
    """Whose each point of one position will be: 1 Black, −1 White. The more games, the better it is known."""

    def __init__(self, size: int, stones: Int[np.ndarray, " N"], player: int, seed: int = 0):
        """Plays nothing yet."""
        self._some = games_at_once(size)
        game, self._play = _program(size, self._some)
        self._state, self._seed = set_up(game, stones, player), seed
        self._sum, self.num_games = np.zeros(size**2, np.float32), 0

    def better(self) -> Float[np.ndarray, " N"]:
        """The mean owner of each point after `games_at_once` more, unless all were played."""
        if self.num_games < NUM_GAMES:
            self._sum = self._sum + np.asarray(self._play(self._state, self._seed, self.num_games))
            self.num_games += self._some
        return self._sum / self.num_games

    def best(self) -> Float[np.ndarray, " N"]:
        """The mean owner of each point after all games."""
        while self.num_games < NUM_GAMES:
            self.better()
        return self._sum / self.num_games


def games_at_once(size: int) -> int:
    """As many as a CPU plays in about a tenth of a second, a divisor of `NUM_GAMES`: all up to 9×9, 4 on 19×19."""
    return min(NUM_GAMES, 2 ** ((_WORK // size**4).bit_length() - 1))


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
    return game, jax.jit(partial(_sum_of_owners, game, num_games))


def _sum_of_owners(
    game: Go, num_games: int, state: State, seed: Int[Array, ""], first: Int[Array, ""]
) -> Float[Array, " N"]:
    """Of the games `first` to `first` + `num_games` among `NUM_GAMES`."""

    def play(key: Key[Array, ""]) -> Array:
        def going(carry: tuple[State, Array, Array]) -> Array:
            return carry[1] != 0

        def move(carry: tuple[State, Array, Array]) -> tuple[State, Array, Array]:
            state, _, t = carry
            step = game.step(state, _draw(game, state, jax.random.fold_in(key, t)))
            return step.state, step.discount, t + 1

        state_at_end = jax.lax.while_loop(going, move, (state, jnp.float32(1), jnp.int32(0)))[0]
        return game.area(state_at_end)

    keys = jax.random.split(jax.random.key(seed), NUM_GAMES)
    keys = jax.lax.dynamic_slice_in_dim(keys, first, num_games)
    return jax.vmap(play)(keys).astype(jnp.float32).sum(0)


def _draw(game: Go, state: State, key: Key[Array, ""]) -> Int[Array, ""]:
    """A legal move that fills no eye of the mover's own; a pass where there is none."""
    own = jnp.append(state.chains * state.player.astype(state.chains.dtype) > 0, jnp.array(True))  # the edge helps
    eye = own[jnp.asarray(neighbours(game.size)[:-1])].all(1)
    good = game.legal(state)[:-1] & ~eye
    logits = jnp.append(jnp.where(good, 0.0, -jnp.inf), jnp.where(good.any(), -jnp.inf, 0.0))
    return jax.random.categorical(key, logits).astype(jnp.int32)
