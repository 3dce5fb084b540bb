"""MuZero = AlphaZero − the rules.                                   Schrittwieser et al., Nature 2020

Against AlphaZero, its parent: the model is `Learned` where it was `Rules`, targets are n-step returns, the loss is
unrolled. Legal moves are known at the root of a search alone. All else is shared.
Differs from the paper: Gumbel's root and 32 simulations (preset `paper` restores PUCT and 800); random openings; a
moving average of the weights plays; rewards are predicted on boards too, where the paper has only values; reanalyze
searches the window between two iterations, not each batch.
"""

import math
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from functools import partial
from math import inf
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
from jaxtyping import Array, Key

from move37 import games
from move37.core.errors import BadConfig, UnknownName, check_ranges
from move37.core.types import Game, World
from move37.core.values import Support
from move37.learn.targets import n_step_targets
from move37.learn.unroll import unrolled_loss
from move37.learn.update import Learner, Loss, OptimiserConfig, fit
from move37.models.chance import Imagination
from move37.models.learned import Learned, values
from move37.nets.image_latent import ImageLatent
from move37.nets.latent import BoardLatent, LatentConfig
from move37.nets.value_prefix import ValuePrefix
from move37.nets.vector_latent import VectorLatent
from move37.play.actors import Actors
from move37.play.reanalyze import Reanalyze
from move37.play.replay import Replay, ReplayConfig
from move37.play.self_play import PlayConfig, check_search, summary
from move37.play.worlds import Measures, stream_of
from move37.run.config import from_json
from move37.run.directory import Run
from move37.run.records import write_games
from move37.search.gumbel import Gumbel
from move37.search.mcts import SearchConfig
from move37.search.puct import Puct

Net = BoardLatent | VectorLatent | ImageLatent | ValuePrefix
LINEAGE = {
    "system": "MuZero",
    "parent": "AlphaZero",
    "minus": "the rules",
    "plus": "rewards",
    "data": "self-play",
    "model": "learned",
    "search": "PUCT or Gumbel",
    "targets": "visit counts or completed Q; n-step return, unrolled K steps",
}
CITATION = """@article{schrittwieser2020muzero,
  title   = {Mastering Atari, Go, chess and shogi by planning with a learned model},
  author  = {Schrittwieser, Julian and Antonoglou, Ioannis and Hubert, Thomas and others},
  journal = {Nature},
  volume  = {588},
  number  = {7839},
  pages   = {604--609},
  year    = {2020},
  doi     = {10.1038/s41586-020-03051-4}
}"""


@dataclass(frozen=True)
class Config:
    """Everything that a run depends on, besides the game and the seed."""

    iterations: int = 150
    updates: int = 64  # of the net in one iteration
    batch_size: int = 128
    num_unroll_steps: int = 5  # K
    td_steps: int | None = None  # n of the n-step return; None: to the end of the game
    reanalyze: int = 0  # positions of the window whose policies are searched again in each iteration
    priority: float = 0.0  # α: positions are drawn in proportion to |value of the search − target|^α
    fresh_values: bool = False  # the value at the end of an n-step return is the newest net's, not that of its time
    exam_every: int = 10  # iterations between two measurements of strength
    net: LatentConfig = field(default_factory=LatentConfig)
    search: SearchConfig = field(default_factory=SearchConfig)
    play: PlayConfig = field(default_factory=PlayConfig)
    replay: ReplayConfig = field(default_factory=ReplayConfig)
    optimiser: OptimiserConfig = field(default_factory=OptimiserConfig)

    def __post_init__(self) -> None:
        """Check the ranges, and what the parts expect of each other. Raises `BadConfig`."""
        check_ranges("", self, iterations=(1, inf), updates=(0, inf), batch_size=(1, inf), exam_every=(1, inf))
        check_ranges("", self, num_unroll_steps=(0, inf), td_steps=(1, inf), reanalyze=(0, inf), priority=(0, inf))
        check_search(self.search, self.play)


