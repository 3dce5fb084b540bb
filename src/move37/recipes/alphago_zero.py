"""AlphaGo Zero = AlphaGo − human games − playouts, two nets → one.                     Silver et al., Nature 2017

Against AlphaZero, its child: `gate` decides which net plays, `resignation` when a game is given up. All else is shared.
Differs from the paper: few simulations and a small net (preset `paper` restores both); random openings in the gate's
games; no search goes on from the last one; a moving average of the weights plays.
"""

from dataclasses import dataclass, field
from math import inf

from move37 import games
from move37.core.errors import BadConfig, UnknownName, check_ranges
from move37.core.types import Game
from move37.learn.losses import policy_value_loss
from move37.learn.targets import outcome_targets
from move37.learn.update import Learner, OptimiserConfig, fit
from move37.models.rules import check_no_chance
from move37.nets.policy_value import NetConfig, PolicyValue
from move37.play.ends import Ends
from move37.play.exam import Exam
from move37.play.gate import Gate, GateConfig
from move37.play.ladder import Ladder
from move37.play.replay import Replay, ReplayConfig
from move37.play.resign import Resignation, ResignConfig
from move37.play.self_play import PlayConfig, check_search, summary
from move37.play.stream import Stream
from move37.recipes.loading import load_policy_value
from move37.run.directory import Run
from move37.run.records import write_games
from move37.search.mcts import SearchConfig
from move37.search.puct import Puct

LINEAGE = {
    "system": "AlphaGo Zero",
    "parent": "AlphaGo",
    "minus": "human games, playouts, one of the two nets",
    "plus": "",
    "data": "self-play, gated",
    "model": "rules",
    "search": "PUCT with noise at the root",
    "targets": "visit counts; outcome",
}
CITATION = """@article{silver2017alphagozero,
  title   = {Mastering the game of Go without human knowledge},
  author  = {Silver, David and Schrittwieser, Julian and Simonyan, Karen and others},
  journal = {Nature},
  volume  = {550},
  number  = {7676},
  pages   = {354--359},
  year    = {2017},
  doi     = {10.1038/nature24270}
}"""


@dataclass(frozen=True)
class Config:
    """Everything that a run depends on, besides the game and the seed."""

    iterations: int = 120
    updates: int = 128  # of the net in one iteration
    batch_size: int = 128
    root_value_weight: float = 0.0  # value target = (1 − w)·outcome + w·value of the search
    exam_every: int = 10  # iterations between two measurements of strength
    net: NetConfig = field(default_factory=NetConfig)
    search: SearchConfig = field(default_factory=lambda: SearchConfig(Puct(), num_simulations=64))
    play: PlayConfig = field(default_factory=PlayConfig)
    replay: ReplayConfig = field(default_factory=ReplayConfig)
    optimiser: OptimiserConfig = field(default_factory=OptimiserConfig)
    gate: GateConfig = field(default_factory=GateConfig)
    resign: ResignConfig = field(default_factory=ResignConfig)

    def __post_init__(self) -> None:
        """Check the ranges, and what the parts expect of each other. Raises `BadConfig`."""
        check_ranges("", self, iterations=(1, inf), updates=(0, inf), batch_size=(1, inf), exam_every=(1, inf))
        check_ranges("", self, root_value_weight=(0, 1))
        check_search(self.search, self.play)


