"""Images as they are stored: each once, however many rows show it."""

from typing import Any

import numpy as np
from jaxtyping import Int, UInt8


class Frames:
    """N observations, each of the last `count` images up to its own, oldest first: [N, count·C, H, W].

    Stored are M ≥ N images; `rows[i]` is the number of the newest that row i shows. Indexing gives plain arrays, so
    that whoever draws rows of it need not know.
    """

    def __init__(self, images: UInt8[np.ndarray, "M C H W"], rows: Int[np.ndarray, " N"], count: int):
        """Each of `rows` has `count` − 1 images before it."""
        self.images, self.rows, self.count = images, rows, count

    def __len__(self) -> int:
        return len(self.rows)

    @property
    def shape(self) -> tuple[int, ...]:
        """Of all rows, as they are shown."""
        channels, height, width = self.images.shape[1:]
        return (len(self.rows), self.count * channels, height, width)

    def __getitem__(self, index: Any) -> UInt8[np.ndarray, "*N CC H W"]:
        """The rows of `index`, put together."""
        newest = self.rows[index]
        drawn = self.images[newest[..., None] + np.arange(1 - self.count, 1)]
        return drawn.reshape(*newest.shape, *self.shape[1:])

    @property
    def arrays(self) -> dict[str, np.ndarray]:
        """For a file."""
        return {"images": self.images, "rows": self.rows, "count": np.array(self.count)}


def after(before: UInt8[np.ndarray, "L C H W"], images: UInt8[np.ndarray, "T C H W"]) -> Frames:
    """T rows, one for each of `images`, with the L = `count` − 1 images before the first of them."""
    lead = len(before)
    return Frames(np.concatenate([before, images]), np.arange(lead, lead + len(images)), lead + 1)


def joined(parts: list[Any]) -> Any:
    """One after the other: arrays, or `Frames`."""
    if not isinstance(parts[0], Frames):
        return np.concatenate(parts)
    begins = np.cumsum([0] + [len(part.images) for part in parts[:-1]])
    rows = [part.rows + begin for part, begin in zip(parts, begins, strict=True)]
    return Frames(np.concatenate([part.images for part in parts]), np.concatenate(rows), parts[0].count)
