"""`move37 train` and `move37 resume`."""

import itertools
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

import tyro

from move37 import games
from move37.cli.common import RUNS, enable_compilation_cache, find_run
from move37.core.errors import UnknownName
from move37.recipes import NAMES, alphazero
from move37.run.config import from_json
from move37.run.directory import Run


@dataclass(frozen=True)
class Options:
    """Which run. Everything else is the recipe's configuration, shown by `move37 train --help` for its preset."""

    game: str = "connect_four"
    preset: str = "laptop"
    name: str | None = None  # of the folder under runs/; made up if not given
    seed: int = 0


def run(command: str, arguments: list[str]) -> None:
    """Dispatch of the two commands."""
    enable_compilation_cache()
    if command == "resume":
        _resume(arguments)
    else:
        _train(arguments)


def _train(arguments: list[str]) -> None:
    recipe = arguments.pop(0) if arguments and not arguments[0].startswith("-") else NAMES[0]
    if recipe not in NAMES:
        raise UnknownName(f"no recipe {recipe!r}; there are: {', '.join(NAMES)}.")
    # Presets decide the defaults of all other options, so these two are looked at first.
    known = dict(itertools.pairwise(arguments)) | dict(a.split("=", 1) for a in arguments if "=" in a)
    game = known.get("--game", Options.game)
    default = alphazero.preset(known.get("--preset", Options.preset), game)
    options, config = tyro.cli(
        tuple[
            Annotated[Options, tyro.conf.arg(name="")],
            Annotated[alphazero.Config, tyro.conf.arg(name="")],
        ],
        prog=f"move37 train {recipe}",
        description=f"Train {recipe}. Defaults below are those of the preset; --preset smoke, laptop, gpu or paper.",
        args=arguments,
        default=(Options(game=game), default),
        config=(tyro.conf.AvoidSubcommands,),
    )
    name = games.make(options.game).name
    path = RUNS / (options.name or _free_name(f"{recipe}-{name}-{options.preset}"))
    out = Run.create(path, recipe, options.game, config, options.seed)
    print(f"{recipe} on {name}, preset {options.preset}, in {path}")
    alphazero.train(config, out)
    _farewell(out)


def _resume(arguments: list[str]) -> None:
    name = tyro.cli(
        Annotated[str, tyro.conf.Positional, tyro.conf.arg(name="run")], prog="move37 resume", args=arguments
    )
    out = find_run(name)
    alphazero.train(from_json(alphazero.Config, out.about["config"]), out, resume=True)
    _farewell(out)


def _free_name(stem: str) -> str:
    stem = f"{stem}-{time.strftime('%Y%m%d')}"
    return next(n for i in itertools.count(1) if not (RUNS / (n := f"{stem}-{i}")).exists())


def _farewell(out: Run) -> None:
    """How strong it is, and what can be done next."""
    rows = out.metrics()
    errors = [row["solver_error"] for row in rows if row.get("solver_error") is not None]
    if errors:
        print(f"with search it gives {100 * errors[-1]:.1f} % of known results away (solver error)")
    done, path = (rows[-1]["iteration"] if rows else 0), _short(out.path)
    if out.interrupted and done < out.about["config"]["iterations"]:
        print(f"stopped after iteration {done}; everything is saved. Go on with: move37 resume {path}")
    else:
        print(f"done after {out.seconds / 60:.1f} minutes and {done} iterations")
    print(f"play:  move37 play {path}\nwatch: move37 watch {path}\nrate:  move37 arena {path} random mcts:1000")
    print(f"plot:  move37 plot {path}")


def _short(path: Path) -> str:
    return path.name if path.parent == RUNS else str(path)
