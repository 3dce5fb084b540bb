"""What a training shows: a live table in a terminal, a line an iteration elsewhere."""

import math
import time
from typing import Any

from rich.console import Console, Group
from rich.live import Live
from rich.table import Table
from rich.text import Text

_BARS = "▁▂▃▄▅▆▇█"
# What is shown first, in this order: metric → its name on the screen. Metrics that are not named here follow.
_NAMES = {
    "games": "games",
    "positions": "positions",
    "moves_per_second": "moves/s",
    "simulations_per_second": "simulations/s",
    "game_length": "moves a game",
    "loss": "loss",
    "policy_loss": "policy loss",
    "value_loss": "value loss",
    "policy_entropy": "policy entropy",
    "target_entropy": "target entropy",
    "rating": "rating",
    "solver_error": "solver error",
    "policy_error": "policy error",
    "memory_mib": "memory, MiB",
}
# Details that stand in metrics.jsonl alone, so that the table fits a small terminal.
_HIDDEN = ("iteration", "seconds", "decided", "gradient_norm", "rating_plus_minus")
_HIDDEN_GROUPS = ("solver_error_",)
_COUNTS = ("games", "positions", "memory_mib")  # nothing is learned from their curves


class Display:
    """Shows the rows that are logged. Use as a context manager."""

    def __init__(self, last: int, console: Console | None = None):
        """`last` is the last iteration."""
        self.last, self.console = last, console or Console()
        self.rows: list[dict[str, Any]] = []
        self._compiled = 0.0  # when the second row came: before it, play and learning are compiled
        self._live = Live(console=self.console, auto_refresh=False, transient=False)

    def __enter__(self) -> "Display":
        """Say at once that something happens."""
        self.console.print("compiling; the first iterations take longer than the others", highlight=False)
        if self.console.is_terminal:
            self._live.start()
        return self

    def __exit__(self, *_: object) -> None:
        """Leave the last table standing."""
        if self.console.is_terminal:
            self._live.stop()

    def show(self, row: dict[str, Any]) -> None:
        """One more iteration is done."""
        self.rows.append(row)
        left = self._time_left(time.monotonic())
        if self.console.is_terminal:
            self._live.update(self._table(left), refresh=True)
        else:
            newest = [f"{label} {text}" for label, text, values in self._metrics() if values[-1][0] == row["iteration"]]
            head = f"iteration {row['iteration']} of {self.last}"
            line = "  ".join([head, *newest, f"left {left}"])
            self.console.print(line, highlight=False, soft_wrap=True)

    def _time_left(self, now: float) -> str:
        """From the mean of the iterations behind the first two; none before there is one."""
        remain = self.last - self.rows[-1]["iteration"]
        if len(self.rows) <= 2:
            self._compiled = now
            return "?" if remain else _clock(0.0)
        return _clock((now - self._compiled) / (len(self.rows) - 2) * remain)

    def _metrics(self) -> list[tuple[str, str, list[tuple[int, float]]]]:
        """(name, newest value, all values with their iterations) of what is shown; exams are rarer than iterations."""
        found: dict[str, list[tuple[int, float]]] = {name: [] for name in _NAMES}
        for row in self.rows:
            for name, value in row.items():
                if isinstance(value, int | float) and name not in _HIDDEN and not name.startswith(_HIDDEN_GROUPS):
                    found.setdefault(name, []).append((row["iteration"], float(value)))
        shown = []
        for name, values in found.items():
            if values:
                text = number(values[-1][1])
                rated = next((row for row in self.rows[::-1] if name in row), {})
                if f"{name}_plus_minus" in rated:
                    text += f" ± {number(rated[f'{name}_plus_minus'])}"
                shown.append((_NAMES.get(name, name.replace("_", " ")), text, values))
        return shown

    def _table(self, left: str) -> Group:
        done = self.rows[-1]["iteration"]
        gone = self.rows[-1].get("seconds", 0.0)
        title = f"iteration {done} of {self.last}, {_clock(gone)} gone, {left} left"
        table = Table.grid(padding=(0, 3, 0, 0))
        table.add_column(no_wrap=True)
        table.add_column(no_wrap=True, justify="right")
        table.add_column(no_wrap=True, overflow="crop")
        counts = {_NAMES[name] for name in _COUNTS}
        for label, text, values in self._metrics():
            when = "" if values[-1][0] == done else f", at {values[-1][0]}"
            table.add_row(label + when, text, "" if label in counts else spark([value for _, value in values]))
        return Group(Text(title, style="bold"), table)


def spark(values: list[float], width: int = 40) -> str:
    """A row of bars: the newest `width` points of a curve, thinned evenly; "?" for what is no finite number."""
    step = max(1, -(-len(values) // width))
    points = values[::-1][::step][::-1]
    finite = [x for x in points if math.isfinite(x)] or [0.0]
    low, high = min(finite), max(finite)
    scale = (len(_BARS) - 1) / (high - low) if high > low else 0
    return "".join(_BARS[round((x - low) * scale)] if math.isfinite(x) else "?" for x in points)


def number(value: int | float) -> str:
    """Four digits, or all digits of a big number."""
    return f"{value:,.0f}" if abs(value) >= 100 else f"{value:.4g}"


def _clock(seconds: float) -> str:
    return f"{int(seconds) // 3600}:{int(seconds) // 60 % 60:02d}:{int(seconds) % 60:02d}"
