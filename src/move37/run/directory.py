"""The run directory: the interface between training and everything that looks at it.

    config.json      what was asked for, with recipe, game, seed and versions
    metrics.jsonl    one line an iteration
    checkpoints/     all that is needed to go on (the newest two)
    nets/            the acting net of every n-th iteration, for arenas and plots
    replay/          the window, one file an iteration
    games/           finished games, one file an iteration

An iteration is whole or it never happened: on resume, what was written after the last checkpoint is dropped and made
again from keys that depend on seed, purpose and iteration alone.
"""

import gc
import json
import os
import platform
import shutil
import signal
import time
import zlib
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import jax
import numpy as np
from jaxtyping import Array, Key

from move37 import __version__
from move37.core.errors import BadRun
from move37.run import checkpoints
from move37.run.config import to_json
from move37.run.display import Display
from move37.run.files import sweep, write_atomic
from move37.run.lock import Lock

FORMAT = 1
KEEP = 2


class Run:
    """An open run directory. Use `create`, `open` or `resume`."""

    def __init__(self, path: Path, about: dict[str, Any]):
        """Not for users: see `create` and `open`."""
        self.path, self.about = path, about
        self.seed: int = about["seed"]
        self.interrupted = False
        self._lock: Lock | None = None
        self._began = time.monotonic()
        self._before = 0.0  # seconds of training before this process
        self._display: Display | None = None

    @classmethod
    def create(cls, path: Path | str, recipe: str, game: str, config: Any, seed: int) -> "Run":
        """A new run. Raises `BadRun` if the folder holds one already."""
        path = Path(path)
        _must_be_free(path)
        lock = Lock(path)
        _must_be_free(path)  # another process may have made it meanwhile
        about = {
            "format": FORMAT,
            "move37": __version__,
            "recipe": recipe,
            "game": game,
            "seed": seed,
            "created": time.strftime("%Y-%m-%dT%H:%M:%S%z"),
            "hardware": f"{os.cpu_count()} cores {platform.machine()}, {jax.devices()[0].device_kind}",
            "config": to_json(config),
        }
        write_atomic(path / "config.json", json.dumps(about, indent=2).encode())
        run = cls(path, about)
        run._lock = lock
        return run

    @classmethod
    def open(cls, path: Path | str) -> "Run":
        """A run to look at. Raises `BadRun` if there is none, or if a newer move37 made it."""
        path = Path(path)
        try:
            about = json.loads((path / "config.json").read_text())
            made_by = int(about["format"])
        except FileNotFoundError:
            raise BadRun(f"{path} holds no run: no config.json. Runs lie in runs/ unless told otherwise.") from None
        except (OSError, ValueError, TypeError, KeyError) as error:
            raise BadRun(f"{path / 'config.json'} cannot be read as that of a run: {error!r}.") from error
        if made_by > FORMAT:
            made = f"move37 {about.get('move37')} (format {made_by})"
            raise BadRun(f"{path} was made by {made}; this is {__version__} (format {FORMAT}): upgrade move37.")
        missing = [key for key in ("recipe", "game", "seed", "config") if key not in about]
        if missing:
            raise BadRun(f"{path / 'config.json'} lacks {', '.join(missing)}; restore it from a backup.")
        return cls(path, about)

    def begin_again(self) -> None:
        """Take over a run that was stopped before its first checkpoint: what it has written will be made again."""
        self.lock()
        self._sweep(0)
        (self.path / "metrics.jsonl").unlink(missing_ok=True)

    def resume(self, templates: Mapping[str, Any]) -> tuple[int, dict[str, Any]]:
        """Take the run over: (last finished iteration, what was saved), with everything later dropped.

        An unreadable checkpoint is passed over for the one before it, with a warning. Raises `BadRun` if none is left.
        """
        self.lock()
        steps = checkpoints.steps(self.path / "checkpoints")
        for step in reversed(steps):
            try:
                saved = checkpoints.restore(self.path / "checkpoints", step, templates)
            except BadRun as error:
                print(f"warning: {error}; trying the checkpoint before it")
                continue
            rows = [row for row in self.metrics() if row["iteration"] <= step]
            text = "".join(json.dumps(row) + "\n" for row in rows)
            write_atomic(self.path / "metrics.jsonl", text.encode())
            self._before = rows[-1]["seconds"] if rows else 0.0
            self._sweep(step)
            return step, saved
        raise BadRun(f"{self.path} has no readable checkpoint ({len(steps)} found): nothing to go on from.")

    def lock(self) -> None:
        """Nobody else changes the run for as long as this object lives. Raises `BadRun` if somebody does now."""
        self._lock = self._lock or Lock(self.path)

    def key(self, purpose: str, iteration: int = 0) -> Key[Array, ""]:
        """A random key that depends on seed, purpose and iteration alone, so that nothing of it has to be saved."""
        return jax.random.fold_in(
            jax.random.fold_in(jax.random.key(self.seed), zlib.crc32(purpose.encode())), iteration
        )

    def rng(self, purpose: str, iteration: int = 0) -> np.random.Generator:
        """The same for NumPy."""
        return np.random.default_rng([self.seed, zlib.crc32(purpose.encode()), iteration])

    def steps(self, first: int, last: int) -> Iterator[int]:
        """Iterations first…last. After Ctrl-C or SIGTERM the current one is finished and is the last."""
        self._display = Display(last)

        def stop(signum: int, frame: Any) -> None:
            if self.interrupted:
                raise KeyboardInterrupt
            self.interrupted = True
            print("\nfinishing this iteration; once more to stop at once (nothing that was saved is lost)", flush=True)

        handlers = {s: signal.signal(s, stop) for s in (signal.SIGINT, signal.SIGTERM)}
        try:
            with self._display:
                for iteration in range(first, last + 1):
                    yield iteration
                    if self.interrupted:
                        return
                    gc.collect()  # left to itself Python collects so seldom that memory grows in saw teeth
        finally:
            for signum, handler in handlers.items():
                signal.signal(signum, handler)

    def log(self, iteration: int, metrics: Mapping[str, Any]) -> None:
        """Append one line to metrics.jsonl and show it."""
        values = {k: v if isinstance(v, list) else np.asarray(v, float).tolist() for k, v in metrics.items()}
        row = {"iteration": iteration, "seconds": round(self.seconds, 3), "memory_mib": memory_mib(), **values}
        try:
            with (self.path / "metrics.jsonl").open("a") as file:
                file.write(json.dumps(row) + "\n")
        except OSError as error:
            raise BadRun(f"cannot write metrics to {self.path}: {error.strerror}; make room and resume.") from error
        if self._display is not None:
            self._display.show(row)

    def metrics(self) -> list[dict[str, Any]]:
        """All lines so far; a last line that a crash tore is left out."""
        path, rows = self.path / "metrics.jsonl", []
        for line in path.read_text(errors="replace").splitlines() if path.exists() else []:
            try:
                rows.append(json.loads(line))
            except ValueError:
                break
        return rows

    def save(self, iteration: int, trees: Mapping[str, Any]) -> None:
        """A checkpoint: all that is needed to go on after `iteration`."""
        checkpoints.save(self.path / "checkpoints", iteration, trees, KEEP)

    def save_net(self, iteration: int, net: Any) -> None:
        """A net to keep: one more player for arenas."""
        checkpoints.save(self.path / "nets", iteration, {"net": net}, keep=10_000)

    def load_net(self, template: Any, iteration: int | None = None) -> tuple[int, Any]:
        """(iteration, net): the newest, or one that was kept. Raises `BadRun` with the list of those there are."""
        steps = checkpoints.steps(self.path / "nets")
        if not steps:
            raise BadRun(f"{self.path} has no net yet: the first is kept at the first exam, or when Ctrl-C stops it.")
        if iteration is not None and iteration not in steps:
            raise BadRun(f"{self.path} has no net of iteration {iteration}; kept: {', '.join(map(str, steps))}.")
        chosen = steps[-1] if iteration is None else iteration
        return chosen, checkpoints.restore(self.path / "nets", chosen, {"net": template})["net"]

    @property
    def seconds(self) -> float:
        """Wall-clock of training, all processes that worked on this run together."""
        return self._before + time.monotonic() - self._began

    def _sweep(self, step: int) -> None:
        """Drop the games and nets of later iterations, and what writes that were killed half-way have left."""
        sweep(self.path)
        for folder in ("checkpoints", "nets"):
            checkpoints.sweep(self.path / folder)
        for late in [p for p in (self.path / "games").glob("*.jsonl") if p.stem.isdigit() and int(p.stem) > step]:
            late.unlink()
        for iteration in [i for i in checkpoints.steps(self.path / "nets") if i > step]:
            shutil.rmtree(self.path / "nets" / f"{iteration:06d}", ignore_errors=True)


def _must_be_free(path: Path) -> None:
    if (path / "config.json").exists():
        raise BadRun(f"{path} already holds a run; `move37 resume {path}` goes on with it, --name makes another.")


def memory_mib() -> float | None:
    """Memory of this process that is resident, in MiB. None where the system does not tell."""
    try:
        pages = int(Path("/proc/self/statm").read_text().split()[1])
    except OSError:
        return None
    return pages * os.sysconf("SC_PAGE_SIZE") / 2**20
