"""`move37 watch` of an agent in a world of Gymnasium: episodes, as text or film, and what the agent planned in them."""

import time
from argparse import Namespace
from dataclasses import replace
from typing import Any

import numpy as np

from move37.cli.common import Say, check_folder, telling
from move37.games.host import HostWorld
from move37.play.actors import Copy, Seeds, Trials
from move37.play.watched import Watched, came_true, episode, is_settled
from move37.run.config import from_json
from move37.run.directory import Run
from move37.run.film import Film, check_film
from move37.search.mcts import SearchConfig

_DEEPEST = 8  # steps of a plan that are shown


def watch_world(name: str, run: Run, world: HostWorld, net: Any, options: Namespace) -> int:
    """Whole episodes, each with its own seed, searched by the run's own rule. Ctrl-C leaves and keeps what was made."""
    if options.video is not None:
        check_folder(options.video, "--video")
        check_film(options.video)
    search = from_json(SearchConfig, run.about["config"]["search"])
    search = replace(search, num_simulations=max(search.leaves, options.simulations))
    picture = "rgb_array" if options.video is not None else "ansi" if world.has_text else None
    copy = Copy(world, Seeds(options.seed), picture)
    show, returns = _Show(copy, picture, options.think), []
    trials = Trials(world, search, episodes=1)
    with telling(when=not options.think and picture != "ansi") as say:
        try:
            for number in range(1, options.games + 1):
                for step in episode(trials, net, show.begin()):
                    show.step(step)
                    say(f"episode {number} of {options.games}: step {len(show.steps)}")
                    time.sleep(options.delay)
                print(f"episode {number}: {show.end()}", flush=True)
                returns += [show.total] if show.steps and show.steps[-1].over else []
        except KeyboardInterrupt:
            print("\nstopped watching")
        copy.close()
        if options.video is not None:
            _write(show, options, say)
    if len(returns) > 1:
        print(f"{name} in {world.name}: mean return {np.mean(returns):g} ± {np.std(returns):.3g} of {len(returns)}")
    return 0


class _Show:
    """What is seen of the episodes: the one that goes on, and the film of the best so far."""

    def __init__(self, copy: Copy, picture: str | None, think: bool):
        self.copy, self.picture, self.think = copy, picture, think
        self.best: tuple[float, Film] | None = None
        self.steps: list[Watched] = []
        self.film, self._before, self._told = Film(copy.pictures_per_second), None, 0

    @property
    def total(self) -> float:
        """The return so far."""
        return sum(step.reward for step in self.steps)

    def begin(self) -> Copy:
        """The next episode; the first has begun when the copy was made, and one behind a crash by itself."""
        if self.steps and self.steps[-1].over:
            self.copy.begin()
        self.steps, self._told = [], 0
        self.film = Film(self.copy.pictures_per_second)
        self._look()
        return self.copy

    def step(self, step: Watched) -> None:
        """One more. Its plan stands under the picture before it, and in the terminal as soon as it is settled."""
        self.steps.append(step._replace(line=step.line[:_DEEPEST]))
        plan = " ".join(step.names)
        if self.picture == "rgb_array":
            first = f"step {len(self.steps)}   action {step.name}   return so far {self.total - step.reward:g}"
            self.film.add(self._before, (first, f"expects {step.value:+.1f} from here, discounted;   plan {plan}"))
        if self.think:
            what = f"step {len(self.steps):>4}  action {step.name}  reward {step.reward:+g}"
            print(f"{what}  return from here {step.value:+.1f} (expected, discounted)  plan {plan}", flush=True)
            while self._told < len(self.steps) and is_settled(self.steps, self._told):
                print(_table(self.steps, self._told), flush=True)
                self._told += 1
        self._look()

    def end(self) -> str:
        """How the episode came out; its film is kept if it was the best."""
        count = len(self.steps)
        if not count or not self.steps[-1].over:
            return f"crashed after {count} steps"
        how = "cut off by the time limit" if self.steps[-1].cut else "over"
        if self.picture == "rgb_array":
            self.film.add(self._before, (f"over after {count} steps", f"return {self.total:g}"))
            if self.best is None or self.total > self.best[0]:
                self.best = self.total, self.film
        return f"return {self.total:g} after {count} steps, {how}"

    def _look(self) -> None:
        if self.picture is not None:
            self._before = self.copy.draw()
        if self.picture == "ansi":
            print(f"\n{str(self._before).strip()}\n", flush=True)


def _table(steps: list[Watched], number: int) -> str:
    """A plan beside what came true; – where it is not known."""

    def known(value: float | None) -> str:
        return "–" if value is None else f"{value:+.2f}"

    head = f"plan of step {number + 1}"
    lines = [f"{head:>20}  {'action':>6} {'reward':>9} {'came':>9} {'value':>9} {'found':>9}"]
    for depth, foreseen, reward, value in came_true(steps, number):
        imagined = f"{foreseen.action:>6} {foreseen.reward:>+9.2f} {known(reward):>9} {foreseen.value:>+9.2f}"
        lines.append(f"{depth:>20}  {imagined} {known(value):>9}")
    return "\n".join(lines)


def _write(show: _Show, options: Namespace, say: Say) -> None:
    """The film of the best episode; of the one that was going on where none was finished."""
    film = show.film if show.best is None else show.best[1]
    if not len(film):
        print(f"no picture was made: {options.video} is not written")
        return
    done = 0

    def advance() -> None:
        nonlocal done
        done += 1
        say(f"{options.video}: picture {done} of {len(film)}")

    film.write(options.video, advance)
    print(f"{options.video}: {len(film)} pictures")
