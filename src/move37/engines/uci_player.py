"""A UCI engine of chess or a USI engine of shogi as a player of matches: a process for each game at once.

An engine is named as `COMMAND;NAME=VALUE;…`: its command line, then its options and the limits of a move.
"""

import contextlib
import os
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import cache
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp

from move37.core.errors import BadConfig, IllegalMove
from move37.core.types import Game, State
from move37.engines.process import EngineFailure
from move37.engines.seats import START, Seats
from move37.engines.uci_client import Protocol, UciClient
from move37.games.chess import Chess
from move37.games.shogi import Shogi
from move37.play.match import Answer, Line, Verdict

STANDARD = "nodes 10000"  # counted, not timed, so that a match comes out the same on any machine
_LIMITS = {name: f"{name} %d" for name in ("nodes", "depth", "movetime")}
_USI_LIMITS = {**_LIMITS, "byoyomi": "btime 0 wtime 0 byoyomi %d"}


class Spec(NamedTuple):
    """How an engine is started, set and limited."""

    command: str
    options: tuple[tuple[str, str], ...] = ()  # name, value; a button has none
    limit: str = STANDARD  # what stands behind `go`


def read_spec(text: str, protocol: Protocol) -> Spec:
    """`stockfish;Skill Level=0;nodes=100`. Raises `EngineFailure` for a limit that is no number above 0."""
    limits = _USI_LIMITS if protocol == "usi" else _LIMITS
    command, *settings = text.split(";")
    options, chosen = [], []
    for setting in filter(None, map(str.strip, settings)):
        name, _, value = (word.strip() for word in setting.partition("="))
        if name not in limits:
            options.append((name, value))
        elif re.fullmatch(r"0*[1-9]\d{0,17}", value):
            chosen.append(limits[name] % int(value))
        else:
            raise EngineFailure(f"{name} is {value!r}; it must be a whole number of 1 or more.")
    return Spec(command, tuple(options), " ".join(chosen) or STANDARD)


@dataclass
class _Seat:
    """A process, and how much of which game it knows."""

    client: UciClient
    number: int = -1  # of the game in its match
    state: State = None
    moves: list[str] = field(default_factory=list)  # as they are sent


class UciPlayer:
    """Follows games of chess and shogi; what it does wrong loses the game, and the next one gets a new process."""

    def __init__(
        self,
        command: str,
        game: Game,
        protocol: Protocol = "uci",
        name: str = "",
        timeout: float = 60.0,
        most_games: int = 0,
    ):
        """Starts the engine once, to see that it can be. `timeout`: seconds an answer; `most_games` 0: one a core.

        Raises `BadConfig` for a game that such an engine is not asked for, and `EngineFailure`.
        """
        self.command, self._game, self._protocol, self._timeout = command, game, protocol, timeout
        self._start_word, self._write = _notation(game, protocol)
        self._spec = read_spec(command, protocol)
        self.most_games = most_games or os.cpu_count() or 1
        self._seats = Seats(self._start)
        self.engine, self.version = self._seats.first.client.name, ""
        self.name = name or self.engine or self._spec.command

    def answer(self, lines: Sequence[Line]) -> list[Answer]:
        """All engines think at once."""
        return self._seats.answer(lines, self._answer)

    def end(self, line: Line, counted: bool) -> Verdict:
        """It has no say in the result."""
        return Verdict()

    def close(self) -> None:
        """End all processes."""
        self._seats.close()

    def _start(self) -> _Seat:
        client = UciClient(self._spec.command, self._protocol, max(self._timeout, START))
        try:
            if isinstance(self._game, Chess) and self._game.chess960:
                client.set("UCI_Chess960", "true")
            for name, value in self._spec.options:
                client.set(name, value)
            client.ready()
        except BaseException:
            client.close(0.0)
            raise
        client.timeout = self._timeout
        return _Seat(client)

    def _answer(self, seat: _Seat, line: Line) -> Answer:
        if seat.number != line.number:
            seat.client.ready("ucinewgame" if self._protocol == "uci" else "usinewgame")
            seat.number, seat.state, seat.moves = line.number, self._game.from_text(line.start), []
        for action in line.moves[len(seat.moves) :]:
            seat.moves.append(self._write(seat.state, action))
            seat.state = _step(self._game)(seat.state, jnp.int32(action))
        position = " ".join(["position", self._start_word, line.start, "moves", *seat.moves])
        word = seat.client.best_move(position, self._spec.limit)
        if word == "resign":
            return Answer(None, "resign", "resigned")
        with contextlib.suppress(IllegalMove):
            action = self._game.read(seat.state, word)
            if self._write(seat.state, action) == word:  # and not in another notation
                return Answer(action)
        raise EngineFailure(f"played {word[:60]!r}, which is no legal move in {self._game.to_text(seat.state)}")


@cache
def _step(game: Game) -> Callable[[State, Any], State]:
    return jax.jit(lambda state, action: game.step(state, action).state)


def _notation(game: Game, protocol: Protocol) -> tuple[str, Callable[[State, int], str]]:
    """(what stands before a position, how a move is written). Raises `BadConfig`."""
    if protocol == "uci" and isinstance(game, Chess):
        return "fen", game.uci
    if protocol == "usi" and isinstance(game, Shogi):
        return "sfen", game.usi
    raise BadConfig(f"UCI engines are asked for chess and USI engines for shogi; {protocol}: plays no {game.name}.")
