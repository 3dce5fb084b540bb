"""The window: its size, its files, what a kill or a broken disk leaves of it, and symmetries."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from move37.core.errors import BadConfig, BadRun
from move37.core.frames import after
from move37.games import make
from move37.learn.targets import Samples
from move37.play.replay import Renewed, Replay, ReplayConfig, augment

SMALL = ReplayConfig(window=20, fraction=0.5, least=6)


def _samples(first, count):
    """`count` positions, told apart by their value."""
    value = np.arange(first, first + count, dtype=np.float32)
    policy = np.repeat(value[:, None], 3, axis=1)
    return Samples(np.zeros((count, 1, 2, 2), bool), policy, value, value, policy, value)


def _held(replay):
    return [(iteration, samples.value.tolist()) for iteration, samples in replay._segments]


def _fill(replay, iterations, size=4):
    for t in iterations:
        replay.add(t, _samples(100 * t, size))
    return replay


@pytest.mark.parametrize(
    "config", [SMALL, ReplayConfig(30, 1.0, 1), ReplayConfig(1000, 0.2, 1), ReplayConfig(1000, 0.1, 40)]
)
def test_the_window_is_the_fewest_newest_segments_that_fill_it(config):
    rng, replay, sizes = np.random.default_rng(0), Replay(config), []
    for t in range(60):
        sizes.append(int(rng.integers(1, 10)))
        replay.add(t, _samples(100 * t, sizes[-1]))
        replay.add(t, None)  # an iteration in which no game ended
        total = sum(sizes)
        wanted = min(config.window, max(config.least, int(config.fraction * total)), total)
        kept = next(n for n in range(1, t + 2) if sum(sizes[-n:]) >= wanted)
        assert [i for i, _ in _held(replay)] == list(range(t + 1 - kept, t + 1))
        assert (len(replay), replay.total) == (sum(sizes[-kept:]), total)


def test_renewed_targets_are_of_their_positions_and_outlive_a_stop(tmp_path):
    replay, asked = Replay(ReplayConfig(fraction=1.0, least=1), tmp_path), []
    for t in range(1, 6):
        samples = _samples(10 * t, 3)
        replay.add(t, samples._replace(bootstrap=np.full(3, 0.5, np.float32)), 1)

    def search(rows):
        asked.extend(rows.policy[:, 0].tolist())
        return Renewed(rows.policy + 1000, rows.policy[:, 0] + 2000)

    replay.renew(7, np.random.default_rng(0), search, values_up_to=3)
    assert len(set(asked)) == 7
    opened = Replay.open(replay.config, tmp_path, 5, replay.state)
    for window in (replay, opened):
        number = np.concatenate([10.0 * t + np.arange(3) for t in range(1, 6)])  # policy and value of each position
        new, old = np.isin(number, asked), number < 40
        for name, wanted in (
            ("policy", number + 1000 * new),
            ("value", number + 2000 * (new & old)),  # the newest two iterations keep what was played
            ("bootstrap", np.where(new & old, 0, 0.5)),
        ):
            found = np.concatenate([getattr(samples, name) for _, samples in window._segments])
            np.testing.assert_array_equal(found[:, 0] if name == "policy" else found, wanted)
    Replay.open(replay.config, tmp_path, 3, {**replay.state, "size": np.array(9)})
    assert max(int(path.name[:6]) for path in tmp_path.iterdir()) == 3  # what came later will be made again
    Replay(SMALL).renew(5, np.random.default_rng(0), search)  # too small to learn from: nothing is asked


def test_batches_are_uniform_draws_from_the_window_and_wait_until_it_is_large_enough():
    replay, rng = Replay(SMALL), np.random.default_rng(0)
    replay.add(1, _samples(0, 5))
    assert list(replay.batches(3, 4, rng)) == []
    _fill(replay, range(2, 12), size=3)
    batches = list(replay.batches(200, 10, rng))
    assert [len(b.value) for b in batches] == [10] * 200
    values, counts = np.unique([b.value for b in batches], return_counts=True)
    assert values.tolist() == [v for _, held in _held(replay) for v in held]
    assert np.abs(counts / (2000 / len(values)) - 1).max() < 0.4  # six standard deviations
    for b in batches[:5]:
        assert all((x.reshape(10, -1)[:, -1] == b.value).all() for x in b[1:6])  # fields of a row stay together


def test_opened_after_a_kill_it_goes_on_as_if_never_killed(tmp_path):
    whole = _fill(Replay(SMALL), range(1, 9))
    broken = _fill(Replay(SMALL, tmp_path), range(1, 7))
    saved = broken.state
    _fill(broken, (7, 8), size=9)  # made after the checkpoint, and so not the same as after the resume
    opened = Replay.open(SMALL, tmp_path, 6, saved)
    assert _held(opened) == _held(_fill(Replay(SMALL), range(1, 7)))
    assert sorted(int(p.stem) for p in tmp_path.iterdir())[-1] == 6
    _fill(opened, (7, 8))
    assert _held(opened) == _held(whole)
    assert opened.total == whole.total
    one, two = (next(r.batches(1, 50, np.random.default_rng(3))) for r in (opened, whole))
    np.testing.assert_array_equal(one.value, two.value)


@pytest.mark.parametrize("resumed_at", [None, 9])
def test_pruning_spares_what_the_newest_two_checkpoints_need(tmp_path, resumed_at):
    replay, saved = Replay(SMALL, tmp_path), {}
    for t in range(1, 16):
        _fill(replay, [t])
        saved[t] = replay.state
        replay.prune()
        if t == resumed_at:
            replay = Replay.open(SMALL, tmp_path, t, saved[t])
    first = min(int(p.stem) for p in tmp_path.iterdir())
    assert first == int(saved[14]["first"]) > 1
    opened = Replay.open(SMALL, tmp_path, 14, saved[14])  # if checkpoint 15 cannot be read
    assert _held(opened) == _held(_fill(Replay(SMALL), range(1, 15)))
    Replay(SMALL).prune()  # in memory there is nothing to delete


BREAKS = {
    "empty": lambda p: p.write_bytes(b""),
    "half": lambda p: p.write_bytes(p.read_bytes()[: p.stat().st_size // 2]),
    "torn": lambda p: p.write_bytes(p.read_bytes()[:-10]),
    "flipped": lambda p: p.write_bytes(b"".join([p.read_bytes()[:200], b"?", p.read_bytes()[201:]])),
    "noise": lambda p: p.write_bytes(b"no archive at all"),
    "fields": lambda p: np.savez(p, other=np.zeros(3)),
    "lengths": lambda p: np.savez(p, **_samples(0, 4)._replace(policy=np.zeros((3, 2), np.float32))._asdict()),
    "newer": lambda p: p.write_bytes(p.read_bytes().replace(b"PK\x01\x02", b"PK\x01\x02\xff\xff\xff\xff", 1)),
    "of reanalyze": lambda p: p.with_suffix(".renewed").write_bytes(b"xx"),
    "pickle": lambda p: np.savez(p, **_samples(0, 4)._replace(value=np.array([{}] * 4))._asdict()),
    "gone": lambda p: p.unlink(),
}


@pytest.mark.parametrize("how", BREAKS)
def test_a_broken_or_missing_segment_is_named(tmp_path, how):
    replay = _fill(Replay(SMALL, tmp_path), range(1, 5))
    path = tmp_path / "000003.npz"
    BREAKS[how](path)
    says = {"gone": "missing", "of reanalyze": "000003.renewed cannot be read"}
    with pytest.raises(BadRun, match=says.get(how, "000003.npz (cannot be read|is no part)")) as caught:
        Replay.open(SMALL, tmp_path, 4, replay.state)
    assert "pickle" not in str(caught.value)


def test_a_file_that_is_no_segment_lies_in_peace(tmp_path):
    replay = _fill(Replay(SMALL, tmp_path), range(1, 5))
    for name in ("000abc.npz", "000002 (copy).npz", "notes.txt"):
        (tmp_path / name).write_text("mine")
    assert _held(Replay.open(SMALL, tmp_path, 4, replay.state)) == _held(replay)
    replay.prune()
    assert (tmp_path / "000abc.npz").read_text() == "mine"


@pytest.mark.parametrize("name", ["tic_tac_toe", "connect_four", "hex_3x3", "othello_6x6", "go_5x5"])
def test_symmetries_turn_observation_policy_and_reply_as_the_rules_do(name):
    """A game played by the turned policies from the start shows the turned observations."""
    game, rng, moves = make(name), np.random.default_rng(0), 9
    step, legal, observe = jax.jit(game.step), jax.jit(game.legal), jax.jit(game.observe)
    state, observations, actions = game.init(jax.random.key(0)), [], []
    for _ in range(moves):
        observations.append(np.asarray(observe(state)))
        actions.append(int(rng.choice(np.flatnonzero(legal(state)))))
        after = step(state, jnp.int32(actions[-1]))
        state = after.state
        if after.discount == 0:
            break
    policy = np.eye(game.num_actions, dtype=np.float32)[actions]
    reply, numbers = np.roll(policy, -1, axis=0), np.arange(len(actions), dtype=np.float32)
    played = np.array(actions, np.int32)
    samples = Samples(np.stack(observations), policy, numbers, numbers, reply, numbers, action=played)
    if name == "go_5x5":
        samples = samples._replace(ownership=np.repeat(np.asarray(game.area(state))[None], len(actions), axis=0))
    images = set()
    for symmetry in game.symmetries():
        turned = augment(samples, (symmetry, symmetry), rng)
        state = game.init(jax.random.key(0))
        for t, action in enumerate(turned.policy.argmax(1).tolist()):
            np.testing.assert_array_equal(turned.observation[t], observe(state))
            assert legal(state)[action]
            state = step(state, jnp.int32(action)).state
        np.testing.assert_array_equal(turned.reply, np.roll(turned.policy, -1, axis=0))
        np.testing.assert_array_equal(turned.action, turned.policy.argmax(1))
        assert all(x is y for x, y in zip(turned[2:4] + turned[5:6], samples[2:4] + samples[5:6], strict=True))
        if name == "go_5x5":
            np.testing.assert_array_equal(turned.ownership[0], game.area(state))
        images.add(turned.observation[-1].tobytes() + turned.policy[-1].tobytes())
    assert len(images) == len(game.symmetries()) > 1
    many = jax.tree.map(lambda x: np.repeat(x[-1:], 400, axis=0), samples)
    drawn = augment(many, game.symmetries(), rng)
    rows = [o.tobytes() + p.tobytes() for o, p in zip(drawn.observation, drawn.policy, strict=True)]
    assert set(rows) == images
    assert min(rows.count(image) for image in images) > 400 / len(images) / 2.5  # all are as likely
    games = jax.tree.map(lambda x: np.tile(x, (30,) + (1,) * (x.ndim - 1)), samples)
    drawn = augment(games, game.symmetries(), rng, length=len(actions))  # each game as a whole
    lines = {line.tobytes() for line in drawn.action.reshape(30, -1)}
    each = [augment(samples, (symmetry, symmetry), rng).action for symmetry in game.symmetries()]
    assert len(lines) > 1
    assert lines <= {line.tobytes() for line in each}


def test_stretches_are_turned_as_wholes():
    game, rng = make("tic_tac_toe"), np.random.default_rng(0)
    steps, actions = 2, np.array([0, 5, 1, 3, 2], np.int32)  # nothing in it is its own mirror image
    state, seen = game.init(jax.random.key(0)), []
    for action in actions:
        seen.append(np.asarray(game.observe(state)))
        state = game.step(state, jnp.int32(action)).state
    policy, zero = np.eye(9, dtype=np.float32)[actions], np.zeros(5, np.float32)
    left = np.arange(5, 0, -1, dtype=np.float32)
    whole = Samples(np.stack(seen), policy, zero + 1, zero, 0 * policy, left)
    whole = whole._replace(action=actions, reward=zero, cut=zero, root_value=zero, bootstrap=zero)
    replay = Replay(ReplayConfig(fraction=1.0, least=1))
    replay.add(1, whole)

    def lines(samples):
        return {
            (samples.observation[t].tobytes(), samples.action[t : t + steps].tobytes(), samples.policy[t].tobytes())
            for t in range(5 - steps)
        }

    images = [lines(augment(whole, (symmetry, symmetry), rng)) for symmetry in game.symmetries()]
    for symmetries, wanted in (((), images[0]), (game.symmetries(), set().union(*images))):
        (batch,) = replay.stretches(1, 2000, steps, rng, symmetries=symmetries)
        inside = np.flatnonzero((batch.policy_weight == 1).all(1))
        parts = (batch.observation, batch.action, batch.policy[:, 0])
        assert {tuple(part[i].tobytes() for part in parts) for i in inside} == wanted
        np.testing.assert_array_equal(batch.policy[inside, :-1].argmax(-1), batch.action[inside])
    assert len(set().union(*images)) == 8 * len(images[0])


def test_a_game_without_symmetries_keeps_its_samples():
    samples = _samples(0, 5)
    assert augment(samples, make("catch").symmetries(), np.random.default_rng(0)) is samples


@pytest.mark.parametrize("wrong", [{"fraction": 0.0}, {"fraction": 1.5}, {"least": 0}, {"window": 10, "least": 11}])
def test_values_out_of_range_are_named(wrong):
    with pytest.raises(BadConfig, match=f"replay.{list(wrong)[-1]} is"):
        ReplayConfig(**wrong)


def test_a_window_of_images_is_the_same_from_disk_and_draws_stacks(tmp_path):
    rng, replay = np.random.default_rng(0), Replay(ReplayConfig(fraction=1.0, least=1), tmp_path)
    for t in (1, 2):
        images = rng.integers(256, size=(9, 1, 5, 5), dtype=np.uint8)
        samples = _samples(100 * t, 6)
        ones = np.ones(6, np.float32)
        unrolled = {
            "reward": ones,
            "cut": 0 * ones,
            "root_value": ones,
            "bootstrap": 0 * ones,
            "moves_left": 6 - np.arange(6),
        }
        frames = after(images[:3], images[3:])
        replay.add(t, samples._replace(observation=frames, action=np.zeros(6, np.int32), **unrolled))
    opened = Replay.open(replay.config, tmp_path, 2, replay.state)
    drawn = [next(r.stretches(1, 8, 2, np.random.default_rng(1), later=True)) for r in (replay, opened)]
    for a, b in zip(jax.tree.leaves(drawn[0]), jax.tree.leaves(drawn[1]), strict=True):
        np.testing.assert_array_equal(a, b)
    assert (drawn[0].observation.shape, drawn[0].later.shape) == ((8, 4, 5, 5), (8, 2, 4, 5, 5))
    for i, value in enumerate(drawn[0].value[:, 0]):
        t, row = divmod(int(value), 100)
        frames = replay._segments[t - 1][1].observation
        np.testing.assert_array_equal(drawn[0].observation[i], frames.images[row : row + 4, 0])
