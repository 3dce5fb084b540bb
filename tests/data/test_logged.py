"""Episodes of others are read as they happened, wherever they lie, and nothing of another world is taken."""

import re

import gymnasium
import numpy as np
import pytest

from move37 import games
from move37.core.episode import Episode
from move37.core.errors import BadConfig, BadRun
from move37.data.logged import read_episodes
from move37.learn.targets import n_step_targets
from move37.play.replay import Replay, ReplayConfig

minari = pytest.importorskip("minari", reason="needs Minari: pip install 'minari[hdf5]'")
CART = "gym:CartPole-v1"


@pytest.fixture(scope="module")
def cart():
    return games.world(CART)


def _episode(length, first, cut):
    rng = np.random.default_rng(first)
    discount = np.full(length, 0.9, np.float32)
    discount[-1] = 0.9 if cut else 0
    return Episode(
        observation=np.stack([[first + i, 0, 0, 0] for i in range(length)]).astype(np.float32),
        action=rng.integers(2, size=length).astype(np.int32),
        action_weights=rng.dirichlet([1, 1], length).astype(np.float32),
        root_value=rng.normal(size=length).astype(np.float32),
        reward=rng.normal(size=length).astype(np.float32),
        discount=discount,
        full=np.ones(length, bool),
        init_key=np.zeros(2, np.uint32),
        opening=np.zeros(0, np.int64),
        cut=cut,
    )


def test_the_replay_of_a_run_gives_back_what_happened_and_not_what_was_thought_of_it(tmp_path, cart):
    episodes = [_episode(5, 0, False), _episode(1, 10, True), _episode(64, 20, True), _episode(3, 100, False)]
    replay = Replay(ReplayConfig(), tmp_path / "run" / "replay")
    replay.add(1, n_step_targets(episodes[:2], 3), 2)
    replay.add(2, n_step_targets(episodes[2:], 3), 2)
    for source in (tmp_path / "run", tmp_path / "run" / "replay"):
        found = read_episodes(str(source), cart, 0.9)
        assert len(found) == 4
        for one, other in zip(episodes, found, strict=True):
            for name in ("observation", "action", "reward", "discount", "cut"):
                np.testing.assert_array_equal(getattr(one, name), getattr(other, name))
            np.testing.assert_array_equal(other.action_weights, 0.5)
            assert not other.root_value.any()


@pytest.mark.filterwarnings("ignore::UserWarning")  # of metadata that are missing
def test_a_dataset_of_minari(tmp_path, monkeypatch, cart):
    monkeypatch.setenv("MINARI_DATASETS_PATH", str(tmp_path))
    env = minari.DataCollector(gymnasium.make("CartPole-v1", max_episode_steps=12))
    played = []
    for seed in range(4):
        seen, over, rows = env.reset(seed=seed)[0], False, []
        while not over:
            action = seed % 2 if seed < 2 else len(rows) % 2
            after, reward, terminated, truncated, _ = env.step(action)
            rows.append((seen, action, reward))
            seen, over = after, terminated or truncated
        played.append((rows, truncated and not terminated))
    env.create_dataset("cart/some-v0", algorithm_name="pushes", author="nobody")
    found = read_episodes("minari:cart/some-v0", cart, 0.99)
    assert [e.cut for e in found] == [cut for _, cut in played] == [False, False, True, True]
    for episode, (rows, cut) in zip(found, played, strict=True):
        observation, action, reward = map(np.array, zip(*rows, strict=True))
        np.testing.assert_allclose(episode.observation, observation)
        np.testing.assert_array_equal(episode.action, action)
        np.testing.assert_array_equal(episode.reward, reward)
        assert episode.discount[-1] == (np.float32(0.99) if cut else 0)
    with pytest.raises(BadConfig, match=r"no dataset 'minari:cart/other-v0'.*there are: cart/some-v0"):
        read_episodes("minari:cart/other-v0", cart, 0.99)
    with pytest.raises(BadConfig, match=r"shows \(4,\).*it is of another world"):
        read_episodes("minari:cart/some-v0", games.world("gym:Acrobot-v1"), 0.99)


def test_what_cannot_be_read_is_named(tmp_path, cart):
    with pytest.raises(BadConfig, match="no folder"):
        read_episodes(str(tmp_path / "nowhere"), cart, 0.9)
    with pytest.raises(BadConfig, match="holds no episode"):
        read_episodes(str(tmp_path), cart, 0.9)
    replay = Replay(ReplayConfig(), tmp_path / "replay")
    episode = _episode(5, 0, False)
    replay.add(1, n_step_targets([episode._replace(action=episode.action + 7)], 3), 1)
    with pytest.raises(BadConfig, match=re.escape("has action 8; gym:CartPole-v1 has 2 of them")):
        read_episodes(str(tmp_path), cart, 0.9)
    segment = tmp_path / "replay" / "000001.npz"
    np.savez(segment, observation=np.zeros(3))
    with pytest.raises(BadConfig, match="is of a recipe that knows the rules"):
        read_episodes(str(tmp_path), cart, 0.9)
    segment.write_bytes(b"PK" + segment.read_bytes()[2:40])
    with pytest.raises(BadRun, match="cannot be read"):
        read_episodes(str(tmp_path), cart, 0.9)
