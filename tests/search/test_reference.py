"""The NumPy search against mctx, hand arithmetic and exact minimax; then the JAX search against the NumPy search."""

import dataclasses
import math
from functools import partial
from types import SimpleNamespace

import jax
import mctx
import numpy as np
import pytest
from hash_world import HashWorld, as_mctx, one_game, roots

from move37.games import solved
from move37.games.tic_tac_toe import LINES, TicTacToe
from move37.search import reference
from move37.search.gumbel import Gumbel
from move37.search.mcts import SearchConfig, search
from move37.search.puct import Puct
from move37.search.stepwise import Stepwise
from move37.search.tree import Node


class Rules:
    """Tic-tac-toe in NumPy with a network that knows nothing. A state is (board, player to move)."""

    def transition(self, state, action):
        board, player = state[0].copy(), state[1]
        board[action] = player
        won = bool((board[LINES] == player).all(axis=1).any())
        return (board, -player), float(won), 0.0 if won or board.all() else -1.0

    def evaluate(self, state):
        return np.where(state[0] == 0, 0.0, -np.inf), 0.0


class Table:
    """States are tuples of actions; whatever the tables do not say is uniform, worth 0 and the opponent's turn."""

    def __init__(self, logits=None, values=None, edges=None, num_actions=2):
        self.logits, self.values, self.edges = logits or {}, values or {}, edges or {}
        self.num_actions = num_actions

    def transition(self, state, action):
        return (*state, action), *self.edges.get((*state, action), (0.0, -1.0))

    def evaluate(self, state):
        return self.logits.get(state, np.zeros(self.num_actions)), self.values.get(state, 0.0)


def test_puct_by_hand():
    model = Table(
        logits={(): np.log([0.6, 0.4])},
        values={(): 0.1, (0,): 0.5, (1,): -0.2, (1, 0): 0.3},
    )
    # 1: greatest prior, 0. G = −0.5.  2: edge 1, never visited, Q 0 > −0.5 + bonus. G = 0.2.
    # 3: Q(1) = 0.2 is ahead, so on to (1, 0): G = −(−0.3) = 0.3.
    for simulations, visits, sums in [(1, [1, 0], [-0.5, 0]), (2, [1, 1], [-0.5, 0.2]), (3, [1, 2], [-0.5, 0.5])]:
        result = reference.search(model, (), Puct(), simulations)
        assert result.visit_counts.tolist() == visits
        np.testing.assert_allclose(result.root.value_sum, sums, atol=1e-12)
        np.testing.assert_allclose(result.value, (0.1 + sum(sums)) / (1 + simulations), atol=1e-12)
        np.testing.assert_allclose(result.action_weights, np.array(visits) / simulations)
    c = 1.25 + math.log((4 + 19_652 + 1) / 19_652)
    expected = [-0.5 + c * 0.6 * 2 / 2, 0.25 + c * 0.4 * 2 / 3]
    np.testing.assert_allclose(reference.PuctScores(Puct(), result.root, None).inside(result.root), expected)
    assert result.action == 1


def test_an_unvisited_edge_is_worth_the_mean_less_the_reduction():
    model = Table(values={(): 0.4, (0,): -0.8}, logits={(): np.log([0.9, 0.1])})
    result = reference.search(model, (), Puct(fpu_reduction=0.3), 1)
    np.testing.assert_allclose(result.q_values, [0.8, (0.4 + 0.8) / 2 - 0.3])


def test_noise_changes_the_roots_prior_and_nothing_else():
    rule, noise = Puct(dirichlet_fraction=0.5), np.array([0.0, 1.0])
    result = reference.search(Table(logits={(): np.log([0.6, 0.4])}), (), rule, 3, noise)
    np.testing.assert_allclose(result.root.prior, [0.3, 0.7])
    np.testing.assert_allclose(np.exp(result.root.logits), [0.6, 0.4])
    for child in result.root.children.values():
        np.testing.assert_allclose(child.prior, [0.5, 0.5])


