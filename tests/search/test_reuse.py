"""Sub-tree reuse: the rerooted arrays hold the reference's sub-tree, and what goes on from them goes on as it does."""

from functools import cache, partial

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from hash_world import HashWorld, one_game, roots

from move37.core.errors import BadConfig
from move37.games import solved
from move37.games.tic_tac_toe import TicTacToe
from move37.models.rules import Rules
from move37.search import reference
from move37.search.gumbel import Gumbel
from move37.search.mcts import SearchConfig, absorb, finish, grow, search, start
from move37.search.puct import Puct
from move37.search.reuse import Previous, reroot
from move37.search.stepwise import Stepwise

COUNT, OLD, NEW = 16, 48, 32
OPTIONS = {"terminal": 2, "discount": None, "rewards": True}
PUCT = SearchConfig(Puct(), OLD + NEW)  # K and the room of the tree; the tests choose how many simulations to run


@partial(jax.jit, static_argnums=(0, 1, 5))
def run(world, config, embedding, previous, noise, simulations):
    """Simulations from fresh roots, or on from an earlier tree that has room for them."""
    tree, root = start(config, embedding, world.evaluate(embedding), noise)
    if previous is not None:
        tree = reroot(previous, tree, simulations)

    def simulate(_, tree):
        growth = grow(config, tree, root, jnp.full(embedding.shape[0], config.leaves), world.transition)
        return absorb(config, growth, world.evaluate(growth.transition.embedding))

    return tree, finish(config, jax.lax.fori_loop(0, simulations, simulate, tree), root)


@partial(jax.jit, static_argnums=(0, 1))
def plant(world, config, embedding, noise=None):
    return start(config, embedding, world.evaluate(embedding), noise)[0]


rerooted, transition = jax.jit(reroot, static_argnums=2), jax.jit(HashWorld.transition, static_argnums=0)


@cache
def first_search(num_actions, config):
    world = HashWorld(num_actions, **OPTIONS)
    return world, run(world, config, roots(COUNT), None, None, OLD)[1].tree


def first_searches(num_actions, config=PUCT, depth=1):
    """One search of each game in JAX and in the reference, and the `depth` most visited moves from each root."""
    (world, tree), starts = first_search(num_actions, config), roots(COUNT)
    theirs = [reference.search(one_game(num_actions, **OPTIONS), s, config.rule, OLD).root for s in np.asarray(starts)]
    moves = np.zeros((COUNT, depth), np.int32)
    below = list(theirs)
    for step in range(depth):
        for b, node in enumerate(below):
            moves[b, step] = -1 if node is None else node.visit_counts.argmax()
            below[b] = None if node is None else reference.subtree(node, int(moves[b, step]))
    embedding = starts
    for step in range(depth):
        embedding = np.asarray(transition(world, embedding, np.maximum(moves[:, step], 0)).embedding)
    return world, Previous(tree, moves), embedding, below


def same(tree, b, index, node, is_root=True):
    """The tree of game b below `index` is the tree below `node`, edge by edge; returns its number of nodes."""
    actions, edges = tree.action[b, index], tree.child[b, index]
    slots = {int(a): k for k, a in enumerate(actions)}
    np.testing.assert_allclose(tree.value[b, index], node.value, atol=1e-6)
    np.testing.assert_allclose(tree.reward[b, index], node.reward, atol=1e-6)
    assert tree.discount[b, index] == np.float32(node.discount)
    if node.discount == 0 and not is_root:
        return 1
    visited = np.flatnonzero(node.visit_counts)
    assert tree.visit_counts[b, index].sum() == node.visit_counts.sum()
    assert (edges >= 0).sum() == len(node.children)
    total = 1
    for action in visited:
        k = slots[int(action)]
        assert tree.visit_counts[b, index, k] == node.visit_counts[action]
        np.testing.assert_allclose(tree.value_sum[b, index, k], node.value_sum[action], rtol=1e-5, atol=1e-5)
        np.testing.assert_allclose(np.exp(tree.prior_logits[b, index, k]), node.prior[action], atol=1e-6)
        child = edges[k]
        assert child > index, "a child stands before its parent"
        assert (tree.parent[b, child], tree.parent_slot[b, child]) == (index, k)
        total += same(tree, b, child, node.children[int(action)], is_root=False)
    return total


