"""Thinking about one position, as engines do: until told to stop, with answers on the way, and on from move to move."""

import time
from collections.abc import Callable, Generator, Hashable, Sequence
from dataclasses import dataclass, field
from itertools import islice
from typing import NamedTuple

import jax
import jax.numpy as jnp
import numpy as np

from move37.core.errors import BadConfig
from move37.core.types import Game, State
from move37.models.rules import Rules
from move37.search.line import walk
from move37.search.mcts import SearchConfig
from move37.search.proof import proofs, proven_line
from move37.search.puct import Puct
from move37.search.reuse import Previous
from move37.search.stepwise import Evaluator, Ongoing, Stepwise
from move37.search.tree import NO_CHILD, Tree

_MOST_MOVES = 4  # from one position to the next, that the tree is carried along
_NOWHERE = -1
_LONGEST_LINE = 30


@dataclass(frozen=True)
class ThinkerConfig:
    """How to think. The tree has a fixed room: a search that fills it is over."""

    nodes: int = 4096  # room of the tree; half of it, the oldest nodes, can be carried to the next position
    leaves: int = 8  # of one network batch
    rule: Puct = field(default_factory=Puct)

    def __post_init__(self) -> None:
        """Check the ranges. Raises `BadConfig`."""
        if self.leaves < 1 or self.nodes < 4 * self.leaves:
            raise BadConfig(
                f"got {self.nodes} nodes and {self.leaves} leaves; allowed: 1 leaf or more, nodes four times."
            )


class MoveInfo(NamedTuple):
    """What the search says of one move. Values are expected returns of the player to move, −1 to 1."""

    action: int
    visits: int
    value: float
    prior: float  # as in `Snapshot`
    lcb: float  # value − 1.96 standard errors, as if each visit were a won or a lost game
    line: tuple[int, ...]  # the principal variation: this move, then each time the most visited answer, or the proof
    line_visits: tuple[int, ...]
    proof: int  # n: it wins by force in n plies; −n: it loses; 0: the tree does not say


class Snapshot(NamedTuple):
    """What the search says of a position."""

    visits: int
    value: float
    raw_value: float  # the network's, before any search
    prior: np.ndarray  # [A], the network's over the moves that are looked at: sums to 1, 0 where illegal or avoided
    moves: tuple[MoveInfo, ...]  # those that were visited, the best (the most visited) first


class _Root(NamedTuple):
    """A position by what led there."""

    origin: Hashable
    moves: tuple[int, ...]
    avoid: frozenset[int]


