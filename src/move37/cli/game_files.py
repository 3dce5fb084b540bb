"""What remains of the games of an arena: files as people keep them, records that replay, a line of the report."""

import json
import re
from argparse import Namespace
from collections.abc import Callable
from datetime import date
from pathlib import Path
from typing import Any, NamedTuple

from move37 import __version__
from move37.cli.common import check_writable
from move37.core.errors import BadConfig
from move37.core.types import Game
from move37.data import csa, kif, pgn, sgf
from move37.data.record import BLACK, WHITE, GameRecord, Move, Player, format_result, game_tree
from move37.data.shogi_record import ShogiRecord, shogi_record
from move37.engines.agreement import Settled
from move37.games.chess import Chess
from move37.games.go import Go
from move37.games.shogi import Shogi
from move37.play.match import Played
from move37.run.files import write_atomic


class Form(NamedTuple):
    """What the games of one kind are written as, each in a file of its own."""

    suffix: str  # of its files; the option is named like it
    kind: type[Game]
    what: str  # the games, in a message
    text: Callable[[Any, Settled], str | bytes]

    @property
    def option(self) -> str:
        """That names a folder."""
        return f"--{self.suffix}"


class Places(NamedTuple):
    """Where the games of an arena are kept."""

    folders: tuple[tuple[Form, Path], ...]
    record: Path | None

    def keep(self, game: Game, pair: int, end: Settled) -> None:
        """A game that ended."""
        for form, folder in self.folders:
            text = form.text(game, end)
            path = folder / _game_name(pair, end.played, form.suffix)
            write_atomic(path, text.encode() if isinstance(text, str) else text)
        if self.record is not None:
            with self.record.open("a") as file:
                file.write(record_line(game, end))


def check_places(game: Game, options: Namespace) -> Places:
    """Before any game is played: its files can be written. Raises `BadConfig`."""
    folders = [(form, folder) for form in FORMS if (folder := getattr(options, form.suffix)) is not None]
    for form, folder in folders:
        if not isinstance(game, form.kind):
            raise BadConfig(f"{form.option} writes games of {form.what}; for {game.name} there is --record FILE.")
        if folder.exists() and not folder.is_dir():
            raise BadConfig(f"{form.option} {folder} is a file; name a folder.")
        if any(folder.glob(f"*.{form.suffix}")):
            raise BadConfig(f"{form.option} {folder} holds games already; name a new folder.")
    record = options.record
    if record is not None and record.is_dir():
        raise BadConfig(f"--record {record} is a folder; name a file in it.")
    if record is not None and not record.parent.is_dir():
        raise BadConfig(f"--record {record}: there is no folder {str(record.parent)!r}; make it first.")
    for folder in [folder for _, folder in folders] + ([record.parent] if record else []):
        check_writable(folder)
    return Places(tuple(folders), record)


def side_names(game: Game) -> tuple[str, str]:
    """What the two sides of a game are called."""
    return ("first", "second") if game.sides == Game.sides else game.sides


def report_row(game: Game, end: Settled) -> dict[str, Any]:
    """A game as the report has it."""
    played = end.played
    return {
        "number": played.number + 1,
        "sides": [played.names[player] for player in played.sides],
        "moves": len(played.opening) + len(played.actions),
        "result": format_result(end.result),
        "winner": None if played.score == 0 else played.names[0 if played.score > 0 else 1],
        "ending": played.ending,
        "reason": played.reason,
        "by_the_rules": format_result(end.by_the_rules),
        "given_up": [game.format_action(point) for point in end.given_up],
        "final_score": {name: v.said for name, v in zip(played.names, played.verdicts, strict=True) if v.said},
        "doubts": list(end.doubts),
        "disputed": end.disputed,
    }


