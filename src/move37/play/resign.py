"""When to give up, so that it is seldom wrong.

Source: AlphaGo Zero (Nature 2017), Methods, "Self-play": a tenth of the games are played out to measure how many of the
resigned ones could have been won, and the threshold is set so that it is under 5 %.
"""

from dataclasses import dataclass
from typing import Any

import numpy as np
from jaxtyping import Float, Int, Int8

from move37.core.episode import Episode
from move37.core.errors import BadConfig
from move37.learn.targets import outcome
from move37.play.self_play import NEVER, is_played_out

LOWEST, NUM_THRESHOLDS = -0.99, 50  # the thresholds among which one is chosen, up to `ResignConfig.highest`
_RIGHT, _WRONG = 1, 2  # verdicts on a resignation; 0: nobody would have resigned


@dataclass(frozen=True)
class ResignConfig:
    """How often resigning may be wrong, and on how many games that is measured."""

    max_false: float = 0.05  # share of the resigned games that would not have been lost; 0: nobody resigns
    games: int = 500  # the newest games that were played out
    highest: float = -0.5  # the threshold never is above

    def __post_init__(self) -> None:
        """Check the ranges. Raises `BadConfig`."""
        if not 0 <= self.max_false < 1:
            raise BadConfig(f"resign.max_false is {self.max_false}; it must be in [0, 1).")
        if self.games < 1:
            raise BadConfig(f"resign.games is {self.games}; it must be 1 or more.")
        if not LOWEST < self.highest < 1:
            raise BadConfig(f"resign.highest is {self.highest}; it must be between {LOWEST} and 1.")


class Resignation:
    """The threshold, and the games that it is chosen by."""

    def __init__(self, config: ResignConfig, played_out: float):
        """`played_out` is self-play's share of games in which nobody resigns."""
        self.config, self.played_out = config, played_out
        self._thresholds = np.linspace(LOWEST, config.highest, NUM_THRESHOLDS, dtype=np.float32)
        self._verdicts: Int8[np.ndarray, "games thresholds"] = np.zeros((0, NUM_THRESHOLDS), np.int8)

    @property
    def threshold(self) -> float:
        """The greatest with (wrong + 1) / (all + 1) ≤ `max_false`: one more wrong one would still be allowed.

        So nobody resigns before there is evidence: 19 resignations without a wrong one for 5 %.
        """
        allowed = self._allowed()
        return float(self._thresholds[allowed[-1]]) if len(allowed) else NEVER

    def _allowed(self) -> Int[np.ndarray, " n"]:
        """Which thresholds are."""
        wrong, would = (self._verdicts == _WRONG).sum(0), (self._verdicts > 0).sum(0)
        return np.flatnonzero(wrong + 1 <= self.config.max_false * (would + 1))

    def observe(self, episodes: list[Episode]) -> dict[str, float]:
        """Learn from the games that were played out. Metrics hold for the threshold that comes out."""
        if self.config.max_false == 0:
            return {}
        measured = [verdicts(e, self._thresholds) for e in episodes if is_played_out(e.init_key, self.played_out)]
        self._verdicts = np.concatenate([self._verdicts, *(v[None] for v in measured)])[-self.config.games :]
        report = {"resigned": float(np.mean([e.resigned for e in episodes]))} if episodes else {}
        if len(allowed := self._allowed()):
            at_it = self._verdicts[:, allowed[-1]]
            false_resignations = (at_it == _WRONG).sum() / (at_it > 0).sum()
            report |= {"resign_threshold": self.threshold, "false_resignations": float(false_resignations)}
        return report

    @property
    def state(self) -> dict[str, np.ndarray]:
        """For a checkpoint. Nothing, as long as no game was played out."""
        return {"verdicts": self._verdicts} if len(self._verdicts) else {}

    def restore(self, saved: dict[str, Any]) -> None:
        """Go on from a checkpoint."""
        self._verdicts = np.asarray(saved.get("verdicts", self._verdicts))


def verdicts(episode: Episode, thresholds: Float[np.ndarray, " n"]) -> Int8[np.ndarray, " n"]:
    """Of a game that was played out, for each threshold: would somebody have resigned, and been wrong not to lose?

    Whoever is the first to be under the threshold resigns. It is wrong if that agent did not lose.
    """
    below = episode.root_value[:, None] < thresholds[None]
    result = outcome(episode.reward, episode.discount)[below.argmax(0)]
    return np.where(below.any(0), np.where(result > -1, _WRONG, _RIGHT), 0).astype(np.int8)
