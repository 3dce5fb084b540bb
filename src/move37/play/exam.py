"""How strong is a net? Measured on positions whose right moves are known, with search and without."""

from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Float

from move37.core.errors import BadConfig
from move37.core.types import Game, take
from move37.games import solved
from move37.play.players import Player, net_player

_BATCH = 256  # positions at once: all 1,600 of Connect Four took memory that was not given back


class Exam:
    """Counts the moves that give a known result away. Games that nobody solved have an empty exam."""

    def __init__(self, game: Game, num_simulations: int = 128):
        """Compiled once, sat many times. Moves are chosen without noise."""
        self.positions = solved.load(game)
        self.game, self.num_simulations = game, num_simulations

    def sit(self, net: Any) -> dict[str, float]:
        """`solver_error`: share of moves that give the result away; `policy_error`: the same for the net alone."""
        if self.positions is None:
            return {}
        kept, alone = (self._kept(net_player("", self.game, net, n)) for n in (self.num_simulations, 0))
        depths = {
            f"solver_error_{name.replace(' ', '_')}": 1 - float(kept[self.positions.depth == i].mean())
            for i, name in enumerate(self.positions.depths)
            if (self.positions.depth == i).any()
        }
        return {"solver_error": 1 - float(kept.mean()), "policy_error": 1 - float(alone.mean()), **depths}

    def _kept(self, player: Player) -> Float[np.ndarray, " N"]:
        """Of which positions it keeps the result. In batches of one size, so compiled once."""
        assert self.positions is not None
        count, key = len(self.positions.depth), jax.random.key(0)
        rows = np.minimum(np.arange(-(-count // _BATCH) * _BATCH), count - 1).reshape(-1, _BATCH)
        actions = [player.choose(take(self.positions.states, batch), key) for batch in rows]
        return self.positions.kept(np.concatenate(actions)[:count])


class Lines(NamedTuple):
    """All lines of play against one player, by how they end for it."""

    wins: int
    draws: int
    losses: int


def play_all_lines(game: Game, player: Player, moves_first: bool) -> Lines:
    """Every game that an opponent can play against a player that answers the same state always the same way.

    Layer by layer; equal states are kept once, with the number of lines that lead to them. For small games only.
    Raises `BadConfig` for a game that is not for two.
    """
    if game.num_players != 2:
        raise BadConfig(f"{game.name} has {game.num_players} player: there is no opponent to try all moves.")
    step, legal = jax.jit(jax.vmap(game.step)), jax.jit(jax.vmap(game.legal))
    states, lines, own = solved.take_one(game), np.ones(1, np.int64), moves_first
    ends = {1: 0, 0: 0, -1: 0}
    while len(lines):
        if own:
            rows, actions = np.arange(len(lines)), player.choose(states, jax.random.key(0))
        else:
            rows, actions = np.nonzero(np.asarray(legal(states)))
        after = jax.tree.map(np.asarray, step(take(states, rows), jnp.asarray(actions, jnp.int32)))
        for reward, count in zip(after.reward[after.discount == 0], lines[rows][after.discount == 0], strict=True):
            ends[int(np.sign(reward)) * (1 if own else -1)] += int(count)
        goes_on = after.discount != 0
        first, inverse = solved.distinct(take(after.state, goes_on))
        lines = np.bincount(inverse, lines[rows][goes_on], len(first)).astype(np.int64)
        states, own = take(take(after.state, goes_on), first), not own
    return Lines(ends[1], ends[0], ends[-1])