def preset(name: str, game: str) -> Config:
    """A configuration as a value: `smoke`, `laptop`, `gpu`, `paper`. Raises `UnknownName`."""
    small = game in ("tic_tac_toe", "catch", "deep_sea")
    play = PlayConfig(
        moves=16 if small else 32, num_sampling_moves=0, opening_moves=4 if small else 16, opening_fraction=0.5
    )
    iterations, updates = (60, 128) if small else (120, 192)
    muon = OptimiserConfig("muon", learning_rate=2e-3, weight_decay=1e-2, decay_updates=iterations * updates, ema=0.995)
    presets = {
        "smoke": Config(
            iterations=3,
            updates=4,
            batch_size=32,
            num_unroll_steps=2,
            exam_every=3,
            net=LatentConfig(1, 1, 8),
            search=SearchConfig(num_simulations=4),
            play=PlayConfig(games=8, moves=8, num_sampling_moves=0),
            replay=ReplayConfig(least=16),
        ),
        "laptop": Config(iterations=iterations, updates=updates, batch_size=64, play=play, optimiser=muon),
        "gpu": Config(
            iterations=400,
            batch_size=2048,
            net=LatentConfig(6, 6, 128),
            search=SearchConfig(num_simulations=64),
            play=PlayConfig(games=1024, num_sampling_moves=0, opening_moves=16, opening_fraction=0.5),
            replay=ReplayConfig(window=2_000_000),
            optimiser=OptimiserConfig(learning_rate=1e-3, ema=0.99),
        ),
        "paper": Config(
            iterations=1_000,
            updates=1_000,
            batch_size=2_048,
            net=LatentConfig(16, 16, 256, value_hidden=256),
            search=SearchConfig(Puct(), num_simulations=800),
            play=PlayConfig(games=3_000, num_sampling_moves=30),
            replay=ReplayConfig(window=50_000_000, fraction=1.0),
            optimiser=OptimiserConfig("sgd", learning_rate=0.05, decay_updates=1_000_000),
        ),
    }
    if game.startswith("gym:"):
        presets = _control(presets, numbers=bool(games.world(game).action_shape))
    elif game.startswith("atari:"):
        presets = _atari(presets)
    elif game in ("game_2048", "offers"):
        presets = _rewarded(presets, game)
    if name not in presets:
        raise UnknownName(f"muzero has no preset {name!r}; there are: {', '.join(presets)}.")
    return presets[name]


def _control(presets: dict[str, Config], numbers: bool) -> dict[str, Config]:
    """The same for one agent, whose rewards come on the way: supports of scaled numbers, a return of few steps."""
    support = Support(-30.0, 30.0, 61, scaled=True)
    net = LatentConfig(1, 1, 64, discount=0.99, consistency=2.0, value=support, reward=support)
    laptop = Config(
        iterations=39,
        updates=256,
        reanalyze=0 if numbers else 10_000,
        td_steps=10,
        fresh_values=True,
        exam_every=5,
        net=net,
        search=SearchConfig(Gumbel(rescale="tree"), num_simulations=25),
        play=PlayConfig(games=8, moves=32, num_sampling_moves=0),
        replay=ReplayConfig(least=512, fraction=1.0),
        optimiser=OptimiserConfig(learning_rate=3e-3, decay_updates=39 * 256, ema=0.98),
    )
    return {"smoke": replace(presets["smoke"], net=replace(net, channels=16)), "laptop": laptop}


