"""Othello on 4×4 to 10×10. A row is the bits of a word, so that one sweep over the rows serves all points at once."""

import math
import operator
from dataclasses import dataclass, field
from functools import reduce
from typing import NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Bool, Float, Int, Int8, Key, UInt32

from move37.core.errors import BadConfig
from move37.core.types import Game, Step, Symmetry
from move37.games.boards import dihedral_symmetries, grid_text

DIRECTIONS = [(0, 1), (1, 1), (1, 0), (1, -1), (0, -1), (-1, -1), (-1, 0), (-1, 1)]  # rows down, columns right
Rows = list[UInt32[Array, ""]]  # a set of points: from the top, a word a row, whose bit c is column c


class State(NamedTuple):
    """`board` is 0 empty, 1 first player (black), −1 second, row by row from the top left."""

    board: Int8[Array, " N"]
    player: Int8[Array, ""]  # 1 or −1, to move


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
    sides = ("Black", "White")

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
        own, other = self._sides(state)
        point = _rows(jnp.arange(self.size**2) == action)  # no bit at all for a pass
        turned = _turned(point, own, other)
        board = jnp.where(_points([t | p for t, p in zip(turned, point, strict=True)]), state.player, state.board)
        own = [o | t | p for o, t, p in zip(own, turned, point, strict=True)]
        other = [o & ~t for o, t in zip(other, turned, strict=True)]
        goes_on = reduce(operator.or_, _moves(own, other) + _moves(other, own)) != 0
        result = jnp.sign(_balance(board, state.player))
        after = State(board, -state.player)
        return Step(after, jnp.where(goes_on, 0.0, result), jnp.where(goes_on, -1.0, 0.0))

    def legal(self, state: State) -> Bool[Array, " A"]:
        points = _points(_moves(*self._sides(state)))
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

    def tally(self, state: State) -> str:
        board = np.asarray(state.board)
        return f"{(board > 0).sum()}–{(board < 0).sum()}"

    def render(self, state: State) -> str:
        rows = [str(row + 1) for row in range(self.size)]
        return grid_text(np.asarray(state.board).reshape(self.size, self.size), "abcdefghij"[: self.size], rows)

    def _sides(self, state: State) -> tuple[Rows, Rows]:
        """Discs of the player to move, and the opponent's."""
        return _rows(state.board == state.player), _rows(state.board == -state.player)


def _rows(points: Bool[Array, " N"]) -> Rows:
    size = math.isqrt(points.shape[0])
    bits = points.reshape(size, size).astype(jnp.uint32) << jnp.arange(size, dtype=jnp.uint32)[None]
    return list(bits.sum(axis=1, dtype=jnp.uint32))


def _points(rows: Rows) -> Bool[Array, " N"]:
    columns = jnp.arange(len(rows), dtype=jnp.uint32)[None]
    return ((jnp.stack(rows)[:, None] >> columns) & jnp.uint32(1)).astype(bool).reshape(-1)


def _moves(own: Rows, other: Rows) -> Rows:
    """Where the player of `own` can place a disc: empty points right behind the other's discs, seen from an own one."""
    found = [jnp.uint32(0)] * len(own)
    for direction in DIRECTIONS:
        _, behind = _sweep(own, other, *direction)
        found = [f | b for f, b in zip(found, behind, strict=True)]
    board = jnp.uint32(2 ** len(own) - 1)
    return _computed_once([f & board & ~(a | b) for f, a, b in zip(found, own, other, strict=True)])


def _turned(point: Rows, own: Rows, other: Rows) -> Rows:
    """What a disc on the one `point` turns over: the other's discs up to the next own one, in each direction."""
    found = [jnp.uint32(0)] * len(own)
    for direction in DIRECTIONS:
        run, behind = _sweep(point, other, *direction)
        closed = reduce(operator.or_, [b & o for b, o in zip(behind, own, strict=True)]) != 0
        found = [f | jnp.where(closed, r, jnp.uint32(0)) for f, r in zip(found, run, strict=True)]
    return _computed_once(found)


def _sweep(start: Rows, through: Rows, down: int, right: int) -> tuple[Rows, Rows]:
    """In one direction: the unbroken runs of `through` that begin beside `start`; the points right behind runs."""
    size = len(start)
    runs, behind = [jnp.uint32(0)] * size, [jnp.uint32(0)] * size
    for row in range(size)[:: -1 if down < 0 else 1]:
        before = row - down
        if down == 0:
            for _ in range(size - 2):  # no run is longer
                runs[row] = _shift(start[row] | runs[row], right) & through[row]
        elif 0 <= before < size:
            runs[row] = _shift(start[before] | runs[before], right) & through[row]
        if 0 <= before < size:
            behind[row] = _shift(runs[before], right)
    return runs, behind


def _shift(row: UInt32[Array, ""], right: int) -> UInt32[Array, ""]:
    if right == 0:
        return row
    return row << jnp.uint32(1) if right > 0 else row >> jnp.uint32(1)


def _computed_once(rows: Rows) -> Rows:
    """A wall to XLA's fusion, which would compute all rows anew for each point that depends on them."""
    return list(jax.lax.optimization_barrier(jnp.stack(rows)))


def _balance(board: Int8[Array, " N"], player: Int8[Array, ""]) -> Float[Array, ""]:
    """Discs of this player less the other's."""
    return (board * player).astype(jnp.float32).sum()
