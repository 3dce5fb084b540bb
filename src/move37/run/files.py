"""Files that are either whole or not there."""

import os
import tempfile
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import IO

import numpy as np

from move37.core.errors import BadRun

TORN = ".part"  # the end of every temporary name


def write_atomic(path: Path, content: bytes | Callable[[IO[bytes]], object]) -> None:
    """Write to a temporary name in the same folder, flush to disk, rename. Raises `BadRun` when the disk will not."""
    name = ""
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.NamedTemporaryFile(dir=path.parent, prefix=f".{path.name}.", suffix=TORN, delete=False) as file:
            name = file.name
            if callable(content):
                content(file)
            else:
                file.write(content)
            file.flush()
            os.fsync(file.fileno())
        os.replace(name, path)
        name = ""
    except OSError as error:
        reason = error.strerror or error
        remedy = "name a place that can be written to" if isinstance(error, PermissionError) else "make room"
        raise BadRun(
            f"cannot write {path}: {reason}. What was saved before is untouched; {remedy} and try again."
        ) from error
    finally:
        if name:
            Path(name).unlink(missing_ok=True)


def read_arrays(path: Path) -> dict[str, np.ndarray]:
    """All arrays of an .npz file, by name. Raises `BadRun`, in whichever of its many ways a zip is broken."""
    try:
        with path.open("rb") as file, np.load(file, allow_pickle=False) as arrays:
            return dict(arrays)
    except OSError as error:
        raise BadRun(f"{path} cannot be read: {error.strerror or error}.") from error
    except (AttributeError, EOFError, RuntimeError, TypeError, ValueError, zipfile.BadZipFile) as error:
        raise BadRun(f"{path} cannot be read: it is torn, or no file of arrays; restore it from a backup.") from error


def numbered(folder: Path) -> list[Path]:
    """The files `000001.npz`, `000002.npz` … of a folder, in this order; whatever else lies there is nobody's."""
    return sorted(path for path in folder.glob("*.npz") if path.stem.isascii() and path.stem.isdigit())


def sweep(folder: Path) -> None:
    """Delete what writes that were killed half-way have left in a folder, and in the folders in it."""
    for path in [*folder.glob(f".*{TORN}"), *folder.glob(f"*/.*{TORN}")]:
        path.unlink(missing_ok=True)
