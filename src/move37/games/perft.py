"""perft: how many sequences of `depth` legal moves a position has, the field's oracle for move generators.

Source: the name and the practice are those of chess programmers (Robert Hyatt's Crafty); numbers for chess stand at
https://www.chessprogramming.org/Perft_Results
"""

from functools import lru_cache
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from move37.core.types import Game, State

_BATCH = 1024  # positions that are looked at together


def perft(game: Game, state: State, depth: int) -> int:
    """Legal sequences of moves from one state. The last move is counted, not made; a game that ended has none after it.

    Depth first in batches: memory grows with depth × moves × batch, not with the count. `depth` 0 counts 1.
    """
    if depth == 0:
        return 1
    legal, step = _functions(game)

    def count(states: Any, number: int, depth: int) -> int:
        """Of the first `number` states of a batch that is filled up with copies."""
        mask = np.asarray(legal(states))[:number]
        if depth == 1:
            return int(mask.sum())
        parents, actions = np.nonzero(mask)
        total = 0
        for begin in range(0, len(actions), _BATCH):
            some = slice(begin, begin + _BATCH)
            children, going = step(states, _filled(parents[some]), _filled(actions[some]))
            alive = np.flatnonzero(np.asarray(going)[: len(parents[some])])
            if len(alive):
                total += count(_at_once(children, _filled(alive)), len(alive), depth - 1)
        return total

    return count(_copies(state), 1, depth)


@jax.jit
def _copies(state: State) -> Any:
    return jax.tree.map(lambda x: jnp.repeat(x[None], _BATCH, axis=0), state)


def _at(states: Any, places: np.ndarray | jax.Array) -> Any:
    return jax.tree.map(lambda x: x[places], states)


_at_once = jax.jit(_at)


def _filled(indices: np.ndarray) -> np.ndarray:
    """As many indices as a batch has, so that every call has the shape that is compiled."""
    return np.resize(indices, _BATCH)


@lru_cache(maxsize=8)
def _functions(game: Game) -> tuple[Any, Any]:
    @jax.jit
    def step(states: Any, parents: Any, actions: Any) -> tuple[Any, jax.Array]:
        after = jax.vmap(game.step)(_at(states, parents), actions)
        return after.state, after.discount != 0

    return jax.jit(jax.vmap(game.legal)), step
