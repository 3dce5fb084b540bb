"""`move37 arena`: everyone against everyone, and ratings."""

import json
from argparse import Namespace
from collections.abc import Sequence
from contextlib import ExitStack, closing
from dataclasses import asdict
from typing import Any

import jax
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn
from rich.table import Table

from move37 import __version__
from move37.cli.common import (
    Skill,
    check_folder,
    enable_compilation_cache,
    make_game,
    player,
    split_spec,
    stoppable,
)
from move37.cli.game_files import Places, check_places, failure, report_row, side_names
from move37.core.errors import BadConfig
from move37.core.types import Game, Opening
from move37.data.openings import read_book
from move37.engines.agreement import Settled, settle
from move37.engines.others import EnginePlayer, engine_player, is_engine
from move37.play.arena import Match, Rating, bradley_terry, count
from move37.play.match import Follower, play_games
from move37.play.players import Player, is_basic
from move37.play.sprt import Sprt, count_pairs
from move37.run.files import write_atomic

Seat = Player | Follower
_AT_ONCE_SPRT = 32  # games
_TOLD = 20  # games between two reports of a test
_MOST_TOLD = 3  # failures of a pair that are told one by one


def run(command: str, options: Namespace) -> int:
    """Play and rate. Ctrl-C rates what was played so far."""
    enable_compilation_cache()
    check_folder(options.out)
    game = _game(options)
    kept = check_places(game, options)
    options.sprt = options.sprt and Sprt(*options.sprt, *options.sprt_errors)
    console, played = Console(), dict[tuple[str, str], list[Settled]]()
    with ExitStack() as stack, stoppable():
        seats = _seats(game, options, stack)
        stopped = _play(console, game, seats, options, played, kept)
    matches = [count(*names, (end.played for end in games)) for names, games in played.items() if games]
    if matches:
        ratings = bradley_terry(matches)
        _show(
            console,
            game,
            ratings,
            matches,
            len(played[seats[1].name, seats[0].name]) if options.sprt else options.games,
        )
        if options.out is not None:
            report = _report(options, game, seats, ratings, matches) | {"finished": not stopped}
            report |= _games_of(game, played)
            write_atomic(options.out, json.dumps(report, indent=2).encode())
            print(f"written to {options.out}")
    if stopped:
        print(f"stopped after {sum(map(len, played.values()))} of {options.games * len(_pairs(seats, options))} games")
    return 130 if stopped else 0


def _play(
    console: Console,
    game: Game,
    seats: list[Seat],
    options: Namespace,
    played: dict[tuple[str, str], list[Settled]],
    kept: Places,
) -> bool:
    """All games, into `played` and onto the disk. True where somebody stopped it."""
    columns = TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn()
    pairs, book = _pairs(seats, options), _book(game, options)
    with Progress(*columns, console=console, transient=True, disable=not console.is_terminal) as progress:
        task = progress.add_task("compiling", total=len(pairs) * options.games)
        try:
            for number, (i, j) in enumerate(pairs, 1):
                one, two = seats[i], seats[j]
                pair = f"{one.name} – {two.name}"

                def tell(moves: int, pair: str = pair) -> None:
                    progress.update(task, description=f"{pair}, move {moves + 1}")

                key = jax.random.fold_in(jax.random.fold_in(jax.random.key(options.seed), i), j)
                games = played[one.name, two.name] = []
                start = options.games, key, 0 if book else options.openings, tell, book, _at_once(options)
                with closing(play_games(game, one, two, *start)) as ends:
                    for end in ends:
                        games.append(settle(game, end, not options.as_it_stands))
                        kept.keep(game, number, games[-1])
                        _warn(console, game, games)
                        progress.advance(task)
                        if options.sprt and _decided(console, options.sprt, games):
                            break
                _tell(console, game, games)
        except KeyboardInterrupt:
            return True
    return False


def _book(game: Game, options: Namespace) -> list[Opening]:
    """The openings of a file; none where they are drawn."""
    return [] if isinstance(options.openings, int) else read_book(options.openings, game)


def _at_once(options: Namespace) -> int:
    """A test that may end soon begins no more games than it needs."""
    return (options.at_once or _AT_ONCE_SPRT) if options.sprt else 0


def _decided(console: Console, sprt: Sprt, games: list[Settled]) -> bool:
    """Whether the test has an answer, which is told with the ratio at each finished pair that brings one nearer."""
    pairs = count_pairs({end.played.number: -end.played.score for end in games})  # the first named is player 1
    verdict, (lower, upper) = sprt.verdict(pairs), sprt.bounds
    if verdict or (sum(pairs) and len(games) % _TOLD == 0):
        ends = f" {verdict} accepted: {sprt.elo1 if verdict == 'H1' else sprt.elo0:g} points" if verdict else ""
        counts = " ".join(map(str, pairs))
        line = f"  SPRT {sprt.elo0:g} {sprt.elo1:g}: LLR {sprt.ratio(pairs):.2f} in [{lower:.2f}, {upper:.2f}]"
        console.print(f"{line}, pairs {counts}{ends}", highlight=False, markup=False, soft_wrap=True)
    return bool(verdict)


