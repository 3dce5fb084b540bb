"""Environments of the host: nothing of an episode is lost or made up, whatever they do."""

from itertools import pairwise
from types import SimpleNamespace

import gymnasium
import jax
import numpy as np
import pytest
from gymnasium.spaces import Box, Discrete

from move37 import games
from move37.core.errors import BadConfig, UnknownName, WorldFailure
from move37.games.atari import AtariWorld
from move37.learn.targets import n_step_targets
from move37.learn.unroll import unroll, unrolled_loss
from move37.nets.image_latent import ImageLatent
from move37.nets.latent import LatentConfig
from move37.nets.vector_latent import VectorLatent
from move37.play.actors import Actors, Copy, Seeds, Trials
from move37.play.mind import Thought
from move37.play.self_play import PlayConfig, summary
from move37.search.gumbel import Gumbel
from move37.search.mcts import SearchConfig

pytestmark = pytest.mark.usefixtures("promotion_as_optax_needs_it")

LENGTH, LIMIT = 5, 7


class Counter(gymnasium.Env):
    """Shows how many steps were made and its seed. Ends by itself after 5 steps if the seed is even, never if odd."""

    observation_space, action_space = Box(-np.inf, np.inf, (2,), np.float64), Discrete(3)

    def reset(self, *, seed=None, options=None):
        self.steps, self.kind = 0, seed % 4
        if self.kind == 3:
            raise RuntimeError("no start")
        return np.array([0.0, seed % 4]), {}

    def step(self, action):
        self.steps += 1
        if self.kind == 2 and self.steps == 3:
            raise RuntimeError("broken")
        return np.array([self.steps, self.kind]), 10.0 + action, self.kind != 1 and self.steps == LENGTH, False, {}


class Wreck(Counter):
    """Never starts."""

    def reset(self, *, seed=None, options=None):
        raise RuntimeError("nothing works")


class Board(Counter):
    """Shows four axes."""

    observation_space = Box(0, 255, (2, 8, 8, 3), np.uint8)


class Screen(Counter):
    """Shows an image of its step and its seed, always the same array. Ends after 70 steps, or by its limit of 66."""

    observation_space = Box(0, 255, (12, 10, 3), np.uint8)

    def reset(self, *, seed=None, options=None):
        self.image, self.last = np.zeros((12, 10, 3), np.uint8), 70 if seed % 2 else 3
        self.steps, self.image[..., 1] = 0, seed % 100
        return self.image, {}

    def step(self, action):
        self.steps += 1
        self.image[..., 0] = self.steps
        if self.steps == 2 and self.image[0, 0, 1] % 5 == 4:
            raise RuntimeError("broken")
        return self.image, 1.0, self.steps == self.last, False, {}


class Lever(Counter):
    """Wants two numbers, and pays the first and ten times the second."""

    action_space = Box(np.array([0, -2], np.float32), np.array([4, 2], np.float32))

    def step(self, action):
        assert self.action_space.contains(action), action
        seen, _, over, cut, info = super().step(0)
        return seen, float(action[0] + 10 * action[1]), over, cut, info


class Rope(Counter):
    """Wants a number without bounds."""

    action_space = Box(-np.inf, np.inf, (1,))


class Shifted(Counter):
    """Counts its actions from one."""

    action_space = Discrete(3, start=1)


class Long(Counter):
    """150 steps, unless its limit comes before."""

    def step(self, action):
        self.steps += 1
        return np.array([self.steps, 0.0]), 1.0, self.steps == 150, False, {}


class Door(Counter):
    """Shows a number out of four."""

    observation_space = Discrete(4)

    def reset(self, *, seed=None, options=None):
        return 2, {}


gymnasium.register("move37/Screen-v0", Screen, max_episode_steps=66, disable_env_checker=True)
for kind in (Counter, Wreck, Board, Lever, Rope, Shifted, Door):
    gymnasium.register(f"move37/{kind.__name__}-v0", kind, max_episode_steps=LIMIT, disable_env_checker=True)


