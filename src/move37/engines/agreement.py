"""Who won? The rules of the game decide, but for dead stones that their own side gives up; and who counts otherwise.

In `games.go` dead stones count as alive. People agree on them instead of taking them, and so do programs that learned
from people. What an engine calls dead among the *other's* stones it has to take (`gtp_player`); its *own* stones that
it calls dead are taken off before the count, because nobody gives up stones to win.
"""

from collections.abc import Callable
from dataclasses import replace
from functools import cache
from typing import NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array

from move37.core.types import Game, State
from move37.data.record import BLACK, WHITE, Kind, Result, read_result
from move37.data.written import first_colour
from move37.games.go import Go
from move37.games.othello import Othello
from move37.play.match import Played

_KINDS: dict[str, Kind] = {"resign": "resign", "time": "time", "forfeit": "forfeit"}


class Settled(NamedTuple):
    """A game with its result."""

    played: Played  # with the score that counts
    result: Result
    by_the_rules: Result  # dead stones left on the board
    given_up: tuple[int, ...] = ()  # points of stones that their own side called dead
    doubts: tuple[str, ...] = ()  # an engine's count, where it is another
    disputed: bool = False  # an engine names another winner


def settle(game: Game, played: Played, give_up: bool = True) -> Settled:
    """The result; `give_up` False: dead stones count as they stand."""
    rules = result = _result(game, played, played.state)
    dead: tuple[int, ...] = ()
    if give_up and isinstance(game, Go) and played.ending == "rules":
        dead = _given_up(played)
    if dead:
        chains = np.array(played.state.chains)
        chains[list(dead)] = 0
        state = played.state._replace(chains=jnp.asarray(chains))
        black = float(np.sign(_count(game)(state)))
        played = replace(played, score=black if played.sides[0] == 0 else -black)
        result = _result(game, played, state)
    doubts, disputed = [], False
    for name, verdict in zip(played.names, played.verdicts, strict=True):
        theirs = read_result(verdict.said)
        if verdict.said and (theirs.winner, theirs.margin) != (result.winner, result.margin):
            doubts.append(f"{name} counts {verdict.said}")
            disputed |= theirs.winner not in (None, result.winner)  # None: not to be read, or not counted
    return Settled(played, result, rules, dead, tuple(doubts), disputed)


def _given_up(played: Played) -> tuple[int, ...]:
    """Points of stones that are dead by the word of the engine whose they are."""
    colours = np.sign(np.asarray(played.state.chains))
    own = {player: (BLACK, WHITE)[side] for side, player in enumerate(played.sides)}
    dead = {point for player in (0, 1) for point in played.verdicts[player].dead if colours[point] == own[player]}
    return tuple(sorted(dead))


def _result(game: Game, played: Played, state: State) -> Result:
    """As Go's records have it; a game that counts nothing has no margin."""
    first = played.score if played.sides[0] == 0 else -played.score  # of who moves first
    black = first * first_colour(game)
    winner = BLACK if black > 0 else WHITE
    if played.ending != "rules":
        return Result(winner, _KINDS[played.ending])
    if black == 0:
        return Result(0, "draw")
    if not isinstance(game, Go | Othello):
        return Result(winner, "win")
    margin = abs(float(_count(game)(state)))
    if isinstance(game, Othello):  # as players count: the winner gets the empty points
        margin += int((np.asarray(state.board) == 0).sum())
    return Result(winner, "score", margin)


@cache
def _count(game: Go | Othello) -> Callable[[State], Array]:
    """Points or discs of one side less the other's."""
    return jax.jit(game.score if isinstance(game, Go) else game.material)
