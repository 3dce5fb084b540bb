"""What may stand in a line of a UCI or USI engine, checked by the words of the protocols and not by ours.

Source: S. Meyer-Kahlen, "Description of the universal chess interface", 2006; "The Universal Shogi Interface", draft 2.
"""

import re
from typing import NamedTuple

from piped import Fault

MOVE = {
    "uci": re.compile(r"[a-h][1-8][a-h][1-8][nbrq]?"),
    "usi": re.compile(r"[1-9][a-i][1-9][a-i]\+?|[PLNSGBR]\*[1-9][a-i]|win"),
}
NO_MOVE = {"uci": ("(none)", "0000"), "usi": ("resign",)}
_COUNTS = ("depth", "seldepth", "time", "nodes", "multipv", "currmovenumber", "hashfull", "nps", "tbhits", "cpuload")
_CHECKMATE = re.compile(r"checkmate( notimplemented| timeout| nomate|( \S+)+)")
_OPTION = re.compile(
    r"option name \S.*? type (check default (true|false)|spin default -?\d+ min -?\d+ max -?\d+|string default \S+)"
)


class Said(NamedTuple):
    """A line that is in the protocol's form."""

    kind: str  # its first word; of `info` with a text, and of one with a mistake of the client's: string, error
    moves: tuple[str, ...] = ()  # of `info`: the variation; of `bestmove`: the move, and what to ponder on
    rank: int = 1  # among the variations of one report
    has_score: bool = False


def read(line: str, protocol: str) -> Said:
    """Raises `Fault` for a line that is in no form."""
    head, *words = line.split(" ")
    if head == "info":
        return _info(line, words, protocol)
    if head == "bestmove":
        return _best(line, words, protocol)
    known = line in (f"{protocol}ok", "readyok") or (head == "id" and words[:1] in (["name"], ["author"]) and words[1:])
    if not known and not _OPTION.fullmatch(line) and not (protocol == "usi" and _CHECKMATE.fullmatch(line)):
        raise Fault(f"not in the protocol's form: {line[:200]!r}")
    return Said(head)


def _best(line: str, words: list[str], protocol: str) -> Said:
    form = MOVE[protocol]
    if len(words) == 1 and (words[0] in NO_MOVE[protocol] or form.fullmatch(words[0])):
        return Said("bestmove", (words[0],))
    if len(words) == 3 and words[1] == "ponder" and form.fullmatch(words[0]) and form.fullmatch(words[2]):
        return Said("bestmove", (words[0], words[2]))
    raise Fault(f"no best move: {line[:200]!r}")


def _info(line: str, words: list[str], protocol: str) -> Said:
    """Keys once each, each with what belongs to it; `string` and `pv` take the rest of the line."""

    def fault(why: str) -> Fault:
        return Fault(f"{why}: {line[:200]!r}")

    if words[:1] == ["string"]:
        return Said("error" if words[1:2] == ["error:"] else "string")
    rest, seen = iter(words), {}
    for key in rest:
        if key in seen:
            raise fault(f"{key!r} twice")
        if key in _COUNTS:
            seen[key] = next(rest, "")
            if not re.fullmatch(r"\d+", seen[key]):
                raise fault(f"{key} is no number")
        elif key == "score":
            seen[key] = f"{next(rest, '')} {next(rest, '')}"
            if not re.fullmatch(r"(cp|mate) -?\d+" + r"|mate [+-]" * (protocol == "usi"), seen[key]):
                raise fault("no score")
        elif key == "wdl":
            seen[key] = " ".join(next(rest, "") for _ in range(3))
            if not re.fullmatch(r"\d+ \d+ \d+", seen[key]) or sum(map(int, seen[key].split())) != 1000:
                raise fault("wins, draws and losses are no thousand")
        elif key == "pv":
            seen[key] = " ".join(rest)
            if not seen[key] or not all(MOVE[protocol].fullmatch(move) for move in seen[key].split(" ")):
                raise fault("the variation holds what is no move")
        else:
            raise fault(f"the key {key!r}")
    if not seen or int(seen.get("seldepth", "9999")) < int(seen.get("depth", "0")) or seen.get("multipv") == "0":
        raise fault("no depth or no rank")
    return Said("info", tuple(seen.get("pv", "").split()), int(seen.get("multipv", "1")), "score" in seen)
