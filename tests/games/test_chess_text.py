"""UCI, SAN and the picture of a board, against python-chess along a random game."""

import chess
import jax
import numpy as np
import pytest

from move37.cli.table import Table
from move37.core.errors import IllegalMove
from move37.games.chess import Chess

GAME, GAME_960 = Chess(), Chess(chess960=True)
STEP, LEGAL = jax.jit(Chess.step, static_argnums=0), jax.jit(Chess.legal, static_argnums=0)


@pytest.mark.parametrize(
    ("game", "fen"),
    [
        (GAME, "r3k2r/p1ppqpb1/bn2pnp1/3PN3/1p2P3/2N2Q1p/PPPBBPPP/R3K2R w KQkq - 0 1"),
        (GAME, "r3k2r/Pppp1ppp/1b3nbN/nPP5/BB2P3/q4N2/Pp1P2PP/R2Q1RK1 b kq - 0 1"),
        (GAME, "2k5/8/8/8/Q2Q3Q/8/8/Q3K2Q w - - 0 1"),  # file, rank or both are needed
        (GAME, "rnbqkbnr/ppp1p1pp/8/3pPp2/8/8/PPPP1PPP/RNBQKBNR w KQkq f6 0 3"),
        (GAME, "6nk/5P1p/8/8/8/8/8/K5R1 w - - 0 1"),
        (GAME_960, "4k3/8/8/8/8/8/8/1R2KR2 w FB - 0 1"),
    ],
)
def test_moves_are_written_and_read_as_python_chess_does(game, fen):
    board, state = chess.Board(fen, chess960=game.chess960), game.from_fen(fen)
    legal = np.flatnonzero(LEGAL(game, state)).tolist()
    uci = {game.uci(state, action): action for action in legal}
    assert uci.keys() == {move.uci() for move in board.legal_moves}
    for move in board.legal_moves:
        action = uci[move.uci()]
        san = board.san(move)
        assert game.san(state, action) == san
        assert game.action(state, san) == action
        assert game.action(state, move.uci()) == action


def test_texts_that_name_no_legal_move():
    start = jax.jit(GAME.init)(jax.random.key(0))
    for text in ("e2e5", "Ke2", "O-O", "hello"):
        with pytest.raises(IllegalMove, match=f"'{text}' is no legal move in rnbq.* are written e2e4 or Nf3"):
            GAME.action(start, text)


def test_an_action_alone_is_written_as_its_player_sees_it():
    start = jax.jit(GAME.init)(jax.random.key(0))
    e4 = GAME.action(start, "e4")
    black = STEP(GAME, start, np.int32(e4)).state
    assert GAME.format_action(e4) == "e2e4"
    assert GAME.uci(black, e4) == "e7e5"
    assert GAME.action(black, "e7e5") == e4
    with pytest.raises(IllegalMove, match="actions look like 'e2e4' or 'e7e8n'"):
        GAME.parse_action("a1a1")


def test_render():
    text = GAME.render(GAME.from_fen("4k3/8/8/8/3pP3/8/8/4K3 b - e3 0 12"))
    assert text.splitlines()[0] == "8 · · · · k · · ·"
    assert text.splitlines()[4] == "4 · · · p P · · ·"
    assert text.splitlines()[-1] == "move 12, Black"
    quiet = GAME.render(GAME.from_fen("4k3/8/8/8/8/8/8/R3K3 w - - 9 12"))
    assert quiet.endswith("move 12, White, 9 plies without capture or pawn move")


def test_at_a_table_both_players_write_moves_as_people_do():
    table = Table(GAME, 0)
    table.play(table.parse("e4"))
    assert table.name(table.parse("e7e5")) == "e5"
    state, line = table.state, []
    for text in ("e5", "Nf3", "Nc6", "Bb5"):
        line.append(GAME.read(state, text))
        state = STEP(GAME, state, np.int32(line[-1])).state
    assert table.names(line) == ["e5", "Nf3", "Nc6", "Bb5"]
    assert table.names([*line[:2], line[3]])[:2] == ["e5", "Nf3"]
    assert table.names([0])[0] == GAME.format_action(0)  # what is not legal here has no other name
    for text in ("e4", "Bxe5", "E7E5x"):  # letters of pieces are capitals: bxe5 would be a pawn's move
        with pytest.raises(IllegalMove, match="is no legal move"):
            table.parse(text)
