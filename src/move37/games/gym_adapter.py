"""Worlds of Gymnasium, by their id: `gym:CartPole-v1`; or a user's own, `gym:path/to/file.py:ClassName`.

They give no rules: only what they show, step by step.
"""

from dataclasses import dataclass, field
from typing import Any

import numpy as np
from jaxtyping import Shaped

from move37.core.errors import BadConfig, MissingExtra, UnknownName
from move37.games.host import SHOWN, HostWorld
from move37.games.own import make_own

NO_LIMIT = 10_000  # moves, of an episode in a world that names none


@dataclass(frozen=True)
class GymWorld(HostWorld):
    """A world that shows a vector, a number out of a few or an image of bytes, and acts by a number or by some.

    Of images, [H, W, C] or [H, W], a network sees the last four, as planes.

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
    shown: int = field(init=False)

    def __post_init__(self) -> None:
        env = self.make()
        env.close()  # what it is can be read all the same
        from gymnasium.spaces import Box, Discrete

        seen, actions = env.observation_space, env.action_space
        bounded = isinstance(actions, Box) and len(actions.shape) == 1 and actions.is_bounded()
        if not bounded and not (isinstance(actions, Discrete) and not actions.start):
            allowed = "Discrete, counted from 0, and Box with one axis and bounds"
            raise BadConfig(f"gym:{self.env_id} has actions {actions}; allowed so far: {allowed}.")
        image = isinstance(seen, Box) and len(seen.shape) in (2, 3) and seen.dtype == np.uint8
        vector = isinstance(seen, Box) and len(seen.shape) == 1
        if not (image or vector or (isinstance(seen, Discrete) and not seen.start)):
            allowed = "Discrete from 0, Box with one axis, and Box of uint8 with two axes or three (H W C)"
            raise BadConfig(f"gym:{self.env_id} shows {seen}; allowed so far: {allowed}.")
        shape = (int(seen.n),) if isinstance(seen, Discrete) else tuple(map(int, seen.shape))
        if image:
            shape = (SHOWN * (1 if len(shape) == 2 else shape[2]), *shape[:2])
        limit = env.spec.max_episode_steps if env.spec is not None else getattr(env, "max_episode_steps", None)
        attributes: dict[str, Any] = {"observation_shape": shape, "max_num_moves": limit or NO_LIMIT}
        attributes["shown"] = SHOWN if image else 1
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
            if self.env_id.startswith("ALE/"):
                import ale_py

                gymnasium.register_envs(ale_py)
            return gymnasium.make(self.env_id, **asked)
        except ImportError as error:
            raise MissingExtra(f"gym:{self.env_id} needs ale-py: pip install 'move37[atari]'.") from error
        except gymnasium.error.DependencyNotInstalled as error:
            box2d = "Box2D" in str(error)
            advice = "needs Box2D: pip install 'move37[box2d]'." if box2d else f"cannot be made: {error}"
            raise MissingExtra(f"gym:{self.env_id} {advice}") from error
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

    def observe(self, observation: Any) -> Shaped[np.ndarray, "*c"]:
        """The vector itself; a number out of n as n numbers, one of them 1; an image as [C, H, W]."""
        if np.ndim(observation) == 0:
            return np.eye(self.observation_shape[0], dtype=np.float32)[int(observation)]
        if self.shown > 1:
            image = np.array(observation, np.uint8)  # some environments write over what they gave
            return image[None] if image.ndim == 2 else np.ascontiguousarray(image.transpose(2, 0, 1))
        return np.asarray(observation, np.float32)
