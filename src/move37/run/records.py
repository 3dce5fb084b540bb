"""Games on disk: one JSON object a line, enough to replay every position exactly.

    {"game": "connect_four", "iteration": 12, "init_key": [0, 42], "opening": [3, 3], "actions": [2, …],
     "rewards": [0.0, …], "root_values": [0.1, …], "result": 1.0}

`init_key` is the key that `game.init` got, `opening` the random moves before the first searched one, `result` the
return of the agent that moves first after the opening. `resigned` stands only where the agent to move after the last
action gave up, `start` (a FEN, an SFEN) where the game began from a position that people can write.
"""

import json
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from move37.core.episode import Episode
from move37.core.errors import BadRun
from move37.core.types import Game, State
from move37.run.files import write_atomic


def write_games(path: Path, game: Game, iteration: int, episodes: Iterable[Episode]) -> None:
    """One file for the games that ended in an iteration."""
    lines = [json.dumps(_record(game, iteration, episode)) + "\n" for episode in episodes]
    if lines:
        write_atomic(path, "".join(lines).encode())


def read_games(path: Path) -> Iterator[dict[str, Any]]:
    """The records of a file. Raises `BadRun` if it cannot be read, or with the number of a line that is no record."""
    try:
        lines = path.read_text().splitlines()
    except (OSError, UnicodeDecodeError) as error:
        raise BadRun(f"cannot read {path}: {getattr(error, 'strerror', error)}.") from error
    for number, line in enumerate(lines, 1):
        try:
            record = json.loads(line)
            yield {**record, "moves": [*record["opening"], *record["actions"]]}
        except (ValueError, KeyError, TypeError) as error:
            raise BadRun(f"{path}:{number}: no game record ({error!r}).") from error


def states_of(game: Game, record: dict[str, Any]) -> Iterator[State]:
    """Every state of a record, the first and the last included."""
    step = jax.jit(game.step)
    if record.get("start"):
        state = game.from_text(record["start"])
    else:
        state = game.init(jax.random.wrap_key_data(jnp.asarray(np.array(record["init_key"], np.uint32))))
    yield state
    for action in record["moves"]:
        state = step(state, jnp.int32(action)).state
        yield state


def _record(game: Game, iteration: int, episode: Episode) -> dict[str, Any]:
    result = 0.0
    for reward, discount in zip(episode.reward[::-1], episode.discount[::-1], strict=True):
        result = float(reward) + float(discount) * result
    played = len(episode.action) - episode.resigned
    return {
        "game": game.name,
        "iteration": iteration,
        "init_key": episode.init_key.tolist(),
        "opening": episode.opening.tolist(),
        "actions": episode.action[:played].tolist(),
        "rewards": episode.reward[:played].tolist(),
        "root_values": [round(float(v), 4) for v in episode.root_value[:played]],
        "result": result,
        **({"resigned": True} if episode.resigned else {}),
    }
