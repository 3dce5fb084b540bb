"""Rules only, one file a game. `make` finds a game by name; `check.check` tests that any game keeps the protocol."""

import importlib
import re
from typing import cast

from move37.core.errors import BadConfig, UnknownName
from move37.core.types import Game, World
from move37.games.own import make_own

# name → (module, class); "{n}" stands for a board size, so that "go_9x9" and "go_13x13" are the same class.
_GAMES = {
    "catch": ("catch", "Catch"),
    "chess": ("chess", "Chess"),
    "chess960": ("chess", "Chess"),
    "connect_four": ("connect_four", "ConnectFour"),
    "deep_sea": ("deep_sea", "DeepSea"),
    "game_2048": ("game_2048", "Game2048"),
    "go_{n}x{n}": ("go", "Go"),
    "hex_{n}x{n}": ("hex", "Hex"),
    "offers": ("offers", "Offers"),
    "othello_{n}x{n}": ("othello", "Othello"),
    "shogi": ("shogi", "Shogi"),
    "tic_tac_toe": ("tic_tac_toe", "TicTacToe"),
}
_FIELDS = {"chess960": {"chess960": True}}  # what a name stands for beside its class
_HOST = ("gym:", "atari:")  # worlds that only the host can step
_EXAMPLE_SIZES = {"go_{n}x{n}": (9, 19), "hex_{n}x{n}": (7, 11), "othello_{n}x{n}": (6, 8)}


def names() -> list[str]:
    """The names that `move37 games` lists; boards of other sizes are made by the same pattern."""
    return sorted(name.replace("{n}", str(n)) for name in _GAMES for n in _EXAMPLE_SIZES.get(name, (0,)))


def make(name: str) -> Game:
    """A game by its name (`go_9x9`, `shogi+alphazero`), by `pgx:ID`, or by `path/to/file.py:ClassName` for one's own.

    Options of a game stand behind its name: `chess+alphazero`. Raises `UnknownName` for a name that stands for no game,
    `BadConfig` for a file that holds no such game and for an option that a game has not.
    """
    if name.startswith(_HOST):
        raise BadConfig(
            f"{name} gives no rules: `move37 train muzero` learns its own, and `move37 watch` shows what comes of it."
        )
    if name.startswith("pgx:"):
        from move37.games.pgx_adapter import PgxGame

        return PgxGame(name.removeprefix("pgx:"))
    if ".py:" in name:
        return cast(Game, make_own(name, Game, "game"))
    base, *options = name.split("+")
    sized = re.fullmatch(r"([a-z_]+_)(\d+)x(\d+)", base)
    key = f"{sized[1]}{{n}}x{{n}}" if sized and sized[2] == sized[3] else base
    if key not in _GAMES or "{n}" in name:
        raise UnknownName(f"no game {name!r}; known: {', '.join(names())}, pgx:ID, or path/to/file.py:ClassName.")
    module, cls = _GAMES[key]
    game_class = getattr(importlib.import_module(f"move37.games.{module}"), cls)
    fields, known = dict(_FIELDS.get(key, {})), getattr(game_class, "options", {})
    for option in options:
        if option not in known:
            raise BadConfig(f"{base}: got option {option!r}; allowed: {', '.join(known) or 'none'}.")
        fields |= known[option]
    return game_class(int(sized[2])) if sized else game_class(**fields)


def world(name: str) -> World:
    """A game, a world of Gymnasium by `gym:ID` or `gym:path/to/file.py:ClassName`, or an Atari game by `atari:pong`."""
    kind, _, what = name.partition(":")
    if kind == "gym":
        from move37.games.gym_adapter import GymWorld

        return GymWorld(what)
    if kind == "atari":
        from move37.games.atari import AtariWorld

        return AtariWorld(what)
    return make(name)
