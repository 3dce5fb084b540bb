"""`move37 train` and `move37 resume`."""

import contextlib
import dataclasses
import io
import itertools
import json
import re
import time
from argparse import Namespace
from collections.abc import Iterator
from contextlib import AbstractContextManager, nullcontext
from pathlib import Path
from typing import Annotated, Any

from move37.cli.commands import COMMANDS
from move37.cli.common import (
    amount,
    enable_compilation_cache,
    find_run,
    load_net,
    make_game,
    make_world,
    recipe_of,
    stoppable,
)
from move37.cli.options import PRESETS, RUNS, Parser, did_you_mean, program
from move37.core.errors import BadConfig, BadRun, UnknownName
from move37.core.types import Game
from move37.games.check import check
from move37.recipes import GAMES, LEARNED, STAGES
from move37.run import checkpoints
from move37.run.config import from_json
from move37.run.directory import Run
from move37.run.files import write_atomic


def run(command: str, options: Namespace) -> int:
    """Dispatch of the two commands."""
    enable_compilation_cache()
    return _resume(options) if command == "resume" else _train(options)


def _train(options: Namespace) -> int:
    """Everything that can be wrong is found before the folder is made."""
    recipe = recipe_of(options.recipe)
    if options.env is not None:
        if options.game is not None:
            raise BadConfig("--env and --game name two worlds; give one of them.")
        options.game = options.env if options.env.startswith("atari:") else f"gym:{options.env}"
    options.game = options.game or GAMES.get(options.recipe.partition(".")[0], "connect_four")
    game = make_world(options.game) if options.recipe in LEARNED else make_game(options.game)
    spec = _absolute(options.game)
    config = _with_paths(_configure(recipe, options), getattr(recipe, "PATHS", ()))
    if hasattr(recipe, "check"):
        recipe.check(config, game)
    if ".py:" in spec and isinstance(game, Game):
        check(game, num_games=2)
    path = RUNS / _name(options, game.name)
    mirror = _mirror(path, options.tensorboard)
    out = Run.create(path, options.recipe, spec, config, options.seed)
    print(f"{options.recipe} on {game.name}, preset {options.preset}, in {path}")
    return _go(recipe, config, out, mirror, resume=False)


def _resume(options: Namespace) -> int:
    out = find_run(options.run)
    recipe = recipe_of(out.about["recipe"])
    config = from_json(recipe.Config, out.about["config"])
    mirror = _mirror(out.path, options.tensorboard)
    out.lock()
    done, (wanted, unit) = checkpoints.steps(out.path / "checkpoints"), amount(out)
    staged = unit == "stages"
    if options.iterations is not None:
        if staged:
            raise BadConfig(f"{out.path} is a run of stages: give --iterations to one of them, like {_a_stage(out)}.")
        if done and options.iterations <= done[-1]:
            raise BadRun(f"{out.path} has {done[-1]} iterations; --iterations must be more than that.")
        config = dataclasses.replace(config, iterations=options.iterations)
        out.about["config"]["iterations"] = options.iterations
        write_atomic(out.path / "config.json", json.dumps(out.about, indent=2).encode())
    elif done and done[-1] >= wanted:
        whose = f"{_a_stage(out)} --iterations N" if staged else f"{_short(out.path)} --iterations {2 * wanted}"
        raise BadRun(
            f"{out.path} is finished: {done[-1]} of {wanted} {unit}. Go on with: {program()} resume {whose}"
            + (" (the stages behind it keep what they have learned)" if staged else "")
        )
    if not done:
        print(f"{out.path} was stopped before anything was saved: it begins again")
        out.begin_again()
    return _go(recipe, config, out, mirror, resume=bool(done))


def _a_stage(out: Run) -> str:
    """One of the runs within a run of stages."""
    return f"{_short(out.path)}/{STAGES[out.about['recipe']][0]}"


def _go(recipe: Any, config: Any, out: Run, mirror: AbstractContextManager[object], resume: bool) -> int:
    """Train; the exit code."""
    try:
        with mirror, stoppable():
            recipe.train(config, out, resume=resume)
    except KeyboardInterrupt:
        out.interrupted = True
    stopped = _farewell(out)
    return 130 if stopped else 0


def _configure(recipe: Any, options: Namespace) -> Any:
    """The preset, with what the command line changes. Raises `UnknownName`, `BadConfig`."""
    try:
        default = recipe.preset(options.preset, options.game)
    except UnknownName as error:
        there = [name for name in PRESETS if name in str(error).partition("there are:")[2]]
        raise UnknownName(f"{error}{did_you_mean(options.preset, there)}") from None
    parser = COMMANDS["train"][1]()
    own = [option for action in parser._actions for option in action.option_strings]
    known = [*_option_names(default), *own]
    for word in [] if options.help_all else options.rest:
        name = word.split("=")[0].replace("_", "-")
        if name.startswith("--") and name not in known:
            meant = did_you_mean(_MEANT.get(name, name), known)  # a recipe need not have what is meant
            parser.error(f"no option {name}.{meant} move37 train --help-all lists all.")
    return _parse(recipe.Config, default, ["--help"] if options.help_all else options.rest, parser)


def _parse(cls: Any, default: Any, arguments: list[str], parser: Parser) -> Any:
    """By tyro, whose boxes become one line."""
    import tyro

    said = io.StringIO()
    try:
        with contextlib.redirect_stderr(said):
            return tyro.cli(
                Annotated[cls, tyro.conf.arg(name="")],
                prog=parser.prog,
                description="The options of the recipe; --game, --preset, --name, --seed and --tensorboard are others.",
                args=arguments,
                default=default,
                config=(tyro.conf.AvoidSubcommands,),
            )
    except SystemExit as error:
        if not error.code:
            raise
    lines = [re.sub(r"\x1b\[[\d;]*m", "", line).strip(" │") for line in said.getvalue().splitlines()]
    begin = 1 if lines[0].startswith("╭") else 2  # behind the title: in the box's edge, or with a rule below it
    text = " ".join(itertools.takewhile(lambda line: re.search(r"\w", line), lines[begin:]))
    for pattern, words in _PLAINLY:
        text = re.sub(pattern, words, text)
    parser.error(text)


