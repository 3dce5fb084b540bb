"""Lines of a pipe, read by a thread, so that whoever thinks can see whether somebody speaks."""

import threading
from collections import deque
from typing import BinaryIO

MOST_BYTES = 2**20  # of a line; the rest is dropped


class Lines:
    """What was read and not yet taken. Bytes that are no UTF-8 become U+FFFD."""

    def __init__(self, file: BinaryIO):
        """Begins to read."""
        self._file = file
        self._lines: deque[str] = deque()
        self._changed = threading.Condition()
        self._ended = False
        threading.Thread(target=self._read, name="reader", daemon=True).start()

    def waiting(self) -> bool:
        """Whether `take` would answer at once: there is a line, or the end."""
        return bool(self._lines) or self._ended

    def next_is(self, text: str) -> bool:
        """Whether the next line is this one, blanks aside."""
        return bool(self._lines) and self._lines[0].strip() == text

    def take(self, seconds: float | None = None) -> str | None:
        """The next line, without its end; None behind the last. Raises `TimeoutError` if none comes in time."""
        with self._changed:
            if not self._changed.wait_for(self.waiting, seconds):
                raise TimeoutError
            return self._lines.popleft() if self._lines else None

    def _read(self) -> None:
        while line := self._one():
            text = line.decode("utf-8-sig", errors="replace").rstrip("\r\n")
            with self._changed:
                self._lines.append(text)
                self._changed.notify_all()
        with self._changed:
            self._ended = True
            self._changed.notify_all()

    def _one(self) -> bytes:
        try:
            line = rest = self._file.readline(MOST_BYTES)
            while rest and not rest.endswith(b"\n"):
                rest = self._file.readline(MOST_BYTES)
        except (OSError, ValueError):  # the other side is gone
            return b""
        return line
