"""A dataset on disk, and batches of positions from it.

    about.json      what it is made of: game, configuration, counts
    moves.npy       all moves of all games, one after the other
    positions.npy   before each move the stones, a bit a point, or of other games than Go what a net sees: no batch has
                    to play a game again
    games.npz       where each game ends, and what is known of it
    skipped.txt     the games that could not be read or played, one a line

It is made whole or not at all, and never changed.
"""

import json
import os
import shutil
import tempfile
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from types import TracebackType
from typing import Any, NamedTuple

import numpy as np
from jaxtyping import Bool, Float32, Int32, Shaped

from move37 import __version__
from move37.core.errors import BadConfig, BadRun
from move37.core.types import Game
from move37.data.record import KINDS, GameRecord
from move37.data.replays import unpacked
from move37.data.retrace import Line
from move37.data.selection import is_go, least_level, level_of
from move37.data.written import WrittenGame
from move37.games.go import Go

FORMAT = 1
SPLITS = ("train", "valid", "test")
UNKNOWN = -128  # a rank, or a winner
# Time and forfeit tell of no position; outside of Go nearly all wins of which nobody wrote how are mate or resignation.
_TRUSTED = tuple(KINDS.index(kind) for kind in ("score", "resign", "draw"))
_TRUSTED_ELSEWHERE = (*_TRUSTED, KINDS.index("win"))


class Batch(NamedTuple):
    """B positions with what was played there and what came of it."""

    observation: Shaped[np.ndarray, "B C H W"]
    action: Int32[np.ndarray, " B"]
    outcome: Float32[np.ndarray, " B"]  # 1 the mover won, −1 lost, 0 a draw or unknown
    trusted: Bool[np.ndarray, " B"]  # whether the outcome is one of the board, at a known komi: a value target


@contextmanager
def new_folder(out: Path) -> Iterator[Path]:
    """A folder to fill, which gets the name `out` when all is in it; if something is raised, nothing is left.

    Raises `BadConfig` if `out` exists, `BadRun` if the disk will not.
    """
    if out.exists():
        raise BadConfig(f"{out} exists already; delete it, or give the dataset another name.")
    temporary = None
    try:
        out.parent.mkdir(parents=True, exist_ok=True)
        temporary = Path(tempfile.mkdtemp(prefix=f".{out.name}.", dir=out.parent))
        yield temporary
        for path in temporary.iterdir():
            with path.open("rb") as file:
                os.fsync(file.fileno())
        temporary.chmod(0o755)
        os.rename(temporary, out)
    except OSError as error:
        raise BadRun(f"cannot write {out}: {error.strerror or error}; make room and try again.") from error
    finally:
        if temporary is not None:
            shutil.rmtree(temporary, ignore_errors=True)


class _Column:
    """A .npy file that grows: the header has room for the final number of rows."""

    def __init__(self, path: Path, dtype: type, shape: tuple[int, ...]):
        self._dtype, self._shape, self.rows = np.dtype(dtype), shape, 0
        self._file = path.open("wb")
        self._write_header()

    def append(self, rows: np.ndarray) -> None:
        self._file.write(np.ascontiguousarray(rows, self._dtype).tobytes())
        self.rows += len(rows)

    def close(self) -> None:
        end = self._file.tell()
        self._file.seek(0)
        self._write_header()
        self._file.seek(end)
        self._file.close()

    def _write_header(self) -> None:
        header = {"descr": self._dtype.str, "fortran_order": False, "shape": (self.rows, *self._shape)}
        np.lib.format.write_array_header_1_0(self._file, header)


