"""AlphaGo Zero without gate and resignation is AlphaZero: the same games, losses and nets, to the last bit."""

from dataclasses import fields, replace

import jax
import numpy as np
import pytest

from move37.play.gate import GateConfig
from move37.play.resign import ResignConfig
from move37.play.self_play import PlayConfig
from move37.recipes import alphago_zero, alphazero
from move37.run.directory import Run

TIMED = ("seconds", "memory_mib", "moves_per_second", "simulations_per_second")


def _train(recipe, config, path):
    run = Run.create(path, recipe.__name__.split(".")[-1], "hex_3x3", config, seed=3)
    with jax.numpy_dtype_promotion("standard"), jax.numpy_rank_promotion("allow"):
        net = recipe.train(config, run)
    games = {p.name: p.read_text() for p in (path / "games").iterdir()}
    return net, [{k: v for k, v in row.items() if k not in TIMED} for row in run.metrics()], games


@pytest.mark.whole
def test_without_gate_and_resignation_it_trains_exactly_as_alphazero(tmp_path):
    config = replace(
        alphago_zero.preset("smoke", "hex_3x3"),
        play=PlayConfig(games=16, moves=8, num_sampling_moves=3),
        gate=GateConfig(games=0),
        resign=ResignConfig(max_false=0.0),
    )
    shared = {f.name: getattr(config, f.name) for f in fields(alphazero.Config)}
    ours = _train(alphago_zero, config, tmp_path / "zero")
    theirs = _train(alphazero, alphazero.Config(**shared), tmp_path / "alpha")
    assert ours[1] == theirs[1]
    assert [row["loss"] > 0 for row in ours[1]] == [True] * 3
    assert ours[2] == theirs[2]
    assert len(ours[2]) == 3
    for a, b in zip(jax.tree.leaves(ours[0]), jax.tree.leaves(theirs[0]), strict=True):
        np.testing.assert_array_equal(a, b)
