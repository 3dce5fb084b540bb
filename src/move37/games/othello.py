"""Othello on 4×4 to 10×10. What a move turns over is read off the eight rays that leave its point."""

from dataclasses import dataclass, field
from functools import cache
from typing import NamedTuple

import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Bool, Float, Int, Int8, Key

from move37.core.errors import BadConfig
from move37.core.types import Game, Step, Symmetry
from move37.games.boards import dihedral_symmetries, grid_text

DIRECTIONS = [(0, 1), (1, 1), (1, 0), (1, -1), (0, -1), (-1, -1), (-1, 0), (-1, 1)]


class State(NamedTuple):
    """`board` is 0 empty, 1 first player (black), −1 second, row by row from the top left."""

    board: Int8[Array, " N"]
    player: Int8[Array, ""]  # 1 or −1, to move


@cache
def rays(size: int) -> Int[np.ndarray, "N 8 R"]:
    """The points on each ray from each point, nearest first; N, a point that is always empty, beyond the edge."""
    table = np.full((size * size, len(DIRECTIONS), size - 1), size * size)
    for row, column in np.ndindex(size, size):
        for d, (down, right) in enumerate(DIRECTIONS):
            for i in range(1, size):
                r, c = row + i * down, column + i * right
                if 0 <= r < size and 0 <= c < size:
                    table[row * size + column, d, i - 1] = r * size + c
    return table


@dataclass(frozen=True)
class Othello(Game):
    """Discs between the new one and another of the mover's turn over; who has more at the end wins.

    Actions are the points, then pass, which is legal only where nothing else is. The game ends when neither can move.
    """

    size: int = 8
    name: str = field(init=False)
    num_actions: int = field(init=False)
    observation_shape: tuple[int, int, int] = field(init=False)
    max_num_moves: int = field(init=False)

    num_players = 2

    def __post_init__(self) -> None:
        if self.size not in (4, 6, 8, 10):
            raise BadConfig(f"othello: got size {self.size}; allowed: 4, 6, 8, 10.")
        object.__setattr__(self, "name", f"othello_{self.size}x{self.size}")
        object.__setattr__(self, "num_actions", self.size**2 + 1)
        object.__setattr__(self, "observation_shape", (2, self.size, self.size))
        # Never two passes in a row, so at most as many passes as there are empty points at the start.
        object.__setattr__(self, "max_num_moves", 2 * (self.size**2 - 4))

    def init(self, key: Key[Array, ""]) -> State:
        middle = self.size // 2
        board = np.zeros((self.size, self.size), np.int8)
        board[middle - 1, middle] = board[middle, middle - 1] = 1
        board[middle - 1, middle - 1] = board[middle, middle] = -1
        return State(jnp.asarray(board.reshape(-1)), jnp.int8(1))

    def step(self, state: State, action: Int[Array, ""]) -> Step:
        is_pass = action == self.size**2
        ray = jnp.asarray(rays(self.size))[jnp.minimum(action, self.size**2 - 1)]
        run, closed = _turned(_pad(state.board)[ray], state.player)
        changed = jnp.zeros(self.size**2 + 1, bool).at[ray].set(run & closed[:, None]).at[action].set(True)[:-1]
        board = jnp.where(changed & ~is_pass, state.player, state.board)
        goes_on = self._points(board, state.player).any() | self._points(board, -state.player).any()
        result = jnp.sign(_balance(board, state.player))
        after = State(board, -state.player)
        return Step(after, jnp.where(goes_on, 0.0, result), jnp.where(goes_on, -1.0, 0.0))

    def legal(self, state: State) -> Bool[Array, " A"]:
        points = self._points(state.board, state.player)
        return jnp.append(points, ~points.any())

    def observe(self, state: State) -> Bool[Array, "2 H W"]:
        planes = jnp.stack([state.board == state.player, state.board == -state.player])
        return planes.reshape(self.observation_shape)

    def to_play(self, state: State) -> Int[Array, ""]:
        return (state.player < 0).astype(jnp.int32)

    def symmetries(self) -> tuple[Symmetry, ...]:
        """The four of the square's eight that keep the first position: two diagonals and the half turn."""
        return dihedral_symmetries(self.size, num_passes=1)[::2]

    def material(self, state: State) -> Float[Array, ""]:
        """Discs of the player to move less the opponent's: what a greedy player counts."""
        return _balance(state.board, state.player)

    def format_action(self, action: int) -> str:
        if action == self.size**2:
            return "pass"
        return "abcdefghij"[action % self.size] + str(action // self.size + 1)

    def render(self, state: State) -> str:
        rows = [str(row + 1) for row in range(self.size)]
        return grid_text(np.asarray(state.board).reshape(self.size, self.size), "abcdefghij"[: self.size], rows)

    def _points(self, board: Int8[Array, " N"], player: Int8[Array, ""]) -> Bool[Array, " N"]:
        """Where this player can place a disc."""
        _, closed = _turned(_pad(board)[rays(self.size)], player)
        return (board == 0) & closed.any(-1)


def _pad(board: Int8[Array, " N"]) -> Int8[Array, " N+1"]:
    return jnp.append(board, jnp.int8(0))


def _balance(board: Int8[Array, " N"], player: Int8[Array, ""]) -> Float[Array, ""]:
    """Discs of this player less the other's."""
    return (board * player).astype(jnp.float32).sum()


def _turned(
    line: Int8[Array, "*rays R"], player: Int8[Array, ""]
) -> tuple[Bool[Array, "*rays R"], Bool[Array, "*rays"]]:
    """Along each ray: the unbroken run of the opponent's discs from its start; whether the mover's disc closes it."""
    run = [line[..., 0] == -player]
    closed = jnp.zeros(line.shape[:-1], bool)
    for i in range(1, line.shape[-1]):
        closed |= run[-1] & (line[..., i] == player)
        run.append(run[-1] & (line[..., i] == -player))
    return jnp.stack(run, axis=-1), closed
