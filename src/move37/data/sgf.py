"""SGF, the format of game records: text ↔ trees of nodes with properties. What the properties mean is in `record.py`.

Source: A. Hollosi, "SGF File Format FF[4]", red-bean.com/sgf; FF[3] differs in names only, which are read as FF[4]'s.
Why no library: sgfmill 1.1.1, the only one of note for Python, has not been released since 2018; its errors name no
place; it reads bytes, so that it loses properties of Shift-JIS, GBK and Big5 files (see `encoding.py`), guesses no
encoding and stops at an unknown one; it refuses stones that are set up in mid-game, and takes 9 s for a million nested
variations. It stays the oracle of the tests.
"""

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import NamedTuple

from move37.core.errors import Move37Error
from move37.data.encoding import decodings

MOST_BYTES = 2**26  # of a file; the largest collections of openings have a tenth of that
MOST_NODES = 10**6  # in a file
_TOO_MANY = f"more than {MOST_NODES:,} nodes; split the collection into several files."
_LINE = 80  # letters after which the writer begins a new line

# Possessive quantifiers (`++`): a match fails at once or not at all, so that no text takes more than linear time.
_VALUE = re.compile(r"\[([^\\\]]*+(?:\\.[^\\\]]*+)*+)\]", re.DOTALL)
_TOKEN = re.compile(
    r"\s*+(?:([;()])|([A-Za-z][A-Za-z0-9]*+)\s*+((?:\[[^\\\]]*+(?:\\.[^\\\]]*+)*+\]\s*+)++))", re.DOTALL
)
_NAMED = re.compile(r"[A-Za-z][A-Za-z0-9]*+\s*+")
_START = re.compile(r"\(\s*+;")
_ESCAPED = re.compile(r"\\(.)|\n", re.DOTALL)
_BLANKS = {ord(blank): " " for blank in "\t\v\f"}
_NEW_LINE = re.compile(r"\r\n|\n\r|\r|\n")


class BadRecord(Move37Error, ValueError):
    """A game record that cannot be read. The message begins with file:line:column."""


class Node(NamedTuple):
    """A move, a position set up, or a remark. Values are as in the file, escapes included: see `text`, `escape`."""

    properties: dict[str, list[str]]  # FF[4] name → its values, one at least
    parent: int  # index of the node before it; −1 for the root


class Origin(NamedTuple):
    """Where a tree was read."""

    name: str
    text: str
    starts: list[int]  # in the text, of each node


@dataclass(frozen=True)
class Tree:
    """One game with its variations: the nodes in the order of the file, each behind its parent, depth first.

    So the main line is the nodes from the first on, as long as each is the child of the one before.
    """

    nodes: list[Node]
    origin: Origin | None = field(default=None, compare=False, repr=False)

    @property
    def root(self) -> dict[str, list[str]]:
        """Properties of the whole game: names, result, size."""
        return self.nodes[0].properties

    def main_line(self) -> list[Node]:
        """The game as it was played: at each fork the first variation."""
        length = next((i for i, node in enumerate(self.nodes) if node.parent != i - 1), len(self.nodes))
        return self.nodes[:length]

    def line_to(self, index: int) -> list[Node]:
        """From the root to a node, which may lie in a variation."""
        line = []
        while index >= 0:
            line.append(self.nodes[index])
            index = self.nodes[index].parent
        return line[::-1]

    def fault(self, index: int, name: str, what: str, nth: int = 0) -> BadRecord:
        """An error at the n-th value of a property of a node, with its place in the file."""
        if self.origin is None:
            return BadRecord(f"node {index}: {what}")
        _, text, starts = self.origin
        at, end = starts[index] + 1, starts[index + 1] if index + 1 < len(starts) else len(text)
        while (token := _TOKEN.match(text, at, end)) and token[2]:
            values = list(_VALUE.finditer(token[3]))
            if _short(token[2]) == name:
                if nth < len(values):
                    return _fault(self.origin.name, text, token.start(3) + values[nth].start(), what)
                nth -= len(values)
            at = token.end()
        return _fault(self.origin.name, text, starts[index], what)


