"""Nodes of chance: against the same search written on nodes as objects, against mctx, and against exact expectation."""

from functools import partial
from typing import NamedTuple

import jax
import jax.numpy as jnp
import mctx
import numpy as np
import pytest
from hash_world import _mix, _unit

from move37.core.types import ChancePrediction, Transition
from move37.games.offers import LUCKY, OFFERS, ROUNDS, STAKE
from move37.search import reference
from move37.search.chance import Nature
from move37.search.gumbel import Gumbel
from move37.search.mcts import SearchConfig, search
from move37.search.puct import Puct
from move37.search.tree import Node

ACTIONS, OUTCOMES, COUNT = 3, 5, 16


class Spot(NamedTuple):
    """A state or an afterstate of a world that is hashed from the path to it."""

    code: jax.Array
    is_chance: jax.Array


class HashedChance:
    """A world without end: rewards, discounts, values and logits of both kinds of node from hashes."""

    def embed(self, observation):
        return observation

    def transition(self, embedding, action):
        code = _mix(embedding.code * np.uint32(31) + action.astype(jnp.uint32) + np.uint32(1))
        reward = jnp.where(embedding.is_chance, 2 * _unit(code, 3) - 1, 0.0)
        discount = jnp.where(embedding.is_chance, 0.9, 1.0)
        return Transition(Spot(code, ~embedding.is_chance), reward, discount)

    def evaluate(self, embedding):
        wide = embedding.code[:, None] + np.uint32(97) * jnp.arange(1, ACTIONS + OUTCOMES + 1, dtype=jnp.uint32)[None]
        logits = 3 * _unit(_mix(wide), 5)
        is_chance = embedding.is_chance[:, None]
        return ChancePrediction(
            jnp.where(is_chance, -jnp.inf, logits[:, :ACTIONS]),
            2 * _unit(_mix(embedding.code), 7) - 1,
            jnp.where(is_chance, logits[:, ACTIONS:], -jnp.inf),
        )


WORLD = HashedChance()


def _roots(count=COUNT):
    return Spot(_mix(np.arange(1, count + 1, dtype=np.uint32)), np.zeros(count, bool))


_transition, _evaluate = jax.jit(WORLD.transition), jax.jit(WORLD.evaluate)


class OneWorld:
    """The same for the reference: where chance moves a node has OUTCOMES logits, elsewhere ACTIONS."""

    def transition(self, embedding, action):
        number = action + ACTIONS if embedding.is_chance[0] else action
        step = jax.tree.map(np.asarray, _transition(embedding, np.array([number], np.int32)))
        return step.embedding, float(step.reward[0]), float(step.discount[0])

    def evaluate(self, embedding):
        said = jax.tree.map(np.asarray, _evaluate(embedding))
        logits = said.outcome_logits if embedding.is_chance[0] else said.prior_logits
        return logits[0], float(said.value[0])


class WithNature:
    """Scores of the reference: agents' own, and at a node of chance σ / (1 + N)."""

    def __init__(self, scores):
        self.scores = scores

    def at_root(self, node):
        return self.scores.at_root(node)

    def inside(self, node):
        return node.prior / (1 + node.busy) if node.embedding.is_chance[0] else self.scores.inside(node)


def _by_reference(spot, rule, simulations, noise, leaves):
    model, root = OneWorld(), reference.Node()
    root.embedding = spot
    root.evaluate(model)
    own = (
        reference.PuctScores(rule, root, noise)
        if isinstance(rule, Puct)
        else reference.GumbelScores(rule, root, noise, simulations)
    )
    for _ in range(0, simulations, leaves):
        paths = [reference.select(root, WithNature(own)) for _ in range(leaves)]
        for path in paths:
            reference.expand(model, path)
        for path in paths:
            reference.backup(path)
    return root, own


