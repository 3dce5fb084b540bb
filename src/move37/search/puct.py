"""PUCT: AlphaGo's, AlphaGo Zero's, AlphaZero's and MuZero's rule of selection."""

from dataclasses import dataclass
from math import inf

import jax
import jax.numpy as jnp
from jaxtyping import Array, Bool, Float, Int, Key

from move37.core.errors import BadConfig, check_ranges
from move37.search.tree import Node, Root, Tree, root_node


@dataclass(frozen=True)
class Puct:
    """argmax_a Q(s,a) + c(s)·P(s,a)·√N(s) / (1 + N(s,a)),  c(s) = pb_c_init + log((N(s) + pb_c_base + 1) / pb_c_base).

    At the root P ← (1 − f)·P + f·η with η ~ Dirichlet(α) over the legal actions; f = 0 outside of self-play.
    N(s) = 1 + Σ_b N(s,b): the node's own evaluation is a visit.

    Source: AlphaZero (Science 2018), Methods, "Search", and its pseudocode.
    Differs: `fpu_reduction` (KataGo, lc0): an unvisited action is worth the mean value of s less this much. None gives
    the paper's 0.
    """

    pb_c_init: float = 1.25
    pb_c_base: float = 19_652.0
    dirichlet_alpha: float = 0.3  # the papers: about 10 / legal actions: 0.3 chess, 0.15 shogi, 0.03 Go 19×19
    dirichlet_fraction: float = 0.25
    fpu_reduction: float | None = None

    def __post_init__(self) -> None:
        """Check the ranges. Raises `BadConfig`."""
        check_ranges("search.rule.", self, pb_c_init=(0, inf), pb_c_base=(1, inf), dirichlet_fraction=(0, 1))
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
        mixed = jnp.where(jnp.isneginf(log_prior), -jnp.inf, jnp.log(mixed))
        return mixed, mixed

    def schedule(self, num_simulations: tuple[int, ...], num_actions: int) -> None:
        """PUCT plans nothing ahead."""

    def select(self, node: Node) -> Int[Array, " B"]:
        """The slot with the greatest upper confidence bound."""
        visits = (node.visit_counts + node.virtual_visits).astype(jnp.float32)
        total = 1 + visits.sum(-1, keepdims=True)
        c = self.pb_c_init + jnp.log((total + self.pb_c_base + 1) / self.pb_c_base)
        bonus = c * jnp.exp(node.prior_logits) * jnp.sqrt(total) / (1 + visits)
        score = jnp.where(jnp.isneginf(node.prior_logits), -jnp.inf, self.completed_q(node) + bonus)
        return jnp.argmax(score, axis=-1).astype(jnp.int32)

    def select_root(self, node: Node, root: Root) -> Int[Array, " B"]:
        """The same rule: the noise is in the prior."""
        return self.select(node)

    def completed_q(self, node: Node) -> Float[Array, "B K"]:
        """Q with a value for what was never visited."""
        if self.fpu_reduction is None:
            return node.q_values
        return jnp.where(node.visit_counts > 0, node.q_values, node.mean_value[:, None] - self.fpu_reduction)

    def decide(self, tree: Tree, root: Root) -> tuple[Int[Array, " B"], Float[Array, "B K"], Float[Array, " B"]]:
        """(most visited slot, visit shares, logits outside of the slots): π(a) = N(root,a) / Σ N."""
        node = root_node(tree)
        visits = node.visit_counts.astype(jnp.float32)
        weights = visits / jnp.maximum(visits.sum(-1, keepdims=True), 1)
        most = jnp.where(visits == visits.max(-1, keepdims=True), node.prior_logits, -jnp.inf)  # ties: greater prior
        return jnp.argmax(most, -1).astype(jnp.int32), weights, jnp.full(visits.shape[0], -jnp.inf)
