"""Reanalyze: what was played stays, what the search would say of it today is asked again."""

from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Bool, Float, Key, Shaped

from move37.core.types import Game, World
from move37.models.chance import Imagination
from move37.models.learned import Seen
from move37.search.mcts import SearchConfig, search

_AT_ONCE = 512  # positions in one search


class Reanalyze:
    """Policies and values of stored positions, by a search with the newest net.

    Source: MuZero (Nature 2020), Appendix H; Schrittwieser et al., "Online and offline reinforcement learning by
    planning with a learned model" (MuZero Unplugged), NeurIPS 2021. Differs: the paper searches the positions of a
    batch when it is drawn; here positions of the window are searched between two iterations, and what comes out stays.
    That costs less where a position is drawn more often than the net changes much. The value of the search is a target
    for old positions: what was played behind them is what an older agent did, and no return of the newest.
    Source: Wang et al., "EfficientZero V2", ICML 2024, "search-based value estimation".
    """

    def __init__(self, world: World, model: type[Imagination], config: SearchConfig):
        """Compiled at the first use."""
        self._all_allowed = not isinstance(world, Game)

        def think(
            net: Any, observation: Shaped[Array, "B *c"], legal: Bool[Array, "B A"], key: Key[Array, ""]
        ) -> tuple[Float[Array, "B A"], Float[Array, " B"]]:
            imagined = model(net)
            found = search(imagined, imagined.embed(Seen(observation, legal)), config, config.rule.noise(key, legal))
            return found.action_weights, found.value

        self._think = jax.jit(think)

    def targets(
        self, net: Any, observation: Shaped[np.ndarray, "N *c"], policy: Float[np.ndarray, "N A"], key: Key[Array, ""]
    ) -> tuple[Float[np.ndarray, "N A"], Float[np.ndarray, " N"]]:
        """(policies instead of `policy`, which tells what is legal: Gumbel's gives that some probability; values)."""
        legal, new = np.ones(policy.shape, bool) if self._all_allowed else policy > 0, np.empty_like(policy)
        value = np.empty(len(policy), np.float32)
        for i in range(0, len(policy), _AT_ONCE):
            rows = np.arange(i, i + _AT_ONCE) % len(policy)  # the last search is filled up with the first positions
            found = self._think(
                net, jnp.asarray(observation[rows]), jnp.asarray(legal[rows]), jax.random.fold_in(key, i)
            )
            new[i : i + _AT_ONCE], value[i : i + _AT_ONCE] = (np.asarray(x)[: len(policy) - i] for x in found)
        return new, value
