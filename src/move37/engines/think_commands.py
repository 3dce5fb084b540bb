"""GTP commands that think: moves, and analysis that streams until somebody speaks."""

import time
from collections.abc import Callable, Generator
from dataclasses import dataclass, field, replace

import numpy as np

from move37.engines import info, words
from move37.engines.go_engine import RESIGN, GoEngine
from move37.engines.go_game import colour_of
from move37.engines.gtp import GtpError, Handler, Stream, shown
from move37.play.ownership import NUM_GAMES, games_at_once
from move37.play.thinker import Snapshot

_IDLE = 0.01  # seconds between two looks whether somebody speaks, when the tree is full
_TRUTHS = ("ownership", "pvVisits", "pvEdgeVisits", "rootInfo", "ownershipStdev", "movesOwnership", "noResultValue")


@dataclass
class _Wishes:
    """What stands behind an analysis command."""

    colour: int
    interval: float = 1.0  # seconds
    most_moves: int | None = None
    least_moves: int = 0
    avoid: set[int] = field(default_factory=set)
    allow: set[int] = field(default_factory=set)
    truths: dict[str, bool] = field(default_factory=dict)


Writer = Callable[[Snapshot, _Wishes], str]


class ThinkCommands:
    """All of them act on one engine."""

    def __init__(self, engine: GoEngine):
        """Who thinks."""
        self.engine = engine

    def table(self) -> dict[str, Handler]:
        """The commands by name."""
        found: dict[str, Handler] = {
            "genmove": self.genmove,
            "reg_genmove": lambda given: self._search(words.colour(given)),
            "kata-search": lambda given: self._search(words.colour(given)),
            "kgs-genmove_cleanup": self.cleanup,
            "cgos-genmove_analyze": lambda given: self._one_line(given),
            "stop": lambda _: "",
            "gogui-interrupt": lambda _: "",
            "clear_cache": self.clear_cache,
        }
        for dialect, writer in (("lz", self._leela), ("kata", self._kata)):
            found[f"{dialect}-analyze"] = self._command(self._analysis, writer, endless=True)
            found[f"{dialect}-genmove_analyze"] = self._command(self._genmove_analysis, writer)
        found["kata-search_analyze"] = self._command(self._search_analysis, self._kata)
        cancellable = self._command(self._search_analysis, self._kata, endless=True, farewell="play cancelled")
        found["kata-search_analyze_cancellable"] = cancellable
        return found

    def genmove(self, given: list[str]) -> str:
        """Find a move, play it, say it."""
        return self._said(self.engine.move(words.colour(given))[0])

    def cleanup(self, given: list[str]) -> str:
        """`genmove` that takes dead stones off: while the opponent has any, only their liberties are looked at.

        Which are dead, random games say (`play.ownership`). Where none of their liberties may be played to, any move
        but a pass will do, and where there is none a pass.
        """
        colour = words.colour(given)
        return self._said(self.engine.move(colour, self.engine.not_for_cleanup(colour))[0])

    def clear_cache(self, _: list[str]) -> str:
        """Forget what was thought."""
        self.engine.thinker.forget()
        return ""

    def _search(self, colour: int) -> str:
        """The move that `genmove` would play."""
        for _ in self.engine.find(colour):
            pass
        return self._said(self.engine.choose(colour)[0])

    def _said(self, action: int) -> str:
        return "resign" if action == RESIGN else self.engine.table.point.name(action)

    def _one_line(self, given: list[str]) -> Stream:
        """A move, and before it one line of JSON on what was thought."""
        colour = words.colour(given)

        def lines() -> Generator[str, None, str]:
            action, snapshot = self.engine.move(colour)
            yield info.cgos(snapshot, self.engine.table.point)
            return f"play {self._said(action)}"

        return Stream(lines(), endless=False)

    def _command(
        self,
        kind: Callable[[_Wishes, Writer], Generator[str, None, str]],
        writer: Writer,
        endless: bool = False,
        farewell: str = "",
    ) -> Handler:
        return lambda given: Stream(kind(self._wishes(given), writer), endless, farewell)

    def _analysis(self, wishes: _Wishes, writer: Writer) -> Generator[str, None, str]:
        """Until somebody speaks, or the tree is full: then it waits."""
        thoughts = self.engine.think(wishes.colour, avoid=self._avoided(wishes))
        yield from self._reports(thoughts, wishes, writer)
        while True:
            time.sleep(_IDLE)
            yield ""

    def _genmove_analysis(self, wishes: _Wishes, writer: Writer) -> Generator[str, None, str]:
        """`genmove` with reports."""
        began = time.monotonic()
        thoughts = self.engine.find(wishes.colour, self._avoided(wishes))
        yield from self._reports(thoughts, wishes, writer, last=True)
        action, snapshot = self.engine.choose(wishes.colour)
        self.engine.play_found(wishes.colour, action, snapshot, time.monotonic() - began)
        return f"play {self._said(action)}"

    def _search_analysis(self, wishes: _Wishes, writer: Writer) -> Generator[str, None, str]:
        """The same, and the move is not played."""
        thoughts = self.engine.find(wishes.colour, self._avoided(wishes))
        yield from self._reports(thoughts, wishes, writer, last=True)
        return f"play {self._said(self.engine.choose(wishes.colour)[0])}"

    def _reports(
        self, thoughts: Generator[int, None, None], wishes: _Wishes, writer: Writer, last: bool = False
    ) -> Generator[str, None, None]:
        """A report after the first batch, then one an interval, and one at the end.

        Without `last` the first has no ownership on a large board, because the games that tell it take a while.
        """
        told, at = -np.inf, -1
        quick = wish = wishes
        if wishes.truths.get("ownership") and not last and games_at_once(self.engine.rules.size) < NUM_GAMES:
            quick = replace(wishes, truths=wishes.truths | {"ownership": False})
        visits = -1
        try:
            for visits in thoughts:
                now = time.monotonic()
                if now - told < wishes.interval:
                    yield ""
                    continue
                wish = quick if at < 0 else wishes
                told, at = now, visits
                yield writer(self.engine.thinker.snapshot(), wish)
        finally:
            thoughts.close()
        if at < 0 or at != visits or wish is not wishes:
            yield writer(self.engine.thinker.snapshot(), wishes)

    def _leela(self, snapshot: Snapshot, wishes: _Wishes) -> str:
        return info.leela(snapshot, self.engine.table.point, wishes.most_moves)

    def _kata(self, snapshot: Snapshot, wishes: _Wishes) -> str:
        truths = wishes.truths
        pv_visits = truths.get("pvVisits", False) or truths.get("pvEdgeVisits", False)
        owners = self.engine.owners_so_far() * wishes.colour if truths.get("ownership") else None
        root = truths.get("rootInfo", False)
        return info.kata(snapshot, self.engine.table.point, wishes.most_moves, pv_visits, root, owners)

    def _avoided(self, wishes: _Wishes) -> frozenset[int]:
        """What the search shall not look at; nothing where nothing would be left."""
        every = set(range(self.engine.table.game.num_actions))
        avoid = wishes.avoid | (every - wishes.allow if wishes.allow else set())
        if not avoid:
            return frozenset()
        legal = set(np.flatnonzero(self.engine.table.legal(wishes.colour)).tolist())
        return frozenset(avoid) if legal - avoid else frozenset()

    def _wishes(self, given: list[str]) -> _Wishes:
        """[COLOR] [CENTISECONDS] then KEY VALUE, as both dialects have it."""
        wishes, at = _Wishes(self.engine.table.player), 0
        while at < len(given) and at < 2 and (colour_of(given[at]) is not None or _is_number(given[at])):
            if _is_number(given[at]):
                wishes.interval = words.number(given, at, 0.0, 1e6) / 100
            else:
                wishes.colour = words.colour(given, at)
            at += 1
        while at < len(given):
            at = self._wish(wishes, given, at)
        return wishes

    def _wish(self, wishes: _Wishes, given: list[str], at: int) -> int:
        """One key with its value; where the next stands."""
        key = given[at]
        if key == "interval":
            wishes.interval = words.number(given, at + 1, 0.0, 1e6) / 100
        elif key == "maxmoves":
            wishes.most_moves = words.whole(given, at + 1, 1, 10**6)
        elif key == "minmoves":
            wishes.least_moves = words.whole(given, at + 1, 0, 10**6)
        elif key in ("avoid", "allow"):
            colour, point = words.colour(given, at + 1), self.engine.table.point
            names = given[at + 2].split(",") if at + 2 < len(given) else [""]
            points = {words.vertex(names, i, point) for i in range(len(names))}
            words.whole(given, at + 3, 1, 10**6)
            if colour == wishes.colour:
                getattr(wishes, key).update(points)
            return at + 4
        elif key in _TRUTHS:
            wishes.truths[key] = words.truth(given, at + 1)
        else:
            raise GtpError(f"unknown option of analysis: {shown(key)}")
        return at + 2


def _is_number(word: str) -> bool:
    return word.replace(".", "", 1).isdecimal() and word.isascii()
