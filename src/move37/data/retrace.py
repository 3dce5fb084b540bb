"""Games played again by the rules of `games.go`: is every move legal, and which positions come up?"""

from collections.abc import Sequence
from functools import cache, partial
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Bool, Int, UInt8, UInt16

from move37.games.go import Go, State

_BATCH = 256  # games at once
_CHUNK = 32  # moves in one call
_LENGTHS = 128  # programs are compiled for games of up to 128, 256, … moves


class Line(NamedTuple):
    """What of a game the rules need."""

    handicap: tuple[int, ...]  # points of Black's stones that stand there before the first move
    first: int  # who begins: 1 Black, −1 White
    actions: UInt16[np.ndarray, " T"]


class Trace(NamedTuple):
    """A game played again."""

    positions: UInt8[np.ndarray, "T 2 bytes"]  # before each move, the bits of Black's and of White's stones
    illegal: int | None  # the first move that the rules do not allow
    why: str
    superko: bool  # whether it is only that a position came before: other rules than ours may allow the move


def retrace(size: int, lines: Sequence[Line]) -> list[Trace]:
    """Play all games, those of similar length together."""
    traces: list[Trace | None] = [None] * len(lines)
    order = sorted(range(len(lines)), key=lambda i: len(lines[i].actions))
    for begin in range(0, len(order), _BATCH):
        chosen = order[begin : begin + _BATCH]
        for i, trace in zip(chosen, _retrace(size, [lines[i] for i in chosen]), strict=True):
            traces[i] = trace
    return [trace for trace in traces if trace is not None]


def states(game: Go, line: Line) -> State:
    """The state before each move of a legal game [T …], for what needs more than stones: a search, a net."""
    length = len(line.actions)
    actions = np.full(-(-length // _LENGTHS) * _LENGTHS, game.size**2, np.int32)
    actions[:length] = line.actions
    begin, play = _states_programs(game)
    found = play(begin(np.array(line.handicap, np.int32), np.int8(line.first)), actions)
    return jax.tree.map(lambda x: np.asarray(x)[:length], found)


@cache
def _states_programs(game: Go) -> tuple[Any, Any]:
    def begin(stones: Int[Array, " S"], first: Int[Array, ""]) -> State:
        return _start(game, stones, first) if len(stones) else game.init(jax.random.key(0))

    def move(state: State, action: Int[Array, ""]) -> tuple[State, State]:
        return game.step(state, action).state, state

    return jax.jit(begin), jax.jit(lambda start, actions: jax.lax.scan(move, start, actions)[1])


def _retrace(size: int, lines: list[Line]) -> list[Trace]:
    longest = 1 + max(len(line.actions) for line in lines)  # one more, to see what the last move did
    start, advance = _programs(size, -(-(longest + 1) // _LENGTHS) * _LENGTHS)
    num_chunks = -(-longest // _CHUNK)
    actions = np.full((_BATCH, num_chunks * _CHUNK), size * size, np.int32)
    stones = np.full((_BATCH, -(-max(len(line.handicap) for line in lines) // 9) * 9), size * size, np.int32)
    for row, line in enumerate(lines):
        actions[row, : len(line.actions)] = line.actions
        stones[row, : len(line.handicap)] = line.handicap
    first = np.array([line.first for line in lines] + [1] * (_BATCH - len(lines)), np.int8)
    state, chunks = start(stones, first), []
    for some in np.split(actions, num_chunks, axis=1):
        state, seen = advance(state, some)
        chunks.append(jax.tree.map(np.asarray, seen))
    legal, positions = (np.concatenate(parts, axis=1) for parts in zip(*chunks, strict=True))
    return [_trace(size, line, legal[row], positions[row]) for row, line in enumerate(lines)]


@cache
def _programs(size: int, most_moves: int) -> tuple[Any, Any]:
    game = Go(size, history=1, max_num_moves=most_moves)
    return jax.jit(jax.vmap(partial(_start, game))), jax.jit(jax.vmap(partial(_advance, game)))


def _start(game: Go, stones: Int[Array, " S"], first: Int[Array, ""]) -> State:
    """The first position counts for superko too: its hash stands where that of a move before it would."""
    empty = game.init(jax.random.key(0))

    def put(state: State, point: Int[Array, ""]) -> tuple[State, None]:
        placed = game.step(state._replace(player=jnp.int8(1)), point).state
        return placed._replace(num_moves=jnp.int16(0)), None

    state, _ = jax.lax.scan(put, empty, stones)
    return empty._replace(chains=state.chains, hashes=state.hashes, player=first, num_moves=jnp.int16(1))


def _advance(
    game: Go, state: State, actions: Int[Array, " T"]
) -> tuple[State, tuple[Bool[Array, " T"], UInt8[Array, "T 2 bytes"]]]:
    """Whether each move is legal, and the stones before it."""

    def move(state: State, action: Int[Array, ""]) -> tuple[State, tuple[Array, Array]]:
        stones = jnp.packbits(jnp.stack([state.chains > 0, state.chains < 0]), axis=-1)
        return game.step(state, action).state, (game.legal(state)[action], stones)

    return jax.lax.scan(move, state, actions)


def _trace(size: int, line: Line, legal: np.ndarray, positions: np.ndarray) -> Trace:
    length = len(line.actions)
    wrong = np.flatnonzero(~legal[:length])
    if not len(wrong):
        return Trace(positions[:length].copy(), None, "", False)
    at = int(wrong[0])
    stones = np.unpackbits(positions[at], axis=-1, count=size * size)
    came_before = np.equal(positions[: at + 1], positions[at + 1 : at + 2]).all(axis=(1, 2))
    occupied = stones[:, int(line.actions[at])].any()
    if occupied:
        why = "a stone stands there already"
    elif came_before.any():
        why = f"it brings back the position before move {int(np.argmax(came_before)) + 1}"
    else:
        why = "its own stones would have no liberty"
    at_once = bool(came_before[max(at - 1, 0) :].any())  # a ko taken back at once, which no rules allow
    return Trace(positions[:at].copy(), at, why, bool(came_before.any()) and not at_once and not occupied)
