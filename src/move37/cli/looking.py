"""What the commands understand that look and do not train. Imports nothing heavy."""

from pathlib import Path

from move37.cli.options import Parser, add_seed, add_simulations, command_parser, share, whole


def meter() -> Parser:
    """Of `meter`."""
    examples = {
        "move37 meter RUN game.sgf": "which moves would nobody have played, and were they good?",
        "move37 meter RUN game.sgf --search RUN2 --visits 1600": "people as RUN imitates them, values by RUN2",
        "move37 meter RUN game.sgf --base FOLDER": "beside games of people, of the agent, and random ones",
    }
    what = "how surprising was each move of a game of Go to a human, and how good was it?"
    parser = command_parser("meter", "RUN GAME.sgf [options]", what, examples)
    parser.add_argument("run", metavar="RUN", help="RUN or RUN@ITERATION of a net that imitates people")
    parser.add_argument("game", metavar="GAME.sgf", type=Path, help="a record of a game on the board of RUN")
    parser.add_argument("--number", type=whole(1), default=1, metavar="N", help="which game of the file (1)")
    parser.add_argument("--search", metavar="RUN2", help="whose net guides the search (RUN)")
    parser.add_argument("--visits", type=whole(2), default=400, metavar="N", help="of the search of a position (400)")
    parser.add_argument("--shallow", type=whole(1), default=16, metavar="N", help="visits of the shallow look (16)")
    text = "a novel move is less probable than this (0.01) …"
    parser.add_argument("--probability", type=share, default=0.01, metavar="SHARE", help=text)
    parser.add_argument("--rank", type=whole(1), default=5, metavar="N", help="… and its rank is beyond this (5)")
    text = "games to compare with: a dataset (its test split is taken), a folder, an .sgf file or a table"
    parser.add_argument("--base", type=Path, metavar="SOURCE", help=text)
    text = "of each kind: people's, the agent's, random (10)"
    parser.add_argument("--base-games", type=whole(1), default=10, metavar="N", help=text)
    text = "novel moves of each kind that are searched (100)"
    parser.add_argument("--base-moves", type=whole(1), default=100, metavar="N", help=text)
    add_simulations(parser)
    parser.add_argument("--out", type=Path, metavar="FOLDER", help="for picture, record, numbers (GAME.meter)")
    add_seed(parser)
    return parser


def imagine() -> Parser:
    """Of `imagine`."""
    examples = {
        "move37 imagine RUN": "a table, and RUN/imagination.png",
        "move37 imagine RUN@10 --depth 20 --episodes 50": "an earlier net, farther ahead",
        "move37 imagine RUN --out inside.png --json inside.json": "the picture and the numbers elsewhere",
    }
    what = "how far does what a learned model imagines stay true?"
    parser = command_parser("imagine", "RUN [options]", what, examples)
    parser.add_argument("run", metavar="RUN", help="RUN or RUN@ITERATION of muzero")
    parser.add_argument("--depth", type=whole(1, 100), default=10, metavar="N", help="steps that are imagined (10)")
    text = "that are played for it, as in training; half of them teach the probe, half test it (20)"
    parser.add_argument("--episodes", type=whole(2, 10_000), default=20, metavar="N", help=text)
    parser.add_argument(
        "--out", type=Path, metavar="FILE", help="where the picture goes to (imagination.png in the run)"
    )
    parser.add_argument("--json", type=Path, metavar="FILE", help="write all numbers as JSON")
    add_seed(parser)
    return parser


def plot() -> Parser:
    """Of `plot`."""
    examples = {"move37 plot RUN": "into RUN/plot.png", "move37 plot RUN OTHER --out both.png": "to compare"}
    what = "losses, error on solved positions, rating and speed as a PNG."
    parser = command_parser("plot", "RUN … [options]", what, examples)
    parser.add_argument("runs", metavar="RUN", nargs="+", help="names under runs/, or paths")
    parser.add_argument("--out", type=Path, metavar="FILE", help="where to (plot.png in the first run)")
    return parser


def info() -> Parser:
    """Of `info`."""
    what = "what a run is, how far it got, its newest numbers; or what a dataset is."
    examples = {"move37 info RUN": "a run", "move37 info FOLDER": "a dataset that move37 dataset made"}
    parser = command_parser("info", "RUN", what, examples)
    parser.add_argument("run", metavar="RUN", help="name under runs/, or path; or the path of a dataset")
    return parser


def export() -> Parser:
    """Of `export`."""
    examples = {"move37 export RUN": "the newest net", "move37 export RUN@10 --out net.onnx": "an earlier one"}
    parser = command_parser("export", "RUN [options]", "an agent's net as ONNX.", examples)
    parser.add_argument("run", metavar="RUN", help="RUN or RUN@ITERATION")
    parser.add_argument("--out", type=Path, metavar="FILE", help="where to (net-ITERATION.onnx in the run)")
    return parser


def games() -> Parser:
    """Of `games`."""
    return command_parser("games", "", "all games, with the size of actions and observations.", {"move37 games": ""})


def lineage() -> Parser:
    """Of `lineage`."""
    what = "how the systems descend from each other, computed from the recipes."
    return command_parser("lineage", "", what, {"move37 lineage": ""})


def cite() -> Parser:
    """Of `cite`."""
    parser = command_parser("cite", "[RECIPE]", "BibTeX of a recipe's paper.", {"move37 cite alphazero >> my.bib": ""})
    parser.add_argument("recipe", metavar="RECIPE", nargs="?", default="alphazero", help="(alphazero)")
    return parser
