"""MuZero Unplugged = MuZero − acting.                              Schrittwieser et al., NeurIPS 2021

Against MuZero, its parent: nothing is played. What others did once is given, and all that is learned comes of searching
it again: policies by reanalyze, values by n-step returns whose end the newest net judges. All else is shared.
Differs from the paper: half of each policy is what was done, half what the search says (`imitation`), all along; the
window is searched between two iterations.
"""

from dataclasses import dataclass, field, replace
from functools import partial
from math import inf

import numpy as np
from jaxtyping import Array, Key

from move37 import games
from move37.core.errors import BadConfig, check_ranges
from move37.core.types import Game, World
from move37.data.logged import read_episodes
from move37.learn.targets import Samples, n_step_targets
from move37.learn.unroll import unrolled_loss
from move37.learn.update import Learner, OptimiserConfig, fit, kept
from move37.models.learned import Learned, values
from move37.nets.latent import LatentConfig
from move37.play.reanalyze import Reanalyze
from move37.play.replay import Renewed, Replay, ReplayConfig
from move37.play.worlds import Measures
from move37.recipes import muzero_config
from move37.recipes.muzero import Net, net_of
from move37.run.config import from_json
from move37.run.directory import Run
from move37.search.mcts import SearchConfig

LINEAGE = {
    "system": "MuZero Unplugged",
    "parent": "MuZero",
    "minus": "acting",
    "plus": "",
    "data": "a fixed dataset",
    "model": "learned",
    "search": "Gumbel, of what was done",
    "targets": "completed Q; n-step return, unrolled K steps",
}
CITATION = """@inproceedings{schrittwieser2021unplugged,
  title     = {Online and offline reinforcement learning by planning with a learned model},
  author    = {Schrittwieser, Julian and Hubert, Thomas and Mandhane, Amol and others},
  booktitle = {Advances in Neural Information Processing Systems},
  volume    = {34},
  year      = {2021}
}"""
PATHS = ("data",)  # options that name folders


@dataclass(frozen=True)
class Config:
    """Everything that a run depends on, besides the world and the seed."""

    data: str = ""  # a run of muzero (its replay is read), a folder of replay segments, or minari:ID
    iterations: int = 20
    updates: int = 256  # of the net in one iteration
    batch_size: int = 128
    num_unroll_steps: int = 5  # K
    td_steps: int = 10  # n of the n-step return
    reanalyze: int = 10_000  # positions whose policies are searched again in each iteration
    imitation: float = 0.5  # share of what was done in the policy to be learned, beside what the search says
    exam_every: int = 5  # iterations between two measurements of strength
    net: LatentConfig = field(default_factory=LatentConfig)
    search: SearchConfig = field(default_factory=SearchConfig)
    optimiser: OptimiserConfig = field(default_factory=OptimiserConfig)

    def __post_init__(self) -> None:
        """Check the ranges. Raises `BadConfig`."""
        check_ranges("", self, iterations=(1, inf), updates=(1, inf), batch_size=(1, inf), exam_every=(1, inf))
        check_ranges("", self, num_unroll_steps=(0, inf), td_steps=(1, inf), reanalyze=(1, inf))
        check_ranges("", self, imitation=(0, 1))


def preset(name: str, game: str) -> Config:
    """A configuration as a value: `smoke`, `laptop`, with nets and search of MuZero's. Raises `UnknownName`."""
    acting = muzero_config.preset(name, game)
    config = Config(
        batch_size=acting.batch_size,
        num_unroll_steps=acting.num_unroll_steps,
        net=acting.net,
        search=acting.search,
        optimiser=replace(acting.optimiser, decay_updates=Config.iterations * Config.updates),
    )
    return replace(config, iterations=3, updates=4, reanalyze=32, exam_every=3) if name == "smoke" else config


def check(config: Config, world: World) -> None:
    """What this world cannot give. Raises `BadConfig`."""
    if isinstance(world, Game) or world.action_shape:
        raise BadConfig(f"muzero_unplugged learns worlds of Gymnasium with discrete actions; {world.name} is none.")
    if not config.data:
        raise BadConfig("--data is missing: a run of muzero, a folder of replay segments, or minari:ID.")
    read_episodes(config.data, world, config.net.discount)


def train(config: Config, out: Run, resume: bool = False) -> Net:
    """The loop. Returns the net that acts."""
    world, folder = games.world(out.about["game"]), out.path / "replay"
    learner = Learner.init(net_of(world, config.net, key=out.key("net")), config.optimiser)
    again, measures, done = Reanalyze(world, Learned, config.search), Measures(world, Learned, config.search), 0
    window = ReplayConfig(window=10**9, fraction=1.0, least=1)
    if resume:
        done, saved = out.resume({"learner": learner, "replay": None})
        learner, replay = saved["learner"], Replay.open(window, folder, done, saved["replay"])
    else:
        episodes, replay = read_episodes(config.data, world, config.net.discount), Replay(window, folder)
        replay.add(0, n_step_targets(episodes, config.td_steps), sum(not e.cut for e in episodes))

    for t in out.steps(done + 1, config.iterations):
        targets = partial(_targets, again, learner.acting, config.imitation, out.key("reanalyze", t))
        replay.renew(config.reanalyze, out.rng("reanalyze", t), targets)
        rng, steps, later = out.rng("batch", t), config.num_unroll_steps, config.net.consistency > 0
        value_of = partial(values, kept(learner.acting))
        batches = replay.stretches(config.updates, config.batch_size, steps, rng, config.td_steps, value_of, later)
        learner, report = fit(learner, unrolled_loss, batches)  # learn
        if t % config.exam_every == 0 or t == config.iterations:
            out.save_net(t, learner.acting)
            report |= measures.take(t, learner.acting, out.key("ladder", t), out.load_net)
        out.log(t, {"games": replay.games, "positions": replay.total, **report})
        out.save(t, {"learner": learner, "replay": replay.state})
    if out.interrupted:  # the net to play with is the newest, with an exam or without
        out.save_net(t, learner.acting)
    return learner.acting


def _targets(again: Reanalyze, net: Net, imitation: float, key: Key[Array, ""], rows: Samples) -> Renewed:
    """What the search says, and a share of what was done.

    Source, of the share: Liu et al., "Efficient offline policy optimization with a learned model" (ROSMO), ICLR 2023,
    which adds the log-likelihood of what was done to the loss. A search that tries nothing believes its own mistakes
    where nobody has been; so it stays near to where somebody was.
    """
    found = again.targets(net, rows, key)
    done = np.eye(found.policy.shape[1], dtype=np.float32)[rows.action]
    return found._replace(policy=(1 - imitation) * found.policy + np.float32(imitation) * done)


def load(out: Run, iteration: int | None = None) -> tuple[World, Config, Net, int]:
    """What a player needs of a run: world, configuration, net, and the iteration it comes from."""
    world, config = games.world(out.about["game"]), from_json(Config, out.about["config"])
    chosen, net = out.load_net(net_of(world, config.net, key=out.key("net")), iteration)
    return world, config, net, chosen