def read(path: Path) -> list[Tree]:
    """All games of a file. Raises `BadRecord` with the place of the first fault, or why the file cannot be read."""
    try:
        with path.open("rb") as file:
            data = file.read(MOST_BYTES + 1)
    except OSError as error:
        raise BadRecord(f"{path}: cannot be read: {error.strerror or error}.") from error
    if len(data) > MOST_BYTES:
        raise BadRecord(f"{path}: more than {MOST_BYTES >> 20} MiB; split the collection into several files.")
    return parse(data, str(path))


def parse(data: bytes | str, name: str = "text") -> list[Tree]:
    """All games of a collection, one at least. What stands before, between and after games is passed over.

    Of the ways to decode the bytes the first is taken that makes sense. Raises `BadRecord`, with `name` for the file.
    """
    fault = None
    for text in [data] if isinstance(data, str) else decodings(data):
        try:
            return list(_games(text, name))
        except BadRecord as error:
            fault = fault or error
    raise fault or BadRecord(f"{name}: nothing to read.")


def _games(text: str, name: str) -> Iterator[Tree]:
    start, left = _START.search(text), MOST_NODES
    if start is None:
        raise _fault(name, text, 0, "no game in this file: none begins with '(;'.")
    while start is not None:
        tree, end = _game(text, start.start(), name, left)
        left -= len(tree.nodes)
        yield tree
        start = _START.search(text, end)


def _game(text: str, begin: int, name: str, most_nodes: int) -> tuple[Tree, int]:
    """The game whose '(' stands at `begin`, and where the text behind it begins."""
    nodes: list[Node] = []
    starts: list[int] = []
    forks: list[int] = []  # the last node before each variation that is open
    properties: dict[str, list[str]] | None = None  # of the node that is open
    last, at, fresh = -1, begin, False  # fresh: just behind '(', where a node must begin
    while token := _TOKEN.match(text, at):
        at, mark, here = token.end(), token[1], token.end(1) - 1
        if mark == ";":
            if properties is None and not fresh:
                raise _fault(name, text, here, "a node behind a variation; only '(' or ')' may stand here.")
            if len(nodes) >= most_nodes:
                raise _fault(name, text, here, _TOO_MANY)
            properties, fresh = {}, False
            nodes.append(Node(properties, last))
            starts.append(here)
            last = len(nodes) - 1
        elif mark is None:
            if properties is None:
                raise _fault(name, text, token.start(2), f"property {_cut(token[2])} outside of a node.")
            properties.setdefault(_short(token[2]), []).extend(_VALUE.findall(token[3]))
        elif fresh:
            raise _fault(name, text, here, f"got {mark!r} where a variation must begin with ';'.")
        elif mark == "(":
            forks.append(last)
            fresh, properties = True, None
        else:
            last, properties = forks.pop(), None
            if not forks:
                for of_the_file in ("FF", "CA"):  # of the file, not of the game: the writer states its own
                    nodes[0].properties.pop(of_the_file, None)
                return Tree(nodes, Origin(name, text, starts)), at
    raise _unreadable(name, text, at, begin, len(forks))


def _short(name: str) -> str:
    """FF[4]'s name for a property. In FF[3] small letters are decoration: `AddBlack` is `AB`. Alone they are meant."""
    return name if name.isupper() else "".join(filter(str.isupper, name)) or name.upper()


def _unreadable(name: str, text: str, at: int, begin: int, depth: int) -> BadRecord:
    """Why no token begins at `at`."""
    at += len(text[at:]) - len(text[at:].lstrip())
    if at == len(text):
        line, column = _place(text, begin)
        missing = f"{depth:,} ')' missing" if depth > 1 else "its ')' is missing"
        return _fault(name, text, at, f"the file ends inside of the game that begins at {line}:{column}; {missing}.")
    named = _NAMED.match(text, at)
    value = at if named is None else named.end()
    if text.startswith("[", value):
        if _VALUE.match(text, value):
            return _fault(name, text, value, "a value without a property.")
        return _fault(name, text, value, "this value has no closing ']'.")
    if named is None:
        return _fault(name, text, at, f"got {text[at]!r}; a property, ';', '(' or ')' may stand here.")
    return _fault(name, text, at, f"property {_cut(named[0].strip())} has no value: '[' is missing behind it.")


