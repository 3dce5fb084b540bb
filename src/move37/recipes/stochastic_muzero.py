"""Stochastic MuZero = MuZero + chance.                               Antonoglou et al., ICLR 2022

Against MuZero, its parent: the net has afterstates and codes, one for each outcome of chance that it can tell apart,
the model is `LearnedWithChance` where it was `Learned`, and the loss is unrolled through both. The loop is MuZero's.
Differs from the paper: as MuZero here does; outcomes are chosen in the search so that their shares follow σ, not drawn;
replay is uniform unless asked for; EfficientZero's consistency helps the net to learn what comes.
"""

from dataclasses import dataclass, field, fields

from jaxtyping import Array, Key

from move37.core.errors import BadConfig, UnknownName
from move37.core.types import Game, World
from move37.learn.unroll_chance import unrolled_chance_loss
from move37.models.chance import LearnedWithChance
from move37.nets.chance_latent import ChanceConfig, ChanceLatent
from move37.nets.latent import LatentConfig
from move37.recipes import muzero, muzero_config
from move37.run.directory import Run

LINEAGE = {
    "system": "Stochastic MuZero",
    "parent": "MuZero",
    "minus": "",
    "plus": "chance: afterstates and codes of outcomes",
    "data": "self-play",
    "model": "learned, with chance",
    "search": "PUCT or Gumbel, with nodes of chance",
    "targets": "as MuZero's; value and outcome of each afterstate",
}
CITATION = """@inproceedings{antonoglou2022planning,
  title     = {Planning in stochastic environments with a learned model},
  author    = {Antonoglou, Ioannis and Schrittwieser, Julian and Ozair, Sherjil and Hubert, Thomas and Silver, David},
  booktitle = {International Conference on Learning Representations},
  year      = {2022}
}"""


@dataclass(frozen=True)
class Config(muzero_config.Config):
    """Everything that a run depends on, besides the game and the seed: MuZero's, with a net that knows chance."""

    net: ChanceConfig = field(default_factory=ChanceConfig)


def preset(name: str, game: str) -> Config:
    """MuZero's, with codes: `smoke`, `laptop`. Raises `UnknownName`."""
    if name not in ("smoke", "laptop"):
        raise UnknownName(f"stochastic_muzero has no preset {name!r}; there are: smoke, laptop.")
    parent = muzero_config.preset(name, game)
    net = {f.name: getattr(parent.net, f.name) for f in fields(LatentConfig)}
    with_codes = ChanceConfig(**net, codes=8 if game == "offers" else 32)
    return Config(**{f.name: getattr(parent, f.name) for f in fields(muzero_config.Config)} | {"net": with_codes})


def check(config: Config, game: World) -> None:
    """What this world cannot give. Raises `BadConfig`."""
    if not isinstance(game, Game):
        raise BadConfig(f"stochastic_muzero is for games that JAX steps; {game.name} is none: train muzero on it.")
    if config.net.value_prefix:
        raise BadConfig("net.value_prefix is True; stochastic_muzero predicts each reward: leave it off.")
    muzero.check(config, game)


def train(config: Config, out: Run, resume: bool = False) -> ChanceLatent:
    """MuZero's loop with these parts. Returns the net that acts."""
    return muzero.loop(_PARTS, config, out, resume)


def load(out: Run, iteration: int | None = None) -> tuple[World, Config, ChanceLatent, int]:
    """What a player needs of a run: game, configuration, net, and the iteration it comes from."""
    return muzero.load_net(_PARTS, out, iteration)


def _net(game: World, config: ChanceConfig, key: Key[Array, ""]) -> ChanceLatent:
    assert isinstance(game, Game)
    return ChanceLatent(game, config, key=key)


_PARTS = muzero.Parts(Config, _net, LearnedWithChance, unrolled_chance_loss, later=True)
