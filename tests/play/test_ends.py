"""How games ended, against the rules played by hand; signs for both players, through to what the net learns."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from move37.core.episode import Episode
from move37.core.errors import BadConfig
from move37.games import make
from move37.games.go import Go
from move37.learn.targets import outcome_targets
from move37.play.ends import Ends
from move37.play.replay import Replay, ReplayConfig, augment

GAME = Go(size=3, komi=0.5)
POINTS = 9
STEP, OBSERVE, LEGAL = jax.jit(GAME.step), jax.jit(GAME.observe), jax.jit(GAME.legal)


def _episode(moves, opening=0, resigned=False):
    """A game by its moves; the first `opening` of them are random ones, the last is not played if `resigned`."""
    state, rows = GAME.init(jax.random.key(0)), []
    for i, move in enumerate(moves):
        assert LEGAL(state)[move]
        after = STEP(state, jnp.int32(move))
        if i >= opening:
            rows.append((OBSERVE(state), move, float(after.reward), float(after.discount)))
        state = after.state
    observation, action, reward, discount = (np.array(x) for x in zip(*rows, strict=True))
    reward, discount = reward.astype(np.float32), discount.astype(np.float32)
    if resigned:
        reward[-1], discount[-1] = -1, 0
    weights = np.eye(GAME.num_actions, dtype=np.float32)[action]
    zeros, full = np.zeros(len(action), np.float32), np.ones(len(action), bool)
    key = np.asarray(jax.random.key_data(jax.random.key(0)))
    first = np.array(moves[:opening], np.int32)
    return Episode(observation, action, weights, zeros, reward, discount, full, key, first, resigned)


# Black takes the middle row, White two points above; both pass. Black owns 6 points, White 2, and one is nobody's.
BLACK_WINS = [3, 0, 4, 1, 5, 9, 9]
AREA = np.array([-1, -1, 0, 1, 1, 1, 1, 1, 1])
SCORE = 6 - 2 - 0.5


def _ended(*episodes):
    return Ends(GAME).add(list(episodes))


@pytest.mark.parametrize("opening", range(7))
def test_the_end_is_seen_by_whoever_moves_first_after_the_opening(opening):
    (episode,) = _ended(_episode(BLACK_WINS, opening))
    sign = 1 if opening % 2 == 0 else -1
    np.testing.assert_array_equal(episode.ownership, sign * AREA)
    assert episode.score == sign * SCORE


@pytest.mark.parametrize("opening", [0, 1, 4])
def test_targets_have_the_sign_of_their_mover(opening):
    """Black to move sees its own points as 1, White as −1; the observation says who moves."""
    samples = outcome_targets(_ended(_episode(BLACK_WINS, opening)))
    black_moves = samples.observation[:, -1, 0, 0]
    assert black_moves.tolist() == [t % 2 == 0 for t in range(opening, len(BLACK_WINS))]
    sign = np.where(black_moves, 1, -1)
    np.testing.assert_array_equal(samples.ownership, sign[:, None] * AREA)
    np.testing.assert_allclose(samples.score, sign * SCORE)
    np.testing.assert_array_equal(samples.value, sign)  # Black wins: value, score and ownership agree
    np.testing.assert_array_equal(samples.end_weight, 1)
    assert samples.ownership.dtype == np.int8


def test_each_mover_sees_its_own_stones_as_its_own_points():
    """Planes 0 and 1 of an observation are the mover's and the opponent's stones; here none of them ever dies."""
    samples = outcome_targets(_ended(_episode(BLACK_WINS)))
    planes = samples.observation.reshape(len(samples.value), -1, POINTS)
    assert planes[:, 0].any()
    assert (samples.ownership[planes[:, 0]] == 1).all()
    assert (samples.ownership[planes[:, 1]] == -1).all()


def test_a_resigned_game_teaches_no_end_but_its_result():
    whole, resigned = _ended(_episode(BLACK_WINS), _episode(BLACK_WINS[:6], resigned=True))
    samples = outcome_targets([whole, resigned])
    np.testing.assert_array_equal(samples.end_weight, [1] * 7 + [0] * 6)
    np.testing.assert_array_equal(samples.value[7:], [1, -1, 1, -1, 1, -1])  # White is to move, and gives up


def test_many_games_equal_each_alone():
    games = [_episode(BLACK_WINS, i % 3) for i in range(5)] + [_episode([9, 9])] + [_episode([4, 9, 9])] * 40
    together = _ended(*games)
    assert len(together) == len(games)
    for game, told in list(zip(games, together, strict=True))[::9]:
        (alone,) = _ended(game)
        np.testing.assert_array_equal(alone.ownership, told.ownership)
        assert alone.score == told.score
    assert together[5].score == -0.5
    assert not together[5].ownership.any()
    assert (together[-1].ownership == 1).all()
    assert _ended() == []


def test_a_game_without_points_is_refused_and_pays_nothing():
    with pytest.raises(BadConfig, match="tic_tac_toe knows no ownership"):
        Ends(make("tic_tac_toe"))
    samples = outcome_targets([_episode(BLACK_WINS)])
    assert samples.ownership is samples.score is samples.end_weight is None


def test_ownership_turns_with_the_board():
    """In every symmetry the mover's stones, none of which dies, lie on the mover's points, and counts stay."""
    samples = outcome_targets(_ended(_episode(BLACK_WINS)))
    seen = set()
    for symmetry in GAME.symmetries():
        turned = augment(samples, (symmetry, symmetry), np.random.default_rng(0))
        planes = turned.observation.reshape(len(turned.value), -1, POINTS)
        assert (turned.ownership[planes[:, 0]] == 1).all()
        assert (turned.ownership[planes[:, 1]] == -1).all()
        np.testing.assert_array_equal(turned.ownership, samples.ownership[:, symmetry.points])
        np.testing.assert_array_equal(turned.score, samples.score)
        seen.add(turned.ownership[0].tobytes())
    assert len(seen) == 8


def test_the_window_keeps_ends_on_disk(tmp_path):
    config = ReplayConfig(window=40, fraction=1.0, least=4)
    told, plain = Replay(config, tmp_path / "told"), Replay(config, tmp_path / "plain")
    samples = outcome_targets(_ended(_episode(BLACK_WINS)))
    for t in (1, 2):
        told.add(t, samples, games=1)
        plain.add(t, samples._replace(ownership=None, score=None, end_weight=None), games=1)
    with np.load(tmp_path / "plain" / "000001.npz") as arrays:
        assert "ownership" not in arrays
    rng = np.random.default_rng(0)
    opened = Replay.open(config, tmp_path / "told", 2, told.state)
    assert opened.games == 2
    batch = next(opened.batches(1, 30, rng, GAME.symmetries()))
    assert batch.ownership.shape == (30, POINTS)
    assert (batch.ownership.sum(1) * batch.score > 0).all()
    opened = Replay.open(config, tmp_path / "plain", 2, plain.state)
    assert next(opened.batches(1, 30, rng, GAME.symmetries())).ownership is None
