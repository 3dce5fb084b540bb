"""Curves of several runs on one scale: what does a minute of training bring, with the rules and without?

python benchmarks/curves.py RUN OTHER                  (runs of any recipes that play one game for two)
python benchmarks/curves.py RUN OTHER --nets 8 --games 60 --simulations 128 --against mcts:1000

Up to `--nets` of the nets that each run has kept, evenly spaced, and its last. Each meets random play, `--against`, the
net before it in its own run, and in every other run the net that had trained for as long; ratings come from all games
jointly, those of the last nets from as many games again. Prints a table and what the last nets differ by; draws
ratings by minutes of wall-clock.
"""

import argparse
import itertools
from pathlib import Path

import jax
import matplotlib
import numpy as np

from move37.cli.common import Skill, agent, short_name
from move37.core.errors import BadConfig, BadRun
from move37.play.arena import bradley_terry, play_match
from move37.play.players import basic_player
from move37.run import checkpoints
from move37.run.directory import Run
from move37.run.files import write_atomic

matplotlib.use("Agg")
from matplotlib import pyplot as plt


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("runs", nargs="+", type=Path)
    parser.add_argument("--nets", type=int, default=6, help="of each run (6)")
    parser.add_argument("--games", type=int, default=40, help="of each pair (40)")
    parser.add_argument("--simulations", type=int, default=64, help="of each move (64)")
    parser.add_argument("--against", nargs="*", default=[], help="players beside random: greedy, mcts:N, solver")
    parser.add_argument("--openings", type=int, default=4, help="random moves that a game begins with, at most (4)")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--out", type=Path, default=Path("curves.png"))
    options = parser.parse_args()
    runs = [Run.open(path) for path in options.runs]
    names = {run.about["game"] for run in runs}
    if len(names) > 1:
        raise BadConfig(f"the runs play {', '.join(sorted(names))}: take runs of one game.")
    if len({short_name(run) for run in runs}) < len(runs):
        raise BadConfig("two of the runs have one name: rename a folder.")
    game, nets = None, {}
    for run in runs:
        minutes = {row["iteration"]: row["seconds"] / 60 for row in run.metrics()}
        kept = checkpoints.steps(run.path / "nets")
        if not kept:
            raise BadRun(f"{run.path} has no net yet.")
        chosen = sorted({kept[round(i)] for i in np.linspace(len(kept) - 1, 0, options.nets)})
        nets[short_name(run)] = curve = []
        for iteration in chosen:
            game, player = agent(f"{run.path}@{iteration}", Skill(options.simulations))
            curve.append((minutes[iteration], player))
    rows = {row.name: row for row in bradley_terry(list(matches(game, nets, options)))}

    figure, axis = plt.subplots(figsize=(8, 5), layout="constrained")
    print(f"\n{'net':<32}{'minutes':>9}{'rating':>8}{'±':>6}")
    for run, curve in nets.items():
        rated = [(minutes, rows[player.name]) for minutes, player in curve]
        for minutes, row in rated:
            print(f"{row.name:<32}{minutes:>9.1f}{row.points:>8.0f}{row.plus_minus:>6.0f}")
        x, y, width = zip(*((m, row.points, row.plus_minus) for m, row in rated), strict=True)
        axis.errorbar(x, y, width, marker="o", capsize=3, label=run)
    for i, name in enumerate(options.against):
        print(f"{name:<32}{'':>9}{rows[name].points:>8.0f}{rows[name].plus_minus:>6.0f}")
        axis.axhline(rows[name].points, color="black", linestyle=("--", ":", "-.")[i % 3], label=name)
    for one, two in itertools.combinations(nets, 2):
        lasts = [rows[nets[run][-1][1].name].points for run in (one, two)]
        print(f"{one} − {two}, at the end: {lasts[0] - lasts[1]:+.0f}")
    axis.set(xlabel="minutes of training", ylabel="rating, random play at 0")
    axis.legend()
    axis.grid(alpha=0.3)
    write_atomic(options.out, lambda file: figure.savefig(file, format="png", dpi=120))
    print(options.out)


def matches(game, nets, options):
    """Each as it is played; told of on the way."""
    others = [basic_player(name, game) for name in ("random", *options.against)]
    for number, (one, two) in enumerate(pairs(nets, others)):
        key = jax.random.fold_in(jax.random.key(options.seed), number)
        last = all(player in [curve[-1][1] for curve in nets.values()] for player in (one, two))
        match = play_match(game, one, two, options.games * (2 if last else 1), key, options.openings)
        print(f"{match.first} – {match.second}: {match}", flush=True)
        yield match


def pairs(nets, others):
    """Who meets whom."""
    for curve in nets.values():
        for i, (_, player) in enumerate(curve):
            yield from ((player, other) for other in others)
            if i:
                yield player, curve[i - 1][1]
    for one, two in itertools.combinations(nets.values(), 2):
        met = {(id(a), id(nearest(minutes, two))): (a, nearest(minutes, two)) for minutes, a in one}
        met |= {(id(nearest(minutes, one)), id(b)): (nearest(minutes, one), b) for minutes, b in two}
        met[id(one[-1][1]), id(two[-1][1])] = one[-1][1], two[-1][1]
        yield from met.values()


def nearest(minutes, curve):
    """The player that had trained for about as long."""
    return min(curve, key=lambda point: abs(point[0] - minutes))[1]


if __name__ == "__main__":
    main()
