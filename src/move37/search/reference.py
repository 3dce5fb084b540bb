"""The search in plain NumPy: one game, nodes as objects, the paper's loop from top to bottom. Written to be read.

    for each simulation:   select a path   →   expand its end   →   back the return up

`move37.search.mcts` does the same for many games at once with arrays; the tests hold the two together. Read this first.
"""

import math
from dataclasses import dataclass, field
from typing import Any, Protocol, runtime_checkable

import numpy as np
from jaxtyping import Float, Int

from move37.search.gumbel import Gumbel
from move37.search.puct import Puct
from move37.search.tree import LEAST_RANGE

PENDING = math.inf


@runtime_checkable
class OneGame(Protocol):
    """A model of one game, without a batch axis: MuZero's g and f."""

    def transition(self, embedding: Any, action: int) -> tuple[Any, float, float]:
        """(next embedding, reward, discount). Discount −1: the opponent moves next; γ: the same agent; 0: the end."""

    def evaluate(self, embedding: Any) -> tuple[np.ndarray, float]:
        """(prior logits of each action, −inf where illegal; value for the agent to move)."""


class Node:
    """A state s, the edge that led to it, and the statistics of the edges that leave it."""

    def __init__(self) -> None:
        """A node that was selected and is not evaluated yet: `expand` fills it."""
        self.embedding: Any = None
        self.reward = 0.0  # on the edge into s, for the agent that moved there
        self.discount = 1.0  # on the same edge; 0 = s is terminal
        self.value: float = PENDING  # v(s) of the network
        self.children: dict[int, Node] = {}

    def evaluate(self, model: OneGame) -> None:
        """P and v from the network; N = W = 0."""
        logits, value = model.evaluate(self.embedding)
        self.value = float(value)
        self.logits = log_softmax(np.asarray(logits, float))  # log P(s,a), before noise
        self.prior = np.exp(self.logits)  # P(s,a)
        self.visit_counts = np.zeros(len(self.logits), int)  # N(s,a), finished
        self.virtual_visits = np.zeros(len(self.logits), int)  # descents that passed and are not backed up yet
        self.value_sum = np.zeros(len(self.logits))  # W(s,a): sum of the returns through a, seen from s

    @property
    def can_be_passed(self) -> bool:
        """Neither terminal nor pending."""
        return self.value != PENDING and self.discount != 0

    @property
    def busy(self) -> Int[np.ndarray, " A"]:
        """Finished and virtual visits: what a rule balances, so that descents of one round keep apart."""
        return self.visit_counts + self.virtual_visits

    @property
    def q_values(self) -> Float[np.ndarray, " A"]:
        """Q(s,a) = W(s,a) / N(s,a); 0 where N = 0. Virtual visits do not count."""
        return self.value_sum / np.maximum(self.visit_counts, 1)

    @property
    def mean_value(self) -> float:
        """(v(s) + Σ_a W(s,a)) / (1 + Σ_a N(s,a))."""
        return float((self.value + self.value_sum.sum()) / (1 + self.visit_counts.sum()))


def rescaled(q: Float[np.ndarray, " A"], root: Node) -> Float[np.ndarray, " A"]:
    """(Q − low) / (high − low), from the least to the greatest Q of the whole tree; v of the root is one of them."""
    known, nodes = [root.value], [root]
    for node in nodes:
        known += node.q_values[node.visit_counts > 0].tolist()
        nodes += [child for child in node.children.values() if child.can_be_passed]
    least = LEAST_RANGE * max(1, abs(min(known)), abs(max(known)))
    return (q - min(known)) / max(max(known) - min(known), least)


Path = list[tuple[Node, int]]  # the edges (s, a) from the root to a leaf


@dataclass(frozen=True)
class Result:
    """What a search says of its root."""

    action: int
    action_weights: Float[np.ndarray, " A"]  # the improved policy π
    value: float
    visit_counts: Int[np.ndarray, " A"]
    q_values: Float[np.ndarray, " A"]  # completed: what the rule takes a legal action for; 0 for an illegal one
    root: Node = field(repr=False)


def search(
    model: OneGame,
    embedding: Any,
    rule: Puct | Gumbel,
    num_simulations: int,
    noise: Float[np.ndarray, " A"] | None = None,
    leaves: int = 1,
    root: Node | None = None,
) -> Result:
    """Run `num_simulations` from `embedding`, or from `root`, which keeps the statistics of an earlier search.

    `noise` is a sample of the rule's own noise: Dirichlet for PUCT, Gumbel for Gumbel; None searches without chance.
    `leaves` descents are made before the network is asked.
    """
    if root is None:
        root = Node()
        root.embedding = embedding
        root.evaluate(model)
    scores = (
        PuctScores(rule, root, noise) if isinstance(rule, Puct) else GumbelScores(rule, root, noise, num_simulations)
    )
    for done in range(0, num_simulations, leaves):
        paths = [select(root, scores) for _ in range(min(leaves, num_simulations - done))]
        for path in paths:
            expand(model, path)
        for path in paths:
            backup(path)
    q_values = np.where(np.isfinite(root.logits), scores.completed_q(root), 0.0)
    action, weights = scores.decide()
    return Result(action, weights, root.mean_value, root.visit_counts.copy(), q_values, root)


