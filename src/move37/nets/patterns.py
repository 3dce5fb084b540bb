"""AlphaGo's fast playout policy: a linear softmax over what stands around a point and where the last moves were."""

from functools import cache
from itertools import product

import equinox as eqx
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Bool, Float, Int, Shaped

from move37.core.errors import BadConfig
from move37.core.types import Game
from move37.nets.layers import zeros

_AROUND = [(dy, dx) for dy, dx in product((-1, 0, 1), repeat=2) if (dy, dx) != (0, 0)]
_CODES = 4 ** len(_AROUND)  # each of eight neighbours: 0 empty, 1 own, 2 the opponent's, 3 beyond the edge
_NEAR = 6  # kinds of distance to a move: (0,1), (1,1), (0,2), (1,2), (2,2), and all others


class LocalPatterns(eqx.Module):
    """logit(point) = w[3×3 pattern, distance to the opponent's last move] + w[distance to our last move] + w[line].

    Source: AlphaGo (Nature 2016), Methods, "Rollout policy", and extended data table 4.
    Differs: patterns are classes under the eight symmetries and know no liberties; 3×3 in place of the 12-point diamond
    around the last move; no atari and nakade features, as an observation does not tell chains.
    """

    pattern: Float[Array, "classes near"]
    ours: Float[Array, " near"]
    line: Float[Array, " lines"]
    passing: Float[Array, " 2"]  # logit of a pass, where the last move is on the board and where it is not

    def __init__(self, game: Game):
        """All weights 0: uniform. Raises `BadConfig` if the observation does not show the last two moves."""
        planes, height, width = game.observation_shape
        if planes < 7 or height != width or game.num_actions != height * width + 1:
            raise BadConfig(f"the playout policy needs a Go board with a history of 3 positions; got {game.name}.")
        self.pattern = zeros(int(classes().max()) + 1, _NEAR)
        self.ours, self.line, self.passing = zeros(_NEAR), zeros((height + 1) // 2), zeros(2)

    def __call__(self, observation: Bool[Array, "B C H W"]) -> tuple[Float[Array, "B A"], Float[Array, " B"]]:
        """(logits, nothing): as a net with two heads, whose value is 0."""
        batch, _, size, _ = observation.shape
        theirs = observation[:, 1] & ~observation[:, 3]  # the stone that the opponent has just put there
        before = observation[:, 2] & ~observation[:, 4]  # and the one that we had put there before
        near, near_ours = distance_kind(theirs), distance_kind(before)
        cell = jnp.asarray(classes())[codes(observation[:, 0], observation[:, 1])]
        logits = self.pattern[cell, near] + self.ours[near_ours] + self.line[jnp.asarray(_lines(size))][None]
        passing = self.passing[(~theirs.any((1, 2))).astype(jnp.int32)]
        return jnp.concatenate([logits.reshape(batch, -1), passing[:, None]], axis=1), jnp.zeros(batch)


@cache
def classes() -> Int[np.ndarray, " codes"]:
    """The class of each code under the eight symmetries of the square."""
    digits = np.arange(_CODES)[:, None] // 4 ** np.arange(len(_AROUND)) % 4
    square = np.insert(np.arange(len(_AROUND)), 4, -1).reshape(3, 3)
    turned = [np.rot90(face, turns).ravel() for face in (square, square.T) for turns in range(4)]
    forms = [digits[:, order[order >= 0]] @ 4 ** np.arange(len(_AROUND)) for order in turned]
    return np.unique(np.min(forms, axis=0), return_inverse=True)[1].astype(np.int32)


def codes(own: Bool[Array, "B H W"], other: Bool[Array, "B H W"]) -> Int[Array, "B H W"]:
    """What stands on the eight neighbours of each point, as a number with base 4."""
    cell = jnp.pad(own.astype(jnp.int32) + 2 * other.astype(jnp.int32), ((0, 0), (1, 1), (1, 1)), constant_values=3)
    return sum(_shifted(cell, *offset) * 4**i for i, offset in enumerate(_AROUND))


def distance_kind(stones: Bool[Array, "B H W"]) -> Int[Array, "B H W"]:
    """How each point lies to the nearest of some stones within two lines: 0 to 4, or 5 for none of these."""
    padded = jnp.pad(stones, ((0, 0), (2, 2), (2, 2)))
    kinds: dict[tuple[int, int], Array] = {}
    for dy, dx in product(range(-2, 3), repeat=2):
        kind = (min(abs(dy), abs(dx)), max(abs(dy), abs(dx)))
        kinds[kind] = kinds.get(kind, jnp.zeros_like(stones)) | _shifted(padded, dy, dx, margin=2)
    near = jnp.full(stones.shape, _NEAR - 1, jnp.int32)
    for number, kind in reversed(list(enumerate(((0, 1), (1, 1), (0, 2), (1, 2), (2, 2))))):
        near = jnp.where(kinds[kind], number, near)
    return near


def own_eyes(own: Bool[Array, "B H W"], other: Bool[Array, "B H W"]) -> Bool[Array, "B H W"]:
    """Points that no playout fills: own stones or the edge on all four sides, and not two enemies on the corners.

    On the edge one enemy on a corner is too many.
    """
    cell = jnp.pad(own.astype(jnp.int32) + 2 * other.astype(jnp.int32), ((0, 0), (1, 1), (1, 1)), constant_values=3)
    sides = [_shifted(cell, *offset) for offset in ((-1, 0), (0, -1), (0, 1), (1, 0))]
    corners = [_shifted(cell, *offset) for offset in product((-1, 1), repeat=2)]
    closed = jnp.stack([(side == 1) | (side == 3) for side in sides]).all(0)
    enemies = jnp.stack([corner == 2 for corner in corners]).sum(0)
    edge = jnp.stack([corner == 3 for corner in corners]).any(0)
    return closed & (enemies < jnp.where(edge, 1, 2)) & ~own & ~other


def _shifted(padded: Shaped[Array, "B h w"], dy: int, dx: int, margin: int = 1) -> Shaped[Array, "B H W"]:
    """What stands at (y + dy, x + dx) of each point of a board that was padded by `margin`."""
    height, width = padded.shape[1] - 2 * margin, padded.shape[2] - 2 * margin
    return padded[:, margin + dy : margin + dy + height, margin + dx : margin + dx + width]


def _lines(size: int) -> Int[np.ndarray, "H W"]:
    """0 on the edge, 1 on the second line, …"""
    one = np.minimum(np.arange(size), np.arange(size)[::-1])
    return np.minimum(one[:, None], one[None]).astype(np.int32)
