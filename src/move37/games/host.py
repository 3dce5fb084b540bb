"""Worlds that JAX cannot step: the host does, one copy after another."""

import abc
from typing import Any

import numpy as np
from jaxtyping import Shaped

from move37.core.types import World

SHOWN = 4  # images at once: one alone does not tell where things move (Mnih et al., Nature 2015)


class HostWorld(World):
    """A world for one agent that gives no rules, only what it shows step by step.

    `observation_shape` is what a network sees: of worlds that show images, the last `shown` of them.
    """

    num_players = 1
    shown: int  # 1: an observation stands for itself

    @property
    @abc.abstractmethod
    def has_text(self) -> bool:
        """Whether it can be shown in a terminal."""

    @abc.abstractmethod
    def make(self, picture: str | None = None) -> Any:
        """A new environment, with `reset(seed=)`, `step(action)` and `close()` as Gymnasium has them.

        `picture` says what its `render` gives: `rgb_array` (pixels) or `ansi` (text). Raises `BadConfig` for an
        environment that cannot draw itself so.
        """

    @abc.abstractmethod
    def action(self, chosen: Any) -> Any:
        """As the environment takes it: what the agent chose, a whole number or D numbers in [−1, 1]."""

    @abc.abstractmethod
    def observe(self, observation: Any) -> Shaped[np.ndarray, "*c"]:
        """One observation, as it is stored: a float vector, or an image of bytes [C, H, W]."""
