"""Does it pay to learn that there is chance? MuZero and Stochastic MuZero on one budget, several seeds each.

python benchmarks/chance.py offers
python benchmarks/chance.py game_2048 --iterations 20 --seeds 1
python benchmarks/chance.py offers --recipes muzero --seeds 1 2     (a part; runs that there are are not made again)

The budget is the number of iterations of the preset: equal moves, simulations and updates. Prints, for each recipe, the
mean return of many whole episodes of each run's last net (search without noise), the mean over seeds, and wall-clock;
for `offers` also the return of optimal play. Draws the curves into runs/benchmark-chance-GAME.png.
"""

import argparse
import dataclasses
from pathlib import Path

import numpy as np
from seeds import draw, trained

from move37.games import offers
from move37.models.chance import imagination
from move37.play.trials import GameTrials
from move37.recipes import muzero, stochastic_muzero

RECIPES = {"muzero": muzero, "stochastic_muzero": stochastic_muzero}


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("game")
    parser.add_argument("--recipes", nargs="*", default=list(RECIPES), choices=list(RECIPES))
    parser.add_argument("--seeds", nargs="*", type=int, default=[1, 2, 3])
    parser.add_argument("--iterations", type=int, help="of each run; by default the preset's")
    parser.add_argument("--preset", default="laptop")
    parser.add_argument("--episodes", type=int, default=512, help="of the measurement at the end")
    options = parser.parse_args()
    curves = {}
    for name in options.recipes:
        runs = [train(name, seed, options) for seed in options.seeds]
        rows = [run.metrics() for run in runs]
        curves[name] = [[(row["positions"], row["trial_return"]) for row in r if "trial_return" in row] for r in rows]
        ends = [measure(RECIPES[name], run, options.episodes) for run in runs]
        each = ", ".join(f"{mean:.2f} ± {error:.2f}" for mean, error in ends)
        seconds = np.mean([r[-1]["seconds"] for r in rows])
        print(f"{name}: return {np.mean([mean for mean, _ in ends]):.2f}; by seed {each}; {seconds:.0f} s a run")
    best = None
    if options.game == "offers":
        best = offers.best_return(), "optimal"
        print(f"optimal play: {best[0]:.3f}")
    path = Path("runs") / f"benchmark-chance-{options.game}.png"
    print(draw(path, curves, np.mean, "positions", "return of trial episodes", best))


def train(name, seed, options):
    """A finished run of a recipe."""
    recipe = RECIPES[name]
    config = recipe.preset(options.preset, options.game)
    if options.iterations is not None:
        config = dataclasses.replace(config, iterations=options.iterations)
    path = Path("runs") / f"benchmark-chance-{options.game}-{name}-{seed}"
    return trained(recipe, path, options.game, config, seed)


def measure(recipe, run, episodes):
    """(mean, its standard error) of the returns of many whole episodes by the run's own search, without noise."""
    game, config, net, _ = recipe.load(run)
    returns = GameTrials(game, type(imagination(net)), config.search, episodes).returns(net)
    return returns.mean(), returns.std() / episodes**0.5


if __name__ == "__main__":
    main()
