"""One program that speaks UCI or USI. Whatever it does, a move or an `EngineFailure` comes in time.

Source: S. Meyer-Kahlen, "Description of the universal chess interface (UCI)", 2006; T. Romstad, "The Universal Shogi
Interface, draft 2", which is the same with other words. Why no library: python-chess's `chess.engine` is GPL and speaks
no USI, and a GTP engine needs the same pipes (`process`), time-outs and account of a death.
"""

import re
import time
from dataclasses import dataclass
from typing import Literal

from move37.engines.process import EngineFailure, EngineProcess, shown

Protocol = Literal["uci", "usi"]
_MOST_INFO = 100_000  # lines before one answer
_OPTION = re.compile(r"option name (.+?) type (check|spin|combo|button|string|filename)\b(.*)")
_HIDDEN = ("USI_Hash", "USI_Ponder", "USI_Variant")  # every USI engine takes them, and need not list them


@dataclass(frozen=True)
class Option:
    """What an engine lets be set."""

    name: str
    kind: str
    rest: str  # default, min, max, var

    def fault(self, value: str) -> str:
        """What is allowed, where this value is not."""
        if self.kind == "spin":
            bounds = [re.search(rf"\b{word} (-?\d+)", self.rest) for word in ("min", "max")]
            least, most = (int(found[1]) if found else 0 for found in bounds)
            if not re.fullmatch(r"-?\d+", value) or (all(bounds) and not least <= int(value) <= most):
                return f"a whole number from {least} to {most}"
        if self.kind == "check" and value not in ("true", "false"):
            return "true or false"
        choices = re.findall(r"\bvar (.+?)(?= var |$)", self.rest)
        if self.kind == "combo" and value.lower() not in map(str.lower, choices):
            return ", ".join(choices)
        return ""


class UciClient:
    """A process, started at once, of which the name and the options are known. `close` ends it."""

    def __init__(self, command: str, protocol: Protocol = "uci", timeout: float = 60.0):
        """`timeout`: seconds for an answer. Raises `EngineFailure` if there is no such program or it does not start."""
        self.timeout, self.name = timeout, ""
        self.options: dict[str, Option] = {}  # by the name in small letters
        self._process = EngineProcess(command)
        try:
            for line in self._ask(protocol, f"{protocol}ok"):
                if found := _OPTION.match(line):
                    self.options[found[1].lower()] = Option(found[1], found[2], found[3].strip())
                elif line.startswith("id name "):
                    self.name = line.removeprefix("id name ").strip()
        except BaseException:
            self.close(0.0)
            raise

    def set(self, name: str, value: str) -> None:
        """An option. Raises `EngineFailure` for one that there is not, and for a value that it cannot have."""
        option = self.options.get(name.lower())
        if option is None and name not in _HIDDEN:
            names = ", ".join(option.name for option in self.options.values())
            raise EngineFailure(f"has no option {name!r}; it has: {names or 'none'}.")
        if option is not None and (allowed := option.fault(value)):
            raise EngineFailure(f"option {option.name!r} is {value!r}; it must be {allowed}.")
        words = f"setoption name {option.name if option else name}"
        self._process.say(f"{words} value {value}" if value else words)

    def ready(self, *commands: str) -> None:
        """Send commands, and wait until it has done what they ask."""
        for command in commands:
            self._process.say(command)
        self._ask("isready", "readyok")

    def best_move(self, position: str, limit: str) -> str:
        """The word behind `bestmove`, in a position (`position …`) with a limit (`nodes 100`)."""
        for line in self._process.unasked("go"):
            if line.startswith(b"bestmove"):
                raise EngineFailure(f"said {shown(line)} before it was asked 'go'")
        self._process.say(position)
        words = self._ask(f"go {limit}", "bestmove")[-1].split()
        return words[1] if len(words) > 1 else ""

    def close(self, patience: float = 1.0) -> None:
        """Ask it to go; kill it and its children if it stays for longer than `patience` seconds."""
        self._process.close(patience)

    def _ask(self, command: str, until: str) -> list[str]:
        """The lines from here to the one that begins with the word `until`; it is free to say others before."""
        began = time.monotonic()
        self._process.say(command)
        lines: list[str] = []
        while not lines or lines[-1].split()[:1] != [until]:
            if len(lines) > _MOST_INFO:
                raise EngineFailure(f"answered {command!r} with more than {_MOST_INFO:,} lines")
            line = self._process.line(command, self.timeout, began).decode(errors="replace").strip()
            lines.append(line)
        return lines