def select(root: Node, scores: "PuctScores | GumbelScores") -> Path:
    """Follow the best edges until one leads to nothing yet, to a terminal node, or to one that is still pending."""
    path: Path = []
    node = root
    while True:
        action = best((scores.at_root(node) if node is root else scores.inside(node)), node.prior)
        node.virtual_visits[action] += 1
        path.append((node, action))
        node = node.children.setdefault(action, Node())
        if not node.can_be_passed:
            return path


def expand(model: OneGame, path: Path) -> None:
    """Evaluate the leaf, unless a descent of this round did, or the rules did: a terminal node is worth 0."""
    parent, action = path[-1]
    leaf = parent.children[action]
    if leaf.value != PENDING:
        return
    leaf.embedding, leaf.reward, leaf.discount = model.transition(parent.embedding, action)
    if leaf.discount == 0:
        leaf.value = 0.0
    else:
        leaf.evaluate(model)


def backup(path: Path) -> None:
    """G ← r + d · G from the leaf to the root; on every edge N += 1 and W += G, and the virtual visit goes."""
    value = path[-1][0].children[path[-1][1]].value
    for node, action in reversed(path):
        child = node.children[action]
        value = child.reward + child.discount * value
        node.visit_counts[action] += 1
        node.virtual_visits[action] -= 1
        node.value_sum[action] += value


class PuctScores:
    """PUCT. Source: AlphaZero (Science 2018), Methods, "Search"."""

    def __init__(self, options: Puct, root: Node, noise: np.ndarray | None):
        """P(root,·) ← (1 − f)·P + f·η over the legal actions. Noise that is 0 everywhere is none."""
        self.options, self.root = options, root
        self.noisy = noise is not None and bool(np.any(noise))
        root.prior = np.exp(root.logits)
        if self.noisy:
            mixed = (1 - options.dirichlet_fraction) * root.prior + options.dirichlet_fraction * np.asarray(noise)
            root.prior = np.where(np.isfinite(root.logits), mixed, 0.0)

    def completed_q(self, node: Node) -> Float[np.ndarray, " A"]:
        """Q where visited, else 0, or the mean value of s less `fpu_reduction`."""
        reduction = self.options.fpu_reduction
        unvisited = 0.0 if reduction is None else node.mean_value - reduction
        return np.where(node.visit_counts > 0, node.q_values, unvisited)

    def inside(self, node: Node) -> Float[np.ndarray, " A"]:
        """Q(s,a) + c(s)·P(s,a)·√N(s) / (1 + N(s,a)),  c(s) = pb_c_init + log((N(s) + pb_c_base + 1) / pb_c_base)."""
        base, total = self.options.pb_c_base, 1 + node.busy.sum()
        c = self.options.pb_c_init + math.log((total + base + 1) / base)
        score = self.scaled_q(node) + c * node.prior * math.sqrt(total) / (1 + node.busy)
        return np.where(np.isfinite(node.logits), score, -np.inf)

    def scaled_q(self, node: Node) -> Float[np.ndarray, " A"]:
        """Completed Q; or rescaled, and 0 where never visited and nothing says what that is worth."""
        if self.options.rescale == "none":
            return self.completed_q(node)
        known = (node.visit_counts > 0) | (self.options.fpu_reduction is not None)
        return np.where(known, rescaled(self.completed_q(node), self.root), 0.0)

    def at_root(self, node: Node) -> Float[np.ndarray, " A"]:
        """The same, but as long as visited actions are owed forced playouts, only those count."""
        owed = (node.busy > 0) & (node.busy < self.num_forced(node))
        return np.where(owed | ~owed.any(), self.inside(node), -np.inf)

    def num_forced(self, node: Node) -> Float[np.ndarray, " A"]:
        """√(k·P(a)·ΣN) at a root with noise. Source: KataGo (Wu 2019), section 3.2."""
        return np.sqrt(self.options.forced_playouts * node.prior * node.busy.sum()) * self.noisy

    def decide(self) -> tuple[int, Float[np.ndarray, " A"]]:
        """The most visited action; π(a) = N(root,a) / Σ_b N(root,b), without the visits that were only forced."""
        legal = np.isfinite(self.root.logits)
        action = best(np.where(legal, self.root.visit_counts, -np.inf), self.root.prior)
        visits = self.pruned(action)
        return action, visits / max(visits.sum(), 1)

    def pruned(self, action: int) -> Int[np.ndarray, " A"]:
        """One visit after the other is taken from each action but `action`.

        At most √(k·P(a)·ΣN), and only as long as PUCT's score (Q as it is) stays under that of `action`. What is left
        with a single visit by that loses it too.
        """
        root, left = self.root, self.root.visit_counts.copy()
        if self.options.forced_playouts == 0:
            return left
        base, total = self.options.pb_c_base, 1 + left.sum()
        c = self.options.pb_c_init + math.log((total + base + 1) / base)
        score, forced = self.inside(root), self.num_forced(root)
        for other in np.flatnonzero(left):
            if other == action:
                continue
            before = left[other]
            while before - left[other] + 1 <= forced[other] and left[other] > 0:
                after = self.scaled_q(root)[other] + c * root.prior[other] * math.sqrt(total) / left[other]
                if after >= score[action]:
                    break
                left[other] -= 1
            if left[other] == 1 < before:
                left[other] = 0
        return left


