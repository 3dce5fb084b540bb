"""Pictures of an episode, one after the other, as a GIF or an MP4."""

import io
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import IO, Any

import numpy as np
from PIL import Image, ImageDraw, ImageFont

from move37.core.errors import BadConfig, BadRun, MissingExtra
from move37.run.files import write_atomic

SUFFIXES = (".gif", ".mp4")
_MARGIN, _LINE, _TEXT = 8, 20, 14  # of the caption, in pixels
_LAST = 1.0  # seconds that the last picture stays


def check_film(path: Path) -> None:
    """Before any picture is made. Raises `BadConfig` for another suffix, `MissingExtra` for an MP4 without PyAV."""
    if path.suffix.lower() not in SUFFIXES:
        raise BadConfig(f"--video {path}: films end in {' or '.join(SUFFIXES)}; name one of these.")
    if path.suffix.lower() == ".mp4":
        _av()


class Film:
    """Pictures with a caption of a few lines under each. They are kept compressed: hundreds fit into memory."""

    def __init__(self, pictures_per_second: float):
        """No picture yet."""
        self.pictures_per_second = pictures_per_second
        self._kept: list[bytes] = []

    def __len__(self) -> int:
        return len(self._kept)

    def add(self, picture: Any, caption: Sequence[str]) -> None:
        """One more picture, pixels [H W 3], all of one size. Raises `BadRun` for what is no picture."""
        pixels = np.asarray(picture)
        if pixels.ndim != 3 or pixels.shape[2] != 3 or pixels.dtype != np.uint8:
            raise BadRun(f"a picture is [H W 3] of bytes; this one is {pixels.shape} of {pixels.dtype}.")
        file = io.BytesIO()
        _captioned(pixels, caption).save(file, "png", compress_level=1)
        self._kept.append(file.getvalue())

    def write(self, path: Path, advance: Callable[[], None] = lambda: None) -> None:
        """Whole or not at all; `advance` is called after each picture. Raises `BadRun`, and what `check_film` does."""
        check_film(path)
        if not self._kept:
            raise BadRun(f"{path}: no picture was made, so there is no film.")
        encode = _as_gif if path.suffix.lower() == ".gif" else _as_mp4
        write_atomic(path, lambda file: encode(file, self._pictures(advance), self.pictures_per_second))

    def _pictures(self, advance: Callable[[], None]) -> Iterator[Image.Image]:
        for kept in self._kept:
            yield Image.open(io.BytesIO(kept)).convert("RGB")
            advance()


def _captioned(pixels: np.ndarray, caption: Sequence[str]) -> Image.Image:
    """The picture over its lines; both sides even, as MP4 wants them. Long lines are cut."""
    height, width = pixels.shape[:2]
    below = 2 * _MARGIN + _LINE * len(caption) if caption else 0
    even = (width + width % 2, height + below + (height + below) % 2)
    sheet = Image.new("RGB", even, "white")
    sheet.paste(Image.fromarray(pixels))
    draw, font = ImageDraw.Draw(sheet), ImageFont.load_default(_TEXT)
    for i, line in enumerate(caption):
        while draw.textlength(line, font) > width - 2 * _MARGIN:
            line = line[:-2].rstrip(" …") + "…"
        draw.text((_MARGIN, height + _MARGIN + i * _LINE), line, "black", font)
    return sheet


def _as_gif(file: IO[bytes], pictures: Iterator[Image.Image], pictures_per_second: float) -> None:
    first, *others = [picture.quantize(128) for picture in pictures]
    shown = max(20, round(1000 / pictures_per_second))  # milliseconds; viewers slow down what is shorter
    durations = [shown] * len(others) + [max(shown, int(1000 * _LAST))]
    first.save(file, "gif", save_all=True, append_images=others, duration=durations, loop=0)


def _as_mp4(file: IO[bytes], pictures: Iterator[Image.Image], pictures_per_second: float) -> None:
    av = _av()
    with av.open(file, "w", format="mp4") as container:
        stream = None
        for picture in pictures:
            if stream is None:
                stream = container.add_stream("libx264", rate=max(1, round(pictures_per_second)))
                stream.width, stream.height, stream.pix_fmt = *picture.size, "yuv420p"
            container.mux(stream.encode(av.VideoFrame.from_image(picture)))
        assert stream is not None
        container.mux(stream.encode())


def _av() -> Any:
    try:
        import av
    except ImportError as error:
        raise MissingExtra("an .mp4 needs PyAV: pip install 'move37[video]'; a .gif needs nothing more.") from error
    return av
