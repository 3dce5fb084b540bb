"""Curves of one or more runs as a PNG."""

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import matplotlib

matplotlib.use("Agg")
from matplotlib import pyplot as plt

from move37.core.errors import BadRun
from move37.run.directory import Run
from move37.run.files import write_atomic

Row = dict[str, Any]


class Panel(NamedTuple):
    """One row of the picture."""

    title: str
    metrics: tuple[str, ...]  # the first is drawn solid, the second dashed
    logarithmic: bool = False
    from_zero: bool = False


# Each stands where a run has the first of its metrics.
_PANELS = (
    Panel("losses", ("policy_loss", "value_loss")),
    Panel("moves that give a known result away (▽: none)", ("solver_error", "policy_error"), logarithmic=True),
    Panel("rating above random play, 95 % interval", ("rating",)),
    Panel("moves of people that are foretold, held-out games", ("valid_top_1", "valid_top_5"), from_zero=True),
    Panel("squared error of the value, held out and in training", ("valid_value_loss", "value_loss")),
    Panel("share of games won, from stochastic play", ("won_against_imitated", "won")),
    Panel("moves a second in self-play", ("moves_per_second",), from_zero=True),
)
_AXES: dict[str, Callable[[Row], float | None]] = {
    "minutes": lambda row: row["seconds"] / 60,
    "games": lambda row: row.get("games"),
    "positions": lambda row: row.get("positions"),  # where nobody plays games
}
_STYLES = (("-", "o"), ("--", "s"))  # line, and marks where there are few points


def plot_runs(runs: Sequence[Run], out: Path) -> Path:
    """Losses, strength and speed against wall-clock, and against games or positions; only what some run has.

    Zeros stand at the foot of a logarithmic axis as hollow triangles. Raises `BadRun` if a run has logged nothing yet.
    """
    rows = {run: run.metrics() for run in runs}
    for run in runs:
        if not rows[run]:
            raise BadRun(f"{run.path} has no finished iteration yet: there is nothing to draw.")
    panels = [p for p in _PANELS if any(row.get(p.metrics[0]) is not None for run in runs for row in rows[run])]
    if not panels:
        raise BadRun(f"{runs[0].path} has logged none of the curves that are drawn: there is nothing to draw.")
    every = [row for run in runs for row in rows[run]]
    size = (12, 1 + 2.6 * len(panels))
    figure, axes = plt.subplots(len(panels), 2, figsize=size, squeeze=False, layout="constrained")
    for line, panel in zip(axes, panels, strict=True):
        foot = _foot(every, panel)
        played = any("games" in row for row in every if row.get(panel.metrics[0]) is not None)
        for axis, unit in zip(line, ("minutes", "games" if played else "positions"), strict=True):
            for i, run in enumerate(runs):
                for name, (style, mark) in zip(panel.metrics, _STYLES, strict=False):
                    words = [run.path.name] * (len(runs) > 1) + [name.replace("_", " ")] * (len(panel.metrics) > 1)
                    look = {"label": ": ".join(words), "color": f"C{i}", "linestyle": style, "marker": mark}
                    _curve(axis, rows[run], name, _AXES[unit], foot, look)
            axis.set(xlabel=unit, title=panel.title, yscale="log" if panel.logarithmic else "linear")
            axis.grid(alpha=0.3)
            if panel.from_zero:
                axis.set_ylim(0, 1.05 * max(axis.dataLim.y1, 1e-9))
        if len(runs) > 1 or len(panel.metrics) > 1:
            line[0].legend(fontsize=8, framealpha=0.7)
    try:
        write_atomic(out, lambda file: figure.savefig(file, format="png", dpi=120))
    finally:
        plt.close(figure)
    return out


def _foot(rows: Sequence[Row], panel: Panel) -> float:
    """Where a zero is drawn: half of the smallest value on a logarithmic axis, as it has no place of its own."""
    values = [row[name] for row in rows for name in panel.metrics if (row.get(name) or 0) > 0]
    return min(values, default=0.01) / 2 if panel.logarithmic else 0.0


def _curve(
    axis: Any,
    rows: Sequence[Row],
    name: str,
    position: Callable[[Row], float | None],
    foot: float,
    look: dict[str, Any],
) -> None:
    """One metric of one run."""
    measured = [row for row in rows if row.get(name) is not None and position(row) is not None]
    if not measured:
        return
    x, y = [position(row) for row in measured], [row[name] or foot for row in measured]
    axis.plot(x, y, markersize=3 if len(measured) < 40 else 0, **look)
    zeros = [place for place, row in zip(x, measured, strict=True) if row[name] == 0] if foot else []
    if zeros:
        axis.plot(zeros, [foot] * len(zeros), "v", color=look["color"], markerfacecolor="white")
    if name == "rating":
        width = [row.get("rating_plus_minus", 0.0) for row in measured]
        low, high = ([value + sign * w for value, w in zip(y, width, strict=True)] for sign in (-1, 1))
        axis.fill_between(x, low, high, color=look["color"], alpha=0.15, linewidth=0)
