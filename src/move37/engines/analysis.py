"""KataGo's JSON analysis protocol: queries in, a line of JSON for each position out, in any order.

Source: KataGo's docs/Analysis_Engine.md; what KaTrain speaks. Positions wait in a queue; one is thought about at a
time, those of a higher priority first, and between two network batches whoever writes is heard.
"""

import hashlib
import heapq
import json
import time
from collections.abc import Generator, Iterator
from dataclasses import dataclass, field
from typing import Any, BinaryIO

import numpy as np

from move37 import __version__
from move37.core.errors import IllegalMove
from move37.core.types import Game
from move37.data.record import BLACK, Setup
from move37.engines import info
from move37.engines.go_engine import EngineConfig, GoEngine
from move37.engines.go_game import GoGame, Position
from move37.engines.lines import Lines
from move37.engines.query import Query, Refusal, read_query
from move37.play.ownership import Owners
from move37.play.thinker import Snapshot, ThinkerConfig
from move37.search.stepwise import Evaluator

_SIGNS = {"BLACK": (1, -1), "WHITE": (-1, 1), "SIDETOMOVE": (1, 1)}  # for Black to move, for White to move
_VISITS = 500
Reply = dict[str, Any]


@dataclass(order=True)
class Job:
    """One position of a query."""

    rank: tuple[int, int, int]  # the smaller is first
    query: Query = field(compare=False)
    turn: int = field(compare=False)
    position: Position = field(compare=False)
    player: int = field(compare=False)
    stones: np.ndarray = field(compare=False)
    legal: np.ndarray = field(compare=False)
    stopped: bool = field(compare=False, default=False)
    owners: Owners | None = field(compare=False, default=None)  # once somebody asks


