"""Stage 3 of AlphaGo: the policy plays its earlier selves and learns from who won.    Silver et al., Nature 2016

Differs from the paper: the baseline is the mean outcome over the moves of one colour, not a value network; Adam in
place of plain SGD; the moves of 128 games make several updates, not one.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from math import inf

import numpy as np

from move37.core.errors import BadConfig, check_ranges
from move37.core.types import Game
from move37.learn.policy_gradient import Decisions, group_advantage, reinforce_loss
from move37.learn.update import Learner, OptimiserConfig, fit, kept
from move37.nets.onnx import OnnxEvaluator
from move37.nets.policy_value import NetConfig, PolicyValue
from move37.play.policy_games import PolicyGames, play_policies
from move37.recipes.alphago import policy
from move37.recipes.alphago.common import board, preset_of, teacher
from move37.recipes.loading import load_policy_value
from move37.run.directory import Run

PATHS = ("teacher",)  # options that name folders


@dataclass(frozen=True)
class Config:
    """What REINFORCE depends on, besides the game and the seed."""

    teacher: str = ""  # the run that imitated people: where the policy comes from
    iterations: int = 120
    games: int = 128  # of one iteration, all against one opponent; the paper: 128
    batch_size: int = 512  # moves in one update; an iteration's moves are used once
    pool_every: int = 10  # iterations between two entries to the pool of opponents; the paper: 500
    exam_every: int = 20  # iterations between two matches against the imitated policy
    exam_games: int = 100
    net: NetConfig = field(default_factory=NetConfig)  # the teacher's
    optimiser: OptimiserConfig = field(default_factory=OptimiserConfig)

    def __post_init__(self) -> None:
        """Check the ranges. Raises `BadConfig`."""
        check_ranges("", self, iterations=(1, inf), games=(2, inf), batch_size=(1, inf), pool_every=(1, inf))
        check_ranges("", self, exam_every=(1, inf), exam_games=(2, inf))
        for name in ("games", "exam_games"):
            if getattr(self, name) % 2:
                raise BadConfig(f"{name} is {getattr(self, name)}; it must be even: each side begins in one half.")


def preset(name: str, game: str) -> Config:
    """A configuration as a value."""
    net = policy.preset(name, game).net
    adam = OptimiserConfig(learning_rate=1e-4, weight_decay=0.0, warmup_updates=20)
    presets = {
        "smoke": Config(iterations=2, games=8, batch_size=64, pool_every=1, exam_every=1, exam_games=8, net=net),
        "laptop": Config(iterations=50, batch_size=1024, exam_every=5, net=net, optimiser=adam),
        "gpu": Config(iterations=1_000, games=512, batch_size=2048, pool_every=50, net=net, optimiser=adam),
        "paper": Config(iterations=10_000, pool_every=500, exam_every=500, exam_games=400, net=net, optimiser=adam),
    }
    return preset_of(presets, name)


def check(config: Config, game: Game) -> None:
    """What would fail only once training has begun. Raises `BadConfig`, `BadRun`."""
    teacher(config.teacher, board(game.name), config.net)


def train(config: Config, out: Run, resume: bool = False) -> PolicyValue:
    """The loop. Returns the net that acts."""
    game = board(out.about["game"])
    imitated = teacher(config.teacher, game, config.net)
    learner = Learner.init(kept(imitated), config.optimiser)
    done, pool = 0, [0]
    if resume:
        done, saved = out.resume({"learner": learner})
        learner = saved["learner"]
        pool += [t for t in range(1, done + 1) if t % config.pool_every == 0]
    against = OnnxEvaluator(imitated)
    for t in out.steps(done + 1, config.iterations):
        chosen = int(out.rng("opponent", t).choice(pool))
        opponent = imitated if chosen == 0 else out.load_net(imitated, chosen)[1]
        nets, began = (OnnxEvaluator(learner.acting), OnnxEvaluator(opponent)), out.seconds
        games = play_policies(game, nets, sides(config.games), config.games, out.key("play", t))
        report: dict[str, float] = {"games": t * config.games, "won": wins(games)}
        report["game_length"] = float(games.alive.sum(0).mean())
        report["moves_per_second"] = games.alive.sum() / (out.seconds - began)
        moves = decisions(games, config.batch_size, out.rng("batch", t))
        learner, metrics = fit(learner, reinforce_loss, moves)
        report |= metrics
        examined = t % config.exam_every == 0 or t == config.iterations
        if examined or t % config.pool_every == 0:
            out.save_net(t, learner.acting)
        if t % config.pool_every == 0:
            pool.append(t)
        if examined:
            count, key = config.exam_games, out.key("exam", t)
            match = play_policies(game, (OnnxEvaluator(learner.acting), against), sides(count), count, key)
            report["won_against_imitated"] = wins(match)
        out.log(t, report)
        out.save(t, {"learner": learner})
    if out.interrupted:  # the net to play with is the newest, with an exam or without
        out.save_net(t, learner.acting)
    return learner.acting


def sides(games: int) -> Callable[[int], np.ndarray]:
    """Network 0 moves first in the first half of the games, network 1 in the second."""
    second = np.arange(games) >= games // 2
    return lambda t: (second ^ (t % 2 == 1)).astype(np.int64)


def wins(games: PolicyGames) -> float:
    """Share of the games that network 0 won, a draw counted as half, where `sides` said who moves."""
    first = games.outcome[0]  # of the agent that moves first
    ours = np.where(np.arange(len(first)) < len(first) // 2, first, -first)
    return float((1 + np.sign(ours)).mean() / 2)


def decisions(games: PolicyGames, size: int, rng: np.random.Generator) -> Iterator[Decisions]:
    """The moves of network 0 once, in random order; the last batch is filled up with rows of advantage 0."""
    own = np.stack([sides(games.alive.shape[1])(t) == 0 for t in range(len(games.alive))]) & games.alive
    time, lane = np.nonzero(own)
    half = (lane >= games.alive.shape[1] // 2).astype(np.int64)
    advantage = group_advantage(games.outcome[time, lane], half)
    order = rng.permutation(len(time))
    for begin in range(0, len(order), size):
        some = order[begin : begin + size]
        spare = size - len(some)
        at = np.pad(some, (0, spare), mode="edge")
        weight = np.pad(advantage[some], (0, spare))
        observation, legal, action = (x[time[at], lane[at]] for x in (games.observation, games.legal, games.action))
        yield Decisions(observation, legal, action, weight)


def load(out: Run, iteration: int | None = None) -> tuple[Game, Config, PolicyValue, int]:
    """What a player needs of a run: game, configuration, net, and the iteration it comes from."""
    return load_policy_value(Config, out, iteration)
