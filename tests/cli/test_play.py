"""A person at the table: every command of a game, every game's odd corners, and games kept on disk."""

import json
import re

import jax
import numpy as np
import pytest

from move37 import games
from move37.cli.common import Skill, agent
from move37.cli.table import Opponent, Table
from move37.core.errors import BadRun, IllegalMove
from move37.run.records import read_games, states_of

FEW = "--simulations=8"
CELLS = ["a3", "b3", "c3", "a2", "b2", "c2", "a1", "b1", "c1"]  # by number


def _moves(out):
    """What the agent played, in order."""
    return re.findall(r"^\S+@1 \([\w ]+\) plays (\w+)$", out, re.MULTILINE)


def _boards(out):
    return re.findall(r"3 (. . .)\n2 (. . .)\n1 (. . .)\n", out)


@pytest.fixture
def ttt(make_run):
    return make_run("ttt")


@pytest.fixture
def seat(make_run):
    """(table, opponent) of a game."""

    def sit(game, simulations=8):
        make_run(game, game)
        rules, player = agent(game, Skill(simulations))
        return Table(rules, 0), Opponent(player, searches=simulations > 0)

    return sit


def test_who_begins_is_ones_own_choice(ttt, move37, types):
    for options, moves in (((), 0), (("--color", "second"), 1), (("--second",), 1), (("--color", "first"), 0)):
        types()
        said = move37("play", "ttt", FEW, *options)
        assert said.code == 0
        assert said.err == ""
        assert len(_moves(said.out)) == moves
        assert f"you are the {('first', 'second')[moves]} player" in said.out
        assert said.out.endswith(f"your move: \nleft after {moves} moves\n")


def test_sides_are_called_by_their_names_and_the_count_is_told(make_run, move37, types):
    make_run("go", "go_5x5")
    for colour, begins in (("black", True), ("white", False)):
        types()
        said = move37("play", "go", FEW, "--color", colour)
        assert f"you are {colour.title()}" in said.out
        assert bool(_moves(said.out)) != begins
    said = move37("watch", "go", FEW)
    assert re.search(r"^(Black wins, B|White wins, W)\+\d+\.5$", said.out, re.MULTILINE)


def test_ctrl_c_and_quit_leave_as_quietly_as_ctrl_d(ttt, move37, types):
    types("B2", then=KeyboardInterrupt)
    said = move37("play", "ttt", FEW)
    assert (said.code, said.err) == (0, "")
    assert said.out.endswith("\nleft after 2 moves\n")
    for word in ("quit", "q", "EXIT"):
        types(word, "b2")
        said = move37("play", "ttt", FEW)
        assert (said.code, said.err, _moves(said.out)) == (0, "", [])


def test_a_typo_gets_the_legal_moves_and_changes_nothing(ttt, move37, types):
    types("B2", "d9", "udno", "b2", "", "moves", "Help")
    said = move37("play", "ttt", FEW)
    assert len(_boards(said.out)) == 3  # the start, B2, the answer
    (answer,) = _moves(said.out)
    free = " ".join(name for name in CELLS if name not in ("b2", answer))
    assert f"'d9' is no move and no command. Legal: {free}\n" in said.out
    assert f"'udno' is no move and no command. Did you mean undo? Legal: {free}\n" in said.out
    assert f"b2 is not legal here; legal: {free}." in said.out
    assert "type a move, or help\n" in said.out
    assert f"your move: moves\n{free}\n" in said.out
    for word in ("hint", "think", "undo", "swap", "save FILE", "load FILE", "new", "quit"):
        assert re.search(rf"^  {word}  ", said.out, re.MULTILINE), word


def test_thinking_says_whose_view_it_is_and_hints_are_the_agents_choice(ttt, move37, types):
    types("think", "hint", "b2", "think")
    said = move37("play", "ttt", FEW, "--think")
    views = re.findall(r"value ([+-]\d\.\d{3}) for the (\w+) player, to move", said.out)
    assert [view for _, view in views] == ["first", "second", "first"]
    hint, value = re.search(r"^your move: hint\n(\w+) \(value (\S+) for you\)$", said.out, re.MULTILINE).groups()
    assert value == views[0][0]
    assert re.search(rf"expects {hint}( |$)", said.out, re.MULTILINE)
    (answer,) = _moves(said.out)
    assert f"\nexpects {answer}" in said.out
    table = re.findall(r"^ +(\w\d) +(0\.\d+) +(\d+) +[+-]\d\.\d+$", said.out, re.MULTILINE)
    assert sum(int(visits) for _, _, visits in table) == 3 * 8
    assert all(abs(float(prior) - 1 / 9) < 0.1 for _, prior, _ in table)


def test_undo_goes_back_to_ones_own_last_move_and_then_no_further(ttt, move37, types):
    types("undo", "b2", "undo", "think", "undo", "a1")
    said = move37("play", "ttt", FEW)
    assert said.out.count("you have not moved yet") == 2
    boards = _boards(said.out)
    assert boards[3] == boards[0] == (". . .".replace(".", "·"),) * 3
    assert "for the first player, to move" in said.out
    assert "X" in boards[4][2][0]
    types("undo", "swap")
    said = move37("play", "ttt", FEW, "--second")
    assert "you have not moved yet" in said.out
    assert len(_moves(said.out)) == 2  # its own first move, and ours after the swap