def _forced(k, noise, logits=(0.7, 0.2, 0.1), simulations=40):
    """A root whose first action wins half a point and whose others lose nearly a whole one."""
    edges = {(0,): (0.5, 0.0), (1,): (-0.8, 0.0), (2,): (-0.8, 0.0)}
    model = Table(logits={(): np.log(logits)}, edges=edges, num_actions=3)
    rule = Puct(forced_playouts=float(k), dirichlet_fraction=0.5)
    return reference.search(model, (), rule, simulations, noise)


def test_forced_playouts_are_paid_and_taken_out_of_the_target():
    noise = np.array([0.1, 0.0, 0.9])
    plain, forced = _forced(0, noise), _forced(2, noise)
    prior, total = forced.root.prior, forced.visit_counts.sum()
    np.testing.assert_allclose(prior, [0.4, 0.1, 0.5])
    visited = forced.visit_counts > 0
    assert (forced.visit_counts >= np.sqrt(2 * prior * (total - 1)) - 1)[visited].all()
    assert plain.visit_counts.tolist() == [37, 1, 2]
    assert forced.visit_counts.tolist() == [30, 3, 7]  # √(2 · 0.5 · 40) = 6.3 and √(2 · 0.1 · 40) = 2.8
    np.testing.assert_allclose(forced.action_weights, np.array([30, 0, 2]) / 32)  # a single visit is pruned too
    assert forced.action == plain.action == 0


def test_without_forcing_or_without_noise_the_target_is_the_visit_counts():
    noise = np.array([0.1, 0.0, 0.9])
    for k, drawn in ((0, noise), (0, None), (2, None), (2, np.zeros(3))):
        result = _forced(k, drawn)
        np.testing.assert_array_equal(result.visit_counts, _forced(0, drawn).visit_counts)
        np.testing.assert_allclose(result.action_weights, result.visit_counts / 40)


def test_pruning_leaves_what_the_rule_would_have_spent():
    """After pruning no action but the most visited could lose one more visit, unless it lost all that were forced."""
    world, rule = one_game(6, terminal=1), Puct(forced_playouts=2.0, dirichlet_fraction=0.5)
    lost = 0
    for i, start in enumerate(np.asarray(roots(20))):
        noise = np.random.default_rng(i).dirichlet(np.full(6, 0.3))
        result = reference.search(world, start, rule, 60, noise)
        scores = reference.PuctScores(rule, result.root, noise)
        left, visits = scores.pruned(result.action), result.visit_counts
        assert left[result.action] == visits[result.action] == visits.max()
        assert (left <= visits).all()
        lost += int((visits - left).sum())
        width = (scores.inside(result.root) - scores.completed_q(result.root)) * (1 + visits)
        for a in np.flatnonzero(left):
            if a == result.action:
                continue
            one_less = result.q_values[a] + width[a] / left[a]
            all_taken = visits[a] - left[a] + 1 > scores.num_forced(result.root)[a]
            assert all_taken or one_less >= scores.inside(result.root)[result.action]
            assert left[a] > 1 or left[a] == visits[a]
    assert lost > 40


@pytest.mark.parametrize("noise", [None, np.zeros((2, 3), np.float32)])
def test_noise_of_zeros_is_no_noise(noise):
    log_prior = np.log(np.array([[0.5, 0.3, 0.2], [0.1, 0.1, 0.8]], np.float32))
    prior, order = jax.jit(Puct().root_prior)(log_prior, noise)
    np.testing.assert_allclose(prior, log_prior, rtol=1e-6)
    np.testing.assert_allclose(order, log_prior, rtol=1e-6)


def test_a_terminal_child_is_never_evaluated_and_never_passed():
    model = Table(edges={(0,): (1.0, 0.0)}, logits={(): np.log([0.9, 0.1])})
    result = reference.search(model, (), Puct(), 20)
    assert not result.root.children[0].children
    assert result.root.children[0].value == 0
    assert result.q_values[0] == 1
    assert result.visit_counts.sum() == 20