def _play(iterations=6, copies=4):
    world = games.world("gym:move37/Counter-v0")
    net = VectorLatent(world, LatentConfig(1, 1, 8, discount=0.9), key=jax.random.key(0))
    play = PlayConfig(games=copies, moves=8, num_sampling_moves=100)
    actors = Actors(world, SearchConfig(num_simulations=4), play, seed=0)
    episodes = []
    for t in range(iterations):
        more, acted = actors.play(net, jax.random.key(t))
        assert acted.action.shape == (8, copies)
        episodes += more
    return world, net, actors, episodes


def test_episodes_are_whole_and_time_limits_are_no_ends():
    _, _, actors, episodes = _play()
    ended, cut = ([e for e in episodes if e.cut == flag] for flag in (False, True))
    assert len(ended) > 3
    assert len(cut) > 3
    for episode in episodes:
        length = LIMIT if episode.cut else LENGTH
        np.testing.assert_array_equal(episode.observation[:, 0], np.arange(length))
        np.testing.assert_array_equal(episode.reward, 10 + episode.action)
        np.testing.assert_allclose(episode.discount[:-1], 0.9, rtol=1e-6)
        np.testing.assert_allclose(episode.action_weights.sum(1), 1, rtol=1e-4)
    assert {float(e.discount[-1]) for e in ended} == {0.0}
    assert all(e.discount[-1] > 0 for e in cut)
    assert not {e.observation[0, 1] for e in episodes} & {2.0, 3.0}  # those that crashed are dropped
    assert actors.crashes > 3


def test_behind_a_time_limit_the_return_goes_on_and_nothing_else_is_known():
    *_, episodes = _play()
    cut = next(e for e in episodes if e.cut)
    for td_steps in (1, 3, 50):
        samples = n_step_targets([cut], td_steps)
        last = cut.root_value[-1]
        assert samples.value[-1] == pytest.approx(last, rel=1e-5)
        one = cut.reward[-2] + 0.9 * last
        assert samples.value[-2] == pytest.approx(one, rel=1e-5)
        two = cut.reward[-3] + 0.9 * (cut.root_value[-2] if td_steps == 1 else one)
        assert samples.value[-3] == pytest.approx(two, rel=1e-5)
        share = 0.9 if td_steps == 1 else 0.9**2
        np.testing.assert_allclose(samples.bootstrap[-3:], [share, 0.9, 1], rtol=1e-5)
    ended = next(e for e in episodes if not e.cut)
    for episode, known in ((cut, 0), (ended, 1)):
        rows = jax.tree.map(lambda x: x[[-2, -1, -1, -1]], n_step_targets([episode], 3))
        stretch = unroll(rows, 3, np.random.default_rng(0))
        np.testing.assert_array_equal(stretch.known, [[1, 1, known, known]])
        np.testing.assert_array_equal(stretch.policy_weight, [[1, 1, 0, 0]])


def test_actions_that_are_numbers():
    world = games.world("gym:move37/Lever-v0")
    assert (world.num_actions, world.action_shape) == (0, (2,))
    np.testing.assert_allclose(world.action([-1, 0.5]), [0, 1])
    net = VectorLatent(world, LatentConfig(1, 1, 8, discount=0.9, action_bins=5), key=jax.random.key(0))
    config = SearchConfig(num_simulations=6, num_slots=4)
    play = PlayConfig(games=4, moves=30)
    actors = Actors(world, config, play, seed=0)
    episodes, acted = actors.play(net, jax.random.key(0))
    assert acted.action.shape == (30, 4, 2)
    for episode in episodes:
        length = len(episode.reward)
        assert (episode.action.shape, episode.candidates.shape) == ((length, 2), (length, 4, 2))
        np.testing.assert_allclose(
            episode.reward, 2 * (episode.action[:, 0] + 1) + 20 * episode.action[:, 1], rtol=1e-4, atol=1e-5
        )
        tried = (episode.candidates == episode.action[:, None]).all(-1)
        assert tried.any(1).all()  # what was done is one of the candidates
        assert (episode.action_weights[tried] > 0).any()
    samples = n_step_targets(episodes, 3)
    stretch = unroll(jax.tree.map(lambda x: x[:8], samples), 3, np.random.default_rng(0))
    assert (stretch.action.shape, stretch.candidates.shape) == ((2, 3, 2), (2, 4, 4, 2))
    loss, metrics = jax.jit(unrolled_loss)(net, stretch)
    assert np.isfinite(loss)
    assert float(metrics["policy_entropy"]) == pytest.approx(2 * np.log(5), rel=0.05)
    trials = Trials(world, config, episodes=2)
    np.testing.assert_array_equal(trials.returns(net), trials.returns(net))