def test_upper_and_lower_case_are_the_same_also_where_a_game_is_strict(monkeypatch):
    game = games.make("tic_tac_toe")

    def strict(self, text):
        return ["a3", "B3", "c3"].index(text)

    monkeypatch.setattr(type(game), "parse_action", strict)
    table = Table(game, 0)
    assert [table.parse(text) for text in ("a3", "A3", "b3", "B3", "C3")] == [0, 0, 1, 1, 2]
    with pytest.raises(ValueError, match="tic_tac_toe: 'd3' names no action"):
        table.parse("d3")


def test_a_whole_game_ends_with_its_result_and_can_be_taken_back(ttt, move37, types, here):
    types("swap", *CELLS, *CELLS, "think", "hint", "moves", "save g", "undo", "new")  # illegal ones are passed over
    said = move37("play", "ttt", FEW)
    assert re.search(r"^(the first player wins|the second player wins|a draw)$", said.out, re.MULTILINE)
    assert "game over (undo, new, save FILE, quit): think\nthe game is over" in said.out
    (record,) = read_games(here / "g")
    assert record["result"] in (1.0, 0.0, -1.0)
    assert said.out.endswith("left after 1 moves\n")  # the agent begins the new game


def test_the_winner_is_named_right(seat):
    table, _ = seat("tic_tac_toe")
    for names, result, outcome in (
        ("a1 b1 a2 b2 a3", "the first player wins", 1.0),
        ("a1 b1 a2 b2 c3 b3", "the second player wins", -1.0),
        ("a1 b1 a2 b2 b3 a3 c1 c2 c3", "a draw", 0.0),
    ):
        table.begin(table.init_key)
        for name in names.split():
            assert not table.over
            table.play(table.parse(name))
        assert (table.over, table.result(), table.outcome) == (True, result, outcome)
        with pytest.raises(IllegalMove, match="the game is over"):
            table.play(0)
        table.undo()
        assert not table.over


def test_a_game_that_was_saved_is_taken_up_again_and_replays_as_a_record(ttt, move37, types, here):
    types(
        "b2",
        "a game.jsonl",
        "save my games",
        "undo",
        "save my games",
        "load my games 1",
        "load MY",
        "new",
        "load my games",
    )
    said = move37("play", "ttt", FEW)
    (answer,) = dict.fromkeys(_moves(said.out))
    assert "saved as game 1 of my games\n" in said.out
    assert "saved as game 2 of my games\n" in said.out
    assert "game 1 of my games, after 2 moves; you are the first player\n" in said.out
    assert "game 2 of my games, after 0 moves" in said.out
    assert "cannot read MY: No such file" in said.out
    one, two = read_games(here / "my games")
    game = games.make("tic_tac_toe")
    assert [game.format_action(a) for a in one["moves"]] == ["b2", answer]
    assert (one["result"], one["rewards"]) == (None, [0.0, 0.0])
    assert [two[name] for name in ("actions", "rewards", "root_values")] == [[], [], []]
    assert one["root_values"][0] is None
    assert -1 <= one["root_values"][1] <= 1
    *_, last = states_of(game, one)
    assert int(game.to_play(last)) == 0
    assert not np.asarray(game.legal(last))[one["moves"]].any()


def test_a_game_of_self_play_is_loaded_with_its_opening(ttt, move37, types, here):
    record = {"game": "tic_tac_toe", "iteration": 3, "init_key": [7, 8], "opening": [4], "actions": [0, 1, 8]}
    record |= {"rewards": [0.0] * 3, "root_values": [0.1, 0.2, 0.3], "result": 0.0}
    (here / "games.jsonl").write_text((json.dumps(record) + "\n") * 2)
    types("load games.jsonl 2", "load games.jsonl 3", "load games.jsonl", "save games.jsonl")
    said = move37("play", "ttt", FEW)
    assert said.out.count("after 4 moves; you are the first player") == 2
    assert "games.jsonl has 2 games; there is no number 3." in said.out
    *_, kept = read_games(here / "games.jsonl")
    assert kept["moves"] == [4, 0, 1, 8]
    assert kept["root_values"] == [None, 0.1, 0.2, 0.3]
    assert kept["init_key"] == [7, 8]


