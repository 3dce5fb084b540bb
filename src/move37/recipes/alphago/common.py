"""What the stages of AlphaGo share."""

from pathlib import Path
from typing import TypeVar

from move37 import games
from move37.core.errors import BadConfig, UnknownName
from move37.core.types import Game
from move37.data.store import Dataset
from move37.games.go import Go
from move37.nets.policy_value import NetConfig, PolicyValue
from move37.run.config import from_json
from move37.run.directory import Run

T = TypeVar("T")


def preset_of(presets: dict[str, T], name: str) -> T:
    """Raises `UnknownName`."""
    if name not in presets:
        raise UnknownName(f"alphago has no preset {name!r}; there are: {', '.join(presets)}.")
    return presets[name]


def board(name: str) -> Go:
    """The game. Raises `BadConfig` if it is not Go."""
    game = games.make(name)
    if not isinstance(game, Go):
        raise BadConfig(f"AlphaGo plays Go; got the game {name}; take one like go_9x9 or go_19x19.")
    return game


def dataset_of(folder: str) -> Dataset:
    """Raises `BadConfig` if none was named, `BadRun` if it cannot be read."""
    if not folder:
        raise BadConfig(
            "AlphaGo begins with games of people: got no --data; make a dataset of a folder of SGF files with "
            "`move37 dataset FOLDER --out DATA --size 9`, then give --data DATA."
        )
    return Dataset(Path(folder).expanduser())


def teacher(path: str, game: Game, config: NetConfig, option: str = "--teacher") -> PolicyValue:
    """The net of an earlier stage's run. Raises `BadConfig` if none was named, or it is of another game or size."""
    if not path:
        raise BadConfig(
            f"no {option}: this stage goes on from an earlier one; name the run of it, like runs/NAME/policy."
        )
    run = Run.open(Path(path).expanduser())
    if "net" not in run.about["config"]:
        raise BadConfig(
            f"{path} is a run of {run.about['recipe']} and holds no policy to learn from; name one of "
            "alphago.policy or alphago.reinforce, like runs/NAME/policy."
        )
    found, own = run.about["game"], from_json(NetConfig, run.about["config"]["net"])
    if (found, own) != (game.name, config):
        raise BadConfig(f"{path} plays {found} with {own}; this stage has {game.name} and {config}: take the same.")
    return run.load_net(PolicyValue(game, config, key=run.key("net")))[1]
