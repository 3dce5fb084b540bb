"""Curves of one or more runs as a PNG."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import matplotlib

matplotlib.use("Agg")
from matplotlib import pyplot as plt

from move37.core.errors import BadRun
from move37.run.directory import Run

# title → (metrics drawn in it, logarithmic?)
_PANELS: dict[str, tuple[tuple[str, ...], bool]] = {
    "losses": (("policy_loss", "value_loss"), False),
    "moves that give a known result away": (("solver_error", "policy_error"), True),
    "rating above random play": (("rating",), False),
    "moves a second in self-play": (("moves_per_second",), False),
}
_AXES = {"minutes": lambda row: row["seconds"] / 60, "games": lambda row: row["games"]}


def plot_runs(runs: Sequence[Run], out: Path) -> Path:
    """Losses, solver error and speed against wall-clock and against games. Raises `BadRun` if nothing is logged yet."""
    figure, axes = plt.subplots(len(_PANELS), len(_AXES), figsize=(12, 10), squeeze=False, layout="constrained")
    for run in runs:
        rows = run.metrics()
        if not rows:
            raise BadRun(f"{run.path} has no finished iteration yet: there is nothing to draw.")
        for line, (title, (names, logarithmic)) in zip(axes, _PANELS.items(), strict=True):
            for axis, (unit, position) in zip(line, _AXES.items(), strict=True):
                for name in names:
                    _curve(axis, rows, name, position, f"{run.path.name}: {name.replace('_', ' ')}")
                axis.set(xlabel=unit, title=title, yscale="log" if logarithmic else "linear")
    for axis in axes.flat:
        axis.grid(alpha=0.3)
        if axis.lines:
            axis.legend(fontsize=8, frameon=False)
    out.parent.mkdir(parents=True, exist_ok=True)
    figure.savefig(out, dpi=120)
    plt.close(figure)
    return out


def _curve(axis: Any, rows: list[dict[str, Any]], name: str, position: Any, label: str) -> None:
    points = [(position(row), row[name]) for row in rows if row.get(name)]  # 0 has no logarithm
    if points:
        axis.plot(*zip(*points, strict=True), label=label, marker="o" if len(points) < 40 else None, markersize=3)
