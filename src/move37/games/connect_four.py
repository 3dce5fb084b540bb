"""Connect Four on 6×7. A win is looked for among the 69 lines of four, which is cheap enough to need no bitboards."""

from dataclasses import dataclass
from typing import NamedTuple

import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Bool, Int, Int8, Key

from move37.core.types import Game, Step, Symmetry
from move37.games.boards import grid_text, mirror_symmetries

ROWS, COLUMNS = 6, 7


class State(NamedTuple):
    """`board[row, column]`, row 0 at the bottom: 0 empty, 1 first player, −1 second."""

    board: Int8[Array, "6 7"]
    player: Int8[Array, ""]  # 1 or −1, to move


def _windows() -> np.ndarray:
    """Points of each of the 69 lines of four."""
    lines = []
    for row in range(ROWS):
        for column in range(COLUMNS):
            for up, right in ((0, 1), (1, 0), (1, 1), (1, -1)):
                if row + 3 * up < ROWS and 0 <= column + 3 * right < COLUMNS:
                    lines.append([(row + i * up) * COLUMNS + column + i * right for i in range(4)])
    return np.array(lines)


LINES = _windows()


@dataclass(frozen=True)
class ConnectFour(Game):
    """Four in a row on 6×7; an action is a column, 0 at the left."""

    name = "connect_four"
    num_actions = COLUMNS
    num_players = 2
    observation_shape = (2, ROWS, COLUMNS)
    max_num_moves = ROWS * COLUMNS

    def init(self, key: Key[Array, ""]) -> State:
        return State(jnp.zeros((ROWS, COLUMNS), jnp.int8), jnp.int8(1))

    def step(self, state: State, action: Int[Array, ""]) -> Step:
        height = (state.board[:, action] != 0).sum()
        board = state.board.at[height, action].set(state.player)
        own = (board == state.player).reshape(-1)
        won = own[LINES].all(axis=1).any()
        over = won | (board != 0).all()
        return Step(State(board, -state.player), won.astype(jnp.float32), jnp.where(over, 0.0, -1.0))

    def legal(self, state: State) -> Bool[Array, "7"]:
        return state.board[ROWS - 1] == 0

    def observe(self, state: State) -> Bool[Array, "2 6 7"]:
        return jnp.stack([state.board == state.player, state.board == -state.player])

    def to_play(self, state: State) -> Int[Array, ""]:
        return (state.player < 0).astype(jnp.int32)

    def symmetries(self) -> tuple[Symmetry, ...]:
        return mirror_symmetries(ROWS, COLUMNS)

    def render(self, state: State) -> str:
        names = [str(column) for column in range(COLUMNS)]
        return grid_text(np.asarray(state.board)[::-1], names, [""] * ROWS)
