"""Sequential probability ratio test: pairs of games until it is clear which of two strengths is nearer the truth."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
from jaxtyping import Float

from move37.core.errors import BadConfig

_SCORES = np.arange(5) / 4  # of a pair: two losses, …, two wins
_LEAST = 1e-3  # stands for a count of 0, so that every logarithm is finite
Verdict = Literal["", "H0", "H1"]


@dataclass(frozen=True)
class Sprt:
    """H0: the first player is `elo0` rating points stronger than the second, against H1: `elo1`.

    `alpha`: how often H1 is accepted where H0 is true; `beta`: H0 where H1 is true. Points are logistic:
    score s = 1 / (1 + 10^(−elo/400)). Raises `BadConfig`.

    Source: A. Wald, "Sequential Tests of Statistical Hypotheses" (1945), for the bounds; M. Van den Bergh, "Comparing
    the approximations for the generalized log likelihood ratio of a multinomial distribution", for the ratio, as
    fastchess computes it with `model=logistic`. Differs: cutechess 1 counts single games, in BayesElo.
    """

    elo0: float = 0.0
    elo1: float = 10.0
    alpha: float = 0.05
    beta: float = 0.05

    def __post_init__(self) -> None:
        if not -1000 <= self.elo0 < self.elo1 <= 1000:
            raise BadConfig(f"sprt: got {self.elo0:g} and {self.elo1:g} points; the first must be less, within ±1000.")
        if not (0 < self.alpha < 0.5 and 0 < self.beta < 0.5):
            raise BadConfig(f"sprt: got alpha {self.alpha:g} and beta {self.beta:g}; both must be between 0 and 0.5.")

    @property
    def bounds(self) -> tuple[float, float]:
        """ln(β/(1−α)), at or below which H0 is accepted, and ln((1−β)/α), at or above which H1 is."""
        return float(np.log(self.beta / (1 - self.alpha))), float(np.log((1 - self.beta) / self.alpha))

    def ratio(self, pairs: Sequence[int]) -> float:
        """LLR = N·Σ p̂ᵢ ln(p¹ᵢ/p⁰ᵢ) of pentanomial counts, from two losses to two wins.

        N pairs, p̂ᵢ the share of pairs with score aᵢ = i/4, pʰ the likeliest distribution with the mean sʰ of
        hypothesis h: pʰᵢ = p̂ᵢ / (1 + θ(aᵢ − sʰ)), with θ so that Σ pʰᵢ(aᵢ − sʰ) = 0.
        """
        if not any(pairs):
            return 0.0
        counts = np.maximum(np.asarray(pairs, np.float64), _LEAST)
        total = counts.sum()
        one, zero = (_likeliest(counts / total, 1 / (1 + 10 ** (-elo / 400))) for elo in (self.elo1, self.elo0))
        return float(total * (counts / total * np.log(one / zero)).sum())

    def verdict(self, pairs: Sequence[int]) -> Verdict:
        """The hypothesis that is accepted; nothing where more games have to be played."""
        ratio, (lower, upper) = self.ratio(pairs), self.bounds
        return "H0" if ratio <= lower else "H1" if ratio >= upper else ""


def count_pairs(scores: Mapping[int, float]) -> tuple[int, int, int, int, int]:
    """Number of a game → its score for a player, to his pairs with 0, ½, 1, 1½, 2 points.

    Games 2k and 2k + 1 are a pair, which counts when all before it are finished: so a pair of long games is not passed
    over where short ones end sooner.
    """
    points = {number: 1 + int(np.sign(score)) for number, score in scores.items()}
    counts, number = [0] * 5, 0
    while number in points and number + 1 in points:
        counts[points[number] + points[number + 1]] += 1
        number += 2
    return counts[0], counts[1], counts[2], counts[3], counts[4]


def _likeliest(share: Float[np.ndarray, "5"], mean: float) -> Float[np.ndarray, "5"]:
    """The likeliest distribution with a given mean, by bisection of θ: the sum falls as θ grows."""
    away = (_SCORES - mean).tolist()
    low, high = -1 / away[-1], -1 / away[0]
    for _ in range(60):
        middle = (low + high) / 2
        falls = sum(p * a / (1 + middle * a) for p, a in zip(share.tolist(), away, strict=True)) > 0
        low, high = (middle, high) if falls else (low, middle)
    return share / (1 + (low + high) / 2 * np.array(away))
