"""Options of UCI and USI: how they are offered, and what a client sets them to."""

from collections.abc import Iterable
from typing import NamedTuple

from move37.core.errors import BadConfig
from move37.engines.gtp import shown

_EMPTY = "<empty>"  # how UCI writes a text without letters


class Option(NamedTuple):
    """A truth, a whole number in a range, or a text, by its default."""

    name: str
    default: bool | int | str
    least: int = 0
    most: int = 0

    def line(self) -> str:
        """How it is offered."""
        head = f"option name {self.name} type"
        if isinstance(self.default, bool):
            return f"{head} check default {str(self.default).lower()}"
        if isinstance(self.default, int):
            return f"{head} spin default {self.default} min {self.least} max {self.most}"
        return f"{head} string default {self.default or _EMPTY}"

    def read(self, text: str) -> bool | int | str:
        """The value of a text. Raises `BadConfig`."""
        allowed = "any text"
        if isinstance(self.default, bool):
            allowed = "true or false"
            if text.lower() in ("true", "false"):
                return text.lower() == "true"
        elif isinstance(self.default, int):
            allowed = f"a whole number from {self.least} to {self.most}"
            if text.isascii() and text.isdigit() and len(text) < 10 and self.least <= int(text) <= self.most:
                return int(text)
        else:
            return "" if text == _EMPTY else text
        raise BadConfig(f"option {self.name}: got {shown(text)!r}; allowed: {allowed}.")


# `Threads` is accepted and changes nothing: the net takes what processors there are.
COMMON = (
    Option("Move Overhead", 100, 0, 10_000),  # milliseconds
    Option("MultiPV", 1, 1, 256),
    Option("Threads", 1, 1, 1024),
)


class Options:
    """What is offered, and the values as they stand."""

    def __init__(self, offered: Iterable[Option]):
        """All at their defaults."""
        self._offered = {option.name.lower(): option for option in offered}
        self._values = {name: option.default for name, option in self._offered.items()}

    def is_on(self, name: str) -> bool:
        """Whether a truth is offered, and true."""
        return self._values.get(name.lower()) is True

    def number(self, name: str) -> int:
        """A whole number."""
        return int(self._values[name.lower()])

    def lines(self) -> list[str]:
        """How they are offered."""
        return [option.line() for option in self._offered.values()]

    def set(self, words: list[str]) -> None:
        """`name NAME [value VALUE]`; both may hold blanks. Raises `BadConfig`; then nothing is changed."""
        if words[:1] != ["name"] or len(words) < 2:
            raise BadConfig("setoption: allowed: setoption name NAME value VALUE.")
        middle = words.index("value") if "value" in words else len(words)
        name, value = " ".join(words[1:middle]), " ".join(words[middle + 1 :])
        if name.lower() not in self._offered:
            names = ", ".join(option.name for option in self._offered.values())
            raise BadConfig(f"no option {shown(name)!r}; there are: {names}.")
        self._values[name.lower()] = self._offered[name.lower()].read(value)
