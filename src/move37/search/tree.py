"""The search tree of B games as arrays, and the three verbs that grow it: `select`, `expand`, `backup`.

A node holds K slots and a slot holds an action. With K = A that is the textbook tree. With K = num_simulations < A it
is *the same* search for less: among the actions of a node that were never visited PUCT and Gumbel prefer the one with
the greatest prior, so after n visits only the n first actions in the order of the prior can have been touched. Slots
are therefore sorted by prior, and the cost of a search does not depend on A. Sampled actions use the same table.

Everything is batched explicitly. `select` carries indices only; `backup` walks parent pointers with scatters of B
elements. No random number is drawn in either. Lanes that are done write to node N, which does not exist: those writes
are dropped.
"""

from typing import Any, NamedTuple, Protocol, runtime_checkable

import jax
import jax.numpy as jnp
from jaxtyping import Array, Bool, Float, Int

from move37.core.types import ChancePrediction, Embedding, Prediction, Transition

NO_CHILD = -1
LEAST_RANGE = 0.01  # of Q, where it is rescaled by the whole tree; and as a share of the greatest |Q|
PENDING = jnp.inf  # value of a node that was selected and is not evaluated yet


class Tree(NamedTuple):
    """B trees of at most N nodes, node 0 the root. Reward, discount and parent belong to the edge *into* a node."""

    embedding: Any  # [B N ...]
    num_nodes: Int[Array, " B"]
    parent: Int[Array, "B N"]
    parent_slot: Int[Array, "B N"]
    reward: Float[Array, "B N"]
    discount: Float[Array, "B N"]  # 0 = the node is terminal
    value: Float[Array, "B N"]  # v(s), the network's
    action: Int[Array, "B N K"]
    child: Int[Array, "B N K"]
    prior_logits: Float[Array, "B N K"]  # log P(s,a), normalised over all actions; −inf where illegal
    visit_counts: Int[Array, "B N K"]  # N(s,a), finished
    virtual_visits: Int[Array, "B N K"]  # on the way: selected, not yet backed up
    value_sum: Float[Array, "B N K"]  # W(s,a): Q = W / N
    root_logits: Float[Array, "B A"]  # log P(root, a) of all actions, before noise


class Node(NamedTuple):
    """What a rule of selection sees of one node in each of B games."""

    action: Int[Array, "B K"]
    prior_logits: Float[Array, "B K"]
    visit_counts: Int[Array, "B K"]
    virtual_visits: Int[Array, "B K"]
    value_sum: Float[Array, "B K"]
    value: Float[Array, " B"]
    low: Float[Array, " B"]  # the range of Q in the whole tree
    high: Float[Array, " B"]
    num_actions: int  # A; there may be actions without a slot, and behind the actions there may be outcomes of chance

    @property
    def decision(self) -> "Node":
        """The same with the slots of actions alone. Where an agent moves they come first, and all others are closed."""
        of_slots = ("action", "prior_logits", "visit_counts", "virtual_visits", "value_sum")
        return self._replace(**{name: getattr(self, name)[:, : self.num_actions] for name in of_slots})

    @property
    def q_values(self) -> Float[Array, "B K"]:
        """Q(s,a) = W(s,a) / N(s,a); 0 where N = 0."""
        return self.value_sum / jnp.maximum(self.visit_counts, 1).astype(jnp.float32)

    @property
    def mean_value(self) -> Float[Array, " B"]:
        """(v + Σ W) / (1 + Σ N): the node's own evaluation counts as one visit."""
        return (self.value + self.value_sum.sum(-1)) / (1 + self.visit_counts.sum(-1)).astype(jnp.float32)

    def rescaled(self, q: Float[Array, "B k"]) -> Float[Array, "B k"]:
        """(Q − low) / (high − low): MuZero's rescaling, for worlds whose returns have no known bounds.

        Differs: a range under 0.01 counts as 0.01 (EfficientZero), and one under a hundredth of the greatest |Q| as
        that: a net does not know large values better, and what it does not know would be blown up to a preference.
        """
        least = LEAST_RANGE * jnp.maximum(1, jnp.maximum(jnp.abs(self.low), jnp.abs(self.high)))
        return (q - self.low[:, None]) / jnp.maximum(self.high - self.low, least)[:, None]


