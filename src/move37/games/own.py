"""A user's own game or world: a class in a file, by `path/to/file.py:ClassName`."""

import importlib.util
import sys
from functools import cache
from pathlib import Path
from types import ModuleType
from typing import Any

from move37.core.errors import BadConfig


def make_own(spec: str, base: type, kind: str, **asked: Any) -> Any:
    """An instance of a class of that `kind`, with what is `asked` of it.

    Raises `BadConfig` for a file that has no such class, and says why.
    """
    path, _, class_name = spec.rpartition(":")
    file = Path(path).expanduser().resolve()
    if not file.is_file():
        raise BadConfig(f"no file {path!r} for the {kind} {spec!r}; give path/to/file.py:ClassName.")
    module = _load(file, file.stat().st_mtime_ns)
    found = getattr(module, class_name, None)
    if not (isinstance(found, type) and issubclass(found, base)):
        classes = [n for n, x in vars(module).items() if isinstance(x, type) and issubclass(x, base) and x is not base]
        raise BadConfig(f"{path!r} has no {kind} {class_name!r}; {kind}s in it: {', '.join(classes) or 'none'}.")
    try:
        return found(**asked)
    except TypeError as error:
        raise BadConfig(f"{class_name} of {path!r} cannot be made without arguments: {error}.") from error


@cache
def _load(file: Path, changed: int) -> ModuleType:
    """Run a file once, so that two games from it are equal; again if it was `changed` (time in ns)."""
    spec = importlib.util.spec_from_file_location(f"move37_user_{file.stem}_{changed}", file)
    if spec is None or spec.loader is None:
        raise BadConfig(f"{str(file)!r} is no Python file.")
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module
    try:
        spec.loader.exec_module(module)
    except Exception as error:
        del sys.modules[spec.name]
        raise BadConfig(f"{str(file)!r} cannot be loaded: {type(error).__name__}: {error}.") from error
    return module
