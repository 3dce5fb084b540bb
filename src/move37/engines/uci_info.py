"""What a search found, as `info` lines."""

import math
from collections.abc import Callable, Sequence
from typing import NamedTuple

from move37.play.thinker import MoveInfo, Snapshot

_SCALE, _STEEPNESS = 90, 1.5637541897


class Effort(NamedTuple):
    """What the search took."""

    deepest: int  # plies
    seconds: float
    visits: int  # of the root, that were added


def centipawns(value: float) -> int:
    """90·tan(1.5637541897·v): half a pawn is v = 0.32, a pawn 0.54, and v = 1 is 128 pawns.

    Source: lc0's score type `centipawn`, so that graphical programs draw curves of a height that people know.
    """
    return round(_SCALE * math.tan(_STEEPNESS * max(-1.0, min(value, 1.0))))


def ranked(moves: Sequence[MoveInfo]) -> list[MoveInfo]:
    """Proven wins first, the soonest before others; then by visits; proven losses last, the latest before others."""
    return sorted(moves, key=lambda move: -1 / move.proof if move.proof else 0.0)


def score(move: MoveInfo, mate_plies: int) -> str:
    """`cp N`, or `mate N` where the tree proves it. One of mate counts so many plies."""
    if move.proof > 0:
        return f"mate {math.ceil(move.proof / mate_plies)}"
    if move.proof < 0:
        return f"mate {-max(1, -move.proof // mate_plies)}"
    return f"cp {centipawns(move.value)}"


def win_draw_loss(move: MoveInfo) -> str:
    """In thousandths. The net has one number for the outcome, so that a draw is half a win and half a loss."""
    value = (move.proof > 0) - (move.proof < 0) if move.proof else move.value
    wins = max(0, min(round(500 * (1 + value)), 1000))
    return f"wdl {wins} 0 {1000 - wins}"


def report(
    snapshot: Snapshot,
    effort: Effort,
    most_moves: int,
    mate_plies: int,
    show_wdl: bool,
    texts: Callable[[Sequence[int]], list[str]],
) -> list[str]:
    """A line for each of the best moves; `texts` writes a variation."""
    lines, seconds = [], max(effort.seconds, 0.001)
    for place, move in enumerate(ranked(snapshot.moves)[:most_moves], start=1):
        wdl = f" {win_draw_loss(move)}" if show_wdl else ""
        depth = len(move.line)
        head = f"info depth {depth} seldepth {max(depth, effort.deepest)} multipv {place}"
        lines.append(
            f"{head} score {score(move, mate_plies)}{wdl} nodes {snapshot.visits}"
            f" nps {round(effort.visits / seconds)} time {round(1000 * effort.seconds)}"
            f" pv {' '.join(texts(move.line))}"
        )
    return lines
