"""`move37 meter`: how surprising was each move of a game to a human, and how good was it?"""

from argparse import Namespace
from collections.abc import Callable, Iterator
from contextlib import suppress
from itertools import islice
from pathlib import Path
from typing import Any, NamedTuple

import jax
import numpy as np
from rich.console import Console
from rich.progress import Progress, SpinnerColumn, TextColumn, TimeElapsedColumn

from move37.cli.common import check_writable, enable_compilation_cache, load_net, short_name
from move37.cli.meter_report import Report, show, write
from move37.core.errors import BadConfig, BadRun
from move37.data import sgf
from move37.data.forms import line_of
from move37.data.record import BLACK, GameRecord, game_record
from move37.data.retrace import Line, retrace, states
from move37.data.selection import DatasetConfig
from move37.data.sgf import BadRecord
from move37.data.sources import Entry, entries, from_sgf, sgf_files
from move37.data.store import Dataset
from move37.games.go import Go
from move37.nets.onnx import OnnxEvaluator
from move37.play.meter import Measures, Meter, MeterConfig, Rates, rates, self_games
from move37.play.players import NetPlayer, Player, RandomPlayer


class Agent(NamedTuple):
    """The net of a run."""

    name: str
    game: Go
    net: Any


def run(command: str, options: Namespace) -> None:
    """Measure, show, write."""
    enable_compilation_cache()
    out = options.out or Path(f"{options.game.stem}.meter")
    if out.exists() and not out.is_dir():
        raise BadConfig(f"--out {out} is a file; name a folder.")
    check_writable(out)
    config = MeterConfig(
        visits=options.visits,
        shallow_visits=options.shallow,
        most_probability=options.probability,
        most_rank=options.rank,
    )
    trees = sgf.read(options.game)
    if options.number > len(trees):
        raise BadConfig(f"--number {options.number}: {options.game} holds {len(trees)} games.")
    tree = trees[options.number - 1]
    record = game_record(tree)
    policy = _agent(options.run)
    search = policy if options.search is None else _agent(options.search)
    for agent in (policy, search):
        if agent.game.size != record.size:
            size = f"{record.size}×{record.size}"
            raise BadConfig(f"{options.game} is a game on {size}; {agent.name} plays {agent.game.name}: name another.")
    line = _line(str(options.game), record)
    human = [] if options.base is None else _human_lines(options, record.size)
    console = Console(stderr=True)
    columns = SpinnerColumn(), TextColumn("{task.description}"), TimeElapsedColumn()
    with Progress(*columns, console=console, transient=True, disable=not console.is_terminal) as progress:
        watch = _Watch(progress)
        gauge = _Gauge(policy, search, config, watch.advance)
        watch.say("the game")
        measures = gauge.measure(line)
        table = {"this game": rates([measures])}
        if options.base is not None:
            table |= _base_rates(gauge, search, human, options, watch.say)
    where = str(options.game) if len(trees) == 1 else f"{options.game}, game {options.number}"
    report = Report(where, record, line.first, measures, policy.name, search.name, config, table)
    show(report)
    for path in write(report, tree, out):
        print(path)


class _Watch:
    """Says what is measured, and how many positions were searched for it."""

    def __init__(self, progress: Progress):
        self._progress, self._task = progress, progress.add_task("")
        self._what, self._count = "", 0

    def say(self, what: str) -> None:
        self._what, self._count = what, 0
        self.advance(0)

    def advance(self, count: int) -> None:
        self._count += count
        self._progress.update(self._task, description=f"{self._what}: {self._count:,} positions searched")


class _Gauge:
    """A meter for lines of moves."""

    def __init__(self, policy: Agent, search: Agent, config: MeterConfig, advance: Callable[[int], None]):
        self._policy, self._search = policy, search
        evaluate = OnnxEvaluator(policy.net)
        searched = evaluate if search is policy else OnnxEvaluator(search.net)
        self._meter = Meter(policy.game, evaluate, config, search.game, searched, advance)

    def measure(self, line: Line, begin: int = 0, most_novel: int | None = None) -> Measures:
        """All moves from number `begin` on."""
        actions = line.actions[begin:].astype(np.int32)
        seen, searched = (
            jax.tree.map(lambda x: x[begin:], states(agent.game, line)) for agent in (self._policy, self._search)
        )
        return self._meter.measure(seen, actions, searched, most_novel)


