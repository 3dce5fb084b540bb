"""`move37 play` and `move37 watch`: a game in the terminal."""

from dataclasses import dataclass
from typing import Annotated, Any

import jax
import jax.numpy as jnp
import numpy as np
import tyro

from move37.cli.common import agent, enable_compilation_cache
from move37.core.errors import IllegalMove
from move37.core.types import Game, State
from move37.play.players import NetPlayer

HELP = "a move, or: think (what the agent sees), undo, swap (sides), moves, quit"


@dataclass(frozen=True)
class Options:
    """A game against an agent, or of an agent against itself."""

    run: tyro.conf.Positional[str]  # RUN or RUN@ITERATION
    simulations: int = 128  # of the agent, a move
    second: bool = False  # let the agent begin
    think: bool = False  # show the agent's search before each of its moves
    seed: int = 0


class Table:
    """A game in progress, as people handle it: with its history."""

    def __init__(self, game: Game, key: Any):
        """A new game."""
        self.game = game
        self._step, self._legal = jax.jit(game.step), jax.jit(game.legal)
        self.states: list[State] = [game.init(key)]
        self.moves: list[int] = []
        self.returns = [0.0]  # of the first player, so far
        self.over = False

    @property
    def state(self) -> State:
        """Where the game stands."""
        return self.states[-1]

    @property
    def mover(self) -> int:
        """0 or 1."""
        return int(self.game.to_play(self.state))

    def legal(self) -> list[int]:
        """The legal actions."""
        return np.flatnonzero(np.asarray(self._legal(self.state))).tolist()

    def play(self, action: int) -> None:
        """One move. Raises `IllegalMove`."""
        if action not in self.legal():
            shown = " ".join(self.game.format_action(a) for a in self.legal())
            raise IllegalMove(f"{self.game.name}: {self.game.format_action(action)} is not legal here; legal: {shown}.")
        sign = 1 if self.mover == 0 else -1
        step = self._step(self.state, jnp.int32(action))
        self.returns.append(self.returns[-1] + sign * float(step.reward))
        self.states.append(step.state)
        self.moves.append(action)
        self.over = float(step.discount) == 0

    def undo(self) -> None:
        """Take one move back, if there is one."""
        if self.moves:
            self.moves.pop()
            self.states.pop()
            self.returns.pop()
            self.over = False


def run(command: str, arguments: list[str]) -> None:
    """Dispatch of the two commands."""
    enable_compilation_cache()
    options: Options = tyro.cli(Annotated[Options, tyro.conf.arg(name="")], prog=f"move37 {command}", args=arguments)
    game, opponent = agent(options.run, options.simulations)
    table = Table(game, jax.random.key(options.seed))
    human = None if command == "watch" else int(options.second)
    if human is not None:
        print(f"{game.name} against {opponent.name}. {HELP}")
    while not table.over:
        print(f"\n{game.render(table.state)}\n")
        if table.mover == human:
            human = _ask(table, opponent, human)
            if human is None:
                return
        else:
            _answer(table, opponent, options.think)
    print(f"\n{game.render(table.state)}\n")
    total = table.returns[-1]
    if game.num_players == 1:
        print(f"return {total:g}")
    else:
        print("a draw" if total == 0 else f"{'first' if total > 0 else 'second'} player wins")


def _ask(table: Table, opponent: NetPlayer, human: int) -> int | None:
    """One line of the person. Returns which side the person has, None to quit."""
    try:
        text = input("your move: ").strip().lower()
    except EOFError:
        return None
    if text in ("q", "quit", "exit"):
        return None
    if text in ("?", "h", "help"):
        print(HELP)
    elif text == "moves":
        print(" ".join(table.game.format_action(a) for a in table.legal()))
    elif text == "think":
        print(thoughts(table.game, opponent, table.state))
    elif text == "swap":
        return 1 - human
    elif text == "undo":
        table.undo()
        while table.moves and table.mover != human:
            table.undo()
    else:
        try:
            table.play(table.game.parse_action(text))
        except ValueError as error:
            print(error)
    return human


def _answer(table: Table, opponent: NetPlayer, think: bool) -> None:
    """One move of the agent."""
    if think:
        print(thoughts(table.game, opponent, table.state))
    batch = jax.tree.map(lambda x: x[None], table.state)
    action = int(opponent.choose(batch, jax.random.key(0))[0])
    print(f"{opponent.name} plays {table.game.format_action(action)}")
    table.play(action)


def thoughts(game: Game, opponent: NetPlayer, state: State) -> str:
    """Prior, visits and Q of the moves that were looked at, and the principal variation."""
    result = opponent.think(jax.tree.map(lambda x: x[None], state))
    prior = np.exp(np.asarray(result.tree.root_logits[0]))
    visits, q_values = np.asarray(result.visit_counts[0]), np.asarray(result.q_values[0])
    lines = [f"value {float(result.value[0]):+.3f}", f"{'move':>6} {'prior':>7} {'visits':>7} {'Q':>7}"]
    for action in np.argsort(-visits, kind="stable")[:12]:
        if visits[action]:
            name = game.format_action(int(action))
            lines.append(f"{name:>6} {prior[action]:7.3f} {visits[action]:7d} {q_values[action]:+7.3f}")
    line = " ".join(game.format_action(a) for a in principal_variation(result.tree, int(result.action[0])))
    return "\n".join([*lines, f"expects {line}"])


def principal_variation(tree: Any, first: int) -> list[int]:
    """The chosen move, then the most visited answer to each move, as far as the tree goes."""
    child, action, visits = (np.asarray(x[0]) for x in (tree.child, tree.action, tree.visit_counts))
    slot = int(np.flatnonzero(action[0] == first)[0])
    node, line = int(child[0, slot]), [first]
    while node > 0 and visits[node].any():
        slot = int(visits[node].argmax())
        line.append(int(action[node, slot]))
        node = int(child[node, slot])
    return line
