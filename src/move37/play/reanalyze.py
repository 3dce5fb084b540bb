"""Reanalyze: what was played stays, what the search would say of it today is asked again."""

from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float, Key, Shaped

from move37.core.types import Game, World
from move37.learn.targets import Samples
from move37.models.chance import Imagination
from move37.models.learned import Seen
from move37.play.mind import Mind
from move37.play.replay import Renewed
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
        """Compiled at the first use. Worlds of the host are searched as their actors search."""
        mind = None if isinstance(world, Game) else Mind(world, config)

        def think(
            net: Any, observation: Shaped[Array, "B *c"], policy: Float[Array, "B A"], key: Key[Array, ""]
        ) -> tuple[Array, ...]:
            if mind is not None:
                roots, found = mind.search(net, observation, key, noise=True)
                drawn = (roots.action,) if world.action_shape else ()
                return found.action_weights, found.value, *drawn
            imagined, legal = model(net), policy > 0
            found = search(imagined, imagined.embed(Seen(observation, legal)), config, config.rule.noise(key, legal))
            return found.action_weights, found.value

        self._think = jax.jit(think)

    def targets(self, net: Any, rows: Samples, key: Key[Array, ""]) -> Renewed:
        """To learn instead. Of a game the policies tell what is legal: Gumbel's gives that some probability."""
        parts, count = [], len(rows.policy)
        for i in range(0, count, _AT_ONCE):
            some = np.arange(i, i + _AT_ONCE) % count  # the last search is filled up with the first positions
            shown, before = jnp.asarray(rows.observation[some]), jnp.asarray(rows.policy[some])
            found = self._think(net, shown, before, jax.random.fold_in(key, i))
            parts.append([np.asarray(x)[: count - i] for x in found])
        return Renewed(*map(np.concatenate, zip(*parts, strict=True)))
