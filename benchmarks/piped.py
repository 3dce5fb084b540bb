"""A program behind pipes, for benchmarks that count its faults."""

import contextlib
import queue
import subprocess
import sys
import threading

SILENCE = 60.0  # seconds without an answer that are a fault
STARTING = 600.0  # our engine compiles before its first answer
MOVE37 = (sys.executable, "-c", "from move37.cli import main; main()")
_LAST_WORDS = 2000


class Fault(Exception):
    """What was got and when."""


class Engine:
    """A process, started at once. Its lines are read as they come."""

    def __init__(self, name: str, command: list[str]):
        pipe = subprocess.PIPE
        self.name, self.errors, self.silence = name, "", SILENCE  # the end of what it wrote to standard error
        self.process = subprocess.Popen(command, stdin=pipe, stdout=pipe, stderr=pipe)
        self._lines: queue.Queue[str | None] = queue.Queue()
        self._readers = [threading.Thread(target=read, daemon=True) for read in (self._read, self._read_errors)]
        for reader in self._readers:
            reader.start()

    def _read(self) -> None:
        assert self.process.stdout is not None
        with self.process.stdout as stream:
            for line in stream:
                self._lines.put(line.decode(errors="replace").rstrip("\r\n"))
        self._lines.put(None)

    def _read_errors(self) -> None:
        assert self.process.stderr is not None
        with self.process.stderr as stream:
            for line in stream:
                self.errors = (self.errors + line.decode(errors="replace"))[-_LAST_WORDS:]

    def say(self, *lines: str | bytes) -> None:
        assert self.process.stdin is not None
        try:
            for line in lines:
                self.process.stdin.write((line if isinstance(line, bytes) else line.encode()) + b"\n")
            self.process.stdin.flush()
        except OSError:
            raise self._gone() from None

    def line(self, patience: float | None = None) -> str:
        """The next one, within so many seconds."""
        patience = patience or self.silence
        try:
            line = self._lines.get(timeout=patience)
        except queue.Empty:
            raise Fault(f"{self.name}: silence for {patience:g} s") from None
        if line is None:
            self._lines.put(None)
            raise self._gone()
        return line

    @property
    def waiting(self) -> int:
        """How many lines it has said that nobody has read."""
        return self._lines.qsize()

    def quit(self) -> None:
        """Ask it to go. A fault if it stays, or does not say that all was well."""
        self.say("quit")
        try:
            code = self.process.wait(self.silence)
        except subprocess.TimeoutExpired:
            raise Fault(f"{self.name}: still there {self.silence:g} s after quit") from None
        self._close()
        if code or "Traceback" in self.errors:
            raise self._gone()

    def kill(self) -> None:
        self.process.kill()
        self._close()

    def _close(self) -> None:
        assert self.process.stdin is not None
        with contextlib.suppress(OSError):
            self.process.stdin.close()
        self.process.wait()
        for reader in self._readers:
            reader.join(1)

    def _gone(self) -> Fault:
        with contextlib.suppress(subprocess.TimeoutExpired):
            self.process.wait(1)
        self._readers[1].join(1)
        words = self.errors.strip().splitlines()[-1:] or ["nothing"]
        return Fault(f"{self.name}: gone with exit code {self.process.poll()}; its last words: {words[0][:200]}")
