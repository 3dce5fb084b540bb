"""Stage 2 of AlphaGo: a linear policy that imitates people in microseconds.           Silver et al., Nature 2016

The paper's has 109,747 weights, predicts 24.2 % of moves, and takes 2 µs a move. Differs: see `nets.patterns`.
"""

import time
from dataclasses import dataclass, field, replace
from math import inf

import jax
import jax.numpy as jnp
import numpy as np

from move37.core.errors import check_ranges
from move37.core.types import Game
from move37.games.go import Go
from move37.learn.imitate import Demonstrations, move_loss
from move37.learn.update import Learner, OptimiserConfig, fit
from move37.models.playouts import playout
from move37.nets.patterns import LocalPatterns
from move37.recipes.alphago.common import board, preset_of
from move37.recipes.alphago.policy import accuracy, materials
from move37.run.config import from_json
from move37.run.directory import Run
from move37.search.stepwise import Evaluator

PATHS = ("data",)  # options that name folders


@dataclass(frozen=True)
class Config:
    """What the playout policy depends on, besides the game and the seed."""

    data: str = ""  # the folder of a dataset: `move37 dataset` makes one
    iterations: int = 10
    updates: int = 100  # in one iteration
    batch_size: int = 1024
    least_rank: str = ""  # of both players in the games that are learned from
    judged_rank: str = "1d"  # of both players in the games that accuracy is measured on, if there are such games
    optimiser: OptimiserConfig = field(default_factory=lambda: OptimiserConfig(learning_rate=0.02, weight_decay=0.0))

    def __post_init__(self) -> None:
        """Check the ranges. Raises `BadConfig`."""
        check_ranges("", self, iterations=(1, inf), updates=(1, inf), batch_size=(1, inf))


def preset(name: str, game: str) -> Config:
    """A configuration as a value."""
    laptop = Config(least_rank="15k")
    smoke = Config(iterations=2, updates=4, batch_size=64)
    gpu, paper = replace(laptop, iterations=30), Config(iterations=300)
    return preset_of({"smoke": smoke, "laptop": laptop, "gpu": gpu, "paper": paper}, name)


def check(config: Config, game: Game) -> None:
    """What would fail only once training has begun. Raises `BadConfig`, `BadRun`."""
    materials(config.data, config.least_rank, config.judged_rank, game)


def train(config: Config, out: Run, resume: bool = False) -> LocalPatterns:
    """The loop. Returns the policy."""
    game = board(out.about["game"])
    dataset, learned, held_out = materials(config.data, config.least_rank, config.judged_rank, game)
    learner, done = Learner.init(LocalPatterns(game), config.optimiser), 0
    if resume:
        done, saved = out.resume({"learner": learner})
        learner = saved["learner"]
    for t in out.steps(done + 1, config.iterations):
        rng, size = out.rng("batch", t), config.batch_size
        batches = dataset.batches(game, learned, config.updates, size, rng, turn=False)
        learner, metrics = fit(learner, move_loss, (Demonstrations(*batch) for batch in batches))
        report: dict[str, float] = {"positions": t * config.updates * size, **metrics}
        if t == config.iterations:
            report |= accuracy(_evaluator(learner.net), game, dataset, held_out)
            del report["valid_value_loss"]  # it knows no value
            report["microseconds_a_move"] = microseconds(game, learner.net)
        out.save_net(t, learner.net)
        out.log(t, report)
        out.save(t, {"learner": learner})
    return learner.net


def _evaluator(policy: LocalPatterns) -> Evaluator:
    compiled = jax.jit(lambda observation: policy(observation))
    return lambda observation: jax.tree.map(np.asarray, compiled(jnp.asarray(observation)))


def microseconds(game: Go, policy: LocalPatterns, games: int = 256) -> float:
    """Time of a playout's move on this machine: policy, rules and all, many playouts at once."""
    play = jax.jit(lambda key: playout(game, policy, jax.vmap(game.init)(key), key))
    jax.block_until_ready(play(jax.random.split(jax.random.key(0), games)))
    keys, began = jax.random.split(jax.random.key(1), games), time.perf_counter()
    _, moves = jax.block_until_ready(play(keys))
    return 1e6 * (time.perf_counter() - began) / float(moves.sum())


def load(out: Run, iteration: int | None = None) -> tuple[Game, Config, LocalPatterns, int]:
    """Game, configuration, policy, and the iteration it comes from."""
    game, config = board(out.about["game"]), from_json(Config, out.about["config"])
    found, policy = out.load_net(LocalPatterns(game), iteration)
    return game, config, policy, found
