"""Checkpoints by Orbax: one folder an iteration, whole or not there.

A checkpoint maps names to pytrees. Each pytree is stored as a flat dictionary of arrays under the paths of its leaves,
so that a mismatch can be named and nothing is ever executed on loading.
"""

import contextlib
import logging
import os
import re
import shutil
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import jax
import numpy as np

from move37.core.errors import BadRun

_SEPARATOR = "::"


def save(folder: Path, step: int, trees: Mapping[str, Any], keep: int) -> None:
    """Write `folder/000012`, then delete all but the newest `keep`. Leaves that are not arrays are not stored.

    Orbax writes to a temporary name and renames. Raises `BadRun` when the disk will not; older checkpoints stay.
    """
    flat = {name + _SEPARATOR + path: array for name, tree in trees.items() for path, array in _leaves(tree).items()}
    path = folder / f"{step:06d}"
    try:
        shutil.rmtree(path, ignore_errors=True)
        with _quiet(), _checkpointer() as checkpointer:
            checkpointer.save(path.absolute(), {key: np.asarray(value) for key, value in flat.items()})
    except (OSError, ValueError) as error:
        sweep(folder)
        raise BadRun(
            f"cannot save {path}: {_reason(error)}. Earlier checkpoints are untouched; make room and resume."
        ) from error
    for old in steps(folder)[:-keep]:
        shutil.rmtree(folder / f"{old:06d}", ignore_errors=True)


def sweep(folder: Path) -> None:
    """Delete what saves that failed or were killed half-way have left."""
    for path in folder.glob("*.orbax-checkpoint-tmp*"):
        shutil.rmtree(path, ignore_errors=True)


def steps(folder: Path) -> list[int]:
    """Iterations with a finished checkpoint, oldest first."""
    return sorted(int(path.name) for path in folder.glob("[0-9]*") if path.name.isdigit())


def restore(folder: Path, step: int, templates: Mapping[str, Any]) -> dict[str, Any]:
    """The pytrees as saved: into the structure of a template, or as a flat dictionary where the template is None.

    Raises `BadRun` if the checkpoint cannot be read, or does not fit its template, and says where.
    """
    path = folder / f"{step:06d}"
    try:
        with _quiet(), _checkpointer() as checkpointer:
            flat = checkpointer.restore(path.absolute())
    except Exception as error:  # whatever a broken file makes Orbax raise
        raise BadRun(f"{path} cannot be read: {str(error).splitlines()[0] if str(error) else error!r}") from error
    result = {}
    for name, template in templates.items():
        own = {k.split(_SEPARATOR, 1)[1]: v for k, v in flat.items() if k.startswith(name + _SEPARATOR)}
        result[name] = (
            {k[2:-2]: v for k, v in own.items()} if template is None else _fill(template, own, f"{path}: {name}")
        )
    return result


@contextlib.contextmanager
def _quiet() -> Iterator[None]:
    """Orbax logs a traceback for every fault besides raising it."""
    logger = logging.getLogger("absl")
    level = logger.level
    logger.setLevel(logging.CRITICAL)
    try:
        yield
    finally:
        logger.setLevel(level)


def _reason(error: Exception) -> str:
    """The system's own words where the fault is the system's: Orbax wraps them in a paragraph."""
    code = re.search(r"os_error_code='(\d+)'", str(error))
    known = os.strerror(int(code[1])) if code else getattr(error, "strerror", None)
    return known or str(error).partition("\n")[0]


def _checkpointer() -> Any:
    import orbax.checkpoint as ocp  # a second to import: only those who save or load pay for it

    return ocp.Checkpointer(ocp.PyTreeCheckpointHandler(use_ocdbt=True, use_zarr3=True))


def _is_array(leaf: Any) -> bool:
    return isinstance(leaf, jax.Array | np.ndarray | np.generic)


def _leaves(tree: Any) -> dict[str, Any]:
    """Arrays of a pytree under their paths; an empty array has no data to store and is left to the template."""
    leaves, _ = jax.tree_util.tree_flatten_with_path(tree)
    return {jax.tree_util.keystr(path): leaf for path, leaf in leaves if _is_array(leaf) and np.size(leaf)}


def _fill(template: Any, arrays: dict[str, np.ndarray], where: str) -> Any:
    leaves, structure = jax.tree_util.tree_flatten_with_path(template)
    wanted = set(_leaves(template))
    if wanted != set(arrays):
        missing, extra = sorted(wanted - set(arrays)), sorted(set(arrays) - wanted)
        raise BadRun(f"{where} does not fit this configuration: missing {missing[:3]}, not wanted {extra[:3]}.")
    filled = []
    for path, leaf in leaves:
        key = jax.tree_util.keystr(path)
        if key not in arrays:
            filled.append(leaf)
            continue
        array = arrays[key]
        if array.shape != np.shape(leaf) or array.dtype != leaf.dtype:
            got, want = f"{array.dtype}{list(array.shape)}", f"{leaf.dtype}{list(np.shape(leaf))}"
            raise BadRun(f"{where}{key} is {got}; this configuration needs {want}.")
        filled.append(jax.numpy.asarray(array) if isinstance(leaf, jax.Array) else array)
    return jax.tree_util.tree_unflatten(structure, filled)