def preset(name: str, game: str) -> Config:
    """A configuration as a value: `smoke`, `laptop`, `gpu`, `paper`. Raises `UnknownName`."""
    num_actions = games.make(game).num_actions
    rule = Puct(dirichlet_alpha=round(10 / num_actions, 3))  # the paper: 0.03 on 19×19
    sampled = min(30, max(2, num_actions // 6))  # the paper: 30 on 19×19
    iterations, updates = (150 if num_actions <= 50 else 100), 128
    muon = OptimiserConfig("muon", learning_rate=2e-3, weight_decay=1e-2, decay_updates=iterations * updates, ema=0.995)
    presets = {
        "smoke": Config(
            iterations=3,
            updates=4,
            batch_size=64,
            exam_every=3,
            net=NetConfig(1, 8),
            search=SearchConfig(rule, num_simulations=8),
            play=PlayConfig(games=16, moves=16, num_sampling_moves=sampled),
            replay=ReplayConfig(least=64),
            gate=GateConfig(games=4, every=2),
        ),
        "laptop": Config(
            iterations=iterations,
            updates=updates,
            root_value_weight=0.25,
            net=NetConfig(4, 32),
            search=SearchConfig(rule, num_simulations=64),
            play=PlayConfig(games=64, moves=32, num_sampling_moves=sampled),
            optimiser=muon,
            gate=GateConfig(games=40, every=5),
        ),
        "gpu": Config(
            iterations=300,
            updates=200,
            batch_size=1024,
            root_value_weight=0.25,
            net=NetConfig(8, 96),
            search=SearchConfig(rule, num_simulations=128),
            play=PlayConfig(games=1024, num_sampling_moves=sampled),
            replay=ReplayConfig(window=2_000_000),
            optimiser=OptimiserConfig(learning_rate=1e-3, decay_updates=300 * 200, ema=0.99),
            gate=GateConfig(games=100, every=5),
        ),
        "paper": Config(
            iterations=196,  # 4.9 million games in three days
            updates=3_571,  # 700,000 in all
            batch_size=2_048,
            exam_every=1,
            net=NetConfig(19, 256, head_channels=2, value_hidden=256),  # with the stem: 20 blocks
            search=SearchConfig(Puct(pb_c_base=1e12, dirichlet_alpha=0.03), num_simulations=1_600),  # c is constant
            play=PlayConfig(games=5_000, moves=1_000, num_sampling_moves=30),  # some 25,000 games
            replay=ReplayConfig(window=100_000_000, fraction=1.0),  # some 500,000 games
            optimiser=OptimiserConfig("sgd", learning_rate=1e-2, weight_decay=1e-4, decay_updates=700_000),
            gate=GateConfig(games=400),
        ),
    }
    if name not in presets:
        raise UnknownName(f"alphago_zero has no preset {name!r}; there are: {', '.join(presets)}.")
    return presets[name]


def check(config: Config, game: Game) -> None:
    """What this game cannot give. Raises `BadConfig`."""
    check_no_chance(game)
    if config.net.learns_ends:
        Ends(game)
    if game.num_players != 2:
        raise BadConfig(f"{game.name} is for one: no net can win against another at the gate; train alphazero on it.")


def train(config: Config, out: Run, resume: bool = False) -> PolicyValue:
    """The loop. Returns the net that acts: the best."""
    game = games.make(out.about["game"])
    learner = Learner.init(PolicyValue(game, config.net, key=out.key("net")), config.optimiser)
    stream = Stream(game, config.search, config.play, out.key("start"), config.net.learns_ends)
    gate = Gate(config.gate, game, config.search, learner.acting)
    resignation = Resignation(config.resign, config.play.played_out)
    replay, done = Replay(config.replay, out.path / "replay"), 0
    exam, ladder = Exam(game), Ladder(game, config.search.num_simulations)
    if resume:
        own = {"gate": gate.state, "resign": None}
        done, saved = out.resume({"learner": learner, **stream.template, "replay": None, **own})
        learner, replay = saved["learner"], Replay.open(config.replay, out.path / "replay", done, saved["replay"])
        stream.restore(saved)
        ladder.restore(out.metrics())
        gate.restore(saved["gate"])
        resignation.restore(saved["resign"])

    for t in out.steps(done + 1, config.iterations):
        began = out.seconds
        episodes, moves = stream.play(gate.best, out.key("play", t), resignation.threshold)  # play
        report = summary(episodes, moves, config.search, config.play, out.seconds - began)
        report |= resignation.observe(episodes)
        replay.add(t, outcome_targets(episodes, config.root_value_weight), len(episodes))
        write_games(out.path / "games" / f"{t:06d}.jsonl", game, t, episodes)
        batches = replay.batches(config.updates, config.batch_size, out.rng("batch", t), game.symmetries())
        learner, losses = fit(learner, policy_value_loss, batches)  # learn
        report |= losses
        report |= gate.judge(t, learner.acting, out.key("gate", t))  # the best plays
        if t % config.exam_every == 0 or t == config.iterations:
            out.save_net(t, gate.best)
            report |= exam.sit(gate.best)
            report |= ladder.challenge(t, gate.best, out.key("ladder", t), out.load_net)
        out.log(t, {"games": replay.games, "positions": replay.total, **report})
        own = {"gate": gate.state, "resign": resignation.state}
        out.save(t, {"learner": learner, **stream.state, "replay": replay.state, **own})
        replay.prune()
    if out.interrupted:  # the net to play with is the newest best, with an exam or without
        out.save_net(t, gate.best)
    return gate.best


def load(out: Run, iteration: int | None = None) -> tuple[Game, Config, PolicyValue, int]:
    """What a player needs of a run: game, configuration, net, and the iteration it comes from."""
    return load_policy_value(Config, out, iteration)
