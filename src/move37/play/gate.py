"""The gate: the best net plays the self-play, and a new net takes over only if it beats the best.

Source: AlphaGo Zero (Nature 2017), Methods, "Evaluator". AlphaZero has none: the newest net always plays.
"""

from dataclasses import dataclass
from typing import Any

import numpy as np
from jaxtyping import Array, Key

from move37.core.errors import BadConfig
from move37.core.types import Game
from move37.learn.update import kept
from move37.play.arena import Match, play_match
from move37.play.players import NetPlayer
from move37.search.mcts import SearchConfig


@dataclass(frozen=True)
class GateConfig:
    """How a new net proves itself. The paper: 400 games, every 1,000 updates."""

    games: int = 40  # of the new net against the best, both colours; 0: no gate, the newest net always plays
    threshold: float = 0.55  # share of the points that it needs; a draw is half a point
    every: int = 1  # iterations between two trials

    def __post_init__(self) -> None:
        """Check the ranges. Raises `BadConfig`."""
        if self.games < 0 or self.games % 2:
            raise BadConfig(f"gate.games is {self.games}; it must be even, so that colours can be swapped, or 0.")
        if not 0 <= self.threshold <= 1:
            raise BadConfig(f"gate.threshold is {self.threshold}; it must be in [0, 1].")
        if self.every < 1:
            raise BadConfig(f"gate.every is {self.every}; it must be 1 or more.")


def points(match: Match) -> float:
    """The first player's share of the points, a draw counted as half."""
    return (match.wins + 0.5 * match.draws) / (match.wins + match.draws + match.losses)


class Gate:
    """Keeps the best net."""

    def __init__(self, config: GateConfig, game: Game, search: SearchConfig, net: Any):
        """The first net is the best until one beats it. Trials use the search of self-play, without noise."""
        self.config, self.game, self.search = config, game, search
        self.best, self.best_iteration = kept(net), 0

    def judge(self, iteration: int, net: Any, key: Key[Array, ""]) -> dict[str, float]:
        """Let a new net try: `gate_score` is its share of the points, `best_iteration` that of the net that plays."""
        report = {}
        passed = self.config.games == 0
        if self.config.games and iteration % self.config.every == 0:
            new, best = (NetPlayer(n, self.game, x, search=self.search) for n, x in (("new", net), ("best", self.best)))
            report["gate_score"] = points(play_match(self.game, new, best, self.config.games, key))
            passed = report["gate_score"] >= self.config.threshold
        if passed:
            self.best, self.best_iteration = kept(net), iteration
        return report | ({"best_iteration": float(self.best_iteration)} if self.config.games else {})

    @property
    def state(self) -> dict[str, Any]:
        """For a checkpoint; also the template to read it again."""
        return {"net": self.best, "iteration": np.array(self.best_iteration)}

    def restore(self, saved: dict[str, Any]) -> None:
        """Go on from a checkpoint."""
        self.best, self.best_iteration = saved["net"], int(saved["iteration"])
