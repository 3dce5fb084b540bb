"""The arena's tables and its file say what was played."""

import json
import re

import jax
import pytest

from move37 import games
from move37.play.arena import Match, bradley_terry, play_match
from move37.play.match import play_games
from move37.play.players import RandomPlayer
from move37.play.sprt import Sprt, count_pairs
from move37.run.records import read_games


def _arena(move37, *arguments):
    return move37("arena", "--game=tic_tac_toe", *arguments, "--games=6", "--seed=3")


def test_the_tables_the_file_and_the_library_agree(make_run, move37, here):
    make_run("ttt")
    said = _arena(move37, "random", "random", "ttt", "--simulations=0", "--out", "result.json")
    assert said.code == 0, said.err
    report = json.loads((here / "result.json").read_text())
    assert report["players"] == ["random", "random", "ttt"]
    assert (report["game"], report["games"], report["openings"], report["seed"]) == ("tic_tac_toe", 6, 4, 3)
    assert report["finished"]
    matches = [Match(**match) for match in report["matches"]]
    assert [(m.first, m.second) for m in matches] == [
        ("random#2", "random"),
        ("ttt@1", "random"),
        ("ttt@1", "random#2"),
    ]
    for match in matches:
        assert match.wins + match.draws + match.losses == 6
        assert f"{match.first} – {match.second}: +{match.wins} ={match.draws} −{match.losses}\n" in said.out
    ratings = bradley_terry(matches)
    assert [(r["player"], r["rating"], r["plus_minus"]) for r in report["ratings"]] == [
        (r.name, r.points, r.plus_minus) for r in ratings
    ]
    game, names = games.make("tic_tac_toe"), [row.name for row in ratings]
    key = jax.random.fold_in(jax.random.fold_in(jax.random.key(3), 1), 0)
    again = play_match(game, RandomPlayer(game), RandomPlayer(game), 6, key)
    assert (again.wins, again.draws, again.losses) == (matches[0].wins, matches[0].draws, matches[0].losses)
    scores = {(m.first, m.second): m.wins + m.draws / 2 for m in matches}
    scores |= {(second, first): 6 - score for (first, second), score in scores.items()}
    for i, row in enumerate(ratings):
        cells = ["·" if other == row.name else f"{scores[row.name, other]:g}" for other in names]
        wanted = [str(i + 1), row.name, *cells, f"{row.points:.0f}", f"{row.plus_minus:.0f}"]
        assert wanted in [line.split() for line in said.out.splitlines()], (wanted, said.out)
    assert "relative to random, which stands at 0" in said.out


def test_without_openings_deterministic_players_play_two_games_again_and_again(make_run, move37, here):
    make_run("ttt", nets=(1, 2))
    counts = []
    for openings in ("0", "4"):
        _arena(move37, "ttt@1", "ttt", "--simulations=0", f"--openings={openings}", "--out", "x.json")
        (match,) = json.loads((here / "x.json").read_text())["matches"]
        assert (match["first"], match["second"]) == ("ttt@2", "ttt@1")
        counts.append([match["wins"], match["draws"], match["losses"]])
    assert all(count % 3 == 0 for count in counts[0]), counts
    assert counts[1] != counts[0]


def test_ctrl_c_rates_what_was_played(move37, here, monkeypatch):
    ends = []

    def play(*arguments, **options):
        for played in play_games(*arguments, **options):
            if len(ends) == stop:
                raise KeyboardInterrupt
            ends.append(played)
            yield played

    monkeypatch.setattr("move37.cli.arena.play_games", play)
    stop = 14
    said = _arena(move37, "random", "random", "random", "--out", "part.json")
    assert said.code == 130
    assert said.out.endswith("stopped after 14 of 18 games\n")
    report = json.loads((here / "part.json").read_text())
    assert [m["wins"] + m["draws"] + m["losses"] for m in report["matches"]] == [6, 6, 2]
    assert (len(report["played"]), report["finished"]) == (14, False)
    ends, stop = [], 0
    said = _arena(move37, "random", "random")
    assert (said.code, said.out) == (130, "stopped after 0 of 6 games\n")


def test_progress_is_for_terminals_only(move37):
    said = _arena(move37, "random", "random")
    assert "move 1" not in said.out
    assert len(said.out.splitlines()) == 8, said.out


def test_players_that_are_no_runs_need_none(move37):
    said = move37("arena", "greedy", "random", "--game=othello_4x4", "--games=2", "--openings=0")
    assert said.code == 0, said.err
    assert re.search(r"^random – greedy: \+\d =\d −\d$", said.out, re.MULTILINE)


def test_in_a_gauntlet_only_the_first_player_meets_the_others(move37, here):
    said = _arena(move37, "greedy", "random", "random", "--gauntlet", "--game=othello_4x4", "--out", "x.json")
    assert said.code == 0, said.err
    report = json.loads((here / "x.json").read_text())
    assert report["gauntlet"]
    assert [(m["first"], m["second"]) for m in report["matches"]] == [("random", "greedy"), ("random#2", "greedy")]


def test_each_line_of_a_book_begins_a_pair(move37, here):
    (here / "book").write_text("a1 b2\n1. c3\n")
    said = _arena(move37, "random", "random", "--openings=book", "--record=x.jsonl", "--out=x.json")
    assert said.code == 0, said.err
    openings = sorted(record["opening"] for record in read_games(here / "x.jsonl"))
    first, second = (
        [games.make("tic_tac_toe").parse_action(word) for word in line] for line in (("a1", "b2"), ("c3",))
    )
    assert openings == sorted([first] * 4 + [second] * 2)
    assert json.loads((here / "x.json").read_text())["openings"] == "book"


@pytest.mark.parametrize(
    ("elos", "errors", "bounds", "verdict"),
    [
        (("0", "900"), (), "[-2.94, 2.94]", "H0"),
        (("-900", "0"), ("--sprt-errors", "0.05", "0.01"), "[-4.55, 2.99]", "H1"),
    ],
)
def test_a_test_of_strength_stops_when_it_is_decided(move37, here, elos, errors, bounds, verdict):
    players = "random", "random", "--game=tic_tac_toe", *errors
    said = move37("arena", *players, "--games=400", "--sprt", *elos, "--out=x.json")
    assert said.code == 0, said.err
    report = json.loads((here / "x.json").read_text())
    assert report["finished"]
    assert len(report["played"]) < 100
    points = {row["number"] - 1: {"random": 1.0, None: 0.0}.get(row["winner"], -1.0) for row in report["played"]}
    pairs, sprt = count_pairs(points), Sprt(*map(float, elos), *map(float, errors[1:]))
    assert sprt.verdict(pairs) == verdict
    counts = " ".join(map(str, pairs))
    shown = f"LLR {sprt.ratio(pairs):.2f} in {bounds}, pairs {counts} {verdict} accepted: 0 points"
    assert shown in said.out
    assert f"{len(report['played'])} games a pair" in said.out
