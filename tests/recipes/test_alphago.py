"""AlphaGo's stages: one command, each alone, killed and resumed; and the policy learns what there is to learn."""

import dataclasses
import json

import jax.numpy as jnp
import numpy as np
import pytest

from move37 import games
from move37.core.errors import BadConfig, BadRun, UnknownName
from move37.data.dataset import make_dataset
from move37.data.record import BLACK, GameRecord, Move, Result
from move37.data.selection import DatasetConfig
from move37.data.sources import Entry
from move37.data.store import Dataset
from move37.data.written import WrittenGame, score_result
from move37.games.go import Go
from move37.learn.update import OptimiserConfig
from move37.recipes import STAGES, alphago
from move37.recipes.alphago import policy, reinforce, value
from move37.run import checkpoints
from move37.run.directory import Run

pytestmark = pytest.mark.usefixtures("promotion_as_optax_needs_it")

GAME = "go_5x5"


@pytest.fixture(scope="module")
def data(tmp_path_factory):
    """Games that follow one rule, the first empty point of a random order: most moves can be foretold."""
    folder, rng, entries = tmp_path_factory.mktemp("data") / "made", np.random.default_rng(0), []
    for number in range(40):
        start = int(rng.integers(25))
        points = [(start + i) % 25 for i in range(14)]
        moves = tuple(Move(1 if i % 2 == 0 else -1, point) for i, point in enumerate(points))
        entries.append(Entry(f"{number}", GameRecord(size=5, komi=0.5, moves=moves, result=Result(1, "score", 3.5))))
    make_dataset(entries, folder, DatasetConfig("go_5x5", least_moves=2, valid=0.2, test=0.2))
    return str(folder)


def _smoke(data, **changes):
    return dataclasses.replace(alphago.preset("smoke", GAME), data=data, **changes)


@pytest.mark.whole
def test_all_stages_with_one_command_each_a_run_of_its_own(tmp_path, data, capsys):
    path = tmp_path / "run"
    config = _smoke(data)
    run = Run.create(path, "alphago", GAME, config, 0)
    alphago.train(config, run)
    assert [row["iteration"] for row in run.metrics()] == [1, 2, 3, 4]
    for name in STAGES["alphago"]:
        stage = Run.open(path / name)
        assert stage.about["recipe"] == f"alphago.{name}"
        assert len(stage.metrics()) == 2
    game, _, nets, chosen = alphago.load(Run.open(path))
    assert (game, chosen) == (Go(5), 2)
    seen = jnp.zeros((2, *game.observation_shape), bool)
    logits, value = nets(seen)
    np.testing.assert_array_equal(logits, policy.load(Run.open(path / "policy"))[2](seen)[0])
    np.testing.assert_array_equal(value, nets.value_net(seen)[1])
    # What is finished is not done again; what is missing is.
    before = {name: (path / name / "metrics.jsonl").read_text() for name in STAGES["alphago"]}
    for step in checkpoints.steps(path / "value" / "checkpoints")[-1:]:
        (path / "value" / "checkpoints" / f"{step:06d}").rename(tmp_path / "gone")
    del run  # and its lock
    alphago.train(config, Run.open(path), resume=True)
    after = {name: (path / name / "metrics.jsonl").read_text() for name in STAGES["alphago"]}
    for name in ("policy", "playout", "reinforce"):
        assert before[name] == after[name]
    assert _untimed(before["value"]) == _untimed(after["value"])


def _untimed(text):
    rows = [json.loads(line) for line in text.splitlines()]
    return [{k: v for k, v in row.items() if k not in ("seconds", "memory_mib", "games_per_second")} for row in rows]


@pytest.mark.whole
def test_imitation_learns_the_rule_and_accuracy_counts_it(tmp_path, data):
    config = dataclasses.replace(policy.preset("smoke", GAME), data=data, iterations=6, updates=100, exam_every=6)
    config = dataclasses.replace(config, optimiser=OptimiserConfig(learning_rate=5e-3, warmup_updates=10))
    run = Run.create(tmp_path / "run", "alphago.policy", GAME, config, 0)
    policy.train(config, run)
    last = run.metrics()[-1]
    assert last["valid_top_1"] > 0.7  # by chance 0.04; the first two of 14 moves cannot be known
    assert last["valid_top_5"] >= last["valid_top_1"]
    assert last["valid_policy_loss"] < 1


