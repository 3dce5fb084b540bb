"""What `move37 imagine` found, as a table, a picture and numbers."""

import json
from pathlib import Path
from typing import Any, NamedTuple

import matplotlib
from rich.console import Console
from rich.table import Table

from move37 import __version__
from move37.play.imagination import Depth
from move37.run.files import write_atomic

matplotlib.use("Agg")
from matplotlib import pyplot as plt

_MOST_NUMBERS = 8  # of an observation, that have a column each
# (heading, the field behind it, digits); what no depth has is left out.
_COLUMNS = (
    ("reward", "reward_error", 3),
    ("(mean)", "reward_baseline", 3),
    ("value", "value_error", 3),
    ("(seen)", "value_error_seen", 3),
    ("(mean)", "value_baseline", 3),
    ("drift", "value_drift", 3),
    ("policy", "policy_kl", 3),
    ("(seen)", "policy_kl_seen", 3),
    ("same", "agreement", 2),
    ("(seen)", "agreement_seen", 2),
    ("illegal", "illegal", 3),
    ("(seen)", "illegal_seen", 3),
)


class Report(NamedTuple):
    """Everything that is shown and written."""

    run: str
    world: str
    trained_steps: int  # K: how far the model was unrolled when it learned
    td_steps: int | None  # None: to the end
    episodes: int
    moves: int
    mean_return: float
    depths: list[Depth]

    @property
    def target(self) -> str:
        """What values are held to, in words."""
        return "the outcome" if self.td_steps is None else f"returns of {self.td_steps} steps and the search's value"


def show(report: Report) -> None:
    """The table; a second one of each number of an observation, where they are few."""
    console = Console()
    console.width = max(console.width, 120)  # a narrow terminal shall wrap the lines, not cut them
    alone = f", mean return {report.mean_return:g}" if report.world.startswith("gym:") else ""
    print(f"{report.run} in {report.world}: {report.episodes} episodes, {report.moves} moves{alone}")
    print(f"learned by {report.trained_steps} imagined steps (· beyond); values beside {report.target}")
    used = [column for column in _COLUMNS if any(getattr(row, column[1]) is not None for row in report.depths)]
    probed = [row.probe for row in report.depths if row.probe is not None]
    table = Table(box=None, padding=(0, 1, 0, 0), header_style="")
    for heading in ("depth", "positions", *(column[0] for column in used), *(["probe", "(base)"] if probed else [])):
        table.add_column(heading, justify="right", no_wrap=True)
    for row in report.depths:
        cells = [_number(getattr(row, field), digits) for _, field, digits in used]
        if probed:
            cells += ["–", "–"] if row.probe is None else [f"{row.probe.score:.3f}", f"{row.probe.baseline:.3f}"]
        beyond = "·" if row.depth > report.trained_steps else ""
        table.add_row(f"{beyond}{row.depth}", str(row.positions), *cells)
    console.print(table, highlight=False)
    if probed and probed[0].untrained is not None:
        what = "points read rightly" if probed[0].kind == "accuracy" else "R²"
        print(f"probe: {what}; of a net that has not learned, at depth 0: {probed[0].untrained:.3f}")
    if probed and 0 < len(probed[0].each) <= _MOST_NUMBERS:
        _show_each(console, report)


def _show_each(console: Console, report: Report) -> None:
    rows = [row for row in report.depths if row.probe is not None]
    table = Table(box=None, padding=(0, 1, 0, 0), header_style="")
    for heading in ("depth", *(f"R² of {i + 1}" for i in range(len(rows[0].probe.each if rows[0].probe else ())))):
        table.add_column(heading, justify="right", no_wrap=True)
    for row in rows:
        assert row.probe is not None
        table.add_row(str(row.depth), *(_number(x, 3) for x in row.probe.each))
    console.print(table, highlight=False)


def write_numbers(report: Report, out: Path) -> None:
    """As JSON; null where there is no number."""
    rows = [
        row._asdict() | {"probe": None if row.probe is None else row.probe._asdict()} for row in report.depths
    ]  # nested named tuples would come as bare lists
    numbers = report._asdict() | {"move37": __version__, "depths": rows}
    write_atomic(out, json.dumps(numbers, indent=1, allow_nan=False).encode())


def plot(report: Report, out: Path) -> None:
    """Four pictures over the depth; what lies beyond the steps that were learned is shaded."""
    figure, axes = plt.subplots(2, 2, figsize=(12, 8), sharex=True, layout="constrained")
    (reward, value), (policy, probe) = axes
    _lines(reward, report, {"imagined": "reward_error", "always the mean": "reward_baseline"})
    reward.set(title="error of the reward", ylabel="mean |r̂ − r|")
    names = {"imagined": "value_error", "from what was seen": "value_error_seen", "always the mean": "value_baseline"}
    _lines(value, report, names | {"imagined − seen": "value_drift"})
    value.set(title=f"error of the value, beside {report.target}", ylabel="mean |v̂ − z|")
    names = {"imagined": "policy_kl", "from what was seen": "policy_kl_seen"}
    _lines(policy, report, names | {"illegal, imagined": "illegal"})
    policy.set(title="policy beside the search's", ylabel="KL, nats; probability", xlabel="imagined steps k")
    _probe(probe, report)
    last = max((row.depth for row in report.depths), default=0)
    for axis in axes.flat:
        if last > report.trained_steps:
            axis.axvspan(report.trained_steps, last, color="C7", alpha=0.15, linewidth=0, label="beyond training")
        axis.grid(alpha=0.3)
        axis.legend(fontsize=8, framealpha=0.7)
    for axis in (reward, value, policy):
        axis.set_ylim(bottom=0)
    figure.suptitle(f"{report.run} in {report.world}: {report.episodes} episodes, {report.moves} moves")
    try:
        write_atomic(out, lambda file: figure.savefig(file, format="png", dpi=120))
    finally:
        plt.close(figure)


def _lines(axis: Any, report: Report, fields: dict[str, str]) -> None:
    """Name → field; a line each, if there are numbers."""
    for i, (name, field) in enumerate(fields.items()):
        points = [(row.depth, getattr(row, field)) for row in report.depths if getattr(row, field) is not None]
        if points:
            axis.plot(*zip(*points, strict=True), marker="o", markersize=3, color=f"C{i}", label=name)


def _probe(axis: Any, report: Report) -> None:
    rows = [(row.depth, row.probe) for row in report.depths if row.probe is not None]
    axis.set(title="what a linear probe reads off the latent state", xlabel="imagined steps k", ylabel="R²")
    if not rows:
        axis.plot([], [], label="too few episodes for a probe")
        return
    depths = [depth for depth, _ in rows]
    axis.plot(depths, [p.score for _, p in rows], marker="o", markersize=3, label="learned")
    axis.plot(depths, [p.baseline for _, p in rows], "--", label="without the latent state")
    first = rows[0][1]
    if first.untrained is not None:
        axis.plot(depths[:1], [first.untrained], "s", color="C2", label="before learning, k = 0")
    if first.kind == "accuracy":
        axis.set_ylabel("points read rightly")
    lowest = min(min(p.score, p.baseline) for _, p in rows)
    axis.set_ylim(max(lowest - 0.05, -0.2), 1.02)


def _number(value: float | None, digits: int) -> str:
    return "–" if value is None else f"{value:.{digits}f}"
