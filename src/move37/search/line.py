"""What a search expects: the principal line of its tree, with what the model says of each step."""

from typing import NamedTuple

import numpy as np

from move37.search.tree import Tree


class Foreseen(NamedTuple):
    """One step of the line. The value is of the position behind it, for the agent that moves there."""

    action: int
    reward: float  # to the agent that takes the action
    value: float  # (v + Σ W) / (1 + Σ N), as the search values its root; 0 behind the end


def principal_line(tree: Tree, first: int, game: int = 0) -> tuple[Foreseen, ...]:
    """The chosen action, then the most visited answer to each, as far as the tree of one game in the batch goes."""
    action, child, counts = (np.asarray(x[game]) for x in (tree.action, tree.child, tree.visit_counts))
    reward, discount, value, sums = (
        np.asarray(x[game]) for x in (tree.reward, tree.discount, tree.value, tree.value_sum)
    )
    line: list[Foreseen] = []
    node, slot = 0, int(np.flatnonzero(action[0] == first)[0])
    while counts[node, slot] > 0 and (following := int(child[node, slot])) > 0:
        mean = (
            0.0
            if discount[following] == 0
            else (value[following] + sums[following].sum()) / (1 + counts[following].sum())
        )
        line.append(Foreseen(int(action[node, slot]), float(reward[following]), float(mean)))
        node, slot = following, int(counts[following].argmax())
    return tuple(line)
