"""What each command understands. Imports nothing heavy: `move37 COMMAND --help` answers at once."""

import argparse
import difflib
import shutil
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import NoReturn

RUNS = Path("runs")
PRESETS = ("smoke", "laptop", "gpu", "paper")
PLAYERS = "RUN, RUN@ITERATION, random, greedy, mcts:PLAYOUTS, or solver"


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


def seconds(text: str) -> float:
    """A converter for a length of time."""
    try:
        value = float(text)
    except ValueError:
        value = -1.0
    if not 0 <= value < 3600:
        raise argparse.ArgumentTypeError(f"{text!r} is not allowed; it must be a number of seconds from 0 to 3600")
    return value


def _parser(command: str, arguments: str, what: str, examples: dict[str, str]) -> Parser:
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


def _seed(parser: Parser) -> None:
    parser.add_argument("--seed", type=whole(0, 2**31 - 1), default=0, metavar="N", help="of all chance (0)")


def _simulations(parser: Parser, least: int = 0) -> None:
    text = "simulations of the agent's search, a move; 0 plays its net alone (128)"
    parser.add_argument("--simulations", type=whole(least), default=128, metavar="N", help=text)


def _train() -> Parser:
    examples = {
        "move37 train": "Connect Four on this machine, preset laptop",
        "move37 train --game tic_tac_toe --preset smoke": "does everything work? under a minute",
        "move37 train --name big --net.blocks 6 --iterations 300": "a preset with a few things changed",
        "move37 train --game my_game.py:MyGame": "a game of your own",
    }
    parser = _parser("train", "[RECIPE] [options]", "train an agent by self-play into runs/NAME.", examples)
    parser.add_argument("--game", default="connect_four", help="a name of `move37 games` (connect_four)")
    parser.add_argument(
        "--preset", default="laptop", help=f"where all other options start from: {', '.join(PRESETS)} (laptop)"
    )
    parser.add_argument("--name", help="of the folder under runs/; made up if not given")
    _seed(parser)
    parser.add_argument("--tensorboard", action="store_true", help="metrics also as TensorBoard events, in the run")
    parser.add_argument("--help-all", action="store_true", help="every option of the recipe, with the preset's values")
    parser.add_argument_group(
        "the recipe's options (the commonest; --help-all has them all)",
        "\n".join(
            [
                "  --iterations N                   how long: rounds of playing and learning",
                "  --net.blocks N --net.channels N  the size of the net",
                "  --search.num-simulations N       how hard it thinks about a move of self-play",
                "  --play.games N --play.moves N    games at once, and moves of each in an iteration",
                "  --updates N --batch-size N       gradient steps of an iteration, and positions in each",
                "  --optimiser.learning-rate X",
                "  --exam-every N                   iterations between two measurements of strength",
            ]
        ),
    )
    return parser


def _resume() -> Parser:
    examples = {
        "move37 resume RUN": "go on after Ctrl-C or a crash",
        "move37 resume RUN --iterations 300": "go on with a finished run, up to 300 iterations",
    }
    parser = _parser("resume", "RUN [options]", "go on with a run exactly where it stopped.", examples)
    parser.add_argument("run", metavar="RUN", help="name under runs/, or path")
    text = "train up to this many in all; kept in the run's configuration"
    parser.add_argument("--iterations", type=whole(1), metavar="N", help=text)
    parser.add_argument("--tensorboard", action="store_true", help="metrics also as TensorBoard events, in the run")
    return parser


def _play() -> Parser:
    examples = {
        "move37 play RUN": "you begin",
        "move37 play RUN --color second": "the agent begins",
        "move37 play RUN@10 --simulations 800": "an earlier agent that thinks longer",
    }
    parser = _parser("play", "RUN [options]", "a game against an agent, in the terminal.", examples)
    parser.add_argument("run", metavar="RUN", help="RUN or RUN@ITERATION")
    sides = parser.add_mutually_exclusive_group()
    sides.add_argument("--color", choices=("first", "second"), default="first", help="which side is yours (first)")
    sides.add_argument("--second", dest="color", action="store_const", const="second", help="same as --color second")
    _simulations(parser)
    parser.add_argument("--think", action="store_true", help="show the agent's search before each of its moves")
    _seed(parser)
    return parser


def _watch() -> Parser:
    examples = {
        "move37 watch RUN": "one game",
        "move37 watch RUN --games 3 --delay 1": "three, a move a second",
        "move37 watch RUN@10 --think": "with the search behind each move",
    }
    parser = _parser("watch", "RUN [options]", "an agent plays itself.", examples)
    parser.add_argument("run", metavar="RUN", help="RUN or RUN@ITERATION")
    parser.add_argument("--games", type=whole(1), default=1, metavar="N", help="how many (1)")
    parser.add_argument("--delay", type=seconds, default=0.0, metavar="SECONDS", help="pause after each move (0)")
    text = "random moves first: without them it plays the same game again (0 for one game, else 2)"
    parser.add_argument("--openings", type=whole(0, 100), metavar="N", help=text)
    _simulations(parser)
    parser.add_argument("--think", action="store_true", help="show the search before each move")
    _seed(parser)
    return parser


