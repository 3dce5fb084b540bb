"""AlphaZero's network: a residual tower with a policy head and a value head."""

from dataclasses import dataclass
from typing import Literal

import equinox as eqx
import jax
import jax.numpy as jnp
from jaxtyping import Array, Float, Key, Shaped

from move37.core.errors import BadConfig
from move37.core.types import Game
from move37.nets.layers import Conv, Dense, greatest

Auxiliary = Literal["reply", "moves_left", "ownership", "score"]


@dataclass(frozen=True)
class NetConfig:
    """The size of a `PolicyValue`. The paper: 19 blocks of 256 channels."""

    blocks: int = 4
    channels: int = 64
    head_channels: int = 8
    value_hidden: int = 64
    auxiliary: tuple[
        Auxiliary, ...
    ] = ()  # heads that are learned and never searched with: the tower learns more from them
    global_pooling: int = 0  # every n-th block also looks at the whole board at once (KataGo); 0: none

    def __post_init__(self) -> None:
        """Check the ranges. Raises `BadConfig`."""
        for name in ("channels", "head_channels", "value_hidden"):
            if getattr(self, name) < 1:
                raise BadConfig(f"net.{name} is {getattr(self, name)}; it must be 1 or more.")
        for name in ("blocks", "global_pooling"):
            if getattr(self, name) < 0:
                raise BadConfig(f"net.{name} is {getattr(self, name)}; it must be 0 or more.")

    @property
    def learns_ends(self) -> bool:
        """Whether a head needs to know how games ended."""
        return "ownership" in self.auxiliary or "score" in self.auxiliary


