"""What `move37 meter` found, as a table, a picture, comments in the game record, and numbers."""

import dataclasses
import json
from pathlib import Path
from typing import Any, NamedTuple

import matplotlib
import numpy as np
from rich.console import Console
from rich.table import Table

from move37 import __version__
from move37.data import sgf
from move37.data.record import BLACK, GameRecord, annotated
from move37.games.go import Go
from move37.play.meter import Measures, MeterConfig, Rates
from move37.run.files import write_atomic

matplotlib.use("Agg")
from matplotlib import pyplot as plt

_WORDS = ("", "policy", "shallow")  # columns of the table that hold words


class Report(NamedTuple):
    """Everything that is shown and written."""

    where: str
    record: GameRecord
    first: int  # who made the first move: 1 Black, −1 White
    measures: Measures
    policy: str  # the nets' names
    search: str
    config: MeterConfig
    rates: dict[str, Rates]

    def name(self, action: int | np.integer) -> str:
        """As people write it."""
        return Go(self.record.size).format_action(int(action))

    def colour(self, index: int) -> str:
        """Who made a move."""
        return "B" if self.first * (-1) ** index == BLACK else "W"

    def verdict(self, index: int) -> str:
        """In a word."""
        found = self.measures
        words = {"marked": found.marked, "unstable": found.unstable, "novel": found.novel}
        return next((word for word, moves in words.items() if moves[index]), "")


def show(report: Report) -> None:
    """The table of the moves, what it was measured with, and the base rates."""
    record, found, config = report.record, report.measures, report.config
    console, count = Console(), len(report.measures.action)
    console.width = max(console.width, 160)  # a narrow terminal shall wrap long names, not cut them
    players = " – ".join(player.name or "?" for player in (record.black, record.white))
    console.print(f"{report.where}: {players}, {count} moves on {record.size}×{record.size}", highlight=False)
    table = Table(box=None, padding=(0, 1, 0, 0), header_style="")
    for column in ("move", "", "probable", "rank", "value", "policy", "gain", "shallow", "gain", ""):
        table.add_column(column, justify="left" if column in _WORDS else "right", no_wrap=True)
    for i in range(count):
        b, c = found.policy_choice[i], found.shallow_choice[i]
        table.add_row(
            str(i + 1),
            f"{report.colour(i)} {report.name(found.action[i])}",
            _percent(found.probability[i]),
            str(found.rank[i]),
            f"{found.value[i]:+.3f}",
            report.name(b),
            f"{found.value[i] - found.policy_value[i]:+.3f}",
            report.name(c),
            f"{found.value[i] - found.shallow_value[i]:+.3f}",
            report.verdict(i),
        )
    console.print(table, highlight=False)
    agreed = (found.rank == 1).mean()
    print(f"policy: {report.policy}, which would have played {agreed:.0%} of the moves")
    print(f"search: {report.search}, {config.visits} visits a value; shallow look: {config.shallow_visits}")
    print(f"novel: probability under {_percent(config.most_probability)}, rank beyond {config.most_rank}")
    for i in map(int, np.flatnonzero(found.marked | found.unstable)):
        print(f"{report.verdict(i)}: move {i + 1}, {_move(report, i)}, {_percent(found.probability[i])}")
    _show_rates(console, report.rates)


def _show_rates(console: Console, rates: dict[str, Rates]) -> None:
    table = Table(box=None, padding=(0, 1, 0, 0), header_style="")
    for column in ("", "games", "moves", "novel", "", "searched", "useful", "", "marked", "", "of all"):
        table.add_column(column, justify="right" if table.columns else "left", no_wrap=True)
    for name, row in rates.items():
        novel, useful, marked = (
            (f"{some:,}", _share(some, whole))
            for some, whole in ((row.novel, row.moves), (row.useful, row.searched), (row.marked, row.searched))
        )
        counts = (f"{row.games:,}", f"{row.moves:,}")
        table.add_row(name, *counts, *novel, f"{row.searched:,}", *useful, *marked, f"{row.marked_share:.2%}")
    console.print(table, highlight=False)


def write(report: Report, tree: sgf.Tree, out: Path) -> list[Path]:
    """The picture, the annotated record and the numbers, into a folder."""
    out.mkdir(parents=True, exist_ok=True)
    comments = {i + 1: comment(report, i) for i in range(len(report.measures.action))}
    picture, game, numbers = out / "meter.png", out / "game.sgf", out / "meter.json"
    _plot(report, picture)
    write_atomic(game, sgf.write([annotated(tree, comments)]))
    write_atomic(numbers, json.dumps(_as_json(report), indent=1).encode())
    return [picture, game, numbers]


