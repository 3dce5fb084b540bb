"""MuZero = AlphaZero − the rules.                                   Schrittwieser et al., Nature 2020

Against AlphaZero, its parent: the model is `Learned` where it was `Rules`, targets are n-step returns, the loss is
unrolled. Legal moves are known at the root of a search alone. All else is shared.
Differs from the paper: Gumbel's root and 32 simulations (preset `paper` restores PUCT and 800); random openings; what
was played on a board is turned by its symmetries; a moving average of the weights plays; rewards are predicted on
boards too, where the paper has only values; reanalyze searches the window between two iterations, not each batch.
"""

import math
from collections.abc import Callable
from functools import partial
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
from jaxtyping import Array, Key

from move37 import games
from move37.core.errors import BadConfig
from move37.core.types import Game, World
from move37.learn.targets import n_step_targets
from move37.learn.unroll import unrolled_loss
from move37.learn.update import Learner, Loss, fit, kept
from move37.models.chance import Imagination
from move37.models.learned import Learned, values
from move37.nets.image_latent import ImageLatent
from move37.nets.latent import BoardLatent, LatentConfig
from move37.nets.value_prefix import ValuePrefix
from move37.nets.vector_latent import VectorLatent
from move37.play.actors import Actors
from move37.play.reanalyze import Reanalyze
from move37.play.replay import Replay
from move37.play.self_play import summary
from move37.play.worlds import Measures, stream_of
from move37.recipes.muzero_config import Config, preset
from move37.run.config import from_json
from move37.run.directory import Run
from move37.run.records import write_games
from move37.search.puct import Puct

__all__ = ["CITATION", "LINEAGE", "Config", "check", "load", "preset", "train"]
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


class Parts(NamedTuple):
    """What the systems that share this loop differ in."""

    config: type[Config]
    net: Callable[[Any, Any, Key[Array, ""]], Any]  # (world, configuration of the net, key) → net
    model: type[Imagination]
    loss: Loss
    later: bool = False  # the loss must know what was seen on the way, whatever the configuration says


def check(config: Config, game: World) -> None:
    """What this world cannot give. Raises `BadConfig`."""
    play = config.play
    if play.random_symmetries:
        raise BadConfig("play.random_symmetries is True; a model that is learned has no symmetries: leave it off.")
    if isinstance(game, Game) and play.random_moves:
        raise BadConfig("play.random_moves is for worlds of Gymnasium; in games play.opening_moves brings breadth.")
    if not isinstance(game, Game) and (play.fast_simulations is not None or play.opening_moves):
        raise BadConfig(f"play.fast_simulations and play.opening_moves are for games; {game.name} is none: leave them.")
    if config.augmentation and not (isinstance(game, Game) and len(game.symmetries()) > 1):
        raise BadConfig(f"augmentation turns what was played by symmetries; {game.name} has none: leave it off.")
    if config.net.value_prefix and game.num_players != 1:
        raise BadConfig(f"net.value_prefix sums rewards of one agent; {game.name} is for two: leave it off.")
    if game.action_shape and len(game.observation_shape) == 3:
        raise BadConfig(f"{game.name} shows images and acts by numbers; muzero knows one of the two at a time so far.")
    if config.searched_values is not None and not config.reanalyze:
        raise BadConfig("searched_values are those of the search of reanalyze, which is 0: set --reanalyze as well.")
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
    symmetries = world.symmetries() if config.augmentation and isinstance(world, Game) else ()
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
            targets = partial(again.targets, learner.acting, key=out.key("reanalyze", t))
            old = -1 if config.searched_values is None else t - config.searched_values
            replay.renew(config.reanalyze, out.rng("reanalyze", t), targets, old)
        value_of = partial(values, kept(learner.acting)) if config.fresh_values else None
        rng, steps = out.rng("batch", t), config.num_unroll_steps
        later = parts.later or config.net.consistency > 0
        how = (td_steps, value_of, later, config.priority, symmetries)
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
