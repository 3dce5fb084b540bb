"""Stage 4 of AlphaGo: a network learns who wins, from games of the improved policy.     Silver et al., Nature 2016

Each game gives one position: the imitated policy plays U − 1 moves, move U is uniformly random, the improved policy
plays on to the end, and the position after move U is kept with the outcome. U is uniform on 1 … `latest_random_move`.
`positions_per_game` 0 keeps all positions behind move U instead, as the paper did first: a net that learns the
outcomes of the games by heart (0.19 in training, 0.37 in test, on the paper's scale: see `learn.imitate.outcome_loss`).
Differs from the paper: a residual tower as everywhere here; games are added while it learns.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import partial
from math import inf, prod
from pathlib import Path
from typing import NamedTuple

import numpy as np
from jaxtyping import Bool, Float, Int, UInt8

from move37.core.errors import BadConfig, BadRun, check_ranges
from move37.core.types import Game
from move37.games.go import Go
from move37.learn.imitate import Demonstrations, outcome_loss
from move37.learn.update import Learner, OptimiserConfig, fit
from move37.nets.onnx import OnnxEvaluator
from move37.nets.policy_value import NetConfig, PolicyValue
from move37.play.policy_games import UNIFORM, play_policies
from move37.recipes.alphago import policy
from move37.recipes.alphago.common import board, preset_of, teacher
from move37.recipes.loading import load_policy_value
from move37.run.directory import Run
from move37.run.files import read_arrays, write_atomic
from move37.search.stepwise import Evaluator

PATHS = ("teacher", "reinforced")  # options that name folders


@dataclass(frozen=True)
class Config:
    """What the value network depends on, besides the game and the seed."""

    teacher: str = ""  # the run that imitated people
    reinforced: str = ""  # the run of REINFORCE: the policy whose value is learned
    iterations: int = 60
    games: int = 1024  # of one iteration
    positions_per_game: int = 1  # 0: all behind the random move
    latest_random_move: int = 0  # 0 stands for the number of points
    held_out: float = 0.1  # share of the games that are only tested on
    updates: int = 100  # of the net in one iteration
    batch_size: int = 128
    net: NetConfig = field(default_factory=NetConfig)
    optimiser: OptimiserConfig = field(default_factory=OptimiserConfig)

    def __post_init__(self) -> None:
        """Check the ranges. Raises `BadConfig`."""
        check_ranges("", self, iterations=(1, inf), games=(2, inf), positions_per_game=(0, 1))
        check_ranges("", self, latest_random_move=(0, inf), held_out=(0, 1), updates=(1, inf), batch_size=(1, inf))
        if not self.held_out < 1:
            raise BadConfig("held_out is 1: no game is left to learn from; take less, like 0.1.")


class Positions(NamedTuple):
    """N positions with their outcomes, for the agent to move. Observations are packed, eight points a byte."""

    packed: UInt8[np.ndarray, "N bytes"]
    outcome: Float[np.ndarray, " N"]
    held_out: Bool[np.ndarray, " N"]

    def observation(self, rows: Int[np.ndarray, " n"], shape: tuple[int, ...]) -> Bool[np.ndarray, "n C H W"]:
        """Of some rows, unpacked."""
        bits = np.unpackbits(self.packed[rows], axis=1, count=prod(shape))
        return bits.reshape(-1, *shape).astype(bool)


def preset(name: str, game: str) -> Config:
    """A configuration as a value."""
    net, iterations = policy.preset(name, game).net, 60
    muon = OptimiserConfig("muon", learning_rate=1e-3, weight_decay=1e-2, decay_updates=iterations * 100, ema=0.995)
    sgd = OptimiserConfig("sgd", learning_rate=0.003, weight_decay=0.0, warmup_updates=1)
    paper = Config(iterations=1_000, games=30_000, updates=50_000, batch_size=32, net=net, optimiser=sgd)
    presets = {
        "smoke": Config(iterations=2, games=16, updates=4, batch_size=16, net=net),
        "laptop": Config(net=net, optimiser=muon),
        "gpu": Config(iterations=300, games=8192, updates=1_000, batch_size=1024, net=net, optimiser=muon),
        "paper": paper,
    }
    return preset_of(presets, name)


def check(config: Config, game: Game) -> None:
    """What would fail only once training has begun. Raises `BadConfig`, `BadRun`."""
    teachers(config, board(game.name))


def train(config: Config, out: Run, resume: bool = False) -> PolicyValue:
    """The loop. Returns the net that acts."""
    game = board(out.about["game"])
    players = [OnnxEvaluator(net) for net in teachers(config, game)]
    learner, done = Learner.init(PolicyValue(game, config.net, key=out.key("net")), config.optimiser), 0
    parts: list[Positions] = []
    if resume:
        done, saved = out.resume({"learner": learner})
        learner, parts = saved["learner"], [_read(_segment(out, t)) for t in range(1, done + 1)]
    for t in out.steps(done + 1, config.iterations):
        began, made = out.seconds, positions(config, game, players, out, t)
        report: dict[str, float] = {"games": t * config.games, "games_per_second": config.games / (out.seconds - began)}
        write_atomic(_segment(out, t), partial(np.savez, **made._asdict()))
        parts.append(made)
        every = Positions(*(np.concatenate(column) for column in zip(*parts, strict=True)))
        drawn = batches(every, game, config.updates, config.batch_size, out.rng("batch", t))
        learner, metrics = fit(learner, outcome_loss, drawn)
        report |= {"positions": len(every.outcome), **metrics}
        report |= error(OnnxEvaluator(learner.acting), game, every)
        out.save_net(t, learner.acting)
        out.log(t, report)
        out.save(t, {"learner": learner})
    return learner.acting


def teachers(config: Config, game: Go) -> tuple[PolicyValue, PolicyValue]:
    """The imitated and the improved policy."""
    return (
        teacher(config.teacher, game, config.net, "--teacher"),
        teacher(config.reinforced, game, config.net, "--reinforced"),
    )


def positions(config: Config, game: Go, players: list[OnnxEvaluator], out: Run, t: int) -> Positions:
    """What one iteration's games give: move by move the imitated policy, one random move, the improved policy."""
    latest = config.latest_random_move or game.size**2
    random_move = out.rng("random move", t).integers(latest, size=config.games)

    def who(move: int) -> Int[np.ndarray, " B"]:
        return np.where(move < random_move, 0, np.where(move == random_move, UNIFORM, 1))

    games = play_policies(game, players, who, config.games, out.key("play", t))
    behind = np.arange(len(games.alive))[:, None] - random_move[None]
    kept = games.alive & ((behind == 1) if config.positions_per_game else (behind >= 1))
    time, lane = np.nonzero(kept)
    held_out = lane < config.held_out * config.games
    packed = np.packbits(games.observation[time, lane].reshape(len(time), -1), axis=1)
    return Positions(packed, games.outcome[time, lane], held_out)


