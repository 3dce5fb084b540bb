"""What several boards share: symmetries of a square and a board as text. No rules."""

from collections.abc import Sequence

import numpy as np

from move37.core.types import Symmetry

STONES = {0: "·", 1: "X", -1: "O"}


def dihedral_symmetries(size: int, num_passes: int = 0) -> tuple[Symmetry, ...]:
    """The eight symmetries of a square board whose actions are its points, then `num_passes` that stay in place."""
    return tuple(
        Symmetry(points, np.concatenate([points, size * size + np.arange(num_passes)]))
        for points in _square_transforms(size)
    )


def _square_transforms(size: int) -> list[np.ndarray]:
    square = np.arange(size * size).reshape(size, size)
    turned = [np.rot90(square, k) for k in range(4)]
    return [board.reshape(-1) for board in turned + [turn.T for turn in turned]]


def mirror_symmetries(height: int, width: int) -> tuple[Symmetry, ...]:
    """Identity and left–right mirror of a board whose actions are its columns."""
    points, columns = np.arange(height * width).reshape(height, width), np.arange(width)
    return Symmetry(points.reshape(-1), columns), Symmetry(points[:, ::-1].reshape(-1), columns[::-1].copy())


def grid_text(board: np.ndarray, columns: Sequence[str], rows: Sequence[str], stones: dict[int, str] = STONES) -> str:
    """A board of small integers with its column and row names."""
    margin = max((len(name) for name in rows), default=0)
    lines = [
        f"{name:>{margin}} " + " ".join(stones[int(x)] for x in row) for name, row in zip(rows, board, strict=True)
    ]
    return "\n".join([*lines, " " * margin + " " + " ".join(columns)])
