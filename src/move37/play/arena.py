"""Matches between players, and ratings from their results."""

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np
from jaxtyping import Array, Float, Key

from move37.core.types import Game
from move37.play.match import Follower, Played, play_games
from move37.play.players import Player

ELO = 400 / np.log(10)  # rating points of one nat


@dataclass(frozen=True)
class Match:
    """Results of two players, counted for the first."""

    first: str
    second: str
    wins: int
    draws: int
    losses: int


def play_match(
    game: Game, one: Player | Follower, two: Player | Follower, games: int, key: Key[Array, ""], opening_moves: int = 4
) -> Match:
    """`games` games: each random opening twice, with colours swapped. Raises `BadConfig` for an odd number."""
    return count(one.name, two.name, play_games(game, one, two, games, key, opening_moves))


def count(first: str, second: str, games: Iterable[Played]) -> Match:
    """What games between these two come to."""
    scores = [played.score for played in games]
    return Match(first, second, sum(s > 0 for s in scores), sum(s == 0 for s in scores), sum(s < 0 for s in scores))


@dataclass(frozen=True)
class Rating:
    """Rating points of a player with half the width of a 95 % interval."""

    name: str
    points: float
    plus_minus: float


def bradley_terry(matches: Sequence[Match]) -> list[Rating]:
    """P(i beats j) = σ(r_i − r_j), all matches jointly; a draw is half a win; the first-named player stands at 0.

    Maximum a posteriori by Newton's method with a prior of one drawn game between any two that met, so that a player
    who won every game has a finite rating. Intervals from the curvature (Laplace), relative to the player at 0.
    Source: Bradley and Terry, Biometrika 1952; Hunter, Annals of Statistics 2004.
    """
    if not matches:
        return []
    names = list(dict.fromkeys(name for match in matches for name in (match.second, match.first)))
    index = {name: i for i, name in enumerate(names)}
    met = Counter(frozenset((match.first, match.second)) for match in matches)
    rating = np.zeros(len(names))
    for _ in range(100):
        gradient, curvature = np.zeros(len(names)), np.zeros((len(names), len(names)))
        for match in matches:
            i, j = index[match.first], index[match.second]
            prior = 1 / met[frozenset((match.first, match.second))]  # one game a pair, in however many matches it met
            count = match.wins + match.draws + match.losses + prior
            expected = 1 / (1 + np.exp(rating[j] - rating[i]))
            slope = match.wins + 0.5 * (match.draws + prior) - count * expected
            weight = count * expected * (1 - expected)
            gradient[[i, j]] += slope, -slope
            curvature[[i, j], [i, j]] += weight
            curvature[[i, j], [j, i]] -= weight
        change = np.linalg.solve(curvature[1:, 1:], gradient[1:])
        rating[1:] += np.clip(change, -2, 2)
        if np.abs(change).max(initial=0) < 1e-9:
            break
    spread = np.sqrt(np.diag(np.linalg.inv(curvature[1:, 1:])))
    widths: Float[np.ndarray, " n"] = np.concatenate([[0.0], 1.96 * spread])
    rows = [Rating(n, float(r * ELO), float(w * ELO)) for n, r, w in zip(names, rating, widths, strict=True)]
    return sorted(rows, key=lambda row: -row.points)