def _pairs(seats: Sequence[Seat], options: Namespace) -> list[tuple[int, int]]:
    """Who meets whom: indices of seats, the later one first."""
    return [(i, j) for i in range(len(seats)) for j in range(i) if j == 0 or not options.gauntlet]


def _warn(console: Console, game: Game, games: list[Settled]) -> None:
    """What broke the newest game of a pair."""
    if _broken(games[-1]) and sum(map(_broken, games)) <= _MOST_TOLD:
        console.print(f"  {failure(game, games[-1].played)}", highlight=False, markup=False, soft_wrap=True)


def _broken(end: Settled) -> bool:
    """Whether somebody broke down or broke the rules."""
    return end.played.ending in ("time", "forfeit")


def _tell(console: Console, game: Game, games: list[Settled]) -> None:
    """The result of a pair, and with which colours."""
    first, second = games[0].played.names
    ends = [end.played for end in games]
    rows = [ends, *([played for played in ends if played.sides[side] == 0] for side in (0, 1))]
    every, black, white = (f"+{m.wins} ={m.draws} −{m.losses}" for m in (count(first, second, row) for row in rows))
    names = side_names(game)
    lines = [f"{first} – {second}: {every}", f"  {first} as {names[0]} {black}, as {names[1]} {white}"]
    notes = {
        "broke down": sum(map(_broken, games)),
        "had dead stones given up": sum(bool(end.given_up) for end in games),
        "won by another in an engine's count": sum(end.disputed for end in games),
    }
    lines += [f"  {number} {what}" for what, number in notes.items() if number]
    console.print("\n".join(lines), highlight=False, markup=False, soft_wrap=True)


def _game(options: Namespace) -> Game:
    """What is played. Raises `BadConfig`."""
    if len(options.players) < 2:
        raise BadConfig("an arena of 1 player: name two or more, like RUN random mcts:1000.")
    runs = [spec for spec in options.players if not is_basic(spec) and not is_engine(spec)]
    if options.game is None and not runs:
        raise BadConfig("no player is a run: say which game with --game.")
    if options.sprt and len(options.players) != 2:
        raise BadConfig(f"--sprt tests the first player against the second: got {len(options.players)} players.")
    game = make_game(options.game or split_spec(runs[0])[0].about["game"])
    if game.num_players != 2:
        raise BadConfig(f"{game.name} is a game for one: an arena needs a game for two.")
    return game


def _seats(game: Game, options: Namespace, stack: ExitStack) -> list[Seat]:
    """All players. One that comes twice is told apart by a number. Engines end with the `stack`."""
    seats: list[Seat] = []
    for spec in options.players:
        seat: Seat
        if is_engine(spec):
            seat = engine_player(spec, game, options.timeout, options.at_once or 0)
            stack.callback(seat.close)
        else:
            seat = player(spec, game, Skill.of(options))
        taken = sum(other.name.partition("#")[0] == seat.name for other in seats)
        seat.name += f"#{taken + 1}" if taken else ""
        seats.append(seat)
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
    options: Namespace, game: Game, seats: Sequence[Seat], ratings: Sequence[Rating], matches: Sequence[Match]
) -> dict[str, Any]:
    engines = [seat for seat in seats if isinstance(seat, EnginePlayer)]
    return {
        "move37": __version__,
        "game": game.name,
        "players": options.players,
        "games": options.games,
        "gauntlet": options.gauntlet,
        "openings": options.openings if isinstance(options.openings, int) else str(options.openings),
        "sprt": asdict(options.sprt) if options.sprt else None,
        "simulations": options.simulations,
        "average": options.average,
        "playouts": options.playouts,
        "timeout": options.timeout,
        "seed": options.seed,
        "engines": [
            {"player": seat.name, "command": seat.command, "name": seat.engine, "version": seat.version}
            for seat in engines
        ],
        "ratings": [{"player": r.name, "rating": r.points, "plus_minus": r.plus_minus} for r in ratings],
        "matches": [
            {"first": m.first, "second": m.second, "wins": m.wins, "draws": m.draws, "losses": m.losses}
            for m in matches
        ],
    }


def _games_of(game: Game, played: dict[tuple[str, str], list[Settled]]) -> dict[str, Any]:
    ends = [end for games in played.values() for end in sorted(games, key=lambda end: end.played.number)]
    rows = [report_row(game, end) for end in ends]
    return {"played": rows, "failures": [row for row in rows if row["ending"] in ("time", "forfeit")]}
