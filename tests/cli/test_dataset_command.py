"""`move37 dataset` says what it took, what it left and why; `move37 info` says it again."""

import json
import re
from pathlib import Path

import numpy as np
import pytest

from move37.data.store import Dataset

DATA = Path(__file__).parents[3] / "shared" / "data"  # beside the checkout, where there is one
OGS = DATA / "go9x9_ogs" / "ogs9x9_stronger.tsv.xz"


def _game(number: int, **properties) -> str:
    """Eight moves; games of different numbers are different, turned and mirrored too."""
    head = {"SZ": "5", "KM": "6.5", "RE": "B+R", "BR": "2d", "WR": "1d"} | properties
    points = ["cc", "abcde"[number] + "a", "bd", "ab", "dd", "eb", "ce", "ed"]
    moves = [f"{'BW'[i % 2]}[{point}]" for i, point in enumerate(points)]
    return f"(;{''.join(f'{name}[{value}]' for name, value in head.items())};{';'.join(moves)})"


@pytest.fixture
def games(here) -> Path:
    folder = here / "games"
    folder.mkdir()
    (folder / "a.sgf").write_text(_game(0) + _game(1) + _game(0))
    (folder / "b.sgf").write_text(_game(2, BR="5k") + _game(3, RE="W+T") + _game(4, PB="GNU Go") + _game(4, SZ="9"))
    (folder / "c.sgf").write_text("(;SZ[5];B[aa]")
    (folder / "d.sgf").write_text("(;SZ[5]RE[B+R]BR[1d]WR[1d];B[aa];W[bb];B[aa];W[cc])")
    return folder


def test_a_folder_becomes_a_dataset_and_every_game_is_accounted_for(games, move37, here):
    common = ["--size", "5", "--least-moves", "4", "--valid", "0", "--test", "0"]
    said = move37("dataset", "games", "--out", "made", *common)
    assert (said.code, said.err) == (0, "")
    assert re.search(r"^made: 5 games of go_5x5, 40 positions\n", said.out)
    assert re.search(r"train +5 +40 *\n +valid +0 +0 *\n +test +0 +0 *\n", said.out)
    lines = {line.split("  ")[1]: line for line in said.out[said.out.index("not taken: 4") :].splitlines()[1:]}
    assert lines.keys() == {"another size", "broken", "duplicate", "illegal"}
    for reason, line in lines.items():
        named = "   named in made/skipped.txt" if reason in ("broken", "illegal") else ""
        assert re.fullmatch(rf"  {reason} +1{named}", line)
    faults = (here / "made" / "skipped.txt").read_text()
    assert re.fullmatch(r"games/c.sgf:1:14: .*missing.*\ngames/d.sgf: move 3, A5, is illegal: .*\n", faults)
    assert len(Dataset(here / "made").moves) == 40

    chosen = [*common, "--least-rank", "1d", "--no-bots", "--results", "resign", "score"]
    assert "made2: 2 games of" in (text := move37("dataset", "games", "--out", "made2", *chosen).out)
    assert all(re.search(rf"  {reason} +1\n", text) for reason in ("rank", "bot", "result"))
    told = move37("info", "made2").out
    assert told.startswith(text)
    assert re.search(r"made by move37 \S+ of games\n", told)
    assert re.search(r"  least_rank +1d\n(.*\n)*  results +resign, score\n  bots +False\n", told)


def test_several_sources_are_one_dataset(games, move37, here):
    (here / "more.tsv").write_text("id\tkomi\tresult\tmoves\n7\t6.5\tW+R\taabbccdd\n")
    options = ["--size", "5", "--least-moves", "4"]
    said = move37("dataset", "more.tsv", "games/a.sgf", "games", "--out", "made", *options, "--most-moves", "6")
    assert "made: 1 games of" in said.out
    assert re.search(r"  long +9\n", said.out)
    assert json.loads((here / "made" / "about.json").read_text())["sources"] == ["more.tsv", "games/a.sgf", "games"]
    said = move37("dataset", "more.tsv", "games/a.sgf", "games", "--out", "made2", *options)
    assert "made2: 6 games of" in said.out
    assert re.search(r"  duplicate +4\n", said.out)


@pytest.mark.skipif(not OGS.exists(), reason=f"no human games beside the checkout: {OGS} is absent")
@pytest.mark.whole
def test_human_games_are_taken_whole(move37, here):
    said = move37("dataset", str(OGS), "--size", "9", "--least-rank", "1d", "--out", "dan")
    assert said.code == 0
    dataset = Dataset(here / "dan")
    assert (np.minimum(dataset.games["black_rank"], dataset.games["white_rank"]) >= 1).all()
    assert dataset.about["games"] > 3000
    assert "illegal" not in dataset.about["skipped"]
    assert dataset.about["games"] + sum(dataset.about["skipped"].values()) == 8455


def test_where_nothing_is_left_the_reason_is_told(games, move37, here):
    (here / "broken").mkdir()
    (here / "broken" / "x.sgf").write_text("(;SZ[5];B[aa]")
    said = move37("dataset", "broken", "--out", "none", "--size", "5")
    assert said.code == 1
    assert re.search(r"no game is left for none; .* broken 1\. The first: broken/x\.sgf:1:14: .*missing", said.err)
    said = move37("dataset", "games", "--out", "none", "--size", "13")
    assert "--size takes games of another size" in said.err
    assert not (here / "none").exists()


def test_a_dataset_is_opened_by_its_name_and_one_that_is_not_there_is_called_so(games, move37, here):
    move37("dataset", "games", "--out", "made", "--size", "5", "--least-moves", "4")
    assert Dataset("made").name == "go_5x5"
    said = move37("train", "alphago.policy", "--game", "go_5x5", "--preset", "smoke", "--data", "nosuch")
    assert (said.code, said.err.count("\n")) == (1, 1)
    assert "there is no folder nosuch" in said.err
