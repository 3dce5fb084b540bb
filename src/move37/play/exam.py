"""How strong is a net? Measured on positions whose right moves are known, with search and without."""

from typing import Any

import jax
import numpy as np

from move37.core.types import Game
from move37.games import solved
from move37.models.rules import Rules
from move37.nets.onnx import OnnxEvaluator
from move37.search.gumbel import Gumbel
from move37.search.mcts import SearchConfig, Stepwise


class Exam:
    """Counts the moves that give a known result away. Games that nobody solved have an empty exam."""

    def __init__(self, game: Game, search: SearchConfig, num_simulations: int = 128):
        """Compiled once, sat many times. Moves are chosen without noise."""
        self.positions = solved.load(game)
        self.config = SearchConfig(Gumbel(gumbel_scale=0.0), num_simulations, num_slots=search.num_slots)
        self._search = Stepwise(Rules(game), self.config)
        self._observe = jax.jit(jax.vmap(game.observe))

    def sit(self, net: Any) -> dict[str, float]:
        """`solver_error`: share of moves that give the result away; `policy_error`: the same for the net alone."""
        if self.positions is None:
            return {}
        evaluate = OnnxEvaluator(net)
        kept = self.positions.kept(np.asarray(self._search.search(evaluate, self.positions.states).action))
        logits, _ = evaluate(np.asarray(self._observe(self.positions.states)))
        legal = self.positions.values != solved.ILLEGAL
        alone = self.positions.kept(np.where(legal, logits, -np.inf).argmax(axis=1))
        depths = {
            f"solver_error_{name.replace(' ', '_')}": 1 - float(kept[self.positions.depth == i].mean())
            for i, name in enumerate(self.positions.depths)
            if (self.positions.depth == i).any()
        }
        return {"solver_error": 1 - float(kept.mean()), "policy_error": 1 - float(alone.mean()), **depths}
