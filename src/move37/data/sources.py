"""Where games come from: files of SGF or PGN, folders of them, and tables with one game a line."""

import lzma
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

from move37.data import sgf, written
from move37.data.pgn import from_pgn
from move37.data.record import BLACK, GameRecord, Move, Player, game_record, read_komi, read_result
from move37.data.sgf import BadRecord
from move37.data.written import WrittenGame

_TABLES = (".tsv", ".tsv.xz")
_PGN = (".pgn", ".zip")
_TELLING = 20  # games after which the largest coordinate of a table tells the size of its boards


class Entry(NamedTuple):
    """A game, or why there is none."""

    where: str  # for messages
    record: GameRecord | WrittenGame | BadRecord


def entries(source: Path, size: int) -> tuple[int, Iterator[Entry]]:
    """How many files or lines there are, and their games. `size`: of the boards of a table, which does not say it.

    Raises `BadRecord` if the source is neither a folder with SGF files, nor an SGF file, nor a table.
    """
    if source.is_dir():
        files = sgf_files(source)
        return len(files), from_sgf(files)
    if not source.exists():
        raise BadRecord(f"{source}: there is no such file or folder.")
    if source.suffix.lower() == ".sgf":
        return 1, from_sgf([source])
    if not source.name.endswith(_TABLES):
        raise BadRecord(f"{source}: a source of games is a folder, an .sgf file, or a table ({' or '.join(_TABLES)}).")
    with _open(source) as file:
        return sum(1 for _ in file) - 1, from_table(source, size)


def written_entries(source: Path, first: int = BLACK) -> tuple[int | None, Iterator[Entry]]:
    """The same for games that are written in moves: chess, shogi. `first`: who moves first in a table's games.

    Raises `BadRecord` if the source is neither a folder with PGN files, nor one of them, nor a table.
    """
    if source.is_dir():
        files = files_under(source, _PGN)
    elif not source.exists():
        raise BadRecord(f"{source}: there is no such file or folder.")
    elif source.suffix.lower() in _PGN:
        files = [source]
    elif source.name.endswith(_TABLES):
        with _open(source) as file:
            return sum(1 for _ in file) - 1, _written_table(source, first)
    else:
        kinds = " or ".join((*_PGN, *_TABLES))
        raise BadRecord(f"{source}: a source of games is a folder of .pgn files, or a file {kinds}.")
    return None, (Entry(*pair) for path in files for pair in from_pgn(path))


def _written_table(path: Path, first: int) -> Iterator[Entry]:
    with _open(path) as file:
        for pair in written.from_table(path, file, first):
            yield Entry(*pair)


def sgf_files(folder: Path) -> list[Path]:
    """All SGF files under a folder. Raises `BadRecord` if there is none."""
    return files_under(folder, (".sgf",))


def files_under(folder: Path, suffixes: tuple[str, ...]) -> list[Path]:
    """All such files under a folder, and the folders in it that cannot be read, in alphabetical order.

    Raises `BadRecord` if there is none.
    """
    closed: list[OSError] = []
    found = [Path(place, name) for place, _, names in os.walk(folder, onerror=closed.append) for name in names]
    files = [path for path in found if path.suffix.lower() in suffixes]
    files = sorted(files + [path for error in closed if (path := Path(error.filename)) != folder])
    if not files:
        raise BadRecord(
            f"{folder}: no {' or '.join(suffixes)} file lies under it."
            if folder.is_dir()
            else f"{folder}: no such folder."
        )
    return files


def from_sgf(files: list[Path]) -> Iterator[Entry]:
    """The main line of every game of every file; a file that cannot be parsed is one entry."""
    for path in files:
        try:
            trees = sgf.read(path)
        except BadRecord as error:
            yield Entry(str(path), error)
            continue
        for number, tree in enumerate(trees, 1):
            where = f"{path}, game {number}" if len(trees) > 1 else str(path)
            try:
                yield Entry(where, game_record(tree))
            except BadRecord as error:
                yield Entry(where, error)


def from_table(path: Path, size: int) -> Iterator[Entry]:
    """One game a line, columns between tabs, named in the first line; the file may be packed by xz.

    Columns: `moves` (two letters a move as in SGF, `tt` a pass, Black first) and, if there, `komi`, `rules`, `result`,
    `black_rank`, `white_rank`, `black_is_bot`, `white_is_bot`. Raises `BadRecord` if the file is no such table.
    """
    with _open(path) as file:
        yield from _rows(path, size, file)


@contextmanager
def _open(path: Path) -> Iterator[Iterator[str]]:
    """The lines of a table. Raises `BadRecord` if there are none to read."""
    try:
        with lzma.open(path, "rt", encoding="utf-8") if path.suffix == ".xz" else path.open(encoding="utf-8") as file:
            yield iter(file)
    except (OSError, lzma.LZMAError, UnicodeDecodeError, EOFError) as error:
        raise BadRecord(f"{path}: cannot be read: {error}.") from error


def _rows(path: Path, size: int, lines: Iterator[str]) -> Iterator[Entry]:
    names = [name.split("(")[0].strip() for name in next(lines, "").lstrip("#").rstrip("\n").split("\t")]
    if "moves" not in names:
        raise BadRecord(f"{path}:1: no column is called 'moves'; the first line must name the columns.")
    games, reached = 0, 0
    for number, line in enumerate(lines, 2):
        where, values = f"{path}:{number}", line.rstrip("\n").split("\t")
        if len(values) != len(names):
            yield Entry(where, BadRecord(f"{where}: {len(values)} columns; the first line names {len(names)}."))
            continue
        row = dict(zip(names, values, strict=True))
        try:
            record = _record(where, row, size)
        except BadRecord as error:
            yield Entry(where, error)
            continue
        games, reached = games + 1, max(reached, _reach(record))
        yield Entry(where, record)
    if games >= _TELLING and reached < size - 1:
        what = f"no move of its {games:,} games lies outside of {reached}×{reached} points"
        raise BadRecord(f"{path}: {what}: they were played on a board of another size than {size}.")


def _reach(record: GameRecord) -> int:
    """The least size of a board that has all points of a game."""
    points = [move.action for move in record.moves if move.action < record.size**2]
    return 1 + max((max(divmod(point, record.size)) for point in points), default=0)


def _record(where: str, row: dict[str, str], size: int) -> GameRecord:
    moves, letters = [], row["moves"]
    for i in range(0, len(letters), 2):
        column, line = ord(letters[i]) - 97, ord(letters[i + 1 : i + 2] or "\0") - 97
        if letters[i : i + 2] == "tt":
            action = size * size
        elif 0 <= column < size and 0 <= line < size:
            action = line * size + column
        else:
            what = f"move {i // 2 + 1}, {letters[i : i + 2]!r}, is not on the board of size {size}."
            raise BadRecord(f"{where}: {what}")
        moves.append(Move(1 if i % 4 == 0 else -1, action))
    players = (
        Player(rank=row.get(f"{colour}_rank", ""), bot=row.get(f"{colour}_is_bot") == "1")
        for colour in ("black", "white")
    )
    black, white = players
    return GameRecord(
        size=size,
        komi=read_komi(row.get("komi", "")),
        rules=row.get("rules", ""),
        moves=tuple(moves),
        result=read_result(row.get("result", "")),
        black=black,
        white=white,
    )
