"""Sub-tree reuse: what a search found out below the moves that were then played is where the next search begins.

Source: AlphaGo Zero (Nature 2017), Methods, "Search algorithm": the child of the played action is the new root, the
sub-tree below it is retained with all its statistics, and the remainder of the tree is discarded.

Visits and values stay as they are: without noise, PUCT that goes on from a reused tree is the search that went on from
the child. New at the root are its embedding, value and prior, from a fresh evaluation (one network call a move; a
learned model's imagined state gives way to the observed one), and the noise, applied to that prior. Gumbel's plan
counts only the visits that the new search adds; its values and its improved policy know the old ones as well.
"""

import math
from typing import NamedTuple

import jax
import jax.numpy as jnp
from jaxtyping import Array, Bool, Int

from move37.core.errors import BadConfig
from move37.search.tree import NO_CHILD, PENDING, Tree

NO_SLOT = -1


class Previous(NamedTuple):
    """An earlier search to go on from."""

    tree: Tree
    moves: Int[Array, "B M"]  # since its roots; negative: nothing to go on from; A or more: none, to fill the row up


def reroot(previous: Previous, fresh: Tree, num_simulations: int) -> Tree:
    """`fresh`, roots just planted where the moves lead, with what the earlier tree knows below them.

    A game stays as planted if the tree holds no such node, if that is terminal, or if a move is negative (as when an
    episode began). Of a sub-tree the oldest N − `num_simulations` nodes stay, the root among them: parents are
    older than their children, so that is a tree. An edge whose child is gone keeps N and W, and grows a new one.

    With K < A an action without a slot in the planted root loses its sub-tree and its visits.
    Raises `BadConfig` if the two were not planted with one configuration.
    """
    tree, capacity = previous.tree, previous.tree.child.shape[1]
    if tree.child.shape != fresh.child.shape or num_simulations >= capacity:
        raise BadConfig(
            f"reuse: {num_simulations} simulations in trees of shape {tree.child.shape} (games, nodes, slots) and "
            f"{fresh.child.shape}; keep the games and the SearchConfig of the search whose tree is used again."
        )
    games = jnp.arange(tree.child.shape[0])[:, None]
    top, found = _follow(tree, previous.moves)
    old_actions, new_actions = tree.action[games[:, 0], top], fresh.action[:, 0]
    old_slot = _slots_of(new_actions, old_actions, tree)
    new_slot = _slots_of(old_actions, new_actions, tree)
    parent_slot = jnp.where(tree.parent == top[:, None], new_slot[games, tree.parent_slot], tree.parent_slot)
    stays = _sub_tree(tree, top, parent_slot != NO_SLOT) & found[:, None]
    index = jnp.cumsum(stays, axis=1, dtype=jnp.int32) - 1
    stays &= index < capacity - num_simulations

    place = jnp.broadcast_to(jnp.arange(capacity, dtype=jnp.int32), index.shape)
    source = jnp.zeros_like(index).at[games, jnp.where(stays, index, capacity)].set(place, mode="drop")
    num_nodes = jnp.maximum(stays.sum(-1, dtype=jnp.int32), 1)
    child_stays = (tree.child != NO_CHILD) & stays[games[..., None], tree.child]
    child = jnp.where(child_stays, index[games[..., None], tree.child], NO_CHILD)
    below = (place > 0) & (place < num_nodes[:, None])
    at_root = found[:, None] & (old_slot != NO_SLOT)

    def move(old: Array, planted: Array) -> Array:
        """Nodes to their new places; the root and the free places as planted."""
        return jnp.where(below.reshape(below.shape + (1,) * (old.ndim - 2)), old[games, source], planted)

    def move_edges(old: Array, planted: Array) -> Array:
        """And the edges of the root, in the order of its slots."""
        edges = jnp.where(at_root, old[games, top[:, None], old_slot], planted[:, 0])
        return move(old, planted).at[:, 0].set(edges)

    return Tree(
        embedding=jax.tree.map(move, tree.embedding, fresh.embedding),
        num_nodes=num_nodes,
        parent=move(index[games, tree.parent], fresh.parent),
        parent_slot=move(parent_slot, fresh.parent_slot),
        reward=move(tree.reward, fresh.reward),
        discount=move(tree.discount, fresh.discount),
        value=move(tree.value, fresh.value),
        action=move(tree.action, fresh.action),
        child=move_edges(child, fresh.child),
        prior_logits=move(tree.prior_logits, fresh.prior_logits),
        visit_counts=move_edges(tree.visit_counts, fresh.visit_counts),
        virtual_visits=fresh.virtual_visits,
        value_sum=move_edges(tree.value_sum, fresh.value_sum),
        root_logits=fresh.root_logits,
    )


def _follow(tree: Tree, moves: Int[Array, "B M"]) -> tuple[Int[Array, " B"], Bool[Array, " B"]]:
    """(node that the moves lead to, whether there is one that a search can go on from)."""
    games, node = jnp.arange(moves.shape[0]), jnp.zeros_like(tree.num_nodes)
    found, none = jnp.ones(moves.shape[0], bool), moves >= tree.root_logits.shape[1]
    for step in range(moves.shape[1]):
        matches = (tree.action[games, node] == moves[:, step, None]) & (tree.child[games, node] != NO_CHILD)
        found &= matches.any(-1) | none[:, step]
        below = jnp.where(found, tree.child[games, node, jnp.argmax(matches, axis=-1)], 0)
        node = jnp.where(none[:, step], node, below)
    found &= (node > 0) & (tree.discount[games, node] != 0) & (tree.value[games, node] != PENDING)
    return node, found


def _slots_of(actions: Int[Array, "B K"], among: Int[Array, "B K"], tree: Tree) -> Int[Array, "B K"]:
    """The slot of `among` that holds each action, or `NO_SLOT`."""
    games = jnp.arange(actions.shape[0])[:, None]
    slots = jnp.broadcast_to(jnp.arange(among.shape[1], dtype=jnp.int32), among.shape)
    return jnp.full(tree.root_logits.shape, NO_SLOT, jnp.int32).at[games, among].set(slots)[games, actions]


def _sub_tree(tree: Tree, top: Int[Array, " B"], linked: Bool[Array, "B N"]) -> Bool[Array, "B N"]:
    """Which nodes have `top` among their ancestors, or are `top`: pointers that double their stride, log₂ N times."""
    games, capacity = jnp.arange(top.shape[0]), tree.parent.shape[1]
    above = jnp.where(linked, tree.parent, 0).at[games, top].set(top)
    for _ in range(math.ceil(math.log2(capacity))):
        above = jnp.take_along_axis(above, above, axis=1)
    return above == top[:, None]
