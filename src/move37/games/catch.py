"""Catch: a ball falls, a paddle moves under it. The smallest world of one player in which an early move matters."""

from dataclasses import dataclass
from typing import NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Bool, Int, Int8, Key

from move37.core.types import Game, Step
from move37.games.boards import grid_text

ROWS, COLUMNS = 10, 5
MOVES = ("left", "stay", "right")


class State(NamedTuple):
    """Row 0 is at the top; the paddle moves along the bottom row."""

    ball_row: Int8[Array, ""]
    ball_column: Int8[Array, ""]
    paddle: Int8[Array, ""]  # column


@dataclass(frozen=True)
class Catch(Game):
    """The ball starts in a random column of the top row and falls a row a move; caught it pays +1, missed −1.

    Source: bsuite (Osband et al., 2020), experiment "catch".
    """

    name = "catch"
    num_actions = len(MOVES)
    num_players = 1
    observation_shape = (1, ROWS, COLUMNS)
    max_num_moves = ROWS - 1

    def init(self, key: Key[Array, ""]) -> State:
        return State(jnp.int8(0), jax.random.randint(key, (), 0, COLUMNS, jnp.int8), jnp.int8(COLUMNS // 2))

    def step(self, state: State, action: Int[Array, ""]) -> Step:
        paddle = jnp.clip(state.paddle + (action - 1).astype(jnp.int8), 0, COLUMNS - 1)
        row = jnp.minimum(state.ball_row + 1, ROWS - 1)
        over = row == ROWS - 1
        outcome = jnp.where(paddle == state.ball_column, 1.0, -1.0)
        return Step(State(row, state.ball_column, paddle), jnp.where(over, outcome, 0.0), jnp.where(over, 0.0, 1.0))

    def legal(self, state: State) -> Bool[Array, "3"]:
        return jnp.ones(len(MOVES), bool)

    def observe(self, state: State) -> Bool[Array, "1 10 5"]:
        empty = jnp.zeros((1, ROWS, COLUMNS), bool)
        return empty.at[0, state.ball_row, state.ball_column].set(True).at[0, ROWS - 1, state.paddle].set(True)

    def to_play(self, state: State) -> Int[Array, ""]:
        return jnp.int32(0)

    def format_action(self, action: int) -> str:
        return MOVES[action]

    def render(self, state: State) -> str:
        board = np.zeros((ROWS, COLUMNS), int)
        board[-1, int(state.paddle)] = 1
        board[int(state.ball_row), int(state.ball_column)] = -1
        return grid_text(board, [""] * COLUMNS, [""] * ROWS, {0: "·", 1: "=", -1: "o"})