class Writer:
    """Writes a dataset into a folder, game by game. Use as a context manager; `finish` comes last."""

    def __init__(self, folder: Path, game: str, row_shape: tuple[int, ...]):
        """`row_shape`: of the bytes of a position."""
        self._folder, self._game = folder, game
        self._moves = _Column(folder / "moves.npy", np.uint16, ())
        self._positions = _Column(folder / "positions.npy", np.uint8, row_shape)
        self._games: dict[str, list[float]] = {name: [] for name in _GAME_DTYPES}

    def __enter__(self) -> "Writer":
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self._moves.close()
        self._positions.close()

    def add(self, record: GameRecord | WrittenGame, line: Line, positions: np.ndarray, split: int) -> None:
        """One game, and the positions before each of its moves."""
        self._moves.append(line.actions)
        self._positions.append(positions)
        black, white = (level_of(self._game, player.rank) for player in (record.black, record.white))
        komi = record.komi if isinstance(record, GameRecord) else None
        row = {
            "ends": self._moves.rows,
            "first": line.first,
            "handicap": len(line.handicap),
            "komi": np.nan if komi is None else komi,
            "winner": UNKNOWN if record.result.winner is None else record.result.winner,
            "kind": KINDS.index(record.result.kind),
            "margin": np.nan if record.result.margin is None else record.result.margin,
            "black_rank": UNKNOWN if black is None else black,
            "white_rank": UNKNOWN if white is None else white,
            "split": split,
        }
        for name, value in row.items():
            self._games[name].append(value)

    def finish(self, about: dict[str, Any], skipped: list[str]) -> dict[str, Any]:
        """Write everything but the columns. Returns what stands in about.json."""
        games: dict[str, Any] = {name: np.array(values, _GAME_DTYPES[name]) for name, values in self._games.items()}
        np.savez(self._folder / "games.npz", **games)
        lengths = np.diff(games["ends"], prepend=0)
        splits: dict[str, dict[str, int]] = {}
        for split, name in enumerate(SPLITS):
            mine = games["split"] == split
            splits[name] = {"games": int(mine.sum()), "positions": int(lengths[mine].sum())}
        about = {
            "format": FORMAT,
            "move37": __version__,
            "game": self._game,
            "games": len(lengths),
            "positions": self._moves.rows,
            "splits": splits,
            **about,
        }
        (self._folder / "skipped.txt").write_text("".join(f"{line}\n" for line in skipped), encoding="utf-8")
        (self._folder / "about.json").write_text(json.dumps(about, indent=2, ensure_ascii=False), encoding="utf-8")
        return about


_GAME_DTYPES: dict[str, type] = {
    "ends": np.int64,  # in `moves` and `positions`, behind the last row of the game
    "first": np.int8,
    "handicap": np.uint8,
    "komi": np.float32,  # NaN: unknown
    "winner": np.int8,
    "kind": np.uint8,  # index in `KINDS`
    "margin": np.float32,
    "black_rank": np.int16,  # as `selection.level_of` counts
    "white_rank": np.int16,
    "split": np.uint8,  # index in `SPLITS`
}


