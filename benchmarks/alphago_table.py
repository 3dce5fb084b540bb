"""The paper's comparison of leaf evaluations, with ratings: policy alone, value only, playouts only, mixed.

python benchmarks/alphago_table.py runs/NAME --simulations 400 --games 40
python benchmarks/alphago_table.py runs/NAME --games 400 --only mixed "imitated policy"

Everyone against everyone on openings of up to four random moves, each played twice with colours swapped. Prior and
value come from the run's nets, playouts from its playout policy. Beside them: the imitated policy and the reinforced
one, each playing its likeliest move. Source of the comparison: AlphaGo (Nature 2016), figure 4b.
"""

import argparse
import time
from pathlib import Path

import jax

from move37.play.arena import bradley_terry, play_match
from move37.play.players import NetPlayer, PlayoutPlayer
from move37.recipes import alphago
from move37.recipes.alphago import playout, policy, reinforce
from move37.run.directory import Run


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("run", type=Path)
    parser.add_argument("--simulations", type=int, default=400)
    parser.add_argument("--games", type=int, default=40, help="of each pair")
    parser.add_argument("--only", nargs="*", default=[], metavar="PLAYER", help="two or more of the five")
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args()
    game, _, nets, _ = alphago.load(Run.open(options.run))
    fast = playout.load(Run.open(options.run / "playout"))[2]
    imitated = policy.load(Run.open(options.run / "policy"))[2]
    improved = reinforce.load(Run.open(options.run / "reinforce"))[2]
    players = [NetPlayer("imitated policy", game, imitated, 0), NetPlayer("reinforced policy", game, improved, 0)]
    for name, weight in (("value only", 0.0), ("playouts only", 1.0), ("mixed", 0.5)):
        players.append(PlayoutPlayer(name, game, nets, fast, weight, options.simulations))
    players = [player for player in players if not options.only or player.name in options.only]
    matches = []
    for i, one in enumerate(players):
        for j, two in enumerate(players[:i]):
            key, began = jax.random.fold_in(jax.random.fold_in(jax.random.key(options.seed), i), j), time.monotonic()
            matches.append(play_match(game, one, two, options.games, key))
            m, seconds = matches[-1], time.monotonic() - began
            print(f"{m.first} – {m.second}: +{m.wins} ={m.draws} −{m.losses}  ({seconds:.0f} s)", flush=True)
    print(f"\n{'':<20} rating   ±   ({options.simulations} simulations, {options.games} games a pair)")
    for row in bradley_terry(matches):
        print(f"{row.name:<20} {row.points:6.0f} {row.plus_minus:4.0f}")


if __name__ == "__main__":
    main()
