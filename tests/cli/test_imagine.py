"""`move37 imagine`: what it prints and writes is what was measured, of a board and of a control task."""

import json
import re

import pytest

pytestmark = pytest.mark.usefixtures("promotion_as_optax_needs_it")


def _rows(text):
    return [line.split() for line in text.splitlines() if re.match(r" +·?\d+ +\d+ ", line)]


def test_a_board_game(make_latent_run, move37, here):
    path = make_latent_run("ttt", "tic_tac_toe")
    said = move37("imagine", "ttt", "--episodes=4", "--depth=3", "--json=inside.json")
    assert (said.code, said.err) == (0, "")
    numbers = json.loads((here / "inside.json").read_text())
    assert (numbers["run"], numbers["world"], numbers["trained_steps"]) == ("ttt@3", "tic_tac_toe", 2)
    assert numbers["episodes"] == 4
    assert [row["depth"] for row in numbers["depths"]] == [0, 1, 2, 3]
    assert numbers["depths"][0]["positions"] == numbers["moves"]
    table = _rows(said.out)
    assert [row[0] for row in table] == ["0", "1", "2", "·3"]
    names = ("reward_error", "reward_baseline", "value_error", "value_error_seen", "value_baseline", "value_drift")
    for cells, row in zip(table, numbers["depths"], strict=True):
        assert cells[1] == str(row["positions"])
        for cell, name in zip(cells[2:], names, strict=False):
            assert cell == ("–" if row[name] is None else f"{row[name]:.3f}"), name
        assert 0 < row["illegal"] < 1
        assert row["probe"]["kind"] == "accuracy"
        assert cells[-2:] == [f"{row['probe'][name]:.3f}" for name in ("score", "baseline")]
    assert f"at depth 0: {numbers['depths'][0]['probe']['untrained']:.3f}" in said.out
    assert (path / "imagination.png").read_bytes().startswith(b"\x89PNG")


def test_a_control_task_whose_numbers_have_a_column_each(make_latent_run, move37, here):
    make_latent_run("cart", "gym:CartPole-v1")
    said = move37("imagine", "cart", "--episodes=3", "--depth=2", "--out=inside.png", "--json=inside.json")
    assert (said.code, said.err) == (0, "")
    assert "mean return" in said.out
    assert "illegal" not in said.out
    assert re.search(r"depth +R² of 1 +R² of 2 +R² of 3 +R² of 4", said.out)
    numbers = json.loads((here / "inside.json").read_text())
    assert numbers["mean_return"] == pytest.approx(numbers["moves"] / 3)  # a point for each step
    for row in numbers["depths"]:
        assert row["illegal"] is None
        assert (row["probe"]["kind"], len(row["probe"]["each"])) == ("r2", 4)
    assert (here / "inside.png").exists()


def test_mistakes_are_told_in_one_line(make_latent_run, make_run, move37, here):
    make_latent_run("ttt", "tic_tac_toe")
    make_run("knows")
    before = sorted(here.rglob("*"))
    for arguments, code, words in (
        ("knows", 1, "knows is no run of muzero"),
        ("ttt --out=nowhere/a.png", 1, "--out nowhere/a.png: there is no folder"),
        ("ttt --json=runs", 1, "--json runs is a folder"),
        ("ttt --episodes=1", 2, "--episodes"),
    ):
        said = move37("imagine", *arguments.split())
        assert (said.code, said.err.count("\n")) == (code, 1), said
        assert re.search(words, said.err), said.err
    assert sorted(here.rglob("*")) == before
