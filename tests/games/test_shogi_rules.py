"""Shogi's special rules, on positions made for them."""

import jax
import numpy as np
import pytest

from move37 import games
from move37.core.errors import BadConfig, IllegalMove
from move37.games.shogi import Shogi

GAME = games.make("shogi")
STEP, LEGAL = jax.jit(Shogi.step, static_argnums=0), jax.jit(Shogi.legal, static_argnums=0)


def step(state, action):
    return STEP(GAME, state, np.int32(action))


def _moves(sfen: str) -> set[str]:
    state = GAME.from_sfen(sfen)
    return {GAME.usi(state, action) for action in np.flatnonzero(LEGAL(GAME, state)).tolist()}


def test_no_second_pawn_on_a_file_and_no_piece_that_could_never_move():
    moves = _moves("4k4/9/9/9/9/9/4P4/9/4K4 b PLN 1")
    drops = {kind: {move[2:] for move in moves if move.startswith(f"{kind}*")} for kind in "PLN"}
    assert {square[0] for square in drops["P"]} == set("12346789")  # the fifth file has one
    assert {square[1] for square in drops["P"]} == {square[1] for square in drops["L"]} == set("bcdefghi")
    assert {square[1] for square in drops["N"]} == set("cdefghi")
    assert {square[0] for square in drops["N"]} == set("123456789")
    promoted = _moves("4k4/9/9/9/9/9/4+P4/9/4K4 b P 1")
    assert "P*5f" in promoted  # a promoted pawn is none


def test_promotion_is_forced_where_a_piece_could_never_move_again():
    moves = _moves("4k4/P8/1L7/2N6/4S4/9/9/9/4K4 b - 1")
    assert {move for move in moves if move[:2] in ("9b", "8c", "7d")} == {
        *("9b9a+", "8c8b", "8c8b+", "8c8a+", "7d6b+", "7d8b+")
    }
    assert {move for move in _moves("4k4/9/2S6/9/9/9/9/9/4K4 b - 1") if move[:2] == "7c"} == {
        f"7c{to}{sign}" for to in ("7b", "6b", "8b", "6d", "8d") for sign in ("", "+")
    }  # out of the camp, too


@pytest.mark.parametrize(
    ("sfen", "square", "legal"),
    [
        ("7lk/9/7G1/9/9/9/9/9/4K4 b P 1", "1b", False),
        ("7lk/9/9/9/9/9/9/9/4K4 b P 1", "1b", True),  # the king takes it
        ("8k/9/7G1/9/9/9/9/9/4K4 b P 1", "1b", True),  # the king flees
        ("7sk/9/7G1/9/9/9/9/9/4K4 b P 1", "1b", True),  # the silver takes it
        ("R6sk/9/7G1/9/9/9/9/9/4K4 b P 1", "1b", False),  # the silver is pinned
        ("7lk/9/7Gr/9/8L/9/9/9/4K4 b P 1", "1b", True),  # the rook is pinned, and takes along the line
        ("3lkl3/R8/9/9/9/9/9/9/4K4 b P 1", "5b", True),  # the pawn shields 4b from the rook
        ("3lkl3/R8/5G3/9/9/9/9/9/4K4 b P 1", "5b", False),  # and gold covers it
        ("4k4/9/9/9/9/9/9/r8/3LKL3 w p 1", "5h", True),  # the same for White
        ("4k4/9/9/9/9/9/5g3/r8/3LKL3 w p 1", "5h", False),
        ("3lkl3/9/4n1N2/9/4R4/9/9/9/4K4 b P 1", "5b", True),  # nothing protects the pawn
        ("7lk/9/7G1/6n2/9/9/9/9/4K4 b P 1", "1b", False),  # a knight of White goes down
    ],
)
def test_a_pawn_may_not_be_dropped_for_mate(sfen, square, legal):
    moves = _moves(sfen)
    assert (f"P*{square}" in moves) == legal
    assert any(move.startswith("P*") for move in moves)


def _play(sfen: str, cycle: str, times: int) -> tuple[list[float], list[float]]:
    """Rewards and discounts of moves that are played again and again."""
    state, rewards, discounts = GAME.from_sfen(sfen), [], []
    for usi in cycle.split() * times:
        after = step(state, GAME.action(state, usi))
        state = after.state
        rewards.append(float(after.reward))
        discounts.append(float(after.discount))
    return rewards, discounts


START = "lnsgkgsnl/1r5b1/ppppppppp/9/9/9/PPPPPPPPP/1B5R1/LNSGKGSNL b - 1"


