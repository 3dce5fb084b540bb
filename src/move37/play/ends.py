"""How games ended: whose each point was, and by how many points. For games whose rules can tell."""

from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float, Int, Int8, UInt32

from move37.core.episode import Episode
from move37.core.errors import BadConfig
from move37.core.types import Game

_BATCH = 32  # games that are played again at once


class Ends:
    """Plays finished episodes again to look at their last state: self-play itself carries nothing for it."""

    def __init__(self, game: Game):
        """Raises `BadConfig` for a game without `area(state)` and `score(state)`, both of the first player."""
        if not (hasattr(game, "area") and hasattr(game, "score")):
            raise BadConfig(f"net.auxiliary: {game.name} knows no ownership and score; Go does. Leave both heads out.")
        self.game: Any = game
        self._last = jax.jit(jax.vmap(self._look, in_axes=(0, 0, 0, 0, None)))

    def add(self, episodes: list[Episode]) -> list[Episode]:
        """The episodes with ownership and score, seen by the agent of their first row."""
        told = []
        for begin in range(0, len(episodes), _BATCH):
            some = episodes[begin : begin + _BATCH]
            rows = [np.concatenate([e.opening, e.action[: len(e.action) - e.resigned]]) for e in some]
            actions = np.zeros((_BATCH, self.game.max_num_moves), np.int32)
            for i, row in enumerate(rows):
                actions[i, : len(row)] = row
            keys = np.zeros((_BATCH, 2), np.uint32)
            keys[: len(some)] = [e.init_key for e in some]
            openings, lengths = np.zeros((2, _BATCH), np.int32)
            openings[: len(some)], lengths[: len(some)] = [len(e.opening) for e in some], [len(row) for row in rows]
            ownership, score = self._last(keys, actions, openings, lengths, np.int32(lengths.max()))
            for e, whose, points in zip(some, np.asarray(ownership), np.asarray(score), strict=False):
                told.append(e._replace(ownership=whose, score=float(points)))
        return told

    def _look(
        self,
        init_key: UInt32[Array, " 2"],
        actions: Int[Array, " T"],
        opening: Int[Array, ""],
        length: Int[Array, ""],
        longest: Int[Array, ""],
    ) -> tuple[Int8[Array, " HW"], Float[Array, ""]]:
        """(ownership, score) of the state behind the last action, for the agent to move behind the opening."""

        def move(t: Array, carry: tuple[Any, Array]) -> tuple[Any, Array]:
            state, first = carry
            first = jnp.where(t == opening, self.game.to_play(state), first)
            after = self.game.step(state, actions[t]).state
            return jax.tree.map(lambda new, old: jnp.where(t < length, new, old), after, state), first

        state = self.game.init(jax.random.wrap_key_data(init_key))
        state, first = jax.lax.fori_loop(0, longest, move, (state, jnp.int32(0)))
        first = jnp.where(length == opening, self.game.to_play(state), first)  # resigned at once
        sign = jnp.where(first == 0, 1, -1)
        return sign.astype(jnp.int8) * self.game.area(state), sign.astype(jnp.float32) * self.game.score(state)
