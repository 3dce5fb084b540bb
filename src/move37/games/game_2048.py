"""2048: slide and merge tiles that come by chance. One player, rewards all the way, and no end but a full board."""

from dataclasses import dataclass
from typing import NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Bool, Float, Int, Int8, Key, UInt32

from move37.core.types import Game, Step, Symmetry
from move37.games.boards import dihedral_symmetries

MOVES = ("up", "right", "down", "left")
SIZE, EXPONENTS = 4, 16  # planes: empty, 2, 4, … 32,768
FOUR = 0.1  # of the new tiles are 4, all others 2
_MOST_MOVES = 20_000  # a tile of 32,768 is there after some 15,000


class State(NamedTuple):
    """Exponents: 0 is empty, k the tile 2^k. The key holds all chance that is to come."""

    board: Int8[Array, "4 4"]
    key: UInt32[Array, " 2"]
    moves: Int[Array, ""]


@dataclass(frozen=True)
class Game2048(Game):
    """A move slides all tiles one way; two equal ones that meet become one, whose number is the reward.

    Then a 2 (nine times in ten) or a 4 comes to an empty point, all equally likely. The start has two such tiles. The
    game is over when no move would change the board.

    Source: Gabriele Cirulli's 2048 (2014). Differs: over after 20,000 moves at the latest.
    """

    name = "game_2048"
    num_actions = len(MOVES)
    num_players = 1
    observation_shape = (EXPONENTS, SIZE, SIZE)
    max_num_moves = _MOST_MOVES
    has_chance = True

    def init(self, key: Key[Array, ""]) -> State:
        first, second, later = jax.random.split(key, 3)
        board = new_tile(new_tile(jnp.zeros((SIZE, SIZE), jnp.int8), first), second)
        return State(board, jax.random.key_data(later), jnp.int32(0))

    def step(self, state: State, action: Int[Array, ""]) -> Step:
        boards, rewards = slides(state.board)
        now, later = jax.random.split(jax.random.wrap_key_data(state.key))
        board, moves = new_tile(boards[action], now), state.moves + 1
        over = ~(slides(board)[0] != board[None]).any() | (moves >= _MOST_MOVES)
        return Step(State(board, jax.random.key_data(later), moves), rewards[action], jnp.where(over, 0.0, 1.0))

    def legal(self, state: State) -> Bool[Array, "4"]:
        return (slides(state.board)[0] != state.board[None]).any((1, 2))

    def observe(self, state: State) -> Bool[Array, "16 4 4"]:
        return state.board[None] == jnp.arange(EXPONENTS, dtype=jnp.int8)[:, None, None]

    def to_play(self, state: State) -> Int[Array, ""]:
        return jnp.int32(0)

    def symmetries(self) -> tuple[Symmetry, ...]:
        """Of the board; a move goes where the arrow that stands for it goes."""
        return tuple(Symmetry(s.points, _turned_moves(s.points)) for s in dihedral_symmetries(SIZE))

    def format_action(self, action: int) -> str:
        return MOVES[action]

    def tally(self, state: State) -> str:
        return f"a tile of {2 ** int(np.max(state.board))}"

    def render(self, state: State) -> str:
        numbers = [[f"{2**x if x else '·':>5}" for x in row] for row in np.asarray(state.board).tolist()]
        return "\n".join("".join(row) for row in numbers)


def slides(board: Int8[Array, "4 4"]) -> tuple[Int8[Array, "4 4 4"], Float[Array, "4"]]:
    """The boards after each of the four moves, before the new tile, and their rewards.

    All moves are the one to the left, of a board that is turned and turned back.
    """
    turned = jnp.stack([board.T, board[:, ::-1], board[::-1].T, board])
    rows, reward = _to_the_left(turned)
    return jnp.stack([rows[0].T, rows[1][:, ::-1], rows[2].T[::-1], rows[3]]), reward


def _to_the_left(rows: Int8[Array, "D 4 4"]) -> tuple[Int8[Array, "D 4 4"], Float[Array, " D"]]:
    """Rows of four cells: close the gaps, then merge pairs from the left, each tile once."""
    cell = [rows[..., i] for i in range(SIZE)]
    for last in (3, 2, 1):
        for i in range(last):
            gap = cell[i] == 0
            cell[i], cell[i + 1] = jnp.where(gap, cell[i + 1], cell[i]), jnp.where(gap, 0, cell[i + 1])
    reward = jnp.zeros(rows.shape[:-1])
    for i in range(SIZE - 1):
        merges = (cell[i] != 0) & (cell[i] == cell[i + 1])
        cell[i] = cell[i] + merges.astype(jnp.int8)
        reward += jnp.where(merges, jnp.exp2(cell[i].astype(jnp.float32)), 0.0)
        for k in range(i + 1, SIZE):
            behind = cell[k + 1] if k + 1 < SIZE else jnp.zeros_like(cell[k])
            cell[k] = jnp.where(merges, behind, cell[k])
    return jnp.stack(cell, -1), reward.sum(-1)


def new_tile(board: Int8[Array, "4 4"], key: Key[Array, ""]) -> Int8[Array, "4 4"]:
    """A 2 or a 4 on one of the empty points; a full board (after an illegal move) stays as it is."""
    where, what = jax.random.split(key)
    empty = board.reshape(-1) == 0
    rank = jax.random.randint(where, (), 0, jnp.maximum(empty.sum(), 1))
    point = (jnp.cumsum(empty) > rank) & empty
    first = point & (jnp.cumsum(point) == 1)
    tile = jnp.where(jax.random.uniform(what) < FOUR, 2, 1).astype(jnp.int8)
    return jnp.where(first.reshape(SIZE, SIZE), tile, board)


def _turned_moves(points: Int[np.ndarray, "16"]) -> Int[np.ndarray, "4"]:
    """Which move of the old board is each move of the new one: by where its arrow's ends, two points, come from."""
    ends = [(9, 5), (5, 6), (5, 9), (6, 5)]  # up, right, down, left: from, to
    old = [(points[a] // SIZE, points[a] % SIZE, points[b] // SIZE, points[b] % SIZE) for a, b in ends]
    arrows = [(-1, 0), (0, 1), (1, 0), (0, -1)]
    return np.array([arrows.index((r2 - r1, c2 - c1)) for r1, c1, r2, c2 in old])
