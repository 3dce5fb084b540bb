"""The other side of an engine's pipes: says lines, reads answers in time, and looks at their form."""

import contextlib
import os
import queue
import re
import subprocess
import sys
import threading
import time
from pathlib import Path
from typing import NamedTuple

MOVE37 = [sys.executable, "-c", "from move37.cli import main; main()"]
STARTING = 800  # seconds, for a machine that has much else to do: everything is compiled first
HEAD = re.compile(r"([=?])(\d*)(?: (.*))?$")


class Answer(NamedTuple):
    ok: bool
    id: str
    text: str


class Talker:
    """A process. Standard error is kept apart in `errors`."""

    def __init__(self, command: list[str], folder: Path):
        environment = {**os.environ, "JAX_PLATFORMS": "cpu"}
        pipe = subprocess.PIPE
        self.errors_file = (folder / f"errors-{time.monotonic_ns()}").open("w+b")
        self.process = subprocess.Popen(
            command, stdin=pipe, stdout=pipe, stderr=self.errors_file, env=environment, cwd=folder
        )
        self._lines: queue.Queue[str | None] = queue.Queue()
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()

    def _read(self) -> None:
        for line in self.process.stdout:
            self._lines.put(line.decode("utf-8"))
        self._lines.put(None)

    @property
    def errors(self) -> str:
        self.errors_file.seek(0)
        return self.errors_file.read().decode(errors="replace")

    def say(self, *lines: str | bytes) -> None:
        for line in lines:
            data = line if isinstance(line, bytes) else line.encode()
            self.process.stdin.write(data + b"\n")
        self.process.stdin.flush()

    def line(self, timeout: float = 300) -> str | None:
        """One line without its end; None behind the last."""
        try:
            line = self._lines.get(timeout=timeout)
        except queue.Empty:
            raise AssertionError(f"silence for {timeout} s; on stderr: {self.errors[-2000:]}") from None
        return None if line is None else line.removesuffix("\n")

    def answer(self, timeout: float = 300) -> Answer:
        """A whole answer, whose form is checked."""
        lines: list[str] = []
        while line := self.line(timeout):
            lines.append(line)
        assert line is not None, f"closed in the middle of {lines}; on stderr: {self.errors[-2000:]}"
        head = HEAD.match(lines[0]) if lines else None
        assert head, f"no answer: {lines}"
        return Answer(head[1] == "=", head[2], "\n".join([head[3] or "", *lines[1:]]))

    def ask(self, line: str | bytes, timeout: float = 300) -> Answer:
        self.say(line)
        return self.answer(timeout)

    def close(self, timeout: float = 60) -> int:
        """End of input; the exit code. What is still said is thrown away."""
        self.process.stdin.close()
        while self.line(timeout) is not None:
            pass
        return self.process.wait(timeout)

    def end(self) -> None:
        """Whatever state it is in."""
        with contextlib.suppress(OSError):
            self.process.stdin.close()
        self.process.kill()
        self.process.wait()
        self._reader.join()
        self.process.stdout.close()
        self.errors_file.close()
