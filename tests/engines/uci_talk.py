"""A conversation in UCI or USI without a process: what is said, and said while the engine thinks, and the answers."""

import itertools
import random
from collections import deque

import jax
import jax.numpy as jnp
import numpy as np

from move37.core.errors import BadConfig, IllegalMove
from move37.engines.dialect import Dialect, Words
from move37.engines.gtp import Quit
from move37.engines.uci import Dialogue, UciConfig
from move37.engines.uci_options import COMMON, Option, Options
from move37.games.tic_tac_toe import LINES, TicTacToe


class Inbox:
    """Lines that come while the engine thinks: each after so many looks."""

    def __init__(self):
        self.lines: deque[tuple[int, str | None]] = deque()

    def waiting(self) -> bool:
        if not self.lines:
            return False
        looks, line = self.lines[0]
        self.lines[0] = (looks - 1, line)
        return looks <= 0

    def take(self) -> str | None:
        return self.lines.popleft()[1]


class Talk:
    """`say(line, (looks, line), …)` gives the answers."""

    def __init__(self, dialect, evaluate, config=None, thinker=None):
        self.inbox, self.sent = Inbox(), []
        self.dialogue = Dialogue(
            "somebody", dialect, evaluate, self.inbox, self.sent.append, config or UciConfig(), thinker
        )

    def say(self, line: str, *meanwhile: tuple[int, str | None]) -> list[str]:
        self.sent.clear()
        self.inbox.lines.extend(meanwhile)
        try:
            self.dialogue.handle(line)
        except Quit:
            self.sent.append("the end")
        return list(self.sent)

    def go(self, line: str = "go nodes 40", *meanwhile: tuple[int, str | None]) -> dict[str, str]:
        """The last report as a table, with `best` and `ponder`, once the form of all was checked."""
        lines = self.say(line, *meanwhile)
        assert [text.startswith("bestmove ") for text in lines] == [False] * (len(lines) - 1) + [True], lines
        reports = [text for text in lines if text.startswith("info") and " score " in text]
        assert reports, lines
        report, best = reports[-1].split(), lines[-1].split()
        found = {name: word for name, word in itertools.pairwise(report) if name not in ("score", "pv")}
        found["score"] = " ".join(report[report.index("score") + 1 :][:2])
        found["pv"] = reports[-1].partition(" pv ")[2]
        return found | {"best": best[1], "ponder": best[3] if len(best) > 2 else ""}


class Noughts(Dialect):
    """Tic-tac-toe in UCI: a search that compiles in no time. A position is the moves that lead there."""

    words = Words("uci", "ucinewgame", "fen", "-", "(none)", "wb", 2, "", 9)

    def __init__(self):
        self.game, self.reads = TicTacToe(), 0
        self.options = Options([*COMMON, Option("UCI_ShowWDL", False), Option("SyzygyPath", "")])

    def position(self, text):
        state = self.game.init(jax.random.key(0))
        for word in text.split() if text != "-" else []:
            try:
                state = self.game.step(state, jnp.int32(self.read(state, word))).state
            except IllegalMove as error:
                raise BadConfig(str(error)) from None
        return state

    def read(self, state, text):
        self.reads += 1
        try:
            action = self.game.parse_action(text)
        except ValueError as error:
            raise IllegalMove(str(error)) from None
        if state.board[action]:
            raise IllegalMove(f"{text} is taken")
        return action

    def write(self, state, action):
        return self.game.format_action(action)

    def is_lost(self, state):
        return bool((np.asarray(state.board)[LINES] == -int(state.player)).all(axis=1).any())

    def winner(self, legal):
        return None


def nonsense(rng: random.Random, protocol: str, moves: list[str]) -> str:
    """A line that a broken client might send."""
    commands = [protocol, "isready", "setoption", f"{protocol}newgame", "position", "go", "stop", "ponderhit", "d"]
    words = [*moves, "startpos", "fen", "sfen", "moves", "name", "value", "MultiPV", "Hash", "true", "-1", "0", "3"]
    words += ["99999999999999999999", "nodes", "movetime", "wtime", "btime", "byoyomi", "depth", "mate", "searchmoves"]
    words += ["8/8/8/8/8/8/8/8", "w", "b", "-", "KQkq", "e3", "\x00", "\x1b[2J", "�", "0000", "(none)", "resign", "win"]
    kind = rng.random()
    if kind < 0.05:
        return "".join(chr(rng.randrange(1, 0x3000)) for _ in range(rng.randrange(1, 60)))
    if kind < 0.07:
        return "x" * 100_000
    head = rng.choice(commands) if kind < 0.9 else rng.choice(words)
    line = " ".join([head, *(rng.choice(words) for _ in range(rng.randrange(8)))])
    return line + " movetime 1" if head == "go" else line


def survives(talk: Talk, protocol: str, moves: list[str], number: int) -> None:
    """So many lines of nonsense: no crash, and no silence where something was asked or is wrong."""
    rng = random.Random(7)
    for _ in range(number):
        line = nonsense(rng, protocol, moves)
        answers = talk.say(line)
        command = (line.split() or [""])[0]
        assert not any("internal error" in answer for answer in answers), (line, answers)
        assert all("\n" not in answer and len(answer) < 2000 for answer in answers), line
        if command == "go":
            assert answers[-1].startswith(("bestmove ", "checkmate ")), (line, answers)
        elif command == "isready":
            assert answers == ["readyok"]
        elif command and command not in talk.dialogue._commands:
            assert answers[0].startswith("info string error: "), (line, answers)
        elif command in ("stop", "ponderhit", "d", protocol):
            assert answers, line