@pytest.mark.parametrize(
    ("rule", "leaves", "slots"),
    [(Puct(), 1, None), (Puct(rescale="tree"), 4, None), (Gumbel(), 1, None), (Gumbel(rescale="tree"), 1, 6)],
    ids=["puct", "puct, 4 leaves", "gumbel", "gumbel, fewer slots"],
)
def test_it_equals_the_reference(rule, leaves, slots):
    simulations = 40
    config = SearchConfig(rule, simulations, leaves, num_slots=slots)
    roots = _roots(4)
    noise = np.asarray(jax.jit(rule.noise)(jax.random.key(3), np.ones((4, ACTIONS), bool)))
    ours = jax.tree.map(np.asarray, jax.jit(partial(search, WORLD, config=config))(roots, noise=noise))
    for i in range(4):
        spot = jax.tree.map(lambda x, i=i: x[i : i + 1], roots)
        root, own = _by_reference(spot, rule, simulations, noise[i], leaves)
        np.testing.assert_array_equal(ours.visit_counts[i], root.visit_counts)
        np.testing.assert_allclose(ours.value[i], root.mean_value, atol=1e-5)
        action, weights = own.decide()
        assert ours.action[i] == action
        np.testing.assert_allclose(ours.action_weights[i], weights, atol=1e-4)
        tree, deep = jax.tree.map(lambda x, i=i: x[i], ours.tree), 0
        for slot, child in zip(tree.action[0], tree.child[0], strict=True):
            if child >= 0:
                theirs = root.children[int(slot)].visit_counts
                deep += theirs.sum()
                found = dict(zip(tree.action[child].tolist(), tree.visit_counts[child].tolist(), strict=True))
                np.testing.assert_array_equal([found.get(ACTIONS + c, 0) for c in range(OUTCOMES)], theirs)
        assert deep > 20


def test_puct_equals_mctx():
    """mctx scales Q by parent and siblings; with the identity instead, and no noise, it makes the same visits."""
    roots, simulations = _roots(), 48

    def decide(_, __, action, state):
        step = WORLD.transition(Spot(state, jnp.zeros(COUNT, bool)), action)
        after = WORLD.evaluate(step.embedding)
        return mctx.DecisionRecurrentFnOutput(
            chance_logits=after.outcome_logits, afterstate_value=after.value
        ), step.embedding.code

    def fall(_, __, outcome, afterstate):
        step = WORLD.transition(Spot(afterstate, jnp.ones(COUNT, bool)), outcome + ACTIONS)
        after = WORLD.evaluate(step.embedding)
        output = mctx.ChanceRecurrentFnOutput(
            action_logits=after.prior_logits, value=after.value, reward=step.reward, discount=step.discount
        )
        return output, step.embedding.code

    def as_it_is(tree, node):
        return tree.qvalues(node)

    @jax.jit
    def by_mctx(roots):
        said = WORLD.evaluate(roots)
        root = mctx.RootFnOutput(prior_logits=said.prior_logits, value=said.value, embedding=roots.code)
        policy = mctx.stochastic_muzero_policy(
            None, jnp.zeros(2, jnp.uint32), root, decide, fall, simulations, dirichlet_fraction=0.0, qtransform=as_it_is
        )
        return policy.search_tree.summary()

    with jax.numpy_dtype_promotion("standard"), jax.numpy_rank_promotion("allow"), jax.debug_key_reuse(False):
        theirs = by_mctx(roots)
    ours = jax.jit(partial(search, WORLD, config=SearchConfig(Puct(), simulations)))(roots)
    np.testing.assert_array_equal(ours.visit_counts, theirs.visit_counts)
    np.testing.assert_allclose(ours.value, theirs.value, atol=1e-5)


def test_outcomes_are_visited_in_proportion_to_their_probabilities():
    share = np.array([0.5, 0.3, 0.15, 0.05, 0.0], np.float32)
    with np.errstate(divide="ignore"):
        logits = np.log(np.concatenate([np.zeros(2, np.float32), share]))
    visits = np.zeros(7, np.int32)

    @jax.jit
    def select(visits):
        row = jnp.zeros(1)
        node = Node(
            jnp.arange(7)[None], jnp.asarray(logits, jnp.float32)[None], visits[None],
            jnp.zeros((1, 7), jnp.int32), jnp.zeros((1, 7)), row, row, row, 2,
        )  # fmt: skip
        return Nature(Puct()).select(node)[0]

    for _ in range(200):
        visits[int(select(visits))] += 1
    np.testing.assert_array_equal(visits[:2], 0)
    assert np.abs(visits[2:] - 200 * share).max() <= 2.5


