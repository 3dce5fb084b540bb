"""`--tensorboard`: a run's metrics.jsonl as TensorBoard events, kept up while it grows."""

import shutil
import threading
from pathlib import Path
from typing import Any

from move37.core.errors import MissingExtra
from move37.run.directory import Run


class Mirror:
    """Follows metrics.jsonl from a thread of its own, into RUN/tensorboard/. Use as a context manager.

    Every start writes all rows anew, so that the events are those of the metrics also after a resume. A disk that
    is full ends the mirror and not the training.
    """

    def __init__(self, path: Path, every: float = 2.0):
        """Of the run at `path`; looks `every` so many seconds. Raises `MissingExtra`."""
        try:
            from tensorboardX import SummaryWriter
        except ImportError as error:
            raise MissingExtra("--tensorboard needs tensorboardX: pip install 'move37[tensorboard]'.") from error
        self._make, self._path, self._every = SummaryWriter, path, every
        self._stop, self._thread = threading.Event(), threading.Thread(target=self._follow, daemon=True)

    def __enter__(self) -> "Mirror":
        """Begin."""
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        """Write the last rows, and end."""
        self._stop.set()
        self._thread.join()

    def _follow(self) -> None:
        folder = self._path / "tensorboard"
        shutil.rmtree(folder, ignore_errors=True)
        try:
            writer, seen = self._make(str(folder)), 0
            ended = False
            while not ended:
                ended = self._stop.wait(self._every)  # looked at before the file: the last pass comes after the end
                seen = self._write(writer, seen)
            writer.close()
        except OSError as error:
            print(f"warning: no more TensorBoard events: {error}")

    def _write(self, writer: Any, seen: int) -> int:
        """Rows behind iteration `seen`; the newest iteration that is now written."""
        for row in Run.open(self._path).metrics():
            if row["iteration"] > seen:
                seen = row["iteration"]
                for name, value in row.items():
                    if isinstance(value, int | float) and name != "iteration":
                        writer.add_scalar(name, value, seen)
        writer.flush()
        return seen
