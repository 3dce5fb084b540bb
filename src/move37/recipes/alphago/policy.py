"""Stage 1 of AlphaGo: a network imitates people.                            Silver et al., Nature 2016

Differs from the paper: the net is a residual tower that also learns, lightly, who won (as AlphaGo Zero's supervised net
does), so that it can be searched with at once; it sees positions, not 48 planes of hand-made features; it may pass.
Alone, this stage imitates people in any game of which there is a dataset, chess and shogi too.
Preset `paper` has the paper's depth, width, batch and schedule.
"""

from dataclasses import dataclass, field, replace
from math import ceil, inf

import numpy as np

from move37 import games
from move37.core.errors import BadConfig, check_ranges
from move37.core.types import Game
from move37.data.selection import is_go
from move37.data.store import Dataset
from move37.learn.imitate import Demonstrations, imitation_loss
from move37.learn.update import Learner, OptimiserConfig, fit
from move37.nets.onnx import OnnxEvaluator
from move37.nets.policy_value import NetConfig, PolicyValue
from move37.recipes.alphago.common import dataset_of, preset_of
from move37.recipes.loading import load_policy_value
from move37.run.directory import Run
from move37.search.stepwise import Evaluator

PATHS = ("data",)  # options that name folders
JUDGED = 20_000  # positions in an exam, at most: they tell the accuracy to ± 0.7 %


@dataclass(frozen=True)
class Config:
    """What imitation depends on, besides the game and the seed."""

    data: str = ""  # the folder of a dataset: `move37 dataset` makes one
    iterations: int = 100
    updates: int = 400  # of the net in one iteration
    batch_size: int = 64
    least_rank: str = ""  # of both players in the games that are learned from, like 15k
    judged_rank: str = ""  # of both players in the games that accuracy is measured on, if there are such games
    exam_every: int = 10  # iterations between two measurements on the held-out games
    net: NetConfig = field(default_factory=NetConfig)
    optimiser: OptimiserConfig = field(default_factory=OptimiserConfig)

    def __post_init__(self) -> None:
        """Check the ranges. Raises `BadConfig`."""
        check_ranges("", self, iterations=(1, inf), updates=(1, inf), batch_size=(1, inf), exam_every=(1, inf))


def preset(name: str, game: str) -> Config:
    """A configuration as a value."""
    learned_rank, judged_rank = ("15k", "1d") if is_go(game) else ("", "")  # elsewhere people have points of Elo
    small = games.make(game).observation_shape[1] <= 9
    iterations = 55 if small else 120
    muon = OptimiserConfig("muon", learning_rate=2e-3, weight_decay=1e-2, decay_updates=iterations * 400, ema=0.998)
    sgd = OptimiserConfig("sgd", learning_rate=0.003, weight_decay=0.0, momentum=0.0, warmup_updates=1)
    presets = {
        "smoke": Config(iterations=2, updates=8, exam_every=1, net=NetConfig(1, 16)),
        "laptop": Config(
            iterations=iterations,
            least_rank=learned_rank,
            net=NetConfig(4, 48) if small else NetConfig(5, 64),
            optimiser=muon,
        ),
        "gpu": Config(iterations=200, updates=1_000, batch_size=1024, net=NetConfig(10, 128), optimiser=muon),
        "paper": Config(iterations=340, updates=1_000_000, batch_size=16, net=NetConfig(6, 192), optimiser=sgd),
    }
    return replace(preset_of(presets, name), judged_rank=judged_rank)


def check(config: Config, game: Game) -> None:
    """What would fail only once training has begun. Raises `BadConfig`, `BadRun`."""
    materials(config.data, config.least_rank, config.judged_rank, game)


def train(config: Config, out: Run, resume: bool = False) -> PolicyValue:
    """The loop. Returns the net that acts."""
    game = games.make(out.about["game"])
    dataset, learned, held_out = materials(config.data, config.least_rank, config.judged_rank, game)
    learner = Learner.init(PolicyValue(game, config.net, key=out.key("net")), config.optimiser)
    done = 0
    if resume:
        done, saved = out.resume({"learner": learner})
        learner = saved["learner"]
    for t in out.steps(done + 1, config.iterations):
        began = out.seconds
        batches = dataset.batches(game, learned, config.updates, config.batch_size, out.rng("batch", t))
        learner, metrics = fit(learner, imitation_loss, (Demonstrations(*batch) for batch in batches))
        report: dict[str, float] = {"positions": t * config.updates * config.batch_size, **metrics}
        report["positions_per_second"] = config.updates * config.batch_size / (out.seconds - began)
        if t % config.exam_every == 0 or t == config.iterations:
            out.save_net(t, learner.acting)
            report |= accuracy(OnnxEvaluator(learner.acting), game, dataset, held_out)
        out.log(t, report)
        out.save(t, {"learner": learner})
    if out.interrupted:  # the net to play with is the newest, with an exam or without
        out.save_net(t, learner.acting)
    return learner.acting


def materials(data: str, least_rank: str, judged_rank: str, game: Game) -> tuple[Dataset, np.ndarray, np.ndarray]:
    """(dataset, games to learn from, games to measure accuracy on). Raises `BadConfig`, `BadRun`."""
    dataset = dataset_of(data)
    learned, held_out = dataset.split("train", least_rank), judges(dataset, judged_rank, most=JUDGED)
    dataset.check(game, learned)
    return dataset, learned, held_out


def judges(dataset: Dataset, rank: str, split: str = "valid", most: int = 10**9) -> np.ndarray:
    """Held-out games of players with at least that rank; of all players where there are none of them.

    Every n-th of them if they have more than `most` positions.
    """
    strong = dataset.split(split, rank)
    found = strong if len(strong) else dataset.split(split)
    if not len(found):
        raise BadConfig("the dataset holds no game back: make it with --valid 0.05.")
    return found[:: max(1, ceil(dataset.lengths[found].sum() / most))]


def accuracy(evaluate: Evaluator, game: Game, dataset: Dataset, chosen: np.ndarray) -> dict[str, float]:
    """`valid_top_1`, `valid_top_5`: how often the move played is the likeliest, or one of the five likeliest.

    And `valid_policy_loss`, −log p(a|s) in nats, and `valid_value_loss`, (z − v)². No symmetries, illegal moves not
    masked.
    """
    rows: list[np.ndarray] = []
    for batch in dataset.sweep(game, chosen, 1024):
        logits, value = evaluate(batch.observation)
        own = np.take_along_axis(logits, batch.action[:, None], axis=1)
        place = (logits > own).sum(axis=1)
        log_p = own[:, 0] - np.logaddexp.reduce(logits, axis=1)
        error = np.where(batch.trusted, (batch.outcome - value) ** 2, np.nan)
        rows.append(np.stack([place < 1, place < 5, -log_p, error]))
    top_1, top_5, loss, error = np.concatenate(rows, axis=1)
    found = {"valid_top_1": top_1.mean(), "valid_top_5": top_5.mean(), "valid_policy_loss": loss.mean()}
    if not np.isnan(error).all():
        found["valid_value_loss"] = np.nanmean(error)
    return {name: float(x) for name, x in found.items()}


def load(out: Run, iteration: int | None = None) -> tuple[Game, Config, PolicyValue, int]:
    """What a player needs of a run: game, configuration, net, and the iteration it comes from."""
    return load_policy_value(Config, out, iteration)