def batches(every: Positions, game: Go, count: int, size: int, rng: np.random.Generator) -> Iterator[Demonstrations]:
    """Uniform draws of what is not held out, each turned by a random symmetry."""
    rows = np.flatnonzero(~every.held_out)
    turns = np.stack([symmetry.points for symmetry in game.symmetries()])
    for _ in range(count):
        drawn = rows[rng.integers(len(rows), size=size)]
        planes = every.observation(drawn, game.observation_shape).reshape(size, -1, game.size**2)
        turned = np.take_along_axis(planes, turns[rng.integers(len(turns), size=size)][:, None], axis=2)
        seen, outcome = turned.reshape(size, *game.observation_shape), every.outcome[drawn]
        yield Demonstrations(seen, np.zeros(size, np.int32), outcome, np.ones(size, bool))


def error(evaluate: Evaluator, game: Go, every: Positions) -> dict[str, float]:
    """`valid_value_loss`: (z − v)² of the positions that are held out; nothing while there is none."""
    rows = np.flatnonzero(every.held_out)
    parts = [
        (every.outcome[r] - evaluate(every.observation(r, game.observation_shape))[1]) ** 2
        for r in np.array_split(rows, 1 + len(rows) // 1024)
    ]
    return {"valid_value_loss": float(np.concatenate(parts).mean())} if len(rows) else {}


def _segment(out: Run, t: int) -> Path:
    return out.path / "positions" / f"{t:06d}.npz"


def _read(path: Path) -> Positions:
    try:
        return Positions(**read_arrays(path))
    except TypeError as fault:
        raise BadRun(f"{path} holds no positions ({fault}); restore it from a backup.") from fault


def load(out: Run, iteration: int | None = None) -> tuple[Game, Config, PolicyValue, int]:
    """What a player needs of a run: game, configuration, net, and the iteration it comes from."""
    return load_policy_value(Config, out, iteration)