@pytest.mark.whole
def test_copies_explore_from_never_to_as_often_as_said():
    world = games.world("gym:move37/Lever-v0")
    net = VectorLatent(world, LatentConfig(1, 1, 8, discount=0.9), key=jax.random.key(0))
    rule = Gumbel(gumbel_scale=0.0)  # without noise a search says what it says
    strayed = []
    for rate in (0.0, 0.9):
        play = PlayConfig(games=4, moves=40, num_sampling_moves=0, random_moves=rate)
        actors = Actors(world, SearchConfig(rule, num_simulations=8, num_slots=8), play, seed=0)
        episodes, _ = actors.play(net, jax.random.key(0))
        best = [e.candidates[np.arange(len(e.action)), e.action_weights.argmax(1)] for e in episodes]
        other = (np.concatenate(best) != np.concatenate([e.action for e in episodes])).any(1)
        strayed.append(other.mean())
    assert strayed[1] - strayed[0] == pytest.approx(0.45 * 7 / 8, abs=0.15)


def test_a_long_episode_comes_in_parts_that_together_are_the_episode():
    gymnasium.register("move37/Long-v0", Long, disable_env_checker=True)
    world = games.world("gym:move37/Long-v0")
    net = VectorLatent(world, LatentConfig(1, 1, 8, discount=0.9), key=jax.random.key(0))
    play = PlayConfig(games=1, moves=151)
    search_config = SearchConfig(num_simulations=2)
    actors = Actors(world, search_config, play, seed=1)
    actors._seeds.next = lambda: 0
    parts, acted = actors.play(net, jax.random.key(0))
    assert [len(p.action) for p in parts] == [64, 64, 22]
    np.testing.assert_array_equal(np.concatenate([p.observation[:, 0] for p in parts]), np.arange(150))
    assert [p.goes_on for p in parts] == [True, True, False]
    assert [p.earlier for p in parts] == [(0, 0.0), (64, 64.0), (128, 128.0)]
    assert [float(p.discount[-1]) for p in parts] == pytest.approx([0.9, 0.9, 0.0])
    for part, after in pairwise(parts):
        assert part.cut
        assert after.observation[0, 0] == part.observation[-1, 0] + 1
    assert not parts[-1].cut
    numbers = summary(parts, acted, search_config, play, 1.0)
    assert (numbers["episode_return"], numbers["game_length"]) == (150, 150)
    assert "episode_return" not in summary(parts[:2], acted, search_config, play, 1.0)


def test_seeds_do_not_come_twice_not_even_after_a_checkpoint():
    world, net, actors, _ = _play(2)
    begun, saved = actors._seeds.begun, actors.state
    assert begun > 8
    again = Actors(world, SearchConfig(num_simulations=4), PlayConfig(games=2, moves=1), seed=0)
    again.restore(saved)
    again.play(net, jax.random.key(0))
    assert again._seeds.begun >= begun + 2
    assert again.crashes >= actors.crashes
    one, other = Seeds(1), Seeds(2)
    assert len({one.next() for _ in range(50)} | {other.next() for _ in range(50)}) == 100


def test_a_world_that_only_crashes_is_given_up():
    with pytest.raises(WorldFailure, match=r"Wreck-v0 crashed 6 times in a row.*nothing works"):
        Copy(games.world("gym:move37/Wreck-v0"), Seeds(0))


def test_trials_are_whole_episodes_and_repeat_themselves():
    world, net, *_ = _play(0)
    trials = Trials(world, SearchConfig(num_simulations=4), episodes=6)
    returns = trials.returns(net)
    np.testing.assert_array_equal(returns, trials.returns(net))
    assert ((returns >= 10 * 2) & (returns <= 12 * LIMIT)).all()  # the shortest crash after two steps
    assert trials.sit(net)["trial_return"] == pytest.approx(returns.mean())