def _arena() -> Parser:
    examples = {
        "move37 arena RUN random mcts:1000": "how strong is it?",
        "move37 arena RUN@10 RUN@50 RUN --games 100": "does it still improve?",
        "move37 arena random mcts:50 --game othello_6x6": "without a run",
    }
    what = "everyone against everyone, and ratings with 95 % intervals."
    parser = _parser("arena", "PLAYER PLAYER … [options]", what, examples)
    parser.add_argument("players", metavar="PLAYER", nargs="+", help=PLAYERS)
    text = "of each pair; each opening is played twice, with colours swapped (50)"
    parser.add_argument("--games", type=whole(2, even=True), default=50, metavar="N", help=text)
    text = "a game begins with up to N random moves, so that games differ (4)"
    parser.add_argument("--openings", type=whole(0, 100), default=4, metavar="N", help=text)
    _simulations(parser)
    parser.add_argument("--game", help="needed if no player is a run")
    parser.add_argument("--out", type=Path, metavar="FILE", help="write ratings and all results as JSON")
    _seed(parser)
    return parser


def _plot() -> Parser:
    examples = {"move37 plot RUN": "into RUN/plot.png", "move37 plot RUN OTHER --out both.png": "to compare"}
    what = "losses, error on solved positions, rating and speed as a PNG."
    parser = _parser("plot", "RUN … [options]", what, examples)
    parser.add_argument("runs", metavar="RUN", nargs="+", help="names under runs/, or paths")
    parser.add_argument("--out", type=Path, metavar="FILE", help="where to (plot.png in the first run)")
    return parser


def _info() -> Parser:
    what = "what a run is, how far it got, its newest numbers."
    parser = _parser("info", "RUN", what, {"move37 info RUN": ""})
    parser.add_argument("run", metavar="RUN", help="name under runs/, or path")
    return parser


def _export() -> Parser:
    examples = {"move37 export RUN": "the newest net", "move37 export RUN@10 --out net.onnx": "an earlier one"}
    parser = _parser("export", "RUN [options]", "an agent's net as ONNX.", examples)
    parser.add_argument("run", metavar="RUN", help="RUN or RUN@ITERATION")
    parser.add_argument("--out", type=Path, metavar="FILE", help="where to (net-ITERATION.onnx in the run)")
    return parser


def _games() -> Parser:
    return _parser("games", "", "all games, with the size of actions and observations.", {"move37 games": ""})


def _lineage() -> Parser:
    what = "how the systems descend from each other, computed from the recipes."
    return _parser("lineage", "", what, {"move37 lineage": ""})


def _cite() -> Parser:
    parser = _parser("cite", "[RECIPE]", "BibTeX of a recipe's paper.", {"move37 cite alphazero >> my.bib": ""})
    parser.add_argument("recipe", metavar="RECIPE", nargs="?", default="alphazero", help="(alphazero)")
    return parser


# command → (module of `run(command, options)`, its parser, what it does in a line)
COMMANDS: dict[str, tuple[str, Callable[[], Parser], str]] = {
    "train": ("train", _train, "train an agent: move37 train [alphazero] [--game connect_four] [--preset laptop]"),
    "resume": ("train", _resume, "go on with a run: move37 resume RUN [--iterations N]"),
    "play": ("play", _play, "play against an agent in the terminal: move37 play RUN"),
    "watch": ("play", _watch, "watch an agent play itself: move37 watch RUN"),
    "arena": ("arena", _arena, "rate players: move37 arena RUN random mcts:1000 [--games 50]"),
    "plot": ("look", _plot, "draw losses, solver error and speed of runs: move37 plot RUN …"),
    "info": ("look", _info, "what a run is and how far it got: move37 info RUN"),
    "export": ("look", _export, "write an agent's net as ONNX: move37 export RUN [--out FILE]"),
    "games": ("look", _games, "list the games"),
    "lineage": ("look", _lineage, "the family of systems, computed from the recipes"),
    "cite": ("look", _cite, "BibTeX of a recipe's paper: move37 cite alphazero"),
}


def parse(command: str, arguments: list[str]) -> argparse.Namespace:
    """Options of a command. `train` keeps in `rest` what is its recipe's."""
    if command != "train":
        return COMMANDS[command][1]().parse_args(arguments)
    from move37.recipes import NAMES

    recipe, arguments = (
        (arguments[0], arguments[1:]) if arguments and arguments[0][:1] != "-" else (NAMES[0], arguments)
    )
    options, rest = _train().parse_known_args(arguments)
    options.recipe, options.rest = recipe, rest
    return options