@pytest.mark.parametrize(("num_actions", "depth"), [(5, 1), (5, 2), (100, 1)])
def test_a_rerooted_tree_is_the_references_sub_tree(num_actions, depth):
    world, previous, embedding, below = first_searches(num_actions, depth=depth)
    planted = plant(world, PUCT, embedding)
    tree = jax.tree.map(np.asarray, rerooted(previous, planted, NEW))
    assert tree.action.shape[-1] == min(num_actions, OLD + NEW)
    fresh = jax.tree.map(np.asarray, planted)
    kept = 0
    for b, node in enumerate(below):
        if node is None:
            jax.tree.map(lambda x, y, b=b: np.testing.assert_array_equal(x[b], y[b]), tree, fresh)
        else:
            assert same(tree, b, 0, node) == tree.num_nodes[b]
            assert tree.embedding[b, 0] == node.embedding
            kept += tree.num_nodes[b] > 2
        free = np.arange(tree.child.shape[1]) >= tree.num_nodes[b]
        assert (tree.child[b, free] == -1).all()
        assert not tree.visit_counts[b, free].any()
        assert not tree.value_sum[b, free].any()
    assert kept > 5


@pytest.mark.parametrize(("num_actions", "noisy"), [(5, True), (100, False)])
def test_going_on_equals_the_reference_going_on(num_actions, noisy):
    world, previous, embedding, below = first_searches(num_actions)
    noise = None
    if noisy:
        legal = ~np.isneginf(jax.jit(world.evaluate)(embedding).prior_logits)
        noise = jax.jit(Puct().noise)(jax.random.key(2), legal)
    ours = jax.tree.map(np.asarray, run(world, PUCT, embedding, previous, noise, NEW)[1])
    for b, node in enumerate(below):
        theirs = reference.search(
            one_game(num_actions, **OPTIONS),
            np.asarray(embedding)[b],
            Puct(),
            NEW,
            None if noise is None else np.asarray(noise)[b],
            root=node,
        )
        np.testing.assert_array_equal(ours.visit_counts[b], theirs.visit_counts)
        assert ours.action[b] == theirs.action
        np.testing.assert_allclose(ours.action_weights[b], theirs.action_weights, atol=1e-6)
        np.testing.assert_allclose(ours.value[b], theirs.value, atol=1e-5)
        assert node is None or theirs.visit_counts.sum() > NEW


def test_what_does_not_fit_is_the_youngest_and_may_grow_again():
    world, previous, embedding, _ = first_searches(5)
    room = 6
    planted = plant(world, PUCT, embedding)
    full = jax.tree.map(np.asarray, rerooted(previous, planted, NEW))
    cut = jax.tree.map(np.asarray, rerooted(previous, planted, planted.child.shape[1] - room))
    np.testing.assert_array_equal(cut.num_nodes, np.minimum(full.num_nodes, room))
    assert (full.num_nodes > room).sum() > 3
    for name in ("parent", "parent_slot", "value", "reward", "visit_counts", "value_sum", "embedding"):
        whole, part = getattr(full, name)[:, :room], getattr(cut, name)[:, :room]
        lived = np.arange(room) < cut.num_nodes[:, None]
        np.testing.assert_array_equal(part[lived], whole[lived], err_msg=name)
    assert cut.child.max() < room
    simulations = planted.child.shape[1] - room
    before, after = run(world, PUCT, embedding, previous, None, simulations)
    tree = jax.tree.map(np.asarray, after.tree)
    np.testing.assert_array_equal(
        np.asarray(after.visit_counts).sum(1) - np.asarray(before.visit_counts)[:, 0].sum(1), simulations
    )
    assert (tree.num_nodes <= tree.child.shape[1]).all()
    assert np.isfinite(tree.value).all()
    for b in range(COUNT):
        for i in range(1, tree.num_nodes[b]):
            edge = (b, tree.parent[b, i], tree.parent_slot[b, i])
            assert tree.parent[b, i] < i
            assert tree.child[edge] == i
            assert tree.visit_counts[edge] >= 1 + tree.visit_counts[b, i].sum()