def comment(report: Report, index: int) -> str:
    """What is said of a move in the record."""
    found, colour = report.measures, "Black" if report.colour(index) == "B" else "White"
    policy, shallow = (report.name(choice[index]) for choice in (found.policy_choice, found.shallow_choice))
    words = {
        "marked": f"Marked: novel, useful, and useful at {2 * report.config.visits} visits too.",
        "unstable": f"Unstable: novel and useful, but no longer at {2 * report.config.visits} visits.",
        "novel": "Novel.",
    }
    visits = f"{report.search}, {report.config.visits} visits"
    lines = [
        f"Probability {_percent(found.probability[index])}, rank {found.rank[index]} ({report.policy}).",
        f"Value for {colour} {found.value[index]:+.3f}; policy's choice {policy} {found.policy_value[index]:+.3f},"
        f" shallow look's {shallow} {found.shallow_value[index]:+.3f} ({visits}).",
        words.get(report.verdict(index), ""),
    ]
    return "\n".join(filter(None, lines))


def _as_json(report: Report) -> dict[str, Any]:
    found = report.measures
    moves = []
    for i in range(len(found.action)):
        moves.append(
            {
                "number": i + 1,
                "colour": report.colour(i),
                "move": report.name(found.action[i]),
                "probability": float(found.probability[i]),
                "rank": int(found.rank[i]),
                "policy_choice": report.name(found.policy_choice[i]),
                "shallow_choice": report.name(found.shallow_choice[i]),
                "value": float(found.value[i]),
                "policy_value": float(found.policy_value[i]),
                "shallow_value": float(found.shallow_value[i]),
                "novel": bool(found.novel[i]),
                "useful": bool(found.useful[i]),
                "marked": bool(found.marked[i]),
            }
        )
    return {
        "move37": __version__,
        "record": report.where,
        "policy": report.policy,
        "search": report.search,
        "config": dataclasses.asdict(report.config),
        "moves": moves,
        "rates": {name: row._asdict() for name, row in report.rates.items()},
    }


def _plot(report: Report, out: Path) -> None:
    """Above: the probability of each move, on a logarithmic axis. Below: its value, and what it gained."""
    found, numbers = report.measures, np.arange(1, len(report.measures.action) + 1)
    figure, (above, below) = plt.subplots(
        2, 1, figsize=(12, 7), sharex=True, layout="constrained", height_ratios=(2, 1)
    )
    black = np.array([report.colour(i) == "B" for i in range(len(numbers))], bool)
    for mine, name, face in ((black, "Black", "black"), (~black, "White", "white")):
        style = {"markerfacecolor": face, "markeredgecolor": "black", "linestyle": "none"}
        above.plot(numbers[mine], found.probability[mine], "o", markersize=5, label=name, **style)
        gain = found.value - np.fmax(found.policy_value, found.shallow_value)
        below.plot(numbers[mine], gain[mine], "o", markersize=4, **style)
    above.axhline(report.config.most_probability, color="C7", linewidth=1, linestyle="--")
    for moves, colour in ((found.marked, "C3"), (found.unstable, "C7")):
        for i in np.flatnonzero(moves):
            place = (numbers[i], found.probability[i])
            above.plot(*place, "o", markersize=12, markerfacecolor="none", markeredgecolor=colour)
            words = f"{i + 1} {report.name(found.action[i])}" + (", unstable" if moves is found.unstable else "")
            above.annotate(words, place, (8, -4), textcoords="offset points", color=colour, fontsize=9)
    above.set(yscale="log", ylabel=f"probability under {report.policy}", title=report.where)
    above.legend(fontsize=8, loc="lower right")
    below.axhline(0, color="C7", linewidth=1)
    below.set(xlabel="move", ylabel="gain over the better of\npolicy's and shallow choice")
    for axis in (above, below):
        axis.grid(alpha=0.3)
    try:
        write_atomic(out, lambda file: figure.savefig(file, format="png", dpi=120))
    finally:
        plt.close(figure)


def _move(report: Report, index: int) -> str:
    return f"{report.colour(index)} {report.name(report.measures.action[index])}"


def _percent(share: float) -> str:
    """Three digits that say something: 41.2 %, 0.0123 %."""
    return f"{100 * share:.3g} %" if share >= 1e-6 else f"{100 * share:.1e} %"


def _share(some: int, whole: int) -> str:
    return f"{some / whole:.1%}" if whole else "–"