class Dataset:
    """A dataset to read. The large arrays stay on disk."""

    def __init__(self, folder: Path | str):
        """Raises `BadRun` if the folder holds no dataset, a broken one, or one that a newer move37 made."""
        folder = Path(folder)
        if not folder.is_dir():
            raise BadRun(f"there is no folder {folder}; `move37 dataset SOURCE --out {folder}` makes a dataset.")
        try:
            self.about: dict[str, Any] = json.loads((folder / "about.json").read_text(encoding="utf-8"))
            if self.about["format"] > FORMAT:
                made = f"move37 {self.about['move37']} (format {self.about['format']})"
                raise BadRun(f"{folder} was made by {made}; this is {__version__} (format {FORMAT}): upgrade move37.")
            self.name: str = self.about["game"]
            self.moves = np.load(folder / "moves.npy", mmap_mode="r", allow_pickle=False)
            self.positions = np.load(folder / "positions.npy", mmap_mode="r", allow_pickle=False)
            with (folder / "games.npz").open("rb") as file, np.load(file, allow_pickle=False) as arrays:
                self.games = {name: arrays[name] for name in _GAME_DTYPES}
        except FileNotFoundError as error:
            raise BadRun(f"{folder} holds no dataset: no {Path(error.filename).name}.") from None
        except (OSError, ValueError, KeyError, TypeError, EOFError, zipfile.BadZipFile) as error:
            raise BadRun(f"{folder} cannot be read ({error}); make the dataset again.") from error
        last = int(self.games["ends"][-1]) if len(self.games["ends"]) else 0
        if not last == len(self.moves) == len(self.positions) == self.about["positions"]:
            raise BadRun(f"{folder} is broken: its files disagree on the number of positions; make the dataset again.")
        begins = np.concatenate([[0], self.games["ends"][:-1]])
        self._begins = begins
        self.lengths: np.ndarray = self.games["ends"] - begins  # moves of each game
        known = np.isin(self.games["winner"], (1, 0, -1))
        self._winner = np.where(known, self.games["winner"], 0).astype(np.int8)
        if is_go(self.name):
            self._trusted = known & np.isin(self.games["kind"], _TRUSTED) & ~np.isnan(self.games["komi"])
        else:
            self._trusted = known & np.isin(self.games["kind"], _TRUSTED_ELSEWHERE)

    def split(self, name: str, least_rank: str = "") -> np.ndarray:
        """The numbers of its games, of players who both have at least a rank. Raises `BadConfig`."""
        if name not in SPLITS:
            raise BadConfig(f"no split {name!r}; there are: {', '.join(SPLITS)}.")
        chosen, least = self.games["split"] == SPLITS.index(name), least_level(self.name, least_rank)
        if least is not None:
            chosen &= np.minimum(self.games["black_rank"], self.games["white_rank"]) >= least
        return np.flatnonzero(chosen)

    def batches(
        self, game: Game, games: np.ndarray, count: int, size: int, rng: np.random.Generator, turn: bool = True
    ) -> Iterator[Batch]:
        """Uniform draws of positions of some games (see `split`), with replacement.

        `turn`: each by a random one of the board's symmetries. Raises `BadConfig` if there is no game to draw from.
        """
        self.check(game, games)
        ends = np.cumsum(self.lengths[games])
        for _ in range(count):
            drawn = rng.integers(ends[-1], size=size)
            which = np.searchsorted(ends, drawn, side="right")
            number = drawn - (ends[which] - self.lengths[games[which]])
            symmetry = rng.integers(len(game.symmetries()), size=size) if turn else np.zeros(size, np.int64)
            yield self.batch(game, games[which], number, symmetry)

    def sweep(self, game: Game, games: np.ndarray, size: int) -> Iterator[Batch]:
        """Every position of some games once, in order; the last batch may be smaller."""
        self.check(game, games)
        rows = np.repeat(games, self.lengths[games])
        numbers = np.concatenate([np.arange(length) for length in self.lengths[games]])
        for begin in range(0, len(rows), size):
            some = slice(begin, begin + size)
            yield self.batch(game, rows[some], numbers[some], np.zeros(len(rows[some]), np.int64))

    def batch(self, game: Game, games: np.ndarray, numbers: np.ndarray, symmetry: np.ndarray) -> Batch:
        """Chosen positions: of each the game, how many moves were played before, and one of `game.symmetries()`."""
        mover = self.games["first"][games] * np.where(numbers % 2 == 0, 1, -1).astype(np.int8)
        rows = self._begins[games] + numbers
        if isinstance(game, Go):
            observation = self._stones(game, games, numbers, mover)
        else:
            observation = unpacked(game, self.positions[rows])
        points, actions = _turns(game)
        if len(points) > 1:
            flat = observation.reshape(*observation.shape[:2], -1)
            observation = np.take_along_axis(flat, points[symmetry][:, None], axis=2).reshape(observation.shape)
        return Batch(
            observation,
            actions[symmetry, self.moves[rows]].astype(np.int32),
            (self._winner[games] * mover).astype(np.float32),
            self._trusted[games],
        )

    def _stones(self, game: Go, games: np.ndarray, numbers: np.ndarray, mover: np.ndarray) -> np.ndarray:
        """Go's observations: the stones of the last positions, and who moves."""
        num_points, history = game.size**2, game.history
        back = numbers[:, None] - np.arange(history)
        stones = self.positions[self._begins[games][:, None] + np.maximum(back, 0)]
        stones[back < 0] = 0  # before the game began
        stones[mover < 0] = stones[mover < 0][:, :, ::-1]
        planes = np.unpackbits(stones, axis=-1, count=num_points).reshape(len(games), 2 * history, num_points)
        observation = np.empty((len(games), 2 * history + 1, num_points), bool)
        observation[:, :-1] = planes
        observation[:, -1] = (mover > 0)[:, None]
        return observation.reshape(len(games), *game.observation_shape)

    def check(self, game: Game, games: np.ndarray | None = None) -> None:
        """Raises `BadConfig` for another game, and for a choice of no games."""
        own = f"go_{game.size}x{game.size}" if isinstance(game, Go) else game.name
        if own != self.name:
            raise BadConfig(f"the dataset is of {self.name}; it has no positions of {game.name}.")
        if games is not None and not len(games):
            raise BadConfig("no game is left to draw from; make the dataset of more games, or ask for a lower rank.")


@cache
def _turns(game: Game) -> tuple[np.ndarray, np.ndarray]:
    """Of each symmetry: the gather of a plane's points, and where an action goes."""
    symmetries = game.symmetries()
    return np.stack([s.points for s in symmetries]), np.stack([np.argsort(s.actions) for s in symmetries])