class GlobalPooling(eqx.Module):
    """What the whole board says to each of its points: W·[mean, max] of relu(conv(x)), a bias for each channel.

    Source: Wu, "Accelerating self-play learning in Go" (KataGo), 2019, section 3.3. Differs: no mean scaled by the
    board's width, because a net here is for boards of one size; no normalisation.
    """

    look: Conv
    tell: Dense

    def __init__(self, channels: int, *, key: Key[Array, ""]):
        """A third of the channels looks, as in KataGo's nets."""
        one, two = jax.random.split(key)
        looking = max(1, channels // 3)
        self.look = Conv(channels, looking, 3, key=one)
        self.tell = Dense(2 * looking, channels, key=two)

    def __call__(self, x: Float[Array, "B C H W"]) -> Float[Array, "B C"]:
        """A bias for each channel."""
        x = jax.nn.relu(self.look(x))
        return self.tell(jnp.concatenate([x.mean((2, 3)), greatest(x.reshape(*x.shape[:2], -1))], axis=1))


class Block(eqx.Module):
    """x ← relu(x + conv(relu(conv(x) + g(x)))), g the global pooling, if there is one.

    The second convolution starts at 0: the tower starts as the identity.
    """

    first: Conv
    second: Conv
    pooling: GlobalPooling | None

    def __init__(self, channels: int, pools: bool = False, *, key: Key[Array, ""]):
        """Two convolutions 3×3."""
        one, two = jax.random.split(key)
        self.first = Conv(channels, channels, 3, key=one)
        self.second = Conv(channels, channels, 3, key=two, scale=0.0)
        self.pooling = GlobalPooling(channels, key=jax.random.fold_in(key, 1)) if pools else None

    def __call__(self, x: Float[Array, "B C H W"]) -> Float[Array, "B C H W"]:
        """One residual step."""
        inner = self.first(x)
        if self.pooling is not None:
            inner += self.pooling(x)[:, :, None, None]
        return jax.nn.relu(x + self.second(jax.nn.relu(inner)))


class Head(eqx.Module):
    """1×1 convolution, relu, dense, and for scalars a hidden layer in between."""

    squeeze: Conv
    hidden: Dense | None
    out: Dense

    def __init__(self, config: NetConfig, points: int, outputs: int, hidden: int | None, *, key: Key[Array, ""]):
        """`points` = H·W of the board."""
        one, two, three = jax.random.split(key, 3)
        self.squeeze = Conv(config.channels, config.head_channels, 1, key=one)
        flat = config.head_channels * points
        self.hidden = None if hidden is None else Dense(flat, hidden, key=two, scale=2.0**0.5)
        self.out = Dense(flat if hidden is None else hidden, outputs, key=three, scale=0.1)

    def __call__(self, x: Float[Array, "B C H W"]) -> Float[Array, "B out"]:
        """Read the tower."""
        x = jax.nn.relu(self.squeeze(x))
        x = x.reshape(x.shape[0], -1)
        return self.out(x if self.hidden is None else jax.nn.relu(self.hidden(x)))


class PointHead(eqx.Module):
    """A logit for each point: 1×1 convolution, relu, 1×1 convolution."""

    squeeze: Conv
    out: Conv

    def __init__(self, config: NetConfig, *, key: Key[Array, ""]):
        """As wide as the other heads."""
        one, two = jax.random.split(key)
        self.squeeze = Conv(config.channels, config.head_channels, 1, key=one)
        self.out = Conv(config.head_channels, 1, 1, key=two, scale=0.1)

    def __call__(self, x: Float[Array, "B C H W"]) -> Float[Array, "B HW"]:
        """Read the tower."""
        x = self.out(jax.nn.relu(self.squeeze(x)))
        return x.reshape(x.shape[0], -1)


class Outputs(eqx.Module):
    """All that the heads say."""

    policy: Float[Array, "B A"]  # logits, illegal actions not masked
    value: Float[Array, " B"]  # in (−1, 1), for the agent to move
    auxiliary: dict[str, Float[Array, "B _"]]


class PolicyValue(eqx.Module):
    """(p, v) = f(s): logits and expected return of the agent to move, in (−1, 1).

    Source: AlphaGo Zero (Nature 2017), Methods, "Neural network architecture".
    Differs: no batch normalisation (residual branches start at zero instead), so that acting and learning compute the
    same function and a data-parallel step needs no statistics from its peers.
    """

    stem: Conv
    tower: list[Block]
    policy: Head
    value: Head
    auxiliary: dict[str, Head | PointHead]

    def __init__(self, game: Game, config: NetConfig, *, key: Key[Array, ""]):
        """Sized by the game's observation and actions."""
        planes, height, width = game.observation_shape
        keys = jax.random.split(key, config.blocks + 3 + len(config.auxiliary))
        points = height * width
        self.stem = Conv(planes, config.channels, 3, key=keys[0])
        every = config.global_pooling or config.blocks + 1
        self.tower = [
            Block(config.channels, i % every == 0, key=k) for i, k in enumerate(keys[3 : 3 + config.blocks], 1)
        ]
        self.policy = Head(config, points, game.num_actions, None, key=keys[1])
        self.value = Head(config, points, 1, config.value_hidden, key=keys[2])
        scalar = (1, config.value_hidden)
        sizes = {"reply": (game.num_actions, None), "moves_left": scalar, "score": scalar}
        self.auxiliary = {
            name: PointHead(config, key=k) if name == "ownership" else Head(config, points, *sizes[name], key=k)
            for name, k in zip(config.auxiliary, keys[3 + config.blocks :], strict=True)
        }

    def __call__(self, observation: Shaped[Array, "B C H W"]) -> tuple[Float[Array, "B A"], Float[Array, " B"]]:
        """(logits, value): all that a search needs."""
        x = self.trunk(observation)
        return self.policy(x), jnp.tanh(self.value(x)[:, 0])

    def outputs(self, observation: Shaped[Array, "B C H W"]) -> Outputs:
        """All heads: what learning needs."""
        x = self.trunk(observation)
        extra = {name: head(x) for name, head in self.auxiliary.items()}
        return Outputs(self.policy(x), jnp.tanh(self.value(x)[:, 0]), extra)

    def trunk(self, observation: Shaped[Array, "B C H W"]) -> Float[Array, "B D H W"]:
        """The tower."""
        x = jax.nn.relu(self.stem(observation.astype(jnp.float32)))
        for block in self.tower:
            x = block(x)
        return x


class PolicyAndValue(eqx.Module):
    """Two nets that share nothing, AlphaGo's: the prior of one, the value of the other."""

    policy_net: PolicyValue
    value_net: PolicyValue

    def __call__(self, observation: Shaped[Array, "B C H W"]) -> tuple[Float[Array, "B A"], Float[Array, " B"]]:
        """(logits, value): all that a search needs."""
        return self.policy_net(observation)[0], self.value_net(observation)[1]


def flops(net: PolicyValue, observation_shape: tuple[int, int, int]) -> int:
    """Multiplications and additions of one evaluation, policy and value heads included."""
    _, height, width = observation_shape
    heads = {**vars(net), "auxiliary": None}
    leaves = jax.tree.leaves(heads, is_leaf=lambda x: isinstance(x, Conv | Dense))
    count = sum(2 * x.weight.size * (height * width if isinstance(x, Conv) else 1) for x in leaves)
    return int(count)
