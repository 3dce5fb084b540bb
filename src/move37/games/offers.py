"""Offers: a sure reward, or a roll that wants an answer. The smallest world in which chance must be planned for."""

from dataclasses import dataclass
from typing import NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Bool, Int, Int8, Key, UInt32

from move37.core.types import Game, Step

ROUNDS = 4
OFFERS = (0.5, 1.5, 2.5, 3.5)  # equally likely
LUCKY = 0.5  # the chance that a roll is lucky; staking on it pays
STAKE = 4.0  # and if it is not, costs as much
MOVES = ("safe", "risk")


class State(NamedTuple):
    """`shown` is the number of the offer, or after a roll 1 lucky and 0 not. The key holds all chance to come."""

    round: Int8[Array, ""]
    rolled: Bool[Array, ""]
    shown: Int8[Array, ""]
    key: UInt32[Array, " 2"]


@dataclass(frozen=True)
class Offers(Game):
    """Four rounds. `safe` takes what is offered, `risk` rolls; then `risk` stakes 4 on the roll, `safe` does not.

    A roll is worth 0.5 · 4 = 2 to who looks at it before staking: more than two of four offers, less than the others.
    Who plans as if a roll had one outcome may take it for worth 4, by the stakes that it has seen,
    all placed after lucky rolls, or 0 by those that it would place unseen.
    """

    name = "offers"
    num_actions = len(MOVES)
    num_players = 1
    observation_shape = (2, ROUNDS, len(OFFERS))
    max_num_moves = 2 * ROUNDS
    has_chance = True

    def init(self, key: Key[Array, ""]) -> State:
        now, later = jax.random.split(key)
        offer = jax.random.randint(now, (), 0, len(OFFERS), jnp.int8)
        return State(jnp.int8(0), jnp.bool_(False), offer, jax.random.key_data(later))

    def step(self, state: State, action: Int[Array, ""]) -> Step:
        """Nothing that is drawn here is paid here: rewards depend on what was shown and done."""
        which, now, later = jax.random.split(jax.random.wrap_key_data(state.key), 3)
        risk, rolls = action == 1, (action == 1) & ~state.rolled
        offer = jnp.asarray(OFFERS)[jnp.minimum(state.shown, len(OFFERS) - 1)]
        stake = jnp.where(risk, jnp.where(state.shown == 1, STAKE, -STAKE), 0.0)
        reward = jnp.where(rolls, 0.0, jnp.where(state.rolled, stake, offer))
        lucky = (jax.random.uniform(now) < LUCKY).astype(jnp.int8)
        shown = jnp.where(rolls, lucky, jax.random.randint(which, (), 0, len(OFFERS), jnp.int8))
        number = jnp.minimum(state.round + (~rolls).astype(jnp.int8), ROUNDS)
        after = State(number, rolls, shown, jax.random.key_data(later))
        return Step(after, reward, jnp.where(number == ROUNDS, 0.0, 1.0))

    def legal(self, state: State) -> Bool[Array, "2"]:
        return jnp.ones(len(MOVES), bool)

    def observe(self, state: State) -> Bool[Array, "2 4 4"]:
        """Plane 0 the offer, plane 1 the roll: the row is the round; nothing at the end."""
        rows, columns = jnp.arange(ROUNDS, dtype=jnp.int8), jnp.arange(len(OFFERS), dtype=jnp.int8)
        cell = (rows == state.round)[:, None] & (columns == state.shown)[None]
        return jnp.stack([cell & ~state.rolled, cell & state.rolled])

    def to_play(self, state: State) -> Int[Array, ""]:
        return jnp.int32(0)

    def format_action(self, action: int) -> str:
        return MOVES[action]

    def render(self, state: State) -> str:
        number, shown = int(state.round), int(state.shown)
        if number >= ROUNDS:
            return "the end"
        roll = "a lucky roll: stake 4 on it?" if shown == 1 else "an unlucky roll: stake 4 all the same?"
        offer = f"{OFFERS[np.clip(shown, 0, len(OFFERS) - 1)]:g} for sure, or a roll?"
        return f"round {number + 1} of {ROUNDS}: " + (roll if state.rolled else offer)


def best_return() -> float:
    """The expected return of optimal play: look at each roll, stake on lucky ones, roll under offers of less than 2."""
    return ROUNDS * float(np.mean(np.maximum(OFFERS, LUCKY * STAKE)))