def test_games_without_a_sub_tree_begin_anew():
    world, previous, embedding, _ = first_searches(5)
    tree = jax.tree.map(np.asarray, previous.tree)
    ends = (tree.child[:, 0] >= 0) & (np.take_along_axis(tree.discount, np.maximum(tree.child[:, 0], 0), 1) == 0)
    with_end = np.flatnonzero(ends.any(1))
    moves = np.full((COUNT, 1), -1, np.int32)
    moves[with_end, 0] = ends[with_end].argmax(1)  # all actions have slots: slot = action
    assert len(with_end) > 2
    assert len(with_end) < COUNT
    planted = plant(world, PUCT, embedding)
    anew = rerooted(previous._replace(moves=moves), planted, NEW)
    jax.tree.map(np.testing.assert_array_equal, anew, planted)


def test_an_action_without_a_slot_loses_its_visits():
    config = SearchConfig(Puct(dirichlet_fraction=0.999), OLD + NEW, num_slots=4)
    world, previous, embedding, _ = first_searches(12, config)
    noise = jax.jit(config.rule.noise)(jax.random.key(4), np.ones((COUNT, 12), bool))
    planted = plant(world, config, embedding, noise)
    tree = jax.tree.map(np.asarray, rerooted(previous, planted, NEW))
    exact = jax.tree.map(np.asarray, rerooted(previous, plant(world, config, embedding), NEW))
    assert tree.visit_counts[:, 0].sum() < exact.visit_counts[:, 0].sum()
    for b in range(COUNT):
        of_action = dict(zip(exact.action[b, 0].tolist(), exact.visit_counts[b, 0].tolist(), strict=True))
        kept = [of_action.get(a, 0) for a in tree.action[b, 0].tolist()]
        assert tree.visit_counts[b, 0].tolist() == kept
        for i in range(1, tree.num_nodes[b]):
            assert tree.child[b, tree.parent[b, i], tree.parent_slot[b, i]] == i


def test_trees_of_two_configurations_do_not_mix():
    world, previous, embedding, _ = first_searches(5)
    other = plant(world, SearchConfig(Puct(), 8), embedding)
    with pytest.raises(BadConfig, match="SearchConfig"):
        reroot(previous, other, 4)
    planted = plant(world, PUCT, embedding)
    with pytest.raises(BadConfig, match="simulations"):
        reroot(previous, planted, 81)


