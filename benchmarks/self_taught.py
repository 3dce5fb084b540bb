"""AlphaGo Zero's figure: how strong is the self-taught net, and how well does it foretell people, beside the imitated?

python benchmarks/self_taught.py ZERO POLICY --data DATA        (runs of alphago_zero and of alphago.policy, one game)

For up to `--nets` of the nets that ZERO has kept: its rating, from games with search against the imitated net, its
predecessor here and random play, and the share of moves in held-out games that it gives the greatest probability. The
imitated net stands at rating 0. Prints a table; `--out` draws it. Source: AlphaGo Zero (Nature 2017), figure 3.
"""

import argparse
from functools import partial
from pathlib import Path

import jax
import matplotlib
import numpy as np

from move37.core.errors import BadConfig
from move37.data.store import Dataset
from move37.nets.onnx import OnnxEvaluator
from move37.play.arena import bradley_terry, play_match
from move37.play.players import NetPlayer, RandomPlayer
from move37.recipes import alphago_zero
from move37.recipes.alphago import policy
from move37.run import checkpoints
from move37.run.directory import Run
from move37.run.files import write_atomic

matplotlib.use("Agg")
from matplotlib import pyplot as plt


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("zero", type=Path)
    parser.add_argument("policy", type=Path)
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--rank", default="1d", help="of both players in the held-out games (1d)")
    parser.add_argument("--nets", type=int, default=10)
    parser.add_argument("--games", type=int, default=40, help="of each pair (40)")
    parser.add_argument("--simulations", type=int, default=64, help="of each move (64)")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--out", type=Path, default=Path("self_taught.png"))
    options = parser.parse_args()
    zero, (game, _, imitated, _) = Run.open(options.zero), policy.load(Run.open(options.policy))
    if zero.about["game"] != game.name:
        raise BadConfig(f"{options.zero} plays {zero.about['game']}, {options.policy} {game.name}: take one game.")
    dataset = Dataset(options.data)
    judge = partial(policy.accuracy, game=game, dataset=dataset, chosen=policy.judges(dataset, options.rank, "test"))
    kept = np.array(checkpoints.steps(zero.path / "nets"))
    chosen = kept[np.unique(np.linspace(0, len(kept) - 1, options.nets).round().astype(int))].tolist()

    def meet(one, two, number):
        key = jax.random.fold_in(jax.random.key(options.seed), number)
        return play_match(game, one, two, options.games, key)

    teacher = NetPlayer("imitated", game, imitated, options.simulations)
    before, matches, foretold = RandomPlayer(game), [], {}
    for i, iteration in enumerate(chosen):
        net = alphago_zero.load(zero, iteration)[2]
        player = NetPlayer(str(iteration), game, net, options.simulations)
        matches += [meet(player, teacher, 2 * i), meet(player, before, 2 * i + 1)]
        foretold[iteration] = judge(OnnxEvaluator(net))["valid_top_1"]
        print(
            *(f"{m.first} – {m.second}: +{m.wins} ={m.draws} −{m.losses}" for m in matches[-2:]), sep="   ", flush=True
        )
        before = player
    people = judge(OnnxEvaluator(imitated))["valid_top_1"]
    rows = {row.name: row for row in bradley_terry(matches)}
    base, hours = rows["imitated"].points, {row["iteration"]: row["seconds"] / 3600 for row in zero.metrics()}
    print(f"\n{'iteration':>10}{'hours':>8}{'rating':>8}{'±':>6}{'foretold':>10}   (imitated: 0, {people:.1%})")
    for t in chosen:
        row = rows[str(t)]
        print(f"{t:>10}{hours[t]:>8.2f}{row.points - base:>8.0f}{row.plus_minus:>6.0f}{foretold[t]:>10.1%}")

    figure, axes = plt.subplots(1, 2, figsize=(12, 4), layout="constrained")
    x = [hours[t] for t in chosen]
    points, width = ([f(rows[str(t)]) for t in chosen] for f in (lambda r: r.points - base, lambda r: r.plus_minus))
    axes[0].errorbar(x, points, width, marker="o", label="self-taught")
    axes[1].plot(x, [100 * foretold[t] for t in chosen], marker="o", label="self-taught")
    for axis, level, words in zip(axes, (0, 100 * people), ("rating", "moves of people foretold, %"), strict=True):
        axis.axhline(level, color="C1", label="imitated")
        axis.set(xlabel="hours of training", ylabel=words)
        axis.grid(alpha=0.3)
        axis.legend()
    write_atomic(options.out, lambda file: figure.savefig(file, format="png", dpi=120))
    print(options.out)


if __name__ == "__main__":
    main()
