"""An agent in worlds of the host: what it would do now, for many copies of the world in one search."""

from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
from jaxtyping import Array, Float, Int, Key, Shaped

from move37.core.types import Embedding, World
from move37.models.learned import Learned, Seen
from move37.models.sampled import NUM_CANDIDATES, Sampled
from move37.search.mcts import SearchConfig, SearchResult, search


class Thought(NamedTuple):
    """What a search says of B copies, in the order in which an episode keeps it."""

    action: Shaped[Array, "B *d"]  # as the world takes it
    action_weights: Float[Array, "B A"]  # the improved policy
    value: Float[Array, " B"]
    candidates: Float[Array, "B A D"] | None  # where actions are numbers: those that the weights belong to


class Mind:
    """Searches in the model of a net. Where actions are numbers, `config.num_slots` of them are tried in each state."""

    def __init__(self, world: World, config: SearchConfig):
        """For every net of this world."""
        self.config, self._model = config, Sampled if world.action_shape else Learned
        self._num_choices = world.num_actions or config.num_slots or NUM_CANDIDATES

    def search(
        self, net: Any, seen: Shaped[Array, "B *c"], key: Key[Array, ""], noise: bool
    ) -> tuple[Embedding, SearchResult]:
        """(roots, what the search says of them), with the rule's noise or without."""
        draw_key, noise_key, search_key = jax.random.split(key, 3)
        model, legal = self._model(net), jnp.ones((len(seen), self._num_choices), bool)
        roots = model.embed(Seen(seen, legal, draw_key))
        drawn = self.config.rule.noise(noise_key, roots.allowed) if noise else None
        return roots, search(model, roots, self.config, drawn, key=search_key)

    def thought(self, net: Any, roots: Embedding, result: SearchResult, choice: Int[Array, " B"]) -> Thought:
        """With the actions of these numbers."""
        action = self._model(net).act(roots, choice)
        candidates = roots.action if self._model is Sampled else None
        return Thought(action, result.action_weights, result.value, candidates)
