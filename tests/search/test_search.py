"""The search against mctx, against exact minimax, against itself in other drivers and with fewer slots."""

from functools import cache, partial

import jax
import jax.numpy as jnp
import mctx
import numpy as np
import pytest
from hash_world import HashWorld, as_mctx, roots

from move37.core.errors import BadConfig
from move37.games import solved
from move37.games.tic_tac_toe import State, TicTacToe
from move37.models.rules import Rules
from move37.search.gumbel import Gumbel, considered_visits
from move37.search.mcts import SearchConfig, search
from move37.search.puct import Puct
from move37.search.stepwise import Stepwise

RULES = [Puct(), Puct(fpu_reduction=0.2), Gumbel()]


@cache
def _noise(rule, count, num_actions, seed=3):
    return jax.jit(rule.noise)(jax.random.key(seed), np.ones((count, num_actions), bool))


def _search(world, config, count=32, noise=True, **options):
    drawn = _noise(config.rule, count, world.num_actions) if noise else None
    return jax.jit(partial(search, world, config=config, **options))(roots(count), noise=drawn)


@pytest.mark.parametrize(("num_actions", "simulations"), [(5, 24), (40, 16)])
def test_gumbel_equals_mctx(num_actions, simulations):
    # mctx goes on below terminal nodes (with value 0), and so does not agree once one is met twice: none here.
    world, count = HashWorld(num_actions, terminal=0, illegal=0), 32
    config = SearchConfig(Gumbel(), simulations)
    root, recurrent, invalid = as_mctx(world, count)

    @jax.jit
    def by_mctx(key):
        theirs = mctx.gumbel_muzero_policy(
            None, key, root, recurrent, simulations, invalid, max_num_considered_actions=16
        )
        _, used = jax.random.split(jax.random.wrap_key_data(key))
        noise = jax.random.gumbel(used, (count, num_actions))
        return theirs.action, theirs.action_weights, theirs.search_tree.summary(), noise

    with jax.numpy_dtype_promotion("standard"), jax.numpy_rank_promotion("allow"), jax.debug_key_reuse(False):
        action, weights, summary, noise = by_mctx(jax.random.key_data(jax.random.key(0)))
    ours = jax.jit(partial(search, world, config=config))(roots(count), noise=noise)
    np.testing.assert_array_equal(ours.visit_counts, summary.visit_counts)
    np.testing.assert_array_equal(ours.action, action)
    np.testing.assert_allclose(ours.action_weights, weights, atol=1e-5)
    np.testing.assert_allclose(ours.value, summary.value, atol=1e-5)


@pytest.mark.parametrize("budget", [1, 2, 7, 16, 50, 64])
@pytest.mark.parametrize("considered", [0, 1, 2, 3, 5, 16])
def test_sequential_halving_table_equals_mctx(considered, budget):
    from mctx._src import seq_halving

    assert tuple(considered_visits(considered, budget)) == tuple(
        seq_halving.get_sequence_of_considered_visits(considered, budget)
    )


@pytest.mark.parametrize("rule", RULES)
@pytest.mark.parametrize("discount", [-1.0, 0.97])
def test_slots_sorted_by_prior_change_nothing(rule, discount):
    world = HashWorld(40, discount=discount)
    few = _search(world, SearchConfig(rule, 16))
    all_of_them = _search(world, SearchConfig(rule, 16, num_slots=40))
    assert few.tree.action.shape[-1] == 16
    assert all_of_them.tree.action.shape[-1] == 40
    np.testing.assert_array_equal(few.visit_counts, all_of_them.visit_counts)
    np.testing.assert_array_equal(few.action, all_of_them.action)
    np.testing.assert_allclose(few.action_weights, all_of_them.action_weights, atol=1e-5)


