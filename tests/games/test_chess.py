"""Chess against published perft counts, and against python-chess, move by move; and the ends of games, one by one."""

import itertools

import chess
import jax
import numpy as np
import pytest
from perft import PUBLISHED, first
from rules_against_others import compare

from move37 import games
from move37.core.errors import BadConfig
from move37.games.chess import Chess
from move37.games.chess_bits import packed
from move37.games.chess_hash import position_hash
from move37.games.chess_moves import dead
from move37.games.perft import perft
from move37.play.players import basic_player

GAME = Chess()
STEP, LEGAL = jax.jit(Chess.step, static_argnums=0), jax.jit(Chess.legal, static_argnums=0)
NUM_LEAVES = 10_000


@pytest.mark.parametrize(
    ("name", "position"), [(name, fen) for name in ("chess", "chess960") for fen in PUBLISHED[name]]
)
def test_perft(name, position):
    game = games.make(name)
    counts = [count for count in PUBLISHED[name][position] if count < NUM_LEAVES]
    assert [perft(game, first(game, position), depth) for depth in range(1, len(counts) + 1)] == counts


@pytest.mark.parametrize(
    "name", ["chess", *(pytest.param(name, marks=pytest.mark.whole) for name in ("chess960", "chess+forced"))]
)
def test_equals_python_chess_in_random_games(name):
    """Legal moves, FEN, check, repetitions, the end and its reason. Half of the games repeat positions on purpose."""
    ends = compare(games.make(name), 16)
    assert sum(ends.values()) == 16
    assert len(ends) > 2
    assert any("repetition" in reason for reason in ends)


def _play(fen, *moves, game=GAME):
    """The last step of a line of moves."""
    state, step = game.from_fen(fen), None
    for move in moves:
        step = STEP(game, state, np.int32(game.action(state, move)))
        state = step.state
    return step


def _moves(fen, game=GAME):
    state = game.from_fen(fen)
    return {game.uci(state, action) for action in np.flatnonzero(LEGAL(game, state)).tolist()}


@pytest.mark.parametrize(
    ("fen", "move", "legal"),
    [
        ("8/8/8/K2pP2r/8/8/8/7k w - d6 0 1", "e5d6", False),  # both pawns leave the king's rank
        ("8/8/8/3pP2r/8/8/8/K6k w - d6 0 1", "e5d6", True),
        ("8/8/8/8/k2Pp2Q/8/8/3K4 b - d3 0 1", "e4d3", False),
        ("8/8/8/1k6/3Pp3/8/8/3KQ3 b - d3 0 1", "e4d3", True),
        ("8/8/8/2k5/3Pp3/8/8/3K4 b - d3 0 1", "e4d3", True),  # takes the pawn that gives check
        ("4rk2/8/8/3pP3/8/8/8/4K3 w - d6 0 1", "e5d6", False),  # pinned on its file
        ("5rk1/8/8/8/8/8/8/4K2R w K - 0 1", "e1g1", False),  # passes an attacked square
        ("k5r1/8/8/8/8/8/8/4K2R w K - 0 1", "e1g1", False),
        ("4r1k1/8/8/8/8/8/8/4K2R w K - 0 1", "e1g1", False),  # out of check
        ("1r2k3/8/8/8/8/8/8/R3K3 w Q - 0 1", "e1c1", True),  # the rook may pass one
        ("4k3/8/8/8/8/8/8/R3K3 w - - 0 1", "e1c1", False),  # without the right
        ("4k3/8/8/8/8/8/8/RN2K3 w Q - 0 1", "e1c1", False),
    ],
)
def test_en_passant_and_castling(fen, move, legal):
    assert (move in _moves(fen)) == legal


def test_chess960_castling():
    """King and rook pass through each other, or stay; a rook that leaves b1 opens the king to a1."""
    game = Chess(chess960=True)
    assert _castled(game, "4k3/8/8/8/8/8/8/4KR2 w F - 0 1", "e1f1") == "4k3/8/8/8/8/8/8/5RK1 b - - 1 1"
    assert _castled(game, "4k3/8/8/8/8/8/8/5KR1 w G - 0 1", "f1g1") == "4k3/8/8/8/8/8/8/5RK1 b - - 1 1"
    assert _castled(game, "4k3/8/8/8/8/8/8/1RK5 w B - 0 1", "O-O-O") == "4k3/8/8/8/8/8/8/2KR4 b - - 1 1"
    assert "c1b1" not in _moves("4k3/8/8/8/8/8/8/rRK5 w B - 0 1", game)
    assert "d1b1" not in _moves("4k3/8/8/8/8/8/8/rR1K4 w B - 0 1", game)


def _castled(game, fen, move):
    return game.to_fen(_play(fen, move, game=game).state)


