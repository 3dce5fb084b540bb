"""Go on 2×2 to 19×19: area scoring, positional superko. The state names each stone's chain, so that no step searches.

Source: J. Tromp, "The game of Go" (the logical rules); AlphaGo Zero (Nature 2017), Methods, "Domain knowledge".
"""

import operator
from dataclasses import dataclass, field
from functools import cache, reduce
from typing import NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Bool, Float, Int, Int8, Int16, Key, Shaped, UInt8, UInt16, UInt32

from move37.core.errors import BadConfig
from move37.core.types import Game, Step, Symmetry
from move37.games.boards import dihedral_symmetries, grid_text

COLUMNS = "ABCDEFGHJKLMNOPQRST"
_CHUNK = 16  # earlier positions that a pass of the superko check compares at once; the fastest of 4, 8, 16, 32 on CPU
_PSEUDO_LIBERTIES = np.uint32(2**10 - 1)  # the bits that count them: no board has more than 684 pairs of neighbours


class State(NamedTuple):
    """Everything but `chains` is for superko, observation and end. N = size² points, row by row from the top left."""

    chains: Shaped[Array, " N"]  # 0 empty; else ±(1 + a point of the stone's chain), Black positive. int8 up to 11×11
    player: Int8[Array, ""]  # 1 Black or −1 White, to move
    passed: Bool[Array, ""]  # the last move was a pass
    num_moves: Int16[Array, ""]
    hashes: UInt32[Array, "2 T"]  # of the position after each move; unused: 0, the empty board, where every game began
    past: UInt8[Array, "P 2 bytes"]  # the positions before this one, latest first: bits of Black's and White's stones


@cache
def neighbours(size: int) -> Int[np.ndarray, "points 4"]:
    """The points beside each point; N, which stands for none, beyond the edge and around a pass."""
    points = np.pad(np.arange(size * size).reshape(size, size), 1, constant_values=size * size)
    beside = [points[:-2, 1:-1], points[1:-1, :-2], points[1:-1, 2:], points[2:, 1:-1]]
    return np.vstack([np.stack(beside, axis=-1).reshape(-1, 4), np.full((1, 4), size * size)])


@cache
def zobrist(size: int) -> UInt32[np.ndarray, "2 2 N"]:
    """Random words of each colour's stone on each point; a position's hash is their sum, a word at a time, mod 2³².

    54 bits: the second words leave room for a count.
    """
    words = np.random.default_rng(37).integers(2**32, size=(2, 2, size * size), dtype=np.uint32)
    words[:, 1] &= ~_PSEUDO_LIBERTIES
    return words


