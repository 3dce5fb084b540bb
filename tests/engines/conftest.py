"""Engines that misbehave, each a process that leaves its number behind."""

import os
import shlex
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest


class Fakes:
    """Command lines of `fake_engine.py` and `fake_uci.py`, and which of its processes live."""

    def __init__(self, folder: Path):
        self.log = folder / "processes"
        self.log.touch()

    def __call__(self, how: str) -> str:
        return self._command("fake_engine.py", how)

    def uci(self, how: str) -> str:
        return self._command("fake_uci.py", how)

    def _command(self, script: str, how: str) -> str:
        return shlex.join([sys.executable, str(Path(__file__).with_name(script)), how, str(self.log)])

    @property
    def started(self) -> list[int]:
        return [int(line) for line in self.log.read_text().split()]

    def living(self) -> list[int]:
        """Zombies, which somebody else has to bury, do not count. A killed one may take a moment to go."""
        for _ in range(50):
            if not (found := [number for number in self.started if _lives(number)]):
                break
            time.sleep(0.02)
        return found


def _lives(number: int) -> bool:
    try:
        os.kill(number, 0)
        return "\nState:\tZ" not in Path(f"/proc/{number}/status").read_text()
    except OSError:
        return False


@pytest.fixture
def fake(tmp_path) -> Iterator[Fakes]:
    """`fake("silent")` is the command line of a GTP engine, `fake.uci("silent")` of a UCI or USI engine."""
    fakes = Fakes(tmp_path)
    yield fakes
    assert not fakes.living()
