"""Games over pipes of `move37 uci` or `move37 usi` against other engines, or nonsense for it: faults of the protocol.

    python benchmarks/uci_games.py runs/chess --games 200 --nodes 24 --opponents stockfish 'gnuchess -u;depth=2'
    python benchmarks/uci_games.py runs/shogi --games 200 --nodes 24
    python benchmarks/uci_games.py runs/chess --nonsense 10000

A fault is a move that python-chess or cshogi calls illegal, in play or in a variation; a line that is not in the
protocol's form; a best move that does not begin the last variation, or that nobody asked for; silence for a minute; a
complaint of either side; another exit code than 0. Opponents take turns, colours change, games begin with up to six
random moves, told as moves or as a position. Our limit changes from move to move: nodes, a clock, pondering, `stop`.
"""

import argparse
import itertools
import json
import random
import sys
import time
from collections import Counter
from typing import Any

from piped import MOVE37, Fault
from referees import ChessReferee, ShogiReferee
from uci_nonsense import speak_nonsense
from uci_players import KINDS, Limits, Opponent, Ours, Referee

from move37.cli.common import split_spec

OPPONENTS = {"uci": ["stockfish", "gnuchess -u"], "usi": ["fairy-stockfish", "gpsusi"]}
MOST_PLIES = 400
MOST_RANDOM = 6
THOUGHT = 0.1  # seconds of pondering on what the opponent has already decided to play


def play(ours: Ours, other: Opponent, referee: Referee, side: int) -> str:
    """To the end; how it ended for us, who have this side.

    Every other time we ponder on the move that the opponent is going to play, since a weak player foresees few.
    """
    ours.new_game()
    other.new_game()
    kinds, oracle = itertools.cycle(KINDS), itertools.cycle([True, False])
    kind, told = next(kinds), False
    while (result := referee.result()) is None and len(referee.moves) < MOST_PLIES:
        if referee.turn != side:
            move = other.move(referee)
            if move == "resign":
                result = side
                break
            if told and move != "win":
                ours.ponder(referee, move)
                time.sleep(THOUGHT)
            _push(referee, move, other.engine.name)
            continue
        move, expected = ours.move(referee, kind)
        _push(referee, move, ours.engine.name)
        kind = next(kinds)
        told = kind == "ponder" and next(oracle)
        if kind == "ponder" and not told and expected and referee.result() is None:
            ours.ponder(referee, expected)
    ours.end_game()
    return "capped" if result is None else {side: "won", 1 - side: "lost"}.get(result, "drawn")


def _push(referee: Referee, move: str, name: str) -> None:
    try:
        referee.push(move)
    except Fault as fault:
        raise Fault(f"{name}: {fault}") from None


class Hall:
    """Engines that go on from game to game, and are replaced after a fault."""

    def __init__(self, protocol: str, command: list[str], limits: Limits):
        """Nothing is started yet."""
        self._protocol, self._command, self._limits = protocol, command, limits
        self._ours: list[Ours] = []  # the last one plays
        self._ended = True  # by us; else it died by itself
        self._others: dict[str, Opponent] = {}

    def ours(self) -> Ours:
        if not self._ours or self._ours[-1].engine.process.poll() is not None:
            if not self._ended:
                self._ended = True
                raise Fault(f"ours ended between two games, exit code {self._ours[-1].engine.process.poll()}")
            self._ours.append(Ours(self._protocol, self._command, self._limits))
            self._ended = False
        return self._ours[-1]

    def other(self, name: str) -> Opponent:
        if name not in self._others:
            self._others[name] = Opponent(self._protocol, name)
        return self._others[name]

    def clear(self) -> None:
        """After a fault nobody knows who still waits for what."""
        for player in (*self._ours[-1:], *self._others.values()):
            player.engine.kill()
        self._others.clear()
        self._ended = True

    def close(self) -> dict[str, int]:
        """End all in peace; what was counted. Raises `Fault`."""
        for other in self._others.values():
            other.engine.kill()
        if self._ours and not self._ended:
            self._ours[-1].engine.quit()
        hits, overstepped = (sum(getattr(one, name) for one in self._ours) for name in ("hits", "overstepped"))
        return {"ponder_hits": hits, "clock_overstepped": overstepped}


def play_games(protocol: str, command: list[str], options: argparse.Namespace) -> dict[str, Any]:
    """What there is to report."""
    hall = Hall(protocol, command, Limits(options.nodes, *options.clock))
    opponents = options.opponents or OPPONENTS[protocol]
    faults, results, num_moves, began = [], Counter[str](), 0, time.monotonic()
    for number in range(options.games):
        rng = random.Random(1000 * options.seed + number // 2)
        name, side = opponents[number // 2 % len(opponents)], number % 2
        begin = ChessReferee if protocol == "uci" else ShogiReferee
        referee = begin(rng, rng.randrange(MOST_RANDOM + 1), number // 2 % 3 == 2)
        try:
            results[f"{name}: {play(hall.ours(), hall.other(name), referee, side)}"] += 1
        except Fault as fault:
            faults.append(f"game {number + 1}, {name}, ply {len(referee.moves)}: {fault}")
            hall.clear()
        num_moves += len(referee.moves)
        so_far = f"{number + 1} games, {num_moves} moves, {len(faults)} faults, {time.monotonic() - began:.0f} s"
        print(so_far, file=sys.stderr, flush=True)
    counts: dict[str, int] = {}
    try:
        counts = hall.close()
    except Fault as fault:
        faults.append(f"at the end: {fault}")
    report = {"games": options.games, "moves": num_moves, "faults": faults, "results": dict(sorted(results.items()))}
    return report | counts


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("run", help="RUN or RUN@ITERATION of chess (UCI) or shogi (USI)")
    parser.add_argument("--games", type=int, default=200)
    parser.add_argument("--opponents", nargs="+", help="in turns, as COMMAND;NAME=VALUE;nodes=100")
    parser.add_argument("--nodes", type=int, default=24, help="of our moves that are limited by nodes")
    parser.add_argument("--clock", type=float, nargs=2, default=(5.0, 0.3), help="seconds: for a game, added a move")
    parser.add_argument("--seed", type=int, default=0, help="of the first moves, and of nonsense")
    parser.add_argument("--nonsense", type=int, default=0, metavar="N", help="no games: so many lines of nonsense")
    parser.add_argument("--options", default="", help="more for move37, as one word")
    options = parser.parse_args()
    protocol = "usi" if split_spec(options.run)[0].about["game"].startswith("shogi") else "uci"
    command, began = [*MOVE37, protocol, options.run, *options.options.split()], time.monotonic()
    if options.nonsense:
        report = speak_nonsense(protocol, [*command, "--visits", "1"], options.nonsense, options.seed)
    else:
        report = play_games(protocol, command, options)
    print(json.dumps(report | {"seconds": round(time.monotonic() - began)}, indent=2))
    sys.exit(bool(report["faults"]))


if __name__ == "__main__":
    main()
