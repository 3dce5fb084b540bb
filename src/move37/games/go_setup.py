"""What programs that play Go with others need beside the rules: positions that were set up, and any komi."""

from dataclasses import dataclass, field
from typing import NamedTuple

import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Bool, Float, Int, Key, Shaped

from move37.core.errors import BadConfig, IllegalMove
from move37.core.types import Game, Step, Symmetry
from move37.games.go import Go, State, neighbours, zobrist


def chain_names(stones: Int[np.ndarray, " N"], size: int) -> tuple[Int[np.ndarray, " N"], Bool[np.ndarray, " N"]]:
    """(the chain of each stone as `State.chains` names it, whether that chain has a liberty), by flooding."""
    names, breathes = np.zeros(size * size, np.int16), np.zeros(size * size, bool)
    beside = neighbours(size)
    for first in np.flatnonzero(stones):
        if names[first]:
            continue
        chain, front, alive = {int(first)}, [int(first)], False
        while front:
            for point in beside[front.pop()]:
                if point == size * size:
                    continue
                alive |= stones[point] == 0
                if stones[point] == stones[first] and int(point) not in chain:
                    chain.add(int(point))
                    front.append(int(point))
        names[list(chain)] = (1 + first) * stones[first]
        breathes[list(chain)] = alive
    return names, breathes


def set_up(game: Go, stones: Int[np.ndarray, " N"], player: int) -> State:
    """A position with `player` (1 Black, −1 White) to move, made of stones: 1 Black, −1 White, 0 empty.

    It counts for superko, as do no positions before it: its hash stands where that of a move before it would.
    Raises `IllegalMove` where a chain has no liberty, for no game leads there.
    """
    if stones.shape != (game.size**2,) or player not in (1, -1) or not np.isin(stones, (-1, 0, 1)).all():
        raise BadConfig(f"{game.name}: a set-up needs {game.size**2} points of 1, −1 or 0 and a player, 1 or −1.")
    names, breathes = chain_names(stones, game.size)
    if (dead := np.flatnonzero((stones != 0) & ~breathes)).size:
        where = " ".join(game.format_action(int(point)) for point in dead[:8])
        raise IllegalMove(f"{game.name}: stones without a liberty cannot be set up: {where}.")
    black, white = zobrist(game.size)
    words = np.where(stones == 1, black, 0) + np.where(stones == -1, white, 0)
    hashes = np.zeros((2, game.max_num_moves), np.uint32)
    hashes[:, 0] = words.sum(1, dtype=np.uint32)
    dtype = jnp.int8 if game.size**2 < 128 else jnp.int16
    return State(
        chains=jnp.asarray(names, dtype),
        player=jnp.int8(player),
        passed=jnp.array(False),
        num_moves=jnp.int16(1),
        hashes=jnp.asarray(hashes),
        past=jnp.zeros((game.history - 1, 2, -(-(game.size**2) // 8)), jnp.uint8),
    )


class KomiState(NamedTuple):
    """A position, and the points that White gets."""

    board: State
    komi: Float[Array, ""]


@dataclass(frozen=True)
class AnyKomi(Game):
    """Go with the komi in the state, so that one compiled search serves every komi. `rules.komi` is where it begins."""

    rules: Go
    name: str = field(init=False)
    num_actions: int = field(init=False)
    observation_shape: tuple[int, int, int] = field(init=False)
    max_num_moves: int = field(init=False)

    num_players = 2

    def __post_init__(self) -> None:
        for name in ("name", "num_actions", "observation_shape", "max_num_moves"):
            object.__setattr__(self, name, getattr(self.rules, name))

    def init(self, key: Key[Array, ""]) -> KomiState:
        return KomiState(self.rules.init(key), jnp.float32(self.rules.komi))

    def step(self, state: KomiState, action: Int[Array, ""]) -> Step:
        board, _, discount = self.rules.step(state.board, action)
        margin = self.rules.area(board, discount == 0).sum(dtype=jnp.int32).astype(jnp.float32) - state.komi
        result = jnp.sign(margin) * state.board.player.astype(jnp.float32)
        return Step(KomiState(board, state.komi), jnp.where(discount == 0, result, 0.0), discount)

    def legal(self, state: KomiState) -> Bool[Array, " A"]:
        return self.rules.legal(state.board)

    def observe(self, state: KomiState) -> Shaped[Array, "C H W"]:
        return self.rules.observe(state.board)

    def to_play(self, state: KomiState) -> Int[Array, ""]:
        return self.rules.to_play(state.board)

    def symmetries(self) -> tuple[Symmetry, ...]:
        return self.rules.symmetries()

    def format_action(self, action: int) -> str:
        return self.rules.format_action(action)

    def render(self, state: KomiState) -> str:
        return self.rules.render(state.board)
