"""Thinking: the same search as in one go, at rest whenever it stops, within its room, on from move to move."""

import itertools
import time
from types import SimpleNamespace

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from move37.core.errors import BadConfig
from move37.games.tic_tac_toe import TicTacToe
from move37.models.rules import Rules
from move37.play.thinker import Thinker, ThinkerConfig
from move37.search.mcts import SearchConfig
from move37.search.puct import Puct
from move37.search.stepwise import Stepwise

GAME = TicTacToe()
START = GAME.init(jax.random.key(0))
WEIGHTS = np.random.default_rng(5).normal(size=(2, int(np.prod(GAME.observation_shape)), 9)).astype(np.float32)
step = jax.jit(GAME.step)


def evaluate(observation):
    """A net that was drawn."""
    x = observation.reshape(len(observation), -1).astype(np.float32)
    return x @ WEIGHTS[0], np.tanh(0.3 * (x @ WEIGHTS[1])[:, 0])


def after(*actions):
    state = START
    for action in actions:
        state = step(state, jnp.int32(action)).state
    return state


@pytest.fixture(scope="module")
def one_at_a_time():
    return Thinker(GAME, evaluate, ThinkerConfig(nodes=256, leaves=1))


@pytest.fixture(scope="module")
def four():
    return Thinker(GAME, evaluate, ThinkerConfig(nodes=64, leaves=4))


@pytest.fixture
def thinker(four):
    four.forget()
    four.go_to(START, "game", ())
    return four


def at_rest(thinker):
    """Nothing asked, nothing on its way."""
    tree = thinker._ongoing.growth.tree
    assert not np.asarray(thinker._ongoing.wanted).any()
    assert not np.asarray(tree.virtual_visits).any()
    number = int(tree.num_nodes[0])
    assert number <= thinker.config.nodes
    assert np.isfinite(np.asarray(tree.value)[0, :number]).all()
    # N(s,a) ≥ 1 + Σ N(s′,b): more where two leaves of a batch were the same.
    counts, child = np.asarray(tree.visit_counts[0]), np.asarray(tree.child[0])
    open_ends = np.asarray(tree.discount[0]) != 0
    for node, slot in zip(*np.nonzero(child >= 0), strict=True):
        if open_ends[child[node, slot]]:
            assert counts[node, slot] >= 1 + counts[child[node, slot]].sum()


def counts_of(snapshot):
    counts = np.zeros(9, int)
    for move in snapshot.moves:
        counts[move.action] = move.visits
    return counts


def test_it_is_the_search_that_runs_in_one_go(one_at_a_time):
    embedding = jax.tree.map(lambda x: jnp.asarray(x)[None], START)
    whole = Stepwise(Rules(GAME), SearchConfig(Puct(), 100)).search(evaluate, embedding)
    one_at_a_time.go_to(START, "whole", ())
    seen = list(one_at_a_time.think(visits=101))
    assert seen[-1] == 101
    assert seen == sorted(seen)
    snapshot = one_at_a_time.snapshot()
    np.testing.assert_array_equal(counts_of(snapshot), whole.visit_counts[0])
    assert snapshot.moves[0].action == int(whole.action[0])
    np.testing.assert_allclose(snapshot.value, float(whole.value[0]), atol=1e-6)
    for move in snapshot.moves:
        np.testing.assert_allclose(move.value, float(whole.q_values[0, move.action]), atol=1e-6)
        assert move.lcb < move.value


def test_stopping_and_going_on_changes_nothing(one_at_a_time):
    one_at_a_time.forget()
    one_at_a_time.go_to(START, "pieces", ())
    for target in (3, 20, 21, 60, 101):
        for _ in itertools.islice(one_at_a_time.think(visits=target), 7):
            pass
        at_rest(one_at_a_time)
        list(one_at_a_time.think(visits=target))
    pieces = one_at_a_time.snapshot()
    one_at_a_time.forget()
    one_at_a_time.go_to(START, "whole", ())
    list(one_at_a_time.think(visits=pieces.visits))
    np.testing.assert_array_equal(counts_of(pieces), counts_of(one_at_a_time.snapshot()))


def test_snapshots_come_while_it_thinks(thinker):
    last = 0
    for visits in thinker.think(visits=40):
        snapshot = thinker.snapshot()
        assert snapshot.visits == visits > last
        last = visits
        assert sum(move.visits for move in snapshot.moves) == visits - 1
        assert [m.visits for m in snapshot.moves] == sorted((m.visits for m in snapshot.moves), reverse=True)
        for move in snapshot.moves:
            assert move.line[0] == move.action
            assert move.line_visits[0] == move.visits
            assert list(move.line_visits) == sorted(move.line_visits, reverse=True)
            assert len(set(move.line)) == len(move.line)  # no cell twice: the moves are legal
        assert snapshot.prior.sum() == pytest.approx(1, abs=1e-5)
    at_rest(thinker)
    assert len(thinker.snapshot(most_moves=2).moves) == 2


