"""PUCT: AlphaGo's, AlphaGo Zero's, AlphaZero's and MuZero's rule of selection."""

from dataclasses import dataclass
from math import inf
from typing import Literal

import jax
import jax.numpy as jnp
from jaxtyping import Array, Bool, Float, Int, Key

from move37.core.errors import BadConfig, check_ranges
from move37.search.tree import Node, Root


@dataclass(frozen=True)
class Puct:
    """argmax_a Q(s,a) + c(s)·P(s,a)·√N(s) / (1 + N(s,a)),  c(s) = pb_c_init + log((N(s) + pb_c_base + 1) / pb_c_base).

    At the root P ← (1 − f)·P + f·η with η ~ Dirichlet(α) over the legal actions; f = 0 outside of self-play.
    N(s) = 1 + Σ_b N(s,b): the node's own evaluation is a visit.

    Source: AlphaZero (Science 2018), Methods, "Search", and its pseudocode.
    Differs: `fpu_reduction` (KataGo, lc0): an unvisited action is worth the mean value of s less this much. None gives
    the paper's 0. `forced_playouts` (k): at a root with noise every action that was visited at all is visited until
    N(root,a) ≥ √(k·P(a)·ΣN), and `decide` takes out again what the rule would not have spent.
    Source: Wu, "Accelerating self-play learning in Go" (KataGo), 2019, section 3.2; its k is 2.
    `rescale` "tree" (MuZero): Q stands on a scale from the least to the greatest of the tree, and what was never
    visited on its low end. "none": as it is, for returns that lie in [−1, 1] anyway.
    """

    pb_c_init: float = 1.25
    pb_c_base: float = 19_652.0
    dirichlet_alpha: float = 0.3  # the papers: about 10 / legal actions: 0.3 chess, 0.15 shogi, 0.03 Go 19×19
    dirichlet_fraction: float = 0.25
    fpu_reduction: float | None = None
    forced_playouts: float = 0.0
    rescale: Literal["none", "tree"] = "none"

    def __post_init__(self) -> None:
        """Check the ranges. Raises `BadConfig`."""
        check_ranges("search.rule.", self, pb_c_init=(0, inf), pb_c_base=(1, inf), dirichlet_fraction=(0, 1))
        check_ranges("search.rule.", self, forced_playouts=(0, inf))
        if not self.dirichlet_alpha > 0:
            raise BadConfig(f"search.rule.dirichlet_alpha is {self.dirichlet_alpha}; it must be greater than 0.")

    def noise(self, key: Key[Array, ""], legal: Bool[Array, "B A"]) -> Float[Array, "B A"]:
        """η: Dirichlet(α) over the legal actions, as normalised Gamma(α) variables."""
        gamma = jnp.where(legal, jax.random.gamma(key, self.dirichlet_alpha, legal.shape), 0.0)
        return gamma / jnp.maximum(gamma.sum(-1, keepdims=True), jnp.finfo(jnp.float32).tiny)

    def root_prior(
        self, log_prior: Float[Array, "B A"], noise: Float[Array, "B A"] | None
    ) -> tuple[Float[Array, "B A"], Float[Array, "B A"]]:
        """(log P to search with, order in which unvisited actions come up)."""
        if noise is None:
            return log_prior, log_prior
        mixed = (1 - self.dirichlet_fraction) * jnp.exp(log_prior) + self.dirichlet_fraction * noise
        mixed = jnp.where(noise.any(-1, keepdims=True), mixed, jnp.exp(log_prior))  # a row of zeros is no noise
        mixed = jnp.where(jnp.isneginf(log_prior), -jnp.inf, jnp.log(mixed))
        return mixed, mixed

    def schedule(self, num_simulations: tuple[int, ...], num_actions: int) -> None:
        """PUCT plans nothing ahead."""

    def select(self, node: Node) -> Int[Array, " B"]:
        """The slot with the greatest upper confidence bound."""
        return jnp.argmax(self._score(node), axis=-1).astype(jnp.int32)

    def select_root(self, node: Node, root: Root) -> Int[Array, " B"]:
        """The same rule, the noise is in the prior; but slots that are owed forced playouts come first."""
        if self.forced_playouts == 0:
            return self.select(node)
        visits = node.visit_counts + node.virtual_visits
        owed = (visits > 0) & (visits.astype(jnp.float32) < self._num_forced(node, root))
        score = self._score(node)
        score = jnp.where(owed | ~owed.any(-1, keepdims=True), score, -jnp.inf)
        return jnp.argmax(score, axis=-1).astype(jnp.int32)

    def _score(self, node: Node) -> Float[Array, "B K"]:
        """Q + c·P·√N / (1 + N(a)); −∞ where illegal."""
        visits = (node.visit_counts + node.virtual_visits).astype(jnp.float32)
        score = self._scaled_q(node) + self._width(node) / (1 + visits)
        return jnp.where(jnp.isneginf(node.prior_logits), -jnp.inf, score)

    def _scaled_q(self, node: Node) -> Float[Array, "B K"]:
        """Completed Q, on the scale of `pb_c_init`."""
        if self.rescale == "none":
            return self.completed_q(node)
        known = (node.visit_counts > 0) | (self.fpu_reduction is not None)
        return jnp.where(known, node.rescaled(self.completed_q(node)), 0.0)

    def _width(self, node: Node) -> Float[Array, "B K"]:
        """c(s)·P(s,a)·√N(s)."""
        total = 1 + (node.visit_counts + node.virtual_visits).astype(jnp.float32).sum(-1, keepdims=True)
        c = self.pb_c_init + jnp.log((total + self.pb_c_base + 1) / self.pb_c_base)
        return c * jnp.exp(node.prior_logits) * jnp.sqrt(total)

    def _num_forced(self, node: Node, root: Root) -> Float[Array, "B K"]:
        """√(k·P(a)·ΣN); 0 in a search without noise."""
        total = (node.visit_counts + node.virtual_visits).astype(jnp.float32).sum(-1, keepdims=True)
        forced = jnp.sqrt(self.forced_playouts * jnp.exp(node.prior_logits) * total)
        return jnp.where(root.noise.any(-1, keepdims=True), forced, 0.0)

    def _pruned(self, node: Node, root: Root) -> Float[Array, "B K"]:
        """Visits without those that were forced only.

        From every action but the most visited a* up to √(k·P·ΣN) are taken, as long as Q + c·P·√N / (1 + N(a)) stays
        under that of a* (Q as it is): N(a) + 1 > c·P·√N / (score(a*) − Q(a)). One that is left with a single visit by
        that loses it too.
        """
        visits = node.visit_counts.astype(jnp.float32)
        if self.forced_playouts == 0:
            return visits
        best = self._most_visited(node)[:, None]
        gap = jnp.take_along_axis(self._score(node), best, axis=-1) - self._scaled_q(node)
        least = jnp.where(gap > 0, jnp.floor(self._width(node) / jnp.where(gap > 0, gap, 1.0)), jnp.inf)
        left = jnp.clip(least, visits - jnp.floor(self._num_forced(node, root)), visits)
        left = jnp.where((left < visits) & (left <= 1), 0.0, left)
        return jnp.where(jnp.arange(visits.shape[-1])[None] == best, visits, left)

    def _most_visited(self, node: Node) -> Int[Array, " B"]:
        """Of equals the one with the greater prior."""
        most = node.visit_counts == node.visit_counts.max(-1, keepdims=True)
        return jnp.argmax(jnp.where(most, node.prior_logits, -jnp.inf), -1).astype(jnp.int32)

    def completed_q(self, node: Node) -> Float[Array, "B K"]:
        """Q with a value for what was never visited."""
        if self.fpu_reduction is None:
            return node.q_values
        return jnp.where(node.visit_counts > 0, node.q_values, node.mean_value[:, None] - self.fpu_reduction)

    def decide(self, node: Node, root: Root) -> tuple[Int[Array, " B"], Float[Array, "B K"], Float[Array, " B"]]:
        """(most visited slot, visit shares, logits outside of the slots): π(a) = N(root,a) / Σ N."""
        visits = self._pruned(node, root)
        weights = visits / jnp.maximum(visits.sum(-1, keepdims=True), 1)
        return self._most_visited(node), weights, jnp.full(visits.shape[0], -jnp.inf)
