"""`move37 train alphago` and its stages alone: what is said of runs that consist of runs."""

import dataclasses
import json
import re

import numpy as np
import pytest
from matplotlib import pyplot as plt

from move37.core.errors import BadConfig
from move37.games.go import Go
from move37.nets.patterns import LocalPatterns
from move37.nets.policy_value import NetConfig, PolicyValue
from move37.play.players import PlayoutPlayer
from move37.recipes import STAGES, alphago
from move37.recipes.alphago import common, playout, policy
from move37.run.directory import Run

GAME = "go_5x5"


@pytest.fixture
def whole(here):
    """A run of which the stages are finished, as far as anybody can see."""
    config = alphago.preset("smoke", GAME)
    run = Run.create(here / "runs" / "whole", "alphago", GAME, config, 0)
    for number in range(5):
        run.save(number, {"stage": {"number": np.array(number)}})
    return run.path


@pytest.fixture
def taught(here):
    """A policy, and a playout policy, that nobody trained."""
    config = dataclasses.replace(policy.preset("smoke", GAME), net=NetConfig(1, 8))
    run = Run.create(here / "runs" / "taught", "alphago.policy", GAME, config, 0)
    run.save_net(1, PolicyValue(Go(5), config.net, key=run.key("net")))
    fast = Run.create(here / "runs" / "fast", "alphago.playout", GAME, playout.preset("smoke", GAME), 0)
    fast.save_net(1, LocalPatterns(Go(5)))
    return run.path


def test_more_iterations_are_given_to_a_stage(whole, move37):
    said = move37("resume", "whole", "--iterations", "9")
    assert (said.code, said.err.count("\n")) == (1, 1)
    assert "run of stages: give --iterations to one of them, like whole/policy" in said.err
    said = move37("resume", "whole")
    assert said.code == 1
    assert "4 of 4 stages. Go on with: move37 resume whole/policy --iterations N (the stages behind it" in said.err


def test_a_teacher_is_named_as_any_run_and_found_again_from_anywhere(taught, move37, monkeypatch):
    monkeypatch.setattr("move37.recipes.alphago.reinforce.train", lambda config, out, resume: None)
    said = move37(
        "train", "alphago.reinforce", "--game", GAME, "--preset=smoke", "--net.blocks=1", "--net.channels=8",
        "--teacher=taught", "--name=better",
    )  # fmt: skip
    assert said.code == 0, said.err
    about = json.loads((taught.parent / "better" / "config.json").read_text())
    assert about["config"]["teacher"] == str(taught)
    assert "play:" not in said.out  # nothing to play with was made


def test_a_playout_policy_is_no_player_and_no_teacher(taught, move37):
    for command in (["export", "fast"], ["arena", "fast", "random"]):
        said = move37(*command)
        assert (said.code, said.err.count("\n")) == (1, 1)
        assert "serves as the playout policy" in said.err
    with pytest.raises(BadConfig, match="holds no policy"):
        common.teacher(str(taught.parent / "fast"), Go(5), NetConfig(1, 8))
    assert set(STAGES["alphago"]) > {"playout"}


def test_plot_and_info_know_runs_that_consist_of_runs(whole, move37, monkeypatch):
    rows = {
        "policy": {"positions": 64, "policy_loss": 3.0, "value_loss": 1.0, "valid_value_loss": 1.0, "valid_top_1": 0.3},
        "reinforce": {"games": 8, "policy_loss": -0.1, "won": 0.5, "won_against_imitated": 0.6},
    }
    for name, row in rows.items():
        stage = Run.create(whole / name, f"alphago.{name}", GAME, alphago.STAGES[name].preset("smoke", GAME), 0)
        stage.log(1, row)
    figures = []
    monkeypatch.setattr(plt, "close", figures.append)
    for asked, titles in (("whole/policy", 3), ("whole/reinforce", 2), ("whole", 4)):
        assert move37("plot", asked).code == 0
        axes = figures.pop().axes
        assert len(axes) == 2 * titles
        assert {axis.get_xlabel() for axis in axes} <= {"minutes", "games", "positions"}
        assert all(axis.lines for axis in axes)
    said = move37("info", "whole")
    assert said.code == 0, said.err
    assert "0 of 4 stages" in said.out
    assert "policy, 1 of 2 iterations: newest numbers" in said.out
    assert re.search(r"reinforce, 1 of 2 .*\n(.*\n)*  won_against_imitated +0.6", said.out)


