"""Worlds of Gymnasium, by their id: `gym:CartPole-v1`; or a user's own, `gym:path/to/file.py:ClassName`.

They give no rules: only what they show, step by step.
"""

from dataclasses import dataclass, field
from typing import Any

import numpy as np
from jaxtyping import Float

from move37.core.errors import BadConfig, MissingExtra, UnknownName
from move37.core.types import World
from move37.games.own import make_own


@dataclass(frozen=True)
class GymWorld(World):
    """A world that shows a vector of numbers, or a number out of a few, and takes one of both kinds as an action.

    Raises `MissingExtra` without Gymnasium, `UnknownName` for an id that it does not know, `BadConfig` for a world with
    actions or observations of another kind.
    """

    env_id: str
    name: str = field(init=False)
    num_actions: int = field(init=False)
    observation_shape: tuple[int, ...] = field(init=False)
    action_shape: tuple[int, ...] = field(init=False)
    _range: tuple[tuple[float, ...], tuple[float, ...]] = field(init=False)  # of actions that are numbers
    max_num_moves: int = field(init=False)

    num_players = 1

    def __post_init__(self) -> None:
        env = self.make()
        env.close()  # what it is can be read all the same
        from gymnasium.spaces import Box, Discrete

        seen, actions = env.observation_space, env.action_space
        bounded = isinstance(actions, Box) and len(actions.shape) == 1 and actions.is_bounded()
        if not bounded and not (isinstance(actions, Discrete) and not actions.start):
            allowed = "Discrete, counted from 0, and Box with one axis and bounds"
            raise BadConfig(f"gym:{self.env_id} has actions {actions}; allowed so far: {allowed}.")
        if not ((isinstance(seen, Discrete) and not seen.start) or (isinstance(seen, Box) and len(seen.shape) == 1)):
            raise BadConfig(f"gym:{self.env_id} shows {seen}; allowed so far: Discrete from 0, and Box with one axis.")
        shape = (int(seen.n),) if isinstance(seen, Discrete) else tuple(map(int, seen.shape))
        limit = env.spec.max_episode_steps if env.spec is not None else getattr(env, "max_episode_steps", None)
        attributes: dict[str, Any] = {"observation_shape": shape, "max_num_moves": limit or 10_000}
        if bounded:
            low, high = (tuple(map(float, end)) for end in (actions.low, actions.high))
            attributes |= {"num_actions": 0, "action_shape": (len(low),), "_range": (low, high)}
        else:
            attributes |= {"num_actions": int(actions.n), "action_shape": (), "_range": ((), ())}
        name = self.env_id.rpartition(":")[2] if self._own else self.env_id
        for attribute, value in {"name": f"gym:{name}", **attributes}.items():
            object.__setattr__(self, attribute, value)

    @property
    def _own(self) -> bool:
        return ".py:" in self.env_id

    def make(self, picture: str | None = None) -> Any:
        """A new environment; of a user's own class, which may say its `max_episode_steps`.

        `picture` says what its `render` gives: `rgb_array` (pixels) or `ansi` (text). Raises `BadConfig` for an
        environment that cannot draw itself so.
        """
        try:
            import gymnasium
        except ImportError as error:
            raise MissingExtra(f"gym:{self.env_id} needs Gymnasium: pip install 'move37[gym]'.") from error
        if picture is not None and picture not in (known := self._pictures()):
            raise BadConfig(
                f"gym:{self.env_id} cannot be drawn as {picture}; it knows: {', '.join(known) or 'nothing'}."
            )
        asked: dict[str, Any] = {} if picture is None else {"render_mode": picture}  # some know of no such word
        if self._own:
            return make_own(self.env_id, gymnasium.Env, "world", **asked)
        try:
            return gymnasium.make(self.env_id, **asked)
        except gymnasium.error.DependencyNotInstalled as error:
            raise MissingExtra(f"gym:{self.env_id} cannot be made: {error}") from error
        except gymnasium.error.Error as error:
            raise UnknownName(f"no world 'gym:{self.env_id}': {error}") from error

    def action(self, chosen: Any) -> Any:
        """As the environment takes it: a whole number; or numbers, moved from [−1, 1] to their range."""
        if not self.action_shape:
            return int(chosen)
        low, high = np.array(self._range)
        return (low + (np.asarray(chosen, np.float64) + 1) / 2 * (high - low)).astype(np.float32)

    @property
    def has_text(self) -> bool:
        """Whether it can be shown in a terminal."""
        return "ansi" in self._pictures()

    def _pictures(self) -> list[str]:
        env = self.make()
        env.close()
        return list(env.metadata.get("render_modes") or ())

    def observe(self, observation: Any) -> Float[np.ndarray, " n"]:
        """What the network sees: the vector itself; a number out of n as n numbers, one of them 1."""
        if np.ndim(observation) == 0:
            return np.eye(self.observation_shape[0], dtype=np.float32)[int(observation)]
        return np.asarray(observation, np.float32)
