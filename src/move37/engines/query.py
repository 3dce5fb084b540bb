"""A query of KataGo's JSON analysis protocol: what may stand in it, read and checked.

Source: KataGo's docs/Analysis_Engine.md. Differs: rules are those of the net whatever is asked (a warning says so),
and settings of KataGo's search are accepted and not followed (a warning names them).
"""

import math
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from move37.core.errors import Move37Error
from move37.data.record import BLACK, WHITE
from move37.engines.go_game import Point, colour_of
from move37.engines.gtp import shown

PERSPECTIVES = ("BLACK", "WHITE", "SIDETOMOVE")
_AREA_RULES = ("area", "chinese", "tromp", "aga", "bga", "new-zealand", "new zealand", "zealand")
_FLAGS = ("includeOwnership", "includePolicy", "includePVVisits")
_IGNORED = (
    *("includeOwnershipStdev", "includeMovesOwnership", "includeMovesOwnershipStdev", "includeNoResultValue"),
    *("whiteHandicapBonus", "rootFpuReductionMax", "rootPolicyTemperature", "priorities"),
)
_MOST_NUMBER = 10**9


class Refusal(Move37Error, ValueError):
    """What is wrong with a query, and with which field of it."""

    def __init__(self, name: str, what: str):
        """`name` of the field."""
        super().__init__(what)
        self.field = name


@dataclass
class Query:
    """Positions of one game to analyse."""

    id: str
    moves: list[tuple[int, int]]  # colour, action
    black: tuple[int, ...]  # stones that stand there before the first move
    white: tuple[int, ...]
    player: int  # who moves first
    komi: float
    turns: list[int]
    max_visits: int | None
    max_seconds: float | None
    every: float | None  # seconds between reports during the search
    priority: int
    pv_length: int
    perspective: str | None
    avoid: list[tuple[int, frozenset[int]]]  # colour, actions not to look at
    flags: dict[str, bool] = field(default_factory=dict)
    warnings: list[tuple[str, str]] = field(default_factory=list)  # field, what


class _Fields:
    """The fields of a JSON object, each read once."""

    def __init__(self, given: dict[str, Any], point: Point):
        self.given, self.point, self.read = given, point, {"id"}

    def get(self, name: str, default: Any = None) -> Any:
        self.read.add(name)
        return self.given.get(name, default)

    def number(self, name: str, least: float, most: float, default: Any = None) -> Any:
        value = self.get(name)
        if value is None:
            return default
        if isinstance(value, bool) or not isinstance(value, int | float) or not least <= value <= most:
            raise Refusal(name, f"Must be a number from {least:g} to {most:g}")
        return float(value)

    def whole(self, name: str, least: int, most: int, default: Any = None) -> Any:
        value = self.number(name, float(least), float(most), default)
        if value is not None and value != math.floor(value):
            raise Refusal(name, f"Must be an integer from {least} to {most}")
        return None if value is None else int(value)

    def truth(self, name: str) -> bool:
        value = self.get(name, False)
        if not isinstance(value, bool):
            raise Refusal(name, "Must be a boolean")
        return value

    def colour(self, name: str, value: object) -> int:
        found = colour_of(value) if isinstance(value, str) else None
        if found is None:
            raise Refusal(name, f"Could not parse player: {shown(str(value))}; must be B or W")
        return found

    def action(self, name: str, value: object) -> int:
        found = self.point.parse(value) if isinstance(value, str) else None
        if found is None:
            raise Refusal(name, f"Could not parse board location: {shown(str(value))}")
        return found

    def placed(self, name: str) -> list[tuple[int, int]]:
        """Pairs of a player and a location."""
        value = self.get(name, [])
        if not isinstance(value, list) or not all(isinstance(pair, list) and len(pair) == 2 for pair in value):
            raise Refusal(name, "Must be an array of pairs of the form: [player, location]")
        return [(self.colour(name, player), self.action(name, where)) for player, where in value]


