"""The commands that look: what they print is what the run holds."""

import json
import re
import shutil

import jax.numpy as jnp
import matplotlib.pyplot as plt
import numpy as np
import onnxruntime
import pytest

from move37 import games
from move37.cli.common import load_net
from move37.recipes import NAMES
from move37.run.directory import Run
from move37.run.plot import plot_runs


def _rows(count, **more):
    """Metrics as a training logs them, with an exam in every second iteration."""
    for i in range(1, count + 1):
        row = {"iteration": i, "seconds": 60.0 * i, "memory_mib": 500.0, "games": 10 * i, "policy_loss": 2 / i}
        row |= {"value_loss": 1 / i, "moves_per_second": 900.0 + i}
        if i % 2 == 0 or count == 1:
            row |= {"solver_error": 0.3 / i, "policy_error": 0.6 / i, "rating": 10.0 * i, "rating_plus_minus": 5.0}
            row |= {"matches": [[str(i), "random", 3, 2, 1]]}
        yield {**row, **more}


@pytest.fixture
def figures(monkeypatch):
    """Pictures as they were when they were saved."""
    seen = []
    monkeypatch.setattr(plt, "close", seen.append)
    yield seen
    monkeypatch.undo()
    plt.close("all")


def _curves(figure):
    """{(title, unit): {label: (x, y)}}."""
    found = {}
    for axis in figure.axes:
        lines = {line.get_label(): tuple(map(list, line.get_data())) for line in axis.lines}
        found[axis.get_title(), axis.get_xlabel()] = lines
    return found


def test_plot_draws_every_run_and_every_metric_against_time_and_games(make_run, move37, figures, here):
    make_run("one", rows=list(_rows(5)))
    make_run("two", rows=list(_rows(1)))
    said = move37("plot", "one", "two", "--out", "both.png")
    assert (said.code, said.out, said.err) == (0, "both.png\n", "")
    assert (here / "both.png").read_bytes().startswith(b"\x89PNG")
    curves = _curves(figures[0])
    assert len(curves) == 4 * 2
    losses = curves["losses", "minutes"]
    assert set(losses) == {f"{run}: {loss} loss" for run in ("one", "two") for loss in ("policy", "value")}
    assert losses["one: policy loss"] == ([1, 2, 3, 4, 5], [2 / i for i in range(1, 6)])
    assert losses["two: value loss"] == ([1], [1])
    assert curves["losses", "games"]["one: value loss"][0] == [10, 20, 30, 40, 50]
    assert curves["rating above random play, 95 % interval", "minutes"]["one"] == ([2, 4], [20, 40])
    band = figures[0].axes[4].collections[0].get_paths()[0].vertices[:, 1]
    assert (band.min(), band.max()) == (15, 45)


def test_a_zero_stands_at_the_foot_of_a_logarithmic_axis(make_run, move37, figures):
    rows = list(_rows(6))
    rows[3]["solver_error"] = rows[5]["solver_error"] = 0.0
    path = make_run("one", rows=rows)
    assert move37("plot", "one").out == "runs/one/plot.png\n"
    assert (path / "plot.png").exists()
    axis = figures[0].axes[2]
    assert axis.get_yscale() == "log"
    foot = min(0.3 / 2, 0.6 / 6) / 2
    curve, zeros = axis.lines[0], axis.lines[1]
    np.testing.assert_allclose(curve.get_ydata(), [0.15, foot, foot])
    np.testing.assert_allclose(zeros.get_data(), [[4, 6], [foot, foot]])
    assert zeros.get_marker() == "v"
    assert axis.get_ylim()[0] < foot


def test_a_run_without_exams_has_no_empty_panels(make_run, move37, figures):
    names = ("solver_error", "policy_error", "rating", "rating_plus_minus", "matches")
    make_run("one", "catch", rows=[{k: v for k, v in row.items() if k not in names} for row in _rows(3)])
    assert move37("plot", "one").code == 0
    assert {title for title, _ in _curves(figures[0])} == {"losses", "moves a second in self-play"}
    assert figures[0].axes[2].get_ylim()[0] == 0


