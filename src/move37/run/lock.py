"""One writer at a time: a lock on a file that the system lets go of when the process ends, however it ends."""

import os
import sys
import weakref
from pathlib import Path

from move37.core.errors import BadRun

if sys.platform == "win32":
    import msvcrt

    def _take(file: int) -> None:
        msvcrt.locking(file, msvcrt.LK_NBLCK, 1)

else:
    import fcntl

    def _take(file: int) -> None:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)


class Lock:
    """Held from its making until `release`, until nothing refers to it, or until the process ends."""

    def __init__(self, folder: Path):
        """Raises `BadRun` if another holds it, or if the folder cannot be written."""
        path = folder / ".lock"
        try:
            folder.mkdir(parents=True, exist_ok=True)
            file = os.open(path, os.O_RDWR | os.O_CREAT)
        except OSError as error:
            raise BadRun(f"cannot write {path}: {error.strerror}. A run needs a folder that may be written.") from error
        self.release = weakref.finalize(self, os.close, file)
        try:
            _take(file)
        except OSError:
            self.release()
            raise BadRun(f"another process is training {folder}; stop it first, or train elsewhere.") from None
