"""The learner: a network, its optimiser and, if wanted, a moving average of its weights."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import cache
from math import inf
from typing import Any, Literal

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
import optax
import optax.contrib
from jax.sharding import Mesh, NamedSharding, PartitionSpec
from jaxtyping import Array, Int

from move37.core.errors import BadConfig, check_ranges

Loss = Callable[[Any, Any], tuple[Array, dict[str, Array]]]


@dataclass(frozen=True)
class OptimiserConfig:
    """AdamW, Muon or SGD with momentum; linear warm-up, then constant or cosine to a tenth at `decay_updates`.

    Muon steps along the orthogonalised momentum of each weight matrix (a convolution is one: out × everything else),
    scaled to the size of an AdamW step, and leaves the biases to AdamW. Source: Jordan et al., "Muon", 2024; the scale:
    Liu et al., "Muon is scalable for LLM training", 2025.
    """

    optimiser: Literal["adamw", "muon", "sgd"] = "adamw"
    learning_rate: float = 1e-3
    momentum: float = 0.9  # of SGD
    weight_decay: float = 1e-4
    warmup_updates: int = 100
    decay_updates: int | None = None  # None: constant
    clip_norm: float = 1.0
    ema: float | None = None  # decay of the moving average that acts; None: the net itself acts

    def __post_init__(self) -> None:
        """Check the ranges. Raises `BadConfig`."""
        for name in ("learning_rate", "clip_norm"):
            if not getattr(self, name) > 0:
                raise BadConfig(f"optimiser.{name} is {getattr(self, name)}; it must be greater than 0.")
        check_ranges("optimiser.", self, momentum=(0, 1), weight_decay=(0, inf), warmup_updates=(0, inf))
        if self.ema is not None and not 0 <= self.ema < 1:
            raise BadConfig(f"optimiser.ema is {self.ema}; it must be in [0, 1), or None.")
        if self.decay_updates is not None and self.decay_updates <= self.warmup_updates:
            raise BadConfig(
                f"optimiser.decay_updates is {self.decay_updates}; it must be greater than "
                f"optimiser.warmup_updates = {self.warmup_updates}, or None."
            )

    def make(self) -> optax.GradientTransformation:
        """The optax chain."""
        if self.decay_updates is None:
            after = optax.constant_schedule(self.learning_rate)
        else:
            after = optax.cosine_decay_schedule(self.learning_rate, self.decay_updates - self.warmup_updates, alpha=0.1)
        warmup = optax.linear_schedule(0.0, self.learning_rate, self.warmup_updates)
        schedule = optax.join_schedules([warmup, after], [self.warmup_updates])
        if self.optimiser == "adamw":
            step = optax.adamw(schedule, weight_decay=self.weight_decay)
        elif self.optimiser == "muon":
            step = optax.contrib.muon(
                schedule,
                weight_decay=self.weight_decay,
                consistent_rms=0.2,
                muon_weight_dimension_numbers=_matrices,
            )
        else:
            decay = optax.add_decayed_weights(self.weight_decay)
            step = optax.chain(decay, optax.sgd(schedule, momentum=self.momentum))
        return optax.chain(optax.clip_by_global_norm(self.clip_norm), step)


def _matrices(parameters: Any) -> Any:
    """Which axes of each weight are the rows and the columns of its matrix; None for what is no matrix."""

    def axes(weight: Array) -> optax.contrib.MuonDimensionNumbers | None:
        if weight.ndim < 2:
            return None
        return optax.contrib.MuonDimensionNumbers(reduction_axis=tuple(range(1, weight.ndim)), output_axis=0)

    return jax.tree.map(axes, parameters)


def kept(net: Any) -> Any:
    """A copy, for what outlives the next update, which hands the memory of the learner's nets on."""
    return jax.tree.map(jnp.copy, net)


class Learner(eqx.Module):
    """One value that holds all that learning changes: save it, and nothing is lost."""

    net: Any
    average: Any  # None without EMA
    optimiser_state: Any
    updates: Int[Array, ""]
    config: OptimiserConfig = eqx.field(static=True)

    @classmethod
    def init(cls, net: Any, config: OptimiserConfig) -> "Learner":
        """A learner before its first update."""
        state = config.make().init(eqx.filter(net, eqx.is_array))
        average = None if config.ema is None else kept(net)
        return cls(net, average, state, jnp.int32(0), config)

    @property
    def acting(self) -> Any:
        """The net that plays: the moving average if there is one."""
        return self.net if self.average is None else self.average

    def update(self, loss: Loss, batch: Any) -> tuple["Learner", dict[str, Array]]:
        """One gradient step. With several devices the batch is split among them and the result is the same."""
        learner, batch = _place(self, batch)
        return _compiled_step()(learner, batch, loss)


def fit(learner: Learner, loss: Loss, batches: Iterable[Any]) -> tuple[Learner, dict[str, float]]:
    """A gradient step for each batch: (learner after them, means of the metrics; none without batches)."""
    steps = []
    for batch in batches:
        learner, metrics = learner.update(loss, jax.tree.map(jnp.asarray, batch))
        steps.append(metrics)
    names = steps[0] if steps else ()
    return learner, {name: float(np.mean([metrics[name] for metrics in steps])) for name in names}


def _place(learner: Learner, batch: Any) -> tuple[Learner, Any]:
    """Explicit sharding: batch along the mesh, learner on every device. Nothing to do with one device."""
    devices = jax.devices()
    rows = len(jax.tree.leaves(batch)[0])
    if len(devices) == 1 or rows % len(devices):
        return learner, batch
    mesh = Mesh(np.array(devices), ("data",))
    everywhere = NamedSharding(mesh, PartitionSpec())
    batch = jax.device_put(batch, NamedSharding(mesh, PartitionSpec("data")))
    arrays, static = eqx.partition(learner, eqx.is_array)
    return eqx.combine(jax.device_put(arrays, everywhere), static), batch


@cache
def _compiled_step() -> Callable[[Learner, Any, Loss], tuple[Learner, dict[str, Array]]]:
    """On CPUs without XLA's YNNPACK fusions, with which the gradient of a convolution takes nearly twice as long."""
    options = {"xla_cpu_experimental_ynn_fusion_type": ""} if jax.default_backend() == "cpu" else {}
    try:
        jax.jit(jnp.negative, compiler_options=options).lower(jnp.float32(0)).compile()
    except jax.errors.JaxRuntimeError:  # a JAX that does not have this option
        options = {}
    return jax.jit(_step, static_argnames="loss", donate_argnames="learner", compiler_options=options)


def _step(learner: Learner, batch: Any, loss: Loss) -> tuple[Learner, dict[str, Array]]:
    (value, metrics), gradient = eqx.filter_value_and_grad(loss, has_aux=True)(learner.net, batch)
    optimiser = learner.config.make()
    change, state = optimiser.update(gradient, learner.optimiser_state, eqx.filter(learner.net, eqx.is_array))
    net = eqx.apply_updates(learner.net, change)
    average = learner.average
    if average is not None:
        # Follow quickly at first, so that the average never remembers the random start.
        step = learner.updates.astype(jnp.float32)
        decay = jnp.minimum(learner.config.ema or 0.0, (1 + step) / (10 + step))
        average = jax.tree.map(lambda a, b: decay * a + (1 - decay) * b, average, net)
    metrics = {"loss": value, **metrics, "gradient_norm": optax.tree.norm(gradient)}
    return Learner(net, average, state, learner.updates + 1, learner.config), metrics
