"""What are KataGo's options worth? Each alone, for an equal time of training, then all against each other.

python benchmarks/katago_ablation.py                    (go_7x7, 30 minutes each: four hours, nothing beside it)
python benchmarks/katago_ablation.py --game go_5x5 --preset smoke --minutes 0.2 --games 4 --simulations 8    (a try)

Trains `alphago_zero` once plain, once plain for twice the time, once with each option, once with all, one after the
other. The time is that of everything: compilation, self-play, learning, the gate; the iteration in which it is up is
the last. A run that is done already is not trained again. Prints a table: iterations, games, the rating against plain
with its 95 % interval, and how often plain's time that rating is worth, if each doubling adds what the first one did.
"""

import argparse
import dataclasses
import itertools
import threading
import time
from pathlib import Path

import jax

from move37.play.arena import bradley_terry, play_match
from move37.play.players import NetPlayer
from move37.recipes import alphago_zero
from move37.run.directory import Run

TWICE = "plain_twice"  # trained twice as long


def variants(plain):
    """Name → configuration."""
    change = dataclasses.replace
    fast = max(1, plain.search.num_simulations // 4)
    rule = change(plain.search.rule, forced_playouts=2.0)
    options = {
        "playout_cap": {"play": change(plain.play, fast_simulations=fast)},
        "forced_playouts": {"search": change(plain.search, rule=rule)},
        "ownership_score": {"net": change(plain.net, auxiliary=("ownership", "score"))},
        "global_pooling": {"net": change(plain.net, global_pooling=2 if plain.net.blocks > 1 else 1)},
        "reply": {"net": change(plain.net, auxiliary=("reply",))},
        "random_symmetries": {"play": change(plain.play, random_symmetries=True)},
    }
    every = {
        "play": change(plain.play, fast_simulations=fast, random_symmetries=True),
        "search": change(plain.search, rule=rule),
        "net": change(
            options["global_pooling"]["net"],
            auxiliary=("ownership", "score", "reply"),
        ),
    }
    return {"plain": plain, TWICE: plain} | {
        name: change(plain, **fields) for name, fields in {**options, "all": every}.items()
    }


def stop_after(run, seconds):
    """Stop it as Ctrl-C does. Time in which the process was suspended (Ctrl-Z) does not count."""
    while seconds > 0:
        began = time.monotonic()
        time.sleep(1)
        seconds -= min(time.monotonic() - began, 2)
    run.interrupted = True


def train(path, config, options, minutes):
    """A finished run, as it is or as it becomes."""
    if not (path / "done").exists():
        run = Run.create(path, "alphago_zero", options.game, config, options.seed)
        threading.Thread(target=stop_after, args=(run, 60 * minutes), daemon=True).start()
        alphago_zero.train(config, run)
        (path / "done").touch()
    return Run.open(path)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--game", default="go_7x7")
    parser.add_argument("--preset", default="laptop")
    parser.add_argument("--minutes", type=float, default=30.0, help="of training for each variant")
    parser.add_argument("--games", type=int, default=100, help="of each pair in the tournament")
    parser.add_argument("--simulations", type=int, default=64, help="of each move in the tournament")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--only", nargs="*", default=[], help="these variants and the two plain ones; all if not given")
    parser.add_argument("--out", type=Path, default=Path("runs/katago_ablation"))
    options = parser.parse_args()
    # Exams are left out, and the learning rate stays as it is: nobody knows how many iterations fit into the time.
    plain = alphago_zero.preset(options.preset, options.game)
    optimiser = dataclasses.replace(plain.optimiser, decay_updates=None)
    plain = dataclasses.replace(plain, iterations=10**6, exam_every=10**9, optimiser=optimiser)
    chosen = {n: c for n, c in variants(plain).items() if not options.only or n in ("plain", TWICE, *options.only)}
    players, rows = [], {}
    for name, config in chosen.items():
        minutes = options.minutes * (2 if name == TWICE else 1)
        run = train(options.out / f"{options.game}-{name}-{options.seed}", config, options, minutes)
        game, _, net, _ = alphago_zero.load(run)
        players.append(NetPlayer(name, game, net, options.simulations))
        rows[name] = run.metrics()[-1]
    pairs = list(itertools.combinations(players, 2))
    keys = jax.random.split(jax.random.key(options.seed), len(pairs))
    matches = [play_match(game, a, b, options.games, key) for (a, b), key in zip(pairs, keys, strict=True)]
    ratings = {row.name: row for row in bradley_terry(matches)}
    base = ratings["plain"].points
    doubling = ratings[TWICE].points - base
    print(f"\n{options.game}, {options.minutes:g} minutes each, {options.games} games a pair")
    print(f"{'variant':<20}{'iterations':>12}{'games':>10}{'minutes':>10}{'rating':>10}{'±':>8}{'worth':>9}")
    for name, row in sorted(rows.items(), key=lambda item: -ratings[item[0]].points):
        rating, minutes = ratings[name], row["seconds"] / 60
        worth = f"{2 ** ((rating.points - base) / doubling):>8.1f}×" if doubling > 0 else f"{'-':>9}"
        print(
            f"{name:<20}{row['iteration']:>12}{row['games']:>10.0f}{minutes:>10.1f}"
            f"{rating.points - base:>10.0f}{rating.plus_minus:>8.0f}{worth}"
        )


if __name__ == "__main__":
    main()
