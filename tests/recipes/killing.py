"""Train in a process of its own, to be killed; and all that a run left, but for times."""

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np

from move37.run import checkpoints

TRAIN = """
import sys
from pathlib import Path
from dataclasses import replace
from functools import partial
from move37.recipes import {recipe} as recipe
from move37.run.config import from_json
from move37.run.directory import Run
recipe.Exam = partial(recipe.Exam, num_simulations=8)  # its results are compared, not judged
path = Path(sys.argv[1])
if (path / "config.json").exists():
    run = Run.open(path)
    recipe.train(from_json(recipe.Config, run.about["config"]), run, resume=True)
else:
    config = recipe.preset("smoke", "{game}")
    {change}
    recipe.train(config, Run.create(path, "{recipe}", "{game}", config, seed=5))
"""
TIMED = ("seconds", "memory_mib", "moves_per_second", "simulations_per_second")


def start(path: Path, recipe: str, game: str, change: str) -> subprocess.Popen:
    """Train the preset `smoke` after `change`, or go on with what lies in `path`."""
    code = TRAIN.format(recipe=recipe, game=game, change=change)
    environment = {**os.environ, "JAX_PLATFORMS": "cpu"}
    return subprocess.Popen([sys.executable, "-c", code, str(path)], env=environment, stdout=subprocess.DEVNULL)


def kill_after(path: Path, iteration: int, process: subprocess.Popen) -> None:
    """SIGKILL once a checkpoint is there, and what a crash in the middle of a write leaves."""
    deadline = time.monotonic() + 200
    while not (checkpoints.steps(path / "checkpoints") and checkpoints.steps(path / "checkpoints")[-1] >= iteration):
        assert time.monotonic() < deadline
        time.sleep(0.02)
    process.send_signal(signal.SIGKILL)
    process.wait(30)
    with (path / "metrics.jsonl").open("a") as file:
        file.write('{"iteration": 99, "torn')


def contents(path: Path, names: tuple[str, ...]) -> dict:
    """The newest checkpoint, the metrics and the games."""
    newest = checkpoints.steps(path / "checkpoints")[-1]
    saved = checkpoints.restore(path / "checkpoints", newest, dict.fromkeys(names))
    rows = [json.loads(line) for line in (path / "metrics.jsonl").read_text().splitlines()]
    games = {p.name: p.read_text() for p in sorted((path / "games").glob("*.jsonl"))}
    return {"saved": saved, "rows": [{k: v for k, v in r.items() if k not in TIMED} for r in rows], "games": games}


def assert_equal(one: dict, two: dict) -> None:
    """Bit for bit."""
    assert one["rows"] == two["rows"]
    assert one["games"] == two["games"]
    for name, arrays in one["saved"].items():
        assert arrays.keys() == two["saved"][name].keys()
        for key, array in arrays.items():
            np.testing.assert_array_equal(array, two["saved"][name][key], err_msg=f"{name}{key}")
