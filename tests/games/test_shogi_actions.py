"""The two lists of actions name the same moves."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from move37.games.shogi import Shogi
from move37.games.shogi_actions import (
    NUM_ALPHAZERO,
    alphazero_names,
    alphazero_to_compact,
    compact_names,
    usi_number,
)
from move37.games.shogi_tables import action_numbers, action_planes, possible

BOTH = Shogi(), Shogi(actions="alphazero")
SFENS = (
    "lnsgkgsnl/1r5b1/ppppppppp/9/9/9/PPPPPPPPP/1B5R1/LNSGKGSNL b - 1",
    "l6nl/5+P1gk/2np1S3/p1p4Pp/3P2Sp1/1PPb2P1P/P5GS1/R8/LN4bKL w RGgsn5p 1",
    "R8/2K1S1SSk/4B4/9/9/9/9/9/1L1L1L3 b RBGSNLP3g3n17p 1",
    "+R+B2K4/GGGGSSSS1/9/9/9/9/9/9/4k4 b 10P 1",
)


def test_the_numbers_of_actions():
    """Of 27·81 (way, destination), 1,496 are possible."""
    assert possible().sum() == len(action_planes()) - 1 == 1_496
    assert NUM_ALPHAZERO == 139 * 81
    assert [game.num_actions for game in BOTH] == [1_497, 11_260]
    planes, squares = action_planes()[:-1].T
    np.testing.assert_array_equal(action_numbers()[planes, squares], np.arange(1_496))


@pytest.mark.whole
def test_both_lists_name_the_same_legal_moves_and_steps():
    for sfen in SFENS:
        states = [game.from_sfen(sfen) for game in BOTH]
        legal = [np.flatnonzero(np.asarray(game.legal(s))) for game, s in zip(BOTH, states, strict=True)]
        assert len(legal[0]) == len(legal[1])
        numbers = np.append(alphazero_to_compact(), 1_496)[legal[1]]
        np.testing.assert_array_equal(np.sort(numbers), legal[0])
        few = legal[1][:: max(1, len(legal[1]) // 12)].tolist()
        for action in few:
            usi = BOTH[1].usi(states[1], action)
            assert BOTH[1].action(states[1], usi) == action
            assert BOTH[0].usi(states[0], BOTH[0].action(states[0], usi)) == usi
    state = BOTH[1].from_sfen(SFENS[0])
    steps = [game.step(state, jnp.int32(game.action(state, "2g2f"))) for game in BOTH]
    jax.tree.map(np.testing.assert_array_equal, *steps)


def test_names_are_each_actions_own():
    assert len(set(compact_names())) == 1_497
    assert len(set(alphazero_names())) == 11_260
    game = BOTH[0]
    for text in ("7f up", "3c up-right+", "6e jump-left", "P*5e", "win"):
        assert game.format_action(game.parse_action(text)) == text
    assert {"7g7f", "8h2b+", "P*5e", "win"} < set(alphazero_names())
    names = [name for name in alphazero_names()[:-1] if not name.startswith("impossible")]
    numbers = alphazero_to_compact()
    assert [usi_number(name, black=True) for name in names] == numbers[numbers >= 0].tolist()


def test_a_text_for_white_is_turned():
    assert usi_number("3c3d", black=False) == usi_number("7g7f", black=True)
    assert usi_number("P*1a", black=False) == usi_number("P*9i", black=True)
    assert {usi_number(text, black=True) for text in ("7g7g", "7g6d", "P*5e+", "K*5e", "P*5a", "0a1b", "")} == {-1}


@pytest.mark.whole
def test_the_same_game_in_both_lists():
    states, rng = [game.init(jax.random.key(0)) for game in BOTH], np.random.default_rng(1)
    steps, legal = [jax.jit(game.step) for game in BOTH], [jax.jit(game.legal) for game in BOTH]
    for _ in range(60):
        masks = [np.flatnonzero(np.asarray(f(s))) for f, s in zip(legal, states, strict=True)]
        numbers = np.append(alphazero_to_compact(), 1_496)[masks[1]]
        np.testing.assert_array_equal(np.sort(numbers), masks[0])
        chosen = rng.integers(len(numbers))
        pair = (int(numbers[chosen]), int(masks[1][chosen]))
        after = [f(s, jnp.int32(a)) for f, s, a in zip(steps, states, pair, strict=True)]
        jax.tree.map(np.testing.assert_array_equal, *after)
        states = [a.state for a in after]
    assert int(states[0].num_moves) == 60
