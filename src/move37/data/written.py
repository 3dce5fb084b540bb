"""Games written as moves one after the other, in a notation of their game: chess, shogi, any game of ours."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from move37.core.types import Game
from move37.data.record import BLACK, WHITE, Player, Result
from move37.data.sgf import BadRecord

_RESULTS: Mapping[str, int] = {"1-0": 1, "0-1": -1, "1/2-1/2": 0, "1/2": 0, "0.5-0.5": 0}


@dataclass(frozen=True)
class WrittenGame:
    """One game. Who moves first is White in chess, Black in shogi: `first` says which, as Go's records do."""

    moves: tuple[str, ...] = ()  # texts that `Game.spell` reads
    start: str = ""  # a FEN or an SFEN; empty: the game's first position
    first: int = BLACK  # 1 Black, −1 White
    result: Result = field(default_factory=Result)
    black: Player = field(default_factory=Player)
    white: Player = field(default_factory=Player)


def score_result(words: str, first: int) -> Result:
    """`1-0`, `0-1`, `1/2-1/2` of the player who moves first and the other; anything else is unknown."""
    won = _RESULTS.get(words.strip())
    if won is None:
        return Result()
    return Result(won * first, "win") if won else Result(0, "draw")


def elo(words: str) -> int | None:
    """A rating as a number, like 2850; None where nothing sensible stands."""
    words = words.strip()
    return int(words) if words.isascii() and words.isdigit() and 0 < int(words) < 10_000 else None


def from_table(path: Path, lines: Iterator[str], first: int) -> Iterator[tuple[str, WrittenGame | BadRecord]]:
    """One game a line, columns between tabs, named in the first line; each with where it stands.

    Columns: `moves`, with spaces between them, and, if there, `result` (1-0, 0-1, 1/2-1/2: of the player who moves
    first), `black_rank`, `white_rank`. Raises `BadRecord` if no column holds moves.
    """
    names = [name.split("(")[0].strip() for name in next(lines, "").lstrip("#").rstrip("\n").split("\t")]
    if "moves" not in names:
        raise BadRecord(f"{path}:1: no column is called 'moves'; the first line must name the columns.")
    for number, line in enumerate(lines, 2):
        where, values = f"{path}:{number}", line.rstrip("\n").split("\t")
        if len(values) != len(names):
            yield where, BadRecord(f"{where}: {len(values)} columns; the first line names {len(names)}.")
            continue
        row = dict(zip(names, values, strict=True))
        black, white = (Player(rank=row.get(f"{colour}_rank", "")) for colour in ("black", "white"))
        result = score_result(row.get("result", ""), first)
        yield where, WrittenGame(tuple(row["moves"].split()), "", first, result, black, white)


def first_colour(game: Game) -> int:
    """Who moves first: 1 Black, −1 White, as in chess."""
    return WHITE if game.sides[0] == "White" else BLACK
