"""What several commands share."""

import importlib
import os
import re
import signal
import sys
import threading
from argparse import Namespace
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, BinaryIO, NamedTuple, TypeVar

import jax

from move37 import games
from move37.cli.options import RUNS, did_you_mean, list_of_runs, run_names
from move37.core.errors import BadConfig, BadRun, UnknownName
from move37.core.types import Game, World
from move37.models.learned import knows_rules
from move37.nets.policy_value import PolicyAndValue, PolicyValue
from move37.play.players import LatentPlayer, NetPlayer, Player, PlayoutPlayer, basic_player, is_basic, net_player
from move37.recipes import NAMES, STAGES
from move37.run.directory import Run

T = TypeVar("T")
Say = Callable[[str], None]
_BASIC = ("random", "greedy", "solver", "mcts:1000")


def enable_compilation_cache() -> None:
    """Compiled programs are kept in ~/.cache/move37 (or $XDG_CACHE_HOME), so that the second start is quick."""
    if "JAX_COMPILATION_CACHE_DIR" not in os.environ:
        home = Path(os.environ.get("XDG_CACHE_HOME", Path.home() / ".cache"))
        jax.config.update("jax_compilation_cache_dir", str(home / "move37" / "xla"))
    jax.config.update("jax_persistent_cache_min_compile_time_secs", 0.2)
    jax.config.update("jax_persistent_cache_min_entry_size_bytes", 0)


def own_pipes() -> tuple[BinaryIO, BinaryIO]:
    """(input, output) for a conversation alone.

    What anything prints, a library's warning among it, goes to standard error and not between the answers; and a
    thread that still reads when the program ends holds nothing that Python has to close.
    """
    source, sink = os.fdopen(os.dup(0), "rb"), os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)
    return source, sink


def recipe_of(name: str) -> Any:
    """The module of a recipe. Raises `UnknownName`."""
    known = [*NAMES, *(f"{recipe}.{stage}" for recipe, stages in STAGES.items() for stage in stages)]
    if name not in known:
        raise UnknownName(f"no recipe {name!r}; there are: {', '.join(known)}.{did_you_mean(name, known)}")
    return importlib.import_module(f"move37.recipes.{name}")


def make_game(name: str) -> Game:
    """As `games.make`, and an unknown name is told what it may have meant."""
    return _make(games.make, name)


def make_world(name: str) -> World:
    """The same for what may be a world without rules."""
    return _make(games.world, name)


def _make(make: Callable[[str], T], name: str) -> T:
    try:
        return make(name)
    except UnknownName as error:
        side = re.search(r"\d+", name)  # boards of all sizes may be meant, not only of those that are listed
        sized = [re.sub(r"\d+x\d+", f"{side[0]}x{side[0]}", known) for known in games.names()] if side else []
        raise UnknownName(f"{error}{did_you_mean(name, [*games.names(), *sized])}") from None


def find_run(name: str) -> Run:
    """A run by its path, or by its name under runs/. Raises `BadRun`."""
    for path in (Path(name), RUNS / name):
        if (path / "config.json").exists():
            return Run.open(path)
    raise BadRun(f"no run {name!r}; {list_of_runs()}.{did_you_mean(name, run_names())}")


def split_spec(spec: str) -> tuple[Run, int | None]:
    """`RUN` or `RUN@ITERATION`. Raises `BadRun`."""
    if (Path(spec) / "config.json").exists() or (RUNS / spec / "config.json").exists():
        return find_run(spec), None  # a folder may have an @ in its name
    name, at, iteration = spec.rpartition("@") if "@" in spec else (spec, "", "")
    run = find_run(name)
    if at and not (iteration.isascii() and iteration.isdigit()):
        raise BadRun(f"{spec!r}: behind @ stands the number of an iteration, like {name}@10.")
    return run, int(iteration) if at else None


def amount(run: Run) -> tuple[int, str]:
    """How much was asked for, and of what: iterations, or the stages of a run that consists of runs."""
    stages = STAGES.get(run.about["recipe"])
    return (len(stages), "stages") if stages else (run.about["config"]["iterations"], "iterations")


def stages_of(run: Run) -> list[Run]:
    """The runs that a run consists of, as far as it got; itself if it is one of iterations."""
    stages = STAGES.get(run.about["recipe"])
    paths = [run.path / stage for stage in stages or () if (run.path / stage / "config.json").exists()]
    return [stage for stage in map(Run.open, paths) if stage.metrics()] or [run]


def load_net(spec: str, latent: bool = False) -> tuple[Run, Any, Any, int]:
    """(run, game or world, acting net, its iteration) of `RUN` or `RUN@ITERATION`.

    `latent`: the net may have learned the rules. Raises `BadRun`.
    """
    run, iteration = split_spec(spec)
    game, _, net, chosen = recipe_of(run.about["recipe"]).load(run, iteration)
    if knows_rules(net) and not latent:
        raise BadRun(f"{spec} plays by rules that it has learned; this needs a net to search with by the game's own.")
    if not (isinstance(net, PolicyValue | PolicyAndValue) or knows_rules(net)):
        raise BadRun(f"{spec} holds no policy with a value: it serves as the playout policy of AlphaGo's search alone.")
    return run, game, net, chosen


