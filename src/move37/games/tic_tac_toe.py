"""Tic-tac-toe: 5,478 reachable states, so that claims about search and learning can be checked against all of them."""

from dataclasses import dataclass
from typing import NamedTuple

import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Bool, Int, Int8, Key

from move37.core.types import Game, Step, Symmetry
from move37.games.boards import dihedral_symmetries, grid_text

LINES = np.array([[0, 1, 2], [3, 4, 5], [6, 7, 8], [0, 3, 6], [1, 4, 7], [2, 5, 8], [0, 4, 8], [2, 4, 6]])


class State(NamedTuple):
    """`board` is 0 empty, 1 first player, −1 second."""

    board: Int8[Array, "9"]
    player: Int8[Array, ""]  # 1 or −1, to move


@dataclass(frozen=True)
class TicTacToe(Game):
    """Three in a row on 3×3. Actions are points, row by row from the top left."""

    name = "tic_tac_toe"
    num_actions = 9
    num_players = 2
    observation_shape = (2, 3, 3)
    max_num_moves = 9

    def init(self, key: Key[Array, ""]) -> State:
        return State(jnp.zeros(9, jnp.int8), jnp.int8(1))

    def step(self, state: State, action: Int[Array, ""]) -> Step:
        board = state.board.at[action].set(state.player)
        won = (board[LINES] == state.player).all(axis=1).any()
        over = won | (board != 0).all()
        return Step(State(board, -state.player), won.astype(jnp.float32), jnp.where(over, 0.0, -1.0))

    def legal(self, state: State) -> Bool[Array, "9"]:
        return state.board == 0

    def observe(self, state: State) -> Bool[Array, "2 3 3"]:
        return jnp.stack([state.board == state.player, state.board == -state.player]).reshape(2, 3, 3)

    def to_play(self, state: State) -> Int[Array, ""]:
        return (state.player < 0).astype(jnp.int32)

    def symmetries(self) -> tuple[Symmetry, ...]:
        return dihedral_symmetries(3)

    def format_action(self, action: int) -> str:
        return "abc"[action % 3] + "321"[action // 3]

    def render(self, state: State) -> str:
        return grid_text(np.asarray(state.board).reshape(3, 3), "abc", "321")
