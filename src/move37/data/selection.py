"""Which games a dataset takes."""

from dataclasses import dataclass

from move37.core.errors import BadConfig
from move37.data.record import GameRecord, Kind, rank_level
from move37.data.written import WrittenGame, elo


@dataclass(frozen=True)
class DatasetConfig:
    """Which games a dataset takes, and how it is split."""

    game: str = "go_19x19"
    least_rank: str = ""  # of both players: in Go like 6d, 15k or 1p, elsewhere Elo's points; who has none is left out
    least_moves: int = 20
    most_moves: int = 0  # 0 stands in Go for 2·size², its limit, elsewhere for any number
    results: tuple[Kind, ...] = ("score", "resign", "time", "forfeit", "win", "draw")
    bots: bool = True  # whether games of programs are taken too
    most_handicap: int = 0  # Go: stones of Black that stand there before the first move
    valid: float = 0.05  # share of the games
    test: float = 0.05

    def __post_init__(self) -> None:
        """Check the ranges. Raises `BadConfig`."""
        least_level(self.game, self.least_rank)
        if not (self.valid >= 0 and self.test >= 0 and self.valid + self.test < 1):
            raise BadConfig(f"got the shares valid {self.valid} and test {self.test}; their sum must be in [0, 1).")

    def refuses(self, record: GameRecord | WrittenGame) -> str:
        """Why a game is not taken; nothing if it is."""
        least = least_level(self.game, self.least_rank)
        levels = [level_of(self.game, player.rank) for player in (record.black, record.white)]
        if least is not None and any(level is None or level < least for level in levels):
            return "rank"
        if not self.bots and (record.black.bot or record.white.bot):
            return "bot"
        if record.result.kind not in self.results:
            return "result"
        return ""


def is_go(game: str) -> bool:
    """Whether a game of that name is Go, whose records and ranks are its own."""
    return game.startswith("go_")


def level_of(game: str, rank: str) -> int | None:
    """A player's rank as a number; None where it says nothing."""
    return rank_level(rank) if is_go(game) else elo(rank)


def least_level(game: str, rank: str) -> int | None:
    """The same of a rank that a user asks for; None for no rank. Raises `BadConfig`."""
    level = level_of(game, rank)
    if rank and level is None:
        look = "ranks look like 15k, 6d, 1p" if is_go(game) else "ratings look like 2400"
        raise BadConfig(f"got least_rank {rank!r}; {look}.")
    return level
