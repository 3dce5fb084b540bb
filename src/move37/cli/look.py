"""Commands that look and do not train: `plot`, `info`, `export`, `games`, `lineage`, `cite`."""

import importlib
import json
from pathlib import Path
from typing import Annotated

import tyro
from rich.console import Console
from rich.table import Table

from move37 import games
from move37.cli.common import find_run
from move37.core.errors import UnknownName
from move37.core.types import Game
from move37.recipes import NAMES


def run(command: str, arguments: list[str]) -> None:
    """Dispatch."""
    tyro.cli(globals()[f"_{command}"], prog=f"move37 {command}", args=arguments)


def _plot(runs: tyro.conf.Positional[tuple[str, ...]], out: Path | None = None) -> None:
    """Draw the curves of one or more runs into one PNG."""
    from move37.run.plot import plot_runs

    found = [find_run(name) for name in runs]
    print(plot_runs(found, out or found[0].path / "plot.png"))


def _info(run: tyro.conf.Positional[str]) -> None:
    """What a run is, how far it got, and its newest numbers."""
    found = find_run(run)
    rows, about = found.metrics(), found.about
    print(f"{found.path}: {about['recipe']} on {about['game']}, seed {about['seed']}, move37 {about['move37']}")
    print(f"begun {about['created']} on {about['hardware']}")
    print(f"configuration: {json.dumps(about['config'])}")
    if not rows:
        print("no iteration is finished yet")
        return
    last, wanted = rows[-1], about["config"]["iterations"]
    print(f"{last['iteration']} of {wanted} iterations in {last['seconds'] / 60:.1f} minutes")
    newest = {name: value for row in rows for name, value in row.items()}
    for name, value in newest.items():
        print(f"  {name.replace('_', ' '):32} {value:.6g}" if value is not None else f"  {name}")


def _export(run: tyro.conf.Positional[str], out: Path | None = None) -> None:
    """Write the acting net as ONNX: observation [B C H W] → policy logits [B A], value [B]."""
    from move37.nets.onnx import to_onnx
    from move37.recipes import alphazero
    from move37.run.files import write_atomic

    name, _, iteration = run.partition("@")
    found = find_run(name)
    _, _, net, chosen = alphazero.load(found, int(iteration) if iteration else None)
    path = out or found.path / f"net-{chosen}.onnx"
    write_atomic(path, to_onnx(net).SerializeToString())
    print(path)


def _games() -> None:
    """All games, with the size of their actions and observations."""
    table = Table()
    for column in ("game", "players", "actions", "observation", "longest"):
        table.add_column(column)
    for name in games.names():
        game: Game = games.make(name)
        shape = "×".join(map(str, game.observation_shape))
        table.add_row(name, str(game.num_players), str(game.num_actions), shape, str(game.max_num_moves))
    Console().print(table)
    print("boards of other sizes: go_13x13; Pgx: pgx:ID; your own: path/to/file.py:ClassName")


def _lineage() -> None:
    """The map of the family, computed from the recipes that there are."""
    table = Table()
    rows = [importlib.import_module(f"move37.recipes.{name}").LINEAGE for name in NAMES]
    for column in rows[0]:
        table.add_column(column)
    for row in rows:
        table.add_row(*row.values())
    Console().print(table)


def _cite(recipe: Annotated[str, tyro.conf.Positional] = NAMES[0]) -> None:
    """BibTeX of the paper behind a recipe."""
    if recipe not in NAMES:
        raise UnknownName(f"no recipe {recipe!r}; there are: {', '.join(NAMES)}.")
    print(importlib.import_module(f"move37.recipes.{recipe}").CITATION)
