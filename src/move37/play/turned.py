"""Evaluation in other symmetries of a position: the net's own preferences for a corner average out."""

from collections.abc import Callable
from typing import Any

import numpy as np

from move37.core.types import Symmetry


class Turned:
    """f(s) ← dᵢ⁻¹(f(dᵢ(s))), dᵢ one of the game's symmetries. For evaluators in NumPy and for nets in JAX.

    Source: AlphaGo Zero (Nature 2017), Methods, "Expand and evaluate".
    Differs: i is a hash of the position, so that a search needs no random numbers and both drivers draw the same.
    """

    def __init__(self, evaluate: Callable[[Any], tuple[Any, Any]], symmetries: tuple[Symmetry, ...]):
        """Around an evaluator: observations [B C H W] → (logits [B A], value [B])."""
        self.evaluate = evaluate
        self.points = np.stack([s.points for s in symmetries])
        self.back = np.stack([np.argsort(s.actions) for s in symmetries])

    def __call__(self, observation: Any) -> tuple[Any, Any]:
        """Turn, evaluate, and turn the logits back."""
        arrays = observation.__array_namespace__()
        planes = observation.reshape(*observation.shape[:2], -1)
        which = self.draw(planes)
        points, back = arrays.asarray(self.points)[which], arrays.asarray(self.back)[which]
        turned = arrays.take_along_axis(planes, points[:, None], axis=2)
        logits, value = self.evaluate(turned.reshape(observation.shape))
        return arrays.take_along_axis(logits, back, axis=1), value

    def draw(self, planes: Any) -> Any:
        """The number of a symmetry for each row: a sum of random words, mod 2³², of the points that are set."""
        words = np.random.default_rng(37).integers(2**32, size=planes.shape[1:], dtype=np.uint32)
        hashes = (planes.astype(bool).astype(np.uint32) * words[None]).sum((1, 2), dtype=np.uint32)
        return (hashes >> np.uint32(16)) % np.uint32(len(self.points))


class Averaged(Turned):
    """f(s) ← mean over all i of dᵢ⁻¹(f(dᵢ(s))), of logits and of value: stronger, for as many evaluations.

    For evaluators in NumPy. Source: AlphaGo (Nature 2016), Methods, "Symmetries", the explicit ensemble.
    Differs: logits are averaged, not probabilities; the paper takes it for raw networks, here it may stand in a search.
    """

    def __call__(self, observation: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Turn, evaluate all in one batch, turn the logits back, average."""
        count, shape = len(self.points), observation.shape
        planes = observation.reshape(*shape[:2], -1)
        turned = np.stack([planes[:, :, points] for points in self.points])
        logits, value = self.evaluate(turned.reshape(count * shape[0], *shape[1:]))
        logits = np.take_along_axis(logits.reshape(count, shape[0], -1), self.back[:, None], axis=2)
        return logits.mean(0), value.reshape(count, -1).mean(0)
