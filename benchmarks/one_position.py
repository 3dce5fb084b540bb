"""One position, as an engine thinks about it: ours, our fused search and mctx with the same net and rules, interleaved.

python benchmarks/one_position.py RUN --data DATA               (positions of held-out games of a dataset)
python benchmarks/one_position.py RUN --positions 20            (of random games; a try)

Ours is what `move37 uci` and `gtp` think with: eight leaves of one tree a network batch, evaluated by ONNX Runtime. The
fused search and mctx take one leaf at a time and evaluate in XLA. All select by PUCT with the same constants and with Q
as it is; mctx is given that choice of Q in place of MuZero's. One after the other, each with all cores; the first
position compiles and does not count.

Prints the median of simulations/s, the ratios, and how often ours and mctx choose the same move (the most visited) on
positions where both find the same move to have the best Q, by a margin, among the moves with a hundredth of the visits.
"""

import argparse
import contextlib
import statistics
import time
from functools import partial
from itertools import islice

import jax
import jax.numpy as jnp
import mctx
import numpy as np
from mctx._src.action_selection import muzero_action_selection
from mctx._src.search import search as mctx_search

from move37.cli.common import load_net
from move37.data.store import Dataset
from move37.models.rules import Rules
from move37.nets.onnx import OnnxEvaluator
from move37.play.thinker import Thinker, ThinkerConfig
from move37.search.mcts import SearchConfig, search
from move37.search.puct import Puct

RULE = Puct()
FUSED = 5  # positions; it is only timed
MARGINS = (0.0, 0.02, 0.05, 0.1, 0.2)  # of Q, on the scale from −1 to 1


def positions(game, data, seed):
    """States to think about, 8 to 79 moves after the start of a game, which is drawn anew for each."""
    rng, step, legal = np.random.default_rng(seed), jax.jit(game.step), jax.jit(game.legal)
    dataset = Dataset(data) if data else None
    while True:
        state, moves = game.init(jax.random.key(0)), rng.integers(8, 80)
        line = None
        if dataset is not None:
            chosen = rng.choice(dataset.split("valid"))
            end = dataset.games["ends"][chosen]
            line = dataset.moves[end - dataset.lengths[chosen] : end]
            moves = min(moves, len(line) - 1)
        for number in range(moves):
            action = line[number] if line is not None else rng.choice(np.flatnonzero(legal(state)))
            after = step(state, jnp.int32(action))
            if after.discount == 0:
                break
            state = after.state
        if legal(state).sum() > 1:
            yield state


def ours(game, net, simulations):
    """(visits, Q) of each action."""
    thinker = Thinker(game, OnnxEvaluator(net), ThinkerConfig(nodes=4 * simulations, rule=RULE))

    def think(state):
        thinker.forget()
        thinker.go_to(state, "here", ())
        for _ in thinker.think(visits=simulations + 1):
            pass
        visits, value = np.zeros(game.num_actions, int), np.zeros(game.num_actions)
        for move in thinker.snapshot().moves:
            visits[move.action], value[move.action] = move.visits, move.value
        return visits, value

    return think


def fused(game, net, simulations):
    """The same, on the compiled search. Its Q is not looked at."""
    model, config = Rules(game, net), SearchConfig(RULE, simulations)
    run = jax.jit(lambda state: search(model, jax.tree.map(lambda x: x[None], state), config).visit_counts[0])
    return lambda state: (np.asarray(run(state)), None)


def mctx_s(game, net, simulations):
    """The same, on mctx."""
    model = Rules(game, net)

    def recurrent(params, key, action, embedding):
        step = model.transition(embedding, action)
        prior, value = model.evaluate(step.embedding)
        value = jnp.where(step.discount == 0, 0.0, value)
        return (
            mctx.RecurrentFnOutput(reward=step.reward, discount=step.discount, prior_logits=prior, value=value),
            step.embedding,
        )

    select = partial(
        muzero_action_selection,
        pb_c_init=RULE.pb_c_init,
        pb_c_base=RULE.pb_c_base,
        qtransform=lambda tree, node: tree.qvalues(node),
    )

    def run(state):
        roots = jax.tree.map(lambda x: x[None], state)
        prior, value = model.evaluate(roots)
        tree = mctx_search(
            params=None,
            rng_key=jax.random.key(0),
            root=mctx.RootFnOutput(prior_logits=prior, value=value, embedding=roots),
            recurrent_fn=recurrent,
            root_action_selection_fn=lambda key, tree, node: select(key, tree, node, 0),
            interior_action_selection_fn=select,
            num_simulations=simulations,
            invalid_actions=jnp.isneginf(prior),
        )
        summary = tree.summary()
        return summary.visit_counts[0], summary.qvalues[0]

    compiled = jax.jit(run)
    return lambda state: tuple(map(np.asarray, compiled(state)))


def best_by(margin, visits, value):
    """The action with the best Q if it leads by a margin, else None."""
    seen = np.flatnonzero(visits >= max(1, visits.sum() // 100))
    order = seen[np.argsort(-value[seen])]
    leads = len(order) < 2 or value[order[0]] - value[order[1]] >= margin
    return int(order[0]) if len(order) and leads else None


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("run")
    parser.add_argument("--data", help="a dataset of the game, whose held-out games give positions")
    parser.add_argument("--positions", type=int, default=400, help="at most (400); Ctrl-C: those so far")
    parser.add_argument("--simulations", type=int, default=800)
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args()
    _, game, net, _ = load_net(options.run)
    searches = {
        "ours": ours(game, net, options.simulations),
        "fused": fused(game, net, options.simulations),
        "mctx": mctx_s(game, net, options.simulations),
    }
    speeds, pairs = {name: [] for name in searches}, []
    with contextlib.suppress(KeyboardInterrupt):
        for number, state in enumerate(islice(positions(game, options.data, options.seed), options.positions)):
            found = {}
            for name, run in searches.items():
                if name != "fused" or number <= FUSED:
                    began = time.perf_counter()
                    found[name] = run(state)
                    if number:
                        speeds[name].append(found[name][0].sum() / (time.perf_counter() - began))
            assert found["mctx"][0].sum() == options.simulations <= found["ours"][0].sum()
            pairs.append((found["ours"], found["mctx"]))
    print(f"{game.name}, {options.simulations} simulations, {len(pairs)} positions, {jax.devices()[0].device_kind}")
    median = {name: statistics.median(values) for name, values in speeds.items()}
    for name, speed in median.items():
        print(f"  {name}: {speed:,.0f} simulations/s")
    print(f"  ours / mctx {median['ours'] / median['mctx']:.1f}, ours / fused {median['ours'] / median['fused']:.1f}")
    for margin in MARGINS:
        chosen = [
            np.argmax(one[0]) == np.argmax(two[0])
            for one, two in pairs
            if best_by(margin, *one) is not None and best_by(margin, *one) == best_by(margin, *two)
        ]
        print(f"  same move: {sum(chosen)} of the {len(chosen)} positions that agree on the best Q by {margin}")


if __name__ == "__main__":
    main()
