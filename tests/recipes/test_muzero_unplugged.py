"""Learning from what others did once: it goes on where it stopped, asks nothing of the world, and improves on them."""

import dataclasses

import jax
import numpy as np
import pytest

from move37 import games
from move37.core.errors import BadConfig
from move37.games import make
from move37.play.replay import Replay
from move37.recipes import muzero, muzero_unplugged
from move37.run.directory import Run

pytestmark = pytest.mark.usefixtures("promotion_as_optax_needs_it")

CART = "gym:CartPole-v1"


@pytest.fixture(scope="module")
def played(tmp_path_factory):
    """A run of muzero that has hardly learned anything."""
    path = tmp_path_factory.mktemp("played") / "run"
    config = dataclasses.replace(muzero.preset("smoke", CART), iterations=4, updates=1, exam_every=100)
    config = dataclasses.replace(config, play=dataclasses.replace(config.play, moves=32))
    with jax.numpy_dtype_promotion("standard"), jax.numpy_rank_promotion("allow"):
        muzero.train(config, Run.create(path, "muzero", CART, config, 3))
    return path


def _train(path, config, resume=False):
    run = Run.open(path) if resume else Run.create(path, "muzero_unplugged", CART, config, 7)
    return muzero_unplugged.train(config, run, resume=resume), run


@pytest.mark.whole
def test_a_run_that_was_stopped_goes_on_as_if_it_had_not_been(tmp_path, played):
    config = dataclasses.replace(muzero_unplugged.preset("smoke", CART), data=str(played))
    muzero_unplugged.check(config, games.world(CART))
    whole, run = _train(tmp_path / "whole", config)
    _train(tmp_path / "parts", dataclasses.replace(config, iterations=2))
    again, resumed = _train(tmp_path / "parts", config, resume=True)
    for a, b in zip(jax.tree.leaves(whole), jax.tree.leaves(again), strict=True):
        np.testing.assert_array_equal(a, b)
    rows = [r.metrics() for r in (run, resumed)]
    assert rows[0][-1]["trial_return"] == rows[1][-1]["trial_return"] > 0
    assert {row["positions"] for row in rows[0]} == {rows[0][0]["positions"]}  # not a single new step
    with np.load(tmp_path / "whole" / "replay" / "000000.npz") as given:
        np.testing.assert_array_equal(given["policy"], 0.5)
        renewed = np.load(tmp_path / "whole" / "replay" / "000000.renewed")["policy"]
        assert (renewed != 0.5).any(1).sum() > 32  # more than one iteration searched
    world, _, net, chosen = muzero_unplugged.load(Run.open(tmp_path / "parts"))
    assert (world.name, chosen) == (CART, 3)
    np.testing.assert_array_equal(jax.tree.leaves(net)[0], jax.tree.leaves(again)[0])


@pytest.mark.whole
def test_what_it_cannot_learn_from_is_refused(played):
    config = muzero_unplugged.preset("smoke", CART)
    for world, words in ((games.world(CART), "--data is missing"), (make("hex_3x3"), "worlds of Gymnasium")):
        with pytest.raises(BadConfig, match=words):
            muzero_unplugged.check(config, world)
    with pytest.raises(BadConfig, match="with discrete actions; gym:Pendulum-v1 is none"):
        muzero_unplugged.check(config, games.world("gym:Pendulum-v1"))


@pytest.mark.whole
def test_nothing_is_played(tmp_path, played, monkeypatch):
    """Steps of the world are made in exams alone."""
    config = dataclasses.replace(muzero_unplugged.preset("smoke", CART), data=str(played))
    seen = []
    monkeypatch.setattr(Replay, "add", lambda self, *rest, add=Replay.add: (seen.append(rest[0]), add(self, *rest)))
    _train(tmp_path / "run", config)
    assert seen == [0]


@pytest.mark.whole
def test_policies_keep_a_share_of_what_was_done(tmp_path, played):
    config = dataclasses.replace(muzero_unplugged.preset("smoke", CART), data=str(played), imitation=0.75)
    _train(tmp_path / "run", dataclasses.replace(config, iterations=1))
    with np.load(tmp_path / "run/replay/000000.npz") as given, np.load(tmp_path / "run/replay/000000.renewed") as new:
        other = (given["policy"] != new["policy"]).any(1)
        done = np.take_along_axis(new["policy"], given["action"][:, None], axis=1)[:, 0]
        assert other.sum() == config.reanalyze
        assert (done[other] >= 0.75).all()
        np.testing.assert_allclose(new["policy"].sum(1), 1, rtol=1e-5)