@pytest.mark.parametrize("rule", [Puct(), Gumbel()])
def test_value_flips_its_sign_with_the_mover(rule):
    """The same table seen by the other side: a root with one action in front changes the sign of everything."""
    world, start = one_game(4, terminal=2, illegal=0), np.asarray(roots(1))[0]

    class Before:
        def transition(self, embedding, action):
            return (start, 0.0, -1.0) if embedding is None else world.transition(embedding, action)

        def evaluate(self, embedding):
            return (np.array([0, -np.inf, -np.inf, -np.inf]), 0.0) if embedding is None else world.evaluate(embedding)

    # As a child the node searches with the rule of the interior, so PUCT alone visits the same edges.
    child, alone = reference.search(Before(), None, rule, 33), reference.search(world, start, rule, 32)
    seen_by_the_other = child.q_values[0]
    np.testing.assert_allclose(seen_by_the_other, -child.root.children[0].mean_value)
    if isinstance(rule, Puct):
        np.testing.assert_allclose(seen_by_the_other, -alone.value)
        np.testing.assert_array_equal(child.root.children[0].visit_counts, alone.visit_counts)


@pytest.mark.parametrize("rule", [Puct(), Gumbel()])
@pytest.mark.parametrize("leaves", [1, 3, 8])
def test_bookkeeping(rule, leaves):
    world = one_game(5, terminal=2, discount=None, rewards=True)
    for start in np.asarray(roots(8)):
        result = reference.search(world, start, rule, 40, leaves=leaves)
        stack = [result.root]
        assert result.visit_counts.sum() == 40
        while stack:
            node = stack.pop()
            assert not node.virtual_visits.any()
            for action, child in node.children.items():
                assert np.isfinite(child.value)
                if child.discount == 0:
                    continue
                ended_here = node.visit_counts[action] - child.visit_counts.sum()
                assert ended_here >= 1
                assert leaves > 1 or ended_here == 1
                value = child.value * ended_here + child.value_sum.sum()
                returns = child.reward * node.visit_counts[action] + child.discount * value
                np.testing.assert_allclose(node.value_sum[action], returns, atol=1e-9)
                stack.append(child)


def test_two_descents_of_a_round_keep_apart():
    result = reference.search(Table(num_actions=4), (), Puct(), 4, leaves=4)
    assert result.visit_counts.tolist() == [1, 1, 1, 1]
    pending = reference.search(Table(num_actions=1), (), Puct(), 4, leaves=4)
    assert pending.visit_counts.tolist() == [4]
    assert not pending.root.children[0].children


@pytest.mark.parametrize("rule", [Puct(), Gumbel()])
@pytest.mark.parametrize("mover", [1, -1])
def test_win_in_one_and_block_for_each_player(rule, mover):
    win = (np.array([1, 1, 0, -1, -1, 0, 0, 0, 0]) * mover, mover)
    block = (np.array([-1, -1, 0, 1, 0, 0, 0, 0, 0]) * mover, mover)
    for state in (win, block):
        result = reference.search(Rules(), state, rule, 100)
        assert result.action == 2
    assert reference.search(Rules(), win, rule, 100).q_values[2] == 1


def test_tic_tac_toe_equals_minimax():
    positions = solved.load(TicTacToe())
    boards, players = np.asarray(positions.states.board).astype(int), np.asarray(positions.states.player).astype(int)
    empty = (boards == 0).sum(1)
    for i in np.flatnonzero(empty <= 6)[::150]:
        result = reference.search(Rules(), (boards[i], int(players[i])), Puct(), 400)
        assert positions.values[i, result.action] == positions.values[i].max(), boards[i]
        assert positions.values[i].max() == 0 or np.sign(result.value) == positions.values[i].max()


