"""Arguments of commands: words into colours, points and numbers, or an error that says what was expected."""

import math

from move37.engines.go_game import Point, colour_of
from move37.engines.gtp import GtpError, shown


def colour(words: list[str], index: int = 0) -> int:
    """1 Black, −1 White."""
    found = colour_of(words[index]) if index < len(words) else None
    if found is None:
        raise GtpError(f"invalid color: got {_got(words, index)}, expected b or w")
    return found


def vertex(words: list[str], index: int, point: Point) -> int:
    """A point of the board, or a pass."""
    found = point.parse(words[index]) if index < len(words) else None
    if found is None:
        raise GtpError(f"invalid vertex: got {_got(words, index)}, expected a point up to {point.name(point.size - 1)}")
    return found


def whole(words: list[str], index: int, least: int, most: int) -> int:
    """A whole number in a range."""
    word = words[index] if index < len(words) else ""
    if not (word.removeprefix("-").isdigit() and word.isascii() and len(word) < 10 and least <= int(word) <= most):
        raise GtpError(f"invalid number: got {_got(words, index)}, expected a whole number from {least} to {most}")
    return int(word)


def number(words: list[str], index: int, least: float, most: float) -> float:
    """A number in a range."""
    try:
        found = float(words[index])
    except (ValueError, IndexError):
        found = math.nan
    if not least <= found <= most:
        raise GtpError(f"invalid number: got {_got(words, index)}, expected one from {least:g} to {most:g}")
    return found


def truth(words: list[str], index: int) -> bool:
    """`true` or `false`."""
    word = words[index].lower() if index < len(words) else ""
    if word not in ("true", "false"):
        raise GtpError(f"got {_got(words, index)}, expected true or false")
    return word == "true"


def _got(words: list[str], index: int) -> str:
    return shown(words[index]) if index < len(words) else "nothing"
