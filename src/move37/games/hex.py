"""Hex on 2×2 to 19×19. Chains and the four edges carry labels; a move merges what it touches, without any search."""

from dataclasses import dataclass, field
from functools import cache
from typing import NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Bool, Int, Int8, Int16, Key

from move37.core.errors import BadConfig
from move37.core.types import Game, Step, Symmetry
from move37.games.boards import dihedral_symmetries, grid_text

NEIGHBOURS = [(-1, 0), (-1, 1), (0, -1), (0, 1), (1, -1), (1, 0)]
EDGES = 4  # behind the points of the board: top, bottom (the first player's), left, right (the second's)
LETTERS = "abcdefghijklmnopqrs"


class State(NamedTuple):
    """`board` is 0 empty, 1 first player, −1 second; `label` is equal within a chain, an edge included, −1 if empty."""

    board: Int8[Array, " N"]
    label: Int16[Array, " N+4"]
    player: Int8[Array, ""]  # 1 or −1, to move


@cache
def neighbours(size: int) -> Int[np.ndarray, "N 8"]:
    """The six neighbours of each point and the edges it lies on; N + 4 where there is none."""
    points = size * size
    table = np.full((points, 8), points + EDGES)
    for row, column in np.ndindex(size, size):
        at = [(row + down, column + right) for down, right in NEIGHBOURS]
        found = [r * size + c for r, c in at if 0 <= r < size and 0 <= c < size]
        edges = (row == 0, row == size - 1, column == 0, column == size - 1)
        found += [points + i for i, on in enumerate(edges) if on]
        table[row * size + column, : len(found)] = found
    return table


@dataclass(frozen=True)
class Hex(Game):
    """The first player connects top and bottom, the second left and right. There is no draw.

    Actions are points, row by row from the top left, then the swap where the game has it: in place of a first stone the
    second player takes over the first player's, mirrored so that it stands to its new edges as it did to the old ones.
    """

    size: int = 11
    swap: bool = False  # the pie rule
    name: str = field(init=False)
    num_actions: int = field(init=False)
    observation_shape: tuple[int, int, int] = field(init=False)
    max_num_moves: int = field(init=False)

    num_players = 2

    def __post_init__(self) -> None:
        if not 2 <= self.size <= 19:
            raise BadConfig(f"hex: got size {self.size}; allowed: 2 to 19.")
        object.__setattr__(self, "name", f"hex_{'swap_' * self.swap}{self.size}x{self.size}")
        object.__setattr__(self, "num_actions", self.size**2 + self.swap)
        object.__setattr__(self, "observation_shape", (3, self.size, self.size))
        object.__setattr__(self, "max_num_moves", self.size**2 + self.swap)

    def init(self, key: Key[Array, ""]) -> State:
        points = self.size**2
        label = np.append(np.full(points, -1), points + np.arange(EDGES)).astype(np.int16)
        return State(jnp.zeros(points, jnp.int8), jnp.asarray(label), jnp.int8(1))

    def step(self, state: State, action: Int[Array, ""]) -> Step:
        if not self.swap:
            return self._place(state, action)
        row, column = jnp.divmod(jnp.argmax(state.board != 0), self.size)
        swaps = action == self.size**2
        empty = self.init(jax.random.key(0))._replace(player=state.player)
        state = jax.tree.map(lambda cleared, kept: jnp.where(swaps, cleared, kept), empty, state)
        return self._place(state, jnp.where(swaps, column * self.size + row, action))

    def _place(self, state: State, action: Int[Array, ""]) -> Step:
        owner = jnp.concatenate([state.board, jnp.array([1, 1, -1, -1, 0], jnp.int8)])
        touched = jnp.asarray(neighbours(self.size))[action]
        # −2 is nobody's label: what is empty, or the opponent's, or off the board merges with nothing.
        merged = jnp.where(owner[touched] == state.player, jnp.append(state.label, jnp.int16(-2))[touched], -2)
        chain = (state.label[:, None] == merged[None, :]).any(axis=1).at[action].set(True)
        label = jnp.where(chain, action.astype(jnp.int16), state.label)
        top, bottom, left, right = label[-EDGES:]
        won = jnp.where(state.player > 0, top == bottom, left == right)
        after = State(state.board.at[action].set(state.player), label, -state.player)
        return Step(after, won.astype(jnp.float32), jnp.where(won, 0.0, -1.0))

    def legal(self, state: State) -> Bool[Array, " A"]:
        if not self.swap:
            return state.board == 0
        return jnp.append(state.board == 0, (state.player < 0) & ((state.board != 0).sum() == 1))

    def observe(self, state: State) -> Bool[Array, "3 H W"]:
        """Own stones, the opponent's, and whose edges are top and bottom: actions stay where they are on the board."""
        first = jnp.broadcast_to(state.player > 0, state.board.shape)
        planes = jnp.stack([state.board == state.player, state.board == -state.player, first])
        return planes.reshape(self.observation_shape)

    def to_play(self, state: State) -> Int[Array, ""]:
        return (state.player < 0).astype(jnp.int32)

    def symmetries(self) -> tuple[Symmetry, ...]:
        """The identity and the half turn; a mirror would exchange the players' edges."""
        identity, _, half_turn, *_ = dihedral_symmetries(self.size, num_passes=int(self.swap))
        return identity, half_turn

    def format_action(self, action: int) -> str:
        if action == self.size**2:
            return "swap"
        return LETTERS[action % self.size] + str(action // self.size + 1)

    def render(self, state: State) -> str:
        board = np.asarray(state.board).reshape(self.size, self.size)
        lines = grid_text(board, LETTERS[: self.size], [f"{row + 1:>2}" for row in range(self.size)]).splitlines()
        return "\n".join(" " * i + line for i, line in enumerate(lines))
