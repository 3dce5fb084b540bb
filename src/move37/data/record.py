"""A game of Go as people recorded it, and what its SGF properties mean. Points are numbered as `games.go` does.

Source: A. Hollosi, "SGF File Format FF[4]", red-bean.com/sgf. Differs: reads what servers write besides, see
`read_komi`, `read_result` and `rank_level`.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cache
from typing import Literal, NamedTuple

from move37.data.sgf import Node, Tree, escape, text

BLACK, WHITE = 1, -1
Kind = Literal["score", "resign", "time", "forfeit", "win", "draw", "void", "unknown"]  # win: nobody wrote how
KINDS: tuple[Kind, ...] = ("score", "resign", "time", "forfeit", "win", "draw", "void", "unknown")
_COLOURS = {"B": BLACK, "W": WHITE}
_STONES = {"AB": BLACK, "AW": WHITE, "AE": 0}
_SETUP_NAMES = {*_STONES, "PL"}
_ENDINGS: dict[str, Kind] = {"R": "resign", "T": "time", "F": "forfeit"}
_RANK = re.compile(r"\s*(p(?![a-z]))?\s*(-?\d{1,2})?\s*(kyu|k|gup|级|級|dan|d|段|pro|p)?")
_NUMBER = re.compile(r"\s*([+-]?\d{1,5}([.,]\d{1,9})?)")
_WON = re.compile(r"(b|w)(?:lack|hite)?\+(\d{1,4}(?:[.,]\d{1,4})?(?![\d/])|[rtf](?=$|esign|ime|orfeit))?")
_WON_IN_WORDS = re.compile(r"(黒|黑|白)[番方]?(中|時間切れ|超时|胜|勝)")
_BOT = re.compile(
    r"bot(\b|\d)|\bai\b|alphago|^master$|^magist$|gnu ?go|leela|katago|crazy ?stone|\bzen(\d|$)|fuego|pachi|绝艺",
    re.IGNORECASE,
)


class Move(NamedTuple):
    """One move."""

    colour: int  # 1 Black, −1 White
    action: int  # row · size + column from the top left; size² is a pass


class Setup(NamedTuple):
    """Stones that were put on the board or taken off it, and not by moves."""

    before: int  # the move (its index) that this stands before
    black: tuple[int, ...] = ()  # points, in ascending order
    white: tuple[int, ...] = ()
    empty: tuple[int, ...] = ()
    to_play: int = 0  # 1 Black or −1 White, where the record says it


class Result(NamedTuple):
    """How a game ended."""

    winner: int | None = None  # 1 Black, −1 White, 0 a draw, None nobody or unknown
    kind: Kind = "unknown"
    margin: float | None = None  # points, where they were counted


class Player(NamedTuple):
    """Who played."""

    name: str = ""
    rank: str = ""  # as written; `rank_level` makes numbers of it
    bot: bool = False  # a program, so far as the record or the name tells


@dataclass(frozen=True)
class GameRecord:
    """The main line of one game."""

    size: int = 19
    komi: float | None = None  # points for White; None: unknown
    rules: str = ""
    handicap: int = 0
    setups: tuple[Setup, ...] = ()  # in the order of the game
    moves: tuple[Move, ...] = ()
    result: Result = field(default_factory=Result)
    black: Player = field(default_factory=Player)
    white: Player = field(default_factory=Player)
    comments: dict[int, str] = field(default_factory=dict)  # on the position after so many moves


def game_record(tree: Tree) -> GameRecord:
    """What a tree says of its main line. Raises `BadRecord` with the place of what is not Go or not on the board."""
    root, size = tree.root, _size(tree)
    setups: list[Setup] = []
    moves: list[Move] = []
    comments: dict[int, list[str]] = {}
    for i, node in enumerate(tree.main_line()):
        if not _SETUP_NAMES.isdisjoint(node.properties):
            setup = _setup(tree, i, node, size, len(moves))
            setups += [setup] if any(setup[1:]) else []
        for name, values in node.properties.items():
            if name in _COLOURS:
                if len(values) > 1:
                    raise tree.fault(i, name, f"{len(values)} moves of one colour in one node.", 1)
                moves.append(Move(_COLOURS[name], _move(tree, i, name, size)))
        if "C" in node.properties:
            comments.setdefault(len(moves), []).append("\n".join(map(text, node.properties["C"])))
    handicap = re.match(r"\s*(\d{1,3})\b", _text(root, "HA"))
    return GameRecord(
        size=size,
        komi=read_komi(_text(root, "KM"), fox="fox" in _text(root, "AP").lower()),
        rules=_text(root, "RU"),
        handicap=int(handicap[1]) if handicap else 0,
        setups=tuple(setups),
        moves=tuple(moves),
        result=read_result(_text(root, "RE")),
        black=_player(_text(root, "PB"), _text(root, "BR")),
        white=_player(_text(root, "PW"), _text(root, "WR")),
        comments={number: "\n\n".join(parts) for number, parts in comments.items()},
    )


def game_tree(record: GameRecord) -> Tree:
    """The inverse of `game_record`: a tree without variations, for `sgf.write`."""
    root: dict[str, list[str]] = {"GM": ["1"], "SZ": [str(record.size)]}
    words = {
        "PB": record.black.name,
        "BR": record.black.rank,
        "PW": record.white.name,
        "WR": record.white.rank,
        "KM": "" if record.komi is None else f"{record.komi:.9g}",
        "RU": record.rules,
        "HA": str(record.handicap or ""),
        "RE": format_result(record.result),
    }
    root |= {name: [escape(word)] for name, word in words.items() if word}
    nodes, setups = [root], list(record.setups)
    for number in range(len(record.moves) + 1):
        if number > 0:
            colour, action = record.moves[number - 1]
            nodes.append({"B" if colour == BLACK else "W": [point_name(action, record.size)]})
        if number in record.comments:
            nodes[-1]["C"] = [escape(record.comments[number])]
        while setups and setups[0].before == number:
            properties = _setup_properties(setups.pop(0), record.size)
            if number == 0 and len(nodes) == 1 and _SETUP_NAMES.isdisjoint(root):
                root.update(properties)
            else:
                nodes.append(properties)
    return Tree([Node(properties, i - 1) for i, properties in enumerate(nodes)])


def annotated(tree: Tree, comments: Mapping[int, str]) -> Tree:
    """The same tree with comments behind those that the main line has: on the position after so many moves."""
    nodes, number = list(tree.nodes), 0
    for i, node in enumerate(tree.main_line()):
        before, number = number, number + len(_COLOURS.keys() & node.properties)
        new = [comments[k] for k in range(before + 1 if i else 0, number + 1) if k in comments]
        if new:
            old = [text(value) for value in node.properties.get("C", [])]
            nodes[i] = Node({**node.properties, "C": [escape("\n\n".join([*old, *new]))]}, node.parent)
    return Tree(nodes)


def point_name(action: int, size: int) -> str:
    """A move as SGF writes it: column, then row; nothing for a pass."""
    return "" if action == size * size else chr(97 + action % size) + chr(97 + action // size)


def rank_level(rank: str) -> int | None:
    """A rank as a number: 1k is 0, 1d is 1, 9d is 9, 1p is 21, 9p is 29, 15k is −14. None where it says nothing.

    What follows the grade (`?`, `*`, a title) is passed over. OGS's grades beyond 1k, `0k` and `-3k`, go on upwards.
    """
    found = _RANK.match(rank.lower())
    professional, number, grade = found.groups() if found else (None, None, None)
    if professional:
        return 20 + int(number or 0)
    if number is None or grade is None:
        return None
    if grade in ("p", "pro"):
        return 20 + int(number)
    return int(number) if grade in ("d", "dan", "段") else 1 - int(number)


def read_komi(words: str, fox: bool = False) -> float | None:
    """Points for White; None where nothing sensible stands.

    Servers of Chinese origin write hundredths (650) and count stones, half as many as points (3.75). `fox`: on the
    server Fox 0 stands for any komi.
    """
    found = _NUMBER.match(words)
    komi = float(found[1].replace(",", ".")) if found else None
    if komi is None or (fox and komi == 0):
        return None
    if abs(komi) >= 100:
        komi /= 100
    return 2 * komi if (4 * komi) % 2 == 1 else komi


def read_result(words: str) -> Result:
    """How a game ended, from SGF's `RE`: `B+3.5`, `W+R`, `B+T`, `B+F`, `B+`, `0`, `Draw`, `Void`, `?`, or in words."""
    short = re.sub(r"\s+", "", words).lower()
    if short in ("0", "draw", "jigo", "tie", "持碁", "和棋"):
        return Result(0, "draw")
    if short in ("void", "noresult", "無勝負"):
        return Result(None, "void")
    if found := _WON.match(short):
        winner, how = BLACK if found[1] == "b" else WHITE, found[2] or ""
        if how[:1].isdigit():
            return Result(winner, "score", float(how.replace(",", ".")))
        return Result(winner, _ENDINGS.get(how.upper(), "win"))
    if found := _WON_IN_WORDS.match(short):
        kinds: dict[str, Kind] = {"中": "resign", "時": "time", "超": "time"}
        return Result(WHITE if found[1] == "白" else BLACK, kinds.get(found[2][0], "win"))
    return Result()


