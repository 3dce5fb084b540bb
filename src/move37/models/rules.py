"""The rules are known: AlphaGo, AlphaGo Zero, AlphaZero. h is the identity, g is the game, f is a network."""

from collections.abc import Callable

import equinox as eqx
import jax
import jax.numpy as jnp
from jaxtyping import Array, Float, Int

from move37.core.errors import BadConfig
from move37.core.types import Embedding, Game, Prediction, State, Transition
from move37.nets.layers import in_loops


def check_no_chance(game: Game) -> None:
    """A search by the rules must not foresee what chance will bring. Raises `BadConfig`."""
    if game.has_chance:
        raise BadConfig(
            f"{game.name} has chance, which its rules draw from the state: a search by the rules would look into the "
            "future. Take a recipe that learns its rules: stochastic_muzero, or muzero."
        )


class Rules(eqx.Module):
    """A game and, for the fused search, a network [B C H W] → (logits [B A], value [B])."""

    game: Game = eqx.field(static=True)
    net: Callable[[Array], tuple[Array, Array]] | None = None

    @property
    def max_num_legal(self) -> int | None:
        """Actions of any state that are not masked, as far as the game says."""
        return self.game.max_num_legal

    def embed(self, observation: State) -> Embedding:
        """h: the state itself."""
        return observation

    def transition(self, embedding: Embedding, action: Int[Array, " B"]) -> Transition:
        """g: one move of the game."""
        return Transition(*jax.vmap(self.game.step)(embedding, action))

    def evaluate(self, embedding: Embedding) -> Prediction:
        """f: the network on the observation, illegal moves masked."""
        assert self.net is not None, "this model has no network: search with `Stepwise` and an evaluator"
        logits, value = in_loops(self.net)(self.observe(embedding))
        return self.predict(embedding, logits, value)

    def observe(self, embedding: Embedding) -> Array:
        """What the network sees."""
        return jax.vmap(self.game.observe)(embedding)

    def predict(self, embedding: Embedding, logits: Float[Array, "B A"], value: Float[Array, " B"]) -> Prediction:
        """What the network said, as a prediction."""
        return Prediction(self.mask(embedding, logits), value)

    def mask(self, embedding: Embedding, logits: Float[Array, "B A"]) -> Float[Array, "B A"]:
        """−inf where illegal. A finished state has no legal move and keeps its logits: nobody reads them."""
        legal = jax.vmap(self.game.legal)(embedding)
        return jnp.where(legal | ~legal.any(-1, keepdims=True), logits, -jnp.inf)
