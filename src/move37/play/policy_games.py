"""Games without search: every move is drawn from what some network says. For policy gradients and value targets."""

from collections.abc import Callable, Sequence
from functools import cache
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Bool, Float, Int, Key, Shaped

from move37.core.types import Game, State
from move37.search.stepwise import Evaluator

UNIFORM = -1  # instead of the number of a network: a uniformly random legal move


class PolicyGames(NamedTuple):
    """B games, a row a move, padded behind their ends."""

    observation: Shaped[np.ndarray, "T B C H W"]
    legal: Bool[np.ndarray, "T B A"]
    action: Int[np.ndarray, "T B"]
    alive: Bool[np.ndarray, "T B"]  # False: the game was over before this move
    outcome: Float[np.ndarray, "T B"]  # the return from here on, of the agent to move


def play_policies(
    game: Game,
    networks: Sequence[Evaluator],
    who: Callable[[int], Int[np.ndarray, " B"]],
    games: int,
    key: Key[Array, ""],
) -> PolicyGames:
    """Play `games` games to their ends. `who(t)` is the number of the network that makes move t, or `UNIFORM`."""
    start, advance = _compiled(game)
    state, observation, legal = start(jax.random.split(key, games))
    alive, rows, rewards = np.ones(games, bool), [], []
    for t in range(game.max_num_moves):
        seen, movers = np.asarray(observation), np.where(alive, who(t), UNIFORM)
        logits = np.zeros(legal.shape, np.float32)
        for number, evaluate in enumerate(networks):
            mine = movers == number
            if mine.any():
                logits[mine] = evaluate(seen[mine])[0]
        allowed = np.asarray(legal)
        state, action, reward, discount, observation, legal = advance(state, logits, legal, jax.random.fold_in(key, t))
        rows.append((seen, allowed, np.asarray(action), alive))
        rewards.append((np.asarray(reward), np.asarray(discount)))
        alive = alive & (rewards[-1][1] != 0)
        if not alive.any():
            break
    outcome: list[np.ndarray] = [np.zeros(games, np.float32)]
    for (reward, discount), row in zip(rewards[::-1], rows[::-1], strict=True):
        outcome.append(np.where(row[3], reward + discount * outcome[-1], 0))
    observation, legal_then, action, alive_then = (np.stack(column) for column in zip(*rows, strict=True))
    return PolicyGames(observation, legal_then, action, alive_then, np.stack(outcome[:0:-1]))


@cache
def _compiled(game: Game) -> tuple[Callable[..., Any], Callable[..., Any]]:
    """(first states, one move), each with what the next move has to see."""

    def sight(state: State) -> tuple[Array, Array]:
        return jax.vmap(game.observe)(state), jax.vmap(game.legal)(state)

    def start(keys: Array) -> tuple[Any, ...]:
        state = jax.vmap(game.init)(keys)
        return state, *sight(state)

    def advance(state: State, logits: Array, legal: Array, key: Array) -> tuple[Any, ...]:
        action = jax.random.categorical(key, masked(logits, legal)).astype(jnp.int32)
        step = jax.vmap(game.step)(state, action)
        return step.state, action, step.reward, step.discount, *sight(step.state)

    return jax.jit(start), jax.jit(advance)


def masked(logits: Float[Array, "B A"], legal: Bool[Array, "B A"]) -> Float[Array, "B A"]:
    """−inf where illegal; a finished game has no legal move and keeps its logits."""
    return jnp.where(legal | ~legal.any(-1, keepdims=True), logits, -jnp.inf)