def _rewarded(presets: dict[str, Config], game: str) -> dict[str, Config]:
    """The same for games for one with rewards all the way; those that others built on MuZero start from these too."""
    if game == "offers":
        value, reward = Support(-16.0, 16.0, 33), Support(-4.0, 4.0, 17)
        net = LatentConfig(1, 1, 16, discount=1.0, consistency=2.0, value=value, reward=reward)
        laptop = Config(iterations=30, updates=64, batch_size=64, exam_every=5)
        play = PlayConfig(games=32, moves=16, num_sampling_moves=8)
        rule: Puct | Gumbel = Puct(dirichlet_alpha=1.0, rescale="tree")  # Gumbel's policy soon rolls no more, by chance
    else:
        value, reward = Support(0.0, 120.0, 61, scaled=True), Support(0.0, 60.0, 61, scaled=True)
        net = LatentConfig(1, 1, 32, discount=0.999, consistency=2.0, value=value, reward=reward)
        laptop = Config(iterations=100, updates=128, td_steps=10, fresh_values=True)
        play, rule = PlayConfig(games=32, moves=64, num_sampling_moves=0), Gumbel(rescale="tree")
    laptop = replace(
        laptop,
        net=net,
        search=SearchConfig(rule, num_simulations=16),
        play=play,
        replay=ReplayConfig(least=512),
        optimiser=OptimiserConfig(learning_rate=2e-3, decay_updates=laptop.iterations * laptop.updates, ema=0.98),
    )
    longer = replace(presets["smoke"].play, moves=64)  # games of 2048 end after a hundred moves and more
    smoke = replace(presets["smoke"], td_steps=laptop.td_steps, net=replace(net, channels=8), play=longer)
    return {"smoke": smoke, "laptop": laptop}


class Parts(NamedTuple):
    """What the systems that share this loop differ in."""

    config: type["Config"]
    net: Callable[[Any, Any, Key[Array, ""]], Any]  # (world, configuration of the net, key) → net
    model: type[Imagination]
    loss: Loss
    later: bool = False  # the loss must know what was seen on the way, whatever the configuration says


def _atari(presets: dict[str, Config]) -> dict[str, Config]:
    """For images. `paper`: Nature 2020, Methods: 50 simulations, n = 10, K = 5, a million steps of 1,024 stretches."""
    support = Support(-15.0, 15.0, 31, scaled=True)
    net = LatentConfig(1, 1, 32, value=support, reward=support)
    laptop = Config(
        iterations=400,
        updates=32,
        batch_size=64,
        td_steps=10,
        exam_every=100,
        net=net,
        search=SearchConfig(Gumbel(rescale="tree"), num_simulations=25),
        play=PlayConfig(games=32, moves=32, num_sampling_moves=0),
        replay=ReplayConfig(window=100_000, fraction=1.0),
        optimiser=OptimiserConfig(learning_rate=1e-3, decay_updates=400 * 32, ema=0.98),
    )
    wide = Support(-300.0, 300.0, 601, scaled=True)
    paper = replace(
        presets["paper"],
        batch_size=1_024,
        td_steps=10,
        net=LatentConfig(16, 16, 256, image_blocks=3, value_hidden=256, value=wide, reward=wide),
        search=SearchConfig(Puct(rescale="tree"), num_simulations=50),
        play=PlayConfig(games=350, moves=200, num_sampling_moves=27_000),
        replay=ReplayConfig(window=25_000_000, fraction=1.0),
    )
    return {"smoke": replace(presets["smoke"], net=replace(net, channels=4)), "laptop": laptop, "paper": paper}


def check(config: Config, game: World) -> None:
    """What this world cannot give. Raises `BadConfig`."""
    play = config.play
    if play.random_symmetries:
        raise BadConfig("play.random_symmetries is True; a model that is learned has no symmetries: leave it off.")
    if isinstance(game, Game) and play.random_moves:
        raise BadConfig("play.random_moves is for worlds of Gymnasium; in games play.opening_moves brings breadth.")
    if not isinstance(game, Game) and (play.fast_simulations is not None or play.opening_moves):
        raise BadConfig(f"play.fast_simulations and play.opening_moves are for games; {game.name} is none: leave them.")
    if config.net.value_prefix and game.num_players != 1:
        raise BadConfig(f"net.value_prefix sums rewards of one agent; {game.name} is for two: leave it off.")
    if game.action_shape and len(game.observation_shape) == 3:
        raise BadConfig(f"{game.name} shows images and acts by numbers; muzero knows one of the two at a time so far.")
    if game.action_shape and config.reanalyze:
        raise BadConfig(f"reanalyze is {config.reanalyze}; in {game.name}, whose actions are numbers, it must be 0.")
    if isinstance(game, Game) and config.reanalyze and isinstance(config.search.rule, Puct):
        raise BadConfig("reanalyze of a game needs the rule gumbel, whose policies tell which moves were legal.")