@pytest.mark.parametrize(
    ("name", "error", "words"),
    [
        ("Nowhere-v9", UnknownName, "no world 'gym:Nowhere-v9'"),
        ("move37/Board-v0", BadConfig, "allowed so far: Discrete from 0, Box with one axis, and Box of uint8"),
        ("move37/Shifted-v0", BadConfig, "allowed so far: Discrete, counted from 0"),
        ("move37/Rope-v0", BadConfig, "has actions Box.*allowed so far: Discrete.* and Box with one axis and bounds"),
    ],
)
def test_worlds_that_cannot_be_played_are_named(name, error, words):
    with pytest.raises(error, match=words):
        games.world(f"gym:{name}")


def test_images_come_as_the_last_four_at_a_beginning_and_across_parts():
    world = games.world("gym:move37/Screen-v0")
    assert (world.observation_shape, world.shown) == ((12, 12, 10), 4)
    net = ImageLatent(world, LatentConfig(1, 1, 4, discount=0.9, image_blocks=0), key=jax.random.key(0))
    actors = Actors(world, SearchConfig(num_simulations=2), PlayConfig(games=6, moves=70), seed=3)
    episodes, _ = actors.play(net, jax.random.key(0))
    for episode in episodes:
        shown, (steps, _) = episode.observation[np.arange(len(episode.action))], episode.earlier
        assert (shown.dtype, shown.shape[1:]) == (np.uint8, world.observation_shape)
        times = steps + np.arange(len(shown))[:, None] + np.arange(-3, 1)
        np.testing.assert_array_equal(shown[:, ::3, 0, 0], np.maximum(times, 0))
        assert len(np.unique(shown[:, 1::3])) == 1  # no image of another episode
        assert len(episode.observation.images) == len(episode.action) + 3  # each is kept once
    parts = [e for e in episodes if e.goes_on]
    rest = [e for e in episodes if e.earlier[0]]
    assert parts
    assert rest
    for episode in rest:  # the time limit ended it, and no end of its own
        assert (len(episode.action), float(episode.discount[-1]) > 0) == (2, True)
        assert episode.cut
    assert actors.crashes > 0


def test_an_atari_episode_that_is_cut_off_goes_on_in_the_value_of_its_last_position(monkeypatch):
    pytest.importorskip("ale_py", reason="Atari is not installed: pip install 'move37[atari]'")
    world = AtariWorld("pong", max_num_frames=40)

    def think(net, seen, numbers, key):
        weights, value = np.full((len(seen), 6), 1 / 6, np.float32), np.full(len(seen), 7, np.float32)
        return Thought(np.zeros(len(seen), np.int32), weights, value, None)

    actors = Actors(world, SearchConfig(num_simulations=2), PlayConfig(games=2, moves=12), seed=0)
    monkeypatch.setattr(actors, "_think", think)
    episodes, _ = actors.play(SimpleNamespace(discount=0.5), jax.random.key(0))
    found = [(len(e.action), e.cut, float(e.discount[-1]), e.goes_on) for e in episodes]
    assert found == [(10, True, 0.5, False)] * 2
    samples = n_step_targets(episodes, 3)
    assert samples.value[9] == 7
    assert samples.value[8] == pytest.approx(episodes[0].reward[-2] + 0.5 * 7)


def test_a_world_without_a_limit_is_cut_off_all_the_same():
    gymnasium.register("move37/Endless-v0", Counter, disable_env_checker=True)
    world = games.world("gym:move37/Endless-v0")
    assert world.max_num_moves == 10_000
    copy = Copy(world, Seeds(0))
    copy._env.unwrapped.kind, copy.steps = 1, 9_998
    assert copy.step(0)[1:] == (False, False)
    assert copy.step(0)[1:] == (True, True)


def test_what_a_world_is():
    world = games.world("gym:move37/Door-v0")
    assert (world.name, world.num_actions, world.observation_shape) == ("gym:move37/Door-v0", 3, (4,))
    assert (world.num_players, world.max_num_moves) == (1, LIMIT)
    np.testing.assert_array_equal(world.observe(2), [0, 0, 1, 0])
    with pytest.raises(BadConfig, match=r"gives no rules: .move37 train muzero. learns its own"):
        games.make("gym:move37/Door-v0")
