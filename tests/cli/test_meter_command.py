"""`move37 meter`: what it prints, writes into the record and counts is what the meter measured."""

import json
import re

import numpy as np
import pytest

from move37.cli.common import load_net
from move37.data import sgf
from move37.data.record import game_record
from move37.data.retrace import Line, states
from move37.nets.onnx import OnnxEvaluator
from move37.play.meter import Meter, MeterConfig

MOVES = ["cc", "bb", "cb", "bc", "cd", "bd", "", "da", "dd", "ab", "", ""]
HEAD = "(;GM[1]SZ[5]KM[7.5]PB[Ann]PW[Ben]EV[a tea party]C[hello\\] you]"
FAST = ["--visits", "8", "--shallow", "4", "--probability", "0.045", "--rank", "2"]
SURE = {"visits": 8, "shallow_visits": 4, "most_probability": 0.045, "most_rank": 2}


def _sgf(moves=MOVES, head=HEAD, first="B") -> str:
    colours = "BWBWBWBWBWBW" if first == "B" else "WBWBWBWBWBWB"
    return head + "".join(f";{colour}[{move}]" for colour, move in zip(colours, moves, strict=False)) + ")"


@pytest.fixture
def room(here, make_run):
    """Two runs on 5×5, and a game with a comment and a variation."""
    make_run("people", "go_5x5")
    make_run("agent", "go_5x5", nets=(1, 2))
    (here / "game.sgf").write_text(_sgf().replace(";B[cb]", ";B[cb]C[my comment](", 1)[:-1] + ")(;W[ee]))")
    return here


def test_numbers_comments_and_table_are_those_of_the_meter(room, move37):
    said = move37("meter", "people", "game.sgf", "--search", "agent", *FAST)
    assert (said.code, said.err) == (0, "")
    numbers = json.loads((room / "game.meter" / "meter.json").read_text())
    _, game, net, _ = load_net("people")
    other = load_net("agent")[2]
    actions = np.array([move.action for move in game_record(sgf.read(room / "game.sgf")[0]).moves])
    meter = Meter(game, OnnxEvaluator(net), MeterConfig(**SURE), game, OnnxEvaluator(other))
    found = meter.measure(states(game, Line((), 1, actions.astype(np.uint16))), actions.astype(np.int32))
    assert found.novel.any()
    assert (numbers["policy"], numbers["search"]) == ("people@1", "agent@2")
    assert numbers["rates"]["this game"]["novel"] == found.novel.sum()

    (tree,) = sgf.read(room / "game.meter" / "game.sgf")
    assert tree.root["EV"] == ["a tea party"]
    assert len(tree.nodes) == 14  # the variation too
    comments = game_record(tree).comments
    assert comments[0] == "hello] you"
    assert comments[3].startswith("my comment\n\nProbability")
    assert len(said.out[said.out.index("move ") :].split("policy:")[0].splitlines()) == 1 + len(MOVES)
    for i, move in enumerate(numbers["moves"]):
        name = game.format_action(int(actions[i]))
        assert (move["number"], move["colour"], move["move"]) == (i + 1, "BW"[i % 2], name)
        assert move["rank"] == found.rank[i]
        np.testing.assert_allclose(move["probability"], found.probability[i], rtol=1e-5)
        np.testing.assert_allclose(move["value"], found.value[i], atol=1e-5)
        np.testing.assert_allclose(move["policy_value"], found.policy_value[i], atol=1e-5)
        word = "marked" if found.marked[i] else "unstable" if found.unstable[i] else "novel" if found.novel[i] else ""
        row = rf"^ *{i + 1} {'BW'[i % 2]} {name} +{100 * found.probability[i]:.3g} % +{found.rank[i]} +"
        gain = found.value[i] - found.policy_value[i]
        policy = game.format_action(int(found.policy_choice[i]))
        assert re.search(
            rf"{row}[+-]{abs(found.value[i]):.3f} {policy} .*[+-]{abs(gain):.3f} .*{word} *$", said.out, re.M
        )
        player = ("Black", "White")[i % 2]
        assert f"rank {found.rank[i]} (people@1).\nValue for {player} {found.value[i]:+.3f};" in comments[i + 1]
        assert (word.capitalize() in comments[i + 1].splitlines()[-1]) or not word
    assert (room / "game.meter" / "meter.png").read_bytes().startswith(b"\x89PNG")


@pytest.mark.whole
def test_base_rates_of_people_of_the_agent_and_of_random_play(room, move37):
    (room / "games").mkdir()
    other = [[*MOVES[:4], corner] for corner in ("ee", "ea", "de")]
    for i, moves in enumerate(other):
        (room / "games" / f"{i}.sgf").write_text(_sgf(moves))
    (room / "games" / "broken.sgf").write_text("(;SZ[5];B[cc]")
    (room / "games" / "large.sgf").write_text("(;SZ[9];B[cc])")
    options = [*FAST, "--base-games", "2", "--base-moves", "3", "--simulations", "0"]
    said = move37("meter", "people", "game.sgf", *options, "--base", "games", "--out", "one")
    assert (said.code, said.err) == (0, "")
    rates = json.loads((room / "one" / "meter.json").read_text())["rates"]
    assert list(rates) == ["this game", "people", "people@1", "random"]
    assert (rates["people"]["games"], rates["people"]["moves"]) == (2, 10)
    assert (rates["people@1"]["games"], rates["random"]["games"]) == (2, 2)
    assert max(rates[name]["searched"] for name in ("people", "people@1", "random")) == 4  # two of each game
    for name, row in rates.items():
        assert row["marked"] <= row["useful"] <= row["searched"] <= row["novel"] <= row["moves"]
        shares = (
            rf"{row['games']} +{row['moves']} +{row['novel']} +{row['novel'] / row['moves']:.1%} +{row['searched']}"
        )
        assert re.search(rf"^{name} +{shares} ", said.out, re.MULTILINE)
    shares = ["--test", "0.99", "--valid", "0"]
    made = move37(
        "dataset", "games", "--out", "data", "--size", "5", "--least-moves", "1", "--results", "unknown", *shares
    )
    assert made.out.startswith("data: 3 games")
    said = move37("meter", "people", "game.sgf", *options, "--base", "data", "--out", "two")
    assert json.loads((room / "two" / "meter.json").read_text())["rates"]["people"]["moves"] == 10


@pytest.mark.whole
def test_a_handicap_game_begins_with_white(room, move37):
    (room / "handicap.sgf").write_text(_sgf(["cc", "bb", "cb"], "(;SZ[5]HA[2]AB[dd][bd]", "W") + _sgf(["cc"]))
    said = move37("meter", "people", "handicap.sgf", *FAST)
    assert (said.code, said.err) == (0, "")
    assert re.search(r"handicap.sgf, game 1: \? – \?, 3 moves on 5×5\n", said.out)
    moves = json.loads((room / "handicap.meter" / "meter.json").read_text())["moves"]
    assert [move["colour"] for move in moves] == ["W", "B", "W"]
    assert "D2" not in {move["policy_choice"] for move in moves}  # a stone stands there
    said = move37("meter", "people", "handicap.sgf", *FAST, "--number", "2")
    assert "game 2: Ann – Ben, 1 moves" in said.out
