"""PGN: a game of chess as people keep it, written; and the main line of each game of a file, read.

Source: S. Edwards, "Portable Game Notation Specification and Implementation Guide" (1994); `Variant` and `FEN` of
Chess960 as Cute Chess and lichess write them. Differs: also reads what files have that keep to less: empty tags, no
empty line, text that is no UTF-8, results missing.
"""

import re
import textwrap
import zipfile
from collections.abc import Iterator, Mapping
from pathlib import Path

import jax.numpy as jnp

from move37.data.record import WHITE, Player, Result, looks_like_a_bot
from move37.data.sgf import BadRecord
from move37.data.written import WrittenGame, score_result
from move37.games.chess import Chess, step_now
from move37.games.chess_fen import START

_ROSTER = {"Event": "?", "Site": "?", "Date": "????.??.??", "Round": "?", "White": "?", "Black": "?", "Result": "*"}
_LINE = 80  # letters after which the movetext goes on in a new line
_TAG = re.compile(r'\[\s*(\w+)\s*"((?:[^"\\\n]|\\.)*)"\s*\]')
_TOKEN = re.compile(
    r"""\s+ | (?P<comment>\{[^}]*\} | ;[^\n]*) | (?P<nag>\$\d+ | [!?]{1,2}) | (?P<bracket>[()])
    | (?P<result>1-0 | 0-1 | 1/2-1/2 | \*) | (?P<number>\d+\s*\.+ | \d+(?=\s)) | (?P<move>[A-Za-z0-9+\#=@:-]+[!?]*)""",
    re.VERBOSE,
)
_ESCAPED = re.compile(r"^%.*$", re.MULTILINE)  # lines that are of programs
_BEGINS = re.compile(r"(?m)^(?=\[Event )")
_MOST_TEXT = 10**6  # letters of one game


def write(game: Chess, start: str, moves: tuple[int, ...], tags: Mapping[str, str], comment: str = "") -> str:
    """A game from the position `start` (FEN; "": the usual one), with a comment behind its last move.

    `tags` are added to the seven that each game has; what they do not say is `?`. Moves must be legal.
    """
    state = game.from_fen(start or START)
    extra = {"Variant": "Chess960"} if game.chess960 else {}
    if game.chess960 or game.to_fen(state) != START:
        extra |= {"SetUp": "1", "FEN": game.to_fen(state)}
    all_tags = {**_ROSTER, **tags, **extra}
    words, number = list[str](), int(state.ply)
    for i, action in enumerate(moves):
        if number % 2 == 0 or i == 0:
            words.append(f"{number // 2 + 1}{'...' if number % 2 else '.'}")
        words.append(game.san(state, action))
        state, number = step_now(game, state, jnp.int32(action)).state, number + 1
    if comment:
        words += f"{{{_plain(comment).replace('}', ')')}}}".split()
    text = textwrap.fill(" ".join([*words, all_tags["Result"]]), _LINE, break_long_words=False, break_on_hyphens=False)
    return "".join(f'[{name} "{_quoted(value)}"]\n' for name, value in all_tags.items()) + f"\n{text}\n\n"


def _quoted(value: str) -> str:
    return re.sub(r'(["\\])', r"\\\1", _plain(value))


def _plain(text: str) -> str:
    """On one line."""
    return " ".join(text.split())


def from_pgn(path: Path) -> Iterator[tuple[str, WrittenGame | BadRecord]]:
    """Every game of a .pgn file, or of all that are in a .zip, with where it stands; a broken one is a `BadRecord`.

    Raises `BadRecord` if the file cannot be read.
    """
    for name, text in _texts(path):
        begins = [found.start() for found in _BEGINS.finditer(text)] or [0]
        line = 1
        for begin, end in zip(begins, [*begins[1:], len(text)], strict=True):
            where = f"{name}:{line}"
            line += text.count("\n", begin, end)
            if not text[begin:end].strip():
                continue
            try:
                yield where, game_of(text[begin:end])
            except ValueError as error:
                yield where, BadRecord(f"{where}: {error}")


def game_of(text: str) -> WrittenGame:
    """One game. Raises `ValueError` that says what is wrong in which line."""
    if len(text) > _MOST_TEXT:
        raise ValueError(f"a game of {len(text):,} letters; allowed: {_MOST_TEXT:,}.")
    text = _ESCAPED.sub("", text)
    tags, at = {}, 0
    while found := _TAG.match(text, at := _skip_space(text, at)):
        tags[found[1]], at = found[2], found.end()
    moves, told = _moves(text, at)
    start = tags.get("FEN", "").strip()
    result = _result(tags.get("Result", "") if told in ("", "*") else told, tags.get("Termination", ""))
    black, white = (
        Player(tags.get(name, ""), tags.get(f"{name}Elo", "").strip(), looks_like_a_bot(tags.get(name, "")))
        for name in ("Black", "White")
    )
    return WrittenGame(tuple(moves), "" if start == START else start, WHITE, result, black, white)


def _moves(text: str, at: int) -> tuple[list[str], str]:
    """(texts of the main line's moves, the result behind them)."""
    moves: list[str] = []
    depth, result = 0, ""
    while at < len(text):
        found = _TOKEN.match(text, at)
        if found is None:
            raise ValueError(f"line {text.count(chr(10), 0, at) + 1} of the game: {text[at : at + 20]!r} is no move.")
        at = found.end()
        if found["bracket"]:
            depth += 1 if found["bracket"] == "(" else -1
            if depth < 0:
                raise ValueError("a variation ends that has not begun.")
        elif depth == 0 and found["result"]:
            result = found["result"]
            break
        elif depth == 0 and found["move"]:
            moves.append(found["move"])
    if depth:
        raise ValueError("a variation does not end.")
    if not moves and not result:
        raise ValueError("neither moves nor a result.")
    return moves, result


def _result(words: str, termination: str) -> Result:
    result = score_result(words, WHITE)
    lost_on_time = result.kind == "win" and "time" in termination.lower()
    return result._replace(kind="time") if lost_on_time else result


def _skip_space(text: str, at: int) -> int:
    while at < len(text) and (text[at].isspace() or text[at] == "\ufeff"):
        at += 1
    return at


def _texts(path: Path) -> Iterator[tuple[str, str]]:
    """(name for messages, text) of each file."""
    try:
        if path.suffix.lower() != ".zip":
            yield str(path), _decoded(path.read_bytes())
            return
        with zipfile.ZipFile(path) as packed:
            for name in packed.namelist():
                if name.lower().endswith(".pgn"):
                    yield f"{path}/{name}", _decoded(packed.read(name))
    except (OSError, zipfile.BadZipFile, RuntimeError, NotImplementedError) as error:
        raise BadRecord(f"{path}: cannot be read: {error}.") from error


def _decoded(content: bytes) -> str:
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError:
        text = content.decode("latin-1")
    return text.replace("\r\n", "\n").replace("\r", "\n")
