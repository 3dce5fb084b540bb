"""What several commands share."""

import os
from pathlib import Path

import jax

from move37.core.errors import BadRun
from move37.core.types import Game
from move37.play.players import NetPlayer, Player, basic_player
from move37.recipes import alphazero
from move37.run.directory import Run

RUNS = Path("runs")


def enable_compilation_cache() -> None:
    """Compiled programs are kept in ~/.cache/move37 (or $XDG_CACHE_HOME), so that the second start is quick."""
    if "JAX_COMPILATION_CACHE_DIR" not in os.environ:
        home = Path(os.environ.get("XDG_CACHE_HOME", Path.home() / ".cache"))
        jax.config.update("jax_compilation_cache_dir", str(home / "move37" / "xla"))
    jax.config.update("jax_persistent_cache_min_compile_time_secs", 0.2)
    jax.config.update("jax_persistent_cache_min_entry_size_bytes", 0)


def find_run(name: str) -> Run:
    """A run by its path, or by its name under runs/."""
    for path in (Path(name), RUNS / name):
        if (path / "config.json").exists():
            return Run.open(path)
    there = sorted(p.parent.name for p in RUNS.glob("*/config.json")) or ["none yet (move37 train makes one)"]
    raise BadRun(f"no run {name!r}; under {RUNS}/ there are: {', '.join(there)}.")


def agent(spec: str, num_simulations: int) -> tuple[Game, NetPlayer]:
    """`RUN` or `RUN@ITERATION` as a player."""
    name, _, iteration = spec.partition("@")
    run = find_run(name)
    if iteration and not iteration.isdigit():
        raise BadRun(f"{spec!r}: behind @ stands the number of an iteration, like {name}@10.")
    game, _, net, chosen = alphazero.load(run, int(iteration) if iteration else None)
    return game, NetPlayer(f"{run.path.name}@{chosen}", game, net, num_simulations)


def player(spec: str, game: Game, num_simulations: int) -> Player:
    """Any player by its name."""
    if spec == "random" or spec == "solver" or spec.startswith("mcts:"):
        return basic_player(spec, game)
    found_game, found = agent(spec, num_simulations)
    if found_game != game:
        raise BadRun(f"{spec} plays {found_game.name}, the others play {game.name}.")
    return found
