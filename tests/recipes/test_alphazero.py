"""The loop: it can be killed at any moment and goes on bit for bit, and it learns."""

import json
import os
import signal
import subprocess
import sys
import time
from dataclasses import replace
from pathlib import Path

import jax
import numpy as np
import pytest

from move37.core.errors import BadConfig, BadRun, UnknownName
from move37.games import make
from move37.play.self_play import PlayConfig
from move37.recipes import alphazero
from move37.run import checkpoints
from move37.run.config import from_json, to_json
from move37.run.directory import Run
from move37.run.records import read_games, states_of
from move37.search.mcts import SearchConfig

TRAIN = """
import sys
from pathlib import Path
from dataclasses import replace
from move37.recipes import alphazero
from move37.run.config import from_json
from move37.run.directory import Run
path = Path(sys.argv[1])
if (path / "config.json").exists():
    run = Run.open(path)
    alphazero.train(from_json(alphazero.Config, run.about["config"]), run, resume=True)
else:
    config = replace(alphazero.preset("smoke", "tic_tac_toe"), iterations=6, exam_every=3)
    alphazero.train(config, Run.create(path, "alphazero", "tic_tac_toe", config, seed=5))
"""


def _start(path: Path) -> subprocess.Popen:
    cache = {"JAX_COMPILATION_CACHE_DIR": str(path.parent / "xla"), "JAX_PERSISTENT_CACHE_MIN_COMPILE_TIME_SECS": "0"}
    environment = {**os.environ, **cache, "JAX_PLATFORMS": "cpu"}
    return subprocess.Popen([sys.executable, "-c", TRAIN, str(path)], env=environment, stdout=subprocess.DEVNULL)


def _contents(path: Path) -> dict:
    newest = checkpoints.steps(path / "checkpoints")[-1]
    saved = checkpoints.restore(
        path / "checkpoints", newest, {"learner": None, "lanes": None, "open": None, "replay": None}
    )
    rows = [json.loads(line) for line in (path / "metrics.jsonl").read_text().splitlines()]
    timed = ("seconds", "memory_mib", "moves_per_second", "simulations_per_second")
    games = {p.name: p.read_text() for p in sorted((path / "games").glob("*.jsonl"))}
    return {"saved": saved, "rows": [{k: v for k, v in r.items() if k not in timed} for r in rows], "games": games}


def test_killed_and_resumed_equals_never_killed(tmp_path):
    whole, broken = tmp_path / "whole", tmp_path / "broken"
    assert _start(whole).wait(300) == 0
    process = _start(broken)
    deadline = time.monotonic() + 200
    while not (checkpoints.steps(broken / "checkpoints") and checkpoints.steps(broken / "checkpoints")[-1] >= 3):
        assert time.monotonic() < deadline
        time.sleep(0.02)
    process.send_signal(signal.SIGKILL)
    process.wait(30)
    with (broken / "metrics.jsonl").open("a") as file:
        file.write('{"iteration": 99, "torn')  # what a crash in the middle of a write leaves
    assert _start(broken).wait(300) == 0
    one, two = _contents(whole), _contents(broken)
    assert [row["iteration"] for row in one["rows"]] == [1, 2, 3, 4, 5, 6]
    assert one["rows"] == two["rows"]
    assert one["games"] == two["games"]
    for name, arrays in one["saved"].items():
        assert arrays.keys() == two["saved"][name].keys()
        for key, array in arrays.items():
            np.testing.assert_array_equal(array, two["saved"][name][key], err_msg=f"{name}{key}")
    game = make("tic_tac_toe")
    records = [r for p in (whole / "games").glob("*.jsonl") for r in read_games(p)]
    assert len(records) > 50
    for record in records[:20]:
        states = list(states_of(game, record))
        assert len(states) == len(record["moves"]) + 1
        last = states[-2]
        step = game.step(last, jax.numpy.int32(record["moves"][-1]))
        assert float(step.discount) == 0
        assert float(step.reward) == record["rewards"][-1]


def test_run_directories_are_protected(tmp_path):
    config = alphazero.preset("smoke", "tic_tac_toe")
    run = Run.create(tmp_path / "a", "alphazero", "tic_tac_toe", config, 0)
    with pytest.raises(BadRun, match="already holds a run"):
        Run.create(tmp_path / "a", "alphazero", "tic_tac_toe", config, 0)
    with pytest.raises(BadRun, match="another process"):
        Run.open(tmp_path / "a").resume({})
    with pytest.raises(BadRun, match="no net yet"):
        run.load_net({})
    about = json.loads((tmp_path / "a" / "config.json").read_text())
    (tmp_path / "a" / "config.json").write_text(json.dumps({**about, "format": 99}))
    with pytest.raises(BadRun, match="upgrade"):
        Run.open(tmp_path / "a")
    with pytest.raises(BadRun, match="holds no run"):
        Run.open(tmp_path / "b")
    with pytest.raises(UnknownName, match="no preset"):
        alphazero.preset("huge", "tic_tac_toe")


@pytest.mark.parametrize(
    ("wrong", "says"),
    [
        ({"iterations": 0}, "iterations is 0; it must be 1 or more"),
        ({"updates": -1}, "updates is -1; it must be 0 or more"),
        ({"batch_size": 0}, "batch_size is 0; it must be 1 or more"),
        ({"exam_every": 0}, "exam_every is 0; it must be 1 or more"),
        ({"root_value_weight": 2.0}, r"root_value_weight is 2.0; it must be in \[0, 1\]"),
        ({"root_value_weight": float("nan")}, "root_value_weight is nan"),
        ({"search": SearchConfig(sampled=True)}, "search.sampled is True"),
        ({"search": SearchConfig(num_simulations=8), "play": PlayConfig(fast_simulations=9)}, "from 1 to .* = 8"),
    ],
)
def test_values_out_of_range_are_refused_in_the_library_as_in_the_program(wrong, says):
    with pytest.raises(BadConfig, match=says):
        alphazero.Config(**wrong)
    with pytest.raises(BadConfig, match=says):
        from_json(alphazero.Config, to_json(alphazero.Config()) | {k: to_json(v) for k, v in wrong.items()})


@pytest.mark.learning
def test_tic_tac_toe_is_learned(tmp_path):
    """Catches a wrong sign or target: the net alone, without search, gives few results away after a minute."""
    config = alphazero.preset("laptop", "tic_tac_toe")
    config = replace(config, iterations=10, exam_every=10)
    run = Run.create(tmp_path / "run", "alphazero", "tic_tac_toe", config, seed=1)
    with jax.numpy_dtype_promotion("standard"), jax.numpy_rank_promotion("allow"):
        alphazero.train(config, run)
    last = run.metrics()[-1]
    assert last["policy_error"] < 0.2, last
    assert last["solver_error"] < 0.02, last
