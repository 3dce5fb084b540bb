"""Players: anything that answers a batch of states with a batch of actions."""

import re
from collections.abc import Callable
from functools import cache
from typing import Any, Protocol, runtime_checkable

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Int, Key

from move37.core.errors import MissingExtra, UnknownName
from move37.core.types import Game, Model, State
from move37.models.chance import imagination
from move37.models.learned import knows_rules, seen
from move37.models.playouts import RulesAndPlayouts
from move37.models.rollout import Rollout
from move37.models.rules import Rules, check_no_chance
from move37.nets.onnx import OnnxEvaluator
from move37.nets.patterns import LocalPatterns
from move37.play.turned import Averaged
from move37.search.gumbel import Gumbel
from move37.search.mcts import SearchConfig, search
from move37.search.puct import Puct
from move37.search.stepwise import Evaluator, Stepwise


@runtime_checkable
class Player(Protocol):
    """A name for tables, and a choice. Some states of a batch may be finished: any answer will do for those."""

    name: str

    def choose(self, states: State, key: Key[Array, ""]) -> Int[np.ndarray, " B"]:
        """One action for each state."""


class RandomPlayer:
    """Uniform over the legal moves."""

    def __init__(self, game: Game):
        """For one game."""
        self.name = "random"
        self._choose = jax.jit(
            lambda states, key: jax.random.categorical(key, jnp.where(jax.vmap(game.legal)(states), 0.0, -jnp.inf))
        )

    def choose(self, states: State, key: Key[Array, ""]) -> Int[np.ndarray, " B"]:
        """Draw."""
        return np.asarray(self._choose(states, key))


class GreedyPlayer:
    """Takes the most material that one move gives, where a game has `material(state)` of the player to move."""

    def __init__(self, game: Game):
        """Raises `UnknownName` for a game that counts no material."""
        if not hasattr(game, "material"):
            raise UnknownName(f"player 'greedy' needs a game that counts material, and {game.name} has no material().")
        self.name = "greedy"

        def choose(state: State, key: Array) -> Array:
            step = jax.vmap(game.step, (None, 0))(state, jnp.arange(game.num_actions))
            after = step.discount * jax.vmap(game.material)(step.state).astype(jnp.float32)
            gain = jnp.where(step.discount == 0, _END_COUNTS * step.reward, after)
            gain = jnp.where(game.legal(state), gain, -jnp.inf)
            return jax.random.categorical(key, jnp.where(gain == gain.max(), 0.0, -jnp.inf))  # equals are drawn

        self._choose = jax.jit(
            lambda states, key: jax.vmap(choose)(states, jax.random.split(key, len(jax.tree.leaves(states)[0])))
        )

    def choose(self, states: State, key: Key[Array, ""]) -> Int[np.ndarray, " B"]:
        """Look one move ahead."""
        return np.asarray(self._choose(states, key))


_END_COUNTS = 1e6  # more than any material: a won end is better than a full basket


class MctsPlayer:
    """Pure Monte Carlo tree search: PUCT with a uniform prior, leaves valued by one random playout each."""

    def __init__(self, game: Game, num_playouts: int):
        """`num_playouts` a move. Raises `BadConfig` for a game with chance."""
        check_no_chance(game)
        self.name = f"mcts:{num_playouts}"
        # With a uniform prior P = 1/A this constant explores as UCT with √2 does around N(s) = A².
        config = SearchConfig(Puct(pb_c_init=2.0**0.5 * game.num_actions**0.5), num_playouts)
        model = Rollout(game)

        def choose(states: State, key: Key[Array, ""]) -> Array:
            keys = jax.random.split(key, len(jax.tree.leaves(states)[0]))
            return search(model, (states, keys), config).action

        self._choose = jax.jit(choose)

    def choose(self, states: State, key: Key[Array, ""]) -> Int[np.ndarray, " B"]:
        """Search and play the most visited move."""
        return np.asarray(self._choose(states, key))


class NetPlayer:
    """A trained net with search, without noise. `num_simulations` 0 plays the net's own first choice."""

    def __init__(
        self,
        name: str,
        game: Game,
        net: Any,
        num_simulations: int = 128,
        search: SearchConfig | None = None,
        average: bool = False,
    ):
        """The search is the same as in exams, Gumbel without noise, unless there is one given.

        `average`: positions are evaluated in all symmetries of the game (`turned.Averaged`).
        """
        self.name, self._game, self._num_simulations = name, game, num_simulations
        self._evaluate = _evaluator(game, net, average)
        standard = SearchConfig(Gumbel(gumbel_scale=0.0), max(1, num_simulations))
        self.search = _stepwise(game, standard if search is None else search)

    def choose(self, states: State, key: Key[Array, ""]) -> Int[np.ndarray, " B"]:
        """Search; the key is not needed."""
        if self._num_simulations:
            return np.asarray(self.think(states).action)
        logits, _ = self._evaluate(self.search.observe(states))
        return np.asarray(_likeliest(self._game)(states, logits))

    def think(self, states: State) -> Any:
        """The whole `SearchResult`: what the agent thinks."""
        return self.search.search(self._evaluate, states)


