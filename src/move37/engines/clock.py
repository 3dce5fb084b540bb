"""How long to think about a move: what the clock has left, made into seconds.

Time controls as the protocol knows them: main time, then overtime, which is either periods of so many moves (Canadian)
or a number of periods of one move each (byo-yomi). A move gets the main time that is left, divided by the moves that
may be left, and most of what the overtime would give it: that is lost only to those who have no main time.
"""

import math
from dataclasses import dataclass, field

LAG = 0.15  # seconds that an answer may take on its way
DEFAULT_VISITS = 800  # a move, where nothing else limits it
_SHORTEST = 0.02


@dataclass(frozen=True)
class Control:
    """A time control, in seconds. Infinite main time stands for none."""

    main: float = math.inf
    period: float = 0.0
    stones: int = 0  # moves within a period; 0: no overtime
    increment: float = 0.0  # added after each move (Fischer)
    byo_yomi: bool = False  # each move has a period of its own, and what `time_left` counts is periods


@dataclass
class Clock:
    """Both players' clocks, 1 Black's, −1 White's."""

    control: Control = field(default_factory=Control)
    left: dict[int, tuple[float, int]] = field(default_factory=dict)  # seconds; stones or periods left, 0 in main time
    lag: float = LAG

    def start(self, control: Control) -> None:
        """A new time control: nothing is spent yet."""
        self.control, self.left = control, {}

    def spend(self, colour: int, seconds: float) -> None:
        """A move took so long. Clients that keep time say more with `time_left`, and are believed."""
        left, count = self.left.get(colour, (self.control.main, 0))
        if count == 0 and math.isfinite(left):
            self.left[colour] = (max(0.0, left - seconds) + self.control.increment, 0)

    def seconds(self, colour: int, moves_left: float) -> float | None:
        """How long to think about the next move; None where there is no time control.

        `moves_left` are this player's, as far as they can be guessed.
        """
        control = self.control
        if not math.isfinite(control.main):
            return None
        left, count = self.left.get(colour, (control.main, 0))
        if count == 0 and left <= 0 and control.stones > 0:
            left, count = control.period, control.stones
        if count > 0:
            share = min(left, control.period) if control.byo_yomi else left / count
            return max(_SHORTEST, 0.9 * share - self.lag)
        overtime = control.period / (1 if control.byo_yomi else control.stones) if control.stones else 0.0
        share = left / max(1.0, moves_left) + 0.7 * overtime + 0.9 * control.increment
        return max(_SHORTEST, min(share, 0.9 * (left + overtime)) - self.lag)
