"""`move37 imagine`: how far does what a learned model imagines stay true?"""

from argparse import Namespace

import jax
import numpy as np

from move37.cli.common import check_folder, enable_compilation_cache, load_net, recipe_of, short_name, telling
from move37.cli.imagine_report import Report, plot, show, write_numbers
from move37.core.errors import BadRun
from move37.core.types import Game
from move37.play.imagination import compare, fresh_episodes, imagine, legal_actions, rows_of
from move37.play.self_play import PlayConfig
from move37.recipes import muzero
from move37.run.config import from_json


def run(command: str, options: Namespace) -> None:
    """Play, imagine, compare; print, draw, write."""
    enable_compilation_cache()
    check_folder(options.out)
    check_folder(options.json, "--json")
    found, world, net, chosen = load_net(options.run, latent=True)
    image = not isinstance(world, Game) and len(world.observation_shape) == 3
    if not isinstance(net, muzero.Net) or world.action_shape or image:
        raise BadRun(
            f"{options.run} is no run of muzero in a game, or in a world that shows a vector and has discrete"
            " actions; name one."
        )
    config = from_json(recipe_of(found.about["recipe"]).Config, found.about["config"])
    play = getattr(config, "play", PlayConfig(num_sampling_moves=0))  # what was learned without playing says nothing
    with telling() as say:
        for whole in fresh_episodes(world, net, config.search, play, options.episodes, options.seed):
            say(f"episodes that are over: {len(whole)} of {options.episodes}")
        td_steps = config.td_steps or world.max_num_moves
        rows = rows_of(whole, td_steps, legal_actions(world, whole) if isinstance(world, Game) else None)
        blank = muzero.net_of(world, config.net, key=jax.random.key(options.seed))
        untrained = next(imagine(blank, rows, 0)).latent
        depths = []
        for depth in compare(rows, imagine(net, rows, options.depth), untrained):
            depths.append(depth)
            say(f"depth {depth.depth} of {options.depth}")
    report = Report(
        run=f"{short_name(found)}@{chosen}",
        world=world.name,
        trained_steps=config.num_unroll_steps,
        td_steps=config.td_steps,
        episodes=len(whole),
        moves=len(rows.action),
        mean_return=float(np.mean([e.earlier[1] + e.reward.sum() for e in whole])),
        depths=[depth for depth in depths if depth.positions],
    )
    show(report)
    out = options.out or found.path / "imagination.png"
    plot(report, out)
    print(out)
    if options.json is not None:
        write_numbers(report, options.json)
        print(options.json)
