"""The parts of a search over the three verbs, and the fused driver: one compiled loop.

For accelerators, and for models that are JAX throughout. The other driver is `stepwise.Stepwise`.
"""

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from math import inf
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
from jaxtyping import Array, Float, Int, Key

from move37.core.errors import BadConfig, check_ranges
from move37.core.types import ChancePrediction, Embedding, Model, Prediction, Transition
from move37.search.chance import Nature
from move37.search.gumbel import Gumbel
from move37.search.puct import Puct
from move37.search.reuse import Previous, reroot
from move37.search.slots import Slots, sampled_slots, top_slots
from move37.search.tree import Leaves, Root, Tree, backup, expand, imagine, plant, root_node, select


@dataclass(frozen=True)
class SearchConfig:
    """How to search. `rule` says which edge to follow, the rest how many, and how many at a time."""

    rule: Puct | Gumbel = field(default_factory=Gumbel)
    num_simulations: int = 32
    leaves: int = 1  # leaves of one tree per network batch, kept apart by virtual visits
    num_slots: int | None = None  # K; None is min(A, most legal moves, num_simulations + kept_nodes): exact
    sampled: bool = False  # fill the slots by sampling from the prior (Sampled MuZero)
    kept_nodes: int = 0  # room for nodes of an earlier search, to go on from (`reuse`)

    def __post_init__(self) -> None:
        """Check the ranges. Raises `BadConfig`."""
        check_ranges("search.", self, num_simulations=(1, inf), leaves=(1, inf), kept_nodes=(0, inf))
        if self.num_simulations % self.leaves:
            raise BadConfig(
                f"search.num_simulations is {self.num_simulations}: not a multiple of leaves {self.leaves}."
            )
        if self.num_slots is not None and self.num_slots < 2:
            raise BadConfig(f"search.num_slots is {self.num_slots}; it must be 2 or more, or None for all.")


class SearchResult(NamedTuple):
    """What a search says of its roots."""

    action: Int[Array, " B"]  # the rule's own choice: most visited (PUCT), best of the considered (Gumbel)
    action_weights: Float[Array, "B A"]  # the improved policy: what the network shall learn
    value: Float[Array, " B"]  # mean over the network's value and all simulations
    visit_counts: Int[Array, "B A"]
    q_values: Float[Array, "B A"]  # what the rule takes an action for; 0 for one without a slot
    tree: Tree | None


class Growth(NamedTuple):
    """A round between selection and evaluation."""

    tree: Tree
    leaves: Leaves
    transition: Transition


def num_slots(config: SearchConfig, num_actions: int) -> int:
    """K."""
    return min(num_actions, config.num_slots or max(2, config.num_simulations + config.kept_nodes))


def fitted(config: SearchConfig, model: Any) -> SearchConfig:
    """With no more slots than a state has legal actions, where the model says how many (`max_num_legal`).

    Sampled slots are draws, not room, and stay.
    """
    most = getattr(model, "max_num_legal", None)
    return config if most is None or config.sampled else replace(config, num_slots=max(2, num_slots(config, most)))


def fill_slots(config: SearchConfig, log_prior: Float[Array, "M A"], key: Key[Array, ""] | None) -> Slots:
    """The slots of new nodes."""
    count = num_slots(config, log_prior.shape[-1])
    if config.sampled:
        assert key is not None, "sampled slots need a key"
        return sampled_slots(log_prior, count, key)
    return top_slots(log_prior, log_prior, count)


def log_priors(prediction: Prediction | ChancePrediction) -> Float[Array, "M AE"]:
    """Log P of all that may come next: the A actions and, behind them, the E outcomes of chance."""
    logits = prediction.prior_logits
    if isinstance(prediction, ChancePrediction):
        logits = jnp.concatenate([logits, prediction.outcome_logits], axis=-1)
    return jax.nn.log_softmax(logits)


def start(
    config: SearchConfig,
    embedding: Embedding,
    prediction: Prediction | ChancePrediction,
    noise: Float[Array, "B A"] | None = None,
    budgets: tuple[int, ...] | None = None,
    which: Int[Array, " B"] | None = None,
    key: Key[Array, ""] | None = None,
    previous: Previous | None = None,
) -> tuple[Tree, Root]:
    """Plant the roots, with what `previous` knows below them.

    `budgets` are the numbers of simulations that games may have, `which` says who has which.
    """
    rule = config.rule
    budgets = budgets or (config.num_simulations,)
    log_prior = jax.nn.log_softmax(prediction.prior_logits)
    num_actions = log_prior.shape[-1]
    prior, order = rule.root_prior(log_prior, noise)
    if config.sampled:
        slots = fill_slots(config, prior, key)
    else:
        outcomes = prediction.outcome_logits.shape[-1] if isinstance(prediction, ChancePrediction) else 0
        prior, order = (jnp.pad(x, ((0, 0), (0, outcomes)), constant_values=-jnp.inf) for x in (prior, order))
        slots = top_slots(prior, order, num_slots(config, num_actions + outcomes))
    tree = plant(embedding, log_prior, prediction.value, slots, capacity=config.num_simulations + 1 + config.kept_nodes)
    if previous is not None:
        tree = reroot(previous, tree, config.num_simulations)
    return tree, root_of(config, tree, noise, budgets, which)


