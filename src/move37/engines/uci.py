"""UCI and USI: one conversation, in the words of a `Dialect`, from a pipe to a pipe."""

import contextlib
import sys
import time
import traceback
from collections.abc import Callable, Generator
from dataclasses import dataclass
from typing import BinaryIO, Protocol, runtime_checkable

from move37.core.errors import Move37Error
from move37.engines import uci_info
from move37.engines.clock import DEFAULT_VISITS
from move37.engines.dialect import Dialect
from move37.engines.gtp import Quit, shown
from move37.engines.lines import Lines
from move37.engines.uci_go import Go, parse
from move37.engines.uci_table import Table
from move37.play.thinker import Snapshot, Thinker, ThinkerConfig
from move37.search.stepwise import Evaluator

_INTERVAL = 1.0  # seconds between two reports
_SOON = 0.1  # seconds to the first
_IDLE = 0.01  # seconds between two looks whether somebody speaks, when there is nothing to think
_LONGEST_ERROR = 400


@runtime_checkable
class Inbox(Protocol):
    """What the client says: `Lines`."""

    def waiting(self) -> bool:
        """Whether `take` would answer at once."""

    def take(self) -> str | None:
        """The next line; None behind the last."""


@dataclass(frozen=True)
class UciConfig:
    """What `move37 uci` and `move37 usi` may be told. A client's limits hold beside it."""

    visits: int | None = None  # of the root, a move; None: 800 where nothing else limits a move, else no limit
    seconds: float | None = None  # a move, at most


