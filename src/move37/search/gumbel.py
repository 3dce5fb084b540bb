"""Gumbel AlphaZero / Gumbel MuZero: policy improvement that holds with few simulations.

Source: Danihelka et al., "Policy improvement by planning with Gumbel", ICLR 2022.
"""

import math
from dataclasses import dataclass
from typing import Literal

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Bool, Float, Int, Key

from move37.core.errors import check_ranges
from move37.search.tree import Node, Root


@dataclass(frozen=True)
class Gumbel:
    """Root: sequential halving over the best m of g(a) + logits(a). Interior: argmax_a π'(a) − N(s,a) / (1 + N(s)).

    π' = softmax(logits + σ(completed Q)),  σ(q) = (maxvisit_init + max_b N(s,b)) · value_scale · q.
    Completed Q: Q(s,a) where visited, else v_mix (equation 33 of the paper), then rescaled to [0, 1]: within the node,
    as the authors do, or within the "tree", where actions that hardly differ stay close together; "none": as it is.
    """

    max_num_considered_actions: int = 16
    gumbel_scale: float = 1.0  # 0 plays the best action without chance
    value_scale: float = 0.1
    maxvisit_init: float = 50.0
    rescale: Literal["node", "tree", "none"] = "node"

    def __post_init__(self) -> None:
        """Check the ranges. Raises `BadConfig`."""
        check_ranges("search.rule.", self, max_num_considered_actions=(1, math.inf), gumbel_scale=(0, math.inf))
        check_ranges("search.rule.", self, value_scale=(0, math.inf), maxvisit_init=(0, math.inf))

    def noise(self, key: Key[Array, ""], legal: Bool[Array, "B A"]) -> Float[Array, "B A"]:
        """Draw g ~ Gumbel(0), one for each action."""
        return self.gumbel_scale * jax.random.gumbel(key, legal.shape)

    def root_prior(
        self, log_prior: Float[Array, "B A"], noise: Float[Array, "B A"] | None
    ) -> tuple[Float[Array, "B A"], Float[Array, "B A"]]:
        """(log P to search with, order in which unvisited actions come up)."""
        return log_prior, log_prior if noise is None else log_prior + noise

    def schedule(self, num_simulations: tuple[int, ...], num_actions: int) -> Int[np.ndarray, "budgets considered T"]:
        """For each budget and number of considered actions m: the visit count that the t-th simulation asks for."""
        most, longest = min(self.max_num_considered_actions, num_actions), max(num_simulations)
        table = np.zeros((len(num_simulations), most + 1, longest), np.int32)
        for i, budget in enumerate(num_simulations):
            for m in range(most + 1):
                table[i, m, :budget] = considered_visits(m, budget)
        return table

    def select_root(self, node: Node, root: Root) -> Int[Array, " B"]:
        """Sequential halving: among slots with the visit count that is due, the best g + logits + σ(completed Q)."""
        visits = node.visit_counts + node.virtual_visits - root.before
        time = jnp.minimum(visits.sum(-1), root.schedule.shape[-1] - 1)
        due = jnp.take_along_axis(root.schedule, time[:, None], axis=-1)
        score = root.noise + node.prior_logits + self._sigma(node)[0]
        # As in the paper's code, a game whose visits left the plan falls back to the least bad slot, never to none.
        score = jnp.where(visits == due, jnp.maximum(score, _LOW), 2 * _LOW)
        score = jnp.where(jnp.isneginf(node.prior_logits), -jnp.inf, score)
        return jnp.argmax(score, axis=-1).astype(jnp.int32)

    def select(self, node: Node) -> Int[Array, " B"]:
        """The slot that lags most behind π'."""
        visits = (node.visit_counts + node.virtual_visits).astype(jnp.float32)
        score = self._improved_policy(node)[0] - visits / (1 + visits.sum(-1, keepdims=True))
        return jnp.argmax(jnp.where(jnp.isneginf(node.prior_logits), -jnp.inf, score), axis=-1).astype(jnp.int32)

    def completed_q(self, node: Node) -> Float[Array, "B K"]:
        """Q where visited, else v_mix."""
        return jnp.where(node.visit_counts > 0, node.q_values, self._mixed_value(node))

    def decide(self, node: Node, root: Root) -> tuple[Int[Array, " B"], Float[Array, "B K"], Float[Array, " B"]]:
        """(slot to play, π' of the slots, shift of the logits of all other actions): π' = softmax(logits + σ)."""
        sigma, _ = self._sigma(node)
        weights, log_z, rest = self._improved_policy(node)
        visits = node.visit_counts - root.before
        score = jnp.where(visits == visits.max(-1, keepdims=True), root.noise + node.prior_logits + sigma, -jnp.inf)
        score = jnp.where(jnp.isneginf(node.prior_logits), -jnp.inf, jnp.maximum(score, _LOW))
        return jnp.argmax(score, -1).astype(jnp.int32), weights, (rest - log_z)[:, 0]

    def _mixed_value(self, node: Node) -> Float[Array, "B 1"]:
        """v_mix = (v + ΣN · Σ_visited P·Q / Σ_visited P) / (1 + ΣN)."""
        visited = node.visit_counts > 0
        prior = jnp.where(visited, jnp.maximum(jnp.exp(node.prior_logits), jnp.finfo(jnp.float32).tiny), 0.0)
        weighted = (prior * node.q_values).sum(-1) / jnp.where(visited.any(-1), prior.sum(-1), 1.0)
        total = node.visit_counts.sum(-1).astype(jnp.float32)
        return ((node.value + total * weighted) / (1 + total))[:, None]

    def _sigma(self, node: Node) -> tuple[Float[Array, "B K"], Float[Array, "B 1"]]:
        """σ(completed Q) of the slots, and of any action that has no slot."""
        visited = node.visit_counts > 0
        mixed = self._mixed_value(node)
        q = jnp.where(visited, node.q_values, mixed)
        if self.rescale == "tree":
            q, mixed = node.rescaled(q), node.rescaled(mixed)
        elif self.rescale == "node":
            # Actions without a slot are unvisited as well: v_mix counts among the values unless all were visited.
            everything = visited.all(-1, keepdims=True) & (q.shape[-1] == node.num_actions)
            low = jnp.where(everything, q.min(-1, keepdims=True), jnp.minimum(q.min(-1, keepdims=True), mixed))
            high = jnp.where(everything, q.max(-1, keepdims=True), jnp.maximum(q.max(-1, keepdims=True), mixed))
            width = jnp.maximum(high - low, 1e-8)
            q, mixed = (q - low) / width, (mixed - low) / width
        visits = node.visit_counts + node.virtual_visits
        scale = (self.maxvisit_init + visits.max(-1, keepdims=True).astype(jnp.float32)) * self.value_scale
        return scale * q, scale * mixed

    def _improved_policy(self, node: Node) -> tuple[Float[Array, "B K"], Float[Array, "B 1"], Float[Array, "B 1"]]:
        """π' of the slots, log of its normaliser over all A actions, and σ of the actions without a slot."""
        sigma, rest = self._sigma(node)
        logits = node.prior_logits + sigma
        if logits.shape[-1] == node.num_actions:
            log_z = jax.nn.logsumexp(logits, axis=-1, keepdims=True)
        else:
            outside = jnp.log(jnp.maximum(1 - jnp.exp(node.prior_logits).sum(-1, keepdims=True), 0)) + rest
            log_z = jax.nn.logsumexp(jnp.concatenate([logits, outside], -1), axis=-1, keepdims=True)
        return jnp.exp(logits - log_z), log_z, rest


_LOW = -1e9  # as mctx: far under any score, far over −inf


def considered_visits(num_considered: int, num_simulations: int) -> list[int]:
    """Sequential halving as one number a simulation: simulate an action that has exactly so many visits.

    Phases share the budget equally: n / (log2(m)·m) visits to each of the m that are left, then the better half stays.
    """
    if num_considered <= 1:
        return list(range(num_simulations))
    phases = math.ceil(math.log2(num_considered))
    visits, left = [0] * num_considered, num_considered
    plan: list[int] = []
    while len(plan) < num_simulations:
        for _ in range(max(1, int(num_simulations / (phases * left)))):
            plan += visits[:left]
            visits = [v + 1 for v in visits[:left]] + visits[left:]
        left = max(2, left // 2)
    return plan[:num_simulations]
