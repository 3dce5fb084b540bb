"""`move37 uci` and `move37 usi`: an agent of chess or shogi for programs that speak these protocols."""

from argparse import Namespace

from move37.cli.common import enable_compilation_cache, load_net, own_pipes
from move37.engines.dialect import Uci, Usi
from move37.engines.lines import Lines
from move37.engines.uci import Dialogue, UciConfig, sender, serve
from move37.nets.onnx import OnnxEvaluator
from move37.play.thinker import ThinkerConfig


def run(command: str, options: Namespace) -> int:
    """Speak until the other side quits. Says hello at once; what has to be compiled is, before `readyok`."""
    source, sink = own_pipes()
    enable_compilation_cache()
    run, game, net, chosen = load_net(options.run)
    dialect = (Uci if command == "uci" else Usi)(game)
    thinker = ThinkerConfig(options.nodes, options.leaves)
    config, lines, name = UciConfig(options.visits, options.time), Lines(source), f"move37 {run.path.name}@{chosen}"
    serve(Dialogue(name, dialect, OnnxEvaluator(net), lines, sender(sink), config, thinker), lines)
    return 0
