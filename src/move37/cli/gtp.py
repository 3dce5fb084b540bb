"""`move37 gtp`: an agent that plays Go, for programs that speak GTP."""

import os
import sys
from argparse import Namespace

from move37.cli.common import enable_compilation_cache, load_net
from move37.engines.go_engine import EngineConfig, GoEngine
from move37.engines.go_gtp import serve
from move37.nets.onnx import OnnxEvaluator
from move37.play.thinker import ThinkerConfig


def run(command: str, options: Namespace) -> int:
    """Speak until the other side quits."""
    # What anything prints, a library's warning among it, must not stand between answers.
    sink = os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)
    enable_compilation_cache()
    run, game, net, chosen = load_net(options.run)
    config = EngineConfig(options.visits, options.time, options.ponder, options.resign)
    thinker = ThinkerConfig(options.nodes, options.leaves)
    engine = GoEngine(game, OnnxEvaluator(net), config, thinker)
    engine.warm_up()
    print(f"{run.path.name}@{chosen} is ready to play {game.name}", file=sys.stderr, flush=True)
    serve(engine, f"move37 {run.path.name}@{chosen}", sys.stdin.buffer, sink)
    return 0