class Analysis:
    """The queue and who thinks. Nothing that is written to it raises anything."""

    def __init__(
        self,
        game: Game,
        evaluate: Evaluator,
        thinker: ThinkerConfig | None = None,
        visits: int | None = None,
        seconds: float | None = None,
        perspective: str = "BLACK",
    ):
        """`visits` and `seconds` for queries that name none; `perspective`: whose winrates are reported."""
        self.engine = GoEngine(game, evaluate, EngineConfig(visits or _VISITS, seconds), thinker)
        self.perspective = perspective
        self.table: GoGame = self.engine.table
        self._root: tuple[Any, ...] = ()
        self._jobs: list[Job] = []
        self._running: Job | None = None
        self._count = 0

    @property
    def busy(self) -> bool:
        """Whether there is something to think about."""
        return bool(self._jobs)

    def take(self, line: str) -> Iterator[Reply]:
        """Hear a line: the answers that it gets at once. Positions join the queue."""
        if not line.strip():
            return
        try:
            given = json.loads(line, parse_constant=_no_number)
        except (ValueError, RecursionError) as error:
            yield {"error": f"Could not parse input line as json: {str(error)[:200]}"}
            return
        if not isinstance(given, dict) or not isinstance(given.get("id"), str):
            yield {"error": "Request must be a json object with a string as id", "field": "id"}
            return
        try:
            if "action" in given:
                yield from self._act(given)
            else:
                yield from self._enqueue(given)
        except Refusal as refusal:
            yield {"error": str(refusal), "field": refusal.field, "id": given["id"]}

    def work(self) -> Generator[Reply | None, None, None]:
        """Think about the first position of the queue; None after each network batch that has nothing to report."""
        job = self._running = heapq.heappop(self._jobs)
        query, config = job.query, self.engine.config
        every = query.every if query.every is not None else float("inf")
        told = time.monotonic()
        thinker = self.engine.thinker
        thinker.go_to(*job.position, self._avoided(job))
        visits = query.max_visits or config.visits
        seconds = query.max_seconds if query.max_seconds is not None else config.seconds
        for _ in thinker.think(visits, seconds, lambda: job.stopped):
            if time.monotonic() - told >= every and not job.stopped:
                told = time.monotonic()
                yield self._report(job, thinker.snapshot(), during=True)
            else:
                yield None
        self._running = None
        yield self._report(job, thinker.snapshot(), during=False)

    def _act(self, given: Reply) -> Iterator[Reply]:
        """Everything that is no query."""
        action = given["action"]
        heard = {name: given[name] for name in ("id", "action")}
        if action == "query_version":
            yield {**heard, "version": f"move37 {__version__}", "git_hash": ""}
        elif action == "query_models":
            size = self.engine.rules.size
            yield {**heard, "models": [{"name": f"move37 {size}x{size}", "internalName": "move37", "maxBatchSize": 0}]}
        elif action == "clear_cache":
            self.engine.thinker.forget()
            yield heard
        elif action in ("terminate", "terminate_all"):
            yield from self._terminate(given, everything=action == "terminate_all")
        else:
            allowed = "query_version, query_models, clear_cache, terminate or terminate_all"
            raise Refusal("action", f"'action' field must be {allowed}")

    def _terminate(self, given: Reply, everything: bool) -> Iterator[Reply]:
        name, turns = given.get("terminateId"), given.get("turnNumbers")
        if not everything and not isinstance(name, str):
            raise Refusal("terminateId", "Must be a string, the id of a query")
        if turns is not None and not (isinstance(turns, list) and all(isinstance(turn, int) for turn in turns)):
            raise Refusal("turnNumbers", "Must be an array of integers")

        def meant(job: Job) -> bool:
            return (everything or job.query.id == name) and (turns is None or job.turn in turns)

        ended = [job for job in self._jobs if meant(job)]
        self._jobs = [job for job in self._jobs if not meant(job)]
        heapq.heapify(self._jobs)
        for job in ended:
            yield {"id": job.query.id, "isDuringSearch": False, "noResults": True, "turnNumber": job.turn}
        if self._running is not None and meant(self._running):
            self._running.stopped = True  # it reports what it has
        yield {key: given[key] for key in ("id", "action", "terminateId", "turnNumbers") if key in given}

    def _enqueue(self, given: Reply) -> Iterator[Reply]:
        query = read_query(given, self.table.point, self.engine.rules.komi)
        jobs = self._positions(query)
        for name, what in query.warnings:
            yield {"warning": what, "field": name, "id": query.id}
        for job in jobs:
            heapq.heappush(self._jobs, job)

    def _positions(self, query: Query) -> list[Job]:
        """Play the game; what it shares with the game of the last query stands already. Raises `Refusal`."""
        table, root = self.table, (query.black, query.white, query.player)
        table.komi = query.komi
        if root != self._root:
            self._root = ()
            table.clear()
            try:
                if query.black or query.white or query.player != BLACK:
                    table.set_up(Setup(0, query.black, query.white, to_play=query.player))
            except IllegalMove as error:
                raise Refusal("initialStones", f"Illegal position: {error}") from error
            self._root = root
        same = 0
        while same < min(len(table.moves), len(query.moves)) and tuple(table.moves[same]) == query.moves[same]:
            same += 1
        self._count += 1
        while len(table.moves) > min([same, *query.turns]):
            table.undo()
        jobs: dict[int, Job] = {}
        for turn in range(len(table.moves), len(query.moves) + 1):
            if turn in query.turns:
                jobs[turn] = self._job(query, turn)
            if turn < len(query.moves):
                try:
                    table.play(*query.moves[turn])
                except IllegalMove as error:
                    name = table.point.name(query.moves[turn][1])
                    raise Refusal("moves", f"Illegal move {turn}: {name}") from error
        return [jobs[turn] for turn in query.turns]

    def _job(self, query: Query, turn: int) -> Job:
        table = self.table
        player = query.moves[turn][0] if turn < len(query.moves) else table.player
        rank = (-query.priority, self._count, turn)
        return Job(rank, query, turn, table.position(player), player, table.stones, table.legal(player))

    def _avoided(self, job: Job) -> frozenset[int]:
        """Nothing where nothing would be left."""
        avoid = frozenset().union(*(moves for colour, moves in job.query.avoid if colour == job.player))
        return avoid if set(np.flatnonzero(job.legal).tolist()) - avoid else frozenset()

    def _report(self, job: Job, snapshot: Snapshot, during: bool) -> Reply:
        query, point = job.query, self.table.point
        sign = _SIGNS[query.perspective or self.perspective][0 if job.player == BLACK else 1]
        pv_visits = query.flags["includePVVisits"]
        moves = [
            info.analysis_move(
                move._replace(line=move.line[: query.pv_length], line_visits=move.line_visits[: query.pv_length]),
                order,
                point,
                sign,
                pv_visits,
            )
            for order, move in enumerate(snapshot.moves)
        ]
        root = info.analysis_root(snapshot, "B" if job.player == BLACK else "W", point, sign)
        name = hashlib.md5(job.stones.tobytes() + bytes([job.player > 0]), usedforsecurity=False).hexdigest().upper()
        root |= {"thisHash": name, "symHash": name}
        reply: Reply = {"id": query.id, "isDuringSearch": during, "turnNumber": job.turn}
        reply |= {"moveInfos": moves, "rootInfo": root}
        if query.flags["includePolicy"]:
            reply["policy"] = [
                float(share) if legal else -1.0 for share, legal in zip(snapshot.prior, job.legal, strict=True)
            ]
        if query.flags["includeOwnership"]:
            job.owners = job.owners or Owners(point.size, job.stones, job.player)
            owners = job.owners.better() if during else job.owners.best()
            reply["ownership"] = [round(float(owner) * sign * job.player, 4) for owner in owners]
        return reply


def _no_number(word: str) -> float:
    raise ValueError(f"{word} is no number")


def serve(analysis: Analysis, source: BinaryIO, sink: BinaryIO) -> None:
    """Until nobody is there any more and the queue is empty."""
    lines = Lines(source)

    def say(replies: Iterator[Reply | None]) -> None:
        for reply in replies:
            if reply is not None:
                sink.write(json.dumps(reply, separators=(",", ":"), allow_nan=False).encode() + b"\n")
                sink.flush()

    ended = False
    while not ended or analysis.busy:
        while not ended and (lines.waiting() or not analysis.busy):
            line = lines.take()
            ended = line is None
            say(analysis.take(line or ""))
        if analysis.busy:
            for reply in analysis.work():
                say(iter([reply]))
                while not ended and lines.waiting():
                    line = lines.take()
                    ended = line is None
                    say(analysis.take(line or ""))
