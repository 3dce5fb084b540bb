"""Two words that stand for a position of chess: to find repetitions."""

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Bool, UInt32

from move37.games.chess_moves import Position

_HASHED = 15  # words: six kinds of pieces twice, the mover's pieces twice, and the rest
_ODD = np.random.default_rng(37).integers(2**32, size=(_HASHED, 2, 2), dtype=np.uint32) | np.uint32(1)


def position_hash(position: Position, black: Bool[Array, ""]) -> UInt32[Array, "2"]:
    """Two words, each mixed from all of a position by odd numbers of its own.

    h ← (h ⊕ word)·odd, h ← h ⊕ h ≫ 15, then once more times another odd number and h ← h ⊕ h ≫ 13: after one round
    alone the highest bit of a word, h4 or h8, would come through so little mixed that the next word can cancel it.
    """
    files = (position.rights.reshape(4) + jnp.int8(1)).astype(jnp.uint32) << np.arange(0, 16, 4, dtype=np.uint32)
    ep = (position.ep + jnp.int8(1)).astype(jnp.uint32) << np.uint32(16)
    rest = files.sum(dtype=jnp.uint32) | ep | black.astype(jnp.uint32) << np.uint32(24)
    words = jnp.concatenate([*position.kinds, jnp.stack([*position.own, rest])])
    words, mixed = jax.lax.optimization_barrier(words), jnp.zeros(2, jnp.uint32)
    for word, (odd, other) in zip(words, _ODD, strict=True):
        mixed = (mixed ^ word) * odd
        mixed = (mixed ^ (mixed >> np.uint32(15))) * other
        mixed = mixed ^ (mixed >> np.uint32(13))
    return mixed
