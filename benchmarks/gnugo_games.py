"""Games of GNU Go against itself as SGF files: human-like data of known origin, to try datasets and imitation on.

    python benchmarks/gnugo_games.py --out gnugo9 --games 200
    move37 dataset gnugo9 --size 9 --out gnugo9.data

Needs `gnugo` (Debian's package of that name). Each game begins with some random moves, so that no two are alike.
"""

import argparse
import random
import subprocess
from pathlib import Path

from move37.data import sgf
from move37.data.record import BLACK, GameRecord, Move, Player, game_tree, read_result
from move37.games.go import Go


class GnuGo:
    """The engine behind a pipe, spoken to in GTP."""

    def __init__(self, command: str, size: int, komi: float, level: int):
        arguments = [command, "--mode", "gtp", "--chinese-rules", "--positional-superko", "--level", str(level)]
        self._process = subprocess.Popen(arguments, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        for line in (f"boardsize {size}", f"komi {komi}"):
            self.ask(line)

    def ask(self, line: str) -> str | None:
        """The answer to a command; None where it is an error."""
        assert self._process.stdin
        assert self._process.stdout
        self._process.stdin.write(line + "\n")
        self._process.stdin.flush()
        answer = self._process.stdout.readline().strip()
        while self._process.stdout.readline().strip():
            pass
        return answer[1:].strip() if answer.startswith("=") else None


def play(engine: GnuGo, game: Go, rng: random.Random, most_random: int) -> GameRecord:
    """One game, to two passes, a resignation or the limit of moves."""
    engine.ask("clear_board")
    engine.ask(f"set_random_seed {rng.randrange(2**30)}")
    moves: list[Move] = []
    num_random, result = rng.randrange(most_random + 1), ""
    while len(moves) < game.max_num_moves and not result:
        colour = "b" if len(moves) % 2 == 0 else "w"
        answer = None
        while len(moves) < num_random and answer is None:
            vertex = game.format_action(rng.randrange(game.size**2))
            answer = vertex if engine.ask(f"play {colour} {vertex}") is not None else None
        answer = answer or engine.ask(f"genmove {colour}") or "resign"
        if answer.lower() == "resign":
            result = f"{'W' if colour == 'b' else 'B'}+R"
            break
        moves.append(Move(BLACK if colour == "b" else -BLACK, game.parse_action(answer.lower())))
        if all(move.action == game.size**2 for move in moves[-2:]) and len(moves) > 1:
            result = engine.ask("final_score") or ""
    player = Player("GNU Go", bot=True)
    komi, read = game.komi, read_result(result)
    return GameRecord(game.size, komi, "Chinese", moves=tuple(moves), result=read, black=player, white=player)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--games", type=int, default=200)
    parser.add_argument("--size", type=int, default=9)
    parser.add_argument("--komi", type=float, default=7.5)
    parser.add_argument("--level", type=int, default=1)
    parser.add_argument("--random", type=int, default=6, help="moves that a game begins with, at most")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--gnugo", default="/usr/games/gnugo")
    options = parser.parse_args()
    options.out.mkdir(parents=True, exist_ok=True)
    game, engine = Go(options.size, options.komi), GnuGo(options.gnugo, options.size, options.komi, options.level)
    for number in range(options.games):
        record = play(engine, game, random.Random(f"{options.seed} {number}"), options.random)
        (options.out / f"{number:06d}.sgf").write_bytes(sgf.write([game_tree(record)]))
        print(f"\r{number + 1} of {options.games} games", end="", flush=True)
    print()


if __name__ == "__main__":
    main()