@pytest.mark.parametrize(
    ("rule", "num_actions", "stepwise"),
    [(Puct(), 5, True), (Gumbel(), 5, False), (Gumbel(max_num_considered_actions=4), 100, True)],
    ids=lambda x: type(x).__name__ if not isinstance(x, int) else str(x),
)
def test_move_after_move_equals_the_reference(rule, num_actions, stepwise):
    """Three moves, each search going on from the last: JAX and reference agree, and the plan of visits starts anew."""
    config, simulations = SearchConfig(rule, 24, kept_nodes=72), 24
    world, one = HashWorld(num_actions, terminal=1, discount=-1.0), one_game(num_actions, terminal=1, discount=-1.0)
    evaluate = HashWorld(num_actions, terminal=1, discount=-1.0, arrays=np).evaluate
    drivers = Stepwise(world, config), jax.jit(partial(search, world, config=config))
    embedding, previous, nodes, reused = roots(COUNT), None, [None] * COUNT, 0
    noise_of = jax.jit(lambda step, legal: rule.noise(jax.random.fold_in(jax.random.key(1), step), legal))
    for step in range(3):
        legal = ~np.isneginf(evaluate(embedding).prior_logits)
        noise = noise_of(step, legal)
        if stepwise:
            ours = drivers[0].search(evaluate, embedding, noise, previous=previous)
        else:
            ours = drivers[1](embedding, noise=noise, previous=previous)
        ours = jax.tree.map(np.asarray, ours)
        for b, (start_at, g) in enumerate(zip(embedding, np.asarray(noise), strict=True)):
            before = 0 if nodes[b] is None else nodes[b].visit_counts.copy()
            theirs = reference.search(one, start_at, rule, simulations, g, root=nodes[b])
            np.testing.assert_array_equal(ours.visit_counts[b], theirs.visit_counts)
            np.testing.assert_allclose(ours.action_weights[b], theirs.action_weights, atol=2e-5)
            np.testing.assert_allclose(ours.value[b], theirs.value, atol=1e-5)
            assert ours.action[b] == theirs.action
            added = theirs.visit_counts - before
            assert added.sum() == simulations
            if isinstance(rule, Gumbel):
                considered = min(rule.max_num_considered_actions, int(legal[b].sum()))
                assert (added > 0).sum() == considered, "the plan did not start anew"
            reused += int(np.any(before))
            nodes[b] = reference.subtree(theirs.root, theirs.action)
        previous = Previous(ours.tree, ours.action[:, None])
        embedding = np.asarray(transition(world, embedding, ours.action).embedding)
    assert reused > COUNT


def _uniform(observation):
    return np.zeros((len(observation), 9), np.float32), np.zeros(len(observation), np.float32)


def test_tic_tac_toe_played_out_with_reuse_is_never_worse():
    """Both sides play on from positions that can be lost, 48 simulations a move: moves that give the result away."""
    game, positions = TicTacToe(), solved.load(TicTacToe())
    step_all = jax.jit(jax.vmap(game.step))
    known = {(*b, p): v for b, p, v in zip(*_as_tuples(positions.states), positions.values, strict=True)}
    mistakes = {}
    for kept_nodes in (0, 144):
        stepwise = Stepwise(Rules(game), SearchConfig(Puct(), 48, kept_nodes=kept_nodes))
        states = jax.tree.map(lambda x: np.asarray(x[::100]), positions.states)
        previous, over, lost = None, np.zeros(len(states.player), bool), 0
        for _ in range(game.max_num_moves):
            result = stepwise.search(_uniform, states, previous=previous)
            for b, (board, player) in enumerate(zip(*_as_tuples(states), strict=True)):
                values = known.get((*board, player))
                lost += not over[b] and values is not None and values[result.action[b]] < values.max()
            step = step_all(states, result.action)
            over |= np.asarray(step.discount) == 0
            states = step.state
            previous = Previous(result.tree, np.asarray(result.action)[:, None]) if kept_nodes else None
        mistakes[kept_nodes] = lost
    assert mistakes[144] <= mistakes[0]


def _as_tuples(states):
    return [tuple(row) for row in np.asarray(states.board).tolist()], np.asarray(states.player).tolist()


def test_kept_nodes_is_checked():
    with pytest.raises(BadConfig, match="kept_nodes"):
        SearchConfig(kept_nodes=-1)


def test_moves_of_a_row_may_be_filled_up():
    """Any action number that does not exist stands for no move, so that one program serves rows of any length."""
    world, previous, embedding, _ = first_searches(4)
    planted = plant(world, PUCT, embedding)
    none = np.full((COUNT, 2), 4, np.int32)
    filled = previous._replace(moves=np.concatenate([previous.moves, none], axis=1))
    first = previous._replace(moves=np.concatenate([none, previous.moves], axis=1))
    expected = rerooted(previous, planted, NEW)
    for other in (filled, first):
        jax.tree.map(np.testing.assert_array_equal, rerooted(other, planted, NEW), expected)
    nothing = rerooted(previous._replace(moves=none), planted, NEW)
    jax.tree.map(np.testing.assert_array_equal, nothing, rerooted(previous._replace(moves=none - 5), planted, NEW))
