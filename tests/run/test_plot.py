"""Pictures of runs that have logged nothing, one row, or numbers that are none."""

import json
import struct

import pytest

from move37.core.errors import BadRun
from move37.run.directory import FORMAT, Run
from move37.run.plot import plot_runs

NAN, INF = float("nan"), float("inf")
ROW = {"iteration": 1, "seconds": 60.0, "games": 10, "policy_loss": 2.0, "moves_per_second": 100.0}


@pytest.fixture
def runs(tmp_path):
    def make(*all_rows):
        made = []
        for i, rows in enumerate(all_rows):
            path = tmp_path / f"run{i}"
            path.mkdir()
            about = {"format": FORMAT, "recipe": "alphazero", "game": "catch", "seed": 0, "config": {}}
            (path / "config.json").write_text(json.dumps(about))
            (path / "metrics.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
            made.append(Run.open(path))
        return made

    return make


def _size(path):
    data = path.read_bytes()
    assert data[:8] == b"\x89PNG\r\n\x1a\n"
    return struct.unpack(">II", data[16:24])


@pytest.mark.parametrize(
    "rows",
    [
        [ROW],
        [ROW, {**ROW, "iteration": 2, "policy_loss": NAN}],
        [{**ROW, "policy_loss": NAN, "moves_per_second": NAN, "solver_error": NAN, "rating": NAN}],
        [{**ROW, "moves_per_second": INF, "rating": INF, "rating_plus_minus": INF, "solver_error": 0.1}],
        [{**ROW, "solver_error": 0.0}],
        [{**ROW, "solver_error": NAN}, {**ROW, "solver_error": 0.0}, {**ROW, "solver_error": 0.1}],
        [{**ROW, "solver_error": None, "rating": 3.0}],
    ],
)
def test_any_numbers_give_a_picture(runs, tmp_path, rows):
    plot_runs(runs(rows), tmp_path / "plot.png")
    width, height = _size(tmp_path / "plot.png")
    assert width == 1440
    assert height > 200


def test_more_panels_are_a_taller_picture(runs, tmp_path):
    few, many = runs([ROW], [{**ROW, "rating": 1.0, "solver_error": 0.5}])
    assert _size(plot_runs([few], tmp_path / "a.png"))[1] < _size(plot_runs([many, few], tmp_path / "b.png"))[1]


def test_without_rows_or_without_curves_nothing_is_drawn(runs, tmp_path):
    empty, bare = runs([], [{"iteration": 1, "seconds": 1.0, "games": 1}])
    with pytest.raises(BadRun, match="no finished iteration yet"):
        plot_runs([empty], tmp_path / "plot.png")
    with pytest.raises(BadRun, match="none of the curves"):
        plot_runs([bare], tmp_path / "plot.png")
    assert not (tmp_path / "plot.png").exists()
