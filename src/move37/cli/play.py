"""`move37 play` and `move37 watch`: a game in the terminal."""

import contextlib
import sys
import time
from argparse import Namespace
from pathlib import Path

import jax
import jax.numpy as jnp
import numpy as np

from move37.cli.common import Skill, agent, enable_compilation_cache, load_net, make_world, short_name, split_spec
from move37.cli.options import did_you_mean
from move37.cli.table import Opponent, Table
from move37.cli.watch_world import watch_world
from move37.core.errors import BadConfig, Move37Error
from move37.core.types import Game
from move37.games.host import HostWorld
from move37.play.openings import random_opening

COMMANDS = {
    "moves": "the legal moves",
    "hint": "what the agent would play for you",
    "think": "what the agent sees: prior, visits, Q, and the line it expects",
    "undo": "take your last move back",
    "swap": "change sides",
    "save FILE": "append the game to a file of records",
    "load FILE": "go on with the last game of a file; load FILE 3 takes the third",
    "new": "begin again",
    "quit": "leave; so do Ctrl-D and Ctrl-C",
}
_SHORT = {"q": "quit", "exit": "quit", "?": "help", "h": "help", "u": "undo"}
_WORDS = ("help", *(name.split()[0] for name in COMMANDS))


def run(command: str, options: Namespace) -> int:
    """Dispatch of the two commands."""
    enable_compilation_cache()
    if command == "watch" and isinstance(make_world(split_spec(options.run)[0].about["game"]), HostWorld):
        found, world, net, chosen = load_net(options.run, latent=True)
        return watch_world(f"{short_name(found)}@{chosen}", found, world, net, options)
    game, player = agent(options.run, Skill.of(options))
    if command == "watch" and options.video is not None:
        raise BadConfig(f"--video is for worlds of Gymnasium; {game.name} is shown as text: leave it out.")
    table, opponent = Table(game, options.seed), Opponent(player, searches=options.simulations > 0)
    if command == "watch":
        return _watch(table, opponent, options)
    if game.num_players == 1 and options.color == "second":
        raise BadConfig(f"{game.name} is a game for one: there is no second player.")
    return Session(table, opponent, _side(game, options.color), options.think).play()


def _side(game: Game, color: str) -> int:
    """0 for the side that begins, 1 for the other. Raises `BadConfig`."""
    names = [name.lower() for name in game.sides]
    if color in ("first", "second"):
        return ("first", "second").index(color)
    if color not in names:
        raise BadConfig(f"--color {color}: in {game.name} nobody has that colour; take first or second.")
    return names.index(color)


