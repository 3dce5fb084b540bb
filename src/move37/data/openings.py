"""Books of openings: a text file with an opening a line, each a position, moves, or both."""

import re
from pathlib import Path

import jax
import jax.numpy as jnp

from move37.core.errors import Move37Error
from move37.core.types import Game, Opening
from move37.data.sgf import BadRecord

_NUMBER = re.compile(r"\d+\.+")  # of a move: 1. or 12...


def read_book(path: Path, game: Game) -> list[Opening]:
    """The openings of a file, for a game. Empty lines and those that begin with # are passed over.

    `startpos moves e2e4 e7e5`, `FEN`, `FEN moves e2e4`, an EPD (what stands behind its four fields is left out), an
    SFEN, or moves alone, as `Game.read` reads them: `1. e4 e5 2. Nf3`. Raises `BadRecord` with file:line.
    """
    try:
        lines = path.read_text(encoding="utf-8-sig").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        raise BadRecord(f"{path}: cannot be read: {getattr(error, 'strerror', None) or error}.") from error
    book, step = [], jax.jit(game.step)
    for number, line in enumerate(lines, 1):
        if not line.strip() or line.lstrip().startswith("#"):
            continue
        start, moves = _parts(line)
        try:
            state = game.from_text(start) if start else game.init(jax.random.key(0))
            actions, over = list[int](), False
            for word in moves:
                actions.append(game.read(state, word))
                if over or not bool(game.legal(state)[actions[-1]]):
                    raise BadRecord(f"{word!r} cannot be played")
                after = step(state, jnp.int32(actions[-1]))
                state, over = after.state, float(after.discount) == 0
            if over or not bool(game.legal(state).any()):
                raise BadRecord("nothing is left to play")
        except (Move37Error, ValueError) as error:
            raise BadRecord(f"{path}:{number}: {error}") from error
        book.append(Opening(start, tuple(actions)))
    if not book:
        raise BadRecord(f"{path}: no opening in this file; a line is a position (FEN, EPD, SFEN) or moves.")
    return book


def _parts(line: str) -> tuple[str, list[str]]:
    """(position, moves) of a line. A position has slashes."""
    place, _, moves = line.strip().partition("moves ")
    words = place.removeprefix("startpos").split()
    while words and words[0] in ("position", "fen", "sfen"):
        words = words[1:]
    if words and "/" not in words[0]:
        return "", [word for word in map(_without_number, words) if word] + moves.split()
    clocks = words[4:6] if len(words) >= 6 and all(word.isdigit() for word in words[4:6]) else []
    return " ".join(words[:4] + clocks), moves.split()


def _without_number(word: str) -> str:
    return _NUMBER.sub("", word, count=1)
