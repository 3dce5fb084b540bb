"""The assembler by counting: every move comes out once, in order, and long games as often as they were played."""

import numpy as np
import pytest

from move37.play.episodes import Assembler
from move37.play.self_play import Moves

LANES, LONG = 24, 60


def _games(seed=0, total=1_500):
    """Lengths of the games that follow each other in each lane, 1 or LONG, enough for `total` moves."""
    return np.where(np.random.default_rng(seed).random((LANES, total)) < 0.5, 1, LONG)


def _stream(lengths, total):
    """`total` moves of every lane; a move's number is in every field, a game's number in its key and opening."""
    game = np.array([np.repeat(np.arange(len(row)), row)[:total] for row in lengths]).T
    lane, number = np.arange(LANES)[None], np.arange(total)[:, None]
    unique = 10_000 * lane + number
    ends = np.array([np.isin(np.arange(1, total + 1), np.cumsum(row)) for row in lengths]).T
    opening = np.where(np.arange(3) < (game % 4)[..., None], game[..., None] % 7, -1)
    key = np.stack([np.broadcast_to(lane, game.shape), game], axis=-1).astype(np.uint32)
    as_float = unique.astype(np.float32)
    return Moves(
        observation=unique[..., None, None, None],
        action=unique,
        action_weights=as_float[..., None],
        root_value=as_float,
        reward=as_float,
        discount=np.where(ends, np.float32(0), np.float32(-1)),
        full=unique % 2 == 0,
        resigned=ends & (game % 3 == 0),
        init_key=key,
        opening=opening,
    )


def _chunks(moves, seed):
    rng, begin, total = np.random.default_rng(seed), 0, len(moves.action)
    while begin < total:
        end = begin + int(rng.integers(1, 40))
        yield Moves(*(x[begin:end] for x in moves))
        begin = end


def _lane(episode):
    return int(episode.init_key[0])


@pytest.mark.parametrize("seed", [0, 1])
def test_every_move_comes_out_once_and_in_order(seed):
    lengths, total = _games(seed), 600
    assembler, by_lane = Assembler(LANES), [[] for _ in range(LANES)]
    for chunk in _chunks(_stream(lengths, total), seed):
        episodes = assembler.add(chunk)
        lanes = [_lane(e) for e in episodes]
        assert lanes == sorted(lanes)
        for episode in episodes:
            by_lane[_lane(episode)].append(episode)
    still_open, begin = assembler.state(), 0
    for lane, episodes in enumerate(by_lane):
        left = int(still_open["lengths"][lane])
        last = still_open["action"][begin : begin + left] if left else np.zeros(0, int)
        begin += left
        whole = np.concatenate([*(e.action for e in episodes), last])
        np.testing.assert_array_equal(whole, 10_000 * lane + np.arange(total))
        for number, e in enumerate(episodes):
            assert len(e.action) == lengths[lane, number]
            np.testing.assert_array_equal(e.discount == 0, np.arange(len(e.action)) == len(e.action) - 1)
            for field in (e.observation[:, 0, 0, 0], e.action_weights[:, 0], e.root_value, e.reward):
                np.testing.assert_array_equal(field, e.action.astype(field.dtype))
            np.testing.assert_array_equal(e.full, e.action % 2 == 0)
            assert e.init_key.tolist() == [lane, number]
            assert e.resigned is (number % 3 == 0)
            assert e.opening.tolist() == [number % 7] * min(number % 4, 3)
    assert begin == len(still_open.get("action", ()))


def test_long_games_are_as_frequent_as_one_after_the_other():
    total = 1_500
    lengths = _games(total=total)
    assembler, got = Assembler(LANES), []
    for chunk in _chunks(_stream(lengths, total), seed=2):
        got += [len(e.action) for e in assembler.add(chunk)]
    sequential = [n for row in lengths for n in row[np.cumsum(row) <= total]]
    assert sorted(got) == sorted(sequential)
    assert abs(np.mean(np.array(got) == LONG) - 0.5) < 0.06  # of 1,180 games: four standard deviations


def test_restored_in_the_middle_equals_never_stopped():
    chunks = list(_chunks(_stream(_games(), 300), seed=3))
    plain, restored = Assembler(LANES), Assembler(LANES)
    assert Assembler.restore(plain.state()).state().keys() == {"lengths"}  # nothing is open
    for chunk in chunks:
        restored = Assembler.restore({name: array.copy() for name, array in restored.state().items()})
        one, two = plain.add(chunk), restored.add(chunk)
        assert len(one) == len(two)
        for a, b in zip(one, two, strict=True):
            for x, y in zip(a, b, strict=True):
                np.testing.assert_array_equal(x, y)
                assert np.asarray(x).dtype == np.asarray(y).dtype