def short_name(run: Run) -> str:
    """Of a run in a table: the last folder of its path; of a stage the run's as well."""
    staged = (run.path.parent / "config.json").exists()
    return "/".join(run.path.parts[-2:] if staged else run.path.parts[-1:])


class Skill(NamedTuple):
    """How agents play: what the options of several commands say."""

    num_simulations: int = 128
    average: bool = False  # over the symmetries of a position
    playouts: float = 0.0  # λ, of runs with a playout policy

    @classmethod
    def of(cls, options: Namespace) -> "Skill":
        """As `add_simulations` and `add_playouts` read it. Raises `BadConfig`."""
        if options.playouts and not options.simulations:
            raise BadConfig("--playouts judges the leaves of a search: give --simulations 1 or more.")
        return cls(options.simulations, options.average, options.playouts)


def agent(spec: str, skill: Skill) -> tuple[Game, NetPlayer | LatentPlayer | PlayoutPlayer]:
    """`RUN` or `RUN@ITERATION` as a player."""
    run, game, net, chosen = load_net(spec, latent=True)
    if not isinstance(game, Game):
        raise BadRun(f"{spec} acts in {game.name}: nobody can play against it; `move37 watch {spec}` shows it.")
    name = f"{short_name(run)}@{chosen}"
    if skill.playouts and isinstance(net, PolicyAndValue):
        fast = recipe_of("alphago.playout").load(Run.open(run.path / "playout"))[2]
        return game, PlayoutPlayer(name, game, net, fast, skill.playouts, skill.num_simulations, skill.average)
    if skill.playouts:
        print(f"warning: {spec} has no playout policy: it plays without playouts", file=sys.stderr)
    if skill.average and knows_rules(net):
        print(f"warning: {spec} has learned its rules: it plays without averages over symmetries", file=sys.stderr)
    return game, net_player(name, game, net, skill.num_simulations, skill.average)


def player(spec: str, game: Game, skill: Skill) -> Player:
    """Any player by its name. Raises `UnknownName` if it is none, `BadRun` if it plays another game."""
    if is_basic(spec):
        return basic_player(spec, game)
    try:
        found_game, found = agent(spec, skill)
    except BadRun as error:
        raise BadRun(f"{error}{did_you_mean(spec, _BASIC)}") from error
    if found_game != game:
        raise BadRun(f"{spec} plays {found_game.name}, not {game.name}: players of one arena need one game.")
    return found


def check_folder(path: Path | None, option: str = "--out") -> None:
    """Before long work for a file: it can be written. Raises `BadConfig`."""
    if path is None:
        return
    if path.is_dir():
        raise BadConfig(f"{option} {path} is a folder; name a file in it.")
    if not path.parent.is_dir():
        raise BadConfig(f"{option} {path}: there is no folder {str(path.parent)!r}; make it first.")
    check_writable(path.parent)


def check_writable(folder: Path) -> None:
    """Before long work for files in a folder that is made then if need be. Raises `BadConfig`."""
    there = next(path for path in (folder, *folder.absolute().parents) if path.exists())
    if not there.is_dir() or not os.access(there, os.W_OK | os.X_OK):
        raise BadConfig(f"{folder}: nothing can be written in {there}; name another folder, or make it writable.")


@contextmanager
def telling(when: bool = True) -> Iterator[Say]:
    """Says what goes on, in one line that comes and goes; in a terminal alone, and `when` nothing else is told."""
    from rich.console import Console
    from rich.progress import Progress, SpinnerColumn, TextColumn, TimeElapsedColumn

    console = Console(stderr=True)
    columns = SpinnerColumn(), TextColumn("{task.description}"), TimeElapsedColumn()
    shown, both = when and console.is_terminal, sys.stdout.isatty()  # what is printed shall stay on stdout
    with Progress(*columns, console=console, transient=True, disable=not shown, redirect_stdout=both) as progress:
        task = progress.add_task("compiling")
        yield lambda text: progress.update(task, description=text)


@contextmanager
def stoppable() -> Iterator[None]:
    """Ctrl-C is never lost, and SIGTERM does the same: no process that we started outlives us.

    A KeyboardInterrupt that arises in a callback, like JAX's at the end of a garbage collection, is printed and
    forgotten by Python: it is raised again.
    """
    if threading.current_thread() is not threading.main_thread():
        yield
        return

    def again(lost: "sys.UnraisableHookArgs") -> None:
        if issubclass(lost.exc_type, KeyboardInterrupt):
            threading.Timer(0.1, os.kill, (os.getpid(), signal.SIGINT)).start()  # not from within the callback
        else:
            hook(lost)

    hook, sys.unraisablehook = sys.unraisablehook, again
    before = signal.signal(signal.SIGTERM, signal.default_int_handler)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)
        sys.unraisablehook = hook