class GumbelScores:
    """Gumbel MuZero. Source: Danihelka et al., "Policy improvement by planning with Gumbel", ICLR 2022."""

    def __init__(self, options: Gumbel, root: Node, noise: np.ndarray | None, num_simulations: int):
        """A root that was searched before: the plan counts only the visits that this search adds."""
        self.options, self.root, self.before = options, root, root.visit_counts.copy()
        root.prior = np.exp(root.logits)
        self.noise = np.zeros(len(root.logits)) if noise is None else np.asarray(noise, float)
        considered = min(options.max_num_considered_actions, int(np.isfinite(root.logits).sum()))
        self.plan = sequential_halving(considered, num_simulations)

    def completed_q(self, node: Node) -> Float[np.ndarray, " A"]:
        """Q where visited, else v_mix = (v + ΣN · Σ_visited P·Q / Σ_visited P) / (1 + ΣN)  (equation 33)."""
        visited, visits = node.visit_counts > 0, node.visit_counts.sum()
        if not visited.any():
            return np.full(len(visited), node.value)
        prior = np.maximum(node.prior, np.finfo(np.float32).tiny)[visited]
        average = (prior * node.q_values[visited]).sum() / prior.sum()
        return np.where(visited, node.q_values, (node.value + visits * average) / (1 + visits))

    def improved_logits(self, node: Node) -> Float[np.ndarray, " A"]:
        """Logits + σ(completed Q),  σ(q) = (maxvisit_init + max_b N(s,b)) · value_scale · q,  q as `rescale` says."""
        q = self.completed_q(node)
        if self.options.rescale == "tree":
            q = rescaled(q, self.root)
        elif self.options.rescale == "node":
            q = (q - q.min()) / max(q.max() - q.min(), 1e-8)
        return node.logits + (self.options.maxvisit_init + node.busy.max()) * self.options.value_scale * q

    def inside(self, node: Node) -> Float[np.ndarray, " A"]:
        """π'(a) − N(s,a) / (1 + Σ_b N(s,b)),  π' = softmax(logits + σ(completed Q))."""
        lag = np.exp(log_softmax(self.improved_logits(node))) - node.busy / (1 + node.busy.sum())
        return np.where(np.isfinite(node.logits), lag, -np.inf)

    def at_root(self, node: Node) -> Float[np.ndarray, " A"]:
        """The Gumbel score g + logits + σ(completed Q), among the actions with as many visits as the plan asks for."""
        visits = node.busy - self.before
        return self._among(visits == self.plan[visits.sum()])

    def decide(self) -> tuple[int, Float[np.ndarray, " A"]]:
        """The best g + logits + σ(completed Q) among the most visited; π = π'."""
        visits = self.root.visit_counts - self.before
        weights = np.exp(log_softmax(self.improved_logits(self.root)))
        return best(self._among(visits == visits.max()), self.root.prior), weights

    def _among(self, allowed: np.ndarray) -> Float[np.ndarray, " A"]:
        """Scores of the root's actions; a legal one that is not allowed is a last resort, as in the authors' code."""
        score = np.where(allowed, self.noise + self.improved_logits(self.root), -1e9)
        return np.where(np.isfinite(self.root.logits), score, -np.inf)


def sequential_halving(num_considered: int, num_simulations: int) -> list[int]:
    """The number of visits that the action of the t-th simulation shall have: m actions, then the better half, …"""
    if num_considered <= 1:
        return list(range(num_simulations))
    plan: list[int] = []
    left, visits, phases = num_considered, 0, math.ceil(math.log2(num_considered))
    while len(plan) < num_simulations:
        for _ in range(max(1, num_simulations // (phases * left))):
            plan += [visits] * left
            visits += 1
        left = max(2, left // 2)
    return plan[:num_simulations]


def subtree(root: Node, action: int) -> Node | None:
    """The child by `action` as a new root with all its statistics; None if it was never visited or is terminal."""
    child = root.children.get(action)
    if child is None or not child.can_be_passed:
        return None
    child.reward, child.discount = 0.0, 1.0  # no edge leads to a root
    return child


def best(scores: np.ndarray, prior: np.ndarray) -> int:
    """The greatest score; of equal ones the greatest prior; of those the first."""
    return int(np.argmax(np.where(scores == scores.max(), prior, -1.0)))


def log_softmax(logits: np.ndarray) -> np.ndarray:
    """The logarithm of P, −inf where the logit is −inf."""
    shifted = logits - logits.max()
    return shifted - np.log(np.exp(shifted).sum())
