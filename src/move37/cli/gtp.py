"""`move37 gtp` and `move37 analysis`: an agent for programs that speak GTP or KataGo's JSON."""

import sys
from argparse import Namespace

from move37.cli.common import enable_compilation_cache, load_net, own_pipes
from move37.engines import analysis, go_gtp
from move37.engines.go_engine import EngineConfig, GoEngine
from move37.nets.onnx import OnnxEvaluator
from move37.play.thinker import ThinkerConfig


def run(command: str, options: Namespace) -> int:
    """Speak until the other side quits."""
    source, sink = own_pipes()
    enable_compilation_cache()
    run, game, net, chosen = load_net(options.run)
    thinker, evaluate, name = ThinkerConfig(options.nodes, options.leaves), OnnxEvaluator(net), run.path.name
    if command == "analysis":
        limits = (options.visits, options.time, options.perspective.upper())
        analyst = analysis.Analysis(game, evaluate, thinker, *limits)
        engine = analyst.engine
    else:
        config = EngineConfig(options.visits, options.time, options.ponder, options.resign)
        engine = GoEngine(game, evaluate, config, thinker)
    engine.warm_up()
    print(f"{name}@{chosen} is ready: {game.name}", file=sys.stderr, flush=True)
    if command == "analysis":
        analysis.serve(analyst, source, sink)
    else:
        go_gtp.serve(engine, f"move37 {name}@{chosen}", source, sink)
    return 0