def test_a_snapshot_copies_no_tree(thinker, monkeypatch):
    """A slice by JAX is a copy; of a large tree it takes as long as a whole network batch."""
    for _ in thinker.think(visits=20):
        pass

    def cut(array, index):
        raise AssertionError(f"a part of {array.shape} was copied")

    monkeypatch.setattr(type(jnp.zeros(1)), "__getitem__", cut)
    assert thinker.snapshot().visits >= 20


def test_a_limit_of_visits_of_time_and_a_flag_end_it(thinker):
    assert 12 <= list(thinker.think(visits=12))[-1] <= 12 + thinker.config.leaves
    assert len(list(thinker.think(visits=1))) == 1  # there are more already: one batch
    began = time.monotonic()
    assert len(list(thinker.think(seconds=0.0))) == 1
    assert time.monotonic() - began < 5
    thinker.forget()
    asked = []

    def stop():
        asked.append(1)
        return len(asked) == 3

    assert len(list(thinker.think(stop=stop))) == 3
    at_rest(thinker)


def test_a_full_tree_ends_it_and_nothing_breaks(thinker):
    list(thinker.think())
    assert thinker.config.nodes - thinker.config.leaves < thinker.num_nodes <= thinker.config.nodes
    at_rest(thinker)
    visits = thinker.snapshot().visits
    assert list(thinker.think(visits=10**6)) == []
    assert thinker.snapshot().visits == visits
    # And it goes on from a full tree to the next position.
    best = thinker.snapshot().moves[0]
    thinker.go_to(after(best.action), "game", (best.action,))
    carried = thinker.snapshot()
    assert carried.visits > 4 * thinker.config.leaves
    list(thinker.think())
    at_rest(thinker)


def test_the_tree_goes_along_with_the_moves(thinker):
    list(thinker.think(visits=50))
    before = thinker.snapshot()
    line = next(move.line for move in before.moves if len(move.line) >= 2)
    visits = next(move.line_visits for move in before.moves if move.line == line)
    thinker.go_to(after(*line[:2]), "game", line[:2])
    # A batch of leaves is looked at as soon as a position is turned to.
    assert thinker.snapshot().visits == visits[1] + thinker.config.leaves
    at_rest(thinker)


@pytest.mark.parametrize(
    ("origin", "moves", "avoid"),
    [("other", (4,), frozenset()), ("game", (0, 1, 2, 3, 5), frozenset()), ("game", (4,), frozenset({0}))],
)
def test_what_does_not_follow_begins_anew(thinker, origin, moves, avoid):
    list(thinker.think(visits=50))
    thinker.go_to(after(*moves), origin, moves, avoid)
    snapshot = thinker.snapshot()
    assert snapshot.visits == 1 + thinker.config.leaves
    assert not avoid & {move.action for move in snapshot.moves}


def test_going_back_begins_anew(thinker):
    thinker.go_to(after(4), "game", (4,))
    list(thinker.think(visits=30))
    thinker.go_to(START, "game", ())
    assert thinker.snapshot().visits == 1 + thinker.config.leaves


def test_avoided_moves_are_not_looked_at(thinker):
    thinker.go_to(START, "game", (), frozenset({0, 4, 8}))
    list(thinker.think(visits=40))
    assert {move.action for move in thinker.snapshot().moves} == {1, 2, 3, 5, 6, 7}


def test_priors_are_shared_out_among_the_moves_that_are_looked_at(thinker):
    nets = thinker.snapshot().prior
    thinker.go_to(START, "game", (), frozenset({0, 4, 8}))
    list(thinker.think(visits=40))
    snapshot = thinker.snapshot()
    left = np.where(np.isin(np.arange(9), [0, 4, 8]), 0, nets)
    np.testing.assert_allclose(snapshot.prior, left / left.sum(), rtol=1e-5)
    assert sum(move.prior for move in snapshot.moves) == pytest.approx(1, abs=1e-5)  # all six were visited


def test_warm_thoughts_compile_nothing(four):
    four.warm_up(START)
    four.go_to(START, "game", ())
    programs = (four._search._start, four._search._round, four._search._observe)
    sizes = [program._cache_size() for program in programs]
    list(four.think(visits=30))
    four.go_to(after(0, 4), "game", (0, 4))
    list(four.think(visits=20))
    four.go_to(START, "game", ())
    four.snapshot()
    assert [program._cache_size() for program in programs] == sizes


def test_ranges():
    for bad in ({"nodes": 12, "leaves": 4}, {"leaves": 0}):
        with pytest.raises(BadConfig):
            ThinkerConfig(**bad)


def test_a_slow_net_does_not_make_it_late(monkeypatch):
    """A tenth of a second for each batch, on a clock of its own: what a search may take is known beforehand."""
    now = [0.0]

    def slow(observation):
        now[0] += 0.1
        return evaluate(observation)

    thinker = Thinker(GAME, slow, ThinkerConfig(nodes=256, leaves=4))
    thinker.warm_up(START)
    monkeypatch.setattr("move37.play.thinker.time", SimpleNamespace(monotonic=lambda: now[0]))
    for seconds in (0.55, 0.85):
        thinker.forget()
        thinker.go_to(START, "start", ())
        began = now[0]
        assert len(list(thinker.think(seconds=seconds))) > 1
        assert seconds - 0.25 < now[0] - began < seconds
