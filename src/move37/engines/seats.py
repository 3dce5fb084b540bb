"""The processes of one engine in a match: one for each game that it plays at once, replaced when it breaks down."""

from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Generic, Protocol, TypeVar, runtime_checkable

from move37.engines.process import EngineFailure
from move37.play.match import Answer, Line

START = 60.0  # seconds at least, to start: some read a large network


@runtime_checkable
class Client(Protocol):
    """What speaks to a process, in any protocol."""

    def close(self, patience: float = 1.0) -> None:
        """Ask it to go; kill it if it stays for longer than `patience` seconds."""


@runtime_checkable
class Seat(Protocol):
    """A process, and how much of which game it knows."""

    @property
    def client(self) -> Client:
        """Its pipe."""


S = TypeVar("S", bound=Seat)


class Seats(Generic[S]):
    """Seats by lane. One is taken at once, to see that the engine can be started; the first lane gets it."""

    def __init__(self, start: Callable[[], S]):
        """Raises what `start` raises."""
        self._start = start
        self.first = start()
        self._spare: S | None = self.first
        self._by_lane: dict[int, S] = {}

    def answer(self, lines: Sequence[Line], choose: Callable[[S, Line], Answer]) -> list[Answer]:
        """All processes think at once. Where one fails the game is lost, and the lane's next begins with a new one."""

        def one(line: Line) -> Answer:
            try:
                return choose(self._of(line.lane), line)
            except EngineFailure as failure:
                self.drop(line.lane)
                return Answer(None, failure.ending, str(failure))

        if len(lines) == 1:
            return [one(lines[0])]
        pool = ThreadPoolExecutor(len(lines))
        try:
            return list(pool.map(one, lines))
        except BaseException:  # Ctrl-C: what the threads wait for ends with the processes
            self.close()
            raise
        finally:
            pool.shutdown()

    def taken(self, lane: int) -> S | None:
        """The seat of a lane, if it has one."""
        return self._by_lane.get(lane)

    def drop(self, lane: int) -> None:
        """Kill the process of a lane."""
        if (seat := self._by_lane.pop(lane, None)) is not None:
            seat.client.close(0.0)

    def close(self) -> None:
        """End all processes."""
        seats = [*self._by_lane.values(), *filter(None, [self._spare])]
        self._by_lane, self._spare = {}, None
        for seat in seats:
            seat.client.close()

    def _of(self, lane: int) -> S:
        if lane not in self._by_lane:
            seat, self._spare = self._spare, None
            self._by_lane[lane] = seat or self._start()
        return self._by_lane[lane]
