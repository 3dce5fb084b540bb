"""Deep Sea: one treasure behind N right moves that each cost a little. Random play finds it once in 2^N episodes."""

from dataclasses import dataclass, field
from typing import NamedTuple

import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Bool, Int, Int8, Key

from move37.core.errors import BadConfig
from move37.core.types import Game, Step
from move37.games.boards import grid_text

MOVES = ("left", "right")
MOVE_COST = 0.01  # of all N right moves together


class State(NamedTuple):
    """The diver, who sinks a row a move from the top left. Row N is the end."""

    row: Int8[Array, ""]
    column: Int8[Array, ""]


@dataclass(frozen=True)
class DeepSea(Game):
    """N × N water. Right costs 0.01 / N, left nothing; right from the bottom right corner finds the treasure, +1.

    Source: bsuite (Osband et al., 2020), experiment "deep_sea", without noise.
    Differs: in every cell action 0 is left and action 1 right, where bsuite shuffles the two by cell.
    """

    size: int = 8
    observation_shape: tuple[int, int, int] = field(init=False)
    max_num_moves: int = field(init=False)

    name = "deep_sea"
    num_actions = len(MOVES)
    num_players = 1

    def __post_init__(self) -> None:
        if not 1 <= self.size <= 100:
            raise BadConfig(f"deep_sea: got size {self.size}; allowed: 1 to 100. Choose a size in that range.")
        object.__setattr__(self, "observation_shape", (1, self.size, self.size))
        object.__setattr__(self, "max_num_moves", self.size)

    def init(self, key: Key[Array, ""]) -> State:
        return State(jnp.int8(0), jnp.int8(0))

    def step(self, state: State, action: Int[Array, ""]) -> Step:
        right = action == 1
        found = right & (state.column == self.size - 1)
        column = jnp.clip(state.column + jnp.where(right, jnp.int8(1), jnp.int8(-1)), 0, self.size - 1)
        row = jnp.minimum(state.row + 1, self.size)
        reward = found.astype(jnp.float32) - jnp.where(right, MOVE_COST / self.size, 0.0)
        return Step(State(row, column), reward, jnp.where(row == self.size, 0.0, 1.0))

    def legal(self, state: State) -> Bool[Array, "2"]:
        return jnp.ones(len(MOVES), bool)

    def observe(self, state: State) -> Bool[Array, "1 N N"]:
        """The diver; nothing at the end."""
        cells = jnp.arange(self.size, dtype=jnp.int8)
        return ((cells == state.row)[:, None] & (cells == state.column)[None, :])[None]

    def to_play(self, state: State) -> Int[Array, ""]:
        return jnp.int32(0)

    def format_action(self, action: int) -> str:
        return MOVES[action]

    def render(self, state: State) -> str:
        board = np.asarray(self.observe(state))[0].astype(int)
        board[-1, -1] -= 2  # −2 the treasure, −1 the diver above it
        stones = {0: "·", 1: "X", -2: "$", -1: "X"}
        return grid_text(board, [""] * self.size, [""] * self.size, stones)