@pytest.mark.parametrize("rule", RULES)
@pytest.mark.parametrize("driver", ["fused", "stepwise"])
def test_room_for_as_many_moves_as_are_ever_legal_changes_nothing(rule, driver):
    world = HashWorld(40, illegal=6)
    config, noise = SearchConfig(rule, 32, leaves=4), _noise(rule, 32, 40)
    wide = _search(world, config)
    used = np.arange(33) < np.asarray(wide.tree.num_nodes)[:, None]
    assert (np.isfinite(np.asarray(wide.tree.prior_logits)).sum(-1) * used).max() <= 24
    world.max_num_legal = 24
    if driver == "fused":
        narrow = _search(world, config)
    else:
        evaluate = jax.jit(lambda embedding: tuple(world.evaluate(embedding)))
        narrow = Stepwise(world, config).search(lambda x: jax.tree.map(np.asarray, evaluate(x)), roots(32), noise)
    assert (wide.tree.action.shape[-1], narrow.tree.action.shape[-1]) == (32, 24)
    np.testing.assert_array_equal(wide.visit_counts, narrow.visit_counts)
    np.testing.assert_array_equal(wide.action, narrow.action)


@pytest.mark.parametrize("rule", RULES)
@pytest.mark.parametrize("leaves", [1, 4])
def test_bookkeeping(rule, leaves):
    world = HashWorld(6, terminal=2)
    result = _search(world, SearchConfig(rule, 32, leaves=leaves))
    tree = jax.tree.map(np.asarray, result.tree)
    np.testing.assert_array_equal(result.visit_counts.sum(1), 32)
    assert not tree.virtual_visits.any()
    assert np.isfinite(tree.value).all()
    for b in range(32):
        for node in range(tree.num_nodes[b]):
            children, visits = tree.child[b, node], tree.visit_counts[b, node]
            if tree.discount[b, node] == 0:
                assert (children < 0).all(), "a terminal node was expanded"
                assert tree.value[b, node] == 0
            for slot in np.flatnonzero(children >= 0):
                child = children[slot]
                below = tree.visit_counts[b, child].sum()
                again = visits[slot] - 1 - below  # visits that ended at this child after the first
                assert again >= 0
                if tree.discount[b, child] != 0 and leaves == 1:
                    assert again == 0
    if leaves == 1:
        with_terminals_met_twice = (tree.num_nodes < 33).any()
        assert with_terminals_met_twice


def test_value_sums_are_discounted_returns():
    world = HashWorld(4, terminal=2)
    tree = jax.tree.map(np.asarray, _search(world, SearchConfig(Puct(), 32)).tree)

    def total(b, node):
        """(visits, sum of returns) of all simulations that passed through or ended in a node."""
        count, summed = 1, float(tree.value[b, node])
        for slot in np.flatnonzero(tree.child[b, node] >= 0):
            child = tree.child[b, node, slot]
            visits, below = total(b, child)
            visits += tree.visit_counts[b, node, slot] - visits  # a terminal child is met again with value 0
            edge = visits * tree.reward[b, child] + tree.discount[b, child] * below
            np.testing.assert_allclose(tree.value_sum[b, node, slot], edge, atol=1e-4)
            count, summed = count + visits, summed + edge
        return count, summed

    for b in range(32):
        assert total(b, 0)[0] == 33


def _uniform(observation):
    return np.zeros((len(observation), 9), np.float32), np.zeros(len(observation), np.float32)


@pytest.mark.parametrize("rule", RULES)
@pytest.mark.parametrize("leaves", [1, 2])
def test_stepwise_equals_fused(rule, leaves):
    game = TicTacToe()
    states = solved.load(game).states
    states = jax.tree.map(lambda x: np.asarray(x[:64]), states)
    config = SearchConfig(rule, 24, leaves=leaves)
    noise = _noise(rule, 64, 9)

    def net(observation):
        return jnp.zeros((observation.shape[0], 9)), jnp.zeros(observation.shape[0])

    fused = jax.jit(partial(search, Rules(game, net), config=config))(states, noise=noise)
    stepwise = Stepwise(Rules(game), config).search(_uniform, states, noise)
    for name in ("action", "visit_counts"):
        np.testing.assert_array_equal(getattr(fused, name), getattr(stepwise, name))
    np.testing.assert_allclose(fused.action_weights, stepwise.action_weights, atol=1e-6)
    np.testing.assert_allclose(fused.value, stepwise.value, atol=1e-6)


@cache
def _minimax_positions():
    positions = solved.load(TicTacToe())
    return jax.tree.map(np.asarray, positions.states), positions


