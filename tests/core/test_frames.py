"""Images that are kept once are shown as if each row kept its own."""

import numpy as np

from move37.core.frames import after, joined


def _part(rng, length, count=4):
    before, images = (rng.integers(256, size=(n, 2, 3, 3), dtype=np.uint8) for n in (count - 1, length))
    every = np.concatenate([before, images])
    return after(before, images), np.stack([np.concatenate(every[t : t + count]) for t in range(length)])


def test_rows_are_the_last_images_up_to_their_own():
    rng = np.random.default_rng(0)
    frames, wanted = _part(rng, 9)
    assert (len(frames), frames.shape) == (9, wanted.shape)
    rows = rng.integers(9, size=20)
    np.testing.assert_array_equal(frames[rows], wanted[rows])
    np.testing.assert_array_equal(frames[2:5], wanted[2:5])
    np.testing.assert_array_equal(frames[rows.reshape(4, 5)], wanted[rows.reshape(4, 5)])
    np.testing.assert_array_equal(frames[3], wanted[3])


def test_joined_parts_do_not_mix():
    rng = np.random.default_rng(1)
    parts = [_part(rng, length) for length in (5, 1, 7)]
    frames, wanted = joined([part for part, _ in parts]), np.concatenate([rows for _, rows in parts])
    np.testing.assert_array_equal(frames[np.arange(13)], wanted)
    np.testing.assert_array_equal(joined([wanted, wanted]), np.concatenate([wanted, wanted]))