def test_a_file_that_is_no_such_game_is_refused_and_the_game_goes_on(seat, here):
    table, _ = seat("tic_tac_toe")
    table.play(4)
    good = {"game": "tic_tac_toe", "init_key": [0, 0], "opening": [], "actions": [0, 1]}
    for content, message in (
        ("text\n", "no game record"),
        ("", "has 0 games; there is no number"),
        (json.dumps({**good, "game": "connect_four"}), "is a game of connect_four, not of tic_tac_toe"),
        (json.dumps({**good, "actions": [0, 0]}), "does not replay: .* not legal"),
        (json.dumps({**good, "actions": [0, "x"]}), "does not replay"),
        (json.dumps({**good, "actions": [0, 99]}), "does not replay"),
        (json.dumps({**good, "init_key": None}), "does not replay"),
        (json.dumps({**good, "init_key": [-1, 0]}), "does not replay"),
        (b"\xff\xfe", "cannot read"),
    ):
        path = here / "file"
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
        with pytest.raises(BadRun, match=message):
            table.load(path)
        assert table.moves == [4]
    (here / "file").write_text("a letter to my aunt\n")
    with pytest.raises(BadRun, match="no game record"):
        table.save(here / "file")
    assert (here / "file").read_text() == "a letter to my aunt\n"
    with pytest.raises(BadRun, match="cannot write"):
        table.save(here / "nowhere" / "file")


@pytest.mark.parametrize("simulations", [0, 8])
def test_it_thinks_at_the_last_move_too(seat, simulations):
    table, opponent = seat("tic_tac_toe", simulations)
    for name in ("a1", "b1", "a2", "b2", "b3", "a3", "c1", "c2"):
        table.play(table.parse(name))
    action, value = opponent.choose(table)
    assert table.name(action) == "c3"
    assert (value is None) == (simulations == 0)
    if simulations:
        assert opponent.thoughts(table).splitlines()[-1] == "expects c3"


def test_it_thinks_where_it_must_pass(seat):
    table, opponent = seat("othello_4x4")
    rng = np.random.default_rng(0)
    passes = table.game.num_actions - 1
    while table.over or table.legal() != [passes]:
        if table.over:
            table.begin(table.init_key)
        table.play(int(rng.choice(table.legal())))
    action, value = opponent.choose(table)
    assert action == passes
    thoughts = opponent.thoughts(table)
    assert f"for {('Black', 'White')[table.mover]}, to move" in thoughts
    assert f"expects {table.name(passes)}" in thoughts
    mover = table.mover
    table.play(action, value)
    assert table.mover != mover


def test_a_game_for_one_has_no_sides(make_run, move37, types):
    make_run("caught", "catch")
    types("swap", "think", "LEFT", "undo", "undo", *["stay"] * 9, "moves", "quit")
    said = move37("play", "caught", FEW)
    assert said.code == 0
    assert "a game for one: there are no sides" in said.out
    assert "expected return" in said.out
    assert "player" not in said.out
    assert said.out.count("you have not moved yet") == 1
    assert re.search(r"^return -?1$", said.out, re.MULTILINE)


def test_a_winning_move_is_worth_one_for_the_one_who_makes_it(seat):
    table, opponent = seat("tic_tac_toe")
    for name in ("a1", "b1", "a2", "b2"):
        table.play(table.parse(name))
    for best, other in (("a3", "c3"), ("b3", None)):  # X wins; X errs, and O wins
        assert table.name(opponent.choose(table)[0]) == best
        assert re.search(rf"^ +{best} .* \+1\.000$", opponent.thoughts(table), re.MULTILINE)
        if other:
            table.play(table.parse(other))


def test_watching_shows_every_game_and_counts_the_results(ttt, move37, monkeypatch):
    pauses = []
    monkeypatch.setattr("time.sleep", pauses.append)
    said = move37("watch", "ttt", FEW)
    assert said.code == 0
    moves = len(_moves(said.out))
    assert 5 <= moves == len(_boards(said.out)) - 1
    assert set(pauses) == {0.0}
    again = move37("watch", "ttt", FEW)
    assert again.out == said.out  # without openings and noise
    pauses.clear()
    several = move37("watch", "ttt", FEW, "--games=3", "--delay=2", "--simulations=0", "--seed=4").out
    assert [int(n) for n in re.findall(r"^game (\d) of 3$", several, re.MULTILINE)] == [1, 2, 3]
    assert pauses == [2.0] * len(_moves(several))
    games_seen = [part.split("plays")[0] for part in re.split(r"^game \d of 3$", several, flags=re.MULTILINE)[1:]]
    assert len(set(games_seen)) > 1  # random openings
    counts = [int(n) for n in re.findall(r"(\d) ×", several.splitlines()[-1])]
    assert sum(counts) == 3


def test_ctrl_c_ends_watching(ttt, move37, monkeypatch):
    def pressed(_):
        raise KeyboardInterrupt

    monkeypatch.setattr("time.sleep", pressed)
    said = move37("watch", "ttt", FEW)
    assert (said.code, said.err) == (0, "")
    assert said.out.endswith("stopped watching\n")


def test_keys_of_random_worlds_differ_by_seed(seat):
    table, _ = seat("catch")
    starts = set()
    for seed in range(8):
        world = Table(table.game, seed)
        starts.add(int(world.state.ball_column))
        assert int(Table(table.game, seed).state.ball_column) == int(world.state.ball_column)
    assert len(starts) > 1
    assert jax.tree.leaves(table.state)[0].ndim == 0