def root_of(
    config: SearchConfig,
    tree: Tree,
    noise: Float[Array, "B A"] | None,
    budgets: tuple[int, ...],
    which: Int[Array, " B"] | None,
) -> Root:
    """What the rule may know about the roots: the noise of each slot, the plan of visits."""
    batch, num_actions = tree.root_logits.shape
    action = tree.action[:, 0]
    of_slots = jnp.zeros(action.shape)
    if noise is not None:  # slots of outcomes are closed at a root, whatever noise they get
        of_slots = jnp.take_along_axis(noise, action, axis=-1, mode="clip")
    table = config.rule.schedule(budgets, num_actions)
    if table is None:
        return Root(of_slots, jnp.zeros((batch, 0), jnp.int32), tree.visit_counts[:, 0])
    considered = jnp.minimum((~jnp.isneginf(tree.prior_logits[:, 0])).sum(-1), table.shape[1] - 1)
    which = jnp.zeros(batch, jnp.int32) if which is None else which
    return Root(of_slots, jnp.asarray(table)[which, considered], tree.visit_counts[:, 0])


def grow(
    config: SearchConfig,
    tree: Tree,
    root: Root,
    left: Int[Array, " B"],
    transition: Callable[..., Transition],
    chance: bool = False,
) -> Growth:
    """`leaves` descents in each game, or as many as it has `left`, and one step of imagination at the end of each.

    With `chance` there are nodes at which chance moves.
    """
    rule, found = Nature(config.rule) if chance else config.rule, []
    for number in range(config.leaves):
        tree, leaves = select(tree, rule, root, number < left, virtual=config.leaves > 1)
        found.append(leaves)
    leaves = jax.tree.map(lambda *parts: jnp.concatenate(parts), *found)
    return Growth(tree, leaves, imagine(tree, leaves, transition))


def absorb(
    config: SearchConfig,
    growth: Growth,
    prediction: Prediction | ChancePrediction,
    key: Key[Array, ""] | None = None,
) -> Tree:
    """Expand what was found and back its value up."""
    slots = fill_slots(config, log_priors(prediction), key)
    tree = expand(growth.tree, growth.leaves, growth.transition, prediction, slots)
    return backup(tree, growth.leaves, virtual=config.leaves > 1)


def finish(config: SearchConfig, tree: Tree, root: Root) -> SearchResult:
    """Read the result off the roots."""
    node, root = root_node(tree).decision, root.decision(tree.root_logits.shape[-1])
    action = node.action
    chosen, weights, shift = config.rule.decide(node, root)
    rows = jnp.arange(action.shape[0])[:, None]

    def spread(of_slots: Array, elsewhere: Array) -> Array:
        return elsewhere.at[rows, action].set(of_slots)

    zeros = jnp.zeros_like(tree.root_logits)
    return SearchResult(
        action=action[rows[:, 0], chosen],
        action_weights=spread(weights, jnp.exp(tree.root_logits + shift[:, None])),
        value=node.mean_value,
        visit_counts=spread(node.visit_counts, zeros.astype(jnp.int32)),
        q_values=spread(jnp.where(jnp.isneginf(node.prior_logits), 0.0, config.rule.completed_q(node)), zeros),
        tree=tree,
    )


def search(
    model: Model,
    embedding: Embedding,
    config: SearchConfig,
    noise: Float[Array, "B A"] | None = None,
    budgets: tuple[int, ...] | None = None,
    which: Int[Array, " B"] | None = None,
    key: Key[Array, ""] | None = None,
    previous: Previous | None = None,
) -> SearchResult:
    """Search B roots in one compiled loop.

    `noise` comes from `config.rule.noise`; None searches without chance. `budgets` and `which` give each game its own
    number of simulations, none over `config.num_simulations`. `key` is for sampled slots alone.
    With `previous` the new simulations add to those of an earlier search (None at the first move).
    """
    config = fitted(config, model)
    keys = [None, None] if key is None else list(jax.random.split(key))
    first = model.evaluate(embedding)
    tree, root = start(config, embedding, first, noise, budgets, which, keys[0], previous)
    limit, chance = budget_of(config, tree, budgets, which), isinstance(first, ChancePrediction)

    def simulate(i: Array, tree: Tree) -> Tree:
        growth = grow(config, tree, root, limit - i * config.leaves, model.transition, chance)
        prediction = model.evaluate(growth.transition.embedding)
        return absorb(config, growth, prediction, None if keys[1] is None else jax.random.fold_in(keys[1], i))

    tree = jax.lax.fori_loop(0, rounds(config), simulate, tree)
    return finish(config, tree, root)


def rounds(config: SearchConfig) -> int:
    """Network batches of one search."""
    return config.num_simulations // config.leaves


def budget_of(
    config: SearchConfig, tree: Tree, budgets: tuple[int, ...] | None, which: Int[Array, " B"] | None
) -> Int[Array, " B"]:
    """Simulations of each game."""
    if budgets is None or which is None:
        return jnp.full_like(tree.num_nodes, config.num_simulations)
    if max(budgets) > config.num_simulations:
        raise BadConfig(
            f"a game's budget is {max(budgets)} simulations; the tree has room for {config.num_simulations}."
        )
    return jnp.asarray(budgets, jnp.int32)[which]