def format_result(result: Result) -> str:
    """As SGF writes it."""
    if result.kind in ("draw", "void", "unknown"):
        return {"draw": "0", "void": "Void", "unknown": "?"}[result.kind]
    how = {kind: letter for letter, kind in _ENDINGS.items()}.get(result.kind, "")
    margin = "" if result.margin is None else f"{result.margin:g}"
    return ("B+" if result.winner == BLACK else "W+") + (how or margin)


def looks_like_a_bot(name: str) -> bool:
    """Whether a player's name is that of a program: `GNU Go`, `Leela Zero`, `amybot-ddk`."""
    return _BOT.search(name) is not None


def _player(name: str, rank: str) -> Player:
    return Player(name, rank, looks_like_a_bot(name))


def _text(properties: dict[str, list[str]], name: str) -> str:
    return text(properties[name][0], lines=False).strip() if name in properties else ""


def _size(tree: Tree) -> int:
    game, words = _text(tree.root, "GM"), _text(tree.root, "SZ")
    if game not in ("", "1"):
        raise tree.fault(0, "GM", f"got GM[{game[:9]}]; only Go, GM[1], is read.")
    found = re.fullmatch(r"(\d{1,3})(?:[:x](\d{1,3}))?", words or "19")
    if found is None:
        raise tree.fault(0, "SZ", f"got the size {words[:20]!r}; a number from 2 to 19 is one.")
    if found[2] and int(found[1]) != int(found[2]):
        raise tree.fault(0, "SZ", f"got a board of {found[1]} by {found[2]} points; only square ones are read.")
    if not 2 <= int(found[1]) <= 19:
        raise tree.fault(0, "SZ", f"got the size {found[1]}; allowed: 2 to 19.")
    return int(found[1])


