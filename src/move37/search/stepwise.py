"""The driver with Python between the verbs: selection and expansion compiled, evaluation by anything.

For evaluators outside of JAX, for time limits and streaming, and for CPUs, where ONNX Runtime evaluates a network two
to three times as fast as XLA.
"""

from collections.abc import Callable
from functools import partial
from typing import Any, NamedTuple, Protocol, runtime_checkable

import jax
import numpy as np
from jaxtyping import Array, Bool, Float, Int

from move37.core.types import Embedding, Prediction, Transition
from move37.search.mcts import (
    Growth,
    SearchConfig,
    SearchResult,
    absorb,
    budget_of,
    finish,
    fitted,
    grow,
    rounds,
    start,
)
from move37.search.reuse import Previous
from move37.search.tree import Root


@runtime_checkable
class ObservedModel(Protocol):
    """A model whose network stands elsewhere: rules in JAX, evaluation by an `Evaluator`."""

    def transition(self, embedding: Embedding, action: Int[Array, " B"]) -> Transition:
        """One step of the rules."""

    def observe(self, embedding: Embedding) -> Array:
        """What the network sees."""

    def predict(self, embedding: Embedding, logits: Float[Array, "B A"], value: Float[Array, " B"]) -> Prediction:
        """What the network said, with −inf where an action is illegal."""


class Ongoing(NamedTuple):
    """A search between two network batches."""

    growth: Growth  # leaves that were found and are not backed up yet
    root: Root
    limit: Int[Array, " B"]  # simulations of each game
    observation: Array  # of the leaves
    wanted: Bool[Array, " M"]  # which of them are asked of the network


Evaluator = Callable[[np.ndarray], tuple[np.ndarray, np.ndarray]]  # observations [M C H W] → logits [M A], value [M]


class Stepwise:
    """The search with Python between the verbs. It keeps its compiled functions: use one object for every move."""

    def __init__(self, model: ObservedModel, config: SearchConfig):
        """Nothing is compiled until the first search."""
        self.model, self.config = model, fitted(config, model)
        self._observe = jax.jit(model.observe)
        self._start = jax.jit(self._plant_and_grow, static_argnames="budgets")
        self._round = jax.jit(self._absorb_and_grow, donate_argnums=0)
        self._finish = jax.jit(partial(finish, self.config))

    def search(
        self,
        evaluate: Evaluator,
        embedding: Embedding,
        noise: Float[Array, "B A"] | None = None,
        budgets: tuple[int, ...] | None = None,
        which: Int[Array, " B"] | None = None,
        previous: Previous | None = None,
    ) -> SearchResult:
        """As `search`, with the network behind `evaluate`; only new, unfinished leaves are evaluated."""
        prediction = evaluate(self.observe(embedding))
        ongoing = self.begin(embedding, prediction, noise, budgets, which, previous)
        for i in range(1, rounds(self.config) + 1):
            ongoing = self.go_on(evaluate, ongoing, i * self.config.leaves)
        return self._finish(ongoing.growth.tree, ongoing.root)

    def observe(self, embedding: Embedding) -> np.ndarray:
        """What the network sees of the roots."""
        return np.asarray(self._observe(embedding))

    def begin(
        self,
        embedding: Embedding,
        prediction: tuple[np.ndarray, np.ndarray],
        noise: Float[Array, "B A"] | None = None,
        budgets: tuple[int, ...] | None = None,
        which: Int[Array, " B"] | None = None,
        previous: Previous | None = None,
    ) -> Ongoing:
        """Plant the roots with the network's (logits, value) and look for the first leaves."""
        return self._start(embedding, *prediction, noise, which, previous, budgets=budgets)

    def go_on(self, evaluate: Evaluator, ongoing: Ongoing, done: int) -> Ongoing:
        """Evaluate what is asked and back it up; games with a budget above `done` look for their next leaves.

        Where none has, the tree is at rest: nothing is asked or on its way. It can go on from there all the same.
        """
        growth, root, limit, observation, wanted = ongoing
        num_actions = growth.tree.root_logits.shape[1]
        logits, value = evaluate_some(evaluate, np.asarray(observation), np.asarray(wanted), num_actions)
        growth, observation, wanted = self._round(growth, root, limit, logits, value, np.int32(done))
        return Ongoing(growth, root, limit, observation, wanted)

    def _plant_and_grow(
        self,
        embedding: Embedding,
        logits: Array,
        value: Array,
        noise: Any,
        which: Any,
        previous: Previous | None,
        budgets: tuple[int, ...] | None,
    ) -> Ongoing:
        prediction = self.model.predict(embedding, logits, value)
        tree, root = start(self.config, embedding, prediction, noise, budgets, which, previous=previous)
        limit = budget_of(self.config, tree, budgets, which)
        growth = grow(self.config, tree, root, limit, self.model.transition)
        return Ongoing(growth, root, limit, *self._questions(growth))

    def _absorb_and_grow(
        self, growth: Growth, root: Root, limit: Array, logits: Array, value: Array, done: Array
    ) -> tuple[Growth, Array, Array]:
        prediction = self.model.predict(growth.transition.embedding, logits, value)
        tree = absorb(self.config, growth, prediction)
        growth = grow(self.config, tree, root, limit - done, self.model.transition)
        return growth, *self._questions(growth)

    def _questions(self, growth: Growth) -> tuple[Array, Array]:
        wanted = growth.leaves.new & (growth.transition.discount != 0)
        return self.model.observe(growth.transition.embedding), wanted


def evaluate_some(
    evaluate: Evaluator, observation: np.ndarray, wanted: np.ndarray, num_actions: int
) -> tuple[np.ndarray, np.ndarray]:
    """Evaluate only the rows that are wanted; the others get zeros that nobody reads."""
    if wanted.all():
        return evaluate(observation)
    logits, value = np.zeros((len(wanted), num_actions), np.float32), np.zeros(len(wanted), np.float32)
    if wanted.any():
        logits[wanted], value[wanted] = evaluate(observation[wanted])
    return logits, value