def train(config: Config, out: Run, resume: bool = False) -> Net:
    """The loop with MuZero's own parts. Returns the net that acts."""
    return loop(_PARTS, config, out, resume)


def loop(parts: Parts, config: Config, out: Run, resume: bool) -> Any:
    """Play, learn, measure. Returns the net that acts."""
    world = games.world(out.about["game"])
    learner = Learner.init(parts.net(world, config.net, out.key("net")), config.optimiser)
    stream = stream_of(world, parts.model, config.search, config.play, out.key("start"), out.seed)
    replay, done = Replay(config.replay, out.path / "replay"), 0
    measures, td_steps = Measures(world, parts.model, config.search), config.td_steps or world.max_num_moves
    again = Reanalyze(world, parts.model, config.search)
    if resume:
        done, saved = out.resume({"learner": learner, **stream.template, "replay": None})
        learner, replay = saved["learner"], Replay.open(config.replay, out.path / "replay", done, saved["replay"])
        stream.restore(saved)
        measures.restore(out.metrics())

    for t in out.steps(done + 1, config.iterations):
        began = out.seconds
        episodes, moves = stream.play(learner.acting, out.key("play", t))  # play
        report = summary(episodes, moves, config.search, config.play, out.seconds - began)
        if isinstance(stream, Actors):
            report["crashes"] = stream.crashes
        replay.add(t, n_step_targets(episodes, td_steps), sum(not e.goes_on for e in episodes))
        if isinstance(world, Game):
            write_games(out.path / "games" / f"{t:06d}.jsonl", world, t, episodes)
        if config.reanalyze:
            policies = partial(again.policies, learner.acting, key=out.key("reanalyze", t))
            replay.renew(config.reanalyze, out.rng("reanalyze", t), policies)
        value_of = partial(values, copy_of(learner.acting)) if config.fresh_values else None
        rng, steps = out.rng("batch", t), config.num_unroll_steps
        later = parts.later or config.net.consistency > 0
        how = (td_steps, value_of, later, config.priority)
        batches = replay.stretches(config.updates, config.batch_size, steps, rng, *how)
        learner, losses = fit(learner, parts.loss, batches)  # learn
        report |= losses
        if t % config.exam_every == 0 or t == config.iterations:
            out.save_net(t, learner.acting)
            report |= measures.take(t, learner.acting, out.key("ladder", t), out.load_net)
        out.log(t, {"games": replay.games, "positions": replay.total, **report})
        out.save(t, {"learner": learner, **stream.state, "replay": replay.state})
        replay.prune()
    if out.interrupted:  # the net to play with is the newest, with an exam or without
        out.save_net(t, learner.acting)
    return learner.acting


def copy_of(net: Any) -> Any:
    """To keep while the learner goes on, which takes its own arrays over."""
    return jax.tree.map(jnp.copy, net)


def load(out: Run, iteration: int | None = None) -> tuple[World, Config, Net, int]:
    """What a player needs of a run: game or world, configuration, net, and the iteration it comes from."""
    return load_net(_PARTS, out, iteration)


def load_net(parts: Parts, out: Run, iteration: int | None) -> tuple[World, Any, Any, int]:
    """The same for any parts."""
    world, config = games.world(out.about["game"]), from_json(parts.config, out.about["config"])
    chosen, net = out.load_net(parts.net(world, config.net, out.key("net")), iteration)
    return world, config, net, chosen


def net_of(world: World, config: LatentConfig, key: Key[Array, ""]) -> Net:
    """For boards, for images, or for vectors."""
    if isinstance(world, Game):
        net: BoardLatent | ImageLatent | VectorLatent = BoardLatent(world, config, key=key)
    else:
        net = (ImageLatent if len(world.observation_shape) == 3 else VectorLatent)(world, config, key=key)
    if not config.value_prefix:
        return net
    latent = jax.eval_shape(net.representation, jnp.zeros((1, *world.observation_shape)))
    return ValuePrefix(net, math.prod(latent.shape), config.value_hidden, key=jax.random.fold_in(key, 2))


_PARTS = Parts(Config, net_of, Learned, unrolled_loss)
