"""What is searched again where actions are numbers: other candidates, and the policy that speaks of them."""

from functools import partial

import jax
import numpy as np

from move37 import games
from move37.learn.targets import n_step_targets
from move37.models.learned import Learned
from move37.nets.latent import LatentConfig
from move37.nets.vector_latent import VectorLatent
from move37.play.actors import Actors
from move37.play.reanalyze import Reanalyze
from move37.play.replay import Replay, ReplayConfig
from move37.play.self_play import PlayConfig
from move37.search.mcts import SearchConfig


def test_candidates_are_renewed_with_the_policy_that_speaks_of_them(tmp_path):
    world, search = games.world("gym:Pendulum-v1"), SearchConfig(num_simulations=4, num_slots=4)
    net = VectorLatent(world, LatentConfig(1, 1, 8, action_bins=3), key=jax.random.key(0))
    episodes, _ = Actors(world, search, PlayConfig(games=2, moves=200), seed=0).play(net, jax.random.key(0))
    replay = Replay(ReplayConfig(fraction=1.0, least=1), tmp_path)
    replay.add(1, n_step_targets(episodes, 5), 2)
    before = replay._segments[0][1]
    targets = partial(Reanalyze(world, Learned, search).targets, net, key=jax.random.key(1))
    replay.renew(300, np.random.default_rng(0), targets, values_up_to=1)
    for window in (replay, Replay.open(replay.config, tmp_path, 1, replay.state)):
        after = window._segments[0][1]
        other = (after.candidates != before.candidates).any((1, 2))
        assert 200 < other.sum() <= 300
        equal = (after.candidates[:, :, None] == after.candidates[:, None]).all(-1)
        first = equal.argmax(-1) == np.arange(4)
        assert (~first).any()  # four draws of three numbers: one comes twice
        np.testing.assert_array_equal(after.policy > 0, first)  # and stands in the policy once
        assert (after.bootstrap[other] == 0).all()  # their value is the search's
