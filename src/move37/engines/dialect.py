"""In what UCI and USI differ: words, positions and moves as text. The conversation itself is `uci.Dialogue`."""

import abc
from dataclasses import replace
from typing import Any, NamedTuple

from move37.core.errors import BadConfig
from move37.core.types import Game, State
from move37.engines.uci_options import COMMON, Option, Options
from move37.games.chess import Chess
from move37.games.chess_fen import START as CHESS_START
from move37.games.shogi import Shogi
from move37.games.shogi_sfen import START as SHOGI_START

_ROOM = {"chess": 2**14, "shogi": 2**10}  # plies: games of people and programs may be longer than those of training
# All but `UCI_ShowWDL` change nothing: memory is what `--nodes` says, and pondering what `go ponder` asks for.
_UCI = (
    Option("Hash", 16, 1, 2**20),
    Option("Ponder", False),
    Option("SyzygyPath", ""),
    Option("UCI_AnalyseMode", False),
    Option("UCI_ShowWDL", False),
)
_USI = (Option("USI_Hash", 16, 1, 2**20), Option("USI_Ponder", False))


class Words(NamedTuple):
    """A protocol's own words."""

    name: str  # the first that a client says; with "ok" the last of the answer
    new_game: str
    setup: str  # stands before the text of a position
    start: str  # the text of the first position
    nowhere: str  # the best move where there is none
    colours: str  # of the first and the second player, as in `wtime`
    mate_plies: int  # plies that one of `score mate` counts
    no_mate_search: str  # answer to `go mate`, where it is another question than to think until a mate is found
    num_plies: int  # of a game, about: the clock is shared out by it


class Dialect(abc.ABC):
    """A protocol, for one game."""

    words: Words
    game: Any
    options: Options

    @abc.abstractmethod
    def position(self, text: str) -> State:
        """The state of a position's text. Raises `Move37Error`."""

    @abc.abstractmethod
    def read(self, state: State, text: str) -> int:
        """The legal action of a move's text. Raises `Move37Error`."""

    @abc.abstractmethod
    def write(self, state: State, action: int) -> str:
        """The text of a legal action."""

    @abc.abstractmethod
    def is_lost(self, state: State) -> bool:
        """Whether the player to move, who has no move, has lost: else it is a draw."""

    @abc.abstractmethod
    def winner(self, legal: set[int]) -> int | None:
        """A legal action that ends the game as won, and that nobody needs to search for."""


class Uci(Dialect):
    """Chess. In Chess960 castling is written as the option `UCI_Chess960` asks for.

    Source: S. Meyer-Kahlen, "Description of the universal chess interface", April 2006.
    """

    words = Words("uci", "ucinewgame", "fen", CHESS_START, "(none)", "wb", 2, "", 100)

    def __init__(self, game: Game):
        """Raises `BadConfig` for another game."""
        if not isinstance(game, Chess):
            raise _other_game(game, "UCI", "chess", "chess or chess960")
        self.game = replace(game, max_num_moves=_ROOM["chess"])
        own = [Option("UCI_Chess960", False)] if game.chess960 else []
        self.options = Options([*COMMON, *_UCI, *own])

    def position(self, text: str) -> State:
        return self.game.from_fen(text)

    def read(self, state: State, text: str) -> int:
        return self.game.action(state, text, self._onto_rook())

    def write(self, state: State, action: int) -> str:
        return self.game.uci(state, action, self._onto_rook())

    def is_lost(self, state: State) -> bool:
        return bool(self.game.in_check(state))

    def winner(self, legal: set[int]) -> int | None:
        return None

    def _onto_rook(self) -> bool:
        return not self.game.chess960 or self.options.is_on("UCI_Chess960")


class Usi(Dialect):
    """Shogi. Mates are counted in plies, and `win` is the declaration of a king that has entered.

    Source: "The Universal Shogi Interface", draft 2 (T. Romstad), and its pages by the authors of Shogidokoro.
    """

    words = Words("usi", "usinewgame", "sfen", SHOGI_START, "resign", "bw", 1, "checkmate notimplemented", 120)

    def __init__(self, game: Game):
        """Raises `BadConfig` for another game."""
        if not isinstance(game, Shogi):
            raise _other_game(game, "USI", "shogi", "shogi")
        self.game = replace(game, max_num_moves=_ROOM["shogi"])
        self.options = Options([*COMMON, *_USI])

    def position(self, text: str) -> State:
        return self.game.from_sfen(text)

    def read(self, state: State, text: str) -> int:
        return self.game.action(state, text)

    def write(self, state: State, action: int) -> str:
        return self.game.usi(state, action)

    def is_lost(self, state: State) -> bool:
        return True

    def winner(self, legal: set[int]) -> int | None:
        declaration = self.game.num_actions - 1
        return declaration if self.game.declaration and declaration in legal else None


def _other_game(game: Game, protocol: str, plays: str, runs: str) -> BadConfig:
    return BadConfig(f"got an agent that plays {game.name}; {protocol} is for {plays}: give it a run of {runs}.")
