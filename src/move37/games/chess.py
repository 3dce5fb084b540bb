"""Chess and Chess960, complete: castling, en passant, promotions, repetitions, the move rules, dead positions."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import partial
from typing import Any, ClassVar, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Bool, Float, Int, Int8, Int16, Key, Shaped, UInt32

from move37.core.errors import BadConfig, IllegalMove, check_ranges
from move37.core.types import Game, Step
from move37.games import chess_fen, chess_spelling, chess_text
from move37.games.chess_actions import KING, PAWN, ROOK, actions, names, texts
from move37.games.chess_bits import Bits, single
from move37.games.chess_hash import position_hash
from move37.games.chess_moves import KING_SIDE, QUEEN_SIDE, Position, balance, dead, find, turned
from move37.games.chess_planes import (
    NUM_ALPHAZERO,
    NUM_LEAN,
    NUM_PAST,
    Past,
    alphazero_planes,
    empty_past,
    lean_planes,
    longer_past,
)
from move37.games.chess_setup import CHESS, fen_of, first_position, position_of
from move37.games.encodings import OPTIONS, chosen_options


class State(NamedTuple):
    """Repetitions are found by 64 bits of hash; that two of a game's positions share them by chance is hopeless."""

    position: Position
    black: Bool[Array, ""]  # Black moves
    clock: Int16[Array, ""]  # plies since the last capture or move of a pawn
    ply: Int16[Array, ""]  # plies since move 1, as a FEN counts
    left: Int16[Array, ""]  # plies until the game is cut off
    repeats: Int8[Array, ""]  # how often the position came before
    hashes: UInt32[Array, "2 R"]  # of the positions since `clock` was 0, in order; behind them, what is out of date
    past: Past


