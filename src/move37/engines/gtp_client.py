"""One program that speaks GTP. Whatever it does, an answer or an `EngineFailure` comes in time.

Source: G. Farnebäck, "Specification of the Go Text Protocol, version 2, draft 2", gnu.org/software/gnugo. Differs:
commands carry no number, because small engines often do not know that they may.
"""

import re
import time

from move37.engines.process import MOST_LINES, EngineFailure, EngineProcess, shown

_CONTROLS = re.compile(r"[\x00-\x08\x0b-\x1f\x7f]")


class Refused(EngineFailure):
    """A command that was answered with `?`. The process may go on."""


class GtpClient:
    """A process, started at once. `close` ends it."""

    def __init__(self, command: str, timeout: float = 60.0):
        """`timeout`: seconds for an answer. Raises `EngineFailure` if there is no such program or it does not start."""
        self.timeout = timeout
        self._process = EngineProcess(command)
        self._spoke = False

    def ask(self, command: str) -> str:
        """The answer without its `=`. Raises `Refused` where it was `?`, and `EngineFailure` where it was none."""
        began = time.monotonic()
        self._expect_silence(command)
        self._process.say(command)
        lines: list[str] = []
        passed_over = 0
        while True:
            line = self._process.line(command, self.timeout, began)
            text = _CONTROLS.sub("", line.decode(errors="replace")).rstrip()
            if not lines and text and text[0] not in "=?" and self._spoke:
                raise EngineFailure(f"answered {command!r} with {shown(line)}")
            if lines and not text:
                break
            if lines or text[:1] in ("=", "?"):
                lines.append(text)
            passed_over += 1
            if passed_over > MOST_LINES:
                raise EngineFailure(f"answered {command!r} with more than {MOST_LINES:,} lines")
        self._spoke = True  # what it said before its first answer was a greeting
        answer = re.sub(r"^[=?]\d*\s*", "", "\n".join(lines)).strip()
        if lines[0][0] == "?":
            raise Refused(f"refused {command!r}: {shown(answer)}")
        return answer

    def close(self, patience: float = 1.0) -> None:
        """Ask it to go; kill it and its children if it stays for longer than `patience` seconds."""
        self._process.close(patience)

    def _expect_silence(self, command: str) -> None:
        """Between two commands nothing is said."""
        for line in self._process.unasked(command) if self._spoke else []:
            if line.strip():
                raise EngineFailure(f"said {shown(line)} before it was asked {command!r}")