class LatentPlayer:
    """A net that learned the rules as well: MuZero's, with search, without noise. 0 simulations: its first choice."""

    def __init__(self, name: str, game: Game, net: Any, num_simulations: int = 128):
        """The search is that of exams: Gumbel without noise, Q on the scale of the tree, as `muzero` learns on boards.

        What a learned model says of two equal moves differs by its errors, and a scale of each node would widen them.
        """
        self.name, self._net, self._num_simulations = name, net, num_simulations
        self._search, self._likeliest = _imagination(game, max(1, num_simulations))

    def choose(self, states: State, key: Key[Array, ""]) -> Int[np.ndarray, " B"]:
        """Search; the key is not needed."""
        return np.asarray(self.think(states).action if self._num_simulations else self._likeliest(self._net, states))

    def think(self, states: State) -> Any:
        """The whole `SearchResult`: what the agent thinks."""
        return self._search(self._net, states)


def net_player(name: str, game: Game, net: Any, num_simulations: int = 128, average: bool = False) -> Any:
    """Whatever plays with a net of this kind."""
    if knows_rules(net):
        return LatentPlayer(name, game, net, num_simulations)
    return NetPlayer(name, game, net, num_simulations, average=average)


class PlayoutPlayer:
    """AlphaGo: PUCT, whose leaves are judged by a net and by the outcome of a playout."""

    def __init__(
        self,
        name: str,
        game: Game,
        net: Any,
        policy: LocalPatterns,
        weight: float = 0.5,
        num_simulations: int = 128,
        average: bool = False,
    ):
        """`weight` is λ: 0 the net's value alone, 1 playouts alone. `average`: as in `NetPlayer`."""
        self.name, self._evaluate = name, _evaluator(game, net, average)
        model = RulesAndPlayouts(game, policy, weight)
        self.search = Stepwise(model, SearchConfig(Puct(), num_simulations))

    def choose(self, states: State, key: Key[Array, ""]) -> Int[np.ndarray, " B"]:
        """Search and play the most visited move; the key is for the playouts."""
        return np.asarray(self._search(states, key).action)

    def think(self, states: State) -> Any:
        """The whole `SearchResult`: what the agent thinks, by the same playouts each time."""
        return self._search(states, jax.random.key(0))

    def _search(self, states: State, key: Key[Array, ""]) -> Any:
        keys = jax.random.split(key, len(jax.tree.leaves(states)[0]))
        return self.search.search(self._evaluate, (states, keys))


def _evaluator(game: Game, net: Any, average: bool) -> Evaluator:
    evaluate = OnnxEvaluator(net)
    return Averaged(evaluate, game.symmetries()) if average else evaluate


@cache
def _likeliest(game: Game) -> Callable[[State, np.ndarray], Array]:
    """The legal action with the greatest logit; compiled once for all nets of a game."""
    return jax.jit(lambda states, logits: Rules(game).mask(states, logits).argmax(axis=1))


@cache
def _imagination(game: Game, num_simulations: int) -> tuple[Callable[..., Any], Callable[..., Array]]:
    """(search, the likeliest legal action), each of (net, states); compiled once for all nets of a game."""
    config = SearchConfig(Gumbel(gumbel_scale=0.0, rescale="tree"), num_simulations)

    def think(net: Any, states: State) -> Any:
        model = imagination(net)
        return search(model, model.embed(seen(game, states)), config)

    def likeliest(net: Any, states: State) -> Array:
        model: Model = imagination(net)
        return model.evaluate(model.embed(seen(game, states))).prior_logits.argmax(axis=1)

    return jax.jit(think), jax.jit(likeliest)


@cache
def _stepwise(game: Game, config: SearchConfig) -> Stepwise:
    """Compiled once for all nets of a game."""
    return Stepwise(Rules(game), config)


class SolverPlayer:
    """Perfect Connect Four by the extra `solver` (bitbully)."""

    def __init__(self, game: Game):
        """Raises `MissingExtra`, and `UnknownName` for a game without a solver."""
        if game.name != "connect_four":
            raise UnknownName(f"there is no solver for {game.name}; solvers: connect_four.")
        try:
            from bitbully import BitBully, Board
        except ImportError as error:
            raise MissingExtra("player 'solver' needs bitbully: pip install 'move37[solver]'.") from error
        self.name, self._solver, self._board = "solver", BitBully(), Board

    def choose(self, states: State, key: Key[Array, ""]) -> Int[np.ndarray, " B"]:
        """The best move of each board, the most central of equals."""
        return np.array([self._best(board) for board in np.asarray(states.board)])

    def _best(self, stones: np.ndarray) -> int:
        ours = np.where(stones == 1, 1, np.where(stones == -1, 2, 0))[::-1]
        board = self._board()
        if not board.reset_board(ours.tolist()) or board.is_game_over():
            return 0
        scores = {c: s for c, s in self._solver.score_all_moves(board).items() if board.is_legal_move(c)}
        return max(scores, key=lambda c: (scores[c], -abs(c - 3)))


_BASIC: dict[str, Callable[[Game], Player]] = {"random": RandomPlayer, "greedy": GreedyPlayer, "solver": SolverPlayer}


def is_basic(spec: str) -> bool:
    """Whether a player's name stands for itself, and not for a run."""
    return spec in _BASIC or spec.startswith("mcts:")


def basic_player(spec: str, game: Game) -> Player:
    """`random`, `greedy`, `mcts:1000` (of at least one playout) or `solver`. Raises `UnknownName`."""
    if spec in _BASIC:
        return _BASIC[spec](game)
    if match := re.fullmatch(r"mcts:0*([1-9]\d*)", spec):
        return MctsPlayer(game, int(match[1]))
    raise UnknownName(f"no player {spec!r}; there are: {', '.join(_BASIC)}, mcts:PLAYOUTS, RUN, RUN@ITERATION.")