def test_a_picture_that_was_there_stays_if_the_new_one_fails(make_run, monkeypatch):
    path = make_run("one", rows=list(_rows(2)))
    (path / "plot.png").write_bytes(b"old")
    monkeypatch.setattr("matplotlib.figure.Figure.savefig", lambda *_, **__: 1 / 0)
    with pytest.raises(ZeroDivisionError):
        plot_runs([Run.open(path)], path / "plot.png")
    assert (path / "plot.png").read_bytes() == b"old"
    assert not plt.get_fignums()


def test_info_tells_what_it_is_how_far_it_got_and_what_was_asked_for(make_run, move37):
    path = make_run("one", rows=list(_rows(3)))
    text = move37("info", "one").out
    assert text.startswith("runs/one: alphazero on tic_tac_toe, seed 0, move37 0.1.0\nbegun today on a test\n")
    assert "\n3 of 3 iterations in 3.0 minutes\n" in text
    assert re.search(r"^  moves_per_second +903$", text, re.MULTILINE)
    assert re.search(r"^  solver_error +0.15   at iteration 2$", text, re.MULTILINE)
    assert re.search(r"^  matches +2 – random \+3 =2 −1   at iteration 2$", text, re.MULTILINE)

    def leaves(config):
        for name, value in config.items():
            if isinstance(value, dict):
                yield from leaves(value)
            elif name != "class":
                yield name, "none" if value is None else str(value)

    config = json.loads((path / "config.json").read_text())["config"]
    told = re.findall(r"^ +(\w+)  +(\S.*)$", text[text.index("\nconfiguration\n") :], re.MULTILINE)
    assert told == list(leaves(config))
    make_run("new")
    assert "\n0 of 3 iterations\n\nconfiguration\n" in move37("info", "new").out


def test_an_exported_net_answers_as_the_agent_does_and_says_how_to_load_it(make_run, move37, here):
    make_run("one", nets=(1, 4))
    for spec, path in (("one", "runs/one/net-4.onnx"), ("one@1", "net.onnx")):
        said = move37("export", spec, *(() if spec == "one" else ("--out", path)))
        assert said.code == 0
        assert said.out.startswith(f"{path}: the net of iteration {4 if spec == 'one' else 1}, ONNX opset 17\n")
        recipe = said.out.split("load it with\n")[1]
        observation = np.random.default_rng(0).integers(0, 2, (5, 2, 3, 3)).astype(np.float32)
        names = {"observation": observation}
        exec("\n".join(line.strip() for line in recipe.splitlines()), names)
        net = load_net(spec)[2]
        out = net.outputs(jnp.asarray(observation))
        np.testing.assert_allclose(names["policy"], out.policy, rtol=1e-4, atol=1e-5)
        np.testing.assert_allclose(names["value"], out.value, rtol=1e-4, atol=1e-5)
        assert isinstance(names["session"], onnxruntime.InferenceSession)


def test_games_lists_what_can_be_made(move37):
    text = move37("games").out
    for name in games.names():
        game = games.make(name)
        shape = "×".join(map(str, game.observation_shape))
        row = rf"│ {name} +│ {game.num_players} +│ {game.num_actions} +│ {shape} +│ {game.max_num_moves} +│"
        assert re.search(row, text), name


def test_lineage_and_citations_are_those_of_the_recipes(move37):
    text = move37("lineage").out
    assert max(map(len, text.splitlines())) <= 120
    for name in NAMES:
        assert f"(move37 train {name})" in text
        assert re.search(r"^@\w+\{\w+,\n(  \w+ += \{.*\},?\n)+\}\n$", move37("cite", name).out)
    assert text.startswith("AlphaZero = AlphaGo Zero − everything that is Go + draws ")


def test_a_run_is_found_by_name_and_by_path_also_with_an_at_in_it(make_run, move37, here):
    make_run("one", rows=list(_rows(1)))
    shutil.copytree(here / "runs" / "one", here / "elsewhere@home")
    for name in ("one", "runs/one", str(here / "runs" / "one"), "elsewhere@home"):
        assert move37("info", name).code == 0, name
    assert "no run 'elsewhere'" in move37("export", "elsewhere@1").err
    assert move37("export", "elsewhere@home@1", "--out", "x").code == 0