@pytest.mark.whole
def test_tic_tac_toe_equals_minimax_from_every_position():
    states, positions = _minimax_positions()
    assert len(positions.values) == 3191
    for shallow, simulations in ((True, 1500), (False, 400)):
        rows = (positions.depth <= 3) == shallow
        some = jax.tree.map(lambda x, rows=rows: x[rows], states)
        result = Stepwise(Rules(TicTacToe()), SearchConfig(Puct(), simulations)).search(_uniform, some)
        best, played = positions.values[rows].max(axis=1), np.asarray(result.action)
        np.testing.assert_array_equal(positions.values[rows][np.arange(len(played)), played], best)
        np.testing.assert_array_equal(np.sign(np.asarray(result.value))[best != 0], best[best != 0])


@pytest.mark.parametrize("rule", [Puct(dirichlet_fraction=0.0), Gumbel(gumbel_scale=0.0)])
@pytest.mark.parametrize("mover", [1, -1])
def test_win_in_one_and_block_for_each_player(rule, mover):
    game = TicTacToe()
    win = np.array([1, 1, 0, -1, -1, 0, 0, 0, 0]) * mover  # 2 wins
    block = np.array([-1, -1, 0, 1, 0, 0, 0, 0, 0]) * mover  # 2 is the only move
    boards = np.stack([win, block]).astype(np.int8)
    state = State(boards, np.full(2, mover, np.int8))
    result = Stepwise(Rules(game), SearchConfig(rule, 100)).search(_uniform, state)
    assert result.action.tolist() == [2, 2]
    assert np.asarray(result.value)[0] > 0.2
    assert np.asarray(result.q_values)[0, 2] == 1


def test_each_game_has_its_own_budget():
    world, which = HashWorld(6), jax.device_put(np.arange(32, dtype=np.int32) % 2)
    for rule in RULES:
        for leaves in (1, 4):  # the last round of a budget that they do not divide is a short one
            result = _search(world, SearchConfig(rule, 24, leaves), budgets=(24, 5), which=which)
            np.testing.assert_array_equal(result.visit_counts.sum(1), np.where(which == 0, 24, 5))
            assert (np.asarray(result.tree.virtual_visits) == 0).all()


def test_sampled_slots_are_distinct_and_follow_the_prior():
    world = HashWorld(40, illegal=0)
    config = SearchConfig(Puct(dirichlet_fraction=0.0), 16, num_slots=8, sampled=True)
    result = jax.jit(partial(search, world, config=config))(roots(512), key=jax.random.key(1))
    tree = jax.tree.map(np.asarray, result.tree)
    assert all(len(set(row)) == 8 for row in tree.action[:, 0].tolist())
    np.testing.assert_allclose(np.exp(tree.prior_logits[:, 0]).sum(1), 1, atol=1e-5)
    mean = np.zeros((512, 40))
    np.put_along_axis(mean, tree.action[:, 0], np.exp(tree.prior_logits[:, 0]), axis=1)
    np.testing.assert_allclose(mean.mean(0), np.exp(np.asarray(tree.root_logits)).mean(0), atol=0.02)


@pytest.mark.parametrize("wrong", [{"num_simulations": 0}, {"leaves": 0}, {"num_slots": 1}, {"kept_nodes": -1}])
def test_impossible_configurations_are_refused(wrong):
    with pytest.raises(BadConfig, match=next(iter(wrong))):
        SearchConfig(**wrong)


def test_leaves_must_divide_simulations():
    with pytest.raises(BadConfig, match="multiple"):
        SearchConfig(Puct(), 10, leaves=4)


@pytest.mark.parametrize(
    ("rule", "wrong"),
    [
        (Puct, {"pb_c_init": -0.1}),
        (Puct, {"pb_c_base": 0.0}),
        (Puct, {"dirichlet_alpha": 0.0}),
        (Puct, {"dirichlet_fraction": 1.5}),
        (Gumbel, {"max_num_considered_actions": 0}),
        (Gumbel, {"gumbel_scale": -1.0}),
        (Gumbel, {"value_scale": float("nan")}),
        (Gumbel, {"maxvisit_init": -1.0}),
    ],
)
def test_rules_out_of_range_are_refused(rule, wrong):
    with pytest.raises(BadConfig, match=f"search.rule.{next(iter(wrong))} is"):
        rule(**wrong)