@cache
def _points(size: int) -> dict[str, int]:
    """The names of all points, `aa` at the top left."""
    return {point_name(point, size): point for point in range(size * size)}


def _point(value: str, size: int) -> int | None:
    """A point; None where it is none on the board. Capital letters are meant for boards beyond 26×26: read as small."""
    return _points(size).get(value.strip().lower())


def _move(tree: Tree, index: int, name: str, size: int) -> int:
    value = tree.nodes[index].properties[name][0]
    point = _points(size).get(value)
    if point is None:
        value = value.strip().lower()
        point = size * size if value in ("", "tt") else _point(value, size)  # `tt` is outside of all boards up to 19×19
    if point is None:
        raise tree.fault(index, name, f"got the move {name}[{value[:20]}], which is not on the board of size {size}.")
    return point


def _setup(tree: Tree, index: int, node: Node, size: int, before: int) -> Setup:
    stones: dict[int, str] = {}
    for name in (name for name in _STONES if name in node.properties):
        for nth, value in enumerate(node.properties[name]):
            corners = [_point(corner, size) for corner in value.split(":", 1) if value.strip()]
            points = _rectangle([corner for corner in corners if corner is not None], size)
            if None in corners:
                what = f"got {name}[{value[:20]}], which is not on the board of size {size}."
                raise tree.fault(index, name, what, nth)
            for point in points:
                if stones.setdefault(point, name) != name:
                    what = f"{point_name(point, size)} is in {stones[point]} and in {name}; it can be in one."
                    raise tree.fault(index, name, what, nth)
    black, white, empty = (
        tuple(sorted(point for point, name in stones.items() if name == wanted)) for wanted in _STONES
    )
    to_play = _COLOURS.get(_text(node.properties, "PL")[:1].upper(), 0)
    return Setup(before, black, white, empty, to_play)


def _rectangle(corners: list[int], size: int) -> list[int]:
    """The points of a compressed list: all between two corners; of one corner the point itself."""
    rows, columns = ([corner // size for corner in corners], [corner % size for corner in corners])
    if not corners:
        return []
    wide = range(min(columns), max(columns) + 1)
    return [row * size + column for row in range(min(rows), max(rows) + 1) for column in wide]


def _setup_properties(setup: Setup, size: int) -> dict[str, list[str]]:
    points = dict(zip(_STONES, (setup.black, setup.white, setup.empty), strict=True))
    properties = {name: [point_name(point, size) for point in values] for name, values in points.items() if values}
    if setup.to_play:
        properties["PL"] = ["B" if setup.to_play == BLACK else "W"]
    return properties
