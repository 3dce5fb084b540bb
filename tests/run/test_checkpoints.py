"""A checkpoint is whole or not there; what was saved comes back bit for bit, into the same structure only."""

import os
import shutil
import subprocess
import sys

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from move37.core.errors import BadRun
from move37.run import checkpoints

TREES = {
    "learner": {"weights": [jnp.arange(6.0).reshape(2, 3), jnp.float32(2.5)], "name": "not an array", "none": None},
    "open": {"lengths": np.array([0, 3]), "full": np.array([True, False, True]), "empty": np.zeros((0, 4))},
    "bits": (np.array([2**32 - 1], np.uint32), np.array(-7)),
}
FULL = """
import resource, sys
from pathlib import Path
import numpy as np
from move37.core.errors import BadRun
from move37.run import checkpoints
folder = Path(sys.argv[1])
resource.setrlimit(resource.RLIMIT_FSIZE, (100_000, 100_000))
try:
    checkpoints.save(folder, 3, {"x": {"a": np.random.default_rng(0).random(100_000)}}, keep=1)
except BadRun as error:
    print(error)
"""
KILLED = """
import os, signal, sys
from pathlib import Path
import numpy as np
from move37.run import checkpoints
os.rename = os.replace = lambda *_: os.kill(os.getpid(), signal.SIGKILL)  # the last moment before it is whole
Path.rename = lambda *_: os.kill(os.getpid(), signal.SIGKILL)
checkpoints.save(Path(sys.argv[1]), 3, {"x": {"a": np.arange(5)}}, keep=1)
"""


@pytest.fixture(scope="module")
def saved(tmp_path_factory):
    """Iterations 1 and 2. Copy before changing."""
    folder = tmp_path_factory.mktemp("run") / "checkpoints"
    for step in (1, 2):
        checkpoints.save(folder, step, TREES, keep=2)
    return folder


@pytest.fixture
def folder(saved, tmp_path):
    return shutil.copytree(saved, tmp_path / "checkpoints")


def test_there_and_back_bit_for_bit(saved):
    templates = jax.tree.map(lambda x: x * 0 if isinstance(x, jax.Array) else x, TREES)
    back = checkpoints.restore(saved, 2, templates)
    assert jax.tree.structure(back) == jax.tree.structure(TREES)
    for one, two in zip(jax.tree.leaves(back), jax.tree.leaves(TREES), strict=True):
        assert type(one) is type(two)
        if not isinstance(one, str):
            assert one.dtype == two.dtype
            np.testing.assert_array_equal(one, two)


def test_without_a_template_arrays_come_by_name(saved):
    back = checkpoints.restore(saved, 1, {"open": None})["open"]
    assert set(back) == {"lengths", "full"}
    np.testing.assert_array_equal(back["lengths"], TREES["open"]["lengths"])
    assert back["full"].dtype == bool


@pytest.mark.parametrize(
    ("template", "says"),
    [
        ({"lengths": np.zeros(2, int)}, r"open does not fit this configuration: missing \[\], not wanted .*full"),
        ({**TREES["open"], "more": np.zeros(2)}, r"missing .*more"),
        ({**TREES["open"], "lengths": np.zeros(3, int)}, r"\['lengths'\] is int64\[2\]; .* needs int64\[3\]"),
        ({**TREES["open"], "lengths": np.zeros(2, np.int32)}, r"is int64\[2\]; this configuration needs int32\[2\]"),
    ],
)
def test_what_does_not_fit_is_named(saved, template, says):
    with pytest.raises(BadRun, match=says):
        checkpoints.restore(saved, 2, {"open": template})


def test_only_the_newest_are_kept_and_other_folders_are_none(folder):
    (folder / "notes").mkdir()
    (folder / "000009.orbax-checkpoint-tmp").mkdir()
    assert checkpoints.steps(folder) == [1, 2]
    checkpoints.save(folder, 12, {"x": np.arange(3)}, keep=2)
    assert checkpoints.steps(folder) == [2, 12]
    assert checkpoints.steps(folder / "nowhere") == []
    checkpoints.sweep(folder)
    assert sorted(os.listdir(folder)) == ["000002", "000012", "notes"]


@pytest.mark.parametrize("how", ["empty", "cut", "gone"])
def test_what_cannot_be_read_is_told_in_one_line(folder, how, capfd):
    path = folder / "000002"
    if how == "gone":
        shutil.rmtree(path)
    for file in [p for p in path.rglob("*") if p.is_file()]:
        file.write_bytes(b"" if how == "empty" else file.read_bytes()[: file.stat().st_size // 2])
    with pytest.raises(BadRun, match=r"000002 cannot be read: .+") as caught:
        checkpoints.restore(folder, 2, {"open": None})
    assert "\n" not in str(caught.value)
    assert "Traceback" not in capfd.readouterr().err
    checkpoints.restore(folder, 1, {"open": None})


def test_a_full_disk_is_told_in_one_line_and_the_earlier_ones_stay(folder):
    said = subprocess.run([sys.executable, "-c", FULL, str(folder)], capture_output=True, text=True, check=True)
    assert said.stdout == (
        f"cannot save {folder}/000003: File too large. Earlier checkpoints are untouched; make room and resume.\n"
    )
    assert said.stderr == ""
    assert sorted(os.listdir(folder)) == ["000001", "000002"]  # and nothing that takes room
    checkpoints.restore(folder, 1, TREES)


def test_killed_while_it_writes_it_is_not_there(folder):
    assert (
        subprocess.run([sys.executable, "-c", KILLED, str(folder)], capture_output=True, check=False).returncode == -9
    )
    assert checkpoints.steps(folder) == [1, 2]
    assert len(os.listdir(folder)) == 3
    checkpoints.sweep(folder)
    assert len(os.listdir(folder)) == 2
    checkpoints.restore(folder, 2, TREES)
