"""A GTP engine as a player of matches: one process for each game that it plays at once."""

import os
from collections.abc import Sequence
from dataclasses import dataclass, field

from move37.core.errors import BadConfig
from move37.core.types import Game
from move37.engines.gtp_client import GtpClient, Refused
from move37.engines.process import EngineFailure
from move37.engines.seats import START, Seats
from move37.games.go import Go
from move37.games.othello import Othello
from move37.play.match import Answer, Line, Verdict

COLOURS = ("black", "white")  # of the game's first side and of its second


@dataclass
class _Seat:
    """A process, and how much of which game it knows."""

    client: GtpClient
    commands: frozenset[str]
    number: int = -1  # of the game in its match
    known: list[int] = field(default_factory=list)


class GtpPlayer:
    """Follows games of Go and Othello; what it does wrong loses the game, and the next one begins with a new process.

    Passing, it is asked for `kgs-genmove_cleanup` where it knows that: dead stones count as alive in `games.go`, so
    one who believes that the other's stones are dead has to take them, which costs nothing under area scoring.
    """

    def __init__(self, command: str, game: Game, name: str = "", timeout: float = 60.0, most_games: int = 0):
        """Starts the engine once, to see that it can be. `timeout`: seconds an answer; `most_games` 0: one a core.

        Raises `BadConfig` for a game that no engine is asked for, and `EngineFailure`.
        """
        self.command, self._game, self._timeout = command, game, timeout
        self._set_up = _set_up(game)
        self._forced_passes = isinstance(
            game, Othello
        )  # who cannot move passes: nobody says so, GRhino even refuses to
        self.most_games = most_games or os.cpu_count() or 1
        self._seats = Seats(self._start)
        try:
            self.engine, self.version = (self._seats.first.client.ask(question) for question in ("name", "version"))
        except EngineFailure:
            self.close()
            raise
        self.name = name or " ".join(f"{self.engine} {self.version}".split())

    def answer(self, lines: Sequence[Line]) -> list[Answer]:
        """All engines think at once."""
        return self._seats.answer(lines, self._answer)

    def end(self, line: Line, counted: bool) -> Verdict:
        """The engine's own `final_score` and the stones that it calls dead, where it knows these commands."""
        seat = self._seats.taken(line.lane)
        if not counted or seat is None or seat.number != line.number:
            return Verdict()
        try:
            self._tell(seat, line)
            dead = self._ask_if_known(seat, "final_status_list dead").split()
            return Verdict(self._ask_if_known(seat, "final_score"), tuple(map(self._game.parse_action, dead)))
        except EngineFailure:
            self._seats.drop(line.lane)
        except ValueError:  # a point that is none
            pass
        return Verdict()

    def close(self) -> None:
        """End all processes."""
        self._seats.close()

    def _answer(self, seat: _Seat, line: Line) -> Answer:
        if seat.number != line.number:
            for command in self._set_up:
                if command.split()[0] not in _OPTIONAL or command.split()[0] in seat.commands:
                    seat.client.ask(command)
            seat.number, seat.known = line.number, []
        self._tell(seat, line)
        return self._choose(seat, line)

    def _start(self) -> _Seat:
        client = GtpClient(self.command, max(self._timeout, START))
        try:
            seat = _Seat(client, frozenset(client.ask("list_commands").split()))
        except BaseException:
            client.close(0.0)
            raise
        client.timeout = self._timeout
        return seat

    def _tell(self, seat: _Seat, line: Line) -> None:
        """The moves that it does not know yet."""
        for i in range(len(seat.known), len(line.moves)):
            move = self._game.format_action(line.moves[i])
            if move != "pass" or not self._forced_passes:
                seat.client.ask(f"play {COLOURS[i % 2]} {move}")
            seat.known.append(line.moves[i])

    def _choose(self, seat: _Seat, line: Line) -> Answer:
        colour, legal = COLOURS[len(line.moves) % 2], line.legal
        if self._forced_passes and legal is not None and legal.sum() == 1 and legal[-1]:
            return Answer(len(legal) - 1)
        word = seat.client.ask(f"genmove {colour}")
        if word.lower() == "pass" and {"undo", "kgs-genmove_cleanup"} <= seat.commands:
            seat.client.ask("undo")
            word = seat.client.ask(f"kgs-genmove_cleanup {colour}")
        if word.lower() == "resign":
            return Answer(None, "resign", "resigned")
        try:
            action = self._game.parse_action(word)
        except ValueError as error:
            raise EngineFailure(f"answered 'genmove {colour}' with {word[:60]!r}, which is no move") from error
        if legal is not None and not legal[action]:
            raise EngineFailure(f"played an illegal move, {self._game.format_action(action)}")
        seat.known.append(action)
        return Answer(action)

    def _ask_if_known(self, seat: _Seat, command: str) -> str:
        """Nothing where the engine does not know or refuses it."""
        try:
            return seat.client.ask(command) if command.split()[0] in seat.commands else ""
        except Refused:
            return ""


_OPTIONAL = ("komi", "kata-set-rules")  # sent to engines that know them


def _set_up(game: Game) -> list[str]:
    """The commands that begin a game. Raises `BadConfig`."""
    if isinstance(game, Go):
        rules = f'{{"ko":"POSITIONAL","scoring":"AREA","tax":"NONE","suicide":{str(game.suicide).lower()}}}'
        return [f"kata-set-rules {rules}", f"boardsize {game.size}", "clear_board", f"komi {game.komi:g}"]
    if isinstance(game, Othello):
        return ["set_game Othello", f"boardsize {game.size}", "clear_board"]
    raise BadConfig(f"GTP engines are asked for Go and Othello; {game.name} is neither.")