class Thinker:
    """One tree that follows a game. Every method returns with the tree at rest, whatever stopped it."""

    def __init__(self, game: Game, evaluate: Evaluator, config: ThinkerConfig | None = None):
        """Compiles nothing yet: see `warm_up`."""
        self.game, self.config = game, config or ThinkerConfig()
        self._evaluate = evaluate
        fresh = self.config.nodes // 2 // self.config.leaves * self.config.leaves  # whole network batches
        kept = self.config.nodes - fresh - 1
        search = SearchConfig(self.config.rule, fresh, self.config.leaves, kept_nodes=kept)
        self._search = Stepwise(Rules(game), search)
        self._room = self.config.nodes - self.config.leaves
        self._at: _Root | None = None
        self._target: _Root | None = None
        self._state: State = None
        self._ongoing: Ongoing | None = None
        self._nothing: Tree | None = None

    def warm_up(self, state: State) -> None:
        """Compile all that thinking needs, so that the first answer is as quick as the others."""
        self.go_to(state, "warm up", ())
        for _ in self.think(visits=2 * self.config.leaves):
            self.snapshot()
        self.forget()

    def forget(self) -> None:
        """Drop the tree."""
        self._at = self._ongoing = None

    def go_to(self, state: State, origin: Hashable, moves: Sequence[int], avoid: frozenset[int] = frozenset()) -> None:
        """Think about `state` from now on, to which `moves` led from a position called `origin`.

        What was thought of a position of the same origin is kept if the moves go on from there. Actions in `avoid`
        are not looked at, at the root.
        """
        self._target, self._state = _Root(origin, tuple(moves), avoid), state

    @property
    def num_nodes(self) -> int:
        """Of the tree, which has room for `config.nodes`."""
        return 0 if self._ongoing is None else int(self._ongoing.growth.tree.num_nodes[0])

    @property
    def visits(self) -> int:
        """Of the root, with those that were carried along from the position before. A new root is evaluated first."""
        self._plant()
        return self._visits()

    @property
    def depth(self) -> int:
        """Of the tree: moves from its root to its deepest node."""
        if self._ongoing is None:
            return 0
        parent, depth = np.asarray(self._ongoing.growth.tree.parent)[0], 0
        nodes = np.arange(self.num_nodes)
        while (nodes := np.unique(parent[nodes[nodes > 0]])).size:
            depth += 1
        return depth

    def think(
        self, visits: int | None = None, seconds: float | None = None, stop: Callable[[], bool] = lambda: False
    ) -> Generator[int, None, None]:
        """Search on; after each network batch comes the number of the root's visits.

        Ends when the root has `visits`, before `seconds` are over, as far as the last batch tells, when `stop` says so
        or when the tree is full, and when the iterator is closed. At least one batch is searched, unless it is full.
        """
        began = time.monotonic()
        self._plant()
        going, batch = self.num_nodes <= self._room, 0.0
        if going:
            self._advance(more=True)
        try:
            while going:
                # One batch of leaves is on its way: it will be backed up whatever comes, and so will be the next.
                at = time.monotonic()
                enough = self._visits() + self.config.leaves >= (visits or 2**31)
                going = not enough and self.num_nodes <= self._room
                going = going and (seconds is None or at - began + 2 * batch < seconds) and not stop()
                self._advance(more=going)
                batch = time.monotonic() - at
                yield self._visits()
        finally:
            self._advance(more=False)

    def snapshot(self, most_moves: int | None = None) -> Snapshot:
        """What the search says so far. Can be called while it thinks."""
        self._plant()
        assert self._ongoing is not None
        tree = self._ongoing.growth.tree
        # Views of the whole arrays: a slice by JAX would copy the tree's whole room, and this is called all the time.
        # They must not outlive this call: the next batch writes over what they show.
        action, child, counts = (np.asarray(x)[0] for x in (tree.action, tree.child, tree.visit_counts))
        sums, raw = np.asarray(tree.value_sum)[0, 0], float(np.asarray(tree.value)[0, 0])
        prior = np.exp(np.asarray(tree.root_logits)[0])
        visited = np.flatnonzero(counts[0])
        order = sorted(visited, key=lambda slot: (-counts[0, slot], -prior[action[0, slot]]))
        through = proofs(tree)
        total = int(counts[0].sum())
        moves = []
        for slot in order[:most_moves]:
            visits = int(counts[0, slot])
            value = float(sums[slot]) / visits
            error = 1.96 * np.sqrt(max(1 - value * value, 1.0 / visits) / visits)
            below = int(child[0, slot])
            proof = int(through[below]) if below != NO_CHILD else 0
            steps = proven_line(child, through, int(slot)) if proof else walk(child, counts, int(slot))
            line = list(islice(steps, _LONGEST_LINE))
            names, line_visits = (tuple(int(x[place]) for place in line) for x in (action, counts))
            lcb, shown_prior = max(-1.0, value - float(error)), float(prior[names[0]])
            moves.append(MoveInfo(names[0], visits, value, shown_prior, lcb, names, line_visits, proof))
        value = (raw + float(sums.sum())) / (1 + total)
        return Snapshot(1 + total, value, raw, prior, tuple(moves))

    def _visits(self) -> int:
        assert self._ongoing is not None
        return 1 + int(np.asarray(self._ongoing.growth.tree.visit_counts[0, 0]).sum())

    def _advance(self, more: bool) -> None:
        """Back up what was asked; look for the next leaves, or come to rest."""
        assert self._ongoing is not None
        done = 0 if more else self._search.config.num_simulations
        self._ongoing = self._search.go_on(self._evaluate, self._ongoing, done)

    def _plant(self) -> None:
        """Make the target the root of the tree."""
        assert self._target is not None, "go_to comes first"
        if self._at == self._target and self._ongoing is not None:
            return
        embedding = jax.tree.map(lambda x: jnp.asarray(x)[None], self._state)
        logits, value = self._evaluate(self._search.observe(embedding))
        if avoid := sorted(self._target.avoid):
            logits = logits.copy()
            logits[:, avoid] = -np.inf
        previous = self._previous(embedding, (logits, value))
        self._ongoing = self._search.begin(embedding, (logits, value), previous=previous)
        self._at = self._target
        self._advance(more=False)

    def _previous(self, embedding: State, prediction: tuple[np.ndarray, np.ndarray]) -> Previous:
        """The tree to go on from, and the moves that lead from its root to the target."""
        moves = np.full((1, _MOST_MOVES), _NOWHERE, np.int32)
        if self._nothing is None:  # a tree of the right shapes, so that one program serves both cases
            shapes = jax.eval_shape(lambda state: self._search.begin(state, prediction).growth.tree, embedding)
            self._nothing = jax.tree.map(lambda x: jnp.zeros(x.shape, x.dtype), shapes)
        if self._ongoing is None or self._at is None or self._target is None:
            return Previous(self._nothing, jnp.asarray(moves))
        added = self._target.moves[len(self._at.moves) :]
        follows = self._target == self._at._replace(moves=self._at.moves + added)
        if follows and not self._at.avoid and 0 < len(added) <= _MOST_MOVES:
            moves[0] = self.game.num_actions
            moves[0, : len(added)] = added
        return Previous(self._ongoing.growth.tree, jnp.asarray(moves))
