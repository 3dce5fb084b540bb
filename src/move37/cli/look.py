"""Commands that look and do not train: `plot`, `info`, `export`, `games`, `lineage`, `cite`."""

from argparse import Namespace
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.table import Table

from move37 import games
from move37.cli.common import amount, check_folder, find_run, load_net, make_game, recipe_of, stages_of
from move37.cli.dataset import describe
from move37.recipes import NAMES
from move37.run.directory import Run
from move37.run.display import number


def run(command: str, options: Namespace) -> None:
    """Dispatch."""
    {"plot": _plot, "info": _info, "export": _export, "games": _games, "lineage": _lineage, "cite": _cite}[command](
        options
    )


def _plot(options: Namespace) -> None:
    """Draw the curves of one or more runs into one PNG."""
    from move37.run.plot import plot_runs

    found = [find_run(name) for name in options.runs]
    parts = [part for run in found for part in stages_of(run)]
    out = options.out or found[0].path / "plot.png"
    check_folder(out)
    print(plot_runs(parts, out))


def _info(options: Namespace) -> None:
    """What a run is, how far it got, and its newest numbers; or what a dataset is."""
    if (Path(options.run) / "about.json").exists():
        return describe(Path(options.run))
    found = find_run(options.run)
    rows, about = found.metrics(), found.about
    print(f"{found.path}: {about['recipe']} on {about['game']}, seed {about['seed']}, move37 {about['move37']}")
    print(f"begun {about['created']} on {about['hardware']}")
    (wanted, unit), done = amount(found), rows[-1]["iteration"] if rows else 0
    minutes = f" in {rows[-1]['seconds'] / 60:.1f} minutes" if rows else ""
    print(f"{done} of {wanted} {unit}{minutes}")
    for part in stages_of(found):
        _numbers(part, "" if part is found else f"{part.path.name}, ")
    print("\nconfiguration")
    for line in _lines(about["config"]):
        print(f"  {line}")


def _numbers(run: Run, stage: str) -> None:
    """The newest value of each metric."""
    rows = run.metrics()
    done = rows[-1]["iteration"] if rows else 0
    newest = {name: (row["iteration"], value) for row in rows for name, value in row.items()}
    names = [name for name in newest if name not in ("iteration", "seconds")]
    if names:
        far = f"{done} of {amount(run)[0]} iterations: " if stage else ""
        print(f"\n{stage}{far}newest numbers (docs/run.md and the recipe's page explain them)")
    for name in names:
        iteration, value = newest[name]
        when = "" if iteration == done else f"   at iteration {iteration}"
        if name == "matches":
            played = ", ".join(f"{first} – {second} +{w} ={d} −{n}" for first, second, w, d, n in value)
            print(f"  {name:<30} {played}{when}")
        elif isinstance(value, int | float):
            print(f"  {name:<30} {number(value):>10}{when}")


def _lines(config: dict[str, Any], indent: str = "") -> Iterator[str]:
    """A nested configuration, one field a line."""
    width = max((len(name) for name in config), default=0)
    for name, value in config.items():
        if name == "class":
            continue
        if isinstance(value, dict):
            yield f"{indent}{name}: {value.get('class', '')}".rstrip()
            yield from _lines(value, indent + "  ")
        else:
            yield f"{indent}{name:<{width}}  {value if value is not None else 'none'}"


def _export(options: Namespace) -> None:
    """Write the acting net as ONNX: observation [B C H W] → policy logits [B A], value [B]."""
    from move37.nets.onnx import OPSET, to_onnx
    from move37.run.files import write_atomic

    check_folder(options.out)
    found, game, net, chosen = load_net(options.run)
    path = options.out or found.path / f"net-{chosen}.onnx"
    write_atomic(path, to_onnx(net).SerializeToString())
    shape = ", ".join(map(str, game.observation_shape))
    print(f"{path}: the net of iteration {chosen}, ONNX opset {OPSET}")
    print(f"  in:  observation float32 [B, {shape}], planes as the agent to move sees them")
    print(f"  out: policy float32 [B, {game.num_actions}], logits before illegal moves are masked; value float32 [B]")
    print("load it with")
    print("  import onnxruntime")
    print(f'  session = onnxruntime.InferenceSession("{path}")')
    print('  policy, value = session.run(None, {"observation": observation})')


def _games(options: Namespace) -> None:
    """All games, with the size of their actions and observations."""
    table = Table()
    for column in ("game", "players", "actions", "observation", "longest"):
        table.add_column(column)
    for name in games.names():
        game = make_game(name)
        shape = "×".join(map(str, game.observation_shape))
        table.add_row(name, str(game.num_players), str(game.num_actions), shape, str(game.max_num_moves))
    Console().print(table)
    print("boards of other sizes: go_13x13; Pgx: pgx:ID; your own: path/to/file.py:ClassName")


def _lineage(options: Namespace) -> None:
    """The map of the family, computed from the recipes that there are."""
    for name in NAMES:
        row = dict(recipe_of(name).LINEAGE)
        signs = "".join(f" {sign} {row[key]}" for key, sign in (("minus", "−"), ("plus", "+")) if row.get(key))
        print(f"{row['system']} = {row.get('parent') or 'the start'}{signs}   (move37 train {name})")
        for slot in ("data", "model", "search", "targets"):
            print(f"  {slot:<8} {row[slot]}")


def _cite(options: Namespace) -> None:
    """BibTeX of the paper behind a recipe."""
    print(recipe_of(options.recipe).CITATION)
