"""docs/run.md explains what a run holds: every file and every metric, and nothing that is not there."""

import json
import re
from pathlib import Path

import pytest

PAGE = (Path(__file__).parents[2] / "docs" / "run.md").read_text()


@pytest.mark.whole
def test_every_metric_and_every_file_of_a_run_is_explained_on_its_page(trained):
    rows = [json.loads(line) for line in (trained.path / "metrics.jsonl").read_text().splitlines()]
    on_page = set(re.findall(r"`([\w./]+)`", PAGE))
    for row in rows:
        for name in row:
            group = re.fullmatch(r"solver_error_(\d)_moves", name)
            assert name in on_page or (group and 1 <= int(group[1]) <= 7), name
    for path in trained.path.iterdir():
        assert any(word.split("/")[0] == path.name for word in on_page), path.name
    headings = re.findall(r"^\| metric \|.*\n\|.*\n((?:\|.*\n)+)", PAGE, re.MULTILINE)
    explained = [cell for table in headings for cell in re.findall(r"^\| `([\w…]+)`", table, re.MULTILINE)]
    optional = {"reply_loss", "moves_left_loss", "solver_error_…", "ownership_loss", "score_loss"}
    optional |= {"gate_score", "best_iteration", "resigned", "resign_threshold", "false_resignations"}  # AlphaGo Zero's
    # MuZero's: test_gym_world.py
    optional |= {"unrolled_policy_loss", "consistency_loss", "episode_return", "crashes", "trial_return"}
    # Stochastic MuZero's: test_stochastic_muzero.py
    optional |= {"afterstate_value_loss", "outcome_loss", "commitment_loss", "codes_used"}
    logged = {name for row in rows for name in row}
    assert set(explained) - optional <= logged, "the page explains what nobody logs"
