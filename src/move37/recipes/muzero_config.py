"""What a run of MuZero depends on, and presets for the kinds of world: boards, control, images, games for one."""

from dataclasses import dataclass, field, replace
from math import inf

from move37 import games
from move37.core.errors import UnknownName, check_ranges
from move37.core.values import Support
from move37.games.gym_adapter import NO_LIMIT
from move37.learn.update import OptimiserConfig
from move37.nets.latent import LatentConfig
from move37.play.replay import ReplayConfig
from move37.play.self_play import PlayConfig, check_search
from move37.search.gumbel import Gumbel
from move37.search.mcts import SearchConfig
from move37.search.puct import Puct


@dataclass(frozen=True)
class Config:
    """Everything that a run depends on, besides the game and the seed."""

    iterations: int = 150
    updates: int = 64  # of the net in one iteration
    batch_size: int = 128
    num_unroll_steps: int = 5  # K
    td_steps: int | None = None  # n of the n-step return; None: to the end of the game
    reanalyze: int = 0  # positions of the window whose policies are searched again in each iteration
    searched_values: int | None = None  # and their values too, where they were played so many iterations ago or more
    priority: float = 0.0  # α: positions are drawn in proportion to |value of the search − target|^α
    augmentation: bool = False  # what was played is turned by the symmetries of the board: a hint of the game's rules
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
        check_ranges("", self, searched_values=(0, inf))
        check_search(self.search, self.play)


def preset(name: str, game: str) -> Config:
    """A configuration as a value: `smoke`, `laptop`, `gpu`, `paper`. Raises `UnknownName`."""
    small = game in ("tic_tac_toe", "catch", "deep_sea")
    # A model is right where it has seen play: more games begin with random moves than where the rules are known.
    play = PlayConfig(
        moves=16 if small else 32, num_sampling_moves=0, opening_moves=7 if small else 16, opening_fraction=0.75
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
        "laptop": Config(
            iterations=iterations,
            updates=updates,
            batch_size=64,
            augmentation=_has_symmetries(game),
            search=SearchConfig(Gumbel(rescale="tree")),
            play=play,
            optimiser=muon,
        ),
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
        presets = _control(presets, long=1_000 <= games.world(game).max_num_moves < NO_LIMIT)
    elif game.startswith("atari:"):
        presets = _atari(presets)
    elif game in ("game_2048", "offers"):
        presets = _rewarded(presets, game)
    if name not in presets:
        raise UnknownName(f"muzero has no preset {name!r}; there are: {', '.join(presets)}.")
    return presets[name]


def _has_symmetries(game: str) -> bool:
    """Whether it is a board that looks the same when it is turned; Atari and Gymnasium are not even asked."""
    return not game.startswith(("gym:", "atari:")) and len(games.make(game).symmetries()) > 1


def _control(presets: dict[str, Config], long: bool) -> dict[str, Config]:
    """The same for one agent, whose rewards come on the way: supports of scaled numbers, a return of few steps."""
    # Values that differ by one in a hundred decide where a cart shall go: four numbers of the support to each of h.
    value, reward = Support(-30.0, 30.0, 241, scaled=True), Support(-30.0, 30.0, 61, scaled=True)
    net = LatentConfig(1, 1, 64, discount=0.99, consistency=2.0, value=value, reward=reward)
    laptop = Config(
        iterations=39,
        updates=256,
        reanalyze=10_000,
        searched_values=1,
        td_steps=10,
        fresh_values=True,
        exam_every=5,
        net=net,
        search=SearchConfig(Gumbel(rescale="tree"), num_simulations=25),
        play=PlayConfig(games=8, moves=32, num_sampling_moves=0),
        replay=ReplayConfig(least=512, fraction=1.0),
        optimiser=OptimiserConfig(learning_rate=3e-3, decay_updates=39 * 256, ema=0.98),
    )
    if long:  # as LunarLander wants it: some hundred thousand steps, of which those of the newest agents are learned
        laptop = replace(
            laptop,
            iterations=330,
            batch_size=128,
            reanalyze=5_000,
            searched_values=None,  # in a window of so many iterations nearly all targets would be the model's own
            exam_every=10,
            play=replace(laptop.play, games=16, moves=64),
            replay=replace(laptop.replay, window=50_000),
            optimiser=replace(laptop.optimiser, decay_updates=300 * laptop.updates),
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
