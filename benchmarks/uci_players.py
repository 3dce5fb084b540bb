"""The two sides of a game over pipes: move37, all of whose words are checked, and an engine of others."""

import re
import time
from collections.abc import Callable
from typing import NamedTuple

from piped import STARTING, Engine, Fault
from referees import ChessReferee, ShogiReferee
from uci_form import MOVE, Said, read

from move37.engines.process import command_words
from move37.engines.uci_player import STANDARD, read_spec

Referee = ChessReferee | ShogiReferee
KINDS = ("nodes", "clock", "ponder", "stop")  # what limits our moves: one after the other
NEW_GAME = {"uci": "ucinewgame", "usi": "usinewgame"}
_LIMITS = {"stockfish": "nodes 200", "fairy-stockfish": "nodes 200", "gpsusi": "btime 0 wtime 0 byoyomi 50"}
_COMPLAINT = re.compile(r"illegal|invalid|unknown|error|exception", re.IGNORECASE)


def position(referee: Referee, *more: str) -> str:
    moves = [*referee.moves, *more]
    return " ".join(["position", referee.begin, *(["moves", *moves] if moves else [])])


class Limits(NamedTuple):
    """Of our moves."""

    nodes: int
    main: float  # seconds of the clock
    increment: float  # seconds added with each move


class Ours:
    """move37 in one game after the other. Every method raises `Fault`, which ends it: then make a new one."""

    def __init__(self, protocol: str, command: list[str], limits: Limits):
        """Ready when this returns."""
        self.protocol, self.limits = protocol, limits
        self.overstepped = self.hits = 0  # how often the clock ran out; how often the opponent did what was expected
        self.engine, self._left = Engine("move37", command), limits.main
        self._expected: list[str] | None = None  # the moves of the position that it ponders on
        self._ask(protocol, f"{protocol}ok", STARTING)
        self._ask("isready", "readyok", STARTING)

    def new_game(self) -> None:
        self._left = self.limits.main
        self.engine.say(NEW_GAME[self.protocol])
        self._ask("isready", "readyok")

    def move(self, referee: Referee, kind: str) -> tuple[str, str]:
        """Our move, and what it expects in answer."""
        if self._expected is not None:
            hit, self._expected = self._expected == referee.moves, None
            self._nothing_unasked()
            began = time.monotonic()
            self.engine.say("ponderhit" if hit else "stop")
            found = self._best(referee if hit else None)
            if hit:
                self.hits += 1
                self._spend(time.monotonic() - began)
                return found
        self._nothing_unasked()
        began = time.monotonic()
        self.engine.say(position(referee), f"go {self._limit(referee, kind)}")
        found = self._best(referee, must_stop=kind == "stop")
        if kind in ("clock", "ponder"):
            self._spend(time.monotonic() - began)
        return found

    def ponder(self, referee: Referee, expected: str) -> None:
        """While the opponent thinks."""
        self.engine.say(position(referee, expected), f"go ponder {self._limit(referee, 'ponder')}")
        self._expected = [*referee.moves, expected]

    def end_game(self) -> None:
        """Stop what goes on."""
        if self._expected is not None:
            self._expected = None
            self._nothing_unasked()
            self.engine.say("stop")
            while self._read().kind != "bestmove":
                pass
        self._nothing_unasked()

    def _limit(self, referee: Referee, kind: str) -> str:
        if kind == "nodes":
            return f"nodes {self.limits.nodes}"
        if kind == "stop":
            return "infinite"
        left, added = round(1000 * self._left), round(1000 * self.limits.increment)
        return " ".join(f"{colour}time {left} {colour}inc {added}" for colour in referee.colours)

    def _spend(self, seconds: float) -> None:
        self._left -= seconds
        if self._left < 0:
            self.overstepped, self._left = self.overstepped + 1, self.limits.main
        self._left += self.limits.increment

    def _ask(self, command: str, until: str, patience: float | None = None) -> None:
        self._nothing_unasked()
        self.engine.say(command)
        while (said := self._read(patience)).kind != until:
            if said.kind == "bestmove":
                raise Fault(f"move37: unasked: a best move, {said.moves[0]}")

    def _read(self, patience: float | None = None) -> Said:
        return self._checked(self.engine.line(patience))

    def _checked(self, line: str) -> Said:
        try:
            said = read(line, self.protocol)
        except Fault as fault:
            raise Fault(f"move37: {fault}") from None
        if said.kind == "error":
            raise Fault(f"move37: complains: {line[:300]!r}")
        return said

    def _nothing_unasked(self) -> None:
        for _ in range(self.engine.waiting):
            if self._checked(line := self.engine.line()).kind != "info":
                raise Fault(f"move37: unasked: {line[:200]!r}")

    def _best(self, referee: Referee | None, must_stop: bool = False) -> tuple[str, str]:
        """Read to the best move; the referee checks variations, where there is one for this position.

        `must_stop`: there is none before it is told to stop, which it is after its first report.
        """
        line: tuple[str, ...] = ()
        scored = False
        while (said := self._read()).kind != "bestmove":
            scored = scored or said.has_score
            if must_stop and scored:
                self.engine.say("stop")
                must_stop = False
            if said.moves and referee is not None:
                referee.check(said.moves)
            if said.moves and said.rank == 1:
                line = said.moves
        if must_stop:
            raise Fault(f"move37: a best move without being told to stop, {said.moves[0]}")
        best, expected = (*said.moves, "")[:2]
        if referee is None:
            return best, expected
        if not scored or line[: len(said.moves)] != said.moves:
            raise Fault(f"move37: best move {' ponder '.join(said.moves)} after the variation {' '.join(line)}")
        return best, expected


class Opponent:
    """`COMMAND;NAME=VALUE;nodes=100`: a process with its options and its limit."""

    def __init__(self, protocol: str, text: str):
        """Ready when this returns."""
        spec = read_spec(text, "usi" if protocol == "usi" else "uci")
        words = command_words(spec.command)
        name = words[0].rpartition("/")[2]
        self.engine, self._protocol = Engine(name, words), protocol
        self._limit = spec.limit if spec.limit != STANDARD else _LIMITS.get(name, "depth 2")
        options = [f"setoption name {name} value {value}" for name, value in spec.options]
        offered = self._ask(protocol, lambda line: line.strip() == f"{protocol}ok")
        if protocol == "usi" and any(line.startswith("option name UCI_Variant ") for line in offered):
            options.insert(0, "setoption name UCI_Variant value shogi")
        self.engine.say(*options)
        self._ask("isready", lambda line: line.strip() == "readyok")

    def new_game(self) -> None:
        self.engine.say(NEW_GAME[self._protocol])
        self._ask("isready", lambda line: line.strip() == "readyok")

    def move(self, referee: Referee) -> str:
        self.engine.say(position(referee))
        words = self._ask(f"go {self._limit}", lambda line: line.startswith("bestmove"))[-1].split()
        if len(words) < 2 or not (MOVE[self._protocol].fullmatch(words[1]) or words[1] == "resign"):
            raise Fault(f"{self.engine.name}: {' '.join(words)!r} in {position(referee)[-200:]!r}")
        return words[1]

    def _ask(self, command: str, is_last: Callable[[str], bool]) -> list[str]:
        self.engine.say(command)
        lines: list[str] = []
        while not lines or not is_last(lines[-1]):
            lines.append(self.engine.line())
            if not lines[-1].startswith(("option", "id ")) and _COMPLAINT.search(lines[-1]):
                raise Fault(f"{self.engine.name}: complains: {lines[-1][:200]!r}")
        return lines
