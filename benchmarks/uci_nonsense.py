"""Lines that a broken client might send, over a pipe: all is answered in form, nothing crashes, nothing hangs."""

import random
import sys
import time
from collections import Counter
from typing import Any

from piped import STARTING, Engine, Fault
from referees import ChessReferee, ShogiReferee
from uci_form import read
from uci_players import NEW_GAME, position

_BATCH = 20  # lines, then `isready`
_ENDLESS = ("infinite", "ponder", "movetime 3600000", "nodes 1000000000", "depth 99", "mate infinite")
_BRIEF = ("nodes 1", "nodes 0", "nodes -1", "movetime 1", "movetime 0", "depth 1", "depth -5", "mate 0", "byoyomi 0")
_CLOCKS = ("wtime 1 btime 1", "wtime -99999 btime -1 winc 5", "wtime x", "wtime", "btime 9" + "9" * 30 + " movetime 1")
_GO_WORDS = (*_ENDLESS, *_BRIEF, *_CLOCKS, "searchmoves", "movestogo 0", "movestogo -3", "nodes 1e9", "depth ☃")
_WORDS = (
    *("startpos", "fen", "sfen", "moves", "name", "value", "MultiPV", "Hash", "Threads", "UCI_ShowWDL", "USI_Ponder"),
    *("true", "false", "-1", "0", "1", "3", "256", "99999999999999999999", "-0", "1e400", "nan", "0x10", "７"),
    *("e2e4", "e7e8q", "0000", "7g7f", "P*5e", "8h2b+", "(none)", "resign", "win", "-", "w", "b", "KQkq"),
    *("\x00", "\x1b[2J", "\t", "é", "黒", "x" * 300, "8/8/8/8/8/8/8/8", "9/9/9/9/9/9/9/9/9"),
)


class Nonsense:
    """Lines at random, some of them nearly right."""

    def __init__(self, protocol: str, rng: random.Random):
        """The same for the same generator."""
        self._protocol, self._rng = protocol, rng
        self._referee = ChessReferee if protocol == "uci" else ShogiReferee
        heads = [protocol, "isready", "setoption", NEW_GAME[protocol], "position", "stop", "ponderhit", "d", "debug"]
        self._heads = [*heads, "gameover", "register", "GO", "go:", "bestmove", "info"]

    def lines(self) -> list[bytes]:
        """One line; or a search with what ends it."""
        kind = self._rng.random()
        if kind < 0.1:
            return [bytes(self._rng.randrange(256) for _ in range(self._rng.randrange(60))).replace(b"\n", b" ")]
        if kind < 0.12:
            return [
                self._rng.choice([b"", b" ", b"\xff\xfe", b"go\xc3", b"7" * 5000, b"x" * 100_000, b"\xef\xbb\xbfd"])
            ]
        if kind < 0.3:
            return [self._position().encode()]
        if kind < 0.4:
            return self._search()
        words = [self._rng.choice(_WORDS) for _ in range(self._rng.randrange(8))]
        return [" ".join([self._rng.choice(self._heads), *words]).encode()]

    def _position(self) -> str:
        """Of a game of random moves, whole or with some letters or words changed."""
        rng = self._rng
        line = position(self._referee(rng, rng.randrange(12), rng.random() < 0.5))
        if rng.random() < 0.3:
            return line
        if rng.random() < 0.5:
            words = line.split(" ")
            for _ in range(rng.randrange(1, 3)):
                words[rng.randrange(len(words))] = rng.choice(_WORDS)
            return " ".join(words)
        at = rng.randrange(9, len(line))
        return line[:at] + rng.choice("pPkKqr0189/+ -*☃\x00") + line[at + rng.randrange(2) :]

    def _search(self) -> list[bytes]:
        rng = self._rng
        words = [rng.choice(_GO_WORDS) for _ in range(rng.randrange(4))]
        words += [rng.choice(_WORDS)] * rng.randrange(2)
        ends = [[], ["ponderhit"], ["isready"], ["☃"], ["ponderhit", "ponderhit"], [f"{self._protocol}"]]
        return [line.encode() for line in (" ".join(["go", *words]), *rng.choice(ends), "stop")]


def command_of(line: bytes) -> str:
    """The first word of a line, as any client's reader finds it."""
    return (line.decode("utf-8-sig", errors="replace").split() or [""])[0]


def speak_nonsense(protocol: str, command: list[str], num_lines: int, seed: int) -> dict[str, Any]:
    """What there is to report."""
    engine, rng = Engine("move37", command), random.Random(seed)
    engine.say(protocol, "isready")
    while engine.line(STARTING) != "readyok":
        pass
    nonsense, spoken, faults, slowest, began = Nonsense(protocol, rng), Counter[str](), [], 0.0, time.monotonic()
    try:
        while spoken.total() < num_lines:
            batch = [line for _ in range(_BATCH) for line in nonsense.lines()]
            sent = time.monotonic()
            spoken.update(_Batch(engine, protocol, batch).answers())
            slowest = max(slowest, time.monotonic() - sent)
            if spoken.total() % 1000 < len(batch):
                rate = spoken.total() / (time.monotonic() - began)
                print(f"{spoken.total()} lines, {rate:.0f} a second", file=sys.stderr, flush=True)
        _Batch(engine, protocol, [b"position startpos", b"go nodes 1"]).answers()
        engine.quit()
    except Fault as fault:
        faults.append(f"after {spoken.total()} lines: {fault}")
        engine.kill()
    lines, seconds = spoken.total(), time.monotonic() - began
    report = {"lines": lines, "searches": spoken["go"], "faults": faults, "slowest_batch_s": round(slowest, 2)}
    return report | {"lines_per_second": round(lines / seconds, 1)}


class _Batch:
    """Some lines, and what is said until they have been dealt with."""

    def __init__(self, engine: Engine, protocol: str, lines: list[bytes]):
        """Nothing is said yet."""
        self._engine, self._protocol, self._lines = engine, protocol, [*lines, b"stop", b"isready"]

    def answers(self) -> Counter[str]:
        """The first words of the lines. Raises `Fault` where the answers are not those that are due."""
        commands, heard = Counter(map(command_of, self._lines)), Counter[str]()
        self._engine.say(*self._lines)
        while heard["readyok"] < commands["isready"]:
            line = self._engine.line()
            try:
                said = read(line, self._protocol)
            except Fault as fault:
                raise Fault(f"{fault} for {self._lines}") from None
            if "internal error" in line:
                raise Fault(f"{line!r} for {self._lines}")
            heard[said.kind] += 1
        told = heard["bestmove"] + heard["checkmate"]
        if told != commands["go"] or heard[f"{self._protocol}ok"] != commands[self._protocol]:
            raise Fault(f"{told} moves for {commands['go']} searches: {self._lines}")
        return commands