def _agent(spec: str) -> Agent:
    """The net of a run. Raises `BadRun` if it is none for Go."""
    run, game, net, chosen = load_net(spec)
    if not isinstance(game, Go):
        raise BadRun(f"{spec} plays {game.name}; the meter is for Go: name a run that imitates people.")
    return Agent(f"{short_name(run)}@{chosen}", game, net)


def _line(where: str, record: GameRecord) -> Line:
    """What of a game the rules need. Raises `BadRecord` for one that cannot be measured, and says why."""
    line = line_of(
        record, DatasetConfig(f"go_{record.size}x{record.size}", least_moves=1, most_handicap=record.size**2)
    )
    if isinstance(line, str):
        raise BadRecord(f"{where}: a game that cannot be measured ({line}); docs/data.md explains.")
    (trace,) = retrace(record.size, [line])
    if trace.illegal is not None:
        name = Go(record.size).format_action(int(line.actions[trace.illegal]))
        raise BadRecord(f"{where}: move {trace.illegal + 1}, {name}, is illegal: {trace.why}.")
    return line


def _base_rates(
    gauge: _Gauge, search: Agent, human: list[Line], options: Namespace, say: Callable[[str], None]
) -> dict[str, Rates]:
    """The same for games of people, of the agent, and of nobody. Only some of the novel moves are searched."""
    found, most = {}, -(-options.base_moves // options.base_games)
    say("games of people")
    found["people"] = rates([gauge.measure(line, most_novel=most) for line in human])
    players: tuple[Player, ...] = (
        NetPlayer(search.name, search.game, search.net, options.simulations, average=options.average),
        RandomPlayer(search.game),
    )
    for player in players:
        say(f"games of {player.name}")
        key = jax.random.fold_in(jax.random.key(options.seed), len(found))
        games = self_games(search.game, player, options.base_games, key)
        lines = [(Line((), BLACK, game.actions.astype(np.uint16)), game.opening) for game in games]
        found[player.name] = rates([gauge.measure(line, begin, most) for line, begin in lines])
    return found


def _human_lines(options: Namespace, size: int) -> list[Line]:
    """Games of a dataset (held out: of its test split), or of any other source. Raises `BadConfig` if there is none."""
    rng = np.random.default_rng(options.seed)
    if (options.base / "about.json").exists():
        lines = list(_of_dataset(Dataset(options.base), size, options.base_games, rng))
    else:
        lines = list(_of_source(options.base, size, options.base_games, rng))
    if not lines:
        raise BadConfig(f"--base {options.base} has no game on {size}×{size} to compare with.")
    return lines


def _of_dataset(dataset: Dataset, size: int, count: int, rng: np.random.Generator) -> Iterator[Line]:
    held_out = dataset.split("test")
    if dataset.name == f"go_{size}x{size}":
        ends = dataset.games["ends"]
        even = held_out[dataset.games["handicap"][held_out] == 0]
        for game in rng.permutation(even)[:count]:
            yield Line((), BLACK, np.asarray(dataset.moves[ends[game - 1] if game else 0 : ends[game]]))


def _of_source(source: Path, size: int, count: int, rng: np.random.Generator) -> Iterator[Line]:
    found: Iterator[Entry]
    if source.is_dir():
        files = sgf_files(source)
        found = from_sgf([files[i] for i in rng.permutation(len(files))])
    else:
        _, found = entries(source, size)
    usable = (line for entry in found for line in _usable(entry, size))
    yield from islice(usable, count)


def _usable(entry: Entry, size: int) -> Iterator[Line]:
    """The game, if it can be measured."""
    if isinstance(entry.record, GameRecord) and entry.record.size == size:
        with suppress(BadRecord):
            yield _line(entry.where, entry.record)
