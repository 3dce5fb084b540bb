"""What benchmarks over several seeds share: a run that is not made twice, and their curves in one picture."""

from pathlib import Path

import matplotlib
import numpy as np

from move37.run.config import to_json
from move37.run.directory import Run

matplotlib.use("Agg")
from matplotlib import pyplot as plt


def trained(recipe, path, game, config, seed):
    """A finished run: the one that there is, or a new one. SystemExit if there is another, or one that was stopped."""
    name = recipe.__name__.rpartition(".")[2]
    if not path.exists():
        run = Run.create(path, name, game, config, seed)
        recipe.train(config, run)
    run = Run.open(path)
    rows = run.metrics()
    if run.about["config"] != to_json(config):
        raise SystemExit(f"{path} was made with other options: remove it, or move it away.")
    if not rows or rows[-1]["iteration"] < config.iterations:
        raise SystemExit(f"{path} was stopped: `move37 resume {path}` finishes it; or remove it.")
    return run


def draw(path, curves, middle, unit, what, line=None):
    """`curves`: label → [(x, y), …] of each seed, thin; their `middle` (np.mean, …) thick. `line`: (y, label)."""
    for color, (label, seeds) in zip(plt.rcParams["axes.prop_cycle"].by_key()["color"], curves.items(), strict=False):
        for curve in seeds:
            plt.plot(*zip(*curve, strict=True), color=color, linewidth=0.7)
        shortest = min(map(len, seeds))
        thick = middle(np.array([curve[:shortest] for curve in seeds]), axis=0)
        plt.plot(thick[:, 0], thick[:, 1], color=color, linewidth=2.5, label=label)
    if line is not None:
        plt.axhline(line[0], color="black", linestyle=":", label=line[1])
    plt.xlabel(unit)
    plt.ylabel(what)
    plt.legend()
    Path(path).parent.mkdir(parents=True, exist_ok=True)
    plt.savefig(path, dpi=120)
    return path
