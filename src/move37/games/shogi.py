"""Shogi: drops, promotion, repetition with perpetual check, entering king. The state is what the mover sees.

Source: the rules of the Japan Shogi Association, and for the declaration those of the Computer Shogi Association.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cache, partial
from typing import Any, ClassVar, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Bool, Float, Int, Int8, Int16, Key, Shaped, UInt8, UInt32

from move37.core.errors import BadConfig, IllegalMove, check_ranges
from move37.core.types import Game, Step
from move37.games import shogi_actions, shogi_planes, shogi_sfen
from move37.games.encodings import OPTIONS, chosen_options
from move37.games.shogi_moves import legal_moves
from move37.games.shogi_planes import Shown
from move37.games.shogi_position import IN_HAND, balance, can_declare, find_move, hash_change, play, position_hash
from move37.games.shogi_tables import NUM_SQUARES, action_planes

_MOVES = len(action_planes()) - 1  # of the compact list; the declaration comes after them


class State(NamedTuple):
    """Board, hands and checks from the view of the player to move. T = `max_num_moves`."""

    board: Int8[Array, " 81"]  # kinds of `shogi_tables`, the opponent's negative
    hands: Int8[Array, "2 7"]  # pawns, lances, knights, silvers, bishops, rooks, golds: the mover's, the opponent's
    player: Int8[Array, ""]  # 1 Black or −1 White, to move
    num_moves: Int16[Array, ""]
    checks: Int16[Array, "2"]  # how many moves of each in a row, up to the last, gave check
    repeats: Int8[Array, ""]  # how often this position came before
    hashes: UInt32[Array, "2 T"]  # of the positions so far; any may come back, since drops undo captures
    allowed: UInt8[Array, " bytes"]  # bits of the compact legal moves: `step` needs them to see a mate
    past: Int8[Array, "P 96"]  # AlphaZero's planes alone: the 7 positions before, latest first


@dataclass(frozen=True)
class Shogi(Game):
    """Mate the king; who has no legal move has lost. `shogi_actions` lists the actions, from the mover's view.

    The last action is the declaration ("win"), legal on the 27 points of `can_declare`. A position that comes for the
    fourth time is a draw; but who gave check with each move since it came first has lost. After `max_num_moves` it is
    a draw. Raises `BadConfig` for fields out of range.

    Source: AlphaZero (Science 2018) for the encodings `alphazero`. Differs: it has no declaration.
    """

    actions: str = "compact"  # or alphazero
    planes: str = "lean"  # or alphazero
    declaration: bool = True  # whether a king that entered may end the game
    max_num_moves: int = 512
    name: str = field(init=False)
    num_actions: int = field(init=False)
    observation_shape: tuple[int, int, int] = field(init=False)

    num_players = 2
    max_num_legal = 594  # 593 moves in R8/2K1S1SSk/4B4/9/9/9/9/9/1L1L1L3 b RBGSNLP3g3n17p 1, and the declaration
    sides = ("Black", "White")
    options: ClassVar[Mapping[str, Mapping[str, Any]]] = {
        **OPTIONS,
        "no_declaration": {"declaration": False},
    }

    def __post_init__(self) -> None:
        options = chosen_options("shogi", self.actions, self.planes) + ["no_declaration"] * (not self.declaration)
        check_ranges("shogi: ", self, max_num_moves=(1, 2**15 - 1))
        num_moves = shogi_actions.NUM_ALPHAZERO if self.actions == "alphazero" else _MOVES
        channels = shogi_planes.NUM_ALPHAZERO if self.planes == "alphazero" else shogi_planes.NUM_LEAN
        object.__setattr__(self, "name", "+".join(["shogi", *options]))
        object.__setattr__(self, "num_actions", num_moves + self.declaration)
        object.__setattr__(self, "observation_shape", (channels, 9, 9))

    def init(self, key: Key[Array, ""]) -> State:
        return self._start(shogi_sfen.parse(shogi_sfen.START))

    def step(self, state: State, action: Int[Array, ""]) -> Step:
        number = self._compact(action)
        move = find_move(state.board, number)
        declares = number == _MOVES  # moves nothing
        board, hands = play(state.board, state.hands, move)
        board = jnp.where(declares, -state.board[::-1], board)
        hands = jnp.where(declares, state.hands[::-1], hands)
        allowed, in_check = self._allowed(board, hands, -state.player)
        now = state.num_moves + jnp.int16(1)
        change = jnp.where(declares, jnp.uint32(0), hash_change(move, state.player))
        digest = state.hashes[:, state.num_moves] + change
        same = (state.hashes == digest[:, None]).all(axis=0) & (jnp.arange(self.max_num_moves, dtype=jnp.int16) < now)
        same = same & ~declares
        repeats = same.sum(dtype=jnp.int8)
        streak = jnp.where(in_check, state.checks[0] + jnp.int16(1), jnp.int16(0))
        after = State(
            board=board,
            hands=hands,
            player=-state.player,
            num_moves=now,
            checks=jnp.stack([state.checks[1], streak]),
            repeats=repeats,
            hashes=state.hashes.at[:, now].set(digest, mode="drop"),
            allowed=jnp.packbits(allowed),
            past=jnp.concatenate([shogi_planes.pack(_shown(state))[None], state.past])[: len(state.past)],
        )
        won = declares | ~allowed.any()
        cycle = now - jnp.argmax(same).astype(jnp.int16)  # plies since the position came first
        perpetual = jnp.where(2 * state.checks[1] >= cycle, 1.0, jnp.where(2 * streak >= cycle, -1.0, 0.0))
        fourth = repeats >= 3
        over = won | fourth | (now >= self.max_num_moves)
        reward = jnp.where(won, 1.0, jnp.where(fourth, perpetual, 0.0))
        return Step(after, reward, jnp.where(over, 0.0, -1.0))

    def legal(self, state: State) -> Bool[Array, " A"]:
        allowed = jnp.unpackbits(state.allowed, count=_MOVES + 1).astype(bool)
        moves = allowed[:-1]
        if self.actions == "alphazero":
            moves = shogi_actions.alphazero_legal(moves, state.board)
        return jnp.concatenate([moves, allowed[-1:]]) if self.declaration else moves

    def observe(self, state: State) -> Shaped[Array, "C H W"]:
        black = state.player > 0
        if self.planes == "alphazero":
            return shogi_planes.alphazero(_shown(state), state.past, black, state.num_moves)
        return shogi_planes.lean(_shown(state), state.checks[1] > 0, black)

    def to_play(self, state: State) -> Int[Array, ""]:
        return (state.player < 0).astype(jnp.int32)

    def material(self, state: State) -> Float[Array, ""]:
        """Of the player to move less the opponent's, in pawns: what a greedy player counts."""
        return balance(state.board, state.hands)

    def describe(self, state: State, action: int) -> str:
        """As `usi`; an action that is not legal here as `format_action`."""
        return self.usi(state, action) if bool(self.legal(state)[action]) else self.format_action(action)

    def read(self, state: State, text: str) -> int:
        text = text.strip()
        return self.action(state, text.upper()[:2] + text[2:] if "*" in text else text)

    def spell(self, text: str) -> tuple[int, ...]:
        """Of a text of USI, for Black and for White: the compact action and where it begins."""
        origins = (shogi_actions.usi_origin(text, black=black) for black in (True, False))
        numbers = (shogi_actions.usi_number(text, black=black) for black in (True, False))
        return (*numbers, *origins)

    def spelled(self, state: State, numbers: Int[Array, " N"]) -> Int[Array, ""]:
        number, origin = numbers.reshape(2, 2)[:, jnp.where(state.player > 0, 0, 1)]
        meant = self.legal(state) & (self._compact(jnp.arange(self.num_actions)) == number) & (number >= 0)
        found = find_move(state.board, number).origin
        meant = meant & ((found == origin) | (number == _MOVES))
        return jnp.where(meant.any(), jnp.argmax(meant), -1)

    def format_action(self, action: int) -> str:
        """From the mover's view, for the board is not known here; `usi` knows it."""
        return self._names()[action]

    def parse_action(self, text: str) -> int:
        action = shogi_actions.numbers(self._names()).get(text.strip().lower())
        if action is None:
            raise IllegalMove(f"{self.name}: {text!r} names no action; actions look like {self._names()[0]!r}.")
        return action

    def usi(self, state: State, action: int) -> str:
        """An action of a concrete state as USI writes it: `7g7f`, `8h2b+`, `P*5e`, `win`."""
        number = int(self._number(action))
        if number == _MOVES:
            return shogi_actions.DECLARATION
        move = _find_now(state.board, jnp.int32(number))
        turn = (lambda square: square) if int(state.player) > 0 else (lambda square: NUM_SQUARES - 1 - square)
        destination = shogi_actions.square_name(turn(int(move.destination)))
        if int(move.origin) == IN_HAND:
            return f"{shogi_actions.LETTERS[int(move.piece) - 1]}*{destination}"
        promotion = "+" * (int(move.placed) != int(move.piece))
        return shogi_actions.square_name(turn(int(move.origin))) + destination + promotion

    def action(self, state: State, usi: str) -> int:
        """The inverse of `usi`. Raises `IllegalMove` for a text that names no legal move of this state."""
        legal = np.flatnonzero(np.asarray(self.legal(state)))
        number = shogi_actions.usi_number(usi, black=int(state.player) > 0)
        for action in legal[self._number(legal) == number].tolist():
            if self.usi(state, action) == usi:
                return action
        texts = " ".join(self.usi(state, action) for action in legal.tolist())
        raise IllegalMove(f"{self.name}: got {usi!r}; allowed, as legal here: {texts}.")

    def from_sfen(self, sfen: str) -> State:
        """The state of a position, without a past. Raises `BadConfig` for what is no position, or has no time left."""
        position = shogi_sfen.parse(sfen)
        if position.number > self.max_num_moves:
            raise BadConfig(f"shogi: got move {position.number} in SFEN {sfen!r}; allowed: 1 to {self.max_num_moves}.")
        state = self._start(position)
        if bool(legal_moves(-state.board[::-1], state.hands[1]).in_check):
            raise BadConfig(f"shogi: got SFEN {sfen!r}; allowed: only the player to move may be in check.")
        return state

    def to_sfen(self, state: State) -> str:
        """A concrete state as SFEN."""
        return shogi_sfen.write(_position(state))

    def to_text(self, state: State) -> str:
        return self.to_sfen(state)

    def from_text(self, text: str) -> State:
        return self.from_sfen(text)

    def render(self, state: State) -> str:
        return shogi_sfen.picture(_position(state))

    def _start(self, position: shogi_sfen.Position) -> State:
        """The state of a position without a past."""
        view, player = slice(None, None, position.player), np.int8(position.player)
        board, hands = position.board[view] * player, position.hands[view]
        return self._without_past(*(jnp.asarray(x) for x in (board, hands, player, np.int16(position.number - 1))))

    @partial(jax.jit, static_argnums=0)
    def _without_past(
        self, board: Int8[Array, " 81"], hands: Int8[Array, "2 7"], player: Int8[Array, ""], num_moves: Int16[Array, ""]
    ) -> State:
        allowed, in_check = self._allowed(board, hands, player)
        digest = position_hash(board, hands, player)
        return State(
            board=board,
            hands=hands,
            player=player,
            num_moves=num_moves,
            checks=jnp.stack([jnp.int16(0), in_check.astype(jnp.int16)]),
            repeats=jnp.int8(0),
            hashes=jnp.zeros((2, self.max_num_moves), jnp.uint32).at[:, num_moves].set(digest),
            allowed=jnp.packbits(allowed),
            past=jnp.zeros((shogi_planes.HISTORY - 1 if self.planes == "alphazero" else 0, 96), jnp.int8),
        )

    def _allowed(
        self, board: Int8[Array, " 81"], hands: Int8[Array, "2 7"], player: Int8[Array, ""]
    ) -> tuple[Bool[Array, " M"], Bool[Array, ""]]:
        """The compact legal moves, then whether a win can be declared; whether in check."""
        planes, in_check = legal_moves(board, hands[0])
        declares = can_declare(board, hands[0], player > 0, in_check) & self.declaration
        return jnp.append(shogi_actions.compact_legal(planes), declares), in_check

    def _compact(self, action: Int[Array, "*shape"]) -> Int[Array, "*shape"]:
        """The compact action of an action; `_MOVES` for the declaration."""
        return action if self.actions == "compact" else jnp.asarray(_compact_table())[action]

    def _number(self, action: Any) -> Any:
        """`_compact` of concrete actions, without JAX."""
        return action if self.actions == "compact" else _compact_table()[action]

    def _names(self) -> tuple[str, ...]:
        names = shogi_actions.alphazero_names() if self.actions == "alphazero" else shogi_actions.compact_names()
        return names[: self.num_actions]


_find_now = jax.jit(find_move)  # of concrete states


@cache
def _compact_table() -> Int[np.ndarray, " A"]:
    """AlphaZero's actions and the declaration as compact ones."""
    return np.append(shogi_actions.alphazero_to_compact(), np.int32(_MOVES))


def _shown(state: State) -> Shown:
    return Shown(state.board, state.hands, state.repeats)


def _position(state: State) -> shogi_sfen.Position:
    """Of a concrete state, from Black's view."""
    player = int(state.player)
    board, hands = np.asarray(state.board)[::player] * np.int8(player), np.asarray(state.hands)[::player]
    return shogi_sfen.Position(board, hands, player, int(state.num_moves) + 1)
