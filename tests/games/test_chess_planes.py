"""What a network sees and how it numbers moves, both written down again from python-chess boards."""

import chess
import jax
import jax.numpy as jnp
import numpy as np
import pytest

from move37.games.check import check
from move37.games.chess import Chess
from move37.games.chess_actions import actions, names

LEAN, FULL = Chess(), Chess(actions="alphazero", planes="alphazero")


def _pieces(board, colour):
    """[12 8 8] own pieces and the opponent's as a player of this colour sees them."""
    planes = np.zeros((12, 8, 8), bool)
    for square, piece in board.piece_map().items():
        seen = square if colour else square ^ 56
        planes[piece.piece_type - 1 + 6 * (piece.color != colour), seen // 8, seen % 8] = True
    return planes


def _lean(board):
    planes = np.zeros((20, 8, 8), bool)
    planes[:12] = _pieces(board, board.turn)
    turn = 0 if board.turn else 56
    for plane, squares in ((12, chess.SquareSet(board.clean_castling_rights())), (13, [board.ep_square])):
        if plane == 12 or board.has_legal_en_passant():
            for square in squares:
                planes[plane, (square ^ turn) // 8, square % 8] = True
    planes[14:18] = np.array([board.halfmove_clock >= n for n in (20, 40, 60, 80)])[:, None, None]
    planes[18:] = np.array([board.is_repetition(2), board.is_repetition(3)])[:, None, None]
    return planes


def _alphazero(board):
    colour, planes = board.turn, []
    past, earlier = board.copy(), len(board.move_stack)
    for ago in range(8):
        seen = np.zeros((14, 8, 8), bool)
        if ago <= earlier:
            seen[:12] = _pieces(past, colour)
            seen[12:] = np.array([past.is_repetition(2), past.is_repetition(3)])[:, None, None]
        if ago < earlier:
            past.pop()
        planes.append(seen)
    ask = (board.has_queenside_castling_rights, board.has_kingside_castling_rights)
    rights = [has(side) for side in (colour, not colour) for has in ask]
    values = [colour == chess.BLACK, len(board.move_stack) / 100, *rights, board.halfmove_clock / 100]
    flat = np.broadcast_to(np.array(values, np.float32)[:, None, None], (7, 8, 8))
    return np.concatenate([np.concatenate(planes).astype(np.float32), flat])


LINE = ["e4", "d5", "e5", "f5", "Nf3", "Nf6", "Ng1", "Ng8", "Nf3", "Nf6", "Ke2", "Nc6", "Ng1", "h5"]


@pytest.mark.parametrize(("game", "planes"), [(LEAN, _lean), (FULL, _alphazero)])
def test_planes_are_those_of_the_board(game, planes):
    step, observe = jax.jit(game.step), jax.jit(game.observe)
    board, state = chess.Board(), game.init(jax.random.key(0))
    for move in LINE:
        state = step(state, jnp.int32(game.action(state, move))).state
        board.push_san(move)
        np.testing.assert_allclose(observe(state), planes(board), err_msg=board.fen())


def test_the_clock_is_seen_in_fifths():
    for clock in (19, 20, 80, 99):
        fen = f"4k3/8/8/8/8/8/8/R3K3 b Q - {clock} 60"
        np.testing.assert_array_equal(LEAN.observe(LEAN.from_fen(fen)), _lean(chess.Board(fen)))


def test_compact_actions_are_all_moves_of_queen_knight_and_pawn():
    """1,792 pairs of squares and 66 under-promotions, none twice."""
    table = actions("compact")
    assert len(table.origin) == 1792 + 66
    assert len(set(names("compact"))) == 1858
    board = chess.Board(None)
    pairs = set()
    for square in chess.SQUARES:
        for piece in (chess.QUEEN, chess.KNIGHT):
            board.clear()
            board.set_piece_at(square, chess.Piece(piece, chess.WHITE))
            pairs |= {(square, to) for to in board.attacks(square)}
    assert {(a, b) for a, b, p in zip(*(x.tolist() for x in table[:3]), strict=True) if p == 4} == pairs


def test_alphazeros_actions_are_planes_of_squares():
    """Plane 0 is one square ahead, 55 seven squares ahead to the left; the compact list is what stays on the board."""
    assert FULL.num_actions == 73 * 64
    assert FULL.parse_action("e2e3") == 0 * 64 + 12
    assert FULL.parse_action("e2e4") == 1 * 64 + 12
    assert FULL.parse_action("h1a8") == 55 * 64 + 7
    assert FULL.parse_action("b1c3") == 56 * 64 + 1
    assert FULL.parse_action("a7a8n") == 64 * 64 + 48
    assert FULL.parse_action("b7a8r") == 72 * 64 + 49
    kept = [name for name in names("alphazero") if "+" not in name]
    assert kept == list(names("compact"))


def test_both_encodings_allow_the_same_moves():
    fen = "r3k2r/Pppp1ppp/1b3nbN/nPP5/BB2P3/q4N2/Pp1P2PP/R2Q1RK1 b kq - 0 1"
    moves = [
        {game.uci(state, a) for a in np.flatnonzero(game.legal(state)).tolist()}
        for game in (LEAN, FULL)
        for state in [game.from_fen(fen)]
    ]
    assert moves[0] == moves[1]


@pytest.mark.parametrize("chess960", [False, True])
@pytest.mark.whole
def test_alphazeros_encodings_keep_the_protocol(chess960):
    check(Chess("alphazero", "alphazero", chess960=chess960, claims=False, max_num_moves=30), num_games=4)
