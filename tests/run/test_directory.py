"""A run on disk: whatever a crash, a full disk, a second process or another version leaves, nothing is lost."""

import json
import os
import shutil
import signal
import subprocess
import sys
import threading
from dataclasses import dataclass
from pathlib import Path

import jax
import numpy as np
import pytest

from move37.core.errors import BadRun
from move37.run import checkpoints
from move37.run.directory import FORMAT, Run

HELD = """
import sys
from pathlib import Path
from move37.run.directory import Run
run = Run.open(Path(sys.argv[1]))
run.lock()
print("held", flush=True)
sys.stdin.readline()
"""
FULL = """
import resource, sys
from pathlib import Path
import numpy as np
from move37.core.errors import BadRun
from move37.run.directory import Run
run = Run.open(Path(sys.argv[1]))
resource.setrlimit(resource.RLIMIT_FSIZE, (200, 200))
for iteration in range(3, 9):
    try:
        run.log(iteration, {"loss": 1.0})
    except BadRun as error:
        print(iteration, error)
        break
"""


@dataclass(frozen=True)
class Config:
    iterations: int = 9


def _rows(path: Path) -> list[int]:
    return [row["iteration"] for row in Run.open(str(path)).metrics()]  # a path in words will do


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    """Iterations 1 to 3 with games and nets, checkpoints 2 and 3. Copy before changing."""
    run = Run.create(tmp_path_factory.mktemp("runs") / "one", "alphazero", "catch", Config(), seed=7)
    for iteration in (1, 2, 3):
        (run.path / "games").mkdir(exist_ok=True)
        (run.path / "games" / f"{iteration:06d}.jsonl").write_text("{}\n")
        run.save_net(iteration, {"weight": np.full(2, iteration)})
        run.log(iteration, {"loss": 1 / iteration, "matches": [["1", "random", 3, 2, 1]], "none": None})
        if iteration > 1:
            run.save(iteration, {"count": {"of": np.array(iteration)}})
    return run.path


@pytest.fixture
def path(made, tmp_path):
    return shutil.copytree(made, tmp_path / "one")


def _resumed(path: Path) -> tuple[int, int]:
    step, saved = Run.open(path).resume({"count": {"of": np.array(0)}})
    return step, int(saved["count"]["of"])


def test_a_run_says_what_was_asked_for(made):
    about = json.loads((made / "config.json").read_text())
    wanted = {"format": FORMAT, "recipe": "alphazero", "game": "catch", "seed": 7}
    assert about | wanted | {"config": {"class": "Config", "iterations": 9}} == about
    assert about["hardware"].endswith(jax.devices()[0].device_kind)


def test_rows_are_logged_as_given_with_time_and_memory(made):
    row = Run.open(made).metrics()[1]
    assert (row["loss"], row["matches"], row["iteration"]) == (0.5, [["1", "random", 3, 2, 1]], 2)
    assert row["memory_mib"] > 50
    assert row["seconds"] >= 0


def test_keys_depend_on_seed_purpose_and_iteration_alone(made, path):
    one, two = Run.open(made), Run.open(path)
    keys = {
        tuple(jax.random.key_data(run.key(purpose, iteration)).tolist()): (purpose, iteration)
        for run in (one, two)
        for purpose in ("play", "batch")
        for iteration in range(3)
    }
    assert len(keys) == 6
    assert (
        one.rng("batch", 2).integers(1 << 30, size=4).tolist() == two.rng("batch", 2).integers(1 << 30, size=4).tolist()
    )
    two.seed = 8
    assert tuple(jax.random.key_data(two.key("play", 0)).tolist()) not in keys


def test_resume_drops_what_came_after_the_checkpoint_and_what_was_torn(path):
    with (path / "metrics.jsonl").open("a") as file:
        file.write('{"iteration": 4, "seconds": 9.0}\n{"iteration": 5, "sec')
    (path / "games" / "000004.jsonl").write_text("{}\n")
    (path / "games" / "mine.jsonl").write_text("a person's own file\n")
    (path / "games" / ".000005.jsonl.x.part").write_text("torn")
    (path / "checkpoints" / "000004.orbax-checkpoint-tmp").mkdir()
    Run.open(path).save_net(4, {"weight": np.zeros(2)})
    assert _rows(path) == [1, 2, 3, 4]
    assert _resumed(path) == (3, 3)
    assert _rows(path) == [1, 2, 3]
    assert sorted(os.listdir(path / "games")) == ["000001.jsonl", "000002.jsonl", "000003.jsonl", "mine.jsonl"]
    assert checkpoints.steps(path / "nets") == [1, 2, 3]
    assert sorted(os.listdir(path / "checkpoints")) == ["000002", "000003"]


