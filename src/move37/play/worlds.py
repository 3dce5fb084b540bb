"""What a recipe needs of a world, be it a game that JAX steps or an environment of the host."""

from typing import Any

from jaxtyping import Array, Key

from move37.core.types import Embedding, Game, State, World
from move37.games.host import HostWorld
from move37.models.chance import Imagination
from move37.models.learned import seen
from move37.nets.layers import in_loops
from move37.play.actors import Actors, Trials
from move37.play.exam import Exam
from move37.play.ladder import Ladder, Load
from move37.play.self_play import PlayConfig
from move37.play.stream import Stream
from move37.play.trials import GameTrials
from move37.search.mcts import SearchConfig


def stream_of(
    world: World, model: type[Imagination], search: SearchConfig, play: PlayConfig, key: Key[Array, ""], seed: int
) -> Stream | Actors:
    """Episodes without end; each move is searched in `model` of the net."""
    if isinstance(world, Game):
        game = world

        def model_of(net: Any, states: State) -> tuple[Imagination, Embedding]:
            return model(net), model(in_loops(net)).embed(seen(game, states))  # games are stepped in a compiled loop

        return Stream(game, search, play, key, model_of=model_of)
    assert isinstance(world, HostWorld)
    return Actors(world, search, play, seed)


class Measures:
    """How strong is a net? Of a game for two: exam and rating. Of worlds for one: the returns of whole episodes."""

    def __init__(self, world: World, model: type[Imagination], search: SearchConfig):
        """Compiled once."""
        self.game = world if isinstance(world, Game) else None
        if self.game is not None:
            self.exam, self.ladder = Exam(self.game), Ladder(self.game, search.num_simulations)
            self.trials: Trials | GameTrials = GameTrials(self.game, model, search)
        else:
            assert isinstance(world, HostWorld)
            self.trials = Trials(world, search)

    def restore(self, rows: list[dict[str, Any]]) -> None:
        """Take up what the metrics of a run tell of."""
        if self.game is not None:
            self.ladder.restore(rows)

    def take(self, iteration: int, net: Any, key: Key[Array, ""], load: Load) -> dict[str, Any]:
        """The metrics."""
        if self.game is None or self.game.num_players == 1:
            return self.trials.sit(net)
        return self.exam.sit(net) | self.ladder.challenge(iteration, net, key, load)
