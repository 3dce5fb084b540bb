"""FEN in and out against python-chess, what is refused and why, and the 960 first ranks."""

import chess
import numpy as np
import pytest

from move37.core.errors import BadConfig
from move37.games.chess import Chess
from move37.games.chess_actions import PIECES
from move37.games.chess_fen import first_ranks, read_fen, write_fen


@pytest.mark.parametrize(
    ("fen", "chess960"),
    [
        (chess.STARTING_FEN, False),
        ("r3k2r/8/8/8/8/8/8/R3K3 b Qk - 7 33", False),
        ("rnbqkbnr/ppp1p1pp/8/3pPp2/8/8/PPPP1PPP/RNBQKBNR w KQkq f6 0 3", False),
        ("4k3/8/8/8/3pP3/8/8/4K3 b - e3 0 1", False),
        ("8/8/8/K2pP2r/8/8/8/7k w - d6 0 1", False),  # python-chess leaves this en passant out, too
        ("rnbqkbnr/pppp1ppp/8/4p3/8/8/PPPPPPPP/RNBQKBNR w KQkq e6 0 2", False),  # no pawn is there to take
        ("bqnb1rkr/pp3ppp/3ppn2/2p5/5P2/P2P4/NPP1P1PP/BQ1BNRKR w HFhf - 2 9", True),
        ("1r2k1rr/8/8/8/8/8/8/RR2K1RR w BGbg - 0 1", True),  # inner rooks keep their letters
        ("4k3/8/8/8/8/8/8/RR2K2R w KQ - 0 1", True),  # X-FEN: the outermost rooks
    ],
)
def test_positions_are_those_of_python_chess(fen, chess960):
    game, board = Chess(chess960=chess960), chess.Board(fen, chess960=chess960)
    state = game.from_fen(fen)
    assert game.to_fen(state) == board.fen()
    legal = {game.uci(state, action) for action in np.flatnonzero(game.legal(state)).tolist()}
    assert legal == {move.uci() for move in board.legal_moves}


def test_what_is_read_is_written_again():
    fen, inner = "4k3/8/8/8/3pP3/8/8/4K3 b - e3 0 1", "1r2k1rr/8/8/8/8/8/8/RR2K1RR w GBgq - 3 9"
    assert write_fen(read_fen(fen)) == fen
    assert write_fen(read_fen(inner, True), True) == inner
    assert write_fen(read_fen("4k3/8/8/8/8/8/8/4K3 w - -")) == "4k3/8/8/8/8/8/8/4K3 w - - 0 1"


@pytest.mark.parametrize(
    ("fen", "message"),
    [
        ("", "0 parts; allowed: board, side to move"),
        ("4k3/8/8/8/8/8/8/4K3 w - - 0", "5 parts"),
        ("4k3/8/8/8/8/8/4K3 w - -", "7 ranks; allowed: 8"),
        ("4k3/8/8/8/8/8/9/4K3 w - -", "'9' on rank 2"),
        ("4k3/8/8/8/8/8/7/4K3 w - -", "7 squares on rank 2; allowed: 8"),
        ("4k3/8/8/8/8/8/8/8 w - -", "0 kings of White; allowed: 1"),
        ("4k3/8/8/8/8/8/8/4K2P w - -", "a pawn on the first or last rank"),
        ("4k3/8/8/8/8/8/8/4K3 x - -", "side to move 'x'; allowed: w or b"),
        ("4k3/8/8/8/8/8/8/4K3 w K - 0 1", "castling 'K'; allowed: KQkq"),
        ("4k3/8/8/8/8/8/8/5K1R w K - 0 1", r"castling 'K' from other squares.*Chess\(chess960=True\)"),
        ("4k3/8/8/8/8/8/8/4K3 w - e6 0 1", "en passant 'e6'; allowed: a square of rank 6"),
        ("4k3/8/8/3Pp3/8/8/8/4K3 w - e3 0 1", "en passant 'e3'"),
        ("4k3/8/8/8/8/8/8/4K3 w - - -1 1", "clocks '-1 1'"),
        ("4k3/8/8/8/8/8/8/4K3 w - - 6554 1", "clocks '6554 1'"),  # five times that is more than sixteen bits hold
        ("4k3/8/8/8/8/8/8/4K3 w - - 0 " + "9" * 5000, "clocks '0 9999"),
        ("4k3/8/8/8/8/8/8/K3R3 w - - 0 1", "lets a player take the king"),
    ],
)
def test_what_is_no_position_is_refused(fen, message):
    with pytest.raises(BadConfig, match=message):
        Chess().from_fen(fen)


def test_first_ranks_are_numbered_as_scharnagl_did():
    for number, row in enumerate(first_ranks().tolist()):
        board = chess.Board.from_chess960_pos(number)
        assert [PIECES[kind] for kind in row] == [board.piece_at(file).symbol().lower() for file in range(8)]
