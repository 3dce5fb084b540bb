"""The loop without rules: it goes on where it stopped, to the last bit, and what it trains can play."""

import dataclasses

import jax
import numpy as np
import pytest

from move37 import games
from move37.core.errors import BadConfig, UnknownName
from move37.games import make
from move37.learn.targets import Samples
from move37.models.learned import Learned, seen
from move37.nets.latent import BoardLatent, LatentConfig
from move37.play.arena import play_match
from move37.play.players import LatentPlayer, RandomPlayer
from move37.play.reanalyze import Reanalyze
from move37.play.replay import Replay
from move37.play.self_play import PlayConfig
from move37.recipes import muzero
from move37.run.directory import Run
from move37.search.gumbel import Gumbel
from move37.search.mcts import SearchConfig, search

pytestmark = pytest.mark.usefixtures("promotion_as_optax_needs_it")

GAME = "hex_3x3"
# Times; and the ladder, on which the run that was stopped has a rung more.
OTHER = (
    "seconds",
    "memory_mib",
    "moves_per_second",
    "simulations_per_second",
    "rating",
    "rating_plus_minus",
    "matches",
)


def _train(path, config, resume=False):
    run = Run.open(path) if resume else Run.create(path, "muzero", GAME, config, 7)
    return muzero.train(config, run, resume=resume), run


@pytest.mark.whole
def test_a_run_that_was_stopped_goes_on_as_if_it_had_not_been_and_its_net_plays(tmp_path):
    config = muzero.preset("smoke", GAME)
    whole, run = _train(tmp_path / "whole", config)
    _train(tmp_path / "parts", dataclasses.replace(config, iterations=2))
    again, resumed = _train(tmp_path / "parts", config, resume=True)
    for a, b in zip(jax.tree.leaves(whole), jax.tree.leaves(again), strict=True):
        np.testing.assert_array_equal(a, b)
    last = [{k: v for k, v in r.metrics()[-1].items() if k not in OTHER} for r in (run, resumed)]
    assert last[0] == last[1]
    assert last[0]["unrolled_reward_loss"] > 0
    game, _, found, chosen = muzero.load(Run.open(tmp_path / "parts"))
    assert (game, chosen) == (make(GAME), 3)
    np.testing.assert_array_equal(again.action, found.action)
    for simulations in (0, config.search.num_simulations):
        player = LatentPlayer("muzero", game, found, simulations)
        match = play_match(game, player, RandomPlayer(game), 20, jax.random.key(0))
        assert match.wins + match.draws + match.losses == 20


@pytest.mark.whole
def test_reanalyze_renews_policies_and_a_stopped_run_goes_on_as_if_it_had_not_been(tmp_path):
    config = dataclasses.replace(muzero.preset("smoke", GAME), reanalyze=10**6, searched_values=1)
    whole, _ = _train(tmp_path / "whole", config)
    _train(tmp_path / "parts", dataclasses.replace(config, iterations=2))
    again, _ = _train(tmp_path / "parts", config, resume=True)
    for a, b in zip(jax.tree.leaves(whole), jax.tree.leaves(again), strict=True):
        np.testing.assert_array_equal(a, b)
    replays = [tmp_path / name / "replay" for name in ("whole", "parts")]
    names = sorted(path.name for path in replays[0].glob("*.renewed"))
    assert names
    for name in names:
        one, two = (dict(np.load(folder / name)) for folder in replays)
        jax.tree.map(np.testing.assert_array_equal, one, two)
        played = dict(np.load(replays[0] / name.replace(".renewed", ".npz")))
        assert ((one["policy"] > 0) == (played["policy"] > 0)).all()  # no move is legal that was not
        assert (one["policy"] != played["policy"]).any()
        newest = name == names[-1]  # what was just played keeps its return
        assert (one["value"] == played["value"]).all() == newest


@pytest.mark.whole
def test_what_reanalyze_says_is_what_a_search_with_that_net_says():
    game, config = make(GAME), SearchConfig(Gumbel(gumbel_scale=0.0), num_simulations=8)
    net = BoardLatent(game, LatentConfig(1, 1, 8), key=jax.random.key(3))
    states = jax.vmap(game.init)(jax.random.split(jax.random.key(0), 3))
    states = jax.vmap(lambda s, a: game.step(s, a).state)(states, np.array([0, 4, 8], np.int32))
    shown = seen(game, states)
    wanted = search(Learned(net), Learned(net).embed(shown), config)
    none = np.zeros(3, np.float32)
    rows = Samples(np.asarray(shown.observation), np.asarray(shown.legal, np.float32), none, none, none[:, None], none)
    found = Reanalyze(game, Learned, config).targets(net, rows, jax.random.key(1))
    np.testing.assert_allclose(found.policy, wanted.action_weights, atol=1e-5)
    np.testing.assert_allclose(found.value, wanted.value, atol=1e-5)
    assert (np.argsort(found.policy[0]) != np.argsort(found.policy[1])).any()


