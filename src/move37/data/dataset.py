"""From records to a dataset: filter, play again by the rules, split by game, store."""

import dataclasses
import time
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn, TimeRemainingColumn

from move37.core.errors import BadConfig
from move37.data.forms import Form, form_of
from move37.data.record import GameRecord
from move37.data.selection import DatasetConfig
from move37.data.sgf import BadRecord
from move37.data.sources import Entry
from move37.data.store import SPLITS, Writer, new_folder
from move37.data.written import WrittenGame

_AT_ONCE = 2048  # games that are held and played again together
_QUIET = 2.0  # seconds without a display


_Candidate = tuple[str, GameRecord | WrittenGame, Any]  # where it stands, the game, what of it the rules need


def make_dataset(
    entries: Iterable[Entry],
    out: Path,
    config: DatasetConfig,
    total: int | None = None,
    console: Console | None = None,
    sources: Sequence[str] = (),
) -> dict[str, Any]:
    """Write a dataset to the folder `out`, whole or not at all. Returns what stands in its about.json.

    `total`: number of entries, if known, for the display. `sources`: where they come from, to be kept. Raises
    `BadConfig` if `out` exists or no game is left, `BadRun` if the disk will not.
    """
    skipped: Counter[str] = Counter()
    faults: list[str] = []
    seen: set[bytes] = set()
    form = form_of(config.game)
    with (
        new_folder(out) as folder,
        Writer(folder, config.game, form.row_shape) as writer,
        _display(total, console) as go,
    ):
        for some in _groups(_candidates(entries, config, form, skipped, faults, go)):
            for (where, record, _), played in zip(some, form.play([line for *_, line in some]), strict=True):
                digest = form.fingerprint(played.line)
                if played.skipped:
                    skipped[played.skipped] += 1
                    faults.append(f"{where}: {played.fault}")
                elif digest in seen:
                    skipped["duplicate"] += 1
                else:
                    seen.add(digest)
                    writer.add(record, played.line, played.positions, _split(digest, config))
        if not seen:
            counts = ", ".join(f"{reason} {count:,}" for reason, count in skipped.most_common())
            what = f"no game is left for {out}; skipped: {counts or 'nothing, there was no game'}."
            size = " --size takes games of another size." if any("size" in reason for reason in skipped) else ""
            raise BadConfig(what + size + (f" The first: {faults[0]}" if faults else ""))
        about = writer.finish(
            {"sources": [*sources], "config": dataclasses.asdict(config), "skipped": dict(skipped.most_common())},
            faults,
        )
    return about


def _split(digest: bytes, config: DatasetConfig) -> int:
    """Of a game's hash alone: a dataset that is made again, of more games, leaves each where it was."""
    place = int.from_bytes(digest[:8], "big") / 2**64
    return SPLITS.index("test" if place < config.test else "valid" if place < config.test + config.valid else "train")


def _candidates(
    entries: Iterable[Entry],
    config: DatasetConfig,
    form: Form,
    skipped: Counter[str],
    faults: list[str],
    advance: Any,
) -> Iterator[_Candidate]:
    """The games that are wanted and can be used; the others are counted."""
    for where, record in entries:
        advance()
        if isinstance(record, BadRecord):
            skipped["broken"] += 1
            faults.append(str(record))
            continue
        line = form.line(record, config)
        if isinstance(line, str):
            skipped[line] += 1
        else:
            yield where, record, line


def _groups(candidates: Iterator[_Candidate]) -> Iterator[list[_Candidate]]:
    some: list[_Candidate] = []
    for candidate in candidates:
        some.append(candidate)
        if len(some) == _AT_ONCE:
            yield some
            some = []
    if some:
        yield some


@contextmanager
def _display(total: int | None, console: Console | None) -> Iterator[Any]:
    """Gives a function to call at each game; it shows how far it got once that takes longer than a moment."""
    columns = (TextColumn("{task.completed:,} games read"), BarColumn(), TimeElapsedColumn(), TimeRemainingColumn())
    progress = Progress(*columns, console=console or Console(stderr=True), transient=True)
    task, began = progress.add_task("read", total=total), time.monotonic()

    def advance() -> None:
        progress.advance(task)
        if not progress.live.is_started and time.monotonic() - began > _QUIET:
            progress.start()

    try:
        yield advance
    finally:
        if progress.live.is_started:  # else it would print an empty line
            progress.stop()