class Root(NamedTuple):
    """What a rule of selection may know about the root besides its statistics."""

    noise: Float[Array, "B K"]  # of each slot's action
    schedule: Int[Array, "B T"]  # Gumbel's considered visits; empty for others
    before: Int[Array, "B K"]  # visits that the search began with: not 0 where a sub-tree is used again

    def decision(self, num_actions: int) -> "Root":
        """The same with the slots of actions alone."""
        return Root(self.noise[:, :num_actions], self.schedule, self.before[:, :num_actions])


@runtime_checkable
class Rule(Protocol):
    """A rule of selection: `Puct`, `Gumbel`."""

    def select(self, node: Node) -> Int[Array, " B"]:
        """The slot to follow at an interior node."""

    def select_root(self, node: Node, root: Root) -> Int[Array, " B"]:
        """The slot to follow at the root."""


class Leaves(NamedTuple):
    """Where M descents ended: edge (parent, slot) of game `game`, leading to `node`."""

    game: Int[Array, " M"]
    parent: Int[Array, " M"]
    slot: Int[Array, " M"]
    node: Int[Array, " M"]
    new: Bool[Array, " M"]  # the node does not exist yet: to be expanded
    active: Bool[Array, " M"]  # False: this game has no budget left, nothing was selected


Range = tuple[Float[Array, " B"], Float[Array, " B"]]


def q_range(tree: Tree) -> Range:
    """The least and the greatest Q(s,a) of the edges that were visited; v of the root counts as one of them.

    Source: MuZero (Nature 2020), Appendix B, equation 5. Differs: of the values as they are now, not as they ever were.
    """
    visited, root = tree.visit_counts > 0, tree.value[:, 0]
    q = tree.value_sum / jnp.maximum(tree.visit_counts, 1).astype(jnp.float32)
    low, high = jnp.where(visited, q, jnp.inf).min((1, 2)), jnp.where(visited, q, -jnp.inf).max((1, 2))
    return jnp.minimum(low, root), jnp.maximum(high, root)


def node_at(tree: Tree, index: Int[Array, " B"], within: Range) -> Node:
    """Gather one node of each game. `within` is the `q_range` of the tree, to be computed once for a descent."""
    rows = jnp.arange(index.shape[0])
    return Node(
        tree.action[rows, index],
        tree.prior_logits[rows, index],
        tree.visit_counts[rows, index],
        tree.virtual_visits[rows, index],
        tree.value_sum[rows, index],
        tree.value[rows, index],
        *within,
        tree.root_logits.shape[-1],
    )


def root_node(tree: Tree) -> Node:
    """The root of each game."""
    return node_at(tree, jnp.zeros_like(tree.num_nodes), q_range(tree))


def select(tree: Tree, rule: Rule, root: Root, active: Bool[Array, " B"], virtual: bool) -> tuple[Tree, Leaves]:
    """One descent in each active game, to an edge without a child, or to a node that cannot be expanded.

    Such a node is terminal, or it was selected by an earlier descent of this round and is not evaluated yet. The new
    child gets its index here; with `virtual`, every edge passed gets a virtual visit, so that the next descent differs.
    """
    batch, capacity, _ = tree.child.shape
    games, within = jnp.arange(batch), q_range(tree)

    def pass_edge(tree: Tree, node: Array, slot: Array, going: Array) -> tuple[Tree, Array]:
        child = tree.child[games, node, slot]
        if virtual:
            row = jnp.where(going, node, capacity)
            tree = tree._replace(virtual_visits=tree.virtual_visits.at[games, row, slot].add(1, mode="drop"))
        open_child = (child != NO_CHILD) & (tree.discount[games, child] != 0) & (tree.value[games, child] != PENDING)
        return tree, going & open_child

    first = rule.select_root(root_node(tree), root)
    start = jnp.zeros(batch, jnp.int32)
    tree, going = pass_edge(tree, start, first, active)

    def descend(carry: tuple[Any, ...]) -> tuple[Any, ...]:
        virtual_visits, node, slot, going = carry
        now = tree._replace(virtual_visits=virtual_visits)
        node = jnp.where(going, now.child[games, node, slot], node)
        slot = jnp.where(going, rule.select(node_at(now, node, within)), slot)
        now, going = pass_edge(now, node, slot, going)
        return now.virtual_visits, node, slot, going

    carry = (tree.virtual_visits, start, first, going)
    virtual_visits, node, slot, _ = jax.lax.while_loop(lambda carry: carry[-1].any(), descend, carry)
    child = tree.child[games, node, slot]
    new = active & (child == NO_CHILD)
    index = jnp.where(new, tree.num_nodes, child)
    row = jnp.where(new, node, capacity)
    tree = tree._replace(
        virtual_visits=virtual_visits,
        child=tree.child.at[games, row, slot].set(index, mode="drop"),
        value=tree.value.at[games, jnp.where(new, index, capacity)].set(PENDING, mode="drop"),
        num_nodes=tree.num_nodes + new.astype(jnp.int32),
    )
    return tree, Leaves(games, node, slot, index, new, active)


