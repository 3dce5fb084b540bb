"""Games over pipes against GNU Go: faults of the protocol, who won, and how soon `kata-analyze` speaks.

    python benchmarks/gtp_games.py runs/go --games 200 --levels 1 5 10 --visits 50

A fault is an answer that is not in GTP's form, an error in answer to a command that ought to succeed, a move that the
other side calls illegal, or silence for a minute. Colours change from game to game; GNU Go counts the finished games.
"""

import argparse
import json
import re
import shutil
import sys
import time
from collections import Counter
from typing import Any

from piped import MOVE37, STARTING, Engine, Fault

GNU_GO = "--mode gtp --chinese-rules --positional-superko --never-resign --capture-all-dead"
HEAD = re.compile(r"[=?](\d*)( .*)?$")


class GtpEngine(Engine):
    """One that speaks GTP."""

    number = 0  # of the last command

    def ask(self, command: str, patience: float | None = None) -> str:
        self.number += 1
        self.say(f"{self.number} {command}")
        lines = []
        while line := self.line(patience):
            lines.append(line)
        head = HEAD.match(lines[0]) if lines else None
        if head is None or head[1] != str(self.number) or lines[0][0] != "=":
            raise Fault(f"{self.name}: {command!r} was answered with {lines[:2]}")
        return "\n".join([(head[2] or "").strip(), *lines[1:]])


def play(black: GtpEngine, white: GtpEngine, size: int, komi: float) -> tuple[list[str], str]:
    """Moves, and the winner: b, w or 0."""
    for engine in (black, white):
        for command in (f"boardsize {size}", "clear_board", f"komi {komi}"):
            engine.ask(command)
    moves: list[str] = []
    while moves[-2:] != ["PASS", "PASS"] and len(moves) < 3 * size**2:
        mover, other, colour = (black, white, "b") if len(moves) % 2 == 0 else (white, black, "w")
        move = mover.ask(f"genmove {colour}").upper()
        if move == "RESIGN":
            return moves, "w" if colour == "b" else "b"
        other.ask(f"play {colour} {move}")
        moves.append(move)
    gnu_go = white if white.name == "GNU Go" else black
    return moves, gnu_go.ask("final_score")[:1].lower()


def first_lines(engine: GtpEngine, count: int) -> list[float]:
    """Seconds from `kata-analyze` to its first line, at the start and after each of some moves."""
    engine.ask("clear_board")
    found = []
    for i in range(count):
        began = time.monotonic()
        engine.say("kata-analyze interval 10")
        while not engine.line().startswith("info"):
            pass
        found.append(time.monotonic() - began)
        engine.say("")
        while engine.line():
            pass
        engine.ask(f"genmove {'bw'[i % 2]}")
    return found


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("run", help="RUN or RUN@ITERATION of a game of Go")
    parser.add_argument("--games", type=int, default=200)
    parser.add_argument("--levels", type=int, nargs="+", default=[1, 5, 10], help="of GNU Go, in turns")
    parser.add_argument("--size", type=int, default=9)
    parser.add_argument("--komi", type=float, default=7.5)
    parser.add_argument("--visits", type=int, default=50)
    parser.add_argument("--options", default="", help="more for move37 gtp, as one word")
    options = parser.parse_args()
    gnu_go = shutil.which("gnugo") or shutil.which("gnugo", path="/usr/games")
    if gnu_go is None:
        sys.exit("GNU Go is not installed: apt-get install gnugo")
    start = [*MOVE37, "gtp", options.run, "--resign", "0"]
    began = time.monotonic()
    ours = GtpEngine("move37", [*start, "--visits", str(options.visits), *options.options.split()])
    ours.ask("name", patience=STARTING)
    ready = time.monotonic() - began
    latencies = sorted(first_lines(ours, 20))
    faults, results, moves_played = [], Counter[str](), 0
    for number in range(options.games):
        level = options.levels[number % len(options.levels)]
        other = GtpEngine("GNU Go", [gnu_go, *GNU_GO.split(), "--level", str(level), "--seed", str(number + 1)])
        sides = (ours, other) if number % 2 == 0 else (other, ours)
        try:
            moves, winner = play(*sides, options.size, options.komi)
            moves_played += len(moves)
            won = winner == "bw"[number % 2]
            results[f"level {level}: {'won' if won else 'lost'}"] += 1
        except Fault as fault:
            faults.append(f"game {number + 1}: {fault}")
            if ours.process.poll() is not None:
                break
        finally:
            other.kill()
        print(f"\r{number + 1} games, {len(faults)} faults", end="", file=sys.stderr)
    ours.ask("quit")
    report: dict[str, Any] = {
        "games": options.games,
        "moves": moves_played,
        "faults": faults,
        "results": dict(sorted(results.items())),
        "seconds_to_ready": round(ready, 1),
        "first_line_median_s": round(latencies[len(latencies) // 2], 3),
        "first_line_max_s": round(latencies[-1], 3),
        "seconds": round(time.monotonic() - began),
    }
    print("\n" + json.dumps(report, indent=2))


if __name__ == "__main__":
    main()
