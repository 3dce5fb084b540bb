"""Games of Pgx as games of move37: `games.make("pgx:tic_tac_toe")`. Needs the extra `pgx`."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
from jaxtyping import Array, Bool, Int, Key, Shaped, UInt32

from move37.core.errors import BadConfig, MissingExtra, UnknownName
from move37.core.types import Game, Step


class State(NamedTuple):
    """`env` is the state of Pgx, whose numbers of players are drawn by lot: `first` is the one who began."""

    env: Any
    first: Int[Array, ""]
    num_moves: Int[Array, ""]
    chance: UInt32[Array, "2"]  # bits of the key of all chance to come: a search that knows these rules foresees it


@dataclass(frozen=True)
class PgxGame(Game):
    """A game of Pgx with one or two players. Longer games than `max_num_moves` are cut off without a result.

    Raises `MissingExtra` where Pgx is not installed, `UnknownName` or `BadConfig` for a game that it or we cannot play.
    """

    env_id: str
    max_num_moves: int = 512
    name: str = field(init=False)
    num_actions: int = field(init=False)
    num_players: int = field(init=False)
    observation_shape: tuple[int, int, int] = field(init=False)
    _env: Any = field(init=False, compare=False, repr=False)

    def __post_init__(self) -> None:
        env = _make(self.env_id)
        if env.num_players > 2:
            raise BadConfig(f"pgx:{self.env_id}: got {env.num_players} players; allowed: 1 or 2. Choose another game.")
        with _relaxed():
            shape = jax.eval_shape(lambda: _planes(env.init(jax.random.key(0)).observation)).shape
            attributes = {"num_actions": env.num_actions, "num_players": env.num_players, "observation_shape": shape}
        for attribute, value in {"name": f"pgx:{self.env_id}", "_env": env, **attributes}.items():
            object.__setattr__(self, attribute, value)

    def init(self, key: Key[Array, ""]) -> State:
        init_key, chance_key = jax.random.split(key)
        with _relaxed():
            env = jax.tree.map(_strong, self._env.init(jax.random.key_data(init_key)))
        return State(env, env.current_player, jnp.int32(0), jax.random.key_data(chance_key))

    def step(self, state: State, action: Int[Array, ""]) -> Step:
        chance, step_key = jax.random.key_data(jax.random.split(jax.random.wrap_key_data(state.chance)))
        mover = state.env.current_player
        with _relaxed():
            env = jax.tree.map(_strong, self._env.step(state.env, action, step_key), state.env)
        num_moves = state.num_moves + 1
        over = env.terminated | env.truncated | (num_moves >= self.max_num_moves)
        discount = jnp.where(over, 0.0, jnp.where(env.current_player == mover, 1.0, -1.0))
        return Step(State(env, state.first, num_moves, chance), env.rewards[mover], discount)

    def legal(self, state: State) -> Bool[Array, " A"]:
        return state.env.legal_action_mask

    def observe(self, state: State) -> Shaped[Array, "C H W"]:
        return _planes(state.env.observation)

    def to_play(self, state: State) -> Int[Array, ""]:
        return (state.env.current_player != state.first).astype(jnp.int32)


def _make(env_id: str) -> Any:
    try:
        import pgx
    except ImportError as error:
        raise MissingExtra(f"pgx:{env_id} needs Pgx, which is not installed: pip install 'move37[pgx]'.") from error
    if env_id not in pgx.available_envs():
        raise UnknownName(f"Pgx has no game {env_id!r}; it has: {', '.join(pgx.available_envs())}.")
    with _relaxed():
        return pgx.make(env_id)


@contextmanager
def _relaxed() -> Iterator[None]:
    """Pgx relies on implicit promotions, which may be switched off around it."""
    with jax.numpy_dtype_promotion("standard"), jax.numpy_rank_promotion("allow"):
        yield


def _strong(leaf: Any, like: Any = None) -> Array:
    """Some states of Pgx hold Python numbers, or change their dtype: an array with a dtype of its own."""
    return jnp.asarray(leaf, jnp.result_type(leaf if like is None else like))


def _planes(observation: Shaped[Array, "..."]) -> Shaped[Array, "C H W"]:
    """Pgx puts channels last, or has no board at all."""
    if observation.ndim == 3:
        return jnp.moveaxis(observation, -1, 0)
    return observation.reshape(-1, 1, 1) if observation.ndim == 1 else observation[None]
