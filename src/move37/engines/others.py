"""Engines of others by their names: `[NAME=]gtp:COMMAND`, `[NAME=]uci:COMMAND;OPTION=VALUE`, `[NAME=]usi:COMMAND`."""

import re

from move37.core.types import Game
from move37.engines.gtp_player import GtpPlayer
from move37.engines.process import EngineFailure
from move37.engines.uci_player import UciPlayer

EnginePlayer = GtpPlayer | UciPlayer
_ENGINE = re.compile(r"(?:([^=:]+)=)?(gtp|uci|usi):(.*)", re.DOTALL)


def is_engine(spec: str) -> bool:
    """Whether a player's name stands for a program of others."""
    return _ENGINE.fullmatch(spec) is not None


def engine_player(spec: str, game: Game, timeout: float, at_once: int) -> EnginePlayer:
    """The engine, started. `timeout`: seconds an answer; `at_once`: processes, 0 for one a core.

    Raises `EngineFailure` with its name, and `BadConfig` for a game that it is not asked for.
    """
    found = _ENGINE.fullmatch(spec)
    assert found is not None
    name, protocol, command = found[1] or "", found[2], found[3]
    try:
        if protocol == "gtp":
            return GtpPlayer(command, game, name, timeout, at_once)
        return UciPlayer(command, game, "uci" if protocol == "uci" else "usi", name, timeout, at_once)
    except EngineFailure as error:
        raise EngineFailure(f"{spec!r}: {error}") from error
