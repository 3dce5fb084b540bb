"""Who decides what is legal and when a game is over, so that our own rules are not asked: python-chess and cshogi."""

from collections import Counter
from collections.abc import Sequence
from random import Random
from typing import Any

import chess
import cshogi
from piped import Fault

_NOBODY = "drawn"


class ChessReferee:
    """A game of chess. Draws that a player can claim are claimed."""

    colours = "wb"

    def __init__(self, rng: Random, num_random: int, from_position: bool):
        """With some random moves, that are told as moves or as a position."""
        self.board = chess.Board()
        for _ in range(num_random):
            if moves := list(self.board.legal_moves):
                self.board.push(rng.choice(moves))
        self.begin = "startpos"
        if from_position:
            self.begin = f"fen {self.board.fen()}"
            self.board = chess.Board(self.board.fen())

    @property
    def moves(self) -> list[str]:
        return [move.uci() for move in self.board.move_stack]

    @property
    def turn(self) -> int:
        """0 the first player, 1 the second."""
        return int(not self.board.turn)

    def push(self, text: str) -> None:
        """Raises `Fault` for what is not legal."""
        if text not in {move.uci() for move in self.board.legal_moves}:
            raise Fault(f"illegal move {text!r} in {self.board.fen()} after {' '.join(self.moves[-8:])}")
        self.board.push_uci(text)

    def check(self, line: Sequence[str]) -> None:
        """Raises `Fault` for a line with an illegal move, or that goes on behind a mate."""
        board = self.board.copy(stack=False)
        for text in line:
            if text not in {move.uci() for move in board.legal_moves}:
                raise Fault(f"illegal move {text!r} in the variation {' '.join(line)} of {self.board.fen()}")
            board.push_uci(text)

    def result(self) -> int | str | None:
        """Who has won, or drawn; None: it goes on."""
        if self.board.is_repetition(3) or self.board.is_fifty_moves():
            return _NOBODY
        outcome = self.board.outcome()
        if outcome is None:
            return None
        return _NOBODY if outcome.winner is None else int(not outcome.winner)


class ShogiReferee:
    """A game of shogi: a position for the fourth time is a draw, or lost for who gave check all the time."""

    colours = "bw"

    def __init__(self, rng: Random, num_random: int, from_position: bool):
        """With some random moves, that are told as moves or as a position."""
        self.board, self.begin, self.moves = cshogi.Board(), "startpos", list[str]()
        self._seen: Counter[int] = Counter([self.board.zobrist_hash()])
        self._declared: int | None = None
        for _ in range(num_random):
            if moves := list(self.board.legal_moves):
                self.push(cshogi.move_to_usi(rng.choice(moves)))
        if from_position:
            self.begin, self.moves = f"sfen {self.board.sfen()}", []
            self.board = cshogi.Board(self.board.sfen())
            self._seen = Counter([self.board.zobrist_hash()])

    @property
    def turn(self) -> int:
        """0 the first player, 1 the second."""
        return int(self.board.turn)

    def push(self, text: str) -> None:
        """Raises `Fault` for what is not legal."""
        if text == "win" and self.board.is_nyugyoku():
            self._declared = self.turn
            return
        if text not in _legal(self.board):
            raise Fault(f"illegal move {text!r} in {self.board.sfen()} after {' '.join(self.moves[-8:])}")
        self.board.push_usi(text)
        self.moves.append(text)
        self._seen[self.board.zobrist_hash()] += 1

    def check(self, line: Sequence[str]) -> None:
        """Raises `Fault` for a line with an illegal move."""
        board = cshogi.Board(self.board.sfen())
        for text in line:
            if text not in _legal(board) and not (text == "win" and board.is_nyugyoku()):
                raise Fault(f"illegal move {text!r} in the variation {' '.join(line)} of {self.board.sfen()}")
            if text != "win":
                board.push_usi(text)

    def result(self) -> int | str | None:
        """Who has won, or drawn; None: it goes on."""
        if self._declared is not None:
            return self._declared
        if self.board.is_game_over():
            return 1 - self.turn
        if self._seen[self.board.zobrist_hash()] < 4:
            return None
        kind = self.board.is_draw()
        if kind == cshogi.REPETITION_WIN:
            return self.turn
        return 1 - self.turn if kind == cshogi.REPETITION_LOSE else _NOBODY


def _legal(board: Any) -> set[str]:
    return {cshogi.move_to_usi(move) for move in board.legal_moves}