@dataclass(frozen=True)
class Chess(Game):
    """The rules of FIDE. A game ends by mate, stalemate, a dead position, a draw by repetition or without progress.

    A position is the same if the same moves are legal: an en passant that no pawn may make does not count. Rewards are
    the mover's, +1 for mate and 0 for a draw. Raises `BadConfig` for fields out of range.
    """

    actions: str = "compact"  # or alphazero: see `chess_actions`
    planes: str = "lean"  # or alphazero: see `chess_planes`
    claims: bool = True  # three times and 50 moves end a game; else five times and 75 moves
    chess960: bool = False  # first ranks are drawn out of 960; castling is a move to one's own rook
    max_num_moves: int = 512  # plies; then it is a draw
    name: str = field(init=False)
    num_actions: int = field(init=False)
    observation_shape: tuple[int, int, int] = field(init=False)

    num_players = 2
    max_num_legal = 218  # R6R/3Q4/1Q4Q1/4Q3/2Q4Q/Q4Q2/pp1Q4/kBNN1KB1 w (N. Petrović, 1964)
    sides = ("White", "Black")
    options: ClassVar[Mapping[str, Mapping[str, Any]]] = {
        **OPTIONS,
        "forced": {"claims": False},
    }

    def __post_init__(self) -> None:
        options = chosen_options("chess", self.actions, self.planes) + ["forced"] * (not self.claims)
        check_ranges("chess: ", self, max_num_moves=(1, 2**14))
        channels = NUM_LEAN if self.planes == "lean" else NUM_ALPHAZERO
        object.__setattr__(self, "name", "+".join(["chess960" if self.chess960 else "chess", *options]))
        object.__setattr__(self, "num_actions", len(actions(self.actions).origin))
        object.__setattr__(self, "observation_shape", (channels, 8, 8))

    def init(self, key: Key[Array, ""]) -> State:
        number = jax.random.randint(key, (), 0, 960) if self.chess960 else jnp.int32(CHESS)
        return self._begin(first_position(number), jnp.array(False), jnp.int16(0), jnp.int16(0))

    def step(self, state: State, action: Int[Array, ""]) -> Step:
        position, quiet = self._move(state.position, action)
        found = find(position, self.chess960)
        position = position._replace(ep=jnp.where(found.ep, position.ep, jnp.int8(-1)))
        clock = jnp.where(quiet, state.clock + jnp.int16(1), jnp.int16(0))
        words, place = position_hash(position, ~state.black), jnp.arange(self._ring(), dtype=jnp.int16)
        same = (state.hashes == words[:, None]).all(0) & (place < clock)
        after = State(
            position=position,
            black=~state.black,
            clock=clock,
            ply=state.ply + jnp.int16(1),
            left=state.left - jnp.int16(1),
            repeats=same.sum(dtype=jnp.int8),
            hashes=jnp.where((place == clock)[None], words[:, None], state.hashes),
            past=longer_past(state.past, state.position, state.repeats),
        )
        stuck = ~(found.words != 0).any()
        mate = stuck & found.check
        over = stuck | self._drawn(after)
        return Step(after, mate.astype(jnp.float32), jnp.where(over, 0.0, -1.0))

    def legal(self, state: State) -> Bool[Array, " A"]:
        words, table = find(state.position, self.chess960).words, actions(self.actions)
        return ((words[table.word] >> table.bit) & jnp.uint32(1)).astype(bool)

    def observe(self, state: State) -> Shaped[Array, "C H W"]:
        if self.planes == "lean":
            return lean_planes(state.position, state.repeats, state.clock, self._ring())
        return alphazero_planes(state.position, state.past, state.repeats, state.black, state.ply, state.clock)

    def to_play(self, state: State) -> Int[Array, ""]:
        return state.black.astype(jnp.int32)

    def in_check(self, state: State) -> Bool[Array, ""]:
        """Whether the player to move is in check."""
        return _find_now(state.position, self.chess960).check

    def material(self, state: State) -> Float[Array, ""]:
        """Of the player to move less the opponent's, in pawns: what a greedy player counts."""
        return balance(state.position)

    def from_fen(self, text: str) -> State:
        """The state of a FEN, from which `max_num_moves` are counted. An en passant that no pawn may make is left out.

        Raises `BadConfig` for what is no FEN and no position of chess.
        """
        fen = chess_fen.read_fen(text, self.chess960)
        position, other = position_of(fen)
        if bool(_find_now(other, self.chess960).check):
            raise BadConfig(f"chess: FEN {text!r} lets a player take the king; allowed: check to the player to move.")
        position = position._replace(ep=jnp.int8(fen.ep ^ 56 if fen.black and fen.ep >= 0 else fen.ep))
        if not bool(_find_now(position, self.chess960).ep):
            position = position._replace(ep=jnp.int8(-1))
        ply = jnp.int16(2 * (fen.number - 1) + fen.black)
        return self._begin(position, jnp.array(fen.black), jnp.int16(fen.clock), ply)

    def to_fen(self, state: State) -> str:
        """The FEN of a concrete state."""
        return chess_fen.write_fen(_fen(state), self.chess960)

    from_text, to_text = from_fen, to_fen

    def uci(self, state: State, action: int, onto_rook: bool = True) -> str:
        """A legal action as `e7e5`, `e2e1q`, from White's side as all players write it.

        Without `onto_rook` castling is written `e1g1` in Chess960 as well: for kings that stand on the e file.
        """
        return chess_text.uci(self._text_moves(state, [action])[0], onto_rook)

    def san(self, state: State, action: int) -> str:
        """A legal action as `Nf6`, `exd8=Q+`."""
        found = _find_now(step_now(self, state, jnp.int32(action)).state.position, self.chess960)
        suffix = ("+" if bool(found.words.any()) else "#") if bool(found.check) else ""
        move = self._text_moves(state, [action])[0]
        return chess_text.san(move, self._text_moves(state, self._legal_now(state)), suffix)

    def action(self, state: State, text: str, onto_rook: bool = True) -> int:
        """The inverse of `uci` and of `san`. Raises `IllegalMove` for a text that names no legal move."""
        legal = self._legal_now(state)
        moves, wanted = self._text_moves(state, legal), chess_text.plain(text)
        for action, move in zip(legal, moves, strict=True):
            if wanted.lower() == chess_text.uci(move, onto_rook) or wanted == chess_text.san(move, moves, ""):
                return action
        raise IllegalMove(f"chess: {text!r} is no legal move in {self.to_fen(state)}; moves are written e2e4 or Nf3.")

    def describe(self, state: State, action: int) -> str:
        """As `san`; an action that is not legal here as `format_action`."""
        return self.san(state, action) if action in self._legal_now(state) else self.format_action(action)

    def read(self, state: State, text: str) -> int:
        return self.action(state, text)

    def spell(self, text: str) -> tuple[int, ...]:
        return chess_spelling.spell(text)

    def spelled(self, state: State, numbers: Int[Array, " N"]) -> Int[Array, ""]:
        meant = chess_spelling.matches(state.position, state.black, actions(self.actions), numbers)
        meant = meant & self.legal(state)
        return jnp.where(meant.sum() == 1, jnp.argmax(meant), -1)

    def format_action(self, action: int) -> str:
        """Squares as the player to move sees them: for Black, the ranks are turned around. `uci` knows the player."""
        return names(self.actions)[action]

    def parse_action(self, text: str) -> int:
        try:
            return texts(self.actions)[text.strip().lower()]
        except KeyError:
            raise IllegalMove(f"{self.name}: {text!r} names no action; actions look like 'e2e4' or 'e7e8n'.") from None

    def tally(self, state: State) -> str:
        found, (plies, times) = _find_now(state.position, self.chess960), self._limits()
        if not jnp.any(found.words):
            return "checkmate" if found.check else "stalemate"
        reasons = {
            "insufficient material": _dead_now(state.position.kinds),
            f"{'fivefold' if times == 4 else 'threefold'} repetition": state.repeats >= times,
            f"{plies // 2} moves without progress": state.clock >= plies,
            f"{self.max_num_moves} plies": state.left <= 0,
        }
        return next((reason for reason, holds in reasons.items() if bool(holds)), "")

    def render(self, state: State) -> str:
        return chess_text.board_text(_fen(state))

    def _limits(self) -> tuple[int, int]:
        """Plies without progress, and earlier positions alike, that end a game."""
        return (100, 2) if self.claims else (150, 4)

    def _ring(self) -> int:
        return self._limits()[0]

    def _drawn(self, state: State) -> Bool[Array, ""]:
        plies, times = self._limits()
        return (state.clock >= plies) | (state.repeats >= times) | (state.left <= 0) | dead(state.position.kinds)

    @partial(jax.jit, static_argnums=0)
    def _begin(
        self, position: Position, black: Bool[Array, ""], clock: Int16[Array, ""], ply: Int16[Array, ""]
    ) -> State:
        words, place = position_hash(position, black), jnp.arange(self._ring(), dtype=jnp.int16)
        return State(
            position=position,
            black=black,
            clock=clock,
            ply=ply,
            left=jnp.int16(self.max_num_moves),
            repeats=jnp.int8(0),
            hashes=jnp.where((place == clock)[None], words[:, None], jnp.uint32(0)),
            past=empty_past(NUM_PAST if self.planes == "alphazero" else 0),
        )

    def _move(self, position: Position, action: Int[Array, ""]) -> tuple[Position, Bool[Array, ""]]:
        """The position after a move, from the other side, with any square behind a pawn that came two squares; whether
        the move was neither a capture nor a pawn's.
        """
        origin, target, promotion = (jnp.asarray(column)[action] for column in actions(self.actions)[:3])
        begin, end = single(origin), single(target)
        kinds, own, rights = position.kinds, position.own, position.rights
        moved = (kinds & begin.each()).any()  # [6] which kind it is
        pawn, king = moved[PAWN], moved[KING]
        onto_own = (own & end).any()
        castles = king & (onto_own if self.chess960 else jnp.abs(target - origin) == 2)
        quiet = ~pawn & (~(kinds & end.each()).any().any() | onto_own)

        side = jnp.where(target > origin, KING_SIDE, QUEEN_SIDE)
        rook = single(rights[0, side].astype(jnp.int32)).only(castles)
        becomes = jnp.arange(KING + 1) == jnp.where(pawn & (target >= 56), promotion, jnp.argmax(moved))
        passed = single(jnp.where(pawn & (target == position.ep.astype(jnp.int32)), target - 8, -1))
        gone = begin | end | rook | passed
        arrives = Bits(*(jnp.where(castles, c, e) for c, e in zip(single(4 * side + 2), end, strict=True)))
        rook_arrives = single(2 * side + 3).only(castles)
        placed = arrives.each().only(becomes) | rook_arrives.each().only(np.arange(KING + 1) == ROOK)
        kinds = (kinds & ~gone.each()) | placed

        files = rights.astype(jnp.int32)
        lost = jnp.stack([king | (files[0] == origin), files[1] + 56 == target])
        jumped = pawn & (target - origin == 16)
        after = turned(
            Position(kinds, (own & ~gone) | arrives | rook_arrives, jnp.where(lost, jnp.int8(-1), rights), position.ep)
        )
        return after._replace(ep=jnp.where(jumped, (origin + 8) ^ 56, -1).astype(jnp.int8)), quiet

    def _legal_now(self, state: State) -> list[int]:
        words, table = np.asarray(_find_now(state.position, self.chess960).words), actions(self.actions)
        return np.flatnonzero(words[table.word] >> table.bit & 1).tolist()

    def _text_moves(self, state: State, chosen: list[int]) -> list[chess_text.Move]:
        fen, turn = _fen(state), 56 if state.black else 0
        table = [column[chosen].tolist() for column in actions(self.actions)[:3]]
        return [chess_text.move_of(fen, a ^ turn, b ^ turn, becomes) for a, b, becomes in zip(*table, strict=True)]


# Of concrete states
_find_now, step_now = jax.jit(find, static_argnums=1), jax.jit(Chess.step, static_argnums=0)
_dead_now = jax.jit(dead)


def _fen(state: State) -> chess_fen.Fen:
    return fen_of(state.position, bool(state.black), int(state.clock), int(state.ply))
