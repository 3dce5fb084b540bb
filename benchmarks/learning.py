"""What an agent learns on this machine: train a preset from nothing, then measure it.

python benchmarks/learning.py tic_tac_toe
python benchmarks/learning.py connect_four --versus random mcts:1000
python benchmarks/learning.py othello_6x6 --versus random greedy
python benchmarks/learning.py tic_tac_toe --recipe muzero         (without the rules)
python benchmarks/learning.py connect_four --run runs/NAME        (measure a run that there is)

Prints the wall-clock of the training with all compilation; the share of moves that keep a known result, where the game
is solved; for tic-tac-toe all lines of play against the agent, both colours; matches; memory; the rating curve.
"""

import argparse
import time
from pathlib import Path

import jax

from move37.cli.common import Skill, agent, load_net, recipe_of
from move37.play.arena import play_match
from move37.play.exam import Exam, play_all_lines
from move37.play.players import basic_player
from move37.run.directory import Run


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("game")
    parser.add_argument("--recipe", default="alphazero", help="one that learns boards: alphazero, muzero, …")
    parser.add_argument("--preset", default="laptop")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--run", type=Path, help="measure this run; it is trained if it does not exist")
    parser.add_argument("--versus", nargs="*", default=[], help="random, greedy, mcts:N, solver")
    parser.add_argument("--games", type=int, default=50)
    parser.add_argument("--simulations", type=int, default=128)
    parser.add_argument("--average", action="store_true", help="evaluate positions in all symmetries, in matches")
    options = parser.parse_args()
    recipe = recipe_of(options.recipe)
    path = options.run or Path("runs") / f"benchmark-{options.recipe}-{options.game}-{options.seed}"
    if not path.exists():
        began = time.monotonic()
        config = recipe.preset(options.preset, options.game)
        run = Run.create(path, options.recipe, options.game, config, options.seed)
        recipe.train(config, run)
        print(f"trained in {time.monotonic() - began:.0f} s of wall-clock")
    measure(Run.open(path), options)


def measure(run, options):
    _, game, net, iteration = load_net(str(run.path), latent=True)
    _, player = agent(str(run.path), Skill(options.simulations, options.average))
    rows = run.metrics()
    print(f"{run.path}, iteration {iteration}, {rows[-1]['games']:.0f} games, {rows[-1]['seconds']:.0f} s")
    exam = Exam(game, options.simulations).sit(net)
    print({name: round(value, 4) for name, value in exam.items()})
    if game.name == "tic_tac_toe":
        for first in (True, False):
            print(f"all lines of play, agent {'first' if first else 'second'}: {play_all_lines(game, player, first)}")
    for opponent in options.versus:
        for openings in (0, 4):
            match = play_match(game, player, basic_player(opponent, game), options.games, jax.random.key(1), openings)
            print(f"{match.first} – {match.second}, openings of up to {openings} random moves: {match}", flush=True)
    ratings = [(round(row["seconds"] / 60, 1), round(row["rating"])) for row in rows if "rating" in row]
    print("minutes, rating:", *ratings)
    late = [row["memory_mib"] for row in rows if row["seconds"] > 600]
    if late:
        print(f"memory after the first ten minutes: {min(late):.0f} to {max(late):.0f} MiB")


if __name__ == "__main__":
    main()
