"""How many steps does MuZero need to learn a world of Gymnasium? Several seeds, beside the same without one option.

python benchmarks/control.py CartPole-v1 --bar 475
python benchmarks/control.py CartPole-v0 --bar 200 --iterations 5 --moves 31 --exam-every 1 --value -1 12 105
python benchmarks/control.py CartPole-v1 --bar 475 --without reanalyze searched_values consistency

Prints for each seed the positions learned from (the last steps are still in flight then) and the seconds at the first
exam that reached the bar, and the mean return of 100 episodes of the last net (its search without noise); then medians.
A finished run is not made again. Draws returns by positions into runs/benchmark-control-ENV.png.
"""

import argparse
import dataclasses
from pathlib import Path

import numpy as np
from seeds import draw, trained

from move37.play.actors import Trials
from move37.recipes import muzero


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("env", help="as Gymnasium names it")
    parser.add_argument("--bar", type=float, required=True, help="the return that counts as solved")
    parser.add_argument("--seeds", nargs="*", type=int, default=[0, 1, 2])
    parser.add_argument("--iterations", type=int, help="of each run; by default the preset's")
    parser.add_argument("--moves", type=int, help="of each of the copies in an iteration; by default the preset's")
    parser.add_argument("--exam-every", type=int, help="iterations; by default the preset's")
    parser.add_argument(
        "--value",
        nargs=3,
        type=float,
        metavar=("LOW", "HIGH", "BINS"),
        help="support of the value, in scaled numbers: its middle is what the net hopes for before it has learned",
    )
    parser.add_argument("--without", nargs="*", default=[], choices=list(OFF), help="options to do without, one by one")
    parser.add_argument("--episodes", type=int, default=100, help="of the measurement at the end")
    options = parser.parse_args()
    curves = {}
    for name in ("preset", *options.without):
        runs = [train(name, seed, options) for seed in options.seeds]
        rows = [[row for row in run.metrics() if "trial_return" in row] for run in runs]
        curves[name] = [[(row["positions"], row["trial_return"]) for row in r] for r in rows]
        ends = [measure(run, options.episodes) for run in runs]
        print(f"\n{options.env}, {'preset' if name == 'preset' else f'without {name}'}")
        last = f"return of {options.episodes}"
        print(f"{'seed':>6}{'positions':>14}{'seconds':>9}{'at end':>8}{'seconds':>9}{last:>16}")
        for seed, exams, end in zip(options.seeds, rows, ends, strict=True):
            first = next((row for row in exams if row["trial_return"] >= options.bar), None)
            reached = (f"{first['positions']:.0f}", f"{first['seconds']:.0f}") if first else ("never", "")
            steps, seconds = exams[-1]["positions"], exams[-1]["seconds"]
            print(f"{seed:>6}{reached[0]:>14}{reached[1]:>9}{steps:>8.0f}{seconds:>9.0f}{end:>16.1f}")
        print(f"median return {np.median(ends):.1f}, from {min(ends):.1f} to {max(ends):.1f}")
    labels = {name if name == "preset" else f"without {name}": seeds for name, seeds in curves.items()}
    path = Path("runs") / f"benchmark-control-{options.env}.png"
    print(draw(path, labels, np.median, "positions", f"return in {options.env}", (options.bar, "bar")))


OFF = {
    "reanalyze": lambda c: dataclasses.replace(c, reanalyze=0, searched_values=None),
    "searched_values": lambda c: dataclasses.replace(c, searched_values=None),
    "fresh_values": lambda c: dataclasses.replace(c, fresh_values=False),
    "consistency": lambda c: dataclasses.replace(c, net=dataclasses.replace(c.net, consistency=0.0)),
}


def train(name, seed, options):
    """A finished run with the preset, or without one of its options."""
    config = muzero.preset("laptop", f"gym:{options.env}")
    asked = {"iterations": options.iterations, "exam_every": options.exam_every}
    config = dataclasses.replace(config, **{key: value for key, value in asked.items() if value is not None})
    if options.moves is not None:
        config = dataclasses.replace(config, play=dataclasses.replace(config.play, moves=options.moves))
    if options.value is not None:
        low, high, bins = options.value
        support = dataclasses.replace(config.net.value, low=low, high=high, bins=int(bins))
        config = dataclasses.replace(config, net=dataclasses.replace(config.net, value=support))
    config = config if name == "preset" else OFF[name](config)
    path = Path("runs") / f"benchmark-control-{options.env}-{name}-{seed}"
    return trained(muzero, path, f"gym:{options.env}", config, seed)


def measure(run, episodes):
    """The mean return of many whole episodes by the run's own search, without noise."""
    world, config, net, _ = muzero.load(run)
    return Trials(world, config.search, episodes).sit(net)["trial_return"]


if __name__ == "__main__":
    main()
