"""How much of the machine self-play and training use: network FLOP/s over NumPy's 2048³ product, in one run.

python benchmarks/training_speed.py

Connect Four, net 4×64. Self-play: 128 games, 32 simulations, search and rules included; counted are the evaluations
that the network really made (finished positions are not evaluated). Training: batch 256, one gradient step = three
evaluations a position (forward, gradient by input, gradient by weight). The product is timed before and after each.
"""

import statistics
import time

import jax
import jax.numpy as jnp
import numpy as np

from move37 import games
from move37.learn.losses import policy_value_loss
from move37.learn.targets import outcome_targets
from move37.learn.update import Learner, OptimiserConfig
from move37.nets.onnx import OnnxEvaluator
from move37.nets.policy_value import NetConfig, PolicyValue, flops
from move37.play.episodes import Assembler
from move37.play.self_play import PlayConfig, SelfPlay
from move37.search.mcts import SearchConfig

REPEATS = 5


class Counting:
    """An evaluator that counts its positions."""

    def __init__(self, evaluate):
        self.evaluate, self.positions = evaluate, 0

    def __call__(self, observation):
        self.positions += len(observation)
        return self.evaluate(observation)


def product(size=2048, repeats=5):
    """FLOP/s of NumPy's matrix product: the median."""
    a, times = np.random.default_rng(0).normal(size=(size, size)).astype(np.float32), []
    for _ in range(repeats):
        began = time.perf_counter()
        a @ a
        times.append(time.perf_counter() - began)
    return 2 * size**3 / statistics.median(times)


def report(what, work, repeats=REPEATS):
    """Time `work`, which returns its FLOP, between two products."""
    ratios = []
    for _ in range(repeats):
        before = product()
        began = time.perf_counter()
        done = work()
        speed = done / (time.perf_counter() - began)
        yardstick = (before + product()) / 2
        ratios.append(speed / yardstick)
        print(f"{what}: {speed / 1e9:.0f} GFLOP/s, product {yardstick / 1e9:.0f}, ratio {ratios[-1]:.2f}", flush=True)
    print(f"{what}: median ratio {statistics.median(ratios):.2f}", flush=True)


def main():
    game = games.make("connect_four")
    net = PolicyValue(game, NetConfig(4, 64), key=jax.random.key(0))
    each = flops(net, game.observation_shape)
    player = SelfPlay(game, SearchConfig(num_simulations=32), PlayConfig(games=128, moves=8, num_sampling_moves=0))
    evaluate = Counting(OnnxEvaluator(net))
    lanes, chunks = player.start(jax.random.key(1)), []

    def play():
        nonlocal lanes
        before = evaluate.positions
        lanes, moves = player.play(evaluate, lanes, jax.random.key(len(chunks)))
        chunks.append(moves)
        return (evaluate.positions - before) * each

    for _ in range(4):
        play()  # compiles, and brings the games to different ages
    report("self-play", play)

    assembler = Assembler(128)
    samples = outcome_targets([e for moves in chunks for e in assembler.add(moves)])
    batch = jax.tree.map(lambda x: jnp.asarray(x[:256]), samples)
    learner = Learner.init(net, OptimiserConfig())

    def update():
        nonlocal learner
        for _ in range(8):
            learner, _ = learner.update(policy_value_loss, batch)
        jax.block_until_ready(learner)
        return 8 * 3 * 256 * each

    update()
    report("training step", update)


if __name__ == "__main__":
    main()
