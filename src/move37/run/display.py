"""What a training shows: a live table in a terminal, a line an iteration elsewhere."""

import time
from typing import Any

from rich.console import Console
from rich.live import Live
from rich.table import Table

_BARS = "▁▂▃▄▅▆▇█"
_SPARKS = ("solver_error", "rating", "loss", "value_loss", "policy_loss")  # numbers that are also drawn over time


class Display:
    """Shows the rows that are logged. Use as a context manager."""

    def __init__(self, last: int, console: Console | None = None):
        """`last` is the last iteration."""
        self.last, self.console = last, console or Console()
        self.rows: list[dict[str, Any]] = []
        self._began = time.monotonic()
        self._live = Live(console=self.console, auto_refresh=False, transient=False)

    def __enter__(self) -> "Display":
        """Say at once that something happens."""
        self.console.print("compiling; the first iteration takes a little longer than the others", highlight=False)
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
        left = (time.monotonic() - self._began) / len(self.rows) * (self.last - row["iteration"])
        if self.console.is_terminal:
            self._live.update(self._table(row, left), refresh=True)
        else:
            text = "  ".join(f"{k} {_number(v)}" for k, v in row.items() if isinstance(v, int | float))
            self.console.print(f"{text}  left {_clock(left)}", highlight=False, soft_wrap=True)

    def _table(self, row: dict[str, Any], left: float) -> Table:
        table = Table(title=f"iteration {row['iteration']} of {self.last}, time left {_clock(left)}")
        table.add_column("what")
        table.add_column("now", justify="right")
        table.add_column("so far")
        for name, value in row.items():
            if name != "iteration" and isinstance(value, int | float):
                drawn = spark([r[name] for r in self.rows if name in r]) if name in _SPARKS else ""
                table.add_row(name.replace("_", " "), _number(value), drawn)
        return table


def spark(values: list[float], width: int = 40) -> str:
    """A row of bars: the newest `width` points of a curve, thinned evenly."""
    step = max(1, -(-len(values) // width))
    points = values[::-1][::step][::-1]
    low, high = min(points), max(points)
    scale = (len(_BARS) - 1) / (high - low) if high > low else 0
    return "".join(_BARS[round((x - low) * scale)] for x in points)


def _number(value: int | float) -> str:
    return f"{value:,.0f}" if abs(value) >= 100 else f"{value:.4g}"


def _clock(seconds: float) -> str:
    return f"{int(seconds) // 3600}:{int(seconds) // 60 % 60:02d}:{int(seconds) % 60:02d}"