def test_time_goes_on_where_it_stopped(path):
    rows = Run.open(path).metrics()
    rows[2]["seconds"] = 1000.0
    (path / "metrics.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    run = Run.open(path)
    run.resume({"count": None})
    assert 1000 <= run.seconds < 1100


def test_an_unreadable_checkpoint_is_passed_over_with_a_warning(path, capsys):
    for file in [p for p in (path / "checkpoints" / "000003").rglob("*") if p.is_file()]:
        file.write_bytes(b"")
    assert _resumed(path) == (2, 2)
    said = capsys.readouterr()
    assert said.out.count("\n") == 1
    assert said.out.startswith("warning: ")
    assert "000003 cannot be read" in said.out
    assert said.out.endswith("trying the checkpoint before it\n")
    assert (_rows(path), checkpoints.steps(path / "nets")) == ([1, 2], [1, 2])


def test_with_no_readable_checkpoint_nothing_is_dropped(path, capsys):
    for file in [p for p in (path / "checkpoints").rglob("*") if p.is_file()]:
        file.write_bytes(b"")
    with pytest.raises(BadRun, match=r"no readable checkpoint \(2 found\)"):
        _resumed(path)
    assert (_rows(path), checkpoints.steps(path / "nets")) == ([1, 2, 3], [1, 2, 3])
    assert len(list((path / "games").iterdir())) == 3


def test_metrics_end_where_a_line_is_torn_whatever_was_written_there(path):
    whole = (path / "metrics.jsonl").read_bytes()
    for torn in (b'{"iteration": 4', b"\x00\x00\x00", b"\xff\xfe", b"\n"):
        (path / "metrics.jsonl").write_bytes(whole + torn)
        assert _rows(path) == [1, 2, 3], torn
    (path / "metrics.jsonl").unlink()
    assert _rows(path) == []


def test_numbers_that_are_none_of_the_finite_come_back(path):
    Run.open(path).log(4, {"loss": float("nan"), "rating": np.float32("inf")})
    row = Run.open(path).metrics()[-1]
    assert np.isnan(row["loss"])
    assert row["rating"] == float("inf")


def test_a_full_disk_is_told_in_one_line_and_resume_drops_the_torn_row(path):
    (path / "metrics.jsonl").write_text('{"iteration": 1, "seconds": 1.0}\n{"iteration": 2, "seconds": 2.0}\n')
    said = subprocess.run([sys.executable, "-c", FULL, str(path)], capture_output=True, text=True, check=True)
    assert said.stdout.count("\n") == 1
    assert f"cannot write metrics to {path}: File too large; make room and resume." in said.stdout
    assert said.stderr == ""
    assert _rows(path)[:2] == [1, 2]
    assert _resumed(path) == (3, 3)


def test_a_second_process_is_refused_until_the_first_is_gone_however_it_goes(path):
    process = subprocess.Popen([sys.executable, "-c", HELD, str(path)], stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    assert process.stdout.readline() == b"held\n"
    with pytest.raises(BadRun, match=r"another process is training .*one; stop it first"):
        Run.open(path).lock()
    with pytest.raises(BadRun, match="another process"):
        Run.open(path).begin_again()
    assert _rows(path) == [1, 2, 3]
    process.send_signal(signal.SIGKILL)
    process.wait(30)
    process.stdin.close()
    process.stdout.close()
    assert _resumed(path) == (3, 3)


def test_the_one_who_made_a_run_may_resume_it(tmp_path):
    run = Run.create(tmp_path / "two", "alphazero", "catch", Config(), 0)
    run.save(1, {"count": {"of": np.array(1)}})
    assert run.resume({"count": None})[0] == 1
    with pytest.raises(BadRun, match="another process"):
        Run.open(run.path).resume({"count": None})
    del run
    assert Run.open(tmp_path / "two").resume({"count": None})[0] == 1


def test_of_two_that_make_one_run_at_once_one_is_refused_and_the_other_keeps_its_configuration(tmp_path):
    barrier, made, refused = threading.Barrier(2), [], []

    def create(seed: int) -> None:
        barrier.wait()
        try:
            made.append(Run.create(tmp_path / "new", "alphazero", "catch", Config(), seed))
        except BadRun as error:
            refused.append(str(error))

    threads = [threading.Thread(target=create, args=(seed,)) for seed in (1, 2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert (len(made), len(refused)) == (1, 1), refused
    assert Run.open(tmp_path / "new").seed == made[0].seed


def test_a_run_stopped_before_anything_was_saved_begins_again_and_keeps_its_configuration(path):
    before = (path / "config.json").read_bytes()
    shutil.rmtree(path / "checkpoints")
    (path / ".config.json.x.part").write_text("torn")
    Run.open(path).begin_again()
    assert (path / "config.json").read_bytes() == before
    assert (_rows(path), os.listdir(path / "games"), checkpoints.steps(path / "nets")) == ([], [], [])
    assert not (path / ".config.json.x.part").exists()


def test_a_folder_that_cannot_be_written_is_told_in_one_line(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(BadRun, match=r"cannot write .*\.lock: Not a directory\. A run needs a folder"):
        Run.create(tmp_path / "file" / "run", "alphazero", "catch", Config(), 0)


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write everywhere")
def test_a_read_only_run_can_be_looked_at_and_not_resumed(path):
    for folder in (path, *(p for p in path.rglob("*") if p.is_dir())):
        folder.chmod(0o555)
    (path / ".lock").chmod(0o444)
    assert Run.open(path).load_net({"weight": np.zeros(2, int)})[0] == 3
    with pytest.raises(BadRun, match=r"cannot write .*Permission denied"):
        _resumed(path)


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("", "cannot be read as that of a run"),
        ('{"format": 1', "cannot be read as that of a run"),
        ("[]", "cannot be read as that of a run"),
        ("{}", "cannot be read as that of a run"),
        ('{"format": "one"}', "cannot be read as that of a run"),
        ('{"format": 1, "seed": 0}', "lacks recipe, game, config; restore it from a backup"),
        ('{"format": 2, "move37": "9.9.9"}', r"made by move37 9\.9\.9 \(format 2\); this is .* upgrade move37"),
    ],
)
def test_a_configuration_that_is_none_and_one_of_a_newer_version_are_refused(tmp_path, text, says):
    (tmp_path / "config.json").write_text(text)
    with pytest.raises(BadRun, match=says) as caught:
        Run.open(tmp_path)
    assert "\n" not in str(caught.value)
    assert (tmp_path / "config.json").read_text() == text


def test_nets_are_found_by_iteration_and_the_newest_by_default(made):
    run, like = Run.open(made), {"weight": np.zeros(2, int)}
    assert [run.load_net(like, i)[1]["weight"].tolist() for i in (1, None)] == [[1, 1], [3, 3]]
    with pytest.raises(BadRun, match="no net of iteration 9; kept: 1, 2, 3"):
        run.load_net(like, 9)


@pytest.mark.parametrize("signum", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_lets_the_iteration_finish_and_a_second_one_does_not(path, signum, capsys):
    handler, run = signal.getsignal(signum), Run.open(path)
    done = []
    for iteration in run.steps(1, 5):
        if iteration == 2:
            os.kill(os.getpid(), signum)
        done.append(iteration)
    assert (done, run.interrupted) == ([1, 2], True)
    assert "finishing this iteration" in capsys.readouterr().out
    again = run.steps(3, 5)
    next(again)
    with pytest.raises(KeyboardInterrupt):
        os.kill(os.getpid(), signum)
    again.close()
    assert signal.getsignal(signum) == handler


@pytest.mark.whole
def test_all_iterations_run_and_none_twice(path):
    run = Run.open(path)
    assert (list(run.steps(4, 6)), list(run.steps(7, 6)), run.interrupted) == ([4, 5, 6], [], False)
