"""A linear probe: how much of what is really there can be read off a latent state by a matrix alone?"""

from typing import NamedTuple

import numpy as np
from jaxtyping import Bool, Float, Int, Shaped

_RIDGE = 1e-3  # of the mean variance of a number of the latent state


class Probe(NamedTuple):
    """Of planes of 0 and 1: shares of the points that are read rightly. Of other numbers: R², 1 all, 0 nothing."""

    kind: str  # "accuracy" or "r2"
    score: float  # R² as a mean over the numbers that vary
    baseline: float  # of always the commoner value of each point; 0 for R²
    untrained: float | None  # of the net before it has learned; at depth 0 alone
    each: tuple[float | None, ...]  # R² of each number; None for one that does not vary; empty for planes


def read(
    observation: Shaped[np.ndarray, "N *c"],
    learns: Bool[np.ndarray, " N"],
    latent: Float[np.ndarray, "N D"],
    now: Int[np.ndarray, " n"],
    ahead: int,
    untrained: Float[np.ndarray, "N D"] | None = None,
) -> Probe | None:
    """A ridge regression of what was seen `ahead` rows behind row i on the latent state of row i, for i in `now`.

    Learned from the rows that `learns` names, which are whole episodes, tested on the others; None where there are no
    two of either.
    """
    fit, test = now[learns[now]], now[~learns[now]]
    if min(len(fit), len(test)) < 2:
        return None
    planes = observation.reshape(len(observation), -1).astype(np.float64)
    shown, wanted = planes[fit + ahead], planes[test + ahead]
    binary = bool(np.isin(planes, (0, 1)).all())
    score = _accuracy if binary else _r2
    found, each = score(_ridge(latent[fit], shown, latent[test]), wanted)
    before = None if untrained is None else score(_ridge(untrained[fit], shown, untrained[test]), wanted)[0]
    common = score(np.broadcast_to(shown.mean(0), wanted.shape), wanted)[0] if binary else 0.0
    return Probe("accuracy" if binary else "r2", found, common, before, each)


def _ridge(
    x: Float[np.ndarray, "n D"], y: Float[np.ndarray, "n M"], new: Float[np.ndarray, "m D"]
) -> Float[np.ndarray, "m M"]:
    """ȳ + (x_new − x̄)·(XᵀX + λI)⁻¹·XᵀY of centred X and Y; by n × n numbers where there are fewer rows than D."""
    middle, mean = x.mean(0, dtype=np.float64), y.mean(0)
    centred, moved = x.astype(np.float64) - middle, new.astype(np.float64) - middle
    scale = _RIDGE * max(float(np.square(centred).sum()) / x.shape[1], 1e-12)
    if len(x) < x.shape[1]:
        dual = np.linalg.solve(centred @ centred.T + scale * np.eye(len(x)), y - mean)
        return mean + moved @ (centred.T @ dual)
    return mean + moved @ np.linalg.solve(centred.T @ centred + scale * np.eye(x.shape[1]), centred.T @ (y - mean))


def _accuracy(
    told: Float[np.ndarray, "m M"], wanted: Float[np.ndarray, "m M"]
) -> tuple[float, tuple[float | None, ...]]:
    return float(((told > 0.5) == (wanted > 0.5)).mean()), ()


def _r2(told: Float[np.ndarray, "m M"], wanted: Float[np.ndarray, "m M"]) -> tuple[float, tuple[float | None, ...]]:
    """1 − Σ(ŷ − y)² / Σ(y − ȳ)², with the ȳ that is being tested."""
    spread = np.square(wanted - wanted.mean(0)).sum(0)
    missed = np.square(told - wanted).sum(0)
    each = tuple(1 - float(m) / float(s) if s > 1e-12 else None for m, s in zip(missed, spread, strict=True))
    known = [x for x in each if x is not None]
    return float(np.mean(known)) if known else 0.0, each
