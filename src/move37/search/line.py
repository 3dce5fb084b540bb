"""What a search expects: the principal line of its tree, with what the model says of each step."""

from collections.abc import Iterator
from typing import NamedTuple

import numpy as np
from jaxtyping import Int

from move37.search.tree import NO_CHILD, Tree


class Foreseen(NamedTuple):
    """One step of the line. The value is of the position behind it, for the agent that moves there."""

    action: int
    reward: float  # to the agent that takes the action
    value: float  # (v + Σ W) / (1 + Σ N), as the search values its root; 0 behind the end


def walk(child: Int[np.ndarray, "N K"], counts: Int[np.ndarray, "N K"], slot: int) -> Iterator[tuple[int, int]]:
    """(node, slot) of a move at the root and of the most visited answer to each, as far as one tree was visited."""
    node = 0
    while node != NO_CHILD and counts[node, slot] > 0:
        yield node, slot
        node = int(child[node, slot])
        slot = int(counts[node].argmax())


def principal_line(tree: Tree, first: int, game: int = 0) -> tuple[Foreseen, ...]:
    """The chosen action, then the most visited answer to each, as far as the tree of one game in the batch goes."""
    action, child, counts = (np.asarray(x[game]) for x in (tree.action, tree.child, tree.visit_counts))
    reward, discount, value, sums = (
        np.asarray(x[game]) for x in (tree.reward, tree.discount, tree.value, tree.value_sum)
    )
    line: list[Foreseen] = []
    for node, slot in walk(child, counts, int(np.flatnonzero(action[0] == first)[0])):
        after = int(child[node, slot])
        if after == NO_CHILD:  # of a tree that goes on from an earlier search: the edge keeps its visits alone
            break
        mean = (value[after] + sums[after].sum()) / (1 + counts[after].sum()) if discount[after] else 0.0
        line.append(Foreseen(int(action[node, slot]), float(reward[after]), float(mean)))
    return tuple(line)
