"""The principal line: its rewards are the model's, and its values are those that were backed up."""

import jax
import numpy as np
import pytest
from hash_world import HashWorld, roots

from move37.search.line import principal_line
from move37.search.mcts import SearchConfig, search
from move37.search.puct import Puct
from move37.search.tree import NO_CHILD

WORLD, COUNT = HashWorld(4, terminal=1, illegal=0, rewards=True), 6


@pytest.fixture(scope="module")
def found():
    config = SearchConfig(Puct(), num_simulations=48)
    result = jax.jit(lambda embedding: search(WORLD, embedding, config))(roots(COUNT))
    return jax.tree.map(np.asarray, result)


def test_each_step_is_the_models_and_worth_what_was_backed_up(found):
    lengths, ends, transition = [], 0, jax.jit(WORLD.transition)
    for game in range(COUNT):
        line, state = principal_line(found.tree, int(found.action[game]), game), roots(COUNT)[game : game + 1]
        assert line[0].action == int(found.action[game])
        discounts = []
        for step in line:
            after = jax.tree.map(np.asarray, transition(state, np.array([step.action], np.int32)))
            assert step.reward == pytest.approx(float(after.reward[0]), abs=1e-6)
            state, discounts = after.embedding, [*discounts, float(after.discount[0])]
        # Every visit of the first edge brought r + d·G: their mean is r + d·(the mean over the node behind it).
        q = float(found.q_values[game, line[0].action])
        assert q == pytest.approx(line[0].reward + discounts[0] * line[0].value, abs=1e-4)
        assert 0 not in discounts[:-1]
        if discounts[-1] == 0:
            ends += 1
            assert line[-1].value == 0
        lengths.append(len(line))
    assert max(lengths) > 2
    assert ends > 0


def test_an_action_that_was_never_tried_is_no_line(found):
    tree = found.tree
    nothing = tree._replace(visit_counts=np.zeros_like(tree.visit_counts))
    assert principal_line(nothing, int(tree.action[0, 0, 0])) == ()


def test_an_edge_whose_node_is_gone_ends_the_line(found):
    """`reroot` leaves such edges: they keep their visits. What lies last in the arrays is not their node."""
    first = int(found.action[0])
    slot = int(np.flatnonzero(found.tree.action[0, 0] == first)[0])
    child = found.tree.child.copy()
    child[0, 0, slot] = NO_CHILD
    gone = found.tree._replace(child=child)
    assert principal_line(found.tree, first)
    assert principal_line(gone, first) == ()
