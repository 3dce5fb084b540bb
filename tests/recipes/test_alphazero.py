"""The loop: it can be killed at any moment and goes on bit for bit, and it learns."""

import json
from dataclasses import replace

import jax
import pytest
from killing import assert_equal, contents, kill_after, start

from move37.core.errors import BadConfig, BadRun, UnknownName
from move37.games import make
from move37.play.self_play import PlayConfig
from move37.recipes import alphazero
from move37.run.config import from_json, to_json
from move37.run.directory import Run
from move37.run.records import read_games, states_of
from move37.search.mcts import SearchConfig

CHANGE = "config = replace(config, iterations=6, exam_every=3)"


@pytest.mark.whole
def test_killed_and_resumed_equals_never_killed(tmp_path):
    whole, broken = tmp_path / "whole", tmp_path / "broken"
    job = ("alphazero", "tic_tac_toe", CHANGE)
    assert start(whole, *job).wait(300) == 0
    process = start(broken, *job)
    kill_after(broken, 3, process)
    assert start(broken, *job).wait(300) == 0
    one, two = (contents(path, ("learner", "lanes", "open", "replay")) for path in (whole, broken))
    assert_equal(one, two)
    assert [row["iteration"] for row in one["rows"]] == [1, 2, 3, 4, 5, 6]
    game = make("tic_tac_toe")
    records = [r for p in (whole / "games").glob("*.jsonl") for r in read_games(p)]
    assert len(records) > 50
    for record in records[:20]:
        states = list(states_of(game, record))
        assert len(states) == len(record["moves"]) + 1
        last = states[-2]
        step = game.step(last, jax.numpy.int32(record["moves"][-1]))
        assert float(step.discount) == 0
        assert float(step.reward) == record["rewards"][-1]


def test_run_directories_are_protected(tmp_path):
    config = alphazero.preset("smoke", "tic_tac_toe")
    run = Run.create(tmp_path / "a", "alphazero", "tic_tac_toe", config, 0)
    with pytest.raises(BadRun, match="already holds a run"):
        Run.create(tmp_path / "a", "alphazero", "tic_tac_toe", config, 0)
    with pytest.raises(BadRun, match="another process"):
        Run.open(tmp_path / "a").resume({})
    with pytest.raises(BadRun, match="no net yet"):
        run.load_net({})
    about = json.loads((tmp_path / "a" / "config.json").read_text())
    (tmp_path / "a" / "config.json").write_text(json.dumps({**about, "format": 99}))
    with pytest.raises(BadRun, match="upgrade"):
        Run.open(tmp_path / "a")
    with pytest.raises(BadRun, match="holds no run"):
        Run.open(tmp_path / "b")
    with pytest.raises(UnknownName, match="no preset"):
        alphazero.preset("huge", "tic_tac_toe")


@pytest.mark.parametrize(
    ("wrong", "says"),
    [
        ({"iterations": 0}, "iterations is 0; it must be 1 or more"),
        ({"updates": -1}, "updates is -1; it must be 0 or more"),
        ({"batch_size": 0}, "batch_size is 0; it must be 1 or more"),
        ({"exam_every": 0}, "exam_every is 0; it must be 1 or more"),
        ({"root_value_weight": 2.0}, r"root_value_weight is 2.0; it must be in \[0, 1\]"),
        ({"root_value_weight": float("nan")}, "root_value_weight is nan"),
        ({"search": SearchConfig(sampled=True)}, "search.sampled is True"),
        ({"search": SearchConfig(num_simulations=8), "play": PlayConfig(fast_simulations=9)}, "from 1 to .* = 8"),
    ],
)
def test_values_out_of_range_are_refused_in_the_library_as_in_the_program(wrong, says):
    with pytest.raises(BadConfig, match=says):
        alphazero.Config(**wrong)
    with pytest.raises(BadConfig, match=says):
        from_json(alphazero.Config, to_json(alphazero.Config()) | {k: to_json(v) for k, v in wrong.items()})


@pytest.mark.learning
def test_tic_tac_toe_is_learned(tmp_path):
    """Catches a wrong sign or target: the net alone, without search, gives few results away after a minute."""
    config = alphazero.preset("laptop", "tic_tac_toe")
    config = replace(config, iterations=10, exam_every=10)
    run = Run.create(tmp_path / "run", "alphazero", "tic_tac_toe", config, seed=1)
    with jax.numpy_dtype_promotion("standard"), jax.numpy_rank_promotion("allow"):
        alphazero.train(config, run)
    last = run.metrics()[-1]
    assert last["policy_error"] < 0.2, last
    assert last["solver_error"] < 0.02, last
