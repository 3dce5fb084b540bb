"""AlphaZero = AlphaGo Zero − Go.                                            Silver et al., Science 2018

Removed: board symmetries as a must (used where a game declares them); the 55 % gate.    Added: draws.
Differs from the paper: Gumbel's root and 32 simulations instead of PUCT and 800 (preset `paper` restores both); random
openings; the value target leans on the search's own value; a moving average of the weights plays.
"""

from dataclasses import dataclass, field
from functools import partial
from math import inf
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from move37 import games
from move37.core.errors import BadConfig, UnknownName, check_ranges
from move37.core.types import Game
from move37.learn.losses import policy_value_loss
from move37.learn.targets import outcome_targets
from move37.learn.update import Learner, OptimiserConfig
from move37.nets.onnx import OnnxEvaluator
from move37.nets.policy_value import NetConfig, PolicyValue
from move37.play.episodes import Assembler
from move37.play.exam import Exam
from move37.play.ladder import Ladder
from move37.play.replay import Replay, ReplayConfig
from move37.play.self_play import PlayConfig, SelfPlay, summary
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
        if self.search.sampled:
            raise BadConfig("search.sampled is True; self-play of rules has no key for it: take --search.no-sampled.")
        fast, most = self.play.fast_simulations, self.search.num_simulations
        if fast is not None and fast > most:
            raise BadConfig(f"play.fast_simulations is {fast}; it must be from 1 to search.num_simulations = {most}.")


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


def train(config: Config, out: Run, resume: bool = False) -> PolicyValue:
    """The loop. Returns the net that acts."""
    game = games.make(out.about["game"])
    learner = Learner.init(PolicyValue(game, config.net, key=out.key("net")), config.optimiser)
    self_play, exam = SelfPlay(game, config.search, config.play), Exam(game, config.search)
    ladder = Ladder(game, config.search.num_simulations)
    lanes, assembler = self_play.start(out.key("start")), Assembler(config.play.games)
    replay, done, played = Replay(config.replay, out.path / "replay"), 0, 0
    if resume:
        done, saved = out.resume({"learner": learner, "lanes": lanes, "open": None, "replay": None})
        learner, lanes, assembler = saved["learner"], saved["lanes"], Assembler.restore(saved["open"])
        replay = Replay.open(config.replay, out.path / "replay", done, saved["replay"])
        played = int(saved["replay"]["games"])
        ladder.restore(out.metrics())

    for t in out.steps(done + 1, config.iterations):
        began = out.seconds
        lanes, moves = play(self_play, learner.acting, lanes, out.key("play", t))  # play
        episodes = assembler.add(moves)
        played += len(episodes)
        replay.add(t, outcome_targets(episodes, config.root_value_weight))
        write_games(out.path / "games" / f"{t:06d}.jsonl", game, t, episodes)
        spent, losses = out.seconds - began, []
        for batch in replay.batches(config.updates, config.batch_size, out.rng("batch", t), game.symmetries()):
            learner, metrics = learner.update(policy_value_loss, jax.tree.map(jnp.asarray, batch))  # learn
            losses.append(metrics)
        report = {"games": played, "positions": replay.total, **summary(episodes, moves, config.search, spent)}
        report |= {name: float(np.mean([m[name] for m in losses])) for name in (losses[0] if losses else ())}
        if t % config.exam_every == 0 or t == config.iterations:
            out.save_net(t, learner.acting)
            report |= exam.sit(learner.acting)
            report |= ladder.challenge(t, learner.acting, out.key("ladder", t), partial(net_of, out, learner.acting))
        out.log(t, report)
        state = {"learner": learner, "lanes": lanes, "open": assembler.state()}
        out.save(t, {**state, "replay": {**replay.state, "games": np.array(played)}})
        replay.prune()
    if out.interrupted:  # the net to play with is the newest, with an exam or without
        out.save_net(t, learner.acting)
    return learner.acting


def net_of(out: Run, like: PolicyValue, iteration: int) -> PolicyValue:
    """A net that the run kept."""
    return out.load_net(like, iteration)[1]


def play(self_play: SelfPlay, net: PolicyValue, lanes: Any, key: Any) -> tuple[Any, Any]:
    """Fused on an accelerator; on a CPU stepwise, with the net in ONNX Runtime."""
    if jax.default_backend() != "cpu":
        return self_play.play_fused(net, lanes, key)
    return self_play.play(OnnxEvaluator(net), lanes, key)


def load(out: Run, iteration: int | None = None) -> tuple[Game, Config, PolicyValue, int]:
    """What a player needs of a run: game, configuration, net, and the iteration it comes from."""
    from move37.run.config import from_json

    game, config = games.make(out.about["game"]), from_json(Config, out.about["config"])
    chosen, net = out.load_net(PolicyValue(game, config.net, key=out.key("net")), iteration)
    return game, config, net, chosen
