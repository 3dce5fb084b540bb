"""`move37 train muzero --env ID`: from nothing to episodes that can be watched."""

import json
import re
from pathlib import Path

import gymnasium
import pytest

from move37 import games
from move37.core.errors import MissingExtra

pytestmark = pytest.mark.usefixtures("promotion_as_optax_needs_it")


@pytest.mark.whole
def test_actions_may_be_numbers(here, move37):
    said = move37("train", "muzero", "--env", "Pendulum-v1", "--preset=smoke", "--name=pole", "--iterations=2",
                  "--play.moves=100", "--search.num-slots=4", "--search.num-simulations=2", "--reanalyze=20",
                  "--searched-values=0")  # fmt: skip
    assert said.code == 0, said.err
    said = move37("watch", "pole", "--games=1", "--simulations=2", "--think")
    assert said.code == 0, said.err
    assert "cut off by the time limit" in said.out
    assert re.search(r"action [+-]\d\.\d+ .*reward -\d", said.out)


def test_a_world_without_its_physics_names_what_to_install(monkeypatch):
    def make(env_id):
        raise gymnasium.error.DependencyNotInstalled("Box2D is not installed, you can install it by run `pip …`")

    monkeypatch.setattr(gymnasium, "make", make)
    with pytest.raises(MissingExtra, match=r"pip install 'move37\[box2d\]'"):
        games.world("gym:LunarLander-v3")


@pytest.mark.whole
def test_an_agent_is_trained_goes_on_and_is_watched(here, move37):
    said = move37("train", "muzero", "--env", "CartPole-v1", "--preset=smoke", "--name=cart", "--iterations=2",
                  "--exam-every=2")  # fmt: skip
    assert said.code == 0, said.err
    assert "muzero on gym:CartPole-v1, preset smoke" in said.out
    assert re.search(r"trial return \d+", said.out)
    said = move37("resume", "cart", "--iterations=3")
    assert said.code == 0, said.err
    assert "done after" in said.out
    said = move37("watch", "cart", "--games=2", "--simulations=4", "--think")
    assert said.code == 0, said.err
    steps = [int(n) for n in re.findall(r"^episode \d: return \d+ after (\d+) steps, over$", said.out, re.MULTILINE)]
    assert len(steps) == 2
    assert len(re.findall(r"^step .* return from here", said.out, re.MULTILINE)) == sum(steps)
    assert "in gym:CartPole-v1: mean return" in said.out
    for command in ("play cart", "arena cart random", "export cart"):
        said, words = (
            move37(*command.split()),
            "nobody can play against it|gives no rules|plays by rules that it has learned",
        )
        assert (said.code, said.err.count("\n")) == (1, 1)
        assert re.search(words, said.err)
    page = (Path(__file__).parents[2] / "docs" / "run.md").read_text()
    for name in json.loads((here / "runs/cart/metrics.jsonl").read_text().splitlines()[-1]):
        assert f"`{name}`" in page, name
    assert move37("info", "cart").code == 0
    assert move37("plot", "cart").code == 0