def _sgf(game: Go, end: Settled) -> bytes:
    played = end.played
    moves = (*played.opening, *played.actions)
    begin = f"move37 arena, game {played.number + 1} of the pair; {len(played.opening)} moves of an opening first."
    last = [f"{_loser(game, played)} {played.reason}."] if played.reason else []
    if end.given_up:
        stones = " ".join(map(game.format_action, end.given_up))
        last.append(f"Dead by the word of their own side: {stones}. As it stands {format_result(end.by_the_rules)}.")
    comments = {len(moves): "\n".join([*last, *end.doubts])} if last or end.doubts else {}
    comments[0] = "\n".join(filter(None, [begin, comments.get(0)]))
    tree = game_tree(
        GameRecord(
            size=game.size,
            komi=game.komi,
            rules="Tromp-Taylor" if game.suicide else "area scoring, positional superko, no suicide",
            moves=tuple(Move(WHITE if i % 2 else BLACK, action) for i, action in enumerate(moves)),
            result=end.result,
            black=Player(played.names[played.sides[0]]),
            white=Player(played.names[played.sides[1]]),
            comments=comments,
        )
    )
    tree.root.update({"DT": [date.today().isoformat()], "AP": [f"move37:{__version__}"]})
    return sgf.write([tree])


def _pgn(game: Chess, end: Settled) -> str:
    played, winner = end.played, end.result.winner
    tags = {
        "Event": "move37 arena",
        "Date": f"{date.today():%Y.%m.%d}",
        "Round": str(played.number + 1),
        "White": played.names[played.sides[0]],
        "Black": played.names[played.sides[1]],
        "Result": "1-0" if winner == WHITE else "0-1" if winner == BLACK else "1/2-1/2",
        "Termination": _TERMINATIONS[played.ending],
        "PlyCount": str(len(played.opening) + len(played.actions)),
    }
    comment = f"{_loser(game, played)} {played.reason}" if played.reason else game.tally(played.state)
    return pgn.write(game, played.start, (*played.opening, *played.actions), tags, comment)


_TERMINATIONS = {"rules": "normal", "resign": "normal", "time": "time forfeit", "forfeit": "rules infraction"}


def _shogi(game: Shogi, end: Settled) -> ShogiRecord:
    played = end.played
    return shogi_record(
        game,
        played.start,
        (*played.opening, *played.actions),
        played.state,
        end.result.winner or 0,
        None if played.ending == "rules" else played.ending,
        black=played.names[played.sides[0]],
        white=played.names[played.sides[1]],
        event=f"move37 arena, game {played.number + 1}",
        date=f"{date.today():%Y/%m/%d}",
        comment=f"{_loser(game, played)} {played.reason}" if played.reason else "",
    )


FORMS = (
    Form("sgf", Go, "Go", _sgf),
    Form("pgn", Chess, "chess", _pgn),
    Form("csa", Shogi, "shogi", lambda game, end: csa.write(_shogi(game, end))),
    Form("kif", Shogi, "shogi", lambda game, end: kif.write(_shogi(game, end))),
)


def _game_name(pair: int, played: Played, suffix: str) -> str:
    """`02-level1-random-007.sgf`: the pair, who, the game."""
    slug = "-".join(re.sub(r"[^\w.@+]+", "_", name).strip("_") for name in played.names)
    return f"{pair:02}-{slug[:100]}-{played.number + 1:03}.{suffix}"


def record_line(game: Game, end: Settled) -> str:
    """A record as `run.records` reads it, with who played and how it ended."""
    played, row = end.played, report_row(game, end)
    record = {
        "game": game.name,
        "iteration": 0,
        "init_key": played.init_key.tolist(),
        "opening": list(played.opening),
        "actions": list(played.actions),
        **({"start": played.start} if played.start else {}),
        "rewards": list(played.rewards),
        "root_values": [None] * len(played.actions),
        "result": played.score if played.began == 0 else -played.score,
        **{key: row[key] for key in ("sides", "ending", "reason", "given_up", "doubts")},
    }
    return json.dumps(record) + "\n"


def failure(game: Game, played: Played) -> str:
    """How somebody lost a game by what no rule of the game is."""
    return f"game {played.number + 1}: {_loser(game, played)} {played.reason}"


def _loser(game: Game, played: Played) -> str:
    """Who lost a game that did not end by its rules."""
    loser = 1 if played.score > 0 else 0
    return f"{played.names[loser]} ({side_names(game)[played.sides.index(loser)]})"