def read_query(given: dict[str, Any], point: Point, default_komi: float) -> Query:
    """Check everything that needs no rules. Raises `Refusal`."""
    fields, size = _Fields(given, point), point.size
    for name in ("boardXSize", "boardYSize"):
        if fields.whole(name, 2, 19, size) != size:
            raise Refusal(name, f"Must be {size}: this net plays on {size}x{size} alone")
    moves, stones = fields.placed("moves"), fields.placed("initialStones")
    if "moves" not in given:
        raise Refusal("moves", "Must be specified, as an array of pairs of the form: [player, location]")
    black, white = (tuple(sorted(p for c, p in stones if c == colour)) for colour in (BLACK, WHITE))
    if len(set(black + white)) < len(stones) or size**2 in black + white:
        raise Refusal("initialStones", "Each location must be on the board, and be given once")
    warnings: list[tuple[str, str]] = []
    player = fields.get("initialPlayer")
    first = moves[0][0] if moves else BLACK
    query = Query(
        id=given["id"],
        moves=moves,
        black=black,
        white=white,
        player=first if player is None else fields.colour("initialPlayer", player),
        komi=fields.number("komi", -400.0, 400.0, default_komi),
        turns=_turns(fields, len(moves)),
        max_visits=fields.whole("maxVisits", 1, _MOST_NUMBER),
        max_seconds=None,
        every=fields.number("reportDuringSearchEvery", 0.001, 1e6),
        priority=fields.whole("priority", -_MOST_NUMBER, _MOST_NUMBER, 0),
        pv_length=fields.whole("analysisPVLen", 1, 1000, 1000),
        perspective=None,
        avoid=_avoided(fields, warnings),
        warnings=warnings,
        flags={name: fields.truth(name) for name in _FLAGS},
    )
    _settings(fields, query)
    _rules(fields, query)
    for name in given:
        if name in _IGNORED:
            query.warnings += (
                [(name, "Accepted, and not followed by move37")] if given[name] not in (False, None) else []
            )
        elif name not in fields.read:
            query.warnings.append((shown(name), "Unexpected or unused field, do you have a typo?"))
    return query


def _turns(fields: _Fields, num_moves: int) -> list[int]:
    turns = fields.get("analyzeTurns", [num_moves])
    valid = isinstance(turns, list) and all(isinstance(turn, int) and not isinstance(turn, bool) for turn in turns)
    if not valid or not all(0 <= turn <= num_moves for turn in turns):
        raise Refusal("analyzeTurns", f"Must be an array of integers from 0 to {num_moves}, the number of moves")
    return sorted(set(turns))


def _avoided(fields: _Fields, warnings: list[tuple[str, str]]) -> list[tuple[int, frozenset[int]]]:
    """What is not to be looked at, of both fields: `allowMoves` forbids the rest."""
    found = []
    every = frozenset(range(fields.point.size**2 + 1))
    turn: dict[str, Callable[[frozenset[int]], frozenset[int]]]
    turn = {"avoidMoves": lambda moves: moves, "allowMoves": lambda moves: every - moves}
    for name, forbidden in turn.items():
        value = fields.get(name, [])
        if not isinstance(value, list) or not all(isinstance(one, dict) for one in value):
            raise Refusal(name, "Must be an array of objects with the fields player, moves and untilDepth")
        for one in value:
            moves = one.get("moves")
            if not isinstance(moves, list) or not moves:
                raise Refusal(name, "Each must have an array of moves")
            if one.get("untilDepth", 1) != 1:
                warnings.append((name, "untilDepth: followed at depth 1 alone, in the position itself"))
            actions = frozenset(fields.action(name, move) for move in moves)
            found.append((fields.colour(name, one.get("player")), forbidden(actions)))
    return found


def _settings(fields: _Fields, query: Query) -> None:
    """KataGo's settings of a search: some mean something here."""
    given = fields.get("overrideSettings", {})
    if not isinstance(given, dict):
        raise Refusal("overrideSettings", "Must be an object")
    inner = _Fields(given, fields.point)
    query.max_visits = inner.whole("maxVisits", 1, _MOST_NUMBER, query.max_visits)
    query.max_seconds = inner.number("maxTime", 0.0, 1e6)
    perspective = inner.get("reportAnalysisWinratesAs")
    if perspective is not None and perspective not in PERSPECTIVES:
        raise Refusal("overrideSettings", f"reportAnalysisWinratesAs must be one of {', '.join(PERSPECTIVES)}")
    query.perspective = perspective
    if unknown := [shown(name) for name in given if name not in inner.read]:
        query.warnings.append(("overrideSettings", f"Unknown config params: {', '.join(unknown[:20])}"))


def _rules(fields: _Fields, query: Query) -> None:
    """A warning where points are counted in another way than the net's."""
    rules = fields.get("rules")
    if rules is None:
        raise Refusal("rules", "Must be specified, as a string or an object")
    if isinstance(rules, dict):
        area = str(rules.get("scoring", "AREA")).upper() == "AREA"
    elif isinstance(rules, str):
        area = any(name in rules.lower() for name in _AREA_RULES)
    else:
        raise Refusal("rules", "Must be a string or an object")
    if not area:
        query.warnings.append(("rules", "Area is counted, with positional superko: this net knows no other rules"))
