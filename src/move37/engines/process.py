"""A program behind pipes: words to a process, lines in and out, time-outs, and how it died. What it says is for others.

What `gtp_client` and `uci_client` share. Whatever the program does, a line or an `EngineFailure` comes in time.
"""

import contextlib
import os
import queue
import shlex
import shutil
import signal
import subprocess
import threading
import time
import weakref
from collections.abc import Iterator
from typing import IO

from move37.core.errors import Move37Error
from move37.play.match import Ending

_FOLDERS = ("/usr/games", "/usr/local/games")  # where Debian keeps games; often not on PATH
MOST_LINES = 10_000  # of one answer, and of what nobody asked for
_MOST_BYTES = 65_536  # of one line

_Said = queue.Queue[bytes | str]  # lines as they came, then a text: why there are no more; "" is the end


class EngineFailure(Move37Error, RuntimeError):
    """A program that did not do what the protocol asks of it. The process is not fit for use any more."""

    def __init__(self, reason: str, ending: Ending = "forfeit"):
        """`ending`: how the game ends that it was playing."""
        super().__init__(reason)
        self.ending: Ending = ending


def command_words(command: str) -> list[str]:
    """A command line as the words of a process: quotes, ~ and programs in /usr/games understood.

    Raises `EngineFailure` where there is no such program.
    """
    try:
        words = [os.path.expanduser(word) for word in shlex.split(command)]
    except ValueError as error:
        raise EngineFailure(f"engine {command!r} is no command line: {str(error).lower()}.") from error
    if not words:
        raise EngineFailure("no engine is named; its command line follows the protocol: 'gtp:gnugo --mode gtp'.")
    path = os.pathsep.join([os.environ.get("PATH", os.defpath), *_FOLDERS])
    program = shutil.which(words[0], path=path)
    if program is None:
        where = "is no program" if os.sep in words[0] else f"is no program on PATH or in {_FOLDERS[0]}"
        raise EngineFailure(f"engine {words[0]!r} {where}: install it, or give its whole path.")
    return [program, *words[1:]]


class EngineProcess:
    """A process, started at once. `close` ends it; so does the end of the program and of this object."""

    def __init__(self, command: str):
        """Raises `EngineFailure` if there is no such program or it does not start."""
        words, pipe = command_words(command), subprocess.PIPE
        try:  # a session of its own: Ctrl-C is for us, and its children end with it
            self._process = subprocess.Popen(words, stdin=pipe, stdout=pipe, stderr=pipe, start_new_session=True)
        except OSError as error:
            raise EngineFailure(f"engine {command!r} does not start: {error.strerror or error}.") from error
        assert self._process.stdout is not None
        assert self._process.stderr is not None
        self._said: _Said = queue.Queue()
        self._last_words: list[bytes] = []
        listen, drain = (self._process.stdout, self._said), (self._process.stderr, self._last_words)
        threading.Thread(target=_listen, args=listen, daemon=True).start()
        self._drain = threading.Thread(target=_drain, args=drain, daemon=True)
        self._drain.start()
        self._end = weakref.finalize(self, _end, self._process)

    def say(self, text: str) -> None:
        """One line to it. Raises `EngineFailure` if it is gone, or was closed."""
        assert self._process.stdin is not None
        try:
            self._process.stdin.write(f"{text}\n".encode())
            self._process.stdin.flush()
        except (OSError, ValueError) as error:
            raise self._death(text) from error

    def line(self, command: str, timeout: float, began: float) -> bytes:
        """The next line, within `timeout` seconds of `began` (`time.monotonic`). `command`: what it answers."""
        try:
            line = self._said.get(timeout=max(0.0, began + timeout - time.monotonic()))
        except queue.Empty:
            raise EngineFailure(f"no answer to {command!r} within {timeout:g} s", "time") from None
        if isinstance(line, str):
            raise self._death(command, line)
        return line

    def unasked(self, command: str) -> Iterator[bytes]:
        """The lines that it said before it is sent `command`."""
        while not self._said.empty():
            line = self._said.get()
            if isinstance(line, str):
                raise self._death(command, line)
            yield line

    def close(self, patience: float = 1.0) -> None:
        """Ask it to go; kill it and its children if it stays for longer than `patience` seconds."""
        deadline = time.monotonic() + patience
        assert self._process.stdin is not None
        with contextlib.suppress(OSError, ValueError, queue.Empty):
            if patience > 0 and self._end.alive:
                self._process.stdin.write(b"quit\n")
                self._process.stdin.flush()
                while isinstance(self._said.get(timeout=max(0.0, deadline - time.monotonic())), bytes):
                    pass
        self._end()

    def _death(self, command: str, why: str = "") -> EngineFailure:
        """Why it says no more."""
        if why:
            return EngineFailure(f"{why} at {command!r}")
        self._drain.join(0.2)  # until it is gone with all that it had to say; some close their output and stay
        self._end()
        self._drain.join(1.0)
        code = self._process.returncode
        how = f"ended with code {code}" if code >= 0 else f"closed its output or died by signal {-code}"
        words = next((line for line in reversed(self._last_words) if line.strip()), b"")
        return EngineFailure(f"{how} at {command!r}" + (f"; its last words: {shown(words)}" if words else ""))


def _listen(stream: IO[bytes], said: _Said) -> None:
    """Lines as they come. A program that speaks without end is listened to no longer."""
    why = ""
    with contextlib.suppress(OSError, ValueError), stream:
        while not why and (line := stream.readline(_MOST_BYTES)):
            if len(line) == _MOST_BYTES:
                why = f"said a line of more than {_MOST_BYTES:,} bytes"
            elif said.qsize() > MOST_LINES:
                why = f"said more than {MOST_LINES:,} lines that nobody asked for"
            else:
                said.put(line)
    said.put(why)


def _drain(stream: IO[bytes], last_words: list[bytes]) -> None:
    """Read what a program complains of, so that it does not wait for a reader, and keep the end."""
    with contextlib.suppress(OSError, ValueError), stream:
        while line := stream.readline(_MOST_BYTES):
            last_words.append(line)
            del last_words[:-5]


def shown(words: bytes | str) -> str:
    """Some words of a program that may be anything, in quotes, on one line."""
    text = words.decode(errors="replace") if isinstance(words, bytes) else words
    return repr(text.strip()[:60])


def _end(process: "subprocess.Popen[bytes]") -> None:
    """Kill a process and what it started."""
    if hasattr(os, "killpg"):
        with contextlib.suppress(OSError):
            os.killpg(process.pid, signal.SIGKILL)  # before `wait`: until then nobody else can have its number
    else:
        process.kill()
    process.wait()
    if process.stdin is not None:
        with contextlib.suppress(OSError):
            process.stdin.close()
