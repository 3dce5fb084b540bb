"""`move37 dataset`: games of people made into a dataset; and what a dataset is, for `move37 info`."""

from argparse import Namespace
from itertools import chain
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.table import Table

from move37 import games
from move37.cli.common import enable_compilation_cache
from move37.data.dataset import make_dataset
from move37.data.selection import DatasetConfig
from move37.data.sources import entries, written_entries
from move37.data.store import Dataset
from move37.data.written import first_colour
from move37.games.go import Go

_NAMED = ("broken", "illegal", "superko")  # the games that skipped.txt names, each with its fault


def run(command: str, options: Namespace) -> None:
    """Read, filter, play again, split, write; then say what was taken."""
    enable_compilation_cache()
    config = DatasetConfig(
        game=options.game or f"go_{options.size}x{options.size}",
        least_rank=options.least_rank,
        least_moves=options.least_moves,
        most_moves=options.most_moves,
        results=tuple(options.results),
        bots=options.bots,
        most_handicap=options.most_handicap,
        valid=options.valid,
        test=options.test,
    )
    game = games.make(config.game)
    counts, read = zip(
        *(
            entries(source, game.size) if isinstance(game, Go) else written_entries(source, first_colour(game))
            for source in options.sources
        ),
        strict=True,
    )
    total = None if None in counts else sum(counts)
    sources = [str(source) for source in options.sources]
    _show(options.out, make_dataset(chain(*read), options.out, config, total, sources=sources))


def describe(folder: Path) -> None:
    """What a dataset is made of. Raises `BadRun` if it cannot be read."""
    about = Dataset(folder).about
    _show(folder, about)
    print(f"made by move37 {about['move37']} of {', '.join(about['sources'])}")
    width = max(map(len, about["config"]))
    for name, value in about["config"].items():
        text = ", ".join(value) if isinstance(value, list) else str(value)
        print(f"  {name:<{width}}  {text or 'any'}")


def _show(folder: Path, about: dict[str, Any]) -> None:
    """What was taken, how it is split, and why the rest was not taken."""
    print(f"{folder}: {about['games']:,} games of {about['game']}, {about['positions']:,} positions")
    splits = Table(box=None, padding=(0, 2), header_style="")
    for column in ("split", "games", "positions"):
        splits.add_column(column, justify="left" if column == "split" else "right", no_wrap=True)
    for name, counts in about["splits"].items():
        splits.add_row(name, f"{counts['games']:,}", f"{counts['positions']:,}")
    Console().print(splits, highlight=False)
    skipped: dict[str, int] = about["skipped"]
    print(f"not taken: {sum(skipped.values()):,} games")
    for reason, count in skipped.items():
        named = f"   named in {folder / 'skipped.txt'}" if reason in _NAMED else ""
        print(f"  {reason:<26} {count:>9,}{named}")