# What other programs call it, and what we call it.
_MEANT = {
    "--dir": "--name",
    "--epochs": "--iterations",
    "--learning-rate": "--optimiser.learning-rate",
    "--lr": "--optimiser.learning-rate",
    "--out": "--name",
    "--output": "--name",
    "--run": "--name",
    "--simulations": "--search.num-simulations",
    "--steps": "--iterations",
    "--visits": "--search.num-simulations",
}
# What tyro says, and what we say.
_PLAINLY = (
    (r"^Error parsing (--[^:]*): ", r"argument \1: "),
    (r"^Error parsing [^:]*: ", ""),
    (r"invalid literal for int\(\) with base 10: (.*)", r"\1 is not allowed; it must be a whole number"),
    (
        r"no type matching {None}\|(INT|FLOAT) could be instantiated from \['(.*)'\].*",
        r"'\2' is not allowed; it must be a number or None",
    ),
    (r"could not convert string to float: (.*)", r"\1 is not allowed; it must be a number"),
    (r"^invalid choice (.*) for argument '(.*)'\. Expected one of \((.*)\)\.", r"argument \2: \1 is none of \3"),
    (r"^Missing value for argument '(.*)'\..*", r"argument \1: its value is missing"),
    (r"^Unrecognized options: ", "unrecognized: "),
)


def _option_names(config: Any, prefix: str = "--") -> Iterator[str]:
    for field in dataclasses.fields(config):
        name, value = prefix + field.name.replace("_", "-"), getattr(config, field.name)
        if dataclasses.is_dataclass(value):
            yield from _option_names(value, f"{name}.")
        else:
            yield name
            yield f"{prefix}no-{field.name.replace('_', '-')}"  # tyro's way to switch something off


def _with_paths(config: Any, names: tuple[str, ...]) -> Any:
    """The folders that a recipe reads are found again from any other; a run also by its name under runs/."""
    found = {}
    for name in names:
        for path in (Path(getattr(config, name)).expanduser(), RUNS / getattr(config, name)):
            if getattr(config, name) and path.exists():
                found[name] = str(path.resolve())
                break
    return dataclasses.replace(config, **found)


def _absolute(game: str) -> str:
    """A user's own file is found again from any folder."""
    path, _, name = game.rpartition(":")
    if not path.endswith(".py"):
        return game
    world = "gym:" if path.startswith("gym:") else ""
    return f"{world}{Path(path.removeprefix(world)).expanduser().resolve()}:{name}"


def _name(options: Namespace, game: str) -> str:
    """Of the new folder. Raises `BadConfig`."""
    if options.name is None:
        stem = f"{options.recipe}-{game}-{options.preset}-{time.strftime('%Y%m%d')}"
        return next(n for i in itertools.count(1) if not (RUNS / (n := f"{stem}-{i}")).exists())
    name: str = options.name
    if not name.strip(" ./") or "@" in name or not name.isprintable():
        raise BadConfig(f"--name {name!r} can be no run; take letters, digits, - and _ (behind @ stands an iteration).")
    return name


def _mirror(path: Path, wanted: bool) -> AbstractContextManager[object]:
    if not wanted:
        return nullcontext()
    from move37.cli.tensorboard import Mirror

    return Mirror(path)


def _farewell(out: Run) -> bool:
    """How strong it is, and what can be done next. Returns whether it stopped before the end."""
    saved = checkpoints.steps(out.path / "checkpoints")
    rows, done, path, call = out.metrics(), saved[-1] if saved else 0, _short(out.path), program()
    wanted, unit = amount(out)
    stopped = out.interrupted and done < wanted
    errors = [row["solver_error"] for row in rows if row.get("solver_error") is not None]
    if errors:
        print(f"with search it gives {100 * errors[-1]:.1f} % of known results away (solver error)")
    if stopped and not saved:
        print(f"stopped before the first iteration was saved. Begin again with: {call} resume {path}")
        return True
    if stopped:
        within = f", {_where_in_stage(out, done)}" if unit == "stages" else ""
        text = f"stopped after {unit[:-1]} {done} of {wanted}{within}; everything is saved."
        print(f"{text} Go on with: {call} resume {path}")
    else:
        print(f"done after {out.seconds / 60:.1f} minutes and {done} {unit}")
    if _plays(out):
        print(f"play:  {call} play {path}\nwatch: {call} watch {path}")
        if make_world(out.about["game"]).num_players == 2:
            print(f"rate:  {call} arena {path} random mcts:1000")
    print(f"plot:  {call} plot {path}")
    return stopped


def _where_in_stage(out: Run, done: int) -> str:
    """How far the first unfinished stage is."""
    path = out.path / STAGES[out.about["recipe"]][done]
    if not checkpoints.steps(path / "checkpoints"):
        return f"at the beginning of {path.name}"
    return f"iteration {checkpoints.steps(path / 'checkpoints')[-1]} of {amount(Run.open(path))[0]} of {path.name}"


def _plays(out: Run) -> bool:
    """Whether there is a net yet that can."""
    try:
        load_net(str(out.path), latent=True)
    except BadRun:
        return False
    return True


def _short(path: Path) -> str:
    return path.name if path.parent == RUNS else str(path)