def imagine(tree: Tree, leaves: Leaves, transition: Any) -> Transition:
    """Apply g to the edges that the descents found: what stands at their ends."""
    embedding = jax.tree.map(lambda x: x[leaves.game, leaves.parent], tree.embedding)
    return transition(embedding, tree.action[leaves.game, leaves.parent, leaves.slot])


def expand(
    tree: Tree, leaves: Leaves, transition: Transition, prediction: Prediction | ChancePrediction, slots: Any
) -> Tree:
    """Write the new nodes: state, edge into them, value (0 if terminal) and slots."""
    capacity = tree.value.shape[1]
    at = (leaves.game, jnp.where(leaves.new, leaves.node, capacity))
    action, prior_logits = slots

    def write(array: Array, rows: Array) -> Array:
        return array.at[at].set(rows.astype(array.dtype), mode="drop")

    return tree._replace(
        embedding=jax.tree.map(write, tree.embedding, transition.embedding),
        parent=write(tree.parent, leaves.parent),
        parent_slot=write(tree.parent_slot, leaves.slot),
        reward=write(tree.reward, transition.reward),
        discount=write(tree.discount, transition.discount),
        value=write(tree.value, jnp.where(transition.discount == 0, 0.0, prediction.value)),
        action=write(tree.action, action),
        prior_logits=write(tree.prior_logits, prior_logits),
    )


def backup(tree: Tree, leaves: Leaves, virtual: bool) -> Tree:
    """G ← r + d · G from each leaf to its root; on every edge N += 1 and W += G.

    Several leaves of one game walk at once: scatters add, so that shared edges get the sum.
    """
    game, capacity = leaves.game, tree.value.shape[1]

    def climb(carry: tuple[Any, ...]) -> tuple[Any, ...]:
        visit_counts, virtual_visits, value_sum, node, value = carry
        going = node > 0
        value = tree.reward[game, node] + tree.discount[game, node] * value
        edge = (game, jnp.where(going, tree.parent[game, node], capacity), tree.parent_slot[game, node])
        visit_counts = visit_counts.at[edge].add(1, mode="drop")
        value_sum = value_sum.at[edge].add(value, mode="drop")
        if virtual:
            virtual_visits = virtual_visits.at[edge].add(-1, mode="drop")
        return visit_counts, virtual_visits, value_sum, jnp.where(going, tree.parent[game, node], 0), value

    node = jnp.where(leaves.active, leaves.node, 0)
    carry = (tree.visit_counts, tree.virtual_visits, tree.value_sum, node, tree.value[game, node])
    visit_counts, virtual_visits, value_sum, _, _ = jax.lax.while_loop(lambda c: (c[3] > 0).any(), climb, carry)
    return tree._replace(visit_counts=visit_counts, virtual_visits=virtual_visits, value_sum=value_sum)


def plant(
    embedding: Embedding, log_prior: Float[Array, "B A"], value: Float[Array, " B"], slots: Any, capacity: int
) -> Tree:
    """A tree that is only its root."""
    batch = value.shape[0]
    action, prior_logits = slots
    num_slots = action.shape[-1]

    def room(rows: Array, fill: Any) -> Array:
        return jnp.full((batch, capacity, *rows.shape[1:]), fill, rows.dtype).at[:, 0].set(rows)

    edge, zero = jnp.zeros((batch, num_slots), jnp.int32), jnp.zeros(batch, jnp.int32)
    return Tree(
        embedding=jax.tree.map(lambda x: room(x, jnp.zeros((), x.dtype)), embedding),
        num_nodes=zero + 1,
        parent=room(zero, 0),
        parent_slot=room(zero, 0),
        reward=room(jnp.zeros(batch), 0),
        discount=room(jnp.ones(batch), 0),
        value=room(value, 0),
        action=room(action, 0),
        child=room(edge + NO_CHILD, NO_CHILD),
        prior_logits=room(prior_logits, 0),
        visit_counts=room(edge, 0),
        virtual_visits=room(edge, 0),
        value_sum=room(jnp.zeros((batch, num_slots)), 0),
        root_logits=log_prior,
    )
