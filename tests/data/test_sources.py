"""Folders of SGF files and tables give the same records, and name what is wrong with them."""

import lzma
import os

import pytest

from move37.data import sgf
from move37.data.record import GameRecord, Move, Player, Result
from move37.data.sources import entries, from_sgf, from_table, sgf_files


def test_folders_without_games(tmp_path):
    with pytest.raises(sgf.BadRecord, match=r"no \.sgf file"):
        sgf_files(tmp_path)
    with pytest.raises(sgf.BadRecord, match="no such folder"):
        sgf_files(tmp_path / "nowhere")


def test_a_folder_that_cannot_be_read_is_a_fault_of_its_own(tmp_path, monkeypatch):
    for name in ("b/closed", "b/open"):
        (tmp_path / name).mkdir(parents=True)
        (tmp_path / name / "one.SGF").write_text("(;SZ[5])")
    scan = os.scandir

    def guarded(path):
        if str(path).endswith("closed"):
            raise PermissionError(13, "Permission denied", str(path))
        return scan(path)

    monkeypatch.setattr(os, "scandir", guarded)
    assert sgf_files(tmp_path) == [tmp_path / "b/closed", tmp_path / "b/open/one.SGF"]
    with pytest.raises(sgf.BadRecord, match="closed: cannot be read"):
        sgf.read(tmp_path / "b/closed")


def test_a_table_gives_the_records_and_names_its_faults(tmp_path):
    path = tmp_path / "games.tsv"
    head = "#id\tkomi\tresult\tblack_rank\twhite_rank\twhite_is_bot\tmoves(two letters each)\n"
    path.write_text(
        head + "1\t?\tW+R\t3d\t?\t1\tccaatt\n2\t6.5\tB+1\n3\t0.5\tB+T\t1k\t2k\t0\taaz\n4\t0\t0\t\t\t0\tff\n"
    )
    first, *faults = from_table(path, 5)
    assert first.where == f"{path}:2"
    players = {"black": Player(rank="3d"), "white": Player(rank="?", bot=True)}
    moves = (Move(1, 12), Move(-1, 0), Move(1, 25))
    assert first.record == GameRecord(size=5, moves=moves, result=Result(-1, "resign"), **players)
    assert [str(entry.record) for entry in faults] == [
        f"{path}:3: 3 columns; the first line names 7.",
        f"{path}:4: move 2, 'z', is not on the board of size 5.",
        f"{path}:5: move 1, 'ff', is not on the board of size 5.",
    ]
    path.write_text("id\tkomi\n")
    with pytest.raises(sgf.BadRecord, match="no column is called 'moves'"):
        list(from_table(path, 5))
    (tmp_path / "bad.tsv.xz").write_bytes(b"no xz")
    for name in ("bad.tsv.xz", "nowhere.tsv"):
        with pytest.raises(sgf.BadRecord, match=f"{name}: cannot be read"):
            list(from_table(tmp_path / name, 5))


def test_the_games_of_a_collection_are_numbered(tmp_path):
    (tmp_path / "one.sgf").write_text("(;SZ[5];B[aa])")
    (tmp_path / "two.sgf").write_text("(;SZ[5];B[bb]) (;SZ[5];B[zz]) (;SZ[7])")
    entries = list(from_sgf(sgf_files(tmp_path)))
    two = tmp_path / "two.sgf"
    assert [entry.where for entry in entries] == [str(tmp_path / "one.sgf"), *(f"{two}, game {i}" for i in (1, 2, 3))]
    assert [type(entry.record) for entry in entries] == [GameRecord, GameRecord, sgf.BadRecord, GameRecord]


def test_a_source_is_a_folder_a_file_or_a_table(tmp_path):
    (tmp_path / "one.SGF").write_text("(;SZ[5];B[aa]) (;SZ[5];B[bb])")
    (tmp_path / "two.tsv.xz").write_bytes(lzma.compress(b"moves\nccaa\nbb\n"))
    (tmp_path / "games.zip").write_text("no games")
    for name, files, games in ((".", 1, 2), ("one.SGF", 1, 2), ("two.tsv.xz", 2, 2)):
        total, found = entries(tmp_path / name, 5)
        assert (total, len(list(found))) == (files, games), name
    for name, message in (("three.sgf", "no such file or folder"), ("games.zip", r"a table \(.tsv or .tsv.xz\)")):
        with pytest.raises(sgf.BadRecord, match=f"{name}: .*{message}"):
            entries(tmp_path / name, 5)


def test_a_table_of_another_size_is_noticed(tmp_path):
    """It does not say its size: 9×9 games would pass for openings in a corner of 19×19."""
    path, line = tmp_path / "games.tsv", "ccaaee\n"
    path.write_text("moves\n" + 20 * line)
    assert len(list(from_table(path, 5))) == 20
    assert len(list(from_table(path, 6))) == 20
    with pytest.raises(sgf.BadRecord, match=r"no move of its 20 games lies outside of 5×5 points.* than 7"):
        list(from_table(path, 7))
    path.write_text("moves\n" + 19 * line)
    assert len(list(from_table(path, 7))) == 19  # too few to tell
