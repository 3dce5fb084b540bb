"""Games played again: illegal moves are found, explained, and are those of `Go.legal`."""

from pathlib import Path

import jax
import numpy as np
import pytest

from move37.data.forms import line_of
from move37.data.retrace import Line, retrace, states
from move37.data.selection import DatasetConfig
from move37.data.sources import from_sgf, sgf_files
from move37.games.go import Go

ALPHAGO = Path(__file__).parents[3] / "shared" / "data" / "alphago"  # beside the checkout, where there is one


def test_first_illegal_moves_are_found_and_explained():
    ko = [11, 12, 7, 8, 17, 18, 3, 14, 13]  # Black takes 12 by 13
    games = {
        "none": (ko, None, ""),
        "taken": ([12, 7, 12], 2, "a stone stands there already"),
        "ko": ([*ko, 12, 0], 9, "it brings back the position before move 9"),
        "threat": ([*ko, 0, 1, 12], None, ""),
        "superko": ([1, 5, 3, 6, 7, 20, 0, 2, 1], 8, "it brings back the position before move 7"),  # two for one
        "suicide": ([1, 20, 5, 0], 3, "its own stones would have no liberty"),
        "last": ([1, 20, 5, 25, 25, 6, 24, 1], 7, "a stone stands there already"),
    }
    lines = [Line((), 1, np.array(moves, np.uint16)) for moves, *_ in games.values()]
    for (name, (moves, at, why)), trace in zip(games.items(), retrace(5, lines), strict=True):
        assert (trace.illegal, trace.why) == (at, why), name
        assert trace.superko == (name == "superko"), name
        assert len(trace.positions) == (len(moves) if at is None else at)


def test_the_first_position_counts_for_superko():
    """White takes a stone that stood there; Black may not put it back by taking at once, as in any ko."""
    stones = (11, 7, 17, 13)
    line = Line(stones, -1, np.array([8, 0, 18, 1, 14, 2, 12, 13], np.uint16))
    (trace,) = retrace(5, [line])
    assert trace.illegal == 7
    assert trace.why == "it brings back the position before move 7"


def test_retrace_agrees_with_the_rules_on_random_moves():
    """Moves drawn without a look at the rules, until the first illegal one; compared with `Go.legal`, move by move."""
    rng, game = np.random.default_rng(1), Go(5)
    lines = [Line((), 1, rng.integers(0, 26, 20).astype(np.uint16)) for _ in range(40)]
    step, legal, first = jax.jit(game.step), jax.jit(game.legal), jax.jit(game.init)(jax.random.key(0))
    for line, trace in zip(lines, retrace(5, lines), strict=True):
        state, expected = first, None
        for t, action in enumerate(line.actions):
            if not np.asarray(legal(state))[action]:
                expected = t
                break
            state = step(state, np.int32(action)).state
        assert trace.illegal == expected


@pytest.mark.skipif(not ALPHAGO.is_dir(), reason=f"no game records beside the checkout: {ALPHAGO} is absent")
@pytest.mark.whole
def test_all_games_of_alphago_are_legal():
    config = DatasetConfig("go_19x19", least_moves=1)
    lines = {entry.where: line_of(entry.record, config) for entry in from_sgf(sgf_files(ALPHAGO))}
    assert len(lines) == 216
    assert [line for line in lines.values() if isinstance(line, str)] == []
    traces = dict(zip(lines, retrace(19, list(lines.values())), strict=True))
    assert {where: trace.why for where, trace in traces.items() if trace.illegal is not None} == {}
    stones = [np.unpackbits(trace.positions[-1]).sum() for trace in traces.values()]
    assert min(stones) > 60


def test_states_are_those_of_plain_play_and_handicap_stones_stand_there():
    game, actions = Go(5, history=2), np.array([12, 7, 25, 8, 25, 25], np.uint16)
    found, state, step = states(game, Line((), 1, actions)), jax.jit(game.init)(jax.random.key(0)), jax.jit(game.step)
    for t, action in enumerate(actions):
        jax.tree.map(np.testing.assert_array_equal, jax.tree.map(lambda x, t=t: x[t], found), state)
        state = step(state, np.int32(action)).state
    assert len(found.player) == len(actions)
    given = states(game, Line((11, 7, 17, 13), -1, np.array([8, 0, 18, 1, 14, 2, 12], np.uint16)))
    assert np.sign(given.chains[0]).nonzero()[0].tolist() == [7, 11, 13, 17]
    assert given.player.tolist() == [-1, 1, -1, 1, -1, 1, -1]
    after = step(jax.tree.map(lambda x: x[-1], given), np.int32(12)).state
    assert not jax.jit(game.legal)(after)[13]  # it would bring back the position before
