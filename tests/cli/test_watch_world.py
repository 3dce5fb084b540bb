"""`move37 watch` of worlds of Gymnasium: text, film, and plans beside what came true."""

import re

import gymnasium
import numpy as np
import pytest
from gymnasium.spaces import Box, Discrete
from PIL import Image

from move37.play.actors import Trials

pytestmark = pytest.mark.usefixtures("promotion_as_optax_needs_it")

LENGTH = 4


class Stage(gymnasium.Env):
    """Four steps; the reward of each is 1 in the second episode, else 0. Can be drawn as text or pixels."""

    metadata = {"render_modes": ["ansi", "rgb_array"], "render_fps": 20}  # noqa: RUF012
    observation_space, action_space = Box(-1, 9, (2,), np.float32), Discrete(2)
    begun = 0

    def __init__(self, render_mode=None):
        self.render_mode = render_mode

    def reset(self, *, seed=None, options=None):
        self.steps, Stage.begun = 0, Stage.begun + 1
        return self._seen(), {}

    def step(self, action):
        self.steps += 1
        return self._seen(), float(Stage.begun == 2), self.steps == LENGTH, False, {}

    def render(self):
        if self.render_mode == "ansi":
            return f"<stage {self.steps}>"
        return np.full((60, 300, 3), 40 * Stage.begun + 5 * self.steps, np.uint8)

    def _seen(self):
        return np.array([self.steps, 1], np.float32)


class Blind(Stage):
    """Cannot be drawn."""

    metadata = {"render_modes": []}  # noqa: RUF012


for kind in (Stage, Blind):
    gymnasium.register(f"move37/{kind.__name__}-v0", kind, max_episode_steps=9, disable_env_checker=True)


@pytest.fixture
def stage(make_latent_run, monkeypatch):
    monkeypatch.setattr(Stage, "begun", 0)
    return make_latent_run("stage", "gym:move37/Stage-v0")


def test_a_world_of_text_is_shown_and_plans_stand_beside_what_came(stage, move37):
    said = move37("watch", "stage", "--simulations=8", "--think")
    assert said.code == 0, said.err
    assert re.findall(r"<stage (\d)>", said.out) == ["0", "1", "2", "3", "4"]
    plans = re.findall(r"^ +plan of step (\d) .*\n((?: +\d+ .*\n)+)", said.out, re.MULTILINE)
    assert [number for number, _ in plans] == ["1", "2", "3", "4"]
    for (number, rows), plan in zip(plans, re.findall(r"plan ([\d ]+)$", said.out, re.MULTILINE), strict=True):
        cells = [row.split() for row in rows.splitlines()]
        assert [row[0] for row in cells] == [str(i + 1) for i in range(len(cells))]
        assert [row[1] for row in cells] == plan.split()
        assert cells[0][3] == "+0.00"  # the step itself was made
        assert all(row[3] == "–" for row in cells[LENGTH - int(number) + 1 :])  # nothing comes behind the end
    found = [float(x) for x in re.findall(r"return from here ([+-][\d.]+)", said.out)]
    first = [float(rows.splitlines()[0].split()[5]) for _, rows in plans]
    np.testing.assert_allclose(first[:-1], found[1:], atol=0.051)  # what the next search gave
    assert first[-1] == 0


def test_the_film_is_the_best_episode_with_a_picture_before_each_step_and_behind_the_last(stage, move37, here):
    said = move37("watch", "stage", "--simulations=2", "--games=3", "--video=best.gif")
    assert said.code == 0, said.err
    assert re.findall(r"return (\d) after 4 steps, over", said.out) == ["0", "4", "0"]
    assert said.out.splitlines()[-2] == "best.gif: 5 pictures"
    with Image.open(here / "best.gif") as film:
        assert film.n_frames == LENGTH + 1
        for i in range(film.n_frames):
            film.seek(i)
            assert abs(int(np.asarray(film.convert("RGB"))[30, 30, 0]) - (80 + 5 * i)) <= 2  # the second
            assert film.info["duration"] == (1000 if i == LENGTH else 50)


def test_ctrl_c_keeps_the_pictures_that_were_made(stage, move37, here, monkeypatch):
    init, count = Trials.__init__, []

    def stops(self, *arguments, **options):
        init(self, *arguments, **options)
        think = self.think

        def again(*seen):
            count.append(1)
            if len(count) > 2:
                raise KeyboardInterrupt
            return think(*seen)

        self.think = again

    monkeypatch.setattr(Trials, "__init__", stops)
    said = move37("watch", "stage", "--simulations=2", "--video=part.gif")
    assert said.code == 0, said.err
    assert "stopped watching" in said.out
    with Image.open(here / "part.gif") as film:
        assert film.n_frames == 2


def test_what_cannot_be_filmed_is_told_in_one_line(stage, make_latent_run, make_run, move37, here, monkeypatch):
    make_latent_run("blind", "gym:move37/Blind-v0")
    make_run("ttt")
    monkeypatch.setitem(__import__("sys").modules, "av", None)
    before = sorted(here.rglob("*"))
    for arguments, words in (
        ("stage --video=film.avi", r"films end in \.gif or \.mp4"),
        ("stage --video=nowhere/film.gif", "--video nowhere/film.gif: there is no folder 'nowhere'"),
        ("stage --video=runs", "--video runs is a folder"),
        ("stage --video=film.mp4", r"pip install 'move37\[video\]'"),
        ("blind --video=film.gif", "cannot be drawn as rgb_array; it knows: nothing"),
        ("ttt --video=film.gif", "--video is for worlds of Gymnasium; tic_tac_toe is shown as text"),
    ):
        said = move37("watch", *arguments.split())
        assert (said.code, said.err.count("\n")) == (1, 1), said
        assert re.search(words, said.err), said.err
    assert sorted(here.rglob("*")) == before
