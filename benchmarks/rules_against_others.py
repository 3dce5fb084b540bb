"""Random games by our rules and by another program's, move by move: the first difference ends the run.

    python benchmarks/rules_against_others.py chess chess960 chess+forced --games 10000

After every move: the same legal moves, the same position in the field's own notation, the same end for the same reason.
In half of the games players like to take their last move back, so that positions repeat. Needs python-chess (`chess`).
"""

import argparse
import collections
import time
from collections.abc import Iterator
from typing import Any, Protocol, cast

import chess
import jax
import numpy as np

from move37 import games
from move37.core.types import Game, take
from move37.games.chess import Chess
from move37.games.chess_actions import PIECES, QUEEN, actions

TAKES_BACK = 0.7  # how likely, where it is legal


class Other(Protocol):
    """Rules of another program, with our numbers of actions."""

    def begin(self, state: Any) -> Any:
        """Its position for one of our first states."""

    def legal(self, position: Any) -> list[int]:
        """Legal actions in rising order."""

    def play(self, position: Any, action: int) -> None:
        """Change its position."""

    def text(self, position: Any) -> str:
        """What `ours` should be."""

    def ours(self, state: Any) -> str:
        """A state of ours in the same notation."""

    def end(self, position: Any) -> tuple[float, str]:
        """(reward of the player who just moved, reason) in our words; the reason is empty while the game goes on."""

    def back(self, action: int) -> int:
        """The action that undoes another one of the same player, or −1."""


class PythonChess:
    """python-chess (N. Fiekas), whose own claims of draws look a move ahead: so each rule is asked for by itself."""

    def __init__(self, game: Chess):
        self._game = game
        table = [x.tolist() for x in actions(game.actions)[:3]]
        self._moves = list(zip(*table, strict=True))
        self._action = {move: action for action, move in enumerate(self._moves) if move[0] != move[1]}

    def begin(self, state: Any) -> chess.Board:
        return chess.Board(self._game.to_fen(state), chess960=self._game.chess960)

    def legal(self, position: chess.Board) -> list[int]:
        turn = 0 if position.turn else 56
        kinds = {None: QUEEN} | {i + 1: i for i in range(len(PIECES))}
        moves = position.generate_legal_moves()
        return sorted(self._action[m.from_square ^ turn, m.to_square ^ turn, kinds[m.promotion]] for m in moves)

    def play(self, position: chess.Board, action: int) -> None:
        origin, target, promotion = self._moves[action]
        turn = 0 if position.turn else 56
        arrives = position.piece_type_at(origin ^ turn) == chess.PAWN and target >= 56
        position.push(chess.Move(origin ^ turn, target ^ turn, promotion + 1 if arrives else None))

    def text(self, position: chess.Board) -> str:
        return f"{position.fen()} check {position.is_check()} repeats {position.is_repetition(2)}"

    def ours(self, state: Any) -> str:
        check = bool(self._game.in_check(state))
        return f"{self._game.to_fen(state)} check {check} repeats {bool(state.repeats >= 1)}"

    def end(self, position: chess.Board) -> tuple[float, str]:
        if position.is_checkmate():
            return 1.0, "checkmate"
        claims = self._game.claims
        reasons = {
            "stalemate": position.is_stalemate(),
            "insufficient material": position.is_insufficient_material(),
            "threefold repetition": claims and position.is_repetition(3),
            "fivefold repetition": position.is_fivefold_repetition(),
            "50 moves without progress": claims and position.is_fifty_moves(),
            "75 moves without progress": position.is_seventyfive_moves(),
            f"{self._game.max_num_moves} plies": len(position.move_stack) == self._game.max_num_moves,
        }
        return 0.0, next((reason for reason, holds in reasons.items() if holds), "")

    def back(self, action: int) -> int:
        origin, target, promotion = self._moves[action]
        return self._action.get((target, origin, promotion), -1)


def other_of(game: Game) -> Other:
    """The program that knows a game."""
    if isinstance(game, Chess):
        return PythonChess(game)
    raise SystemExit(f"{game.name}: no other rules are known here.")


def compare(game: Game, num_games: int, seed: int = 0) -> dict[str, int]:
    """Play games at once and count their ends. Raises AssertionError at the first difference."""
    other, rng, ends = other_of(game), np.random.default_rng(seed), collections.Counter[str]()
    step, legal_of = jax.jit(jax.vmap(game.step)), jax.jit(jax.vmap(game.legal))
    states = jax.jit(jax.vmap(game.init))(jax.random.split(jax.random.key(seed), num_games))
    positions = [other.begin(state) for state in _each(states, num_games)]
    last = np.full((num_games, 2), -1)
    alive = set(range(num_games))
    for t in range(game.max_num_moves + 1):
        legal, chosen = np.asarray(legal_of(states)), np.zeros(num_games, np.int32)
        for i in alive:
            found = np.flatnonzero(legal[i]).tolist()
            assert found == other.legal(positions[i]), f"{game.name}, game {i}, ply {t}: {other.text(positions[i])}"
            back = other.back(last[i, t % 2]) if i % 2 and last[i, t % 2] >= 0 else -1
            chosen[i] = back if back in found and rng.random() < TAKES_BACK else rng.choice(found)
            last[i, t % 2] = chosen[i]
            other.play(positions[i], int(chosen[i]))
        states, reward, discount = step(states, chosen)
        reward, discount = np.asarray(reward), np.asarray(discount)
        for i, state in enumerate(_each(states, num_games)):
            if i not in alive:
                continue
            where = f"{game.name}, game {i}, ply {t}: {other.text(positions[i])}"
            assert other.ours(state) == other.text(positions[i]), f"{where}, ours {other.ours(state)}"
            result, reason = other.end(positions[i])
            assert (reward[i], discount[i]) == (result, 0 if reason else -1), f"{where}, {reason}"
            if reason:
                assert game.tally(state) == reason, f"{where}, {reason}"
                ends[reason] += 1
                alive.discard(i)
        if not alive:
            break
    assert not alive
    return dict(ends)


def _each(states: Any, number: int) -> Iterator[Any]:
    """Concrete states one by one, on the host."""
    states = jax.tree.map(np.asarray, states)
    return (cast(Any, take(states, i)) for i in range(number))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("names", nargs="+", help="games, as in `games.make`")
    parser.add_argument("--games", type=int, default=10_000, help="of each")
    parser.add_argument("--batch", type=int, default=256)
    parser.add_argument("--seed", type=int, default=0)
    args = parser.parse_args()
    for name in args.names:
        ends, began = collections.Counter[str](), time.perf_counter()
        for first in range(0, args.games, args.batch):
            number = min(args.batch, args.games - first)
            ends.update(compare(games.make(name), number, args.seed + first))
        counts = ", ".join(f"{count:,} {reason}" for reason, count in ends.most_common())
        print(f"{name}: {args.games:,} games agree, {time.perf_counter() - began:.0f} s: {counts}", flush=True)


if __name__ == "__main__":
    main()
