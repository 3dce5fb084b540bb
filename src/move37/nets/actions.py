"""How a network takes actions in and how its policy speaks of them: one out of a few, or some numbers at once."""

import equinox as eqx
import jax
import jax.numpy as jnp
from jaxtyping import Array, Float, Int, Key, Shaped

from move37.nets.layers import normal


class Choice(eqx.Module):
    """One of A actions; the dynamics sees a row of a table that is learned."""

    table: Float[Array, "A P"]

    def __init__(self, num_actions: int, width: int, *, key: Key[Array, ""]):
        """Rows of `width` numbers."""
        self.table = normal((num_actions, width), key)

    @property
    def num_logits(self) -> int:
        """A."""
        return self.table.shape[0]

    @property
    def width(self) -> int:
        """P."""
        return self.table.shape[1]

    def encode(self, action: Int[Array, " B"]) -> Float[Array, "B P"]:
        """As the dynamics sees it."""
        return self.table[action]


class Numbers(eqx.Module):
    """D numbers in [−1, 1]; the policy holds a distribution over `bins` of them, evenly spaced, for each of the D.

    π(a) = Π_d π_d(a_d): D·bins logits speak of bins^D actions, and any number of them can be drawn.

    Source: Hubert et al., "Learning and planning in complex action spaces" (Sampled MuZero), ICML 2021, section 5.2;
    Tang and Agrawal, "Discretizing continuous action space for on-policy optimization", AAAI 2020.
    """

    dimensions: int = eqx.field(static=True)
    bins: int = eqx.field(static=True)

    @property
    def num_logits(self) -> int:
        """D·bins."""
        return self.dimensions * self.bins

    @property
    def width(self) -> int:
        """D."""
        return self.dimensions

    def encode(self, action: Float[Array, "B D"]) -> Float[Array, "B D"]:
        """As the dynamics sees it: the numbers themselves."""
        return action

    def log_probability(self, logits: Float[Array, "B L"], actions: Float[Array, "B K D"]) -> Float[Array, "B K"]:
        """Log π(a) = Σ_d log π_d(a_d) of K actions, each number taken for the bin that lies nearest."""
        which = jnp.round((actions + 1) / 2 * (self.bins - 1)).astype(jnp.int32)
        log_policy = jax.nn.log_softmax(self._split(logits))[:, None]
        return jnp.take_along_axis(log_policy, which[..., None], axis=-1)[..., 0].sum(-1)

    def draw(self, logits: Float[Array, "B L"], count: int, keys: Shaped[Array, " B"]) -> Float[Array, "B count D"]:
        """Independent draws from π, those of each row by its own key."""

        def of_row(logits: Float[Array, "D bins"], key: Key[Array, ""]) -> Int[Array, "count D"]:
            return jax.random.categorical(key, logits, shape=(count, self.dimensions))

        drawn = jax.vmap(of_row)(self._split(logits), keys)
        return 2 * drawn.astype(jnp.float32) / (self.bins - 1) - 1

    def entropy(self, logits: Float[Array, "B L"]) -> Float[Array, " B"]:
        """Σ_d of the entropies, in nats."""
        return jax.scipy.special.entr(jax.nn.softmax(self._split(logits))).sum((-1, -2))

    def _split(self, logits: Float[Array, "B L"]) -> Float[Array, "B D bins"]:
        return logits.reshape(-1, self.dimensions, self.bins)
