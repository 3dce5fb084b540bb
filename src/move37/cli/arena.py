"""`move37 arena`: everyone against everyone, and ratings."""

import json
from argparse import Namespace
from collections.abc import Callable, Sequence

import jax
import numpy as np
from jaxtyping import Array, Int, Key
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn
from rich.table import Table

from move37 import __version__
from move37.cli.common import check_folder, enable_compilation_cache, make_game, player, split_spec
from move37.core.errors import BadConfig
from move37.core.types import Game, State
from move37.play.arena import Match, Rating, bradley_terry, play_match
from move37.play.players import Player, is_basic
from move37.run.files import write_atomic


class Watched:
    """A player whose moves are counted on the way, under a name of its own."""

    def __init__(self, name: str, player: Player, tell: Callable[[str], None]):
        """`tell` is called with its name before each of its moves."""
        self.name, self._player, self._tell = name, player, tell

    def choose(self, states: State, key: Key[Array, ""]) -> Int[np.ndarray, " B"]:
        """The player's own choice."""
        self._tell(self.name)
        return self._player.choose(states, key)


def run(command: str, options: Namespace) -> int:
    """Play and rate. Ctrl-C rates what was played so far."""
    enable_compilation_cache()
    check_folder(options.out)
    game = _game(options)
    players = [player(spec, game, options.simulations) for spec in options.players]
    console, matches, stopped = Console(), [], False
    columns = TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn()
    with Progress(*columns, console=console, transient=True, disable=not console.is_terminal) as progress:
        task = progress.add_task("compiling", total=len(players) * (len(players) - 1) // 2)
        first, pair, moves = "", "", 0

        def tell(name: str) -> None:
            nonlocal moves
            moves += name == first  # both move at once, each in half of the games
            progress.update(task, description=f"{pair}, move {moves}")

        seats = _seats(players, tell)
        try:
            for i, one in enumerate(seats):
                for j, two in enumerate(seats[:i]):
                    first, pair, moves = one.name, f"{one.name} – {two.name}", 0
                    key = jax.random.fold_in(jax.random.fold_in(jax.random.key(options.seed), i), j)
                    match = play_match(game, one, two, options.games, key, options.openings)
                    matches.append(match)
                    progress.advance(task)
                    result = f"{pair}: +{match.wins} ={match.draws} −{match.losses}"
                    console.print(result, highlight=False, soft_wrap=True)
        except KeyboardInterrupt:
            stopped = True
    if matches:
        ratings = bradley_terry(matches)
        _show(console, game, ratings, matches, options.games)
        if options.out is not None:
            write_atomic(options.out, json.dumps(_report(options, game, ratings, matches, stopped), indent=2).encode())
            print(f"written to {options.out}")
    if stopped:
        print(f"stopped after {len(matches)} of {len(players) * (len(players) - 1) // 2} pairs")
    return 130 if stopped else 0


def _game(options: Namespace) -> Game:
    """What is played. Raises `BadConfig`."""
    if len(options.players) < 2:
        raise BadConfig("an arena of 1 player: name two or more, like RUN random mcts:1000.")
    runs = [spec for spec in options.players if not is_basic(spec)]
    if options.game is None and not runs:
        raise BadConfig("no player is a run: say which game with --game.")
    game = make_game(options.game or split_spec(runs[0])[0].about["game"])
    if game.num_players != 2:
        raise BadConfig(f"{game.name} is a game for one: an arena needs a game for two.")
    return game


def _seats(players: Sequence[Player], tell: Callable[[str], None]) -> list[Player]:
    """A player that comes twice is told apart by a number."""
    seats: list[Player] = []
    for one in players:
        taken = sum(seat.name.partition("#")[0] == one.name for seat in seats)
        seats.append(Watched(f"{one.name}#{taken + 1}" if taken else one.name, one, tell))
    return seats


def _show(console: Console, game: Game, ratings: Sequence[Rating], matches: Sequence[Match], games: int) -> None:
    """Who scored how much against whom, and the ratings."""
    print(f"\n{game.name}, {games} games a pair; scores of the row's player in points out of {games}")
    points: dict[tuple[str, str], float] = {}
    for match in matches:
        points[match.first, match.second] = match.wins + match.draws / 2
        points[match.second, match.first] = match.losses + match.draws / 2
    names = [row.name for row in ratings]
    cross = Table(box=None, padding=(0, 2, 0, 0), header_style="")
    cross.add_column("", no_wrap=True)
    for i in range(len(names)):
        cross.add_column(str(i + 1), justify="right", no_wrap=True)
    cross.add_column("rating", justify="right", no_wrap=True)
    cross.add_column("±", justify="right", no_wrap=True)
    for i, row in enumerate(ratings):
        cells = [f"{points[row.name, other]:g}" if (row.name, other) in points else "·" for other in names]
        cross.add_row(f"{i + 1} {row.name}", *cells, f"{row.points:.0f}", f"{row.plus_minus:.0f}")
    console.print(cross, soft_wrap=True, highlight=False)
    zero = matches[0].second
    print(f"Bradley–Terry, 95 % intervals relative to {zero}, which stands at 0")


def _report(
    options: Namespace, game: Game, ratings: Sequence[Rating], matches: Sequence[Match], stopped: bool
) -> dict[str, object]:
    return {
        "move37": __version__,
        "game": game.name,
        "players": options.players,
        "games": options.games,
        "openings": options.openings,
        "simulations": options.simulations,
        "seed": options.seed,
        "finished": not stopped,
        "ratings": [{"player": r.name, "rating": r.points, "plus_minus": r.plus_minus} for r in ratings],
        "matches": [
            {"first": m.first, "second": m.second, "wins": m.wins, "draws": m.draws, "losses": m.losses}
            for m in matches
        ],
    }