def test_a_captured_rook_takes_its_right_along():
    state = _play("r3k2r/8/8/8/8/8/6b1/R3K2R b KQkq - 0 1", "g2h1").state
    assert GAME.to_fen(state) == "r3k2r/8/8/8/8/8/8/R3K2b w Qkq - 0 2"
    assert GAME.to_fen(_play("r3k2r/8/8/8/8/8/8/R3K2R w KQkq - 0 1", "a1a8").state).split()[2] == "Kk"


def _end(step, game=GAME):
    return float(step.reward), float(step.discount), game.tally(step.state)


FORCED = Chess(claims=False)


@pytest.mark.parametrize(
    ("game", "fen", "move", "end"),
    [
        (GAME, "6nk/5P1p/8/8/8/8/8/K5R1 w - - 0 1", "fxg8=Q#", (1, 0, "checkmate")),
        (GAME, "6nk/5P1p/8/8/8/8/8/K5R1 w - - 0 1", "f7g8n", (0, -1, "")),
        (GAME, "7k/8/8/6Q1/8/8/8/K7 w - - 0 1", "Qg6", (0, 0, "stalemate")),
        (GAME, "8/8/8/8/8/3k4/1p6/1KB5 w - - 0 1", "Kxb2", (0, 0, "insufficient material")),
        (GAME, "7k/5Q2/6K1/8/8/8/8/8 w - - 99 80", "Qg7", (1, 0, "checkmate")),  # mate on the last move is mate
        (GAME, "7k/5Q2/6K1/8/8/8/8/8 w - - 99 80", "Qe7", (0, 0, "50 moves without progress")),
        (GAME, "7k/4Q3/6K1/8/8/8/8/8 w - - 98 80", "Qd7", (0, -1, "")),
        (FORCED, "7k/4Q3/6K1/8/8/8/8/8 w - - 99 80", "Qd7", (0, -1, "")),
        (FORCED, "7k/4Q3/6K1/8/8/8/8/8 w - - 149 80", "Qd7", (0, 0, "75 moves without progress")),
        (Chess(max_num_moves=1), chess.STARTING_FEN, "e4", (0, 0, "1 plies")),
    ],
)
def test_ends(game, fen, move, end):
    assert _end(_play(fen, move, game=game), game) == end


AROUND = ("g8f6", "g1f3", "f6g8", "f3g1")


def test_an_en_passant_that_can_be_made_is_another_position():
    with_pawn, without = (f"4k1n1/8/8/8/{rank}/8/P7/4K1N1 w - - 0 1" for rank in ("1p6", "7p"))
    assert int(_play(without, "a2a4", *AROUND).state.repeats) == 1
    assert int(_play(with_pawn, "a2a4", *AROUND).state.repeats) == 0
    assert _end(_play(without, "a2a4", *AROUND, *AROUND)) == (0, 0, "threefold repetition")
    assert _end(_play(with_pawn, "a2a4", *AROUND, *AROUND)) == (0, -1, "")
    assert _end(_play(with_pawn, "a2a4", *AROUND * 3)) == (0, 0, "threefold repetition")


def test_lost_rights_and_the_side_to_move_make_other_positions():
    start = "4k2r/8/8/8/8/8/8/4K2R w Kk - 0 1"
    there_and_back = ("h1g1", "h8g8", "g1h1", "g8h8")
    assert int(_play(start, *there_and_back).state.repeats) == 0
    assert int(_play(start, *there_and_back, *there_and_back).state.repeats) == 1
    # the same board, once with White and once with Black to move
    assert int(_play("4k3/8/8/8/8/8/8/R3K3 w - - 0 1", "a1b1", "e8d8", "b1c1", "d8e8", "c1a1").state.repeats) == 0


def test_five_times_where_nobody_has_to_claim():
    start = "4k1n1/7p/8/8/8/8/P7/4K1N1 b - - 0 1"
    assert _end(_play(start, *AROUND * 3, game=FORCED), FORCED) == (0, -1, "")
    assert _end(_play(start, *AROUND * 4, game=FORCED), FORCED) == (0, 0, "fivefold repetition")


def test_dead_positions_are_those_of_python_chess():
    rng, found = np.random.default_rng(0), []
    is_dead = jax.jit(dead)
    for _ in range(200):
        squares = rng.permutation(64)
        pieces = ["K", "k", *rng.choice(list("BbNnQPr"), rng.integers(0, 4), p=[0.3, 0.3, 0.15, 0.1, 0.05, 0.05, 0.05])]
        board = chess.Board(None)
        for square, piece in zip(squares.tolist(), pieces, strict=False):
            board.set_piece_at(square, chess.Piece.from_symbol(str(piece)))
        sets = [
            packed(np.isin(np.arange(64), list(board.pieces(k, True) | board.pieces(k, False)))) for k in range(1, 7)
        ]
        found.append(bool(is_dead(jax.tree.map(lambda *words: np.stack(words), *sets))))
        assert found[-1] == board.is_insufficient_material(), board.fen()
    assert 40 < sum(found) < 160


