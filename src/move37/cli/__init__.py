"""The program `move37`. Answers `--help` without importing JAX; a command imports what it needs when it runs."""

import importlib
import os
import sys
from typing import Any

from move37 import __version__
from move37.cli.commands import COMMANDS, parse
from move37.cli.options import did_you_mean


def usage() -> str:
    """What `move37 --help` prints."""
    width = max(map(len, COMMANDS))
    lines = [f"  {name:<{width}}  {text}" for name, (_, _, text) in COMMANDS.items()]
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
    code: Any
    try:
        try:
            code = _main(sys.argv[1:])
        except SystemExit as end:
            code = end.code
        sys.stdout.flush()
    except KeyboardInterrupt:
        print("\nstopped.", file=sys.stderr)
        code = 130
    except BrokenPipeError:  # `move37 games | head -1`: the reader has had enough
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        code = 141
    if code:
        sys.exit(code)


def _main(arguments: list[str]) -> int:
    """The exit code."""
    if len(arguments) == 2 and arguments[0] == "help":
        arguments = [arguments[1], "--help"]
    if not arguments or arguments[0] in ("-h", "--help", "help"):
        print(usage())
        return 0
    if arguments[0] in ("-V", "--version"):
        print(f"move37 {__version__}")
        return 0
    if arguments[0] not in COMMANDS:
        hint = did_you_mean(arguments[0], COMMANDS)
        return _mistake(f"no command {arguments[0]!r}.{hint} There are: {', '.join(COMMANDS)}.", 2)
    return _run(arguments[0], arguments[1:])


def _run(command: str, arguments: list[str]) -> int:
    """One command; its exit code."""
    from move37.core.errors import Move37Error

    options = parse(command, arguments)
    try:
        module = importlib.import_module(f"move37.cli.{COMMANDS[command][0]}")
        code: int | None = module.run(command, options)
    except Move37Error as error:
        return _mistake(str(error), 1)
    except BrokenPipeError:
        raise
    except OSError as error:  # a disk that is full, a folder that may not be written
        where = f" {error.filename}:" if error.filename else ""
        return _mistake(f"{command}:{where} {error.strerror or error}.", 1)
    return code or 0


def _mistake(message: str, code: int) -> int:
    print(f"move37: {' '.join(message.splitlines())}", file=sys.stderr)
    return code
