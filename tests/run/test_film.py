"""Films are whole, hold every picture with its caption, and are refused before any work."""

import sys

import numpy as np
import pytest
from PIL import Image

from move37.core.errors import BadConfig, BadRun, MissingExtra
from move37.run.film import Film, check_film

SHADES = (10, 120, 240)


def _film(pictures_per_second=25.0, size=(31, 63)):
    film = Film(pictures_per_second)
    for shade in SHADES:
        film.add(np.full((*size, 3), shade, np.uint8), ("step 1", "a caption that is far too long for its picture"))
    return film


def test_a_gif_holds_each_picture_over_its_caption(tmp_path):
    seen = []
    film = _film()
    assert len(film) == 3
    film.write(tmp_path / "a.gif", lambda: seen.append(1))
    assert len(seen) == 3
    assert [path.name for path in tmp_path.iterdir()] == ["a.gif"]
    with Image.open(tmp_path / "a.gif") as picture:
        assert picture.n_frames == 3
        for i, shade in enumerate(SHADES):
            picture.seek(i)
            pixels = np.asarray(picture.convert("RGB"))
            assert pixels.shape[0] % 2 == pixels.shape[1] % 2 == 0
            assert abs(int(pixels[15, 30, 0]) - shade) < 4
            below = pixels[31:, :63]
            assert below.min() < 60 < 200 < np.median(below)  # dark letters on white
            assert (pixels[31:, -8:] > 200).all()  # cut, not run over the edge
            assert picture.info["duration"] == (1000 if i == 2 else 40)


def test_an_mp4_holds_each_picture(tmp_path):
    av = pytest.importorskip("av")
    _film(size=(64, 64)).write(tmp_path / "a.mp4")
    with av.open(str(tmp_path / "a.mp4")) as container:
        found = [frame.to_ndarray(format="rgb24") for frame in container.decode(video=0)]
    assert len(found) == 3
    for frame, shade in zip(found, SHADES, strict=True):
        assert abs(float(frame[10:50, 10:50].mean()) - shade) < 8


def test_what_cannot_be_written_is_told_before_the_work(tmp_path, monkeypatch):
    with pytest.raises(BadConfig, match=r"films end in \.gif or \.mp4"):
        check_film(tmp_path / "film.avi")
    check_film(tmp_path / "FILM.GIF")
    monkeypatch.setitem(sys.modules, "av", None)
    with pytest.raises(MissingExtra, match=r"pip install 'move37\[video\]'"):
        check_film(tmp_path / "film.mp4")


def test_no_film_of_nothing_and_none_of_what_is_no_picture(tmp_path):
    with pytest.raises(BadRun, match="no picture was made"):
        Film(25.0).write(tmp_path / "a.gif")
    with pytest.raises(BadRun, match=r"\[H W 3\] of bytes; this one is \(4, 4\) of float64"):
        Film(25.0).add(np.zeros((4, 4)), ())
    assert not list(tmp_path.iterdir())
