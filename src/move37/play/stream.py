"""Self-play without end: net in, finished episodes out, with the games in flight in between."""

from typing import Any

import jax
from jaxtyping import Array, Key

from move37.core.episode import Episode
from move37.core.types import Game
from move37.nets.onnx import OnnxEvaluator
from move37.play.ends import Ends
from move37.play.episodes import Assembler
from move37.play.self_play import NEVER, ModelOf, Moves, PlayConfig, SelfPlay
from move37.search.mcts import SearchConfig


class Stream:
    """The games in flight, and the moves of those that are not over. `state` is all that a checkpoint needs."""

    def __init__(
        self,
        game: Game,
        search: SearchConfig,
        config: PlayConfig,
        key: Key[Array, ""],
        ends: bool = False,
        model_of: ModelOf | None = None,
    ):
        """The first games, before their first move. `ends`: episodes shall tell of ownership and score.

        Without `model_of` the model is the rules.
        """
        self._ends, self._rules = Ends(game) if ends else None, model_of is None
        self.self_play = SelfPlay(game, search, config, model_of)
        self._lanes, self._assembler = self.self_play.start(key), Assembler(config.games)

    def play(self, net: Any, key: Key[Array, ""], resign_below: float = NEVER) -> tuple[list[Episode], Moves]:
        """Moves in every game: (episodes that ended, all moves). On CPUs in ONNX Runtime, where rules are known."""
        if jax.default_backend() != "cpu" or not self._rules:
            self._lanes, moves = self.self_play.play_fused(net, self._lanes, key, resign_below)
        else:
            self._lanes, moves = self.self_play.play(OnnxEvaluator(net), self._lanes, key, resign_below)
        episodes = self._assembler.add(moves)
        return episodes if self._ends is None else self._ends.add(episodes), moves

    @property
    def state(self) -> dict[str, Any]:
        """For a checkpoint."""
        return {"lanes": self._lanes, "open": self._assembler.state()}

    @property
    def template(self) -> dict[str, Any]:
        """What `Run.resume` needs to read `state` again."""
        return {"lanes": self._lanes, "open": None}

    def restore(self, saved: dict[str, Any]) -> None:
        """Go on from a checkpoint."""
        self._lanes, self._assembler = saved["lanes"], Assembler.restore(saved["open"])
