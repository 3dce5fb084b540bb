"""An episode that is watched: what the agent planned at each step, and what came true of it."""

from collections.abc import Iterator, Sequence
from typing import Any, NamedTuple

import numpy as np

from move37.play.actors import Copy, Trials
from move37.search.line import Foreseen, principal_line


class Watched(NamedTuple):
    """One step, and what was planned before it."""

    action: int  # the search's choice: of actions that are numbers, which of its candidates
    name: str  # what it stood for in the world
    reward: float
    value: float  # of the search before the step
    line: tuple[Foreseen, ...]  # its principal line, this action first
    over: bool
    cut: bool  # by a time limit: nobody knows what would have come

    @property
    def names(self) -> list[str]:
        """What the line does; of actions that are numbers only the first is known by name."""
        is_number = self.name == str(self.action)
        return [str(step.action) for step in self.line] if is_number else [self.name]


class Outcome(NamedTuple):
    """One step of a plan beside reality. None: not known, as another action was taken, or nothing came any more."""

    depth: int
    foreseen: Foreseen
    reward: float | None
    value: float | None  # what the search gave the position there; 0 behind the end


def episode(trials: Trials, net: Any, copy: Copy) -> Iterator[Watched]:
    """The steps of one episode, as they are made, each the search's own choice. A crash ends it early.

    `trials` is made for one episode at a time.
    """
    going = True
    while going:
        thought, result = trials.think(net, copy.seen[None])
        action, value, done = int(result.action[0]), float(np.asarray(result.value)[0]), np.asarray(thought.action)[0]
        line = principal_line(result.tree, action)
        stepped = copy.step(done)
        if stepped is None:
            return
        going = not stepped[1]
        yield Watched(action, _name(done), stepped[0], value, line, stepped[1], stepped[2])


def _name(action: Any) -> str:
    """A number out of a few, or numbers."""
    return " ".join(f"{x:+.2f}" if np.ndim(action) else str(x) for x in np.atleast_1d(action))


def came_true(steps: Sequence[Watched], number: int) -> list[Outcome]:
    """The plan of step `number` (from 0) beside the steps that were made since, as far as they followed it."""
    rows, followed = [], True
    for depth, foreseen in enumerate(steps[number].line, 1):
        made = steps[number + depth - 1] if number + depth <= len(steps) else None
        followed = followed and made is not None and made.action == foreseen.action
        if not followed or made is None:
            rows.append(Outcome(depth, foreseen, None, None))
            continue
        if made.over:
            value = None if made.cut else 0.0
        else:
            value = steps[number + depth].value if number + depth < len(steps) else None
        rows.append(Outcome(depth, foreseen, made.reward, value))
        followed = not made.over
    return rows


def is_settled(steps: Sequence[Watched], number: int) -> bool:
    """Whether nothing that still comes can add to `came_true` of step `number`."""
    line = steps[number].line
    made = steps[number : number + len(line)]
    left = any(step.action != foreseen.action for step, foreseen in zip(made, line, strict=False))
    return left or steps[-1].over or len(steps) > number + len(line)