def test_stopped_within_its_first_stage_it_goes_on_and_keeps_what_it_has(tmp_path, data, monkeypatch):
    config, path = _smoke(data), tmp_path / "run"
    with monkeypatch.context() as patch:
        patch.setattr(policy, "train", lambda *_, **__: (_ for _ in ()).throw(KeyboardInterrupt))
        with pytest.raises(KeyboardInterrupt):
            alphago.train(config, Run.create(path, "alphago", GAME, config, 0))
    assert checkpoints.steps(path / "checkpoints") == [0]
    with pytest.raises(BadRun, match="no value network yet"):
        alphago.load(Run.open(path))
    calls = []
    for name, stage in alphago.STAGES.items():
        monkeypatch.setattr(stage, "train", lambda config, run, resume, name=name: calls.append((name, resume)))
    alphago.train(config, Run.open(path), resume=True)
    assert calls == [(name, False) for name in STAGES["alphago"]]
    assert [row["iteration"] for row in Run.open(path).metrics()] == [1, 2, 3, 4]


def test_each_stage_is_told_once_however_often_it_goes_on(tmp_path, data, monkeypatch):
    config, path = _smoke(data), tmp_path / "run"
    for stage in alphago.STAGES.values():
        monkeypatch.setattr(stage, "train", lambda *_, **__: None)
    alphago.train(config, Run.create(path, "alphago", GAME, config, 0))
    alphago.train(config, Run.open(path), resume=True)
    assert [row["iteration"] for row in Run.open(path).metrics()] == [1, 2, 3, 4]


def test_what_would_fail_later_is_found_before_anything_is_made(data):
    game = Go(5)
    alphago.check(_smoke(data), game)
    with pytest.raises(BadConfig, match="rank"):
        alphago.check(_smoke(data, policy=dataclasses.replace(policy.Config(), least_rank="9p")), game)
    with pytest.raises(BadConfig, match="even"):
        reinforce.Config(games=3)
    for wrong in ({"iterations": 0}, {"held_out": 1.0}, {"positions_per_game": 2}):
        with pytest.raises(BadConfig):
            value.Config(**wrong)


@pytest.mark.parametrize("stage", STAGES["alphago"])
def test_presets_and_what_is_missing(stage, tmp_path):
    module = alphago.STAGES[stage]
    for name in ("smoke", "laptop", "gpu", "paper"):
        assert module.preset(name, "go_19x19").iterations > 0
    with pytest.raises(UnknownName, match="alphago has no preset 'tpu'"):
        module.preset("tpu", GAME)
    run = Run.create(tmp_path / "run", f"alphago.{stage}", GAME, module.preset("smoke", GAME), 0)
    with pytest.raises(BadConfig, match="--data" if stage in ("policy", "playout") else "--teacher"):
        module.train(module.preset("smoke", GAME), run)


@pytest.mark.whole
@pytest.mark.parametrize("name", ["smoke", "laptop", "gpu", "paper"])
def test_other_games_are_imitated_too_and_know_no_dan(tmp_path, name):
    cells, rng = [column + row for column in "abc" for row in "123"], np.random.default_rng(0)
    moves = [tuple(rng.permutation(cells).tolist()) for _ in range(12)]
    won = score_result("1-0", BLACK)
    records = [Entry(f"game {i}", WrittenGame(texts, result=won)) for i, texts in enumerate(moves)]
    make_dataset(records, tmp_path / "made", DatasetConfig("tic_tac_toe", least_moves=1, valid=0.5, test=0.0))
    config = dataclasses.replace(policy.preset(name, "tic_tac_toe"), data=str(tmp_path / "made"))
    policy.check(config, games.make("tic_tac_toe"))
    if name == "smoke":
        run = Run.create(tmp_path / "run", "alphago.policy", "tic_tac_toe", config, 0)
        policy.train(config, run)
        assert 0 <= run.metrics()[-1]["valid_top_1"] <= 1


def test_other_games_and_other_nets_are_refused(tmp_path, data):
    config = dataclasses.replace(policy.preset("smoke", "hex_7x7"), data=data)
    with pytest.raises(BadConfig, match="it has no positions of hex_7x7"):
        policy.train(config, Run.create(tmp_path / "hex", "alphago.policy", "hex_7x7", config, 0))
    config = dataclasses.replace(policy.preset("smoke", GAME), data=data, iterations=1)
    policy.train(config, Run.create(tmp_path / "taught", "alphago.policy", GAME, config, 0))
    wide = dataclasses.replace(config.net, channels=24)
    other = dataclasses.replace(reinforce.preset("smoke", GAME), teacher=str(tmp_path / "taught"), net=wide)
    with pytest.raises(BadConfig, match="take the same"):
        reinforce.train(other, Run.create(tmp_path / "wide", "alphago.reinforce", GAME, other, 0))


def test_of_many_held_out_games_every_nth_is_judged(data):
    dataset = Dataset(data)
    every = policy.judges(dataset, "")
    assert every.tolist() == dataset.split("valid").tolist()
    some = policy.judges(dataset, "", most=14 * len(every) // 2)
    assert some.tolist() == every[::2].tolist()
    assert dataset.lengths[some].sum() <= 14 * len(every) / 2