class Dialogue:
    """What one client may say, and what it is answered."""

    def __init__(
        self,
        name: str,
        dialect: Dialect,
        evaluate: Evaluator,
        inbox: Inbox,
        send: Callable[[str], None],
        config: UciConfig | None = None,
        thinker: ThinkerConfig | None = None,
    ):
        """`send` takes a line without its end. Nothing is compiled before `isready`."""
        self.name, self.dialect, self.config = name, dialect, config or UciConfig()
        self.table, self.thinker = Table(dialect), Thinker(dialect.game, evaluate, thinker)
        self._inbox, self._send = inbox, send
        self._order = ""  # what ended the search that goes on: stop, ponderhit
        self._pondering = False
        self._later: list[str] = []  # what was said while it thought
        self._ready = False
        words = dialect.words
        self._commands: dict[str, Callable[[list[str]], None]] = {
            words.name: self._introduce,
            "isready": self._is_ready,
            "setoption": dialect.options.set,
            words.new_game: lambda _: self.thinker.forget(),
            "position": self.table.set_up,
            "go": self._go,
            "stop": lambda _: self._complain("stop: nothing is being thought about; go begins."),
            "ponderhit": lambda _: self._complain("ponderhit: nothing is being pondered; go ponder begins."),
            "quit": self._quit,
            "d": lambda _: self._show(dialect.game.render(self.table.state)),
            "debug": lambda _: None,
            "gameover": lambda _: None,
        }

    def handle(self, line: str) -> None:
        """A line, and what was said while it was answered. Raises `Quit`; else nothing that a client writes raises."""
        self._later.append(line)
        while self._later:
            self._handle(self._later.pop(0))

    def _handle(self, line: str) -> None:
        command, *words = line.split() or [""]
        try:
            if command in self._commands:
                self._commands[command](words)
            elif command:
                self._unknown(command)
        except Move37Error as error:
            self._complain(str(error))
        except Quit:
            raise
        except Exception as error:  # a fault of ours: the client goes on, and its owner can read what happened
            traceback.print_exc(file=sys.stderr)
            self._complain(f"internal error: {type(error).__name__}: {error}")
            if command == "go":
                self._send(f"bestmove {self._any_move()}")

    def _introduce(self, _: list[str]) -> None:
        for line in (f"id name {self.name}", "id author the move37 authors", *self.dialect.options.lines()):
            self._send(line)
        self._send(f"{self.dialect.words.name}ok")

    def _is_ready(self, _: list[str]) -> None:
        self.warm_up()
        self._send("readyok")

    def warm_up(self) -> None:
        """Compile everything, so that no move waits for it."""
        if self._ready:
            return
        table = Table(self.dialect)
        self.thinker.warm_up(table.state)
        table.set_up(["startpos", "moves", *table.line([min(table.legal())])])
        _ = table.player, self.dialect.is_lost(table.state)
        self._ready = True

    def _show(self, text: str) -> None:
        for line in text.splitlines():
            self._send(f"info string {line}")

    def _complain(self, text: str) -> None:
        text = " ".join(text.split())
        text = text if len(text) <= _LONGEST_ERROR else text[:_LONGEST_ERROR] + "…"
        self._send(f"info string error: {text}")

    def _unknown(self, command: str) -> None:
        self._complain(f"no command {shown(command)!r}; there are: {' '.join(self._commands)}.")

    def _quit(self, _: list[str]) -> None:
        raise Quit

    def _go(self, words: list[str]) -> None:
        self.warm_up()
        state, own = self.table.state, self.dialect.words
        go = parse(words, lambda text: self.dialect.read(state, text))
        for complaint in go.complaints:
            self._complain(complaint)
        if "mate" in go.numbers and own.no_mate_search:
            self._send(own.no_mate_search)
            return
        self._order, self._pondering = "", "ponder" in go.truths
        legal = self.table.legal()
        if not legal:
            score = "mate 0" if self.dialect.is_lost(state) else "cp 0"
            self._answer_without_thought(go, f"info depth 0 score {score}", own.nowhere)
        elif (winner := self.dialect.winner(legal)) is not None:
            [text] = self.table.line([winner])
            self._answer_without_thought(go, f"info depth 1 score mate 1 pv {text}", text)
        else:
            self._think(go, legal)

    def _answer_without_thought(self, go: Go, info: str, best: str) -> None:
        self._send(info)
        while go.endless and not self._is_interrupted():
            time.sleep(_IDLE)
        self._send(f"bestmove {best}")

    def _think(self, go: Go, legal: set[int]) -> None:
        """Reports on the way, one at the end, and the best move."""
        avoid = frozenset(legal - go.only) if go.only else frozenset()
        began = time.monotonic()
        self.thinker.go_to(self.table.state, self.table.origin, self.table.actions, avoid)
        before = self.thinker.visits

        def report() -> Snapshot:
            return self._report(began, before)

        due = began
        if go.endless:
            self._run(self.thinker.think(stop=self._is_interrupted), report)
            if not self._order:  # the tree is full: all that there will be
                report()
            while not self._is_interrupted():
                time.sleep(_IDLE)
            due = time.monotonic()
        if self._order != "stop":
            self._order = ""
            visits, seconds = self._limits(go)
            left = None if seconds is None else max(0.0, seconds - (time.monotonic() - due))
            self._run(self.thinker.think(visits, left, lambda: self._is_interrupted() or self._found(go)), report)
        best = uci_info.ranked(report().moves)[0]
        move, *answer = self.table.line(best.line[:2])
        self._send(f"bestmove {move}" + (f" ponder {answer[0]}" if answer else ""))

    def _run(self, thoughts: Generator[int, None, None], report: Callable[[], Snapshot]) -> None:
        """To their end, with a report soon, but none of a search that is over by then, and then now and again."""
        told = time.monotonic() - _INTERVAL + _SOON
        with contextlib.closing(thoughts):
            for _ in thoughts:
                if time.monotonic() - told >= _INTERVAL:
                    told = time.monotonic()
                    report()

    def _report(self, began: float, before: int) -> Snapshot:
        """Send what the search says, which is returned."""
        snapshot, options = self.thinker.snapshot(), self.dialect.options
        effort = uci_info.Effort(self.thinker.depth, time.monotonic() - began, snapshot.visits - before)
        mate_plies, wdl = self.dialect.words.mate_plies, options.is_on("UCI_ShowWDL")
        for line in uci_info.report(snapshot, effort, options.number("MultiPV"), mate_plies, wdl, self.table.line):
            self._send(line)
        return snapshot

    def _limits(self, go: Go) -> tuple[int | None, float | None]:
        """Visits and seconds of a move."""
        words, num_plies = self.dialect.words, len(self.table.actions)
        lag = self.dialect.options.number("Move Overhead") / 1000
        seconds = go.seconds(words.colours[self.table.player], words.num_plies - num_plies, lag)
        if self.config.seconds is not None:
            seconds = min(self.config.seconds, seconds or self.config.seconds)
        visits = [v for v in (go.numbers.get("nodes"), self.config.visits) if v is not None]
        if not visits and seconds is None and not go.numbers.keys() & {"depth", "mate"}:
            visits = [DEFAULT_VISITS]
        return (max(1, min(visits)) if visits else None), seconds

    def _found(self, go: Go) -> bool:
        """Whether the depth or the mate that is wanted has been reached."""
        if not go.numbers.keys() & {"depth", "mate"}:
            return False
        best = uci_info.ranked(self.thinker.snapshot().moves)[0]
        deep = len(best.line) >= go.numbers.get("depth", len(best.line) + 1)
        return deep or 0 < best.proof <= self.dialect.words.mate_plies * go.numbers.get("mate", 0)

    def _is_interrupted(self) -> bool:
        """Whether a client ends the search. Other commands that it gives end it too, and are obeyed afterwards."""
        while not self._order and self._inbox.waiting():
            line = self._inbox.take()
            command = "quit" if line is None else (line.split() or [""])[0]
            if command == "isready":
                self._is_ready([])
            elif command == "stop" or (command == "ponderhit" and self._pondering):
                self._order, self._pondering = command, False
            elif command == "ponderhit":
                self._commands[command]([])
            elif command in self._commands:
                self._order = "stop"
                self._later.append("quit" if line is None else line)
            elif command:
                self._unknown(command)
        return bool(self._order)

    def _any_move(self) -> str:
        legal = self.table.legal()
        return self.table.line([min(legal)])[0] if legal else self.dialect.words.nowhere


def serve(dialogue: Dialogue, lines: Lines) -> None:
    """Answer until `quit`, or until nobody is there any more."""
    with contextlib.suppress(Quit):
        while (line := lines.take()) is not None:
            dialogue.handle(line)


def sender(sink: BinaryIO) -> Callable[[str], None]:
    """Writes lines to a pipe, each at once."""

    def send(line: str) -> None:
        sink.write(line.encode("utf-8", errors="replace") + b"\n")
        sink.flush()

    return send
