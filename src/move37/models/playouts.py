"""The rules, a network, and playouts by a fast policy: AlphaGo's evaluation of a leaf."""

from dataclasses import dataclass

import jax
import jax.numpy as jnp
from jaxtyping import Array, Float, Int, Key

from move37.core.types import Embedding, Game, Prediction, State, Transition
from move37.models.rules import Rules
from move37.nets.patterns import LocalPatterns, own_eyes


@dataclass(frozen=True, eq=False)
class RulesAndPlayouts:
    """V(s) = (1 − λ)·v(s) + λ·z, z the outcome of one playout. An embedding is (state, key), as in `Rollout`.

    λ = 0 is AlphaGo Zero's evaluation. Source: AlphaGo (Nature 2016), Methods, "Searching with policy and value
    networks". Differs: one playout a leaf, made when it is expanded, not one at each visit.
    """

    game: Game
    policy: LocalPatterns
    weight: float  # λ

    def embed(self, observation: tuple[State, Key[Array, " B"]]) -> Embedding:
        """h: a batch of states with a key for each."""
        return observation

    def transition(self, embedding: Embedding, action: Int[Array, " B"]) -> Transition:
        """g: one move of the game."""
        state, key = embedding
        step = jax.vmap(self.game.step)(state, action)
        return Transition((step.state, jax.vmap(jax.random.fold_in)(key, action)), step.reward, step.discount)

    def observe(self, embedding: Embedding) -> Array:
        """What the network sees."""
        return Rules(self.game).observe(embedding[0])

    def predict(self, embedding: Embedding, logits: Float[Array, "B A"], value: Float[Array, " B"]) -> Prediction:
        """Mix the network's value with a playout's outcome."""
        state, key = embedding
        known = Rules(self.game).predict(state, logits, value)
        if self.weight == 0:
            return known
        result, _ = playout(self.game, self.policy, state, key)
        return known._replace(value=(1 - self.weight) * value + self.weight * result)


def playout(
    game: Game, policy: LocalPatterns, state: State, key: Key[Array, " B"]
) -> tuple[Float[Array, " B"], Int[Array, " B"]]:
    """One game to the end from each of B states: (outcome for the agent to move there, number of moves).

    Moves are drawn from the policy. No own eye is filled, and a pass comes only where nothing else is left: so the game
    ends with every dead stone taken, and area scoring is right. In a seki one side has to give way, as no player would.
    """
    batch = key.shape[0]

    def going(carry: tuple[State, Array, Array, Array, Array]) -> Array:
        return (carry[2] != 0).any() & (carry[4] < game.max_num_moves)

    def move(carry: tuple[State, Array, Array, Array, Array]) -> tuple[State, Array, Array, Array, Array]:
        state, total, weight, moves, t = carry
        seen = jax.vmap(game.observe)(state)
        eyes = own_eyes(seen[:, 0], seen[:, 1]).reshape(batch, -1)
        open_points = jax.vmap(game.legal)(state)[:, :-1] & ~eyes
        allowed = jnp.concatenate([open_points, ~open_points.any(1, keepdims=True)], axis=1)
        logits = jnp.where(allowed, policy(seen)[0], -jnp.inf)
        draw = jax.vmap(lambda k, row: jax.random.categorical(jax.random.fold_in(k, t), row))(key, logits)
        step = jax.vmap(game.step)(state, draw.astype(jnp.int32))
        total, moves = total + weight * step.reward, moves + (weight != 0).astype(jnp.int32)
        return step.state, total, weight * step.discount, moves, t + 1

    start = (state, jnp.zeros(batch), jnp.ones(batch), jnp.zeros(batch, jnp.int32), jnp.int32(0))
    _, total, _, moves, _ = jax.lax.while_loop(going, move, start)
    return total, moves
