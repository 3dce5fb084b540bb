"""Environment steps a second in Pong, each with a search, and what the time goes to.

python benchmarks/atari_speed.py [--envs 32 64] [--channels 16 32] [--simulations 50]

`play.Actors` as a training run uses it: copies of the console around one batched search with a fresh net. The share
of the environment is measured in the same loop; the rest is the search, the evaluation behind cuts included.
LightZero publishes 22 to 36 steps a second for MuZero with 50 simulations.
"""

import argparse
import time

import jax

from move37 import games
from move37.nets.image_latent import ImageLatent
from move37.nets.latent import LatentConfig
from move37.play import actors
from move37.play.self_play import PlayConfig
from move37.recipes import muzero
from move37.search.gumbel import Gumbel
from move37.search.mcts import SearchConfig


class Clock:
    """Seconds in `Copy.step`."""

    def __init__(self):
        self.seconds, self._step = 0.0, actors.Copy.step

    def step(self, copy, action):
        began = time.perf_counter()
        stepped = self._step(copy, action)
        self.seconds += time.perf_counter() - began
        return stepped


def speed(envs, channels, simulations, moves, clock):
    """(steps/s, share of the environment), the first move, which compiles, left out."""
    world, preset = games.world("atari:pong"), muzero.preset("laptop", "atari:pong")
    config = LatentConfig(1, 1, channels, value=preset.net.value, reward=preset.net.reward)
    net, search = ImageLatent(world, config, key=jax.random.key(0)), SearchConfig(Gumbel(rescale="tree"), simulations)
    acting = actors.Actors(world, search, PlayConfig(games=envs, moves=moves), seed=0)
    acting.config = PlayConfig(games=envs, moves=1)
    acting.play(net, jax.random.key(0))
    acting.config, clock.seconds, began = PlayConfig(games=envs, moves=moves), 0.0, time.perf_counter()
    acting.play(net, jax.random.key(1))
    seconds = time.perf_counter() - began
    return envs * moves / seconds, clock.seconds / seconds


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--envs", type=int, nargs="+", default=[32, 64])
    parser.add_argument("--channels", type=int, nargs="+", default=[16, 32])
    parser.add_argument("--simulations", type=int, default=50)
    parser.add_argument("--moves", type=int, default=30)
    options = parser.parse_args()
    clock = Clock()
    actors.Copy.step = lambda copy, action: clock.step(copy, action)
    print(f"{options.simulations} simulations\n| environments | channels | steps/s | environment | search |")
    print("|---|---|---|---|---|")
    for channels in options.channels:
        for envs in options.envs:
            steps, share = speed(envs, channels, options.simulations, options.moves, clock)
            print(f"| {envs} | {channels} | {steps:.0f} | {share:.0%} | {1 - share:.0%} |", flush=True)


if __name__ == "__main__":
    main()
