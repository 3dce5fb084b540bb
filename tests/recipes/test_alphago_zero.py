"""AlphaGo Zero: killed and resumed it is the same, the best net and the threshold included; all options together."""

from dataclasses import replace

import jax
import numpy as np
import pytest
from killing import assert_equal, contents, kill_after, start

from move37.core.errors import UnknownName
from move37.games import make
from move37.nets.policy_value import NetConfig
from move37.play.gate import GateConfig
from move37.play.self_play import PlayConfig
from move37.recipes import alphago_zero
from move37.run.directory import Run
from move37.run.records import read_games, states_of
from move37.search.mcts import SearchConfig
from move37.search.puct import Puct

# Promotes equals, resigns early and is often wrong, so that six short iterations see it all.
CHANGE = """
    from move37.play.gate import GateConfig
    from move37.play.resign import ResignConfig
    play = replace(config.play, played_out=0.5)
    gate, resign = GateConfig(games=4, threshold=0.5, every=2), ResignConfig(max_false=0.6, highest=0.2)
    config = replace(config, iterations=6, exam_every=3, play=play, gate=gate, resign=resign)
"""


@pytest.mark.whole
def test_killed_and_resumed_equals_never_killed(tmp_path):
    whole, broken = tmp_path / "whole", tmp_path / "broken"
    job = ("alphago_zero", "tic_tac_toe", CHANGE.strip())
    assert start(whole, *job).wait(300) == 0
    process = start(broken, *job)
    kill_after(broken, 3, process)
    assert start(broken, *job).wait(300) == 0
    names = ("learner", "lanes", "open", "replay", "gate", "resign")
    one, two = contents(whole, names), contents(broken, names)
    assert_equal(one, two)
    rows = one["rows"]
    assert [row["iteration"] for row in rows] == [1, 2, 3, 4, 5, 6]
    assert [t for t, row in enumerate(rows, 1) if "gate_score" in row] == [2, 4, 6]
    assert max(row["resigned"] for row in rows) > 0
    assert all(row["false_resignations"] <= 0.6 for row in rows if "false_resignations" in row)
    assert [row["best_iteration"] for row in rows] == [0, 2, 2, 4, 4, 6]
    assert len(one["saved"]["resign"]["verdicts"]) > 20
    game = make("tic_tac_toe")
    records = [r for p in (whole / "games").glob("*.jsonl") for r in read_games(p)]
    given_up = [r for r in records if r.get("resigned")]
    assert 0 < len(given_up) < len(records)
    for record in given_up[:10]:
        last = list(states_of(game, record))[-1]
        assert game.legal(last).any()  # the game was not over
        # The agent to move behind the last action resigned: a win for the other.
        assert record["result"] == (1 if len(record["actions"]) % 2 else -1)
        assert not any(record["rewards"])


@pytest.mark.whole
def test_all_options_together_train_on_go(tmp_path):
    """Every option of KataGo at once, from self-play through the replay window on disk to the loss."""
    config = replace(
        alphago_zero.preset("smoke", "go_5x5"),
        iterations=2,
        net=NetConfig(1, 8, auxiliary=("ownership", "score", "reply"), global_pooling=1),
        search=SearchConfig(Puct(dirichlet_alpha=0.4, forced_playouts=2.0), num_simulations=8),
        play=PlayConfig(games=16, moves=30, num_sampling_moves=4, fast_simulations=3, random_symmetries=True),
        gate=GateConfig(games=2),
    )
    run = Run.create(tmp_path / "run", "alphago_zero", "go_5x5", config, 0)
    with jax.numpy_dtype_promotion("standard"), jax.numpy_rank_promotion("allow"):
        net = alphago_zero.train(config, run)
    last = run.metrics()[-1]
    for name in ("policy_loss", "value_loss", "ownership_loss", "score_loss", "reply_loss", "gate_score", "rating"):
        assert np.isfinite(last[name]), name
    assert abs(last["ownership_loss"] - np.log(2)) < 0.1  # a fresh head knows nothing of any point
    game, loaded_config, loaded, iteration = alphago_zero.load(Run.open(run.path))
    assert (game.name, loaded_config, iteration) == ("go_5x5", config, 2)
    for a, b in zip(jax.tree.leaves(net), jax.tree.leaves(loaded), strict=True):
        np.testing.assert_array_equal(a, b)


def test_presets_fit_the_game_and_unknown_ones_are_named():
    paper = alphago_zero.preset("paper", "go_19x19")
    assert (paper.search.num_simulations, paper.batch_size, paper.gate.games) == (1_600, 2_048, 400)
    for board, alpha in (("go_7x7", 0.2), ("go_9x9", 0.122), ("go_19x19", 0.028)):
        assert alphago_zero.preset("laptop", board).search.rule.dirichlet_alpha == alpha
    with pytest.raises(UnknownName, match="no preset 'huge'; there are: smoke, laptop"):
        alphago_zero.preset("huge", "go_7x7")
