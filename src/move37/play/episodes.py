"""From moves in flight to finished episodes: no position is lost and none is counted twice."""

from typing import Any

import numpy as np

from move37.core.episode import Episode
from move37.play.self_play import Moves

_PER_MOVE = ("observation", "action", "action_weights", "root_value", "reward", "discount", "full")


class Assembler:
    """Holds the moves of games that are not over. Feed it every chunk of moves; it returns the episodes that ended."""

    def __init__(self, games: int):
        """For B games in flight."""
        self._open: list[list[dict[str, np.ndarray]]] = [[] for _ in range(games)]

    def add(self, moves: Moves) -> list[Episode]:
        """`moves` are stacked [T B ...]. Returns episodes by game, then by time."""
        arrays = {name: np.asarray(value) for name, value in moves._asdict().items()}
        episodes = []
        for game, parts in enumerate(self._open):
            begin = 0
            for end in (np.flatnonzero(arrays["discount"][:, game] == 0) + 1).tolist():
                parts.append({name: arrays[name][begin:end, game] for name in arrays})
                episodes.append(_join(parts, game))
                parts.clear()
                begin = end
            if begin < len(arrays["discount"]):
                parts.append({name: arrays[name][begin:, game].copy() for name in arrays})
        return episodes

    def state(self) -> dict[str, np.ndarray]:
        """All open moves as flat arrays, for a checkpoint. Empty when nothing is open."""
        lengths = np.array([sum(len(part["action"]) for part in parts) for parts in self._open])
        parts = [part for parts in self._open for part in parts]
        names = parts[0] if parts else ()
        return {"lengths": lengths, **{name: np.concatenate([part[name] for part in parts]) for name in names}}

    @classmethod
    def restore(cls, state: dict[str, Any]) -> "Assembler":
        """The inverse of `state`."""
        lengths = np.asarray(state["lengths"])
        assembler, ends = cls(len(lengths)), np.cumsum(lengths)
        for parts, begin, end in zip(assembler._open, ends - lengths, ends, strict=True):
            if end > begin:
                parts.append({name: np.asarray(value)[begin:end] for name, value in state.items() if name != "lengths"})
        return assembler


def _join(parts: list[dict[str, np.ndarray]], lane: int) -> Episode:
    rows: dict[str, Any] = {name: np.concatenate([part[name] for part in parts]) for name in _PER_MOVE}
    opening = parts[0]["opening"][0]
    resigned = bool(parts[-1]["resigned"][-1])
    init_key = parts[0]["init_key"][0]
    return Episode(**rows, init_key=init_key, opening=opening[opening >= 0], resigned=resigned, lane=lane)