@pytest.mark.parametrize("name", ["chess", "chess+forced", "chess960", "chess+alphazero", "chess+alphazero+forced"])
def test_a_state_is_small_and_the_name_makes_the_game(name):
    game = games.make(name)
    assert game.name == name
    leaves = jax.tree.leaves(jax.eval_shape(game.init, jax.random.key(0)))
    assert sum(leaf.size * leaf.dtype.itemsize for leaf in leaves) < 2048


def test_options_and_ranges():
    assert Chess(actions="alphazero").name == "chess+alphazero_actions"
    assert Chess(planes="alphazero", chess960=True).name == "chess960+alphazero_planes"
    with pytest.raises(BadConfig, match="got option 'fast'; allowed: alphazero, alphazero_actions, "):
        games.make("chess+fast")
    with pytest.raises(BadConfig, match="got option 'forced'; allowed: none"):
        games.make("catch+forced")
    with pytest.raises(BadConfig, match="got actions 'uci'; allowed: compact, alphazero"):
        Chess(actions="uci")
    with pytest.raises(BadConfig, match="max_num_moves is 0"):
        Chess(max_num_moves=0)


def test_chess960_draws_its_starts():
    game = Chess(chess960=True)
    states = jax.jit(jax.vmap(game.init))(jax.random.split(jax.random.key(1), 64))
    states = jax.tree.map(np.asarray, states)
    fens = {game.to_fen(jax.tree.map(lambda leaf, i=i: leaf[i], states)) for i in range(64)}
    assert len(fens) > 50
    assert all(chess.Board(fen, chess960=True).chess960_pos() is not None for fen in fens)


def test_positions_that_differ_in_the_highest_bits_are_told_apart():
    """h8 and h4 are the highest bits of their words: pieces that change places there must not cancel."""
    pairs = [("7B/8/8/8/7N/b7/8/K1k5 w - - 0 1", "7N/b7/8/8/7B/8/8/K1k5 w - - 0 1")]
    squares = ("7{}/8/8/8/7{}/8/8", "6{}{}/8/8/8/8/8/8", "7{}/7{}/8/8/8/8/8")
    for one, other in itertools.combinations("NBRQnbrq", 2):
        for place in squares:
            pairs.append(tuple(f"{place.format(*two)}/K1k5 w - - 0 1" for two in ((one, other), (other, one))))
    digest = jax.jit(position_hash)
    for fens in pairs:
        first, second = (np.asarray(digest(GAME.from_fen(fen).position, False)) for fen in fens)
        assert (first != second).all(), fens


def test_pieces_that_go_around_each_other_do_not_repeat_the_position():
    line = ["d1d2", "g8g6", "d2d3", "g6h6", "d3d1", "h8g8", "d1d2", "g8h8", "d2d3", "h6g6", "d3d1", "g6g8"]
    after = _play("k5qr/8/8/8/8/8/1P6/K2R4 w - - 0 1", *line)
    assert (int(after.state.repeats), float(after.discount)) == (1, -1.0)


VALUES = {chess.PAWN: 1, chess.KNIGHT: 3, chess.BISHOP: 3, chess.ROOK: 5, chess.QUEEN: 9}


@pytest.mark.parametrize("mover", ["w", "b"])
def test_material_is_the_movers(mover):
    fen = f"r3k3/pp6/8/8/3N4/8/PPPPPPPP/R2QK3 {mover} - - 0 1"
    ahead = sum(
        value * (len(chess.Board(fen).pieces(kind, chess.WHITE)) - len(chess.Board(fen).pieces(kind, chess.BLACK)))
        for kind, value in VALUES.items()
    )
    assert float(jax.jit(GAME.material)(GAME.from_fen(fen))) == (ahead if mover == "w" else -ahead) != 0


def test_greedy_takes_the_queen_and_rather_mates():
    fens = {"1q2k3/8/8/8/7r/5B2/1R6/4K3 w - - 0 1": "b2b8", "7k/1q4pp/8/8/8/8/1Q6/3R2K1 w - - 0 1": "d1d8"}
    fens |= {"3r2k1/1q6/8/8/8/8/1Q4PP/7K b - - 0 1": "d8d1", "3r3k/1q6/8/8/8/6P1/6BP/1Q5K b - - 0 1": "b7b1"}
    states = jax.tree.map(lambda *x: np.stack(x), *map(GAME.from_fen, fens))
    found = basic_player("greedy", GAME).choose(states, jax.random.key(0))
    assert [GAME.uci(GAME.from_fen(fen), int(a)) for fen, a in zip(fens, found, strict=True)] == list(fens.values())
