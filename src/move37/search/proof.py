"""What a tree has proven: moves that win or lose by force, and within how many plies.

A move wins if it ends the game so, or if every legal answer is in the tree and loses; it loses if some answer wins.
This looks at a tree that the search has grown, and changes neither its visits nor its values.

Source: Winands, Björnsson, Saito, "Monte-Carlo Tree Search Solver" (2008), section 3.1. Differs: their search uses what
is proven while it goes on; here it is read off at the end, with the number of plies. Draws are not proven.
"""

from collections.abc import Iterator

import numpy as np
from jaxtyping import Int

from move37.search.tree import NO_CHILD, Tree


def proofs(tree: Tree, game: int = 0) -> Int[np.ndarray, " N"]:
    """For each node, of the move that led there: n, it wins in n plies; −n, it loses in n; 0, not known.

    Of games whose players take turns. The shortest win that the tree has, against the longest resistance.
    """
    reward, discount, parent = (np.asarray(x)[game] for x in (tree.reward, tree.discount, tree.parent))
    number, through = int(np.asarray(tree.num_nodes)[game]), np.zeros(len(parent), np.int64)
    ended = np.where(discount == 0, np.sign(reward), 0).astype(int)
    ended[number:] = 0
    if not ended.any():
        return through
    wins, losses, longest = ([0] * number for _ in range(3))  # of the player to move: fewest plies, moves, most plies
    up = parent.tolist()
    for node in range(number - 1, 0, -1):  # a child is younger than its parent
        if ended[node]:
            plies = int(ended[node])
        elif wins[node]:
            plies = -1 - wins[node]
        elif losses[node] and losses[node] == _num_moves(tree, game, node):
            plies = 1 + longest[node]
        else:
            continue
        through[node], above = plies, up[node]
        if plies > 0:
            wins[above] = min(plies, wins[above] or plies)
        else:
            losses[above], longest[above] = losses[above] + 1, max(-plies, longest[above])
    return through


def proven_line(child: Int[np.ndarray, "N K"], through: Int[np.ndarray, " N"], slot: int) -> Iterator[tuple[int, int]]:
    """(node, slot) of a proven move at the root and of the best play of both that follows."""
    node = 0
    while slot != NO_CHILD:
        yield node, slot
        node = int(child[node, slot])
        plies = np.where(child[node] != NO_CHILD, through[child[node]], 0)
        known = np.flatnonzero(plies)
        # a win soon before one that takes long; a loss that takes long before one that comes soon
        slot = max(known.tolist(), key=lambda k: 1 / plies[k], default=NO_CHILD)


def _num_moves(tree: Tree, game: int, node: int) -> int:
    """Legal moves of a node; −1 where they may be more than it has slots."""
    closed = np.isneginf(np.asarray(tree.prior_logits)[game, node])
    every = tree.root_logits.shape[-1] == len(closed)
    return int((~closed).sum()) if every or closed.any() else -1
