"""From records to a dataset: filter, play again by the rules, split by game, store."""

import dataclasses
import hashlib
import time
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn, TimeRemainingColumn

from move37.core.errors import BadConfig
from move37.data.record import BLACK, WHITE, GameRecord, Kind, rank_level
from move37.data.retrace import Line, retrace
from move37.data.sgf import BadRecord
from move37.data.sources import Entry
from move37.data.store import SPLITS, Writer, new_folder
from move37.games.boards import dihedral_symmetries
from move37.games.go import Go

_AT_ONCE = 2048  # games that are held and played again together
_QUIET = 2.0  # seconds without a display


@dataclass(frozen=True)
class DatasetConfig:
    """Which games a dataset takes, and how it is split."""

    size: int = 19
    least_rank: str = ""  # of both players, like 6d, 15k or 1p; a player without a rank is none of them
    least_moves: int = 20
    most_moves: int = 0  # 0 stands for 2·size², Go's limit
    results: tuple[Kind, ...] = ("score", "resign", "time", "forfeit", "win", "draw")
    bots: bool = True  # whether games of programs are taken too
    most_handicap: int = 0  # stones of Black that stand there before the first move
    valid: float = 0.05  # share of the games
    test: float = 0.05

    def __post_init__(self) -> None:
        """Check the ranges. Raises `BadConfig`."""
        if not 2 <= self.size <= 19:
            raise BadConfig(f"got size {self.size}; allowed: 2 to 19.")
        if self.least_rank and rank_level(self.least_rank) is None:
            raise BadConfig(f"got least_rank {self.least_rank!r}; ranks look like 15k, 6d, 1p.")
        if not (self.valid >= 0 and self.test >= 0 and self.valid + self.test < 1):
            raise BadConfig(f"got the shares valid {self.valid} and test {self.test}; their sum must be in [0, 1).")

    def refuses(self, record: GameRecord) -> str:
        """Why a game is not taken; nothing if it is."""
        ranks = [rank_level(player.rank) for player in (record.black, record.white)]
        least = rank_level(self.least_rank)
        if record.size != self.size:
            return "another size"
        if least is not None and any(rank is None or rank < least for rank in ranks):
            return "rank"
        if not self.bots and (record.black.bot or record.white.bot):
            return "bot"
        if record.result.kind not in self.results:
            return "result"
        return ""


class _Candidate(NamedTuple):
    where: str
    record: GameRecord
    line: Line


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
    with new_folder(out) as folder, Writer(folder, config.size) as writer, _display(total, console) as advance:
        for some in _groups(_candidates(entries, config, skipped, faults, advance)):
            traces = retrace(config.size, [candidate.line for candidate in some])
            for (where, record, line), trace in zip(some, traces, strict=True):
                digest = fingerprint(line, config.size)
                if trace.illegal is not None:
                    skipped["superko" if trace.superko else "illegal"] += 1
                    name = Go(config.size).format_action(int(line.actions[trace.illegal]))
                    faults.append(f"{where}: move {trace.illegal + 1}, {name}, is illegal: {trace.why}.")
                elif digest in seen:
                    skipped["duplicate"] += 1
                else:
                    seen.add(digest)
                    writer.add(record, line, trace.positions, _split(digest, config))
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


def line_of(record: GameRecord, config: DatasetConfig) -> Line | str:
    """What of a game the rules need, or why it cannot be used. What follows two passes in a row is cut off."""
    if any(setup.white or setup.empty or setup.before > 0 for setup in record.setups):
        return "set-up position"
    handicap = tuple(point for setup in record.setups for point in setup.black)
    if len(handicap) > config.most_handicap or (record.handicap >= 2 and record.handicap > config.most_handicap):
        return "handicap"
    if record.handicap >= 2 and len(handicap) != record.handicap:
        return "handicap without its stones"
    actions = np.array([move.action for move in record.moves], np.uint16)
    passed = actions == config.size**2
    ends = np.flatnonzero(passed[1:] & passed[:-1])
    if len(ends):
        actions = actions[: ends[0] + 2]
    first = WHITE if handicap else BLACK
    if any(move.colour != first * (-1) ** i for i, move in enumerate(record.moves[: len(actions)])):
        return "colours do not alternate"
    if len(actions) < max(1, config.least_moves):
        return "short"
    if len(actions) > (config.most_moves or 2 * config.size**2):
        return "long"
    return Line(handicap, first, actions)


def fingerprint(line: Line, size: int) -> bytes:
    """The same for a game, its turned and mirrored forms, and a copy with another number of passes at the end."""
    end = len(line.actions)
    while end and line.actions[end - 1] == size * size:
        end -= 1
    forms = []
    for turn in _turns(size):
        stones = np.sort(turn[list(line.handicap)]).astype(np.uint16)
        forms.append(stones.tobytes() + b"." + turn[line.actions[:end]].astype(np.uint16).tobytes())
    return hashlib.blake2b(min(forms), digest_size=16).digest()


@cache
def _turns(size: int) -> list[np.ndarray]:
    return [symmetry.actions for symmetry in dihedral_symmetries(size, num_passes=1)]


def _split(digest: bytes, config: DatasetConfig) -> int:
    """Of a game's hash alone: a dataset that is made again, of more games, leaves each where it was."""
    place = int.from_bytes(digest[:8], "big") / 2**64
    return SPLITS.index("test" if place < config.test else "valid" if place < config.test + config.valid else "train")


def _candidates(
    entries: Iterable[Entry], config: DatasetConfig, skipped: Counter[str], faults: list[str], advance: Any
) -> Iterator[_Candidate]:
    """The games that are wanted and can be used; the others are counted."""
    for where, record in entries:
        advance()
        if isinstance(record, BadRecord):
            skipped["broken"] += 1
            faults.append(str(record))
            continue
        line = config.refuses(record) or line_of(record, config)
        if isinstance(line, str):
            skipped[line] += 1
        else:
            yield _Candidate(where, record, line)


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
