"""What stands behind `go`: how long to think, and about which moves."""

from collections.abc import Callable
from dataclasses import dataclass, field

from move37.core.errors import Move37Error
from move37.engines.clock import Clock, Control
from move37.engines.gtp import shown

_TRUTHS = ("infinite", "ponder")
_NUMBERS = ("nodes", "movetime", "depth", "movestogo", "byoyomi", "mate")
_MOST = 2**31 - 1
_LEAST_MOVES = 10  # that the clock is shared out among, however long the game has been


@dataclass
class Go:
    """All that is not there is None or empty. Times in milliseconds."""

    truths: set[str] = field(default_factory=set)
    numbers: dict[str, int] = field(default_factory=dict)
    only: set[int] = field(default_factory=set)  # actions
    complaints: list[str] = field(default_factory=list)  # of what was not understood and passed over

    def seconds(self, colour: str, plies_left: int, lag: float) -> float | None:
        """How long to think, for the player whose times are called `{colour}time`; None: no limit of time."""
        numbers, found = self.numbers, []
        if "movetime" in numbers:
            found.append(max(0, numbers["movetime"]) / 1000)
        if f"{colour}time" in numbers or "byoyomi" in numbers:
            main, increment = (max(0, numbers.get(colour + name, 0)) / 1000 for name in ("time", "inc"))
            byoyomi = max(0, numbers.get("byoyomi", 0)) / 1000
            control = Control(main, byoyomi, int(byoyomi > 0), increment, byo_yomi=True)
            moves = max(1, numbers.get("movestogo", 0)) if "movestogo" in numbers else max(_LEAST_MOVES, plies_left / 2)
            found.append(Clock(control, lag=lag).seconds(1, float(moves)) or 0.0)
        return min(found, default=None)

    @property
    def endless(self) -> bool:
        """Whether no answer is wanted before the client says so."""
        return bool(self.truths)


def parse(words: list[str], read: Callable[[str], int]) -> Go:
    """Never fails: what is not understood is complained of, and the rest holds. `read` gives a move's action."""
    go, at = Go(), 0
    clocks = [colour + name for colour in "wb" for name in ("time", "inc")]
    while at < len(words):
        name, at = words[at], at + 1
        if name in _TRUTHS:
            go.truths.add(name)
        elif name in (*_NUMBERS, *clocks):
            if name == "mate" and words[at : at + 1] == ["infinite"]:
                go.numbers[name] = _MOST
            else:
                _number(go, name, words[at] if at < len(words) else "nothing")
            at += 1
        elif name == "searchmoves":
            while at < len(words) and words[at] not in (*_TRUTHS, *_NUMBERS, *clocks):
                try:
                    go.only.add(read(words[at]))
                except Move37Error as error:
                    go.complaints.append(str(error))
                at += 1
        else:
            go.complaints.append(f"go: got {shown(name)!r}; allowed: {', '.join((*_TRUTHS, *_NUMBERS, *clocks))}.")
    return go


def _number(go: Go, name: str, word: str) -> None:
    digits = word.removeprefix("-")
    if digits.isascii() and digits.isdigit() and len(digits) < 19:
        go.numbers[name] = max(-_MOST, min(int(word), _MOST))
    else:
        go.complaints.append(f"go: {name} is {shown(word)!r}; it must be a whole number.")