def test_gumbel_equals_mctx():
    num_actions, simulations = 6, 40
    # mctx goes on below terminal nodes: none here. Illegal actions everywhere.
    options, count = {"terminal": 0, "rewards": True, "discount": None}, 16
    root, recurrent, invalid = as_mctx(HashWorld(num_actions, **options), count)

    @jax.jit
    def by_mctx(key):
        theirs = mctx.gumbel_muzero_policy(None, key, root, recurrent, simulations, invalid)
        completed = jax.vmap(
            partial(mctx.qtransform_completed_by_mix_value, value_scale=1, maxvisit_init=0, rescale_values=False),
            in_axes=(0, None),
        )(theirs.search_tree, 0)
        _, used = jax.random.split(jax.random.wrap_key_data(key))
        noise = jax.random.gumbel(used, (count, num_actions))
        return theirs.action, theirs.action_weights, completed, noise, theirs.search_tree.summary()

    with jax.numpy_dtype_promotion("standard"), jax.numpy_rank_promotion("allow"), jax.debug_key_reuse(False):
        found = by_mctx(jax.random.key_data(jax.random.key(0)))
    action, weights, completed, noise, summary = jax.tree.map(np.asarray, found)
    visits, invalid = summary.visit_counts, np.asarray(invalid)
    completed = np.where(invalid, 0, completed / visits.max(1, keepdims=True))
    ours = [
        reference.search(one_game(num_actions, **options), start, Gumbel(), simulations, noise[i])
        for i, start in enumerate(np.asarray(roots(count)))
    ]
    np.testing.assert_array_equal([x.visit_counts for x in ours], visits)
    np.testing.assert_array_equal([x.action for x in ours], action)
    np.testing.assert_allclose([x.action_weights for x in ours], weights, atol=1e-5)
    np.testing.assert_allclose([x.value for x in ours], summary.value, atol=1e-5)
    np.testing.assert_allclose([x.q_values for x in ours], completed, atol=1e-5)


BUDGETS = tuple(range(1, 65))
TWO_PLAYERS, ONE_PLAYER, MIXED = {"terminal": 2}, {"discount": 0.97, "rewards": True}, {"discount": None, "illegal": 3}
COARSE = Gumbel(max_num_considered_actions=6, rescale="none", value_scale=0.02)
CASES = [  # rule, noise, leaves, stepwise, actions, world
    (Puct(), True, 1, False, 5, TWO_PLAYERS),
    (Puct(), False, 4, True, 5, MIXED),
    (Puct(fpu_reduction=0.1), True, 4, False, 80, ONE_PLAYER),
    (Puct(forced_playouts=2.0, dirichlet_fraction=0.5), True, 1, False, 5, TWO_PLAYERS),
    (Puct(forced_playouts=4.0, dirichlet_fraction=0.5), True, 4, True, 80, MIXED),
    (Puct(rescale="tree"), True, 1, False, 5, ONE_PLAYER),
    (Gumbel(rescale="tree"), True, 4, False, 80, ONE_PLAYER),
    (Gumbel(), True, 1, True, 5, ONE_PLAYER),
    (Gumbel(), True, 4, False, 80, TWO_PLAYERS),
    pytest.param((Puct(fpu_reduction=0.1), False, 1, True, 80, TWO_PLAYERS), marks=pytest.mark.slow),
    pytest.param((Puct(fpu_reduction=0.1), False, 1, False, 5, MIXED), marks=pytest.mark.slow),
    pytest.param((Puct(rescale="tree", fpu_reduction=0.1), True, 4, True, 80, MIXED), marks=pytest.mark.slow),
    pytest.param((Gumbel(), False, 1, False, 5, MIXED), marks=pytest.mark.slow),
    pytest.param((COARSE, True, 1, False, 20, MIXED), marks=pytest.mark.slow),
    pytest.param((COARSE, False, 4, True, 5, TWO_PLAYERS), marks=pytest.mark.slow),
]


class Dearer:
    """A world in which all that is won counts `factor` times as much."""

    def __init__(self, world, factor):
        self.world, self.factor = world, factor

    def transition(self, embedding, action):
        embedding, reward, discount = self.world.transition(embedding, action)
        return embedding, self.factor * reward, discount

    def evaluate(self, embedding):
        logits, value = self.world.evaluate(embedding)
        return logits, self.factor * value


@pytest.mark.parametrize("rule", [Puct(rescale="tree"), Gumbel(rescale="tree")])
def test_rescaled_by_the_tree_the_unit_of_returns_does_not_matter(rule):
    world, start = one_game(5, **ONE_PLAYER), np.asarray(roots(1))[0]
    plain = reference.search(world, start, rule, 50)
    dear = reference.search(Dearer(world, 64.0), start, rule, 50)
    np.testing.assert_array_equal(dear.visit_counts, plain.visit_counts)
    np.testing.assert_allclose(dear.action_weights, plain.action_weights)
    np.testing.assert_allclose(dear.q_values, 64 * plain.q_values)
    other = reference.search(Dearer(world, 64.0), start, dataclasses.replace(rule, rescale="none"), 50)
    assert (other.visit_counts != plain.visit_counts).any()


