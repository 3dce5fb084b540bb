"""Atari, as ale-py gives it: what is seen, what an option does, and what a time limit is."""

import numpy as np
import pytest

pytest.importorskip("ale_py", reason="Atari is not installed: pip install 'move37[atari]'")

from move37 import games
from move37.core.errors import BadConfig, UnknownName
from move37.games.atari import AtariWorld
from move37.play.actors import Copy, Seeds


def _roll(copy, actions):
    """(images, rewards) of as many steps."""
    seen, rewards = [copy.newest], []
    for action in actions:
        rewards.append(copy.step(int(action))[0])
        seen.append(copy.newest)
    return np.stack(seen), np.array(rewards)


def test_what_a_game_is():
    world = games.world("atari:pong")
    assert (world.name, world.num_actions, world.observation_shape) == ("atari:pong", 6, (4, 96, 96))
    assert (world.num_players, world.shown, world.max_num_moves) == (1, 4, 27_000)
    assert games.world("atari:pong+sticky+full").num_actions == 18
    with pytest.raises(UnknownName, match=r"no game 'atari:pongo'; there are: adventure, air_raid"):
        games.world("atari:pongo")
    with pytest.raises(BadConfig, match=r"no option 'stick'; there are: \+sticky, \+full, \+clip"):
        games.world("atari:pong+stick")
    with pytest.raises(BadConfig, match="gives no rules"):
        games.make("atari:pong")


def test_a_seed_is_an_episode_also_after_one_that_was_cut_off():
    world, actions = AtariWorld("pong", max_num_frames=200), np.arange(40) % 6
    copies = [Copy(world, Seeds(7)) for _ in range(2)]
    for _ in range(100):
        stepped = copies[1].step(0)
        if stepped[1]:
            break
    assert stepped[1:] == (True, True)  # over, and by the limit
    assert copies[1].steps == 50
    unlimited = Copy(AtariWorld("pong"), Seeds(7))
    assert not any(unlimited.step(0)[1] for _ in range(copies[1].steps))
    np.testing.assert_array_equal(copies[1].newest, unlimited.newest)  # what stands behind the cut, not a new beginning
    copies[1].seeds.begun = 0
    copies[1].begin()
    for one, two in zip(*(_roll(copy, actions) for copy in copies), strict=True):
        np.testing.assert_array_equal(one, two)
    copies[1].begin()
    assert not np.array_equal(_roll(copies[1], actions)[0], one)


def test_images_are_stacked_as_they_came():
    copy = Copy(games.world("atari:breakout"), Seeds(0))
    first = copy.newest
    assert (first.shape, first.dtype) == (((1, 96, 96)), np.uint8)
    np.testing.assert_array_equal(copy.seen, np.repeat(first, 4, axis=0))
    images, _ = _roll(copy, [1, 2, 3, 2, 3, 2])
    assert (images[0] != images[-1]).any()
    np.testing.assert_array_equal(copy.seen, images[-4:, 0])


def test_options_of_the_machine():
    actions = np.random.default_rng(0).integers(4, size=150)
    plain, sticky = (_roll(Copy(games.world(f"atari:breakout{o}"), Seeds(0)), actions)[0] for o in ("", "+sticky"))
    assert not np.array_equal(plain, sticky)
    actions = np.random.default_rng(0).integers(6, size=400)
    worlds = [games.world(f"atari:space_invaders{option}") for option in ("", "+clip")]
    (_, points), (_, clipped) = (_roll(Copy(world, Seeds(1)), actions) for world in worlds)
    assert points.max() >= 5
    np.testing.assert_array_equal(clipped, np.clip(points, -1, 1))


def test_an_id_of_gymnasium_is_what_it_is_there():
    world = games.world("gym:ALE/Pong-v5")
    assert (world.num_actions, world.observation_shape) == (6, (12, 210, 160))