def _cut(word: str) -> str:
    return word if len(word) <= 20 else word[:20] + "…"


def _place(text: str, at: int) -> tuple[int, int]:
    """Line and column of an offset, both from 1."""
    lines = _NEW_LINE.split(text[:at])
    return len(lines), len(lines[-1]) + 1


def _fault(name: str, text: str, at: int, what: str) -> BadRecord:
    line, column = _place(text, at)
    return BadRecord(f"{name}:{line}:{column}: {what}")


def text(value: str, lines: bool = True) -> str:
    """What a value says, without its escapes; `lines` False: on one line (SimpleText)."""
    value = _NEW_LINE.sub("\n", value).translate(_BLANKS)
    return _ESCAPED.sub(_plain if lines else _plain_line, value)


def _plain(found: re.Match[str]) -> str:
    """What an escape stands for. An escaped end of a line is none: a writer broke a long line there."""
    return found[0] if found[1] is None else found[1].strip("\n")


def _plain_line(found: re.Match[str]) -> str:
    return " " if found[1] is None else found[1].strip("\n")


def escape(words: str, composed: bool = False) -> str:
    """A value that says `words`; `composed`: as a part of a value with a colon, like that of `LB`."""
    return re.sub(r"([\\\]:])" if composed else r"([\\\]])", r"\\\1", words)


def write(trees: Iterable[Tree]) -> bytes:
    """A collection in FF[4] and UTF-8 that `parse` reads back equal. Raises `BadRecord` for what would not be."""
    try:
        return "".join(part for tree in trees for part in _written(tree)).encode()
    except UnicodeEncodeError as error:
        raise BadRecord(f"text cannot be written as UTF-8: {error}.") from error


def _written(tree: Tree) -> Iterator[str]:
    if not tree.nodes:
        raise BadRecord("a game without a node cannot be written; its root is one.")
    children = [0] * len(tree.nodes)
    for i, node in enumerate(tree.nodes):
        if not -1 <= node.parent < i:
            raise tree.fault(i, "", f"got the parent {node.parent}; an earlier node must be it.")
        if i > 0:
            children[node.parent] += 1
    path: list[tuple[int, bool]] = []  # the open nodes, and whether '(' stands before each
    column = 0
    for i, node in enumerate(tree.nodes):
        while path and path[-1][0] != node.parent:
            if path.pop()[1]:
                yield ")"
        if i > 0 and not path:
            raise tree.fault(i, "", f"its parent {node.parent} is not on the line to the node before it.")
        opens = i == 0 or children[node.parent] > 1
        path.append((i, opens))
        part = ("(;" if opens else ";") + "".join(_written_properties(tree, i))
        if column + len(part) > _LINE:
            yield "\n"
            column = 0
        column += len(part)
        yield part
    yield ")" * sum(opens for _, opens in path) + "\n"


def _written_properties(tree: Tree, index: int) -> Iterator[str]:
    properties: Mapping[str, list[str]] = tree.nodes[index].properties
    if index == 0:
        properties = {"FF": ["4"], "CA": ["UTF-8"], **{k: v for k, v in properties.items() if k not in ("FF", "CA")}}
    for name, values in properties.items():
        if not re.fullmatch(r"[A-Z][A-Z0-9]*", name):
            raise tree.fault(index, name, f"{name!r} is no name of a property; capital letters and digits are.")
        written = "".join(f"[{value}]" for value in values)
        if not values or _VALUE.findall(written) != list(values):
            raise tree.fault(index, name, f"{name} cannot be written with the values {values}; `escape` them.")
        yield name + written
