"""Atari 2600 by the name of a game: `atari:pong`, with options behind it: `atari:pong+sticky+full+clip`."""

from dataclasses import dataclass, field
from typing import Any, ClassVar

import numpy as np
from jaxtyping import UInt8

from move37.core.errors import BadConfig, MissingExtra, UnknownName
from move37.games.host import SHOWN, HostWorld

OPTIONS = ("sticky", "full", "clip")
_NEVER = 10**9  # frames; its own limit would show another last image than the game's
_SKIP, _SIDE = 4, 96  # frames that an action lasts; width and height of an image


@dataclass(frozen=True)
class AtariWorld(HostWorld):
    """A game of the Arcade Learning Environment, with the settings of the papers.

    Gray images of 96×96 points, each the brighter of the last two frames; an action lasts 4 frames; up to 30 of them
    pass before the agent begins; a lost life ends nothing; after 108,000 frames (half an hour) the episode is cut off.
    Options: `sticky`, an action is overheard with probability 0.25; `full`, all 18 actions; `clip`, rewards to [−1, 1].

    Source: MuZero (Nature 2020), Methods; Machado et al., "Revisiting the Arcade Learning Environment", JAIR 2018.
    Differs: gray and 4 images, where MuZero sees 32 in colour and what it did. Raises `MissingExtra` without ale-py,
    `UnknownName` for a game that it does not have, `BadConfig` for an option that there is not.
    """

    spec: str  # pong+sticky
    max_num_frames: int = 108_000
    name: str = field(init=False)
    num_actions: int = field(init=False)
    max_num_moves: int = field(init=False)

    observation_shape = (SHOWN, _SIDE, _SIDE)
    shown = SHOWN

    def __post_init__(self) -> None:
        env = self.make()
        env.close()
        limit = self.max_num_frames // _SKIP
        attributes = {"name": f"atari:{self.spec}", "num_actions": env.num_actions, "max_num_moves": limit}
        for attribute, value in attributes.items():
            object.__setattr__(self, attribute, value)

    @property
    def has_text(self) -> bool:
        """It has not."""
        return False

    def make(self, picture: str | None = None) -> "Console":
        """A new one, which draws what the agent sees of it."""
        if picture not in (None, "rgb_array"):
            raise BadConfig(f"atari:{self.spec} cannot be drawn as {picture}; it knows: rgb_array.")
        game, *options = self.spec.split("+")
        unknown = sorted(set(options) - set(OPTIONS))
        if unknown:
            raise BadConfig(f"atari:{self.spec}: no option {unknown[0]!r}; there are: +{', +'.join(OPTIONS)}.")
        try:
            from ale_py import roms
        except ImportError as error:
            raise MissingExtra(f"atari:{self.spec} needs ale-py: pip install 'move37[atari]'.") from error
        known = roms.get_all_rom_ids()
        if game not in known:
            raise UnknownName(f"no game 'atari:{game}'; there are: {', '.join(sorted(known))}.")
        return Console(game, options)

    def action(self, chosen: Any) -> int:
        """The number itself."""
        return int(chosen)

    def observe(self, observation: Any) -> UInt8[np.ndarray, "1 H W"]:
        """The image alone: `Frames` puts those before it in front."""
        return np.array(observation, np.uint8)


class Console:
    """One machine, with Gymnasium's methods: ale-py's vector of one, which makes the images outside of Python.

    A vector of one, so that an episode is begun when its agent says so: a larger one begins them by itself, and what
    stands behind a cut is then easily lost. The cut is made where all of them are made, by `play.actors.Copy`.
    """

    metadata: ClassVar[dict[str, Any]] = {"render_fps": 60 // _SKIP}

    def __init__(self, game: str, options: list[str]):
        """Ready to be reset."""
        from ale_py.vector_env import AtariVectorEnv

        self._vector = AtariVectorEnv(
            game,
            1,
            num_threads=1,
            autoreset_mode="NextStep",
            max_num_frames_per_episode=_NEVER,
            repeat_action_probability=0.25 if "sticky" in options else 0.0,
            full_action_space="full" in options,
            reward_clipping="clip" in options,
            img_height=_SIDE,
            img_width=_SIDE,
            stack_num=1,
            frameskip=_SKIP,
            use_fire_reset=False,
        )
        self.num_actions = len(self._vector.ale.get_action_set())

    def reset(self, *, seed: int) -> tuple[np.ndarray, dict[str, Any]]:
        """A new episode."""
        self._seen, _ = self._vector.reset(seed=np.array([seed % 2**31]))  # it takes 31 bits
        return self._seen[0], {}

    def step(self, action: int) -> tuple[np.ndarray, float, bool, bool, dict[str, Any]]:
        """(image, reward, terminated, truncated, nothing)."""
        self._seen, reward, terminated, truncated, _ = self._vector.step(np.array([action]))
        return self._seen[0], float(reward[0]), bool(terminated[0]), bool(truncated[0]), {}

    def render(self) -> np.ndarray:
        """Its last image, gray, [H W 3]."""
        return np.repeat(np.array(self._seen[0], np.uint8)[-1][..., None], 3, axis=-1)

    def close(self) -> None:
        """Let go of it."""
        self._vector.close()
