"""The gate: who passes, by counting, and what happens to the net that plays."""

import jax
import numpy as np
import pytest

from move37.core.errors import BadConfig
from move37.games import make
from move37.nets.policy_value import NetConfig, PolicyValue
from move37.play import gate as gates
from move37.play.arena import Match
from move37.play.gate import Gate, GateConfig, points
from move37.search.mcts import SearchConfig
from move37.search.puct import Puct

GAME = make("tic_tac_toe")


def _net(seed):
    return PolicyValue(GAME, NetConfig(0, 4), key=jax.random.key(seed))


def _gate(config, net):
    return Gate(config, GAME, SearchConfig(Puct(), 2), net)


def _same(one, two):
    return all((a == b).all() for a, b in zip(jax.tree.leaves(one), jax.tree.leaves(two), strict=True))


@pytest.mark.parametrize(
    ("wins", "draws", "losses", "passes"),
    [(22, 0, 18, True), (21, 0, 19, False), (21, 2, 17, True), (0, 40, 0, False), (10, 24, 6, True), (40, 0, 0, True)],
)
def test_55_percent_of_the_points_pass_and_a_draw_is_half(monkeypatch, wins, draws, losses, passes):
    monkeypatch.setattr(gates, "play_match", lambda *_: Match("new", "best", wins, draws, losses))
    old, new = _net(0), _net(1)
    gate = _gate(GateConfig(games=40), old)
    report = gate.judge(3, new, jax.random.key(0))
    assert report["gate_score"] == points(Match("new", "best", wins, draws, losses)) == (wins + draws / 2) / 40
    assert _same(gate.best, new if passes else old)
    assert report["best_iteration"] == gate.best_iteration == (3 if passes else 0)


def test_trials_come_every_few_iterations_and_never_without_a_gate(monkeypatch):
    asked = []
    monkeypatch.setattr(gates, "play_match", lambda *_: asked.append(1) or Match("new", "best", 4, 0, 0))
    old, new = _net(0), _net(1)
    gate = _gate(GateConfig(games=4, every=3), old)
    for t in (1, 2):
        assert gate.judge(t, new, jax.random.key(t)) == {"best_iteration": 0}
    assert _same(gate.best, old)
    assert gate.judge(3, new, jax.random.key(3)) == {"gate_score": 1.0, "best_iteration": 3}
    assert len(asked) == 1
    none = _gate(GateConfig(games=0), old)
    assert none.judge(1, new, jax.random.key(1)) == {}
    assert _same(none.best, new)
    assert len(asked) == 1


def test_the_best_net_outlives_the_memory_of_the_learner():
    net = _net(0)
    gate = _gate(GateConfig(games=0), net)
    gate.judge(1, net, jax.random.key(0))
    for leaf in jax.tree.leaves(net):
        leaf.delete()  # what an update does with the learner that it got
    assert np.isfinite(gate.best.policy.out.weight).all()


def test_a_net_gets_half_of_the_points_against_itself():
    """Real games: without noise each opening is played twice, with colours swapped."""
    report = _gate(GateConfig(games=20), _net(0)).judge(1, _net(0), jax.random.key(0))
    assert report == {"gate_score": 0.5, "best_iteration": 0}


def test_saved_and_restored_it_is_the_same():
    gate = _gate(GateConfig(games=0), _net(0))
    gate.judge(7, _net(1), jax.random.key(0))
    other = _gate(GateConfig(games=0), _net(2))
    other.restore(gate.state)
    assert _same(other.best, gate.best)
    assert other.best_iteration == 7


@pytest.mark.parametrize("wrong", [{"games": 3}, {"games": -2}, {"threshold": 1.2}, {"every": 0}])
def test_values_out_of_range_are_named(wrong):
    with pytest.raises(BadConfig, match=f"gate.{next(iter(wrong))} is"):
        GateConfig(**wrong)