@pytest.mark.whole
def test_a_net_that_learns_to_imagine_what_it_sees_turned_by_symmetries(tmp_path, monkeypatch):
    config = muzero.preset("smoke", GAME)
    net = dataclasses.replace(config.net, consistency=2.0)
    config, turned = dataclasses.replace(config, net=net, updates=40, augmentation=True), []

    def seen(replay, *rest, stretches=Replay.stretches):
        turned.append(len(rest[-1]))
        return stretches(replay, *rest)

    monkeypatch.setattr(Replay, "stretches", seen)
    _, run = _train(tmp_path / "run", config)
    assert set(turned) == {len(make(GAME).symmetries())} != {1}
    losses = [row["consistency_loss"] for row in run.metrics() if "consistency_loss" in row]
    assert losses[-1] < losses[0] - 0.1


def test_what_a_learned_model_cannot_give_is_refused():
    config, cart = muzero.preset("laptop", GAME), games.world("gym:CartPole-v1")
    with pytest.raises(BadConfig, match=r"augmentation turns .*; catch has none"):
        muzero.check(dataclasses.replace(muzero.preset("smoke", "catch"), augmentation=True), make("catch"))
    muzero.check(config, make(GAME))
    with pytest.raises(BadConfig, match="a model that is learned has no symmetries"):
        muzero.check(_with(config, random_symmetries=True), make(GAME))
    with pytest.raises(BadConfig, match="reanalyze, which is 0"):
        muzero.check(dataclasses.replace(config, searched_values=1), make(GAME))
    with pytest.raises(BadConfig, match="gym:CartPole-v1 is none"):
        muzero.check(_with(config, opening_moves=4), cart)
    muzero.check(muzero.preset("laptop", "gym:CartPole-v1"), cart)


def _with(config, **changes):
    return dataclasses.replace(config, play=dataclasses.replace(config.play, **changes))


@pytest.mark.whole
def test_images_are_learned_from_and_a_stopped_run_goes_on_as_if_it_had_not_been(tmp_path, monkeypatch):
    atari = pytest.importorskip("move37.games.atari")
    pytest.importorskip("ale_py", reason="Atari is not installed: pip install 'move37[atari]'")
    name, short = "atari:pong", atari.AtariWorld("pong", max_num_frames=80)
    monkeypatch.setattr(games, "world", lambda _: short)
    config = muzero.preset("smoke", name)
    small = dataclasses.replace(config.net, channels=2, image_blocks=0, value_hidden=8)
    config = dataclasses.replace(config, net=small, play=PlayConfig(games=4, moves=20, num_sampling_moves=0))
    nets = []
    for folder, iterations in (("whole", (3,)), ("parts", (2, 3))):
        for i, wanted in enumerate(iterations):
            asked = dataclasses.replace(config, iterations=wanted, exam_every=wanted)
            path = tmp_path / folder
            run = Run.open(path) if i else Run.create(path, "muzero", name, asked, 7)
            nets.append(muzero.train(asked, run, resume=bool(i)))
    replay = Replay.open(
        config.replay,
        tmp_path / "whole/replay",
        3,
        {name: np.array(number) for name, number in (("first", 1), ("total", 0), ("games", 0))},
    )
    assert len(replay) == 160  # half of what was made, and what else the oldest segment holds
    for name in ("000002.npz", "000003.npz"):  # what is older a checkpoint may still need, or not
        one, two = (tmp_path / folder / "replay" / name for folder in ("whole", "parts"))
        with np.load(one) as a, np.load(two) as b:
            assert {"images", "rows", "count"} < set(a.files)
            assert a["images"].nbytes < 1.5 * len(a["rows"]) * 96 * 96  # not four times
            assert set(a.files) == set(b.files)
    assert nets[0].board.stem.weight.shape == nets[2].board.stem.weight.shape
    assert run.metrics()[-1]["crashes"] == 0
    assert run.metrics()[-1]["trial_return"] <= 0


@pytest.mark.parametrize(("limit", "iterations"), [(999, 39), (1000, 330), (None, 39)])
def test_a_world_of_long_episodes_gets_more_iterations(tmp_path, limit, iterations):
    text = f"""import gymnasium
class Still(gymnasium.Env):
    observation_space, action_space = gymnasium.spaces.Box(-1, 1, (2,)), gymnasium.spaces.Discrete(2)
    max_episode_steps = {limit}
"""
    (tmp_path / "still.py").write_text(text)
    assert muzero.preset("laptop", f"gym:{tmp_path}/still.py:Still").iterations == iterations


def test_presets():
    assert muzero.preset("paper", "atari:pong").search.num_simulations == 50
    turned = {name: muzero.preset("laptop", name).augmentation for name in (GAME, "catch", "gym:CartPole-v1")}
    assert turned == {GAME: True, "catch": False, "gym:CartPole-v1": False}
    for name in ("smoke", "laptop", "gpu", "paper"):
        assert muzero.preset(name, GAME).iterations >= 3
    with pytest.raises(UnknownName, match="muzero has no preset 'huge'; there are: smoke, laptop"):
        muzero.preset("huge", GAME)
    with pytest.raises(UnknownName, match=r"there are: smoke, laptop\."):
        muzero.preset("paper", "gym:CartPole-v1")
