"""The position that a client has set up last, with what came before it."""

from collections.abc import Hashable, Iterable
from functools import cache
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np

from move37.core.errors import BadConfig
from move37.core.types import Game, State
from move37.engines.dialect import Dialect
from move37.engines.gtp import shown


class _Ply(NamedTuple):
    """A move as it was written and read, and where it led."""

    text: str
    action: int
    state: State


@cache
def _programs(game: Game) -> tuple[Any, Any, Any]:
    return jax.jit(game.step), jax.jit(game.legal), jax.jit(game.to_play)


class Table:
    """One game. The moves that two lines of `position` have in common are read and played once."""

    def __init__(self, dialect: Dialect):
        """With the first position of a game."""
        self._dialect = dialect
        self._step, self._legal, self._to_play = _programs(dialect.game)
        self._begin = ("startpos", dialect.position(dialect.words.start))
        self._plies: list[_Ply] = []

    @property
    def state(self) -> State:
        """Where the game stands."""
        return self._plies[-1].state if self._plies else self._begin[1]

    @property
    def origin(self) -> Hashable:
        """What the first position is called."""
        return self._begin[0]

    @property
    def actions(self) -> tuple[int, ...]:
        """The moves from there."""
        return tuple(ply.action for ply in self._plies)

    @property
    def player(self) -> int:
        """Whose turn it is: 0 the first player, 1 the second."""
        return int(self._to_play(self.state))

    def legal(self) -> set[int]:
        """The actions that the rules allow."""
        return set(np.flatnonzero(np.asarray(self._legal(self.state))).tolist())

    def set_up(self, words: list[str]) -> None:
        """`startpos` or a position, then perhaps `moves …`. Raises `Move37Error`; then nothing is changed."""
        own = self._dialect.words
        middle = words.index("moves") if "moves" in words else len(words)
        name, texts = " ".join(words[:middle]), words[middle + 1 :]
        if words[:1] not in (["startpos"], [own.setup]) or (name != "startpos" and words[0] == "startpos"):
            got = shown(name) or "nothing"
            raise BadConfig(f"position: got {got}; allowed: startpos or {own.setup} and a position, then moves.")
        same, begin = 0, self._begin
        if name == begin[0]:
            pairs = zip(texts, self._plies, strict=False)
            same = next(
                (i for i, (text, ply) in enumerate(pairs) if text != ply.text), min(len(texts), len(self._plies))
            )
        else:
            begin = (name, self._dialect.position(own.start if name == "startpos" else " ".join(words[1:middle])))
        plies = self._plies[:same]
        state = plies[-1].state if plies else begin[1]
        for text in texts[same:]:
            action = self._dialect.read(state, text)
            state = self._step(state, jnp.int32(action)).state
            plies.append(_Ply(text, action, state))
        self._begin, self._plies = begin, plies

    def line(self, actions: Iterable[int]) -> list[str]:
        """Moves that may follow, as text."""
        texts, state = [], self.state
        for action in actions:
            texts.append(self._dialect.write(state, action))
            state = self._step(state, jnp.int32(action)).state
        return texts
