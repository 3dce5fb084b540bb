"""The program `move37`. Answers `--help` without importing JAX; a command imports what it needs when it runs."""

import importlib
import sys

from move37 import __version__

# command → (module of `run(arguments)`, what it does)
COMMANDS = {
    "train": ("train", "train an agent: move37 train [alphazero] [--game connect_four] [--preset laptop]"),
    "resume": ("train", "go on with a run: move37 resume RUN"),
    "play": ("play", "play against an agent in the terminal: move37 play RUN"),
    "watch": ("play", "watch an agent play itself: move37 watch RUN"),
    "arena": ("arena", "rate players: move37 arena RUN random mcts:1000 [--games 50]"),
    "plot": ("look", "draw losses, solver error and speed of runs: move37 plot RUN …"),
    "info": ("look", "what a run is and how far it got: move37 info RUN"),
    "export": ("look", "write an agent's net as ONNX: move37 export RUN [--out FILE]"),
    "games": ("look", "list the games"),
    "lineage": ("look", "the family of systems, computed from the recipes"),
    "cite": ("look", "BibTeX of a recipe's paper: move37 cite alphazero"),
}


def usage() -> str:
    """What `move37 --help` prints."""
    width = max(map(len, COMMANDS))
    lines = [f"  {name:<{width}}  {text}" for name, (_, text) in COMMANDS.items()]
    return "\n".join(
        [
            f"move37 {__version__}: systems that learned to plan by playing.",
            "",
            "usage: move37 COMMAND [options]; move37 COMMAND --help explains one command",
            "",
            *lines,
            "",
            "A first hour: move37 train            (Connect Four on this machine, about 25 minutes)",
            "              move37 play RUN         (against what it learned; --think shows its search)",
            "              move37 arena RUN random mcts:1000",
        ]
    )


def main() -> None:
    """Dispatch. A user's mistake ends with one line on stderr and exit code 1 or 2, never with a traceback."""
    arguments = sys.argv[1:]
    if not arguments or arguments[0] in ("-h", "--help", "help"):
        print(usage())
        return
    if arguments[0] in ("-V", "--version"):
        print(f"move37 {__version__}")
        return
    if arguments[0] not in COMMANDS:
        print(f"move37: no command {arguments[0]!r}; there are: {', '.join(COMMANDS)}.", file=sys.stderr)
        sys.exit(2)
    from move37.core.errors import Move37Error

    module = importlib.import_module(f"move37.cli.{COMMANDS[arguments[0]][0]}")
    try:
        module.run(arguments[0], arguments[1:])
    except Move37Error as error:
        print(f"move37: {error}", file=sys.stderr)
        sys.exit(1)
    except KeyboardInterrupt:
        print("\nstopped; what was saved is whole. move37 resume RUN goes on.", file=sys.stderr)
        sys.exit(130)
    except BrokenPipeError:
        sys.exit(0)