class Table:
    """Offers as a perfect model: state number = 6·round + (offer, or 4 + lucky); no opinion on policy and value.

    Afterstates: the state number, with what is to be drawn in it: a roll or an offer.
    """

    def embed(self, observation):
        return observation

    def transition(self, embedding, action):
        number, is_chance, rolls, _ = embedding
        number_of_round, shown = number // 6, number % 6
        rolled, risk = shown >= 4, action == 1
        offer = jnp.asarray(OFFERS)[jnp.minimum(shown, 3)]
        stake = jnp.where(risk, jnp.where(shown == 5, STAKE, -STAKE), 0.0)
        rolls_now = risk & ~rolled
        paid = jnp.where(rolls_now, 0.0, jnp.where(rolled, stake, offer))
        after = (number_of_round + jnp.where(rolls_now, 0, 1)) * 6
        ends_now = after == 6 * ROUNDS
        fallen = number + jnp.where(rolls, 4, 0) + action - 2
        reward = jnp.where(is_chance, 0.0, paid)
        discount = jnp.where(is_chance | ~ends_now, 1.0, 0.0)
        number = jnp.where(is_chance, fallen, after)
        return Transition((number, ~is_chance, rolls_now & ~is_chance, ends_now & ~is_chance), reward, discount)

    def evaluate(self, embedding):
        number, is_chance, rolls, _ = embedding
        roll = jnp.log(jnp.array([1 - LUCKY, LUCKY, 0, 0], jnp.float32))
        drawn = jnp.where(rolls[:, None], roll[None], jnp.log(jnp.float32(0.25)))
        flat = jnp.zeros((len(number), 2))
        return ChancePrediction(
            jnp.where(is_chance[:, None], -jnp.inf, flat),
            jnp.zeros(len(number)),
            jnp.where(is_chance[:, None], drawn, -jnp.inf),
        )


def _exact():
    """(value of each state, Q of each state and action) by dynamic programming."""
    value, q = np.zeros(6 * ROUNDS + 6), np.zeros((6 * ROUNDS, 2))
    for number in reversed(range(ROUNDS)):
        ahead = value[6 * number + 6 : 6 * number + 10].mean()
        for shown, stake in ((4, -STAKE), (5, STAKE)):
            q[6 * number + shown] = ahead, stake + ahead
        value[6 * number + 4 : 6 * number + 6] = q[6 * number + 4 : 6 * number + 6].max(1)
        roll = (1 - LUCKY) * value[6 * number + 4] + LUCKY * value[6 * number + 5]
        for shown, offer in enumerate(OFFERS):
            q[6 * number + shown] = offer + ahead, roll
            value[6 * number + shown] = q[6 * number + shown].max()
    return value[:-6], q


@pytest.mark.whole
def test_with_a_perfect_table_it_finds_the_best_action_and_value_of_every_state():
    value, q = _exact()
    last = np.arange(12, 24)  # the last two rounds: four draws deep
    number, no = np.asarray(last, np.int32), np.zeros(len(last), bool)
    config = SearchConfig(Puct(rescale="tree", pb_c_init=1.0), num_simulations=3_000)
    found = jax.jit(partial(search, Table(), config=config))((number, no, no, no))
    np.testing.assert_array_equal(found.action, q[last].argmax(1))
    best = np.take_along_axis(np.asarray(found.q_values), q[last].argmax(1)[:, None], 1)[:, 0]
    short = value[last] - best  # a mean over all that was tried, worse actions among them: never more than the best
    assert short.min() > -1e-3
    assert short.max() < 0.7
