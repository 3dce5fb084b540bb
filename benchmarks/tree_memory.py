"""Memory of a search tree: 64 games of chess with 800 simulations each, by the bytes of its arrays and by the process.

python benchmarks/tree_memory.py
python benchmarks/tree_memory.py --game shogi --games 32 --num-slots 128

The net is made up and tiny: what grows is the tree, and the copies of it that the compiled search makes.
"""

import argparse
import resource

import jax
import numpy as np

from move37 import games
from move37.models.rules import Rules
from move37.search.mcts import SearchConfig
from move37.search.puct import Puct
from move37.search.stepwise import Stepwise

MIB = 2**20


def resident():
    """MiB of the process at its largest."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--game", default="chess")
    parser.add_argument("--games", type=int, default=64)
    parser.add_argument("--simulations", type=int, default=800)
    parser.add_argument("--num-slots", type=int, help="moves that a node may have; the default holds any position")
    options = parser.parse_args()
    game = games.make(options.game)
    rng = np.random.default_rng(0)

    def evaluate(observation):
        rows = len(observation)
        return rng.normal(size=(rows, game.num_actions)).astype(np.float32), np.zeros(rows, np.float32)

    roots = jax.jit(jax.vmap(game.init))(jax.random.split(jax.random.key(0), options.games))
    state = sum(x.nbytes for x in jax.tree.leaves(roots)) / options.games
    small = Stepwise(Rules(game), SearchConfig(Puct(), 2, num_slots=options.num_slots))
    small.search(evaluate, roots)
    before = resident()
    search = Stepwise(Rules(game), SearchConfig(Puct(), options.simulations, num_slots=options.num_slots))
    result = search.search(evaluate, roots)
    assert (np.asarray(result.visit_counts).sum(1) == options.simulations).all()
    tree = sum(x.nbytes for x in jax.tree.leaves(result.tree)) / MIB
    slots = result.tree.action.shape[-1]
    print(f"{game.name}: {options.games} games × {options.simulations} simulations, {slots} slots a node")
    print(f"  {state:,.0f} bytes a state; the tree's arrays: {tree:,.0f} MiB")
    print(f"  the process grew by {resident() - before:,.0f} MiB, to {resident():,.0f} MiB at most")


if __name__ == "__main__":
    main()
