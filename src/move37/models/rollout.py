"""No network at all: a uniform prior, and the value of a random playout. Pure Monte Carlo tree search."""

import equinox as eqx
import jax
import jax.numpy as jnp
from jaxtyping import Array, Float, Int, Key

from move37.core.types import Embedding, Game, Prediction, State, Transition


class Rollout(eqx.Module):
    """An embedding is (state, key): the key makes a playout random and a search repeatable."""

    game: Game = eqx.field(static=True)

    @property
    def max_num_legal(self) -> int | None:
        """Actions of any state that are not masked, as far as the game says."""
        return self.game.max_num_legal

    def embed(self, observation: tuple[State, Key[Array, " B"]]) -> Embedding:
        """h: a batch of states with a key for each."""
        return observation

    def transition(self, embedding: Embedding, action: Int[Array, " B"]) -> Transition:
        """g: one move of the game."""
        state, key = embedding
        step = jax.vmap(self.game.step)(state, action)
        return Transition((step.state, jax.vmap(jax.random.fold_in)(key, action)), step.reward, step.discount)

    def evaluate(self, embedding: Embedding) -> Prediction:
        """f: uniform over legal moves, and the return of one random playout to the end."""
        state, key = embedding
        legal = jax.vmap(self.game.legal)(state)
        logits = jnp.where(legal | ~legal.any(-1, keepdims=True), 0.0, -jnp.inf)
        return Prediction(logits, jax.vmap(self._playout)(state, key))

    def _playout(self, state: State, key: Key[Array, ""]) -> Float[Array, ""]:
        """G = Σ (Π d)·r along uniformly random moves."""

        def going(carry: tuple[State, Array, Array, Array]) -> Array:
            return (carry[2] != 0) & (carry[3] < self.game.max_num_moves)

        def move(carry: tuple[State, Array, Array, Array]) -> tuple[State, Array, Array, Array]:
            state, total, weight, t = carry
            logits = jnp.where(self.game.legal(state), 0.0, -jnp.inf)
            step = self.game.step(state, jax.random.categorical(jax.random.fold_in(key, t), logits).astype(jnp.int32))
            return step.state, total + weight * step.reward, weight * step.discount, t + 1

        return jax.lax.while_loop(going, move, (state, jnp.float32(0), jnp.float32(1), jnp.int32(0)))[1]
