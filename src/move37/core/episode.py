"""A finished episode, or a part of a long one, as every later stage receives it: plain NumPy arrays, one row a move."""

from typing import NamedTuple

import numpy as np
from jaxtyping import Bool, Float, Int, Int8, Shaped, UInt32

from move37.core.frames import Frames


class Episode(NamedTuple):
    """T moves of one game. Rewards, values and policies are those of the agent to move."""

    observation: Shaped[np.ndarray, "T *c"] | Frames
    action: Shaped[np.ndarray, "T *d"]  # a number out of A, or D numbers
    action_weights: Float[np.ndarray, "T A"]  # the improved policy of the search
    root_value: Float[np.ndarray, " T"]
    reward: Float[np.ndarray, " T"]
    discount: Float[np.ndarray, " T"]
    full: Bool[np.ndarray, " T"]  # False: a fast search that is no policy target (playout cap randomisation)
    init_key: UInt32[np.ndarray, " 2"]  # the key that `game.init` got
    opening: Int[np.ndarray, " P"]  # random moves before the first row
    resigned: bool = False  # the agent of the last row gave up in place of its action, which was not played
    ownership: Int8[np.ndarray, " HW"] | None = None  # at the end: 1 the point is the agent's of the first row, −1 not
    score: float | None = None  # at the end: points by which the agent of the first row is ahead
    cut: bool = False  # a time limit came behind the last row, or another part of the episode: more was to be had
    goes_on: bool = False  # another part of the episode, which is longer than we wait for it
    earlier: tuple[int, float] = (0, 0.0)  # moves and rewards in the parts before this one
    candidates: Float[np.ndarray, "T A D"] | None = None  # where actions are numbers: those that the weights belong to
    lane: int = 0  # which of the games that were in flight together: parts of one episode have one lane
