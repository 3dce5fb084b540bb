"""`move37 watch` of an agent in a world of Gymnasium: episodes, and with --think what it expected at each step."""

import time
from argparse import Namespace
from dataclasses import replace
from typing import Any

import numpy as np

from move37.games.gym_adapter import GymWorld
from move37.play.actors import Copy, Seeds, Trials
from move37.run.config import from_json
from move37.run.directory import Run
from move37.search.mcts import SearchConfig


def watch_world(name: str, run: Run, world: GymWorld, net: Any, options: Namespace) -> int:
    """Whole episodes, each with its own seed, searched by the run's own rule. Ctrl-C leaves."""
    search = from_json(SearchConfig, run.about["config"]["search"])
    search = replace(search, num_simulations=max(search.leaves, options.simulations))
    trials = Trials(world, search, episodes=1)
    copy, returns = Copy(world, Seeds(options.seed)), []
    try:
        for number in range(1, options.games + 1):
            total, steps, going = 0.0, 0, True
            while going:
                result = trials.think(net, copy.seen[None])
                action, value = np.asarray(result.action[0]), float(result.value[0])
                stepped = copy.step(action)
                if stepped is None:
                    print(f"episode {number}: crashed after {steps} steps", flush=True)
                    break
                total, steps, going = total + stepped[0], steps + 1, not stepped[1]
                if options.think:
                    done = f"step {steps:>4}  action {_text(action)}  reward {stepped[0]:+g}"
                    print(f"{done}  return from here {value:+.1f} (expected, discounted)", flush=True)
                time.sleep(options.delay)
            else:
                assert stepped is not None
                how = "cut off by the time limit" if stepped[2] else "over"
                print(f"episode {number}: return {total:g} after {steps} steps, {how}", flush=True)
                returns.append(total)
                copy.begin()
    except KeyboardInterrupt:
        print("\nstopped watching")
    copy.close()
    if len(returns) > 1:
        print(f"{name} in {world.name}: mean return {np.mean(returns):g} ± {np.std(returns):.3g} of {len(returns)}")
    return 0


def _text(action: np.ndarray) -> str:
    """A number out of a few, or numbers."""
    return " ".join(f"{x:+.2f}" if action.shape else str(x) for x in np.atleast_1d(action))
