"""How good is an agent in a game for one? Whole episodes, each action the search's own choice, without noise."""

from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float

from move37.core.types import Game, State
from move37.models.chance import Imagination
from move37.models.learned import seen
from move37.search.mcts import SearchConfig, search


class GameTrials:
    """Episodes of a game that JAX steps, all at once; starts and chance are the same in every trial."""

    def __init__(self, game: Game, model: type[Imagination], config: SearchConfig, episodes: int = 20):
        """So many episodes. Compiled at the first trial."""
        self.episodes, self._init = episodes, jax.jit(jax.vmap(game.init))

        def move(net: Any, state: State, total: Array, going: Array) -> tuple[State, Array, Array]:
            imagined = model(net)
            action = search(imagined, imagined.embed(seen(game, state)), config).action
            step = jax.vmap(game.step)(state, action)
            return step.state, total + jnp.where(going, step.reward, 0.0), going & (step.discount != 0)

        self._move = jax.jit(move)

    def returns(self, net: Any) -> Float[np.ndarray, " episodes"]:
        """The sum of rewards of each episode, without discount."""
        state = self._init(jax.random.split(jax.random.key(0), self.episodes))
        total, going = jnp.zeros(self.episodes), jnp.ones(self.episodes, bool)
        while going.any():
            state, total, going = self._move(net, state, total, going)
        return np.asarray(total)

    def sit(self, net: Any) -> dict[str, float]:
        """`trial_return`: the mean, and `trial_return_deviation` among the episodes."""
        returns = self.returns(net)
        return {"trial_return": float(returns.mean()), "trial_return_deviation": float(returns.std())}
