"""A perfect model errs nowhere, a broken one the more the farther, and a value is the mover's at every depth.

The world: two players walk along a line of 24 points in turn, by 1, 2 or 3; a walk ends beyond the last. A position is
worth V(s) to its mover, whatever is played: r(s, a) = V(s) + V(s'), as the discount is −1.
"""

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
import pytest

from move37 import games
from move37.core.episode import Episode
from move37.models.learned import Learned
from move37.nets.latent import BoardLatent, Imagined, LatentConfig, Predicted
from move37.nets.vector_latent import VectorLatent
from move37.play.imagination import compare, fresh_episodes, imagine, legal_actions, rows_of, whole
from move37.play.self_play import PlayConfig
from move37.play.worlds import stream_of
from move37.search.mcts import SearchConfig

pytestmark = pytest.mark.usefixtures("promotion_as_optax_needs_it")

LAST, DEPTH = 24, 6
WORTH = np.linspace(0.9, 0.02, LAST + 1).astype(np.float32)
WORTH[LAST] = 0
POLICY = np.random.default_rng(0).dirichlet(np.ones(3), LAST + 1).astype(np.float32)


class Exact:
    """A support that is the number itself."""

    def mean(self, x):
        return x[..., 0]


class Walk(eqx.Module):
    """h, g, f as tables over a latent state that is a point as 25 numbers, one of them 1, and whose turn it is."""

    worth: jax.Array
    logits: jax.Array
    speed: float = eqx.field(static=True, default=1.0)  # 1: the truth. 0: nothing ever moves
    of_first: bool = eqx.field(static=True, default=False)  # values are those of who moved at depth 0: a wrong sign
    supports: tuple = eqx.field(static=True, default=(Exact(), Exact()))
    discount: float = eqx.field(static=True, default=-1.0)

    def representation(self, observation):
        return jnp.concatenate([observation.astype(jnp.float32), jnp.ones((len(observation), 1))], 1)

    def dynamics(self, latent, action):
        before = latent[:, :-1].argmax(1)
        after = jnp.minimum(before + (self.speed * (action + 1)).astype(jnp.int32), LAST)
        reward = self.worth[before] + self.worth[after]
        moved = jnp.concatenate([jax.nn.one_hot(after, LAST + 1), -latent[:, -1:]], 1)
        return Imagined(moved, reward[:, None])

    def prediction(self, latent):
        point, turn = latent[:, :-1].argmax(1), latent[:, -1]
        return Predicted(self.logits[point], (self.worth[point] * jnp.where(self.of_first, turn, 1.0))[:, None])


def _walk(**options):
    return Walk(jnp.asarray(WORTH), jnp.log(jnp.asarray(POLICY)), **options)


def _episodes(count=120, seed=0):
    """Walks by chance, from points by chance."""
    rng, made = np.random.default_rng(seed), []
    for lane in range(count):
        points, actions = [int(rng.integers(8))], []
        while points[-1] < LAST:
            actions.append(int(rng.integers(3)))
            points.append(min(points[-1] + actions[-1] + 1, LAST))
        points, length = np.array(points), len(actions)
        discount = np.full(length, -1, np.float32)
        discount[-1] = 0
        made.append(
            Episode(
                observation=np.eye(LAST + 1, dtype=np.float32)[points[:-1]],
                action=np.array(actions),
                action_weights=POLICY[points[:-1]],
                root_value=WORTH[points[:-1]],
                reward=WORTH[points[:-1]] + WORTH[points[1:]],
                discount=discount,
                full=np.ones(length, bool),
                init_key=np.zeros(2, np.uint32),
                opening=np.zeros(0, np.int64),
                lane=lane,
            )
        )
    return made


def _table(net, td_steps=3, legal=None, episodes=None):
    rows = rows_of(episodes or _episodes(), td_steps, legal)
    first = next(imagine(net, rows, 0)).latent
    return list(compare(rows, imagine(net, rows, DEPTH), np.zeros_like(first)))


def test_a_perfect_model_errs_nowhere_and_its_state_is_read():
    for td_steps in (1, 3, 100):
        for row in _table(_walk(), td_steps):
            assert row.value_error == pytest.approx(0, abs=1e-5)
            assert row.value_error_seen == pytest.approx(0, abs=1e-5)
            assert row.value_drift == pytest.approx(0, abs=1e-6)
            assert row.policy_kl == pytest.approx(0, abs=1e-5)
            assert (row.agreement, row.agreement_seen, row.illegal) == (1, 1, None)
            assert (row.reward_error is None) == (row.depth == 0)
            if row.depth:
                assert row.reward_error == pytest.approx(0, abs=1e-6)
                assert row.reward_baseline > 0.1
            assert row.value_baseline > 0.05
            assert row.probe.score > 0.999  # a rare point may have taught nobody
            assert row.probe.baseline < 0.97
    first = _table(_walk())[0]
    assert first.probe.untrained == pytest.approx(first.probe.baseline)  # zeros tell nothing