class Session:
    """A person, an agent and a table between them."""

    def __init__(self, table: Table, opponent: Opponent, human: int, think: bool):
        """`human` is 0 for the first player, 1 for the second; `think` shows every search of the agent."""
        self.table, self.opponent, self.human, self.think = table, opponent, human, think
        self.first_init_key = table.init_key

    def play(self) -> int:
        """Until the person leaves. The exit code."""
        if sys.stdin.isatty():
            with contextlib.suppress(ImportError):
                import readline  # noqa: F401  gives `input` arrow keys and a history
        side = "" if self.table.game.num_players == 1 else f"; you are {self.table.game.sides[self.human]}"
        print(f"{self.table.game.name} against {self.opponent.name}{side}. Type a move, or help.")
        try:
            self._show()
            while self._turn():
                pass
        except (EOFError, KeyboardInterrupt):
            print(f"\nleft after {len(self.table.moves)} moves")
        return 0

    def _turn(self) -> bool:
        """One move of the agent, or one line of the person. False to leave."""
        table = self.table
        if not table.over and table.mover != self.human:
            _answer(table, self.opponent, self.think)
            self._show()
            return True
        prompt = "game over (undo, new, save FILE, quit): " if table.over else "your move: "
        line = input(prompt).strip()
        word = line.split()[0].lower() if line else ""
        word = _SHORT.get(word, word)
        if word == "quit":
            return False
        try:
            if not word:
                print("type a move, or help")
            elif word in _WORDS:
                getattr(self, f"_{word}")(line.split(maxsplit=1)[1:])
            else:
                self._move(line, word)
        except Move37Error as error:
            print(error)
        return True

    def _move(self, line: str, word: str) -> None:
        table = self.table
        if table.over:
            print(f"the game is over: undo, new, save FILE or quit.{did_you_mean(word, _WORDS)}")
            return
        try:
            action = table.parse(line)
        except ValueError:
            print(f"{line!r} is no move and no command.{did_you_mean(word, _WORDS)} Legal: {table.listing()}")
            return
        table.play(action)
        self._show()

    def _show(self) -> None:
        print(f"\n{self.table.game.render(self.table.state)}\n")
        if self.table.over:
            print(self.table.ending())

    def _help(self, _: list[str]) -> None:
        example = self.table.name(int(np.argmax(self.table.game.legal(self.table.states[0]))))
        rows = {f"a move ({example})": "play it", **COMMANDS}
        print("\n".join(f"  {name:<{max(map(len, rows))}}  {text}" for name, text in rows.items()))

    def _moves(self, _: list[str]) -> None:
        print("none: the game is over" if self.table.over else self.table.listing(most=1000))

    def _think(self, _: list[str]) -> None:
        print("the game is over: nothing to think about" if self.table.over else self.opponent.thoughts(self.table))

    def _hint(self, _: list[str]) -> None:
        if self.table.over:
            print("the game is over")
        else:
            action, value = self.opponent.choose(self.table)
            print(f"{self.table.name(action)}" + ("" if value is None else f" (value {value:+.3f} for you)"))

    def _undo(self, _: list[str]) -> None:
        """Back to where the person was last to move."""
        table = self.table
        own = [i for i, state in enumerate(table.states[:-1]) if int(table.game.to_play(state)) == self.human]
        if not own:
            print("you have not moved yet: nothing to take back")
            return
        while len(table.moves) > own[-1]:
            table.undo()
        self._show()

    def _swap(self, _: list[str]) -> None:
        if self.table.game.num_players == 1:
            print("a game for one: there are no sides")
            return
        self.human = 1 - self.human
        print(f"you are {self.table.game.sides[self.human]} now")

    def _new(self, _: list[str]) -> None:
        self.table.begin(self.first_init_key)
        self._show()

    def _save(self, words: list[str]) -> None:
        if not words:
            raise BadConfig("save where? Type save FILE.")
        path = Path(words[0]).expanduser()
        print(f"saved as game {self.table.save(path)} of {path}")

    def _load(self, words: list[str]) -> None:
        if not words:
            raise BadConfig("load what? Type load FILE, or load FILE 3.")
        path, number = Path(words[0]).expanduser(), None
        if not path.exists() and words[0].rpartition(" ")[2].isdecimal():
            name, _, last = words[0].rpartition(" ")
            path, number = Path(name).expanduser(), int(last)
        number = self.table.load(path, number)
        print(
            f"game {number} of {path}, after {len(self.table.moves)} moves; you are {self.table.game.sides[self.human]}"
        )
        self._show()


def _answer(table: Table, player: Opponent, think: bool) -> None:
    """One move of the agent."""
    if think:
        print(player.thoughts(table))
    action, value = player.choose(table)
    side = "" if table.game.num_players == 1 else f" ({table.game.sides[table.mover]})"
    print(f"{player.name}{side} plays {table.name(action)}", flush=True)
    table.play(action, value)


def _watch(table: Table, player: Opponent, options: Namespace) -> int:
    """Games of the agent against itself. Ctrl-C leaves."""
    most = options.openings if options.openings is not None else 2 * (options.games > 1)
    results: dict[str, int] = {}
    try:
        for number in range(1, options.games + 1):
            _open(table, options.seed + number - 1, most)
            print(f"\ngame {number} of {options.games}" if options.games > 1 else "", end="")
            print(f"\n{table.game.render(table.state)}\n", flush=True)
            while not table.over:
                time.sleep(options.delay)
                _answer(table, player, options.think)
                print(f"\n{table.game.render(table.state)}\n", flush=True)
            results[table.result()] = results.get(table.result(), 0) + 1
            print(table.ending(), flush=True)
    except KeyboardInterrupt:
        print("\nstopped watching")
    if options.games > 1:
        print(", ".join(f"{count} × {result}" for result, count in sorted(results.items(), key=lambda row: -row[1])))
    return 0


def _open(table: Table, seed: int, most: int) -> None:
    """A new game that begins with `most` random moves; fewer if they would end it."""
    table.begin(np.array([0, seed], np.uint32))
    if most:
        key = jax.random.fold_in(jax.random.key(seed), most)
        for action in np.asarray(random_opening(table.game, table.state, jnp.int32(most), most, key)[1]).tolist():
            if action >= 0:
                table.play(action)
