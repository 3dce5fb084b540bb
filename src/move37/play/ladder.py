"""The rating of an agent while it grows: every newcomer plays those before it."""

from collections.abc import Callable
from typing import Any

import jax
from jaxtyping import Array, Key

from move37.core.types import Game
from move37.learn.update import kept
from move37.play.arena import Match, bradley_terry, play_match
from move37.play.players import Player, RandomPlayer, net_player

Load = Callable[[Any, int], tuple[int, Any]]  # `Run.load_net`: (like this net, iteration) → (iteration, its net)


class Ladder:
    """Rating points above random play, by all matches so far jointly.

    A newcomer plays its predecessor, the one half as old, and random play for as long as that still scores. Ratings
    are those of chains of close relatives: good for seeing whether a run still improves, not for comparing runs. An
    arena does that.
    """

    def __init__(self, game: Game, num_simulations: int, games: int = 20):
        """`games` of each pair. Games for one player have no ratings."""
        self.game, self.num_simulations, self.games = game, num_simulations, games
        self.matches: list[Match] = []
        self._players: dict[int, Player] = {}

    def challenge(self, iteration: int, net: Any, key: Key[Array, ""], load: Load) -> dict[str, Any]:
        """Play and rate the net of this iteration: `rating`, its 95 % interval, and the `matches` themselves."""
        if self.game.num_players != 2:
            return {}
        newcomer = net_player(str(iteration), self.game, kept(net), self.num_simulations)
        earlier = list(dict.fromkeys(int(m.first) for m in self.matches))
        chosen = dict.fromkeys(earlier[-1:] + earlier[len(earlier) // 2 - 1 : len(earlier) // 2])
        opponents: list[Player] = [RandomPlayer(self.game)] if self._random_scores() else []
        opponents += [self._player(i, net, load) for i in chosen]
        played = [
            play_match(self.game, newcomer, opponent, self.games, jax.random.fold_in(key, i))
            for i, opponent in enumerate(opponents)
        ]
        self.matches += played
        self._players = {i: self._players[i] for i in chosen} | {iteration: newcomer}
        rating = next(row for row in bradley_terry(self.matches) if row.name == newcomer.name)
        rows = [[m.first, m.second, m.wins, m.draws, m.losses] for m in played]
        return {"rating": rating.points, "rating_plus_minus": rating.plus_minus, "matches": rows}

    def restore(self, rows: list[dict[str, Any]]) -> None:
        """Take up the matches that the metrics of a run tell of."""
        self.matches = [Match(*match) for row in rows for match in row.get("matches", ())]

    def _random_scores(self) -> bool:
        last = [m for m in self.matches if m.second == "random"]
        return not last or last[-1].wins < self.games

    def _player(self, iteration: int, like: Any, load: Load) -> Player:
        """An earlier net, from memory or, after a resume, from the run."""
        if iteration not in self._players:
            net = load(like, iteration)[1]
            self._players[iteration] = net_player(str(iteration), self.game, net, self.num_simulations)
        return self._players[iteration]
