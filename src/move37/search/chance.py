"""Chance in a tree: nodes at which not an agent moves but nature, by the probabilities that the model gives."""

from typing import NamedTuple

import jax.numpy as jnp
from jaxtyping import Array, Int

from move37.search.tree import Node, Root, Rule


class Nature(NamedTuple):
    """A rule for agents, and at nodes of chance argmax_c σ(c) / (1 + N(s,c)).

    After n visits of such a node each outcome has been visited about n·σ(c) times, with no random number drawn: the
    mean that is backed up is the expectation over outcomes, with less variance than samples would have.

    Source: Antonoglou et al., "Planning in stochastic environments with a learned model", ICLR 2022, section 4.1 (its
    outcomes are drawn from σ), and mctx, where they are chosen as here.
    """

    agents: Rule

    def select(self, node: Node) -> Int[Array, " B"]:
        """By the kind of the node: open slots behind the actions are outcomes."""
        is_open = ~jnp.isneginf(node.prior_logits)
        is_chance = (is_open & (node.action >= node.num_actions)).any(-1)
        visits = (node.visit_counts + node.virtual_visits).astype(jnp.float32)
        lag = jnp.where(is_open, node.prior_logits - jnp.log1p(visits), -jnp.inf)
        return jnp.where(is_chance, jnp.argmax(lag, -1).astype(jnp.int32), self.agents.select(node.decision))

    def select_root(self, node: Node, root: Root) -> Int[Array, " B"]:
        """At a root an agent moves."""
        return self.agents.select_root(node.decision, root.decision(node.num_actions))
