"""What a player needs of a run whose net is a `PolicyValue`: the same for every recipe that trains one."""

from typing import Any

from move37 import games
from move37.core.types import Game
from move37.nets.policy_value import PolicyValue
from move37.run.config import from_json
from move37.run.directory import Run


def load_policy_value(config_class: Any, out: Run, iteration: int | None) -> tuple[Game, Any, PolicyValue, int]:
    """(game, configuration, acting net, the iteration it comes from); None: the newest. Raises `BadRun`."""
    game, config = games.make(out.about["game"]), from_json(config_class, out.about["config"])
    chosen, net = out.load_net(PolicyValue(game, config.net, key=out.key("net")), iteration)
    return game, config, net, chosen
