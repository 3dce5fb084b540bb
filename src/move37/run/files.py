"""Files that are either whole or not there."""

import os
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import IO

from move37.core.errors import BadRun


def write_atomic(path: Path, content: bytes | Callable[[IO[bytes]], object]) -> None:
    """Write to a temporary name in the same folder, flush to disk, rename. Raises `BadRun` when the disk will not."""
    name = ""
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.NamedTemporaryFile(dir=path.parent, prefix=f".{path.name}.", delete=False) as file:
            name = file.name
            if callable(content):
                content(file)
            else:
                file.write(content)
            file.flush()
            os.fsync(file.fileno())
        os.replace(name, path)
    except OSError as error:
        Path(name).unlink(missing_ok=True) if name else None
        reason = error.strerror or error
        raise BadRun(
            f"cannot write {path}: {reason}. What was saved before is untouched; make room and resume."
        ) from error
