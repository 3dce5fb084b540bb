"""Go over GTP: the whole conversation, from a pipe to a pipe."""

from typing import BinaryIO

from move37 import __version__
from move37.engines.board_commands import BoardCommands
from move37.engines.go_engine import GoEngine
from move37.engines.gtp import Gtp, Quit
from move37.engines.judge_commands import JudgeCommands
from move37.engines.lines import Lines
from move37.engines.think_commands import ThinkCommands

_INTERRUPT = "# interrupt"  # what GoGui sends to an engine that knows `gogui-interrupt`


def protocol(engine: GoEngine, name: str) -> Gtp:
    """All commands of an engine."""
    tables = (BoardCommands(engine), ThinkCommands(engine), JudgeCommands(engine))
    commands = {name: handler for table in tables for name, handler in table.table().items()}
    return Gtp(name, __version__, commands)


def serve(engine: GoEngine, name: str, source: BinaryIO, sink: BinaryIO) -> None:
    """Answer until `quit`, or until nobody is there any more. Thinks in between if the engine is to ponder."""
    lines = Lines(source)
    engine.asked_to_stop = lambda: lines.next_is(_INTERRUPT)
    gtp = protocol(engine, name)
    while True:
        if not lines.waiting():
            engine.ponder(lines.waiting)
        line = lines.take()
        if line is None:
            return
        try:
            for part in gtp.answer(line, lines.waiting):
                sink.write(part.encode("utf-8", errors="replace"))
                sink.flush()
        except Quit:
            return
