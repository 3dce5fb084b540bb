"""Files are whole or not there: when the content fails, the disk is full, the folder is none, or the process dies."""

import os
import resource
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from move37.core.errors import BadRun
from move37.run.files import TORN, sweep, write_atomic

SLOW = """
import sys, time
from pathlib import Path
from move37.run.files import write_atomic

def slowly(file):
    file.write(b"half")
    file.flush()
    print("half", flush=True)
    time.sleep(60)

write_atomic(Path(sys.argv[1]), slowly)
"""


@pytest.fixture
def full_disk():
    """No file may grow beyond 4 kB, as if the disk had no room for more."""
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    handler = signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_FSIZE, (4096, before[1]))
    yield
    resource.setrlimit(resource.RLIMIT_FSIZE, before)
    signal.signal(signal.SIGXFSZ, handler)


def _fails(file):
    file.write(b"half")
    raise ArithmeticError


def test_what_is_written_is_read_and_folders_are_made(tmp_path):
    path = tmp_path / "a" / "b" / "file"
    write_atomic(path, b"one")
    assert path.read_bytes() == b"one"
    write_atomic(path, lambda file: file.write(b"two"))
    assert path.read_bytes() == b"two"
    assert os.listdir(path.parent) == ["file"]


def test_a_content_that_fails_leaves_the_old_file_and_no_litter(tmp_path):
    path = tmp_path / "file"
    write_atomic(path, b"old")
    with pytest.raises(ArithmeticError):
        write_atomic(path, _fails)
    assert (path.read_bytes(), os.listdir(tmp_path)) == (b"old", ["file"])


def test_a_full_disk_leaves_the_old_file_and_no_litter(tmp_path, full_disk):
    path = tmp_path / "file"
    write_atomic(path, b"old")
    with pytest.raises(BadRun, match=r"cannot write .*file: File too large\. What was saved before is untouched"):
        write_atomic(path, b"x" * 5000)
    assert (path.read_bytes(), os.listdir(tmp_path)) == (b"old", ["file"])


def test_a_path_through_a_file_is_told_in_one_line(tmp_path):
    (tmp_path / "file").write_text("old")
    with pytest.raises(BadRun, match="cannot write") as caught:
        write_atomic(tmp_path / "file" / "inner", b"new")
    assert "\n" not in str(caught.value)


def test_killed_half_way_the_old_file_stands_and_the_litter_is_swept(tmp_path):
    path = tmp_path / "games" / "file"
    write_atomic(path, b"old")
    process = subprocess.Popen([sys.executable, "-c", SLOW, str(path)], stdout=subprocess.PIPE)
    assert process.stdout.readline() == b"half\n"
    process.send_signal(signal.SIGKILL)
    process.wait(30)
    process.stdout.close()
    assert path.read_bytes() == b"old"
    (torn,) = [p for p in path.parent.iterdir() if p != path]
    assert torn.read_bytes() == b"half"
    assert torn.name.endswith(TORN)
    (tmp_path / "mine.part").write_text("kept: only hidden files are temporary")
    sweep(tmp_path)
    assert sorted(p.name for p in tmp_path.rglob("*")) == ["file", "games", "mine.part"]


def test_a_reader_never_sees_half_a_file(tmp_path):
    path, contents = tmp_path / "file", {b"a" * 100_000, b"b" * 100_000}
    code = (
        "import sys; from pathlib import Path; from move37.run.files import write_atomic\n"
        "while True:\n    for x in (b'a', b'b'): write_atomic(Path(sys.argv[1]), x * 100_000)"
    )
    process = subprocess.Popen([sys.executable, "-c", code, str(path)])
    try:
        while not path.exists():
            assert process.poll() is None
            time.sleep(0.01)
        seen = {Path(path).read_bytes() for _ in range(300)}
    finally:
        process.kill()
        process.wait(30)
    assert seen <= contents
