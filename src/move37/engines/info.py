"""What a search says, written as Leela Zero, KataGo and CGOS write it. All is for the side to move.

The net knows who wins, not by how much. So a lead in points is the winrate in other words: the mean of a normal
distribution, whose standard deviation is as many points as the board is wide, that is above 0 as often as the winrate
says. Clients that need a number of points get that; it was not counted.
"""

import json
from collections.abc import Sequence
from statistics import NormalDist
from typing import Any

import numpy as np

from move37.engines.go_game import Point
from move37.play.thinker import MoveInfo, Snapshot

_NORMAL = NormalDist()


def winrate(value: float) -> float:
    """The share of wins that an expected return from −1 to 1 stands for."""
    return min(1.0, max(0.0, (1 + value) / 2))


def lead(value: float, size: int) -> float:
    """A winrate in points: see above."""
    return size * _NORMAL.inv_cdf(min(0.999, max(0.001, winrate(value))))


def leela(snapshot: Snapshot, point: Point, most_moves: int | None = None) -> str:
    """`lz-analyze`: winrate, prior and lcb in ten-thousandths."""
    parts = []
    for order, move in enumerate(snapshot.moves[:most_moves]):
        rates = (round(10_000 * x) for x in (winrate(move.value), move.prior, winrate(move.lcb)))
        won, prior, lcb = rates
        line = " ".join(map(point.name, move.line))
        name = point.name(move.action)
        head = f"info move {name} visits {move.visits} winrate {won} prior {prior} lcb {lcb}"
        parts.append(f"{head} order {order} pv {line}")
    return " ".join(parts)


def kata(
    snapshot: Snapshot,
    point: Point,
    most_moves: int | None = None,
    pv_visits: bool = False,
    root_info: bool = False,
    owners: np.ndarray | None = None,
) -> str:
    """`kata-analyze`. `owners` are 1 where the side to move owns a point, −1 where the other does."""
    parts = []
    for order, move in enumerate(snapshot.moves[:most_moves]):
        numbers = {"visits": move.visits, "edgeVisits": move.visits, **_values(move.value, point.size)}
        numbers |= {"prior": move.prior, "lcb": winrate(move.lcb), "utilityLcb": move.lcb, "weight": move.visits}
        line = " ".join(map(point.name, move.line))
        parts.append(f"info move {point.name(move.action)} {_pairs(numbers)} order {order} pv {line}")
        if pv_visits:
            visits = " ".join(map(str, move.line_visits))
            parts.append(f"pvVisits {visits} pvEdgeVisits {visits}")
    if root_info:
        numbers = {"visits": snapshot.visits, **_values(snapshot.value, point.size), "weight": snapshot.visits}
        parts.append(f"rootInfo {_pairs(numbers)} rawWinrate {winrate(snapshot.raw_value):.6g}")
    if owners is not None:
        parts.append("ownership " + " ".join(f"{x:.4g}" for x in owners))
    return " ".join(parts)


def cgos(snapshot: Snapshot, point: Point, most_moves: int = 10) -> str:
    """`cgos-genmove_analyze`: one line of JSON."""
    moves = [
        {
            "move": point.name(move.action),
            "winrate": round(winrate(move.value), 4),
            "score": round(lead(move.value, point.size), 2),
            "prior": round(move.prior, 4),
            "visits": move.visits,
            "pv": " ".join(map(point.name, move.line)),
        }
        for move in snapshot.moves[:most_moves]
    ]
    root = {"winrate": round(winrate(snapshot.value), 4), "score": round(lead(snapshot.value, point.size), 2)}
    return json.dumps({**root, "visits": snapshot.visits, "moves": moves})


def analysis_move(move: MoveInfo, order: int, point: Point, sign: int, pv_visits: bool) -> dict[str, Any]:
    """An element of `moveInfos` in KataGo's JSON. `sign` −1 turns values to the other side's view."""
    found: dict[str, Any] = {
        "move": point.name(move.action),
        "order": order,
        "visits": move.visits,
        "edgeVisits": move.visits,
        "weight": float(move.visits),
        "edgeWeight": float(move.visits),
        "playSelectionValue": float(move.visits),
        "prior": round(move.prior, 9),
        "lcb": winrate(sign * move.lcb),
        "utilityLcb": sign * move.lcb,
        **_values(sign * move.value, point.size),
        "pv": [point.name(action) for action in move.line],
    }
    return found | ({"pvVisits": list(move.line_visits), "pvEdgeVisits": list(move.line_visits)} if pv_visits else {})


def analysis_root(snapshot: Snapshot, player: str, point: Point, sign: int) -> dict[str, Any]:
    """`rootInfo` in KataGo's JSON."""
    return {
        "currentPlayer": player,
        "visits": snapshot.visits,
        "weight": float(snapshot.visits),
        **_values(sign * snapshot.value, point.size),
        "rawWinrate": winrate(sign * snapshot.raw_value),
        "rawLead": lead(sign * snapshot.raw_value, point.size),
    }


def _values(value: float, size: int) -> dict[str, float]:
    """KataGo's names for how a position stands. `scoreStdev` is the assumption of `lead`."""
    points = lead(value, size)
    return {
        "utility": value,
        "winrate": winrate(value),
        "scoreMean": points,
        "scoreStdev": float(size),
        "scoreLead": points,
        "scoreSelfplay": points,
    }


def _pairs(numbers: dict[str, Any]) -> str:
    return " ".join(f"{name} {x:.6g}" if isinstance(x, float) else f"{name} {x}" for name, x in numbers.items())


def grid(values: Sequence[str], size: int) -> str:
    """As many rows of words as the board has."""
    return "\n".join(" ".join(values[row * size : (row + 1) * size]) for row in range(size))
