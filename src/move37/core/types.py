"""The nouns of the library: `Game`, `Model`, and what passes between them.

Legend of the shapes, here and in every signature:
B games in a batch, A actions, E outcomes of chance (events), N nodes, K slots of a node, T time (moves), C H W planes
of an observation, S symmetries.

One sign rule serves one-player and two-player worlds. `discount` stands on the edge between a state and its successor:
−1 where the opponent moves next, γ where the same agent moves next, 0 where the episode ends. Rewards and values are
always those of the agent to move *before* the action, so a return is G_t = r_t + d_t · G_{t+1} with no other case.
"""

import abc
import contextlib
from typing import Any, NamedTuple, Protocol, runtime_checkable

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Bool, Float, Int, Key, Shaped

from move37.core.errors import BadConfig

State = Any  # a pytree of arrays: everything the rules need, nothing else
Embedding = Any  # a pytree of arrays with a leading axis B: what a model searches over


class Step(NamedTuple):
    """What one action leads to, seen by the agent that took it."""

    state: State
    reward: Float[Array, ""]  # to the agent that moved
    discount: Float[Array, ""]  # −1 opponent next, γ same agent next, 0 the end


class Symmetry(NamedTuple):
    """One symmetry of a board, as two gathers: new[i] = old[points[i]] on each plane, new[a] = old[actions[a]]."""

    points: Int[np.ndarray, " HW"]
    actions: Int[np.ndarray, " A"]


class World(abc.ABC):
    """What a network is sized by: a `Game`, or a world that shows what it does and gives no rules."""

    name: str  # snake_case, as on the command line
    num_actions: int  # 0 where an action is some numbers
    num_players: int  # 1 or 2; for people and arenas. Search and learning never look at it
    observation_shape: tuple[int, ...]
    max_num_moves: int  # no episode is longer
    action_shape: tuple[int, ...] = ()  # (D,): an action is D numbers in [−1, 1]
    has_chance: bool = False  # a step may draw; what it draws is in the state, where only the rules may look


class Game(World):
    """The rules of a world that JAX can step. Instances are frozen dataclasses: hashable, so jit can close over them.

    Methods that take a `State` act on one state, without a batch axis, and are traced by JAX: `jax.vmap` for many.
    `step` on a finished state or with an illegal action must return in finite time; its result is never used.
    """

    observation_shape: tuple[int, int, int]  # C, H, W
    sides: tuple[str, str] = ("the first player", "the second player")  # as people call them
    max_num_legal: int | None = None  # of any position that play reaches, where far fewer than actions: a search's room

    @abc.abstractmethod
    def init(self, key: Key[Array, ""]) -> State:
        """A first state; worlds without chance ignore the key."""

    @abc.abstractmethod
    def step(self, state: State, action: Int[Array, ""]) -> Step:
        """The rules."""

    @abc.abstractmethod
    def legal(self, state: State) -> Bool[Array, " A"]:
        """True = allowed. At least one entry is True in every state that is not finished."""

    @abc.abstractmethod
    def observe(self, state: State) -> Shaped[Array, "C H W"]:
        """What a network sees, from the view of the agent to move. Any dtype; bool planes are the cheapest to store."""

    @abc.abstractmethod
    def to_play(self, state: State) -> Int[Array, ""]:
        """Who moves: 0 the first player, 1 the second. For display and records only."""

    def symmetries(self) -> tuple[Symmetry, ...]:
        """Symmetries of the rules, the identity first. Used to augment training data."""
        _, height, width = self.observation_shape
        return (Symmetry(np.arange(height * width), np.arange(self.num_actions)),)

    def format_action(self, action: int) -> str:
        """An action as people of this game write it."""
        return str(action)

    def parse_action(self, text: str) -> int:
        """The inverse of `format_action`. Raises ValueError on a text that names no action."""
        for action in range(self.num_actions):
            if self.format_action(action).lower() == text.strip().lower():
                return action
        raise ValueError(f"{self.name}: {text!r} names no action; actions look like {self.format_action(0)!r}.")

    def describe(self, state: State, action: int) -> str:
        """An action of a concrete state as people write it, where that depends on the state; else `format_action`."""
        return self.format_action(action)

    def read(self, state: State, text: str) -> int:
        """The inverse of `describe`, as people type it. Raises ValueError on a text that names no action here.

        In upper or lower case, unless a game's own `read` tells them apart.
        """
        for attempt in (text, text.lower(), text.upper()):
            with contextlib.suppress(ValueError):
                return self.parse_action(attempt)
        raise ValueError(f"{self.name}: {text!r} names no action; actions look like {self.format_action(0)!r}.")

    def spell(self, text: str) -> tuple[int, ...]:
        """What a text of a record says of an action, whatever the state: as many numbers for any text.

        `spelled` reads them, for many games at once where `read` would take one text after the other.
        """
        try:
            return (self.parse_action(text),)
        except ValueError:
            return (-1,)

    def spelled(self, state: State, numbers: Int[Array, " N"]) -> Int[Array, ""]:
        """The legal action that the numbers of `spell` mean here; −1 if they mean none, or more than one."""
        action = numbers[0]
        return jnp.where((action >= 0) & self.legal(state)[jnp.maximum(action, 0)], action, -1)

    def to_text(self, state: State) -> str:
        """A concrete state as people write positions (FEN, SFEN), without its past; nothing where they do not."""
        return ""

    def from_text(self, text: str) -> State:
        """The inverse of `to_text`. Raises `BadConfig` for what is no position, and where none can be written."""
        raise BadConfig(f"{self.name}: got the position {text!r}; here games begin as the rules say.")

    def tally(self, state: State) -> str:
        """What a finished, concrete state was decided by, as people count it, like `B+3.5`; mostly empty."""
        return ""

    def render(self, state: State) -> str:
        """A concrete state (not traced) as text, several lines."""
        planes = np.asarray(self.observe(state)).astype(int)
        return "\n\n".join("\n".join(" ".join(f"{x:d}" for x in row) for row in plane) for plane in planes)


class Opening(NamedTuple):
    """How a game begins, where that is not drawn."""

    start: str = ""  # a position as `Game.from_text` reads it; "": the game's own first state
    moves: tuple[int, ...] = ()  # from there on


class Prediction(NamedTuple):
    """What `evaluate` says of a batch of states."""

    prior_logits: Float[Array, "B A"]  # −inf where illegal
    value: Float[Array, " B"]  # expected return of the agent to move


class ChancePrediction(NamedTuple):
    """The same of a model with nodes at which chance moves. To the search outcome e is action A + e."""

    prior_logits: Float[Array, "B A"]  # all −inf where chance moves
    value: Float[Array, " B"]
    outcome_logits: Float[Array, "B E"]  # log P of each outcome, all −inf where an agent moves


class Transition(NamedTuple):
    """What `transition` says of a batch of edges."""

    embedding: Embedding
    reward: Float[Array, " B"]
    discount: Float[Array, " B"]


@runtime_checkable
class Model(Protocol):
    """MuZero's h, g, f. AlphaZero is the case in which h is the identity and g is the rules."""

    def embed(self, observation: Any) -> Embedding:
        """h: what the agent sees → what the search moves over."""

    def transition(self, embedding: Embedding, action: Int[Array, " B"]) -> Transition:
        """g: one step of imagination."""

    def evaluate(self, embedding: Embedding) -> Prediction | ChancePrediction:
        """f: prior and value of the agent to move."""


def take(tree: Any, index: Any) -> Any:
    """Index every leaf of a pytree on its leading axis."""
    return jax.tree.map(lambda leaf: leaf[index], tree)
