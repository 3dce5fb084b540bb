"""A game in progress as people handle it: with its history, from and to a file; and what an agent thinks of it."""

import json
import os
from collections.abc import Sequence
from pathlib import Path

import jax
import jax.numpy as jnp
import numpy as np

from move37.core.errors import BadRun, IllegalMove
from move37.core.types import Game, State
from move37.play.players import LatentPlayer, NetPlayer, PlayoutPlayer
from move37.run.records import read_games
from move37.search.line import principal_line


class Table:
    """One game."""

    def __init__(self, game: Game, seed: int):
        """A new game; worlds with chance draw their start from the seed."""
        self.game = game
        self._step, self._legal = jax.jit(game.step), jax.jit(game.legal)
        self.begin(np.array([0, seed], np.uint32))

    def begin(self, init_key: np.ndarray) -> None:
        """Back to a first state."""
        self.init_key = init_key
        self.states: list[State] = [self.game.init(jax.random.wrap_key_data(jnp.asarray(init_key)))]
        self.moves: list[int] = []
        self.rewards: list[float] = []  # of the side that moved
        self.discounts: list[float] = []
        self.values: list[float | None] = []  # of the side that moved; None where nobody searched
        self.over = False

    @property
    def state(self) -> State:
        """Where the game stands."""
        return self.states[-1]

    @property
    def mover(self) -> int:
        """0 or 1."""
        return int(self.game.to_play(self.state))

    @property
    def outcome(self) -> float:
        """The return so far of the agent that made the first move."""
        total = 0.0
        for reward, discount in zip(self.rewards[::-1], self.discounts[::-1], strict=True):
            total = reward + discount * total
        return total

    def legal(self) -> list[int]:
        """The legal actions."""
        return np.flatnonzero(np.asarray(self._legal(self.state))).tolist()

    def name(self, action: int) -> str:
        """As people of this game write it."""
        return self.game.describe(self.state, action)

    def names(self, line: Sequence[int]) -> list[str]:
        """The same of moves one after another; outcomes of chance, which come behind the actions, have no names."""
        state, found, known = self.state, list[str](), True
        for action in line:
            known = known and action < self.game.num_actions and bool(self._legal(state)[action])
            if known:
                found.append(self.game.describe(state, action))
                state = self._step(state, jnp.int32(action)).state
            else:  # a learned model may expect what the rules forbid
                chance = action - self.game.num_actions
                found.append(f"chance:{chance}" if chance >= 0 else self.game.format_action(action))
        return found

    def parse(self, text: str) -> int:
        """The inverse of `name`. Raises ValueError."""
        return self.game.read(self.state, text)

    def listing(self, most: int = 60) -> str:
        """The legal moves as text; `most` of them."""
        actions = self.legal()
        more = f" and {len(actions) - most} more" if len(actions) > most else ""
        return " ".join(self.name(action) for action in actions[:most]) + more

    def play(self, action: int, value: float | None = None) -> None:
        """One move, with what a search said of it. Raises `IllegalMove`."""
        if self.over or action not in self.legal():
            shown = "the game is over" if self.over else f"legal: {self.listing()}"
            raise IllegalMove(f"{self.game.name}: {self.name(action)} is not legal here; {shown}.")
        step = self._step(self.state, jnp.int32(action))
        self.states.append(step.state)
        self.moves.append(action)
        self.rewards.append(float(step.reward))
        self.discounts.append(float(step.discount))
        self.values.append(value)
        self.over = self.discounts[-1] == 0

    def undo(self) -> None:
        """Take one move back, if there is one."""
        if self.moves:
            for history in (self.states, self.moves, self.rewards, self.discounts, self.values):
                history.pop()
            self.over = False

    def result(self) -> str:
        """Who won."""
        if self.game.num_players == 1:
            return f"return {self.outcome:g}"
        winner = int(self.game.to_play(self.states[0])) ^ (self.outcome < 0)
        return "a draw" if self.outcome == 0 else f"{self.game.sides[winner]} wins"

    def ending(self) -> str:
        """The result, and what it was decided by."""
        return ", ".join(filter(None, (self.result(), self.game.tally(self.state))))

    def save(self, path: Path) -> int:
        """Append the game to a file of records; the number of its line. Raises `BadRun`."""
        lines = len(list(read_games(path))) if path.exists() else 0  # not into a file that holds something else
        record = {
            "game": self.game.name,
            "iteration": 0,
            "init_key": self.init_key.tolist(),
            "opening": [],
            "actions": self.moves,
            "rewards": self.rewards,
            "root_values": [None if value is None else round(value, 4) for value in self.values],
            "result": self.outcome if self.over else None,
        }
        try:
            with path.open("a") as file:
                file.write(json.dumps(record) + "\n")
                file.flush()
                os.fsync(file.fileno())
        except OSError as error:
            raise BadRun(f"cannot write {path}: {error.strerror}.") from error
        return lines + 1

    def load(self, path: Path, line: int | None = None) -> int:
        """Take up a game of a file of records, the last unless told which; the number of its line. Raises `BadRun`."""
        records = list(read_games(path))
        number = len(records) if line is None else line
        if not 1 <= number <= len(records):
            raise BadRun(f"{path} has {len(records)} games; there is no number {number}.")
        record = records[number - 1]
        if record["game"] != self.game.name:
            raise BadRun(f"{path}:{number} is a game of {record['game']}, not of {self.game.name}.")
        values = [None] * len(record["opening"]) + list(record.get("root_values", []))
        other = Table(self.game, 0)
        try:
            other.begin(np.array(record["init_key"], np.uint32))
            for i, action in enumerate(record["moves"]):
                other.play(int(action), values[i] if i < len(values) else None)
        except (IllegalMove, KeyError, TypeError, ValueError, IndexError, OverflowError) as error:
            raise BadRun(f"{path}:{number} does not replay: {error}") from error
        self.__dict__.update(other.__dict__)
        return number


class Opponent:
    """An agent at the table."""

    def __init__(self, player: NetPlayer | LatentPlayer | PlayoutPlayer, searches: bool):
        """`searches` False: it plays its net's first choice."""
        self.name, self._player, self._searches = player.name, player, searches

    def choose(self, table: Table) -> tuple[int, float | None]:
        """Its move, and what its search says the position is worth to the mover; None without a search."""
        if not self._searches:
            return int(self._player.choose(_batch(table), jax.random.key(0))[0]), None
        result = self._player.think(_batch(table))
        return int(result.action[0]), float(result.value[0])

    def thoughts(self, table: Table) -> str:
        """Prior, visits and Q of the moves that were looked at, and the principal variation: as the mover sees it."""
        result = self._player.think(_batch(table))
        prior = np.exp(np.asarray(result.tree.root_logits[0]))
        visits, q_values = np.asarray(result.visit_counts[0]), np.asarray(result.q_values[0])
        view = "expected return" if table.game.num_players == 1 else f"for {table.game.sides[table.mover]}, to move"
        lines = [f"value {float(result.value[0]):+.3f} {view}", f"{'move':>6} {'prior':>7} {'visits':>7} {'Q':>7}"]
        for action in np.lexsort((-q_values, -visits))[:12]:
            if visits[action]:
                name = table.name(int(action))
                lines.append(f"{name:>6} {prior[action]:7.3f} {visits[action]:7d} {q_values[action]:+7.3f}")
        expected = [step.action for step in principal_line(result.tree, int(result.action[0]))]
        return "\n".join([*lines, f"expects {' '.join(table.names(expected))}"])


def _batch(table: Table) -> State:
    return jax.tree.map(lambda x: jnp.asarray(x)[None], table.state)
