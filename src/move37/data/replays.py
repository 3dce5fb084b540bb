"""Written games played by the rules of any game: what each text means, is it legal, and what a network sees."""

from collections.abc import Sequence
from functools import cache
from math import prod
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Int, UInt8, UInt16

from move37.core.errors import BadConfig
from move37.core.types import Game

_BATCH = 256  # games at once
_CHUNK = 32  # moves in one call


class Replay(NamedTuple):
    """A game played again, up to its end by the rules, or to the first move that is not legal."""

    actions: UInt16[np.ndarray, " T"]
    positions: UInt8[np.ndarray, "T bytes"]  # before each move, see `row_bytes`
    illegal: int | None  # the first text that is no legal move


def row_bytes(game: Game) -> int:
    """Of an observation in a dataset: a bit each if it is true or false, else a byte.

    Raises `BadConfig` for a game that shows fractions.
    """
    shape = _seen(game)
    if shape.dtype == bool:
        return -(-prod(shape.shape) // 8)
    if shape.dtype in (jnp.int8, jnp.uint8):
        return prod(shape.shape)
    raise BadConfig(
        f"a dataset keeps whole numbers, and {game.name} shows {shape.dtype}: take a game without fractions."
    )


def unpacked(game: Game, rows: UInt8[np.ndarray, "N bytes"]) -> np.ndarray:
    """Observations [N C H W] of rows as a dataset keeps them."""
    seen = _seen(game)
    if seen.dtype == bool:
        bits = np.unpackbits(rows, axis=-1, count=prod(seen.shape))
        return bits.view(bool).reshape(-1, *seen.shape)
    return rows.view(seen.dtype).reshape(-1, *seen.shape)


def replay(game: Game, games: Sequence[tuple[str, ...]]) -> list[Replay]:
    """Play all games from the first position, those of similar length together."""
    found: dict[int, Replay] = {}
    order = sorted(range(len(games)), key=lambda i: len(games[i]))
    for begin in range(0, len(order), _BATCH):
        chosen = order[begin : begin + _BATCH]
        found |= dict(zip(chosen, _replay(game, [games[i] for i in chosen]), strict=True))
    return [found[i] for i in range(len(games))]


@cache
def _seen(game: Game) -> jax.ShapeDtypeStruct:
    return jax.eval_shape(lambda key: game.observe(game.init(key)), jax.random.key(0))


def _replay(game: Game, games: list[tuple[str, ...]]) -> list[Replay]:
    spelled: dict[str, tuple[int, ...]] = {text: game.spell(text) for texts in games for text in texts}
    width = len(game.spell(""))
    length = -(-max(map(len, games)) // _CHUNK) * _CHUNK
    told = np.full((length, _BATCH, width), -1, np.int32)
    for row, texts in enumerate(games):
        told[: len(texts), row] = np.array([spelled[text] for text in texts], np.int32).reshape(-1, width)
    start, advance = _programs(game)
    state, alive, parts = start(), jnp.ones(_BATCH, bool), []
    for some in np.split(told, length // _CHUNK):
        state, alive, seen = advance(state, alive, some)
        parts.append(jax.tree.map(np.asarray, seen))
    actions, positions, running = (np.concatenate(column) for column in zip(*parts, strict=True))
    return [_cut(len(texts), actions[:, i], positions[:, i], running[:, i]) for i, texts in enumerate(games)]


def _cut(length: int, actions: np.ndarray, positions: np.ndarray, running: np.ndarray) -> Replay:
    wrong = np.flatnonzero((actions[:length] < 0) & running[:length])
    end = int(wrong[0]) if len(wrong) else int(running[:length].sum())
    return Replay(actions[:end].astype(np.uint16), positions[:end].copy(), end if len(wrong) else None)


@cache
def _programs(game: Game) -> tuple[Any, Any]:
    def pack(state: Any) -> UInt8[Array, " bytes"]:
        seen = game.observe(state).reshape(-1)
        return jnp.packbits(seen) if seen.dtype == bool else jax.lax.bitcast_convert_type(seen, jnp.uint8)

    def move(state: Any, alive: Array, numbers: Int[Array, " N"]) -> tuple[Any, Array, Array, Array]:
        action = game.spelled(state, numbers).astype(jnp.int32)
        step = game.step(state, jnp.maximum(action, 0))
        return step.state, alive & (action >= 0) & (step.discount != 0), action, pack(state)

    def advance(state: Any, alive: Array, told: Int[Array, "T B N"]) -> tuple[Any, Array, tuple[Array, Array, Array]]:
        def body(carry: tuple[Any, Array], numbers: Array) -> tuple[tuple[Any, Array], tuple[Array, Array, Array]]:
            state, alive = carry
            state, after, action, seen = jax.vmap(move)(state, alive, numbers)
            return (state, after), (action, seen, alive)

        (state, alive), seen = jax.lax.scan(body, (state, alive), told)
        return state, alive, seen

    start = jax.jit(lambda: jax.vmap(game.init)(jax.random.split(jax.random.key(0), _BATCH)))
    return start, jax.jit(advance)
