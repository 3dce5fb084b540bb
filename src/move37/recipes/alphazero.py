"""AlphaZero = AlphaGo Zero − Go.                                            Silver et al., Science 2018

Removed: board symmetries as a must (used where a game declares them); the 55 % gate.    Added: draws.
Differs from the paper: Gumbel's root and 32 simulations instead of PUCT and 800 (preset `paper` restores both); random
openings; the value target leans on the search's own value; a moving average of the weights plays.
"""

from dataclasses import dataclass, field
from math import inf

from move37 import games
from move37.core.errors import UnknownName, check_ranges
from move37.core.types import Game
from move37.learn.losses import policy_value_loss
from move37.learn.targets import outcome_targets
from move37.learn.update import Learner, OptimiserConfig, fit
from move37.models.rules import check_no_chance
from move37.nets.policy_value import NetConfig, PolicyValue
from move37.play.ends import Ends
from move37.play.exam import Exam
from move37.play.ladder import Ladder
from move37.play.replay import Replay, ReplayConfig
from move37.play.self_play import PlayConfig, check_search, summary
from move37.play.stream import Stream
from move37.recipes.loading import load_policy_value
from move37.run.directory import Run
from move37.run.records import write_games
from move37.search.mcts import SearchConfig
from move37.search.puct import Puct

LINEAGE = {
    "system": "AlphaZero",
    "parent": "AlphaGo Zero",
    "minus": "everything that is Go",
    "plus": "draws",
    "data": "self-play",
    "model": "rules",
    "search": "PUCT or Gumbel",
    "targets": "visit counts or completed Q; outcome",
}
CITATION = """@article{silver2018alphazero,
  title   = {A general reinforcement learning algorithm that masters chess, shogi, and Go through self-play},
  author  = {Silver, David and Hubert, Thomas and Schrittwieser, Julian and others},
  journal = {Science},
  volume  = {362},
  number  = {6419},
  pages   = {1140--1144},
  year    = {2018},
  doi     = {10.1126/science.aar6404}
}"""


@dataclass(frozen=True)
class Config:
    """Everything that a run depends on, besides the game and the seed."""

    iterations: int = 150
    updates: int = 24  # of the net in one iteration
    batch_size: int = 256
    root_value_weight: float = 0.25  # value target = (1 − w)·outcome + w·value of the search
    exam_every: int = 10  # iterations between two measurements of strength
    net: NetConfig = field(default_factory=NetConfig)
    search: SearchConfig = field(default_factory=SearchConfig)
    play: PlayConfig = field(default_factory=PlayConfig)
    replay: ReplayConfig = field(default_factory=ReplayConfig)
    optimiser: OptimiserConfig = field(default_factory=OptimiserConfig)

    def __post_init__(self) -> None:
        """Check the ranges, and what the parts expect of each other. Raises `BadConfig`."""
        check_ranges("", self, iterations=(1, inf), updates=(0, inf), batch_size=(1, inf), exam_every=(1, inf))
        check_ranges("", self, root_value_weight=(0, 1))
        check_search(self.search, self.play)


def preset(name: str, game: str) -> Config:
    """A configuration as a value: `smoke`, `laptop`, `gpu`, `paper`. Raises `UnknownName`."""
    small = game in ("tic_tac_toe", "catch", "deep_sea")
    play = PlayConfig(
        moves=16 if small else 32, num_sampling_moves=0, opening_moves=4 if small else 16, opening_fraction=0.5
    )
    adam = OptimiserConfig(learning_rate=2e-3, ema=0.99)
    iterations, updates = (16, 96) if small else (140, 256)
    muon = OptimiserConfig("muon", learning_rate=2e-3, weight_decay=1e-2, decay_updates=iterations * updates, ema=0.995)
    presets = {
        "smoke": Config(
            iterations=3,
            updates=4,
            batch_size=64,
            exam_every=1,
            net=NetConfig(1, 16),
            search=SearchConfig(num_simulations=8),
            play=PlayConfig(games=16, moves=16, num_sampling_moves=0),
            replay=ReplayConfig(least=64),
        ),
        "laptop": Config(
            iterations=iterations,
            updates=updates,
            batch_size=64,
            root_value_weight=0.5,
            exam_every=8 if small else 10,
            net=NetConfig(2, 32) if small else NetConfig(4, 32),
            play=play,
            optimiser=muon,
        ),
        "gpu": Config(
            iterations=400,
            updates=64,
            batch_size=4096,
            net=NetConfig(6, 128),
            search=SearchConfig(num_simulations=64),
            play=PlayConfig(games=1024, num_sampling_moves=0, opening_moves=16, opening_fraction=0.5),
            replay=ReplayConfig(window=2_000_000),
            optimiser=adam,
        ),
        "paper": Config(
            iterations=700,
            updates=1_000,
            batch_size=4096,
            root_value_weight=0.0,
            net=NetConfig(19, 256),
            search=SearchConfig(Puct(), num_simulations=800),
            play=PlayConfig(games=5_000, num_sampling_moves=30),
            replay=ReplayConfig(window=50_000_000, fraction=1.0),
            optimiser=OptimiserConfig("sgd", learning_rate=0.2, decay_updates=700_000),
        ),
    }
    if name not in presets:
        raise UnknownName(f"alphazero has no preset {name!r}; there are: {', '.join(presets)}.")
    return presets[name]


def check(config: Config, game: Game) -> None:
    """What this game cannot give. Raises `BadConfig`."""
    check_no_chance(game)
    if config.net.learns_ends:
        Ends(game)


def train(config: Config, out: Run, resume: bool = False) -> PolicyValue:
    """The loop. Returns the net that acts."""
    game = games.make(out.about["game"])
    learner = Learner.init(PolicyValue(game, config.net, key=out.key("net")), config.optimiser)
    stream = Stream(game, config.search, config.play, out.key("start"), config.net.learns_ends)
    replay, done = Replay(config.replay, out.path / "replay"), 0
    exam, ladder = Exam(game), Ladder(game, config.search.num_simulations)
    if resume:
        done, saved = out.resume({"learner": learner, **stream.template, "replay": None})
        learner, replay = saved["learner"], Replay.open(config.replay, out.path / "replay", done, saved["replay"])
        stream.restore(saved)
        ladder.restore(out.metrics())

    for t in out.steps(done + 1, config.iterations):
        began = out.seconds
        episodes, moves = stream.play(learner.acting, out.key("play", t))  # play
        report = summary(episodes, moves, config.search, config.play, out.seconds - began)
        replay.add(t, outcome_targets(episodes, config.root_value_weight), len(episodes))
        write_games(out.path / "games" / f"{t:06d}.jsonl", game, t, episodes)
        batches = replay.batches(config.updates, config.batch_size, out.rng("batch", t), game.symmetries())
        learner, losses = fit(learner, policy_value_loss, batches)  # learn
        report |= losses
        if t % config.exam_every == 0 or t == config.iterations:
            out.save_net(t, learner.acting)
            report |= exam.sit(learner.acting)
            report |= ladder.challenge(t, learner.acting, out.key("ladder", t), out.load_net)
        out.log(t, {"games": replay.games, "positions": replay.total, **report})
        out.save(t, {"learner": learner, **stream.state, "replay": replay.state})
        replay.prune()
    if out.interrupted:  # the net to play with is the newest, with an exam or without
        out.save_net(t, learner.acting)
    return learner.acting


def load(out: Run, iteration: int | None = None) -> tuple[Game, Config, PolicyValue, int]:
    """What a player needs of a run: game, configuration, net, and the iteration it comes from."""
    return load_policy_value(Config, out, iteration)
