"""An engine for Go: a game on the table, a thinker, a clock, and how moves are chosen of what was thought."""

import time
from collections.abc import Callable, Generator
from dataclasses import dataclass

import jax
import jax.numpy as jnp
import numpy as np

from move37.core.errors import BadConfig
from move37.core.types import Game
from move37.data.record import GameRecord, Setup
from move37.engines.clock import DEFAULT_VISITS, Clock
from move37.engines.go_game import GoGame, roomy
from move37.games.go import Go, neighbours
from move37.games.go_setup import chain_names
from move37.play.ownership import DEAD, Owners, dead_stones
from move37.play.thinker import Snapshot, Thinker, ThinkerConfig
from move37.search.stepwise import Evaluator

RESIGN = -1  # in place of an action


@dataclass
class EngineConfig:
    """What `move37 gtp` may be told, and what a client may change while it plays."""

    visits: int | None = None  # of the root, a move; None: 800 where nothing limits the time, else no limit
    seconds: float | None = None  # a move, at most; None: as the clock allows
    ponder: bool = False  # think in the opponent's time
    resign: float = 0.05  # a winrate below this, twice in a row; 0: never


class GoEngine:
    """All that the commands of one conversation share."""

    def __init__(self, game: Game, evaluate: Evaluator, config: EngineConfig, thinker: ThinkerConfig | None = None):
        """Raises `BadConfig` for a game that is not Go."""
        if not isinstance(game, Go):
            raise BadConfig(f"got an agent that plays {game.name}; this engine plays Go: give it a run of go_9x9.")
        self.config, self.evaluate, self.clock = config, evaluate, Clock()
        self.rules = roomy(game)
        self.table = GoGame(self.rules, game.komi)
        self.thinker = Thinker(self.table.game, evaluate, thinker)
        self.asked_to_stop: Callable[[], bool] = lambda: False  # whether a client ends the move that is being found
        self._area = jax.jit(lambda chains: self.rules.area(self.table.state._replace(chains=chains)))
        self._hopeless = {1: False, -1: False}  # whether the last move that was found and played was without hope
        self._owners: tuple[bytes, Owners] | None = None

    def warm_up(self) -> None:
        """Compile everything, so that no command waits for it."""
        self.thinker.warm_up(self.table.position().state)
        self.final_margin()
        self.table.play(1, 0)
        self.table.clear()

    def clear(self) -> None:
        """A new game."""
        self.table.clear()
        self.clock.start(self.clock.control)
        self._hopeless = {1: False, -1: False}

    def undo(self) -> None:
        """Take back a move. Raises `IllegalMove` where there is none."""
        self.table.undo()
        self._hopeless = {1: False, -1: False}

    def load(self, record: GameRecord, most_moves: int | None = None) -> None:
        """Take up a recorded game. Raises `IllegalMove`; then nothing is changed."""
        self.table.load(record, most_moves)
        self._hopeless = {1: False, -1: False}

    def set_up(self, setup: Setup) -> None:
        """A new game that begins with these stones. Raises `IllegalMove`; then nothing is changed."""
        begun = GoGame(self.rules, self.table.komi)
        begun.set_up(setup)
        self.clear()
        self.table.__dict__.update(begun.__dict__)

    def think(
        self,
        colour: int,
        visits: int | None = None,
        seconds: float | None = None,
        avoid: frozenset[int] = frozenset(),
        stop: Callable[[], bool] = lambda: False,
    ) -> Generator[int, None, None]:
        """Think about the next move of a colour; after each batch the number of visits."""
        self.thinker.go_to(*self.table.position(colour), avoid)
        return self.thinker.think(visits, seconds, stop)

    def find(self, colour: int, avoid: frozenset[int] = frozenset()) -> Generator[int, None, None]:
        """Think as long as a move of the game may take."""
        seconds = self.clock.seconds(colour, self._moves_left())
        if self.config.seconds is not None:
            seconds = min(self.config.seconds, seconds or self.config.seconds)
        visits = DEFAULT_VISITS if seconds is None and self.config.visits is None else self.config.visits
        return self.think(colour, visits, seconds, avoid, self.asked_to_stop)

    def choose(self, colour: int) -> tuple[int, Snapshot]:
        """The move that the thoughts amount to, or `RESIGN`."""
        snapshot = self.thinker.snapshot()
        action = snapshot.moves[0].action if snapshot.moves else int(snapshot.prior.argmax())
        return (RESIGN if self._hopeless[colour] and self._is_hopeless(snapshot) else action), snapshot

    def _is_hopeless(self, snapshot: Snapshot) -> bool:
        return (1 + snapshot.value) / 2 < self.config.resign

    def play(self, colour: int, action: int, seconds: float | None = None) -> None:
        """A move, which may have taken time. Raises `IllegalMove`."""
        self.table.play(colour, action)
        if seconds is not None:
            self.clock.spend(colour, seconds)

    def play_found(self, colour: int, action: int, snapshot: Snapshot, seconds: float) -> None:
        """The move that was found, if it is not `RESIGN`."""
        if action != RESIGN:
            self.play(colour, action, seconds)
            self._hopeless[colour] = self._is_hopeless(snapshot)

    def move(self, colour: int, avoid: frozenset[int] = frozenset()) -> tuple[int, Snapshot]:
        """Find a move and play it, if it is not `RESIGN`."""
        began = time.monotonic()
        for _ in self.find(colour, avoid):
            pass
        action, snapshot = self.choose(colour)
        self.play_found(colour, action, snapshot, time.monotonic() - began)
        return action, snapshot

    def ponder(self, until: Callable[[], bool]) -> None:
        """Think about the position on the table until somebody speaks, if that is wanted."""
        if self.config.ponder and self.table.moves and not self.table.over:
            for _ in self.think(self.table.player, stop=until):
                pass

    def owners(self) -> np.ndarray:
        """Whose each point will be, from 1 Black to −1 White, by random games from the position on the table."""
        return self._guess().best()

    def owners_so_far(self) -> np.ndarray:
        """The same at once, by some of the games; each time by more of them."""
        return self._guess().better()

    def _guess(self) -> Owners:
        name = self.table.stones.tobytes() + bytes([self.table.player > 0])
        if self._owners is None or self._owners[0] != name:
            self._owners = (name, Owners(self.rules.size, self.table.stones, self.table.player))
        return self._owners[1]

    def dead(self) -> list[int]:
        """The stones that these games take for dead."""
        return dead_stones(self.rules.size, self.table.stones, self.owners())

    def area(self, stones: np.ndarray) -> np.ndarray:
        """Whose each point is, with these stones on the board."""
        return np.asarray(self._area(jnp.asarray(stones, self.table.state.chains.dtype)))

    def final_margin(self) -> float:
        """Black's area less White's and komi, once the dead stones are off.

        While the game goes on, points that nobody has closed off yet belong to whom random games mostly give them.
        """
        stones = self.table.stones
        stones[self.dead()] = 0
        area = self.area(stones).astype(int)
        if not self.table.over:
            owners = self.owners()
            area = np.where((area == 0) & (np.abs(owners) > -DEAD), np.sign(owners).astype(int), area)
        return float(area.sum()) - self.table.komi

    def not_for_cleanup(self, colour: int) -> frozenset[int]:
        """What a player who has to take dead stones off shall not play: all but their liberties, if there are any."""
        size, stones, legal = self.rules.size, self.table.stones, self.table.legal(colour)
        dead = [point for point in self.dead() if stones[point] == -colour]
        if not dead or not legal[:-1].any():
            return frozenset()
        names, _ = chain_names(stones, size)
        chains = np.flatnonzero(np.isin(names, names[dead]))
        beside = np.unique(neighbours(size)[chains])
        wanted = {int(point) for point in beside if point < size**2 and legal[point]}
        return frozenset(range(size**2 + 1)) - wanted if wanted else frozenset({size**2})

    def opinion(self) -> tuple[np.ndarray, float]:
        """The net's prior, 0 where illegal, and its value for the player to move; no search."""
        self.look()
        snapshot = self.thinker.snapshot()
        return snapshot.prior, snapshot.raw_value

    def look(self) -> None:
        """Turn to the position on the table."""
        self.thinker.go_to(*self.table.position())

    def _moves_left(self) -> float:
        """Of one player: a third of the empty points, and some."""
        return 8 + 0.3 * int((self.table.stones == 0).sum())