def test_equal_actions_stay_equal_where_the_tree_is_wide_and_not_where_the_node_is_rescaled():
    # At the root both actions are worth about the same; below, one step decides over 10 points.
    values = {(0,): 5.0, (1,): 5.01, (0, 0): 10.0, (0, 1): 0.0, (1, 0): 10.0, (1, 1): 0.0}
    model = Table(values=values, edges=dict.fromkeys(values, (0.0, 1.0)))
    weights = {r: reference.search(model, (), Gumbel(rescale=r), 6).action_weights for r in ("node", "tree")}
    assert abs(weights["tree"][0] - 0.5) < abs(weights["node"][0] - 0.5)


@pytest.mark.parametrize(
    ("low", "high", "width"), [(0.0, 4.0, 4.0), (0.0, 0.001, 0.01), (99.9, 100.0, 1.0), (-200.0, -199.0, 2.0)]
)
def test_what_hardly_differs_is_hardly_preferred(low, high, width):
    """A range under a hundredth of the greatest |Q| counts as that: by both searches."""
    ends = np.array([[low, high]], np.float32)
    rescaled = jax.jit(lambda low, high, q: Node.rescaled(SimpleNamespace(low=low, high=high), q))
    np.testing.assert_allclose(rescaled(*ends.T, ends), [[0.0, (high - low) / width]], rtol=1e-3)
    model = Table(values={(): low, (0,): low, (1,): high}, edges={(0,): (0.0, 1.0), (1,): (0.0, 1.0)})
    weights = reference.search(model, (), Gumbel(rescale="tree", gumbel_scale=0.0), 2).action_weights
    strength = (50 + 1) * 0.1 * (high - low) / width
    np.testing.assert_allclose(weights[1] / weights[0], np.exp(strength), rtol=1e-3)


def compare(ours, theirs):
    """The JAX result against one reference result a row."""
    np.testing.assert_array_equal(ours.visit_counts, [x.visit_counts for x in theirs])
    np.testing.assert_array_equal(ours.action, [x.action for x in theirs])
    for name in ("action_weights", "value", "q_values"):
        expected = np.array([getattr(x, name) for x in theirs])
        if name == "q_values":  # the JAX search says 0 of an action without a slot
            unslotted = np.ones_like(expected)
            np.put_along_axis(unslotted, np.asarray(ours.tree.action)[:, 0], 0, axis=1)
            expected = np.where(unslotted, 0, expected)
        np.testing.assert_allclose(getattr(ours, name), expected, atol=2e-5, err_msg=name)


@pytest.mark.parametrize("case", CASES, ids=lambda c: f"{type(c[0]).__name__}-{c[2]}-{'stepwise' if c[3] else 'fused'}")
def test_the_jax_search_equals_the_reference(case):
    rule, noisy, leaves, stepwise, num_actions, options = case
    budgets = tuple(n for n in BUDGETS if n % leaves == 0)
    count = len(budgets)
    world, start, which = HashWorld(num_actions, **options), roots(count), jax.device_put(np.arange(count))
    evaluate = HashWorld(num_actions, arrays=np, **options).evaluate
    legal = ~np.isneginf(evaluate(start).prior_logits)
    noise = jax.jit(rule.noise)(jax.random.key(5), legal) if noisy else None
    config = SearchConfig(rule, 64, leaves=leaves)
    if stepwise:
        ours = Stepwise(world, config).search(evaluate, start, noise, budgets, which)
    else:
        ours = jax.jit(partial(search, world, config=config, budgets=budgets))(start, noise=noise, which=which)
    theirs = [
        reference.search(
            one_game(num_actions, **options), s, rule, n, None if noise is None else np.asarray(noise)[i], leaves
        )
        for i, (s, n) in enumerate(zip(np.asarray(start), budgets, strict=True))
    ]
    compare(ours, theirs)
