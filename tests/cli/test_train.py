"""`move37 train` and `resume`, from the first line to the last."""

import fcntl
import itertools
import json
import re
import shutil
import sys
from pathlib import Path

import jax
import pytest

from move37.recipes import alphazero
from move37.run import checkpoints
from move37.run.directory import Run


@pytest.fixture
def small(trained, here):
    return Path(shutil.copytree(trained.path, here / "runs" / "small"))


@pytest.fixture
def loose(move37):
    """`move37` where optax may promote types, and without the check of random keys."""

    def call(*arguments):
        with jax.numpy_dtype_promotion("standard"), jax.numpy_rank_promotion("allow"), jax.debug_key_reuse(False):
            return move37(*arguments)

    return call


def _rows(path):
    return [json.loads(line) for line in (path / "metrics.jsonl").read_text().splitlines()]


def test_tensorboard_shows_what_metrics_jsonl_says(small):
    event_pb2 = pytest.importorskip("tensorboardX.proto.event_pb2")
    (path,) = (small / "tensorboard").glob("events.*")
    data, seen, begin = path.read_bytes(), {}, 0
    while begin < len(data):  # each record: its length (8 bytes), a checksum (4), the record, a checksum (4)
        size = int.from_bytes(data[begin : begin + 8], "little")
        event = event_pb2.Event.FromString(data[begin + 12 : begin + 12 + size])
        seen |= {(value.tag, event.step): value.simple_value for value in event.summary.value}
        begin += 16 + size
    wanted = {(k, r["iteration"]): v for r in _rows(small) for k, v in r.items() if isinstance(v, int | float)}
    wanted = {key: value for key, value in wanted.items() if key[0] != "iteration"}
    assert seen == pytest.approx(wanted, rel=1e-6)


def test_without_tensorboard_installed_it_is_told_how_to_get_it(here, small_options, move37, monkeypatch):
    monkeypatch.setitem(sys.modules, "tensorboardX", None)
    said = move37("train", *small_options, "--tensorboard")
    assert said.code == 1
    assert said.err == "move37: --tensorboard needs tensorboardX: pip install 'move37[tensorboard]'.\n"
    assert not (here / "runs").exists()


@pytest.mark.whole
def test_a_finished_run_says_how_to_go_on_and_goes_on(small, loose):
    done = checkpoints.steps(small / "checkpoints")[-1]
    about = json.loads((small / "config.json").read_text())
    about["config"]["iterations"] = done
    (small / "config.json").write_text(json.dumps(about))
    said = loose("resume", "small")
    assert said.code == 1
    finished = (
        f"small is finished: {done} of {done} iterations. Go on with: move37 resume small --iterations {2 * done}"
    )
    assert said.err.endswith(finished + "\n")
    assert "more than that" in loose("resume", "small", f"--iterations={done}").err

    said = loose("resume", "small", f"--iterations={done + 1}")
    assert said.code == 0, said.err
    after = json.loads((small / "config.json").read_text())
    assert after["config"].pop("iterations") == done + 1
    assert about["config"].pop("iterations") == done
    assert after == about
    assert [row["iteration"] for row in _rows(small)] == list(range(1, done + 2))
    assert checkpoints.steps(small / "checkpoints")[-1] == done + 1
    line = rf"^iteration {done + 1} of {done + 1}  games \d+ .*  moves/s .*  left 0:00:00$"
    assert re.search(line, said.out, re.MULTILINE)
    assert re.search(rf"done after .* and {done + 1} iterations\nplay:  move37 play small\n", said.out)


def test_stopped_between_two_exams_the_newest_net_can_be_played(small, loose, monkeypatch):
    def stopped(run, first, last):
        for iteration in itertools.count(first):
            run.interrupted = iteration % 2 == 1  # exams are at the even ones
            yield iteration
            if run.interrupted:
                return

    monkeypatch.setattr(Run, "steps", stopped)
    said = loose("resume", "small")
    done = checkpoints.steps(small / "checkpoints")[-1]
    assert (said.code, done % 2) == (130, 1)
    assert checkpoints.steps(small / "nets")[-1] == done


def test_a_run_that_another_process_trains_keeps_its_configuration(small, loose):
    before = (small / "config.json").read_bytes()
    with (small / ".lock").open("w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        said = loose("resume", "small", "--iterations", "9")
    assert (said.code, said.err.count("\n")) == (1, 1)
    assert "another process is training" in said.err
    assert (small / "config.json").read_bytes() == before


def test_a_run_stopped_before_its_first_checkpoint_begins_again(here, small_options, loose, monkeypatch):
    def interrupted(*_, **__):
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(alphazero, "train", interrupted)
        said = loose(
            "train", "--game", "tic_tac_toe", *small_options, "--iterations", "1", "--name", "new", "--seed", "5"
        )
    assert said.code == 130
    assert "stopped before the first iteration was saved. Begin again with: move37 resume new" in said.out
    path, calls = here / "runs" / "new", []
    about = json.loads((path / "config.json").read_text())
    (path / "metrics.jsonl").write_text('{"iteration": 1, "seconds": 1.0}\n')
    monkeypatch.setattr(alphazero, "train", lambda *arguments, resume: calls.append((arguments, resume)))
    loose("resume", "new")
    ((config, out), resume) = calls[0]
    assert (resume, out.seed, config.iterations) == (False, 5, 1)
    assert not (path / "metrics.jsonl").exists()
    assert json.loads((path / "config.json").read_text()) == about


def test_a_game_of_ones_own_is_found_again_from_another_folder(here, small_options, loose, monkeypatch):
    (here / "mine.py").write_text(
        "from move37.games.tic_tac_toe import TicTacToe\nclass Mine(TicTacToe):\n    name = 'mine'\n"
    )
    monkeypatch.setattr(alphazero, "train", lambda *_, **__: None)
    assert loose("train", "--game", "mine.py:Mine", *small_options, "--name", "own").code == 0
    about = json.loads((here / "runs" / "own" / "config.json").read_text())
    assert about["game"] == f"{here}/mine.py:Mine"


def test_in_a_terminal_the_table_lives_and_ctrl_c_saves_and_says_how_to_go_on(trained):
    assert trained.code == 130, trained.text[-2000:]
    for name in ("games", "moves/s", "simulations/s", "policy loss", "value loss", "policy entropy", " left"):
        assert re.search(name, trained.text), name
    assert re.search(r"^rating(, at \d+)? +-?[\d,.]+ ± \d+", trained.text, re.MULTILINE)
    assert re.search(r"^solver error(, at \d+)? +0\.\d+", trained.text, re.MULTILINE)
    assert "finishing this iteration" in trained.text
    done = int(re.search(r"stopped after iteration (\d+) of 9999; everything is saved", trained.text)[1])
    assert "Go on with: move37 resume small" in trained.text
    assert trained.text.endswith("plot:  move37 plot small\n")
    assert checkpoints.steps(trained.path / "checkpoints")[-1] == done >= 2
    assert "Traceback" not in trained.text
