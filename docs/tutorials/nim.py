"""Nim with heaps of 3, 4 and 5: take any number from one heap; whoever takes the last object wins."""

from dataclasses import dataclass
from typing import NamedTuple

import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Bool, Int, Int8, Key

from move37.core.types import Game, Step

HEAPS = (3, 4, 5)
LARGEST = max(HEAPS)


class State(NamedTuple):
    """Arrays only, each with a dtype of its own."""

    heaps: Int8[Array, "3"]
    player: Int8[Array, ""]  # 0 or 1, to move


@dataclass(frozen=True)
class Nim(Game):
    """Action `heap * LARGEST + number - 1` takes that number from that heap."""

    name = "nim"
    num_actions = len(HEAPS) * LARGEST
    num_players = 2
    observation_shape = (1, len(HEAPS), LARGEST)
    max_num_moves = sum(HEAPS)

    def init(self, key: Key[Array, ""]) -> State:
        """All heaps full. A game with chance would use the key."""
        return State(jnp.array(HEAPS, jnp.int8), jnp.int8(0))

    def step(self, state: State, action: Int[Array, ""]) -> Step:
        """Reward for the player who moved; discount −1 where the opponent moves next, 0 at the end."""
        heap, number = action // LARGEST, action % LARGEST + 1
        heaps = state.heaps.at[heap].add(-number.astype(jnp.int8))
        won = (heaps == 0).all()  # by the player who just moved
        return Step(State(heaps, 1 - state.player), won.astype(jnp.float32), jnp.where(won, 0.0, -1.0))

    def legal(self, state: State) -> Bool[Array, "15"]:
        """A heap gives no more than it has."""
        numbers = jnp.arange(1, LARGEST + 1, dtype=jnp.int8)
        return (numbers[None, :] <= state.heaps[:, None]).reshape(-1)

    def observe(self, state: State) -> Bool[Array, "1 3 5"]:
        """A row for each heap, as long as the heap: what can be taken is also all that there is to see."""
        return self.legal(state).reshape(self.observation_shape)

    def to_play(self, state: State) -> Int[Array, ""]:
        """For display alone."""
        return state.player.astype(jnp.int32)

    def format_action(self, action: int) -> str:
        """`b3` takes three from the second heap."""
        return "abc"[action // LARGEST] + str(action % LARGEST + 1)

    def render(self, state: State) -> str:
        """What `move37 play` shows."""
        return "\n".join(f"{name} {'|' * int(n)}" for name, n in zip("abc", np.asarray(state.heaps), strict=True))