def test_a_model_that_stands_still_errs_the_more_the_farther():
    table = _table(_walk(speed=0.0))
    assert table[0].value_error == pytest.approx(0, abs=1e-5)
    for name in ("reward_error", "value_error", "value_drift"):
        numbers = [getattr(row, name) for row in table[1:]]
        assert all(np.diff(numbers) > 0), (name, numbers)
    assert all(row.value_error_seen == pytest.approx(0, abs=1e-5) for row in table)  # of what is seen it is right
    assert all(row.policy_kl > 0.1 > row.policy_kl_seen for row in table[1:])
    scores = [row.probe.score for row in table]
    assert scores[0] == 1.0 > max(scores[1:])


def test_a_value_belongs_to_who_moves_there():
    table = _table(_walk(of_first=True))
    for row in table:
        if row.depth % 2:  # the other's value: wrong by twice its size
            assert row.value_error > 0.2
            assert row.value_drift == pytest.approx(row.value_error, abs=1e-5)
        else:
            assert row.value_error == pytest.approx(0, abs=1e-5)


def test_only_what_really_came_is_compared():
    episodes = _episodes(6)
    lengths = np.array([len(e.action) for e in episodes])
    for row in _table(_walk(), episodes=episodes):
        assert row.positions == np.maximum(lengths - row.depth, 0).sum()
        assert row.steps == (np.maximum(lengths - row.depth + 1, 0).sum() if row.depth else 0)
    short = _table(_walk(), episodes=[e for e in episodes if len(e.action) == lengths.min()][:1])
    assert short[0].probe is None
    quick = [e._replace(full=np.arange(len(e.action)) % 2 == 0) for e in episodes]
    wrong = [e._replace(action_weights=np.where(e.full[:, None], e.action_weights, 1 / 3).astype("f4")) for e in quick]
    assert all(row.policy_kl == pytest.approx(0, abs=1e-5) for row in _table(_walk(), episodes=wrong))


def test_illegal_actions_are_those_of_the_position_that_was_reached():
    episodes = _episodes()
    legal = [np.tile([True, True, False], (len(e.action), 1)) for e in episodes]
    points = [e.observation.argmax(1) for e in episodes]
    for row in _table(_walk(), legal=legal):
        reached = np.concatenate([p[row.depth :] for p in points])
        assert row.illegal == pytest.approx(POLICY[reached, 2].mean(), abs=1e-5)
        assert row.illegal_seen == pytest.approx(row.illegal, abs=1e-6)


def test_parts_are_joined_and_the_first_episode_of_each_lane_counts():
    one, other, third = _episodes(3)
    parts = [
        other._replace(lane=1),
        one._replace(lane=0, goes_on=True, cut=True),  # lost in a crash
        third._replace(lane=0, goes_on=True, cut=True),
        third._replace(lane=1),
        one._replace(lane=0, earlier=(len(third.action), 3.0), cut=True),
        other._replace(lane=2, goes_on=True),
        other._replace(lane=0),
    ]
    first, second = whole(parts)
    np.testing.assert_array_equal(first.action, np.concatenate([third.action, one.action]))
    np.testing.assert_array_equal(first.root_value, np.concatenate([third.root_value, one.root_value]))
    assert (first.cut, first.goes_on, first.earlier) == (True, False, (0, 0.0))
    np.testing.assert_array_equal(second.action, other.action)


def test_legal_actions_are_those_of_the_game_behind_its_opening():
    game = games.make("tic_tac_toe")
    net = BoardLatent(game, LatentConfig(1, 1, 8), key=jax.random.key(0))
    play = PlayConfig(games=4, moves=9, num_sampling_moves=9, opening_moves=3, opening_fraction=1.0)
    *_, found = fresh_episodes(game, net, SearchConfig(num_simulations=2), play, 4, seed=0)
    assert sorted(e.lane for e in found) == [0, 1, 2, 3]
    assert any(len(e.opening) for e in found)
    for e, legal in zip(found, legal_actions(game, found), strict=True):
        np.testing.assert_array_equal(legal, ~e.observation.reshape(-1, 2, 9).any(1))
    rows = rows_of(found, 9, legal_actions(game, found))
    said = next(imagine(net, rows, 0))
    shown = Learned(net).net.prediction(net.representation(jnp.asarray(rows.observation)))
    np.testing.assert_allclose(said.value, net.supports[0].mean(shown.value), atol=1e-5)
    np.testing.assert_allclose(said.logits, shown.policy, atol=1e-5)


def test_lanes_of_a_world_are_told_apart():
    world = games.world("gym:CartPole-v1")
    net = VectorLatent(world, LatentConfig(1, 1, 8, discount=0.9), key=jax.random.key(0))
    play, search = PlayConfig(games=3, moves=70), SearchConfig(num_simulations=2)
    episodes, _ = stream_of(world, Learned, search, play, jax.random.key(0), 0).play(net, jax.random.key(1))
    assert {e.lane for e in episodes} == {0, 1, 2}
    *_, found = fresh_episodes(world, net, search, play, 3, seed=0)
    assert [e.lane for e in found] == [0, 1, 2]
