"""How chess and shogi number moves and show boards: lean, or as in the paper on AlphaZero; as options of a name."""

from collections.abc import Mapping
from typing import Any

from move37.core.errors import BadConfig

OPTIONS: Mapping[str, Mapping[str, Any]] = {  # behind a game's name → fields of its class
    "alphazero": {"actions": "alphazero", "planes": "alphazero"},
    "alphazero_actions": {"actions": "alphazero"},
    "alphazero_planes": {"planes": "alphazero"},
}


def chosen_options(game: str, actions: str, planes: str) -> list[str]:
    """The options that a name shows for these two. Raises `BadConfig` for one that there is not."""
    for what, got, lean in (("actions", actions, "compact"), ("planes", planes, "lean")):
        if got not in (lean, "alphazero"):
            raise BadConfig(f"{game}: got {what} {got!r}; allowed: {lean}, alphazero.")
    fields = {"actions": actions, "planes": planes}
    shown = [f"alphazero_{what}" for what, got in fields.items() if got == "alphazero"]
    return ["alphazero"] if len(shown) == len(fields) else shown
