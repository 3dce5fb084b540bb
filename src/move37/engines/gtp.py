"""The Go Text Protocol: a line in, an answer out. What the commands mean stands elsewhere.

Source: G. Farnebäck, "Specification of the Go Text Protocol, version 2, draft 2". Beyond it, as Leela Zero and KataGo
do: an answer may be a stream of lines, which any next line ends.
"""

import re
import sys
import traceback
from collections.abc import Callable, Generator, Iterator, Mapping
from typing import NamedTuple

from move37.core.errors import Move37Error

_ID = re.compile(r"\d{1,18}(?!\S)", re.ASCII)
_CONTROL = re.compile(r"[\x00-\x08\x0a-\x1f\x7f]")
_LONGEST_ECHO = 60


class GtpError(Move37Error, ValueError):
    """What stands behind the question mark of an answer."""


class Quit(Exception):
    """Raised by the command that ends the conversation."""


class Stream(NamedTuple):
    """An answer of many lines, each sent as soon as it is there; an empty one is not sent.

    Between two lines it is asked whether to end: a generator that has nothing to say yet yields "". What it returns is
    a last line; one that returns has not been ended, whoever speaks meanwhile.
    """

    lines: Generator[str, None, str]
    endless: bool = True  # ends at the next command, or goes on until it is done?
    farewell: str = ""  # the last line of one that was ended


Answer = str | Stream
Handler = Callable[[list[str]], Answer]


class Command(NamedTuple):
    """A line of a client."""

    id: str
    name: str
    arguments: list[str]


def parse(line: str) -> Command | None:
    """A command; None for a line without any. Comments and control characters are passed over, as the source says."""
    words = _CONTROL.sub("", line.replace("\t", " ")).split("#", 1)[0].strip()
    found = _ID.match(words)
    number = found[0] if found else ""
    name, *arguments = words[len(number) :].split() or [""]
    return Command(number, name, arguments) if number or name else None


def answer_text(mark: str, number: str, text: str) -> str:
    """An answer as it is sent. Within it no line is empty, for an empty line ends it."""
    lines = [_CONTROL.sub("", line).rstrip() for line in text.split("\n")]
    return f"{mark}{number} " + "\n".join(line for line in lines if line) + "\n\n"


def shown(word: str) -> str:
    """A client's word in an answer: not longer than it helps, and printable."""
    word = word if len(word) <= _LONGEST_ECHO else word[:_LONGEST_ECHO] + "…"
    return "".join(letter if letter.isprintable() else "?" for letter in word)


class Gtp:
    """A table of commands, and the protocol's own commands, which every engine has."""

    def __init__(self, name: str, version: str, commands: Mapping[str, Handler]):
        """`commands` may replace the protocol's own."""
        own: dict[str, Handler] = {
            "protocol_version": lambda _: "2",
            "name": lambda _: name,
            "version": lambda _: version,
            "known_command": lambda words: "true" if words and words[0] in self.commands else "false",
            "list_commands": lambda _: "\n".join(self.commands),
            "quit": _quit,
        }
        self.commands: dict[str, Handler] = {**own, **commands}

    def answer(self, line: str, interrupted: Callable[[], bool] = lambda: False) -> Iterator[str]:
        """What to send in answer to a line, in parts. Raises `Quit` behind the answer to `quit`.

        Nothing that a client writes raises anything else, and each command is answered.
        """
        command = parse(line)
        if command is None:
            return
        number, opened = command.id, False
        try:
            if command.name not in self.commands:
                raise GtpError("unknown command")
            answer = self.commands[command.name](command.arguments)
            if isinstance(answer, str):
                yield answer_text("=", number, answer)
                return
            opened = True
            yield f"={number}\n"
            yield from _parts(answer, interrupted)
            yield "\n"
        except Quit:
            yield answer_text("=", number, "")
            raise
        except Move37Error as error:
            yield "\n" if opened else answer_text("?", number, str(error))
        except Exception as error:  # a fault of ours: the client goes on, and its owner can read what happened
            traceback.print_exc(file=sys.stderr)
            yield "\n" if opened else answer_text("?", number, f"internal error: {type(error).__name__}: {error}")


def _parts(stream: Stream, interrupted: Callable[[], bool]) -> Iterator[str]:
    try:
        while True:
            try:
                part, ended = next(stream.lines), False
            except StopIteration as end:
                part, ended = end.value, True
            if part:
                yield part + "\n"
            if ended:
                return
            if stream.endless and interrupted():
                if stream.farewell:
                    yield stream.farewell + "\n"
                return
    finally:
        stream.lines.close()


def _quit(_: list[str]) -> str:
    raise Quit
