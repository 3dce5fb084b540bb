"""Episodes of others, to learn from without acting: those in the replay of a run, or a dataset of Minari.

What is read is what happened: observations, actions, rewards, ends. What a search once said of them is left.
"""

from collections.abc import Iterator
from pathlib import Path

import numpy as np
from jaxtyping import Float, Shaped

from move37.core.episode import Episode
from move37.core.errors import BadConfig, MissingExtra
from move37.core.types import World
from move37.run.files import numbered, read_arrays

_MINARI = "minari:"
_NAMES = ("observation", "action", "reward", "moves_left", "cut")


def read_episodes(source: str, world: World, discount: float) -> list[Episode]:
    """All episodes of `minari:ID`, or of a run (its folder, or its `replay/`), each policy uniform, each value 0.

    Raises `BadConfig` if there is nothing, or if it is of another world; `BadRun` for a file that cannot be read;
    `MissingExtra` without Minari.
    """
    found = list(_minari(source.removeprefix(_MINARI)) if source.startswith(_MINARI) else _replay(Path(source)))
    if not found:
        raise BadConfig(f"{source} holds no episode; name a run that has acted, its replay/, or minari:ID.")
    for observation, action, *_ in found:
        _check(source, world, observation, action)
    return [_episode(world, discount, *parts) for parts in found]


Logged = tuple[np.ndarray, np.ndarray, np.ndarray, bool]  # observation [T ...], action [T ...], reward [T], cut off


def _replay(folder: Path) -> Iterator[Logged]:
    """Whatever is still in the window of a run: a part of a long episode counts as an episode that was cut off."""
    folder = folder / "replay" if (folder / "replay").is_dir() else folder
    if not folder.is_dir():
        raise BadConfig(f"no folder {str(folder)!r}; name a run, its replay/, or minari:ID.")
    for path in numbered(folder):
        arrays = read_arrays(path)
        try:
            observation, action, reward, left, cut = (arrays[name] for name in _NAMES)
        except KeyError as error:
            raise BadConfig(
                f"{path} has no {error}: it is of a recipe that knows the rules; name a muzero run."
            ) from error
        ends = np.flatnonzero(left == 1) + 1
        for begin, end in zip([0, *ends[:-1].tolist()], ends.tolist(), strict=True):
            yield observation[begin:end], action[begin:end], reward[begin:end], bool(cut[begin])


def _minari(dataset_id: str) -> Iterator[Logged]:
    """Episodes of a dataset that lies on this machine: `minari download ID` brings one."""
    try:
        import minari
    except ImportError as error:
        raise MissingExtra(f"minari:{dataset_id} needs Minari: pip install 'move37[minari]'.") from error
    if dataset_id not in minari.list_local_datasets():
        known = ", ".join(minari.list_local_datasets()) or "none"
        raise BadConfig(
            f"no dataset 'minari:{dataset_id}' on this machine; there are: {known}; minari download gets it."
        )
    for episode in minari.load_dataset(dataset_id).iterate_episodes():
        if len(episode.rewards):
            cut = not bool(episode.terminations[-1])
            yield episode.observations[:-1], episode.actions, episode.rewards, cut


def _check(source: str, world: World, observation: np.ndarray, action: np.ndarray) -> None:
    shape = np.shape(observation)[1:]
    if np.ndim(action) != 1 or shape not in (world.observation_shape, ()):
        raise BadConfig(
            f"{source} shows {shape} and acts with {np.shape(action)[1:]}; {world.name} shows "
            f"{world.observation_shape} and acts with {world.action_shape}: it is of another world."
        )
    if int(np.max(action)) >= world.num_actions:
        raise BadConfig(f"{source} has action {int(np.max(action))}; {world.name} has {world.num_actions} of them.")


def _episode(
    world: World,
    discount: float,
    observation: Shaped[np.ndarray, "T *c"],
    action: Shaped[np.ndarray, " T"],
    reward: Float[np.ndarray, " T"],
    cut: bool,
) -> Episode:
    length, edges = len(reward), np.full(len(reward), discount, np.float32)
    edges[-1] = edges[-1] if cut else 0.0
    if observation.ndim == 1:  # a number out of n
        observation = np.eye(world.observation_shape[0], dtype=np.float32)[observation.astype(np.int64)]
    return Episode(
        observation=observation if observation.dtype == np.uint8 else observation.astype(np.float32),
        action=action.astype(np.int32),
        action_weights=np.full((length, world.num_actions), 1 / world.num_actions, np.float32),
        root_value=np.zeros(length, np.float32),
        reward=reward.astype(np.float32),
        discount=edges,
        full=np.ones(length, bool),
        init_key=np.zeros(2, np.uint32),
        opening=np.zeros(0, np.int64),
        cut=cut,
    )
