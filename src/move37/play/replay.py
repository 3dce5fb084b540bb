"""The replay window: the newest positions in memory, and on disk as one segment file an iteration.

Segments are written once and never changed, so that a checkpoint does not have to hold the window: it holds the
number of the iteration, and `Replay.open` reads the segments up to it. What reanalyze makes of a segment's targets
lies in a file beside it; an iteration that is made again after a stop overwrites it with the same.
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any, NamedTuple

import jax
import numpy as np
from jaxtyping import Float

from move37.core.errors import BadConfig, BadRun
from move37.core.frames import Frames
from move37.core.types import Symmetry, take
from move37.learn.targets import Samples
from move37.learn.unroll import Unrolled, unroll
from move37.run.files import numbered, read_arrays, write_atomic

_RENEWED = ("policy", "value", "bootstrap", "candidates")  # what a search of today can say in place of an older one


@dataclass(frozen=True)
class ReplayConfig:
    """How far back learning looks."""

    window: int = 200_000  # positions, and what else the oldest iteration in it made
    fraction: float = 0.5  # and at most this share of all positions ever made, so that the random start is forgotten
    least: int = 4_096  # but never fewer than these, and no learning before

    def __post_init__(self) -> None:
        """Check the ranges. Raises `BadConfig`."""
        if not 0 < self.fraction <= 1:
            raise BadConfig(f"replay.fraction is {self.fraction}; it must be in (0, 1].")
        if not 1 <= self.least <= self.window:
            raise BadConfig(f"replay.least is {self.least}; it must be from 1 to replay.window = {self.window}.")


class Renewed(NamedTuple):
    """What a search of today says of N stored positions."""

    policy: Float[np.ndarray, "N A"]
    value: Float[np.ndarray, " N"]
    candidates: Float[np.ndarray, "N A D"] | None = None  # where actions are numbers: those that `policy` speaks of


class Replay:
    """A window over the samples of an endless run. `folder` None keeps it in memory only."""

    def __init__(self, config: ReplayConfig, folder: Path | None = None):
        """An empty window."""
        self.config, self.folder = config, folder
        self._segments: list[tuple[int, Samples]] = []  # (iteration, samples), oldest first
        self.total = 0  # positions ever added
        self.games = 0  # and the games that they are from
        self._needed = 0  # the first segment of the checkpoint before the newest

    def __len__(self) -> int:
        """Positions in the window."""
        return sum(len(samples.value) for _, samples in self._segments)

    def add(self, iteration: int, samples: Samples | None, games: int = 0) -> None:
        """Append what an iteration made in so many games, and let go of what fell out of the window."""
        if samples is None:
            return
        self.games += games
        if self.folder is not None:
            arrays = _arrays(samples)
            write_atomic(self.folder / f"{iteration:06d}.npz", partial(_save, arrays))
        self._append(iteration, samples)

    def _append(self, iteration: int, samples: Samples) -> None:
        self._segments.append((iteration, samples))
        self.total += len(samples.value)
        size = min(self.config.window, max(self.config.least, int(self.config.fraction * self.total)))
        while len(self) - len(self._segments[0][1].value) >= size:
            self._segments.pop(0)

    def prune(self) -> None:
        """Delete segment files that neither of the newest two checkpoints needs. Call after each checkpoint."""
        if self.folder is None or not self._segments:
            return
        for path in numbered(self.folder):
            if int(path.stem) < self._needed:
                _delete(path)
        self._needed = self._segments[0][0]

    @property
    def state(self) -> dict[str, np.ndarray]:
        """What a checkpoint keeps of the window."""
        first = self._segments[0][0] if self._segments else 0
        counts = {"total": self.total, "games": self.games, "first": first, "size": len(self)}
        return {name: np.array(count) for name, count in counts.items()}

    @classmethod
    def open(cls, config: ReplayConfig, folder: Path, iteration: int, state: dict[str, np.ndarray]) -> "Replay":
        """The window as it was after `iteration`. Raises `BadRun` if a segment is missing or broken."""
        replay = cls(config, folder)
        for path in numbered(folder):
            if int(state["first"]) <= int(path.stem) <= iteration:
                replay._segments.append((int(path.stem), _read(path)))
            elif int(path.stem) > iteration:
                _delete(path)  # made after the checkpoint: it will be made again
        replay.total, replay.games = int(state["total"]), int(state["games"])
        lost = int(state.get("size", len(replay))) - len(replay)
        if lost:
            raise BadRun(f"{folder}: {lost} positions of the replay window are missing; restore them from a backup.")
        return replay

    def batches(
        self, count: int, size: int, rng: np.random.Generator, symmetries: tuple[Symmetry, ...] = ()
    ) -> Iterator[Samples]:
        """Uniform draws with replacement, each turned by a random symmetry. Nothing while the window is too small."""
        if len(self) < self.config.least:
            return
        segments = [samples for _, samples in self._segments]
        for _ in range(count):
            yield augment(_rows(segments, rng.integers(len(self), size=size)), symmetries, rng)

    def renew(
        self,
        count: int,
        rng: np.random.Generator,
        search: Callable[[Samples], Renewed],
        values_up_to: int = -1,
    ) -> None:
        """New targets for `count` positions of the window, no position twice.

        `search`: positions with their targets → what to learn instead. Positions of iterations up to `values_up_to`
        take its value too, instead of the return of what was played then; newer ones take the policy.
        """
        if len(self) < self.config.least:
            return
        drawn = np.sort(rng.permutation(len(self))[:count])
        rows = _rows([samples for _, samples in self._segments], drawn)
        found, first = search(rows), 0
        for i, (iteration, samples) in enumerate(self._segments):
            here = slice(*np.searchsorted(drawn, (first, first + len(samples.value))))
            if here.start < here.stop:
                places = drawn[here] - first
                new = {"policy": _with(samples.policy, places, found.policy[here])}
                if found.candidates is not None and samples.candidates is not None:
                    new["candidates"] = _with(samples.candidates, places, found.candidates[here])
                if iteration <= values_up_to and samples.bootstrap is not None:
                    new["value"] = _with(samples.value, places, found.value[here])
                    new["bootstrap"] = _with(samples.bootstrap, places, np.float32(0))
                self._segments[i] = (iteration, samples._replace(**new))
                if self.folder is not None:
                    kept = {name: getattr(self._segments[i][1], name) for name in _RENEWED}
                    write_atomic(_renewed(self.folder / f"{iteration:06d}.npz"), partial(_save, kept))
            first += len(samples.value)

    def stretches(
        self,
        count: int,
        size: int,
        num_unroll_steps: int,
        rng: np.random.Generator,
        td_steps: int = 0,
        value_of: Callable[[np.ndarray], np.ndarray] | None = None,
        later: bool = False,
        priority: float = 0.0,
        symmetries: tuple[Symmetry, ...] = (),
    ) -> Iterator[Unrolled]:
        """Draws of a position and what came behind it. Nothing while the window is too small.

        With a `priority` positions are drawn in proportion to |ν − z|^priority, ν what the search said of the position
        when it was played and z its target; else uniformly.

        With `value_of` (observations → values) the value that stands at the end of each n-step return, `td_steps` on
        or in the last row before a cut, is what this says now, not what the search said when the position was played.
        `later` keeps what was seen on the way. Each stretch is turned by a random one of the `symmetries`.
        """
        if len(self) < self.config.least:
            return
        segments, steps = [samples for _, samples in self._segments], np.arange(num_unroll_steps + 1)
        left = np.concatenate([samples.moves_left for samples in segments]).astype(np.int64)
        odds = _odds(segments, priority) if priority else None
        below = None if odds is None else np.cumsum(odds)
        for _ in range(count):
            drawn = rng.integers(len(self), size=size) if below is None else _draw(below, size, rng)
            rows = drawn[:, None] + np.minimum(steps, left[drawn][:, None] - 1)
            flat = rows.reshape(-1)
            samples = _rows(segments, flat)
            if value_of is not None and samples.bootstrap is not None:
                ahead = np.minimum(td_steps, samples.moves_left.astype(np.int64) - 1)
                behind = _rows(segments, np.where(samples.bootstrap != 0, flat + ahead, flat))
                change = value_of(behind.observation) - behind.root_value
                samples = samples._replace(value=samples.value + samples.bootstrap * change)
            samples = augment(samples, symmetries, rng, num_unroll_steps + 1)
            stretch = unroll(samples, num_unroll_steps, rng, later)
            if odds is not None:
                weight = 1 / odds[drawn]
                stretch = stretch._replace(importance=(weight / weight.max()).astype(np.float32))
            yield stretch


def _odds(segments: list[Samples], priority: float) -> np.ndarray:
    """P(i) ∝ |ν_i − z_i|^α, of each position in the window.

    Source: Schaul et al., "Prioritized experience replay", ICLR 2016; MuZero (Nature 2020), Appendix G, with α = 1.
    """
    parts = [np.abs(x.value - x.root_value).astype(np.float64) for x in segments if x.root_value is not None]
    weight = (np.concatenate(parts) + 1e-6) ** priority
    return weight / weight.sum()


def _draw(below: np.ndarray, size: int, rng: np.random.Generator) -> np.ndarray:
    """Positions by their odds, whose sums up to each are given; with replacement."""
    return np.minimum(np.searchsorted(below, rng.random(size) * below[-1], side="right"), len(below) - 1)


def _rows(segments: list[Samples], drawn: np.ndarray) -> Samples:
    """Rows of the window by their number, oldest first. The window is not joined: its copy would be as large again."""
    ends = np.cumsum([len(samples.value) for samples in segments])
    which = np.searchsorted(ends, drawn, side="right")
    order = np.argsort(which, kind="stable")
    used, counts = np.unique(which, return_counts=True)
    begins = (ends - [len(samples.value) for samples in segments])[which[order]]
    groups = np.split(drawn[order] - begins, np.cumsum(counts)[:-1])
    parts = [take(segments[i], rows) for i, rows in zip(used.tolist(), groups, strict=True)]
    back = np.argsort(order)
    return jax.tree.map(lambda *some: np.concatenate(some)[back], *parts)


def augment(batch: Samples, symmetries: tuple[Symmetry, ...], rng: np.random.Generator, length: int = 1) -> Samples:
    """Turn each sample by one of the game's symmetries; or each `length` of them, which lie one behind the other."""
    if len(symmetries) < 2:
        return batch
    which = np.repeat(rng.integers(len(symmetries), size=len(batch.value) // length), length)
    points = np.stack([s.points for s in symmetries])[which]
    actions = np.stack([s.actions for s in symmetries])[which]
    shape = batch.observation.shape
    planes = batch.observation.reshape(*shape[:2], -1)
    return batch._replace(
        observation=np.take_along_axis(planes, points[:, None], axis=2).reshape(shape),
        policy=np.take_along_axis(batch.policy, actions, axis=1),
        reply=np.take_along_axis(batch.reply, actions, axis=1),
        action=None if batch.action is None else (actions == batch.action[:, None]).argmax(1).astype(np.int32),
        ownership=None if batch.ownership is None else np.take_along_axis(batch.ownership, points, axis=1),
    )


def _with(rows: np.ndarray, places: np.ndarray, new: np.ndarray | np.float32) -> np.ndarray:
    """A copy with other rows in these places."""
    rows = rows.copy()
    rows[places] = new
    return rows


def _renewed(path: Path) -> Path:
    """Where the targets of a segment lie that reanalyze has made. Not `.npz`, which are the segments."""
    return path.with_suffix(".renewed")


def _save(arrays: Mapping[str, np.ndarray | None], file: Any) -> None:
    np.savez(file, **{name: rows for name, rows in arrays.items() if rows is not None})  # type: ignore[arg-type]


def _delete(path: Path) -> None:
    _renewed(path).unlink(missing_ok=True)  # first: alone it would lie over a segment that is made again
    path.unlink()


def _arrays(samples: Samples) -> dict[str, np.ndarray]:
    """For a file: images come as `Frames`, which are several arrays."""
    arrays = {name: rows for name, rows in samples._asdict().items() if rows is not None}
    return arrays | arrays.pop("observation").arrays if isinstance(samples.observation, Frames) else arrays


def _samples(arrays: dict[str, np.ndarray]) -> Samples:
    """The inverse."""
    if "images" in arrays:
        images, rows, count = (arrays.pop(name) for name in ("images", "rows", "count"))
        arrays["observation"] = Frames(images, rows, int(count))  # type: ignore[assignment]
    return Samples(**arrays)


def _read(path: Path) -> Samples:
    """A segment, with what reanalyze made of it. Raises `BadRun`."""
    try:
        samples = _samples(read_arrays(path))
        if _renewed(path).exists():
            samples = samples._replace(**read_arrays(_renewed(path)))
        if {len(rows) for rows in samples if rows is not None} != {len(samples.value)}:
            raise ValueError("its arrays are not of one length")
    except (ValueError, TypeError, KeyError) as error:
        raise BadRun(f"{path} is no part of a replay window ({error}); restore it from a backup.") from error
    return samples
