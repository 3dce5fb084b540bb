"""Matches between players, and ratings from their results."""

from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import cache

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float, Key

from move37.core.errors import BadConfig
from move37.core.types import Game, State, Step
from move37.play.openings import random_opening
from move37.play.players import Player

ELO = 400 / np.log(10)  # rating points of one nat


@dataclass(frozen=True)
class Match:
    """Results of two players, counted for the first."""

    first: str
    second: str
    wins: int
    draws: int
    losses: int


def play_match(game: Game, one: Player, two: Player, games: int, key: Key[Array, ""], opening_moves: int = 4) -> Match:
    """`games` games: each random opening twice, with colours swapped. Raises `BadConfig` for an odd number."""
    if games < 2 or games % 2:
        raise BadConfig(f"a match of {games} games: it must be an even number, because colours are swapped.")
    if game.num_players != 2:
        raise BadConfig(f"{game.name} has {game.num_players} player: an arena needs a game for two.")
    pairs = games // 2
    first, lengths, moves, play = jax.random.split(key, 4)
    open_all, step = _compiled(game, opening_moves)
    length = jax.random.randint(lengths, (pairs,), 0, opening_moves + 1)
    start = open_all(jax.random.split(first, pairs), length, jax.random.split(moves, pairs))
    states = jax.tree.map(lambda x: jnp.concatenate([x, x]), start)
    sign = np.repeat([1.0, -1.0], pairs)  # 1 where the first player is to move
    alive, total, t = np.ones(games, bool), np.zeros(games), 0
    while alive.any():
        action = np.zeros(games, np.int32)
        for player, turn in ((one, sign > 0), (two, sign < 0)):
            if (turn & alive).any():
                action = np.where(turn, player.choose(states, jax.random.fold_in(play, t)), action)
        after = step(states, jnp.asarray(action, jnp.int32))
        reward, discount = np.asarray(after.reward), np.asarray(after.discount)
        total += np.where(alive, sign * reward, 0)
        sign = np.where(discount < 0, -sign, sign)
        alive &= discount != 0
        states, t = after.state, t + 1
    return Match(one.name, two.name, int((total > 0).sum()), int((total == 0).sum()), int((total < 0).sum()))


@cache
def _compiled(game: Game, opening_moves: int) -> tuple[Callable[..., State], Callable[..., Step]]:
    """(openings, moves) of many games at once, compiled once for all matches."""

    def open_one(init: Array, length: Array, key: Array) -> State:
        return random_opening(game, game.init(init), length, opening_moves, key)[0]

    return jax.jit(jax.vmap(open_one)), jax.jit(jax.vmap(game.step))


def tournament(game: Game, players: Sequence[Player], games: int, key: Key[Array, ""]) -> Iterator[Match]:
    """Everyone against everyone."""
    for i, one in enumerate(players):
        for j, two in enumerate(players[:i]):
            yield play_match(game, one, two, games, jax.random.fold_in(jax.random.fold_in(key, i), j))


@dataclass(frozen=True)
class Rating:
    """Rating points of a player with half the width of a 95 % interval."""

    name: str
    points: float
    plus_minus: float


def bradley_terry(matches: Sequence[Match]) -> list[Rating]:
    """P(i beats j) = σ(r_i − r_j), all matches jointly; a draw is half a win; the first-named player stands at 0.

    Maximum a posteriori by Newton's method with a prior of one drawn game between any two that met, so that a player
    who won every game has a finite rating. Intervals from the curvature (Laplace), relative to the player at 0.
    Source: Bradley and Terry, Biometrika 1952; Hunter, Annals of Statistics 2004.
    """
    if not matches:
        return []
    names = list(dict.fromkeys(name for match in matches for name in (match.second, match.first)))
    index = {name: i for i, name in enumerate(names)}
    met = Counter(frozenset((match.first, match.second)) for match in matches)
    rating = np.zeros(len(names))
    for _ in range(100):
        gradient, curvature = np.zeros(len(names)), np.zeros((len(names), len(names)))
        for match in matches:
            i, j = index[match.first], index[match.second]
            prior = 1 / met[frozenset((match.first, match.second))]  # one game a pair, in however many matches it met
            count = match.wins + match.draws + match.losses + prior
            expected = 1 / (1 + np.exp(rating[j] - rating[i]))
            slope = match.wins + 0.5 * (match.draws + prior) - count * expected
            weight = count * expected * (1 - expected)
            gradient[[i, j]] += slope, -slope
            curvature[[i, j], [i, j]] += weight
            curvature[[i, j], [j, i]] -= weight
        change = np.linalg.solve(curvature[1:, 1:], gradient[1:])
        rating[1:] += np.clip(change, -2, 2)
        if np.abs(change).max(initial=0) < 1e-9:
            break
    spread = np.sqrt(np.diag(np.linalg.inv(curvature[1:, 1:])))
    widths: Float[np.ndarray, " n"] = np.concatenate([[0.0], 1.96 * spread])
    rows = [Rating(n, float(r * ELO), float(w * ELO)) for n, r, w in zip(names, rating, widths, strict=True)]
    return sorted(rows, key=lambda row: -row.points)
