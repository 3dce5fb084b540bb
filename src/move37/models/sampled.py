"""The rules are learned and actions are too many to look at all: Sampled MuZero. Each state brings K candidates."""

from typing import Any, NamedTuple

import equinox as eqx
import jax
import jax.numpy as jnp
from jaxtyping import Array, Bool, Float, Int, Key, UInt32

from move37.core.types import Prediction, Transition
from move37.models.learned import Seen
from move37.nets.value_prefix import reward_of

NUM_CANDIDATES = 16  # where the search does not say


class Candidates(NamedTuple):
    """A latent state with what can be tried in it. The search knows a candidate by its number, 0 to K − 1."""

    latent: Any
    action: Float[Array, "B K D"]
    log_prior: Float[Array, "B K"]  # −inf: the same action as an earlier candidate
    key: UInt32[Array, "B 2"]  # of the draws further down

    @property
    def allowed(self) -> Bool[Array, "B K"]:
        """One of equal candidates."""
        return ~jnp.isneginf(self.log_prior)


class Sampled(eqx.Module):
    """A network whose `actions` are `Numbers`: as `Learned`, but in each state K actions that were drawn there.

    P(k) ∝ (n_k / K)·(π / β)(a_k), n_k the number of draws that gave a_k and β the proposal: π inside the tree, half π
    and half the flatter π^½ at the root, where the agent shall learn of what it would hardly do.

    Source: Hubert et al., "Learning and planning in complex action spaces", ICML 2021, section 4. Differs: the paper
    draws at the root from π with noise; the flatter half is EfficientZero V2's (Wang et al., ICML 2024, section 4.2).
    """

    net: Any

    def embed(self, observation: Seen) -> Candidates:
        """The representation h, and as many candidates as `observation.legal` has columns."""
        assert observation.key is not None, "candidates are drawn with a key"
        latent, count = self.net.representation(observation.observation), observation.legal.shape[-1]
        return self._draw(latent, count, count // 2, jax.random.split(observation.key, len(observation.legal)))

    def transition(self, embedding: Candidates, action: Int[Array, " B"]) -> Transition:
        """The dynamics g, after the candidate with this number."""
        imagined = self.net.dynamics(embedding.latent, self.act(embedding, action))
        reward = reward_of(self.net, embedding.latent, imagined)
        keys = jax.vmap(jax.random.fold_in)(jax.random.wrap_key_data(embedding.key), action)
        after = self._draw(imagined.latent, embedding.log_prior.shape[-1], 0, keys)
        return Transition(after, reward, jnp.full_like(reward, self.net.discount))

    def evaluate(self, embedding: Candidates) -> Prediction:
        """The prediction f: the prior of the candidates, and the value."""
        predicted = self.net.prediction(embedding.latent)
        return Prediction(embedding.log_prior, self.net.supports[0].mean(predicted.value))

    def act(self, embedding: Candidates, action: Int[Array, " B"]) -> Float[Array, "B D"]:
        """What a candidate stands for in the world."""
        return embedding.action[jnp.arange(len(action)), action]

    def _draw(self, latent: Any, count: int, flat: int, keys: Key[Array, " B"]) -> Candidates:
        """`count` candidates, the last `flat` of them from π^½."""
        actions, logits = self.net.actions, self.net.prediction(latent).policy
        now, also, later = (jax.vmap(jax.random.fold_in, (0, None))(keys, i) for i in range(3))
        drawn = actions.draw(logits, count - flat, now)
        log_policy = actions.log_probability(logits, drawn)
        log_proposal = log_policy
        if flat:
            drawn = jnp.concatenate([drawn, actions.draw(logits / 2, flat, also)], axis=1)
            log_policy = actions.log_probability(logits, drawn)
            share = jnp.log(jnp.array([count - flat, flat]) / count)
            both = jnp.stack([log_policy + share[0], actions.log_probability(logits / 2, drawn) + share[1]])
            log_proposal = jax.nn.logsumexp(both, axis=0)
        equal = (drawn[:, :, None] == drawn[:, None]).all(-1)
        first = jnp.argmax(equal, axis=-1) == jnp.arange(count)[None]
        weight = jnp.log(equal.sum(-1).astype(jnp.float32)) + log_policy - log_proposal
        log_prior = jax.nn.log_softmax(jnp.where(first, weight, -jnp.inf))
        return Candidates(latent, drawn, log_prior, jax.random.key_data(later))