@pytest.mark.parametrize(
    ("sfen", "cycle", "reward"),
    [
        (START, "2h3h 8b7b 3h2h 7b8b", 0.0),
        ("4k4/R8/9/9/9/9/9/9/4K4 b - 1", "9b9a 5a5b 9a9b 5b5a", 1.0),  # White moves last, Black gave all the checks
        ("R3k4/9/9/9/9/9/9/9/4K4 w - 1", "5a5b 9a9b 5b5a 9b9a", -1.0),  # Black moves last
        ("4k4/9/9/9/9/9/9/r8/4K4 w - 1", "9h9i 5i5h 9i9h 5h5i", 1.0),  # the colours changed
        ("4k4/9/9/9/9/9/9/9/r3K4 b - 1", "5i5h 9i9h 5h5i 9h9i", -1.0),
        ("4k4/R8/9/9/9/9/9/9/4K4 b - 1", "9b9a 5a5b 9a9c 5b4b 9c9b 4b5a", 0.0),  # two checks of three moves
    ],
)
def test_the_fourth_time(sfen, cycle, reward):
    rewards, discounts = _play(sfen, cycle, 3)
    assert rewards == [0.0] * (len(rewards) - 1) + [reward]
    assert discounts == [-1.0] * (len(rewards) - 1) + [0.0]


def test_a_quiet_move_before_the_first_time_does_not_save():
    """The cycle begins at the second position: what came before it does not count."""
    state = GAME.from_sfen("4k4/9/R8/9/9/9/9/9/4K4 b - 1")
    for usi in ["9c9d", "5a5b", "9d9b", *["5b5a", "9b9a", "5a5b", "9a9b"] * 3]:
        after = step(state, GAME.action(state, usi))
        state = after.state
    assert (float(after.reward), float(after.discount)) == (-1.0, 0.0)


@pytest.mark.parametrize(
    ("sfen", "legal"),
    [
        ("+R+B2K4/GGGGSSSS1/9/9/9/9/9/9/4k4 b 10P 1", True),  # 10 + 8 + 10 points
        ("+R+B2K4/GGGGSSSS1/9/9/9/9/9/9/4k4 b 9P 1", False),
        ("4K4/9/9/9/9/9/9/1ssssgggg/4k2+b+r w 9p 1", True),  # White needs 27
        ("4K4/9/9/9/9/9/9/1ssssgggg/4k2+b+r w 8p 1", False),
        ("+R+B2K3r/GGGGSSSS1/9/9/9/9/9/9/4k4 b 10P 1", False),  # in check
        ("+R+B2K4/GGGGSSS2/9/9/9/9/9/9/4k4 b 11P 1", False),  # nine others
        ("+R+B7/GGGGSSSS1/9/4K4/9/9/9/9/4k4 b 10P 1", False),
        ("4K4/GGGGSSSS1/2PP5/9/9/9/9/9/4k4 b RB8P 1", True),  # a rook in the hand counts 5
    ],
)
def test_the_declaration(sfen, legal):
    state = GAME.from_sfen(sfen)
    assert ("win" in _moves(sfen)) == legal
    if legal:
        after = step(state, GAME.action(state, "win"))
        assert (float(after.reward), float(after.discount)) == (1.0, 0.0)
        assert GAME.to_sfen(after.state).split()[0] == sfen.split()[0]  # nothing moves
    off = Shogi(declaration=False)
    assert np.sum(LEGAL(off, off.from_sfen(sfen))) == np.sum(np.asarray(LEGAL(GAME, state))[:-1])


def test_mate_and_the_last_move():
    state = GAME.from_sfen("4k4/9/4P4/9/9/9/9/9/4K4 b G 1")
    after = step(state, GAME.action(state, "G*5b"))
    assert (float(after.reward), float(after.discount)) == (1.0, 0.0)
    state = GAME.from_sfen(f"{START.removesuffix('1')}{GAME.max_num_moves - 1}")
    for usi, discount in (("7g7f", -1.0), ("3c3d", 0.0)):
        after = step(state, GAME.action(state, usi))
        state = after.state
        assert (float(after.reward), float(after.discount)) == (0.0, discount)


@pytest.mark.whole
def test_the_limit_is_the_games_own():
    """Two moves, as the option says, and not what the usual game has."""
    game, sfen = Shogi(max_num_moves=2), START
    state = game.from_sfen(sfen)
    for usi, discount in (("7g7f", -1.0), ("3c3d", 0.0)):
        after = STEP(game, state, np.int32(game.action(state, usi)))
        state = after.state
        assert (float(after.reward), float(after.discount)) == (0.0, discount)


def test_names_and_mistakes():
    for name in ("shogi", "shogi+alphazero", "shogi+alphazero_planes", "shogi+alphazero_actions+no_declaration"):
        assert games.make(name).name == name
    with pytest.raises(BadConfig, match="got option 'alphago'; allowed: alphazero, "):
        games.make("shogi+alphago")
    with pytest.raises(BadConfig, match="hex_7x7: got option 'swap'; allowed: none"):
        games.make("hex_7x7+swap")
    with pytest.raises(BadConfig, match="allowed: lean, alphazero"):
        Shogi(planes="many")
    with pytest.raises(BadConfig, match="max_num_moves is 0"):
        Shogi(max_num_moves=0)
    state = GAME.init(jax.random.key(0))
    for usi in ("7g7e", "8h2b+", "P*5e", "7g7f+", "win", "castle"):
        with pytest.raises(IllegalMove, match=r"allowed, as legal here: .*7g7f"):
            GAME.action(state, usi)
    with pytest.raises(IllegalMove, match="names no action"):
        GAME.parse_action("7g7f")