@pytest.mark.whole
def test_an_agent_with_playouts_plays_where_one_is_asked_for(here, move37, monkeypatch):
    config = alphago.preset("smoke", GAME)
    run = Run.create(here / "runs" / "whole", "alphago", GAME, config, 0)
    for name in ("policy", "value"):
        stage = Run.create(run.path / name, f"alphago.{name}", GAME, alphago.stage_config(config, name, run.path), 0)
        stage.save_net(1, PolicyValue(Go(5), config.policy.net, key=stage.key("net")))
    fast = Run.create(run.path / "playout", "alphago.playout", GAME, config.playout, 0)
    fast.save_net(1, LocalPatterns(Go(5)))
    made = []
    monkeypatch.setattr(
        "move37.cli.common.PlayoutPlayer", lambda *given: made.append(given[4:]) or PlayoutPlayer(*given)
    )
    few = ("--simulations=4", "--games=2", "--openings=0")
    assert move37("arena", "whole", "random", *few).code == 0
    assert not made
    said = move37("arena", "whole", "random", *few, "--playouts=0.25")
    assert said.code == 0, said.err
    assert "whole@1" in said.out
    assert made == [(0.25, 4, False)]
    said = move37("watch", "whole", "--simulations=4", "--playouts=1", "--think")
    assert (said.code, len(made)) == (0, 2)
    assert "expects" in said.out
    assert move37("arena", "whole", "random", "--playouts=2").code == 2
    assert move37("arena", "whole", "random", *few[1:], "--playouts=0.5", "--simulations=0").code == 1
    said = move37("arena", "whole/policy", "random", *few, "--playouts=0.5")
    assert "whole/policy@1" in said.out
    assert (said.code, said.err.splitlines()[0]) == (
        0,
        "warning: whole/policy has no playout policy: it plays without playouts",
    )


def test_before_anything_was_learned_there_is_nothing_to_draw(whole, move37):
    Run.create(whole / "policy", "alphago.policy", GAME, policy.preset("smoke", GAME), 0)
    for asked in ("whole", "whole/policy"):
        said = move37("plot", asked)
        assert (said.code, said.err.count("\n")) == (1, 1)
        assert "no finished iteration yet" in said.err
    assert move37("info", "whole").code == 0


def test_the_option_that_is_missing_is_the_one_that_is_named(taught, move37):
    said = move37("train", "alphago.value", "--game", GAME, "--preset=smoke", "--net.blocks=1", "--net.channels=8",
                  "--teacher=taught")  # fmt: skip
    assert said.code in (1, 2)
    assert "no --reinforced" in said.err


def test_where_nothing_can_be_written_nobody_plays_first(taught, move37, here):
    (here / "file").write_text("")
    said = move37("arena", "taught", "random", "--sgf=file/games")
    assert said.code == 1
    assert "file/games: nothing can be written in" in said.err


def test_a_whole_that_is_stopped_tells_how_far_its_stage_is(here, move37, monkeypatch):
    def train(config, out, resume):
        out.save(0, {"stage": {"number": np.array(0)}})
        stage = Run.create(out.path / "policy", "alphago.policy", GAME, config.policy, 0)
        if resume:
            stage.save(1, {"stage": {"number": np.array(0)}})
        out.interrupted = True

    monkeypatch.setattr(alphago, "train", train)
    monkeypatch.setattr(alphago, "check", lambda config, game: None)
    said = move37("train", "alphago", "--game", GAME, "--preset=smoke", "--name=whole")
    assert said.code == 130
    assert "stopped after stage 0 of 4, at the beginning of policy; everything is saved" in said.out
    (here / "runs/whole/policy/config.json").unlink()
    said = move37("resume", "whole")
    assert "stopped after stage 0 of 4, iteration 1 of 2 of policy; everything is saved" in said.out