@dataclass(frozen=True)
class Go(Game):
    """Surround more than the opponent. Actions are the points, then pass; two passes in a row end the game.

    A move may not bring back any earlier position (positional superko). At `max_num_moves` the game is scored as it
    stands, with the dead stones that nobody took. Raises `BadConfig` for fields out of range.
    """

    size: int = 9
    komi: float = 7.5  # points for White
    suicide: bool = False  # whether a move may take the mover's own chain; a single stone never may, by superko
    history: int = 4  # positions that an observation shows; AlphaGo Zero: 8
    max_num_moves: int = 0  # 0 stands for 2·size², AlphaGo Zero's limit
    name: str = field(init=False)
    num_actions: int = field(init=False)
    observation_shape: tuple[int, int, int] = field(init=False)

    num_players = 2
    sides = ("Black", "White")

    def __post_init__(self) -> None:
        if not 2 <= self.size <= 19:
            raise BadConfig(f"go: got size {self.size}; allowed: 2 to 19.")
        if not float(2 * self.komi).is_integer():
            raise BadConfig(f"go: got komi {self.komi}; allowed: whole and half points.")
        if self.history < 1:
            raise BadConfig(f"go: got history {self.history}; allowed: 1 (the present position alone) or more.")
        if not 0 <= self.max_num_moves < 2**15:
            raise BadConfig(f"go: got max_num_moves {self.max_num_moves}; allowed: 1 to 32767, or 0 for 2·size².")
        object.__setattr__(self, "max_num_moves", self.max_num_moves or 2 * self.size**2)
        object.__setattr__(self, "name", f"go_{self.size}x{self.size}")
        object.__setattr__(self, "num_actions", self.size**2 + 1)
        object.__setattr__(self, "observation_shape", (2 * self.history + 1, self.size, self.size))

    def init(self, key: Key[Array, ""]) -> State:
        num_points = self.size**2
        return State(
            chains=jnp.zeros(num_points, jnp.int8 if num_points < 128 else jnp.int16),
            player=jnp.int8(1),
            passed=jnp.array(False),
            num_moves=jnp.int16(0),
            hashes=jnp.zeros((2, self.max_num_moves), jnp.uint32),
            past=jnp.zeros((self.history - 1, 2, -(-num_points // 8)), jnp.uint8),
        )

    def step(self, state: State, action: Int[Array, ""]) -> Step:
        chains, passed = self._place(state.chains, state.player, action), action == self.size**2
        after = State(
            chains=chains,
            player=-state.player,
            passed=passed,
            num_moves=state.num_moves + jnp.int16(1),
            hashes=state.hashes.at[:, state.num_moves].set(self._hash(chains)),
            past=jnp.concatenate([jnp.packbits(_colours(state.chains), axis=-1)[None], state.past])[: self.history - 1],
        )
        over = (passed & state.passed) | (after.num_moves >= self.max_num_moves)
        result = jnp.sign(self._score(chains, over)) * state.player.astype(jnp.float32)
        return Step(after, jnp.where(over, result, 0.0), jnp.where(over, 0.0, -1.0))

    def legal(self, state: State) -> Bool[Array, " A"]:
        allowed, hashes = self._reachable(state)
        return jnp.append(allowed & ~_repeats(allowed, hashes, state.hashes), True)

    def observe(self, state: State) -> Bool[Array, "C H W"]:
        """AlphaGo Zero's planes: own stones and the opponent's, latest position first, then whether Black moves."""
        stones = _colours(state.chains * state.player.astype(state.chains.dtype))
        if self.history > 1:  # JAX does not unpack an array without rows
            past = jnp.where(state.player > 0, state.past, state.past[:, ::-1])
            past = jnp.unpackbits(past, axis=-1, count=self.size**2).astype(bool)
            stones = jnp.concatenate([stones, past.reshape(-1, self.size**2)])
        colour = jnp.broadcast_to(state.player > 0, (1, self.size**2))
        return jnp.concatenate([stones, colour]).reshape(self.observation_shape)

    def to_play(self, state: State) -> Int[Array, ""]:
        return (state.player < 0).astype(jnp.int32)

    def symmetries(self) -> tuple[Symmetry, ...]:
        return dihedral_symmetries(self.size, num_passes=1)

    def area(self, state: State, wanted: Bool[Array, ""] | bool = True) -> Int8[Array, " N"]:
        """Whose each point is: 1 Black, −1 White, 0 neither. A colour owns its stones and what reaches it alone.

        Unless `wanted` the answer is wrong, and at once.
        """
        return self._area(state.chains, jnp.asarray(wanted))

    def score(self, state: State) -> Float[Array, ""]:
        """Black's area − White's area − komi."""
        return self._score(state.chains, jnp.array(True))

    def format_action(self, action: int) -> str:
        if action == self.size**2:
            return "pass"
        return COLUMNS[action % self.size] + str(self.size - action // self.size)

    def tally(self, state: State) -> str:
        return margin_text(float(self.score(state)))

    def render(self, state: State) -> str:
        rows = [str(row) for row in range(self.size, 0, -1)]
        board = np.sign(np.asarray(state.chains)).reshape(self.size, self.size)
        return grid_text(board, COLUMNS[: self.size], rows)

    def _place(
        self, chains: Shaped[Array, " N"], player: Int8[Array, ""], action: Int[Array, ""]
    ) -> Shaped[Array, " N"]:
        """The chains after a stone at `action`: what it captures is gone, what it joins takes its name."""
        player = player.astype(chains.dtype)
        point = jnp.arange(self.size**2) == action
        near = jnp.append(chains, jnp.zeros(1, chains.dtype))[jnp.asarray(neighbours(self.size))[action]]
        breathing = _any(self._beside((chains == 0) & ~point))  # points beside an empty one
        members = chains[None] == near[:, None]
        captured = (near * player < 0) & ~(members & breathing[None]).any(1)
        joined = (members & (near * player > 0)[:, None]).any(0) | point
        name = (action + 1).astype(chains.dtype) * player
        chains = jnp.where((members & captured[:, None]).any(0), 0, jnp.where(joined, name, chains))
        if self.suicide:
            alive = (joined & _any(self._beside(chains == 0))).any()
            chains = jnp.where(joined & ~alive, 0, chains)
        return chains

    def _reachable(self, state: State) -> tuple[Bool[Array, " N"], UInt32[Array, "2 N"]]:
        """Where the rules but superko allow a stone, and the hash of the position that follows.

        A chain's only liberty is p if and only if p is all its pseudo-liberties (each stone counts its own): if their
        number is the number of p's neighbours in the chain. So one sum over a chain gives liberties and hash.
        """
        chains, player = state.chains, state.player.astype(state.chains.dtype)
        near, num_empty = self._beside(chains), _count(self._beside(chains == 0))
        low, high = self._words(chains)
        words = jnp.stack([low, high | num_empty], axis=-1)
        index = jnp.abs(chains).astype(jnp.int32)
        sums = jnp.zeros((self.size**2 + 1, 2), jnp.uint32).at[index].add(words)[index].T
        low, high = (self._beside(row) for row in sums)

        in_atari = [
            (word & _PSEUDO_LIBERTIES) == _count([chain == other for other in near])
            for chain, word in zip(near, high, strict=True)
        ]
        own = [chain * player > 0 for chain in near]
        captured = [(chain * player < 0) & alone for chain, alone in zip(near, in_atari, strict=True)]
        alive = [mine & ~alone for mine, alone in zip(own, in_atari, strict=True)]
        breathes = _any([num_empty > 0, *captured, *alive])

        def without(taken: list[Bool[Array, " N"]]) -> UInt32[Array, "2 N"]:
            """The hash less that of the neighbouring chains which are taken; a chain on two sides counts once."""
            first = [~_any([~mask, *(near[d] == near[e] for e in range(d))]) for d, mask in enumerate(taken)]
            words = ([jnp.where(mask, word, 0) for mask, word in zip(first, row, strict=True)] for row in (low, high))
            taken_low, taken_high = (reduce(operator.add, row) for row in words)
            return self._hash(chains)[:, None] - jnp.stack([taken_low, taken_high & ~_PSEUDO_LIBERTIES])

        black, white = zobrist(self.size)
        hashes = without(captured) + jnp.where(player > 0, black, white)
        if self.suicide:
            hashes, breathes = jnp.where(breathes[None], hashes, without(own)), breathes | _any(own)
        return (chains == 0) & breathes, hashes

    def _beside(self, values: Shaped[Array, " N"]) -> list[Shaped[Array, " N"]]:
        """What stands above, left, right and below each point; 0 beyond the edge. Shifts of one axis vectorise."""
        num_points, nothing = self.size**2, jnp.zeros((), values.dtype)
        padded, beside = jnp.pad(values, self.size), neighbours(self.size)[:-1].T
        starts = (0, self.size - 1, self.size + 1, 2 * self.size)
        return [
            jnp.where(points < num_points, padded[start : start + num_points], nothing)
            for points, start in zip(beside, starts, strict=True)
        ]

    def _words(self, chains: Shaped[Array, " N"]) -> UInt32[Array, "2 N"]:
        black, white = zobrist(self.size)
        return jnp.where(chains > 0, black, jnp.where(chains < 0, white, jnp.uint32(0)))

    def _hash(self, chains: Shaped[Array, " N"]) -> UInt32[Array, "2"]:
        return self._words(chains).sum(1, dtype=jnp.uint32)

    def _score(self, chains: Shaped[Array, " N"], wanted: Bool[Array, ""]) -> Float[Array, ""]:
        return self._area(chains, wanted).sum(dtype=jnp.int32).astype(jnp.float32) - self.komi

    def _area(self, chains: Shaped[Array, " N"], wanted: Bool[Array, ""]) -> Int8[Array, " N"]:
        """Flood from both colours' stones over empty points, a row a word. Unless `wanted`, wrong but at once."""
        board = jnp.concatenate([_colours(chains), (chains == 0)[None]]).reshape(3, self.size, self.size)
        columns = jnp.arange(self.size, dtype=jnp.uint32)[None, None]
        rows = (board.astype(jnp.uint32) << columns).sum(2, dtype=jnp.uint32)
        reach, empty = rows[:2], rows[2]

        def spread(carry: tuple[UInt32[Array, "2 H"], Bool[Array, ""]]) -> tuple[Array, Array]:
            reach, _ = carry
            below, above = jnp.pad(reach[:, 1:], ((0, 0), (0, 1))), jnp.pad(reach[:, :-1], ((0, 0), (1, 0)))
            wider = reach | (empty[None] & (reach << jnp.uint32(1) | reach >> jnp.uint32(1) | below | above))
            return wider, (wider != reach).any()

        reach, _ = jax.lax.while_loop(lambda carry: carry[1], spread, (reach, wanted))
        black, white = ((reach[:, :, None] >> columns) & jnp.uint32(1)).reshape(2, -1).astype(jnp.int8)
        return black - white


def margin_text(margin: float) -> str:
    """Black's points − White's as Go players write it: `B+3.5`, `W+0.5`, `0`."""
    return "0" if margin == 0 else f"{'B' if margin > 0 else 'W'}+{abs(margin):g}"


def _any(masks: list[Bool[Array, " N"]]) -> Bool[Array, " N"]:
    return reduce(operator.or_, masks)


def _count(masks: list[Bool[Array, " N"]]) -> UInt32[Array, " N"]:
    return reduce(operator.add, [mask.astype(jnp.uint32) for mask in masks])


def _colours(chains: Shaped[Array, " N"]) -> Bool[Array, "2 N"]:
    return jnp.stack([chains > 0, chains < 0])


def _repeats(
    allowed: Bool[Array, " N"], hashes: UInt32[Array, "2 N"], earlier: UInt32[Array, "2 T"]
) -> Bool[Array, " N"]:
    """Which allowed moves lead to a position that came before.

    All pairs are compared by 16 bits of their hashes, as the smallest difference (XLA makes vector code of min, not of
    any); what agrees so far, next to nothing, is looked at with all bits, a point at a time.
    """
    short, shorts = (jnp.right_shift(x, jnp.uint32(16)).astype(jnp.uint16) for x in (earlier[0], hashes[0]))
    width = min(_CHUNK, len(short))

    def compare(i: Int[Array, ""], difference: UInt16[Array, " N"]) -> UInt16[Array, " N"]:
        # The last slice starts early enough to be whole: it compares some positions twice.
        some = jax.lax.dynamic_slice_in_dim(short, i * width, width)
        return reduce(jnp.minimum, [shorts ^ some[t] for t in range(width)], difference)

    most = jnp.full(len(shorts), 2**16 - 1, jnp.uint16)
    alike = allowed & (jax.lax.fori_loop(0, -(-len(short) // width), compare, most) == 0)

    def look(carry: tuple[Bool[Array, " N"], Bool[Array, " N"]]) -> tuple[Array, Array]:
        alike, repeats = carry
        point = jnp.argmax(alike)
        same = (earlier == hashes[:, point, None]).all(0).any()
        return alike.at[point].set(False), repeats.at[point].set(same)

    return jax.lax.while_loop(lambda carry: carry[0].any(), look, (alike, jnp.zeros_like(alike)))[1]
