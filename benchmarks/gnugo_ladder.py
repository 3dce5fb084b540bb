"""A run's rating beside GNU Go's on 9×9: random play, levels 1, 5 and 10, and its Monte Carlo mode.

python benchmarks/gnugo_ladder.py RUN --games 40
python benchmarks/gnugo_ladder.py RUN RUN@50 --games 200 --simulations 800 --out ladder.json --sgf games/

Everyone plays everyone, each opening twice with colours swapped; with --gauntlet only the first run plays, against
each other one (far shorter: GNU Go's Monte Carlo mode takes minutes a game against itself). Prints the table of
`move37 arena` with 95 % intervals; random play stands at 0, in a gauntlet the run.
Needs GNU Go: apt-get install gnugo.
"""

import argparse
import sys

from move37.cli import main as move37

RULES = "--mode gtp --chinese-rules --positional-superko --never-resign"
ENGINES = {
    "gnugo-1": f"gnugo {RULES} --level 1",
    "gnugo-5": f"gnugo {RULES} --level 5",
    "gnugo-10": f"gnugo {RULES} --level 10",
    "gnugo-mc": f"gnugo {RULES} --monte-carlo --mc-games-per-level {{games}} --level 10",
}


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("runs", metavar="RUN", nargs="*", help="RUN or RUN@ITERATION; none: GNU Go alone")
    parser.add_argument("--games", type=int, default=40, help="of each pair (40)")
    parser.add_argument("--mc-games", type=int, default=800, help="of GNU Go's Monte Carlo mode, a level (800)")
    parser.add_argument("--game", default="go_9x9")
    for name in ("simulations", "seed", "at-once", "timeout", "sgf", "record", "out"):
        parser.add_argument(f"--{name}", metavar="X", help="as in `move37 arena`")
    parser.add_argument("--gauntlet", action="store_true", help="as in `move37 arena`")
    options = parser.parse_args()
    names = ("game", "games", "simulations", "seed", "at_once", "timeout", "sgf", "record", "out")
    chosen = {name: value for name in names if (value := getattr(options, name)) is not None}
    engines = [f"{name}=gtp:{command.format(games=options.mc_games)}" for name, command in ENGINES.items()]
    players = [*options.runs, "random", *engines] if options.gauntlet else ["random", *engines, *options.runs]
    arguments = [f"--{name.replace('_', '-')}={value}" for name, value in chosen.items()]
    arguments += ["--gauntlet"] if options.gauntlet else []
    sys.argv = ["move37", "arena", *players, *arguments]
    move37()


if __name__ == "__main__":
    main()
