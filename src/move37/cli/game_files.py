"""What remains of the games of an arena: SGF, records that replay, and a line of the report."""

import json
import re
from datetime import date
from pathlib import Path
from typing import Any

from move37 import __version__
from move37.core.errors import BadConfig
from move37.core.types import Game
from move37.data import sgf
from move37.data.record import (
    BLACK,
    WHITE,
    GameRecord,
    Kind,
    Move,
    Player,
    Result,
    format_result,
    game_tree,
    read_result,
)
from move37.games.go import Go
from move37.games.othello import Othello
from move37.play.match import Played
from move37.run.files import write_atomic

_KINDS: dict[str, Kind] = {"rules": "win", "resign": "resign", "time": "time", "forfeit": "forfeit"}


def check_places(game: Game, folder: Path | None, record: Path | None) -> None:
    """Before any game is played: its files can be written. Raises `BadConfig`."""
    if folder is not None:
        if not isinstance(game, Go):
            raise BadConfig(f"--sgf writes games of Go; for {game.name} there is --record FILE.")
        if folder.exists() and not folder.is_dir():
            raise BadConfig(f"--sgf {folder} is a file; name a folder.")
        if any(folder.glob("*.sgf")):
            raise BadConfig(f"--sgf {folder} holds games already; name a new folder.")
    if record is not None and record.is_dir():
        raise BadConfig(f"--record {record} is a folder; name a file in it.")
    if record is not None and not record.parent.is_dir():
        raise BadConfig(f"--record {record}: there is no folder {str(record.parent)!r}; make it first.")


def side_names(game: Game) -> tuple[str, str]:
    """What the two sides of a game are called."""
    return ("Black", "White") if isinstance(game, Go | Othello) else ("first", "second")


def result_of(game: Game, played: Played) -> Result:
    """As Go's records have it; of other games without points."""
    black = played.score if played.sides[0] == 0 else -played.score
    if played.ending != "rules":
        return Result(BLACK if black > 0 else WHITE, _KINDS[played.ending])
    if black == 0:
        return Result(0, "draw")
    winner = BLACK if black > 0 else WHITE
    return (
        Result(winner, "score", abs(float(game.score(played.state)))) if isinstance(game, Go) else Result(winner, "win")
    )


def doubts(game: Game, played: Played) -> tuple[list[str], bool]:
    """Where an engine's own count is another than ours: who says what, and whether it names another winner."""
    ours, said, disputed = result_of(game, played), [], False
    for name, verdict in zip(played.names, played.verdicts, strict=True):
        theirs = read_result(verdict)
        if verdict and (theirs.winner, theirs.margin) != (ours.winner, ours.margin):
            said.append(f"{name} counts {verdict}")
            disputed |= theirs.winner != ours.winner
    return said, disputed


def report_row(game: Game, played: Played) -> dict[str, Any]:
    """A game as the report has it."""
    said, disputed = doubts(game, played)
    return {
        "number": played.number + 1,
        "sides": [played.names[player] for player in played.sides],
        "moves": len(played.opening) + len(played.actions),
        "result": format_result(result_of(game, played)),
        "winner": None if played.score == 0 else played.names[0 if played.score > 0 else 1],
        "ending": played.ending,
        "reason": played.reason,
        "final_score": {name: text for name, text in zip(played.names, played.verdicts, strict=True) if text},
        "doubts": said,
        "disputed": disputed,
    }


def write_sgf(path: Path, game: Go, played: Played) -> None:
    """A file for a game."""
    moves = (*played.opening, *played.actions)
    beginning = f"move37 arena, game {played.number + 1} of the pair; {len(played.opening)} random moves first."
    last = [f"{_loser(game, played)} {played.reason}."] if played.reason else []
    comments = {0: beginning}
    for text in [*last, *doubts(game, played)[0]]:
        comments[len(moves)] = "\n".join(filter(None, [comments.get(len(moves)), text]))
    tree = game_tree(
        GameRecord(
            size=game.size,
            komi=game.komi,
            rules="Tromp-Taylor" if game.suicide else "area scoring, positional superko, no suicide",
            moves=tuple(Move(WHITE if i % 2 else BLACK, action) for i, action in enumerate(moves)),
            result=result_of(game, played),
            black=Player(played.names[played.sides[0]]),
            white=Player(played.names[played.sides[1]]),
            comments=comments,
        )
    )
    tree.root.update({"DT": [date.today().isoformat()], "AP": [f"move37:{__version__}"]})
    write_atomic(path, sgf.write([tree]))


def sgf_name(pair: int, played: Played) -> str:
    """`02-level1-random-007.sgf`: the pair, who, the game."""
    slug = "-".join(re.sub(r"[^\w.@+]+", "_", name).strip("_") for name in played.names)
    return f"{pair:02}-{slug[:100]}-{played.number + 1:03}.sgf"


def record_line(game: Game, played: Played) -> str:
    """A record as `run.records` reads it, with who played and how it ended."""
    record = {
        "game": game.name,
        "iteration": 0,
        "init_key": played.init_key.tolist(),
        "opening": list(played.opening),
        "actions": list(played.actions),
        "rewards": list(played.rewards),
        "root_values": [None] * len(played.actions),
        "result": played.score if played.began == 0 else -played.score,
        **{key: value for key, value in report_row(game, played).items() if key in ("sides", "ending", "reason")},
    }
    return json.dumps(record) + "\n"


def _loser(game: Game, played: Played) -> str:
    """Who lost a game that did not end by its rules."""
    loser = 1 if played.score > 0 else 0
    return f"{played.names[loser]} ({side_names(game)[played.sides.index(loser)]})"


def failure(game: Game, played: Played) -> str:
    """How somebody lost a game by what no rule of the game is."""
    return f"game {played.number + 1}: {_loser(game, played)} {played.reason}"
