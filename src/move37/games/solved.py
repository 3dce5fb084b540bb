"""Positions whose every move is known to win, draw or lose: what an agent plays right is counted, not guessed."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from importlib import resources

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Bool, Float, Int, Int8

from move37.core.types import Game, State, Step, take

ILLEGAL = -2


@dataclass(frozen=True)
class SolvedPositions:
    """Positions in which at least one legal move gives the result away."""

    states: State  # batched
    values: Int8[np.ndarray, "N A"]  # result of each move for the mover: 1 win, 0 draw, −1 loss, −2 illegal
    depth: Int[np.ndarray, " N"]  # index into `depths`
    depths: tuple[str, ...]

    def kept(self, actions: Int[np.ndarray, " N"]) -> Float[np.ndarray, " N"]:
        """1 where a move keeps the game-theoretic result, 0 where it gives it away or is illegal."""
        got = np.take_along_axis(self.values, np.asarray(actions)[:, None], axis=1)[:, 0]
        return (got == self.values.max(axis=1)).astype(np.float64)

    @property
    def chance(self) -> float:
        """Share of moves of uniformly random play that keep the result."""
        legal = self.values != ILLEGAL
        best = self.values == self.values.max(axis=1, keepdims=True)
        return float((best.sum(1) / legal.sum(1)).mean())


@cache
def load(game: Game) -> SolvedPositions | None:
    """The positions of a game, or None where nobody solved it."""
    if game.name == "tic_tac_toe":
        return _exhaustive(game)
    file = resources.files("move37.games") / "data" / f"{game.name}_solved.npz"
    if not file.is_file():
        return None
    with file.open("rb") as opened, np.load(opened, allow_pickle=False) as data:
        states = replay(game, data["moves"].astype(np.int32))
        return SolvedPositions(states, data["values"], data["depth"].astype(np.int64), tuple(data["depths"].tolist()))


def replay(game: Game, moves: Int[np.ndarray, "N T"]) -> State:
    """States after N move sequences from the start; −1 behind the last move."""

    def one(row: jax.Array) -> State:
        def move(state: State, action: jax.Array) -> tuple[State, None]:
            after = game.step(state, jnp.maximum(action, 0)).state
            return jax.tree.map(lambda new, old: jnp.where(action >= 0, new, old), after, state), None

        return jax.lax.scan(move, game.init(jax.random.key(0)), row)[0]

    return jax.jit(jax.vmap(one))(jnp.asarray(moves))


def _exhaustive(game: Game) -> SolvedPositions:
    """Minimax over all positions of a tiny game, breadth first and back. Identical states are kept once."""
    layers, edges = [take_one(game)], []
    outcomes = _all_moves(game)
    while True:
        after, allowed = outcomes(layers[-1])
        goes_on = allowed & (after.discount != 0)
        child = np.full(goes_on.shape, -1)
        edges.append((after.reward, after.discount, allowed, child))
        if not goes_on.any():
            break
        first, inverse = distinct(take(after.state, goes_on))
        layers.append(jax.tree.map(lambda x, keep=first, rows=goes_on: x[rows][keep], after.state))
        child[goes_on] = inverse
    below, found = np.zeros(0), []
    for reward, discount, allowed, child in reversed(edges):
        values = np.where(allowed, np.rint(reward + discount * np.append(below, 0)[child]), ILLEGAL).astype(np.int8)
        below = values.max(axis=1).astype(np.float64)
        found.append(values)
    found.reverse()
    values = np.concatenate(found)
    states = jax.tree.map(lambda *parts: np.concatenate(parts), *layers)
    matters = np.array([len(set(row[row != ILLEGAL].tolist())) > 1 for row in values])
    depth = np.concatenate([np.full(len(v), i) for i, v in enumerate(found)])
    names = tuple(f"{i} moves" for i in range(len(found)))
    return SolvedPositions(take(states, matters), values[matters], depth[matters], names)


def _all_moves(game: Game) -> Callable[[State], tuple[Step, Bool[np.ndarray, "N A"]]]:
    """N states → every action's step [N A …], and which are legal; in batches of one size, so compiled once."""
    actions, size, legal = jnp.arange(game.num_actions), 256, jax.vmap(game.legal)
    look = jax.jit(lambda states: (jax.vmap(jax.vmap(game.step, (None, 0)), (0, None))(states, actions), legal(states)))

    def outcomes(states: State) -> tuple[Step, Bool[np.ndarray, "N A"]]:
        count = len(jax.tree.leaves(states)[0])
        rows = np.minimum(np.arange(-(-count // size) * size), count - 1).reshape(-1, size)
        parts = [jax.tree.map(np.asarray, look(take(states, batch))) for batch in rows]
        return jax.tree.map(lambda *x: np.concatenate(x)[:count], *parts)

    return outcomes


def distinct(states: State) -> tuple[Int[np.ndarray, " M"], Int[np.ndarray, " N"]]:
    """(where each of the M different states stands first, which of them each of the N states is)."""
    leaves = jax.tree.leaves(states)
    rows = [np.asarray(x).reshape(len(x), int(np.prod(np.shape(x)[1:]))) for x in leaves]
    flat = np.concatenate(rows, axis=1)
    _, first, inverse = np.unique(flat, axis=0, return_index=True, return_inverse=True)
    return first, inverse.reshape(-1)


def take_one(game: Game) -> State:
    """The first state with a batch axis."""
    return jax.tree.map(lambda x: np.asarray(x)[None], game.init(jax.random.key(0)))
