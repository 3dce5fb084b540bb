"""What the commands' parsers are made of. Imports nothing heavy: `move37 COMMAND --help` answers at once."""

import argparse
import difflib
import shutil
import sys
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import NoReturn

RUNS = Path("runs")
PRESETS = ("smoke", "laptop", "gpu", "paper")
PLAYERS = (
    "RUN, RUN@ITERATION, random, greedy, mcts:PLAYOUTS, solver, or an engine: '[NAME=]gtp:COMMAND', "
    "'uci:COMMAND;OPTION=VALUE;nodes=N', 'usi:COMMAND;…'"
)


class Parser(argparse.ArgumentParser):
    """Reports a mistake in one line, with what may have been meant, and exits with 2."""

    def error(self, message: str) -> NoReturn:
        """What argparse calls."""
        words = message.split()
        if message.startswith("unrecognized arguments"):
            known = [option for action in self._actions for option in action.option_strings]
            meant = [did_you_mean(word.split("=")[0], known) for word in words if word.startswith("-")]
            message = f"{message}.{''.join(meant)}"
        elif message.startswith("the following arguments are required"):
            message = f"{words[-1]} is missing"
            if words[-1] in ("RUN", "PLAYER"):
                message += f"; {list_of_runs()}"
        stop = "" if message[-1] in ".?" else "."
        help_text = "" if "--help" in message else f" {self.prog} --help explains."
        self.exit(2, f"{self.prog}: {message}{stop}{help_text}\n")


def did_you_mean(word: str, known: Iterable[str]) -> str:
    """' Did you mean X?', or nothing where no known word is alike."""
    names = {name.lower(): name for name in known}
    found = difflib.get_close_matches(word.lower(), names, n=1, cutoff=0.6)
    return f" Did you mean {names[found[0]]}?" if found else ""


def program() -> str:
    """How to call this program again: `move37`, or its path where a shell does not find it by its name."""
    return "move37" if shutil.which("move37") else sys.argv[0]


def run_names() -> list[str]:
    """The runs under runs/, the newest first."""
    return [path.parent.name for path in sorted(RUNS.glob("*/config.json"), key=_changed, reverse=True)]


def list_of_runs(most: int = 8) -> str:
    """For messages."""
    names = run_names()
    if not names:
        return f"there is none under {RUNS}/ yet (move37 train makes one)"
    more = f" and {len(names) - most} more" if len(names) > most else ""
    return f"under {RUNS}/ there are: {', '.join(names[:most])}{more}"


def _changed(path: Path) -> float:
    try:
        return path.stat().st_mtime
    except OSError:  # a link that leads nowhere
        return 0.0


def whole(least: int, most: int | None = None, even: bool = False) -> Callable[[str], int]:
    """A converter for whole numbers in a range."""
    kind = "an even number" if even else "a whole number"
    allowed = f"{kind} from {least} to {most}" if most is not None else f"{kind} of {least} or more"

    def convert(text: str) -> int:
        try:
            value = int(text)
        except ValueError:
            value = least - 1
        if value < least or (most is not None and value > most) or (even and value % 2):
            raise argparse.ArgumentTypeError(f"{text!r} is not allowed; it must be {allowed}")
        return value

    return convert


def number(most: float, of: str = "", below: bool = False) -> Callable[[str], float]:
    """A converter for numbers from 0 to `most`; `below`: and less than that."""
    allowed = f"a number{of} from 0 to {'below ' if below else ''}{most:g}"

    def convert(text: str) -> float:
        try:
            value = float(text)
        except ValueError:
            value = -1.0
        if not 0 <= value <= most or (below and value == most):
            raise argparse.ArgumentTypeError(f"{text!r} is not allowed; it must be {allowed}")
        return value

    return convert


seconds = number(3600.0, " of seconds", below=True)
winrate = number(0.5)
weight = number(1.0)
share = number(1.0, below=True)


def command_parser(command: str, arguments: str, what: str, examples: dict[str, str]) -> Parser:
    """Examples first, then the usage, then the options."""
    width = max(map(len, examples))
    lines = [f"  {example:<{width}}   {text}".rstrip() for example, text in examples.items()]
    head = "\n".join([f"move37 {command}: {what}", "", *lines, "", f"usage: move37 {command} {arguments}".rstrip()])

    def formatter(prog: str) -> argparse.HelpFormatter:
        columns = min(120, shutil.get_terminal_size().columns - 1)
        return argparse.RawDescriptionHelpFormatter(prog, max_help_position=28, width=columns)

    return Parser(
        prog=f"move37 {command}",
        usage=argparse.SUPPRESS,
        description=head,
        formatter_class=formatter,
        allow_abbrev=False,
    )


def add_seed(parser: Parser) -> None:
    """`--seed`."""
    parser.add_argument("--seed", type=whole(0, 2**31 - 1), default=0, metavar="N", help="of all chance (0)")


def add_simulations(parser: Parser) -> None:
    """`--simulations` and `--average`."""
    text = "simulations of the agent's search, a move; 0 plays its net alone (128)"
    parser.add_argument("--simulations", type=whole(0), default=128, metavar="N", help=text)
    text = "agents look at each position in all symmetries of the game: stronger, for as many evaluations"
    parser.add_argument("--average", action="store_true", help=text)


def add_skill(parser: Parser) -> None:
    """How agents play: `--simulations`, `--average`, `--playouts`."""
    add_simulations(parser)
    text = "runs of alphago: weight λ of a playout's outcome beside the net's value of a leaf; the paper's is 0.5 (0)"
    parser.add_argument("--playouts", type=weight, default=0.0, metavar="WEIGHT", help=text)


def add_thinking(parser: Parser, visits: str) -> None:
    """`--visits`, `--leaves` and `--nodes`."""
    parser.add_argument("--visits", "--simulations", type=whole(1), metavar="N", help=visits)
    text = "positions that the net sees at once: more are faster and a little weaker (8)"
    parser.add_argument("--leaves", type=whole(1, 256), default=8, metavar="N", help=text)
    text = "room of the search tree; a search that fills it ends (4096)"
    parser.add_argument("--nodes", type=whole(1024, 2**20), default=4096, metavar="N", help=text)
