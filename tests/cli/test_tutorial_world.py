"""The tutorial's world is one to learn: chance fails in it, a simple rule does not; and its page tells the truth."""

from pathlib import Path

import numpy as np
import pytest

from move37 import games
from move37.core.errors import BadConfig
from move37.play.actors import Copy, Seeds

pytestmark = pytest.mark.usefixtures("promotion_as_optax_needs_it")

pytest.importorskip("gymnasium", reason="needs Gymnasium: pip install 'move37[gym]'")
FOLDER = Path(__file__).parents[2] / "docs" / "tutorials"
TANK = f"gym:{FOLDER / 'tank.py'}:Tank"


def _returns(policy, episodes=100):
    copy, totals = Copy(games.world(TANK), Seeds(0)), []
    for _ in range(episodes):
        stepped = (0.0, False, False)
        while not stepped[1]:
            stepped = copy.step(policy(copy.seen))
        totals.append((copy.earned, stepped[2]))
        copy.begin()
    return totals


def test_chance_fails_and_a_simple_rule_does_not():
    rng = np.random.default_rng(0)
    random = [total for total, _ in _returns(lambda seen: rng.integers(3))]
    assert 25 < np.mean(random) < 40
    assert set(_returns(lambda seen: int(np.clip(np.round(1 - seen.sum()), 0, 2)))) == {(100.0, True)}


def test_what_it_is():
    world = games.world(TANK)
    assert (world.name, world.num_actions, world.observation_shape, world.max_num_moves) == ("gym:Tank", 3, (3,), 100)
    assert world == games.world(TANK)


@pytest.mark.whole
def test_it_is_trained_from_its_file_and_goes_on_from_another_folder(here, move37, monkeypatch):
    (here / "tank.py").write_text((FOLDER / "tank.py").read_text())
    said = move37("train", "muzero", "--env=tank.py:Tank", "--preset=smoke", "--name=tank", "--iterations=2")
    assert said.code == 0, said.err
    assert "muzero on gym:Tank, preset smoke" in said.out
    run = here / "runs" / "tank"
    (here / "elsewhere").mkdir()
    monkeypatch.chdir(here / "elsewhere")
    said = move37("resume", str(run), "--iterations=3")
    assert said.code == 0, said.err
    said = move37("watch", str(run), "--games=1", "--simulations=2")
    assert "episode 1: return" in said.out


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("x = 1", "has no world 'Mine'; worlds in it: none"),
        ("import gymnasium\nclass Yours(gymnasium.Env): pass", "worlds in it: Yours"),
        ("import gymnasium\nclass Mine(gymnasium.Env):\n    def __init__(self, n): pass", "cannot be made without arg"),
        ("class Mine:", "cannot be loaded: IndentationError"),
    ],
)
def test_a_file_that_is_no_world_is_named(tmp_path, text, message):
    (tmp_path / "mine.py").write_text(text)
    with pytest.raises(BadConfig, match=message):
        games.world(f"gym:{tmp_path / 'mine.py'}:Mine")


def test_the_page_shows_the_file():
    assert (FOLDER / "tank.py").read_text() in (FOLDER / "custom_world.md").read_text()
