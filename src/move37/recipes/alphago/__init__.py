"""AlphaGo: imitate people, improve on them by playing, learn to judge, search.        Silver et al., Nature 2016

Four stages, each a run of its own in the folder of the whole, that can be trained, resumed and looked at alone:

    policy     imitate people                           data → p
    playout    imitate them in microseconds             data → p_π
    reinforce  play earlier selves, learn from who won  p → p_ρ
    value      judge positions                          p, p_ρ → v

The search takes its prior from p, which is broader than p_ρ, and judges a leaf by (1 − λ)·v + λ·z, z the outcome of a
playout by p_π (`models.playouts`). Each stage's file says where it differs from the paper.
"""

from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np

from move37.core.errors import BadRun
from move37.core.types import Game
from move37.nets.policy_value import PolicyAndValue
from move37.recipes.alphago import playout, policy, reinforce, value
from move37.recipes.alphago.common import board
from move37.recipes.alphago.playout import Config as PlayoutConfig
from move37.recipes.alphago.policy import Config as PolicyConfig
from move37.recipes.alphago.reinforce import Config as ReinforceConfig
from move37.recipes.alphago.value import Config as ValueConfig
from move37.run import checkpoints
from move37.run.config import from_json
from move37.run.directory import Run

LINEAGE = {
    "system": "AlphaGo",
    "parent": "",
    "minus": "",
    "plus": "",
    "data": "human games, then self-play",
    "model": "rules + playout policy",
    "search": "PUCT, value mixed with a playout",
    "targets": "imitation; REINFORCE; outcome",
}
CITATION = """@article{silver2016alphago,
  title   = {Mastering the game of Go with deep neural networks and tree search},
  author  = {Silver, David and Huang, Aja and Maddison, Chris J. and Guez, Arthur and others},
  journal = {Nature},
  volume  = {529},
  number  = {7587},
  pages   = {484--489},
  year    = {2016},
  doi     = {10.1038/nature16961}
}"""
STAGES: dict[str, Any] = {"policy": policy, "playout": playout, "reinforce": reinforce, "value": value}
PATHS = ("data",)  # options that name folders


@dataclass(frozen=True)
class Config:
    """The four stages."""

    data: str = ""  # the folder of a dataset: `move37 dataset` makes one
    policy: PolicyConfig = field(default_factory=PolicyConfig)
    playout: PlayoutConfig = field(default_factory=PlayoutConfig)
    reinforce: ReinforceConfig = field(default_factory=ReinforceConfig)
    value: ValueConfig = field(default_factory=ValueConfig)

    @property
    def iterations(self) -> int:
        """One a stage."""
        return len(STAGES)


def preset(name: str, game: str) -> Config:
    """A configuration as a value: `smoke`, `laptop`, `gpu`, `paper`. Raises `UnknownName`."""
    return Config("", *(stage.preset(name, game) for stage in STAGES.values()))


def check(config: Config, game: Game) -> None:
    """What would fail only once training has begun. Raises `BadConfig`, `BadRun`."""
    for name in ("policy", "playout"):
        STAGES[name].check(replace(getattr(config, name), data=config.data), game)


def train(config: Config, out: Run, resume: bool = False) -> None:
    """Stage by stage; what is finished is not done again."""
    done = 0
    if resume:
        done = out.resume({"stage": None})[0]
    else:
        out.save(0, {"stage": {"number": np.array(0)}})  # to go on from if the first stage is stopped
    for number, (name, stage) in enumerate(STAGES.items(), 1):
        run, begun, finished = _open(out, name, config)
        if not finished:
            print(f"\nstage {number} of {len(STAGES)}, {name}, in {run.path}", flush=True)
            stage.train(stage_config(config, name, out.path), run, resume=begun)
            if run.interrupted:
                out.interrupted = True
                return
        if number > done:
            newest = {key: x for row in run.metrics() for key, x in row.items() if isinstance(x, int | float)}
            out.log(number, {f"{name}_{key}": x for key, x in newest.items() if key not in ("iteration", "memory_mib")})
            out.save(number, {"stage": {"number": np.array(number)}})


def stage_config(config: Config, name: str, path: Path) -> Any:
    """A stage's own configuration: where its data and its teachers are."""
    own, folder = getattr(config, name), path.resolve()
    if name in ("policy", "playout"):
        return replace(own, data=str(Path(config.data).expanduser().resolve()))
    found = replace(own, teacher=str(folder / "policy"), net=config.policy.net)
    return found if name == "reinforce" else replace(found, reinforced=str(folder / "reinforce"))


def load(out: Run, iteration: int | None = None) -> tuple[Game, Config, PolicyAndValue, int]:
    """What a player needs of a run: game, configuration, nets, and the value net's iteration."""
    game, config = board(out.about["game"]), from_json(Config, out.about["config"])
    if not (out.path / "value" / "config.json").exists():
        raise BadRun(f"{out.path} has no value network yet; its stages stand alone, like {out.path / 'policy'}.")
    *_, judge, chosen = value.load(Run.open(out.path / "value"), iteration)
    return game, config, PolicyAndValue(policy.load(Run.open(out.path / "policy"))[2], judge), chosen


def _open(out: Run, name: str, config: Config) -> tuple[Run, bool, bool]:
    """(a stage's run, whether it has begun, whether it is finished)."""
    path, own = out.path / name, stage_config(config, name, out.path)
    saved = checkpoints.steps(path / "checkpoints")
    if saved:
        return Run.open(path), True, saved[-1] >= own.iterations
    (path / "config.json").unlink(missing_ok=True)  # stopped before anything was saved
    (path / "metrics.jsonl").unlink(missing_ok=True)
    return Run.create(path, f"alphago.{name}", out.about["game"], own, out.seed), False, False
