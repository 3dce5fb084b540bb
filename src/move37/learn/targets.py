"""From finished episodes to what a network shall predict. Pure NumPy."""

from typing import Any, NamedTuple

import numpy as np
from jaxtyping import Float, Int8, Shaped

from move37.core.episode import Episode
from move37.core.frames import joined

Rows = Any  # NumPy on the host, JAX on the device


class Samples(NamedTuple):
    """N positions with their targets; every field has the leading axis N."""

    observation: Shaped[Rows, "N *c"]
    policy: Float[Rows, "N A"]
    policy_weight: Float[Rows, " N"]  # 0 where the search was too fast to be a target
    value: Float[Rows, " N"]
    reply: Float[Rows, "N A"]  # the improved policy one move later; zeros where there is none
    moves_left: Float[Rows, " N"]
    ownership: Int8[Rows, "N HW"] | None = None  # at the end: 1 the point is the mover's, −1 the opponent's, 0 nobody's
    score: Float[Rows, " N"] | None = None  # at the end: points by which the mover is ahead
    end_weight: Float[Rows, " N"] | None = None  # 0 where the end is not known: the game was resigned
    action: Shaped[Rows, "N *d"] | None = None  # what was played, and
    reward: Float[Rows, " N"] | None = None  # what it brought,
    cut: Float[Rows, " N"] | None = None  # 1 where a time limit cut the episode off,
    root_value: Float[Rows, " N"] | None = None  # the search's value, and how much of that of the row n steps on, or of
    bootstrap: Float[Rows, " N"] | None = None  # the last before a cut, stands in `value`: all of unrolled samples
    candidates: Float[Rows, "N A D"] | None = None  # where actions are numbers: those that `policy` speaks of


def n_step_return(
    reward: Float[np.ndarray, " T"],
    discount: Float[np.ndarray, " T"],
    root_value: Float[np.ndarray, " T"],
    td_steps: int,
    cut: bool = False,
) -> Float[np.ndarray, " T"]:
    """G_t = r_t + d_t·(r_{t+1} + d_{t+1}·( … + d_{t+n−1}·v_{t+n})), with n = td_steps.

    With n ≥ T it is the outcome: the same sum up to the end, where the discount is 0. d = −1 flips the sign with the
    mover, so two-player games need no other case. If more was to be had behind the last row, that row's v stands for
    its reward and all that would have come: n is smaller near such an end, and 0 in the last row.

    Source: MuZero (Nature 2020), Methods, "Training".
    """
    length = len(reward)
    n = min(td_steps, length)
    if cut:
        reward, discount = reward.copy(), discount.copy()
        reward[-1], discount[-1] = root_value[-1], 0.0
    padded = [np.concatenate([x, np.zeros(n, np.float32)]) for x in (reward, discount, root_value)]
    value = padded[2][n : n + length].astype(np.float64)
    for i in reversed(range(n)):
        value = padded[0][i : i + length] + padded[1][i : i + length] * value
    return value.astype(np.float32)


def outcome(reward: Float[np.ndarray, " T"], discount: Float[np.ndarray, " T"]) -> Float[np.ndarray, " T"]:
    """The episode's return z from each position on, seen by its mover: an n-step return with n = T."""
    value, result = 0.0, np.zeros(len(reward), np.float32)
    for t in reversed(range(len(reward))):
        value = reward[t] + discount[t] * value
        result[t] = value
    return result


def outcome_targets(episodes: list[Episode], root_value_weight: float = 0.0) -> Samples | None:
    """Policy ← improved policy, value ← (1 − w)·z + w·root value.

    Source: AlphaZero, with w = 0. Differs: w > 0 takes variance out of z at the price of some bias. None if there are
    no episodes.
    """
    w = root_value_weight
    return _samples(episodes, [(1 - w) * outcome(e.reward, e.discount) + w * e.root_value for e in episodes])


def n_step_targets(episodes: list[Episode], td_steps: int) -> Samples | None:
    """Policy ← improved policy, value ← n-step return, with actions and rewards, to be unrolled. None if no episodes.

    Source: MuZero (Nature 2020), Methods, "Training".
    """
    values = [n_step_return(e.reward, e.discount, e.root_value, td_steps, e.cut) for e in episodes]
    samples, zero = _samples(episodes, values), np.float32(0)
    candidates: list[Any] = [e.candidates for e in episodes] or [None]
    shares = [n_step_return(zero * e.reward, e.discount, zero * e.root_value + 1, td_steps, e.cut) for e in episodes]
    return samples and samples._replace(
        root_value=np.concatenate([e.root_value for e in episodes]).astype(np.float32),
        bootstrap=np.concatenate(shares),
        action=np.concatenate([e.action for e in episodes]),
        candidates=None if candidates[0] is None else np.concatenate(candidates),
        reward=np.concatenate([e.reward for e in episodes]).astype(np.float32),
        cut=np.concatenate([np.full(len(e.action), e.cut, np.float32) for e in episodes]),
    )


def _samples(episodes: list[Episode], value: list[np.ndarray]) -> Samples | None:
    """All moves of some episodes, with their value targets."""
    if not episodes:
        return None
    reply, left, ends = [], [], []
    for episode in episodes:
        reply.append(np.concatenate([episode.action_weights[1:], np.zeros_like(episode.action_weights[:1])]))
        left.append(np.arange(len(episode.action), 0, -1, dtype=np.float32))
        if episode.ownership is not None:
            ends.append(end_targets(episode, episode.ownership))
    ownership, score, end_weight = (np.concatenate(x) for x in zip(*ends, strict=True)) if ends else (None,) * 3
    return Samples(
        observation=joined([e.observation for e in episodes]),
        policy=np.concatenate([e.action_weights for e in episodes]).astype(np.float32),
        policy_weight=np.concatenate([e.full for e in episodes]).astype(np.float32),
        value=np.concatenate(value).astype(np.float32),
        reply=np.concatenate(reply).astype(np.float32),
        moves_left=np.concatenate(left),
        ownership=ownership,
        score=score,
        end_weight=end_weight,
    )


def movers(discount: Float[np.ndarray, " T"]) -> Float[np.ndarray, " T"]:
    """Who moves in each row: 1 the agent of the first row, −1 the other. A discount of −1 passes the move on."""
    return np.concatenate([[1.0], np.cumprod(np.sign(discount[:-1]))]).astype(np.float32)


def end_targets(
    episode: Episode, ownership: Int8[np.ndarray, " HW"]
) -> tuple[Int8[np.ndarray, "T HW"], Float[np.ndarray, " T"], Float[np.ndarray, " T"]]:
    """(ownership, score, weight) of each row, turned to its mover. A resigned game has no end to learn from.

    Source: Wu, "Accelerating self-play learning in Go" (KataGo), 2019, section 4.1.
    """
    sign = movers(episode.discount)
    known = np.full(len(sign), float(not episode.resigned), np.float32)
    return sign[:, None].astype(np.int8) * ownership[None], sign * np.float32(episode.score or 0.0), known
