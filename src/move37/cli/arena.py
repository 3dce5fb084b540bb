"""`move37 arena`: everyone against everyone, and ratings."""

from dataclasses import dataclass
from typing import Annotated

import jax
import tyro
from rich.console import Console
from rich.table import Table

from move37.cli.common import agent, enable_compilation_cache, player
from move37.core.errors import BadConfig
from move37.games import make
from move37.play.arena import bradley_terry, tournament


@dataclass(frozen=True)
class Options:
    """Players are RUN, RUN@ITERATION, random, mcts:PLAYOUTS, and solver where there is one."""

    players: tyro.conf.Positional[tuple[str, ...]]
    games: int = 50  # of each pair; every opening is played twice, with colours swapped
    simulations: int = 128  # of a run's agent, a move; 0 plays its net alone
    game: str | None = None  # needed if no player is a run
    seed: int = 0


def run(command: str, arguments: list[str]) -> None:
    """Play and rate."""
    enable_compilation_cache()
    options: Options = tyro.cli(Annotated[Options, tyro.conf.arg(name="")], prog="move37 arena", args=arguments)
    if len(options.players) < 2:
        raise BadConfig(f"an arena of {len(options.players)} players: name two or more, like RUN random mcts:1000.")
    runs = [spec for spec in options.players if spec not in ("random", "solver") and not spec.startswith("mcts:")]
    if options.game is None and not runs:
        raise BadConfig("no player is a run: say which game with --game.")
    game = make(options.game) if options.game else agent(runs[0], 1)[0]
    players = [player(spec, game, options.simulations) for spec in options.players]
    console, matches = Console(), []
    with console.status("playing") as status:
        for match in tournament(game, players, options.games, jax.random.key(options.seed)):
            matches.append(match)
            console.print(
                f"{match.first} – {match.second}: +{match.wins} ={match.draws} −{match.losses}", highlight=False
            )
            status.update(f"{len(matches)} of {len(players) * (len(players) - 1) // 2} matches played")
    table = Table(title=f"{game.name}, {options.games} games a pair, Bradley–Terry, 95 % intervals")
    table.add_column("player")
    table.add_column("rating", justify="right")
    table.add_column("±", justify="right")
    for row in bradley_terry(matches):
        table.add_row(row.name, f"{row.points:.0f}", f"{row.plus_minus:.0f}")
    console.print(table)
