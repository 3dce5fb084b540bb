"""What each command understands. Imports nothing heavy: `move37 COMMAND --help` answers at once."""

import argparse
from collections.abc import Callable
from pathlib import Path

from move37.cli import looking
from move37.cli.options import (
    PLAYERS,
    PRESETS,
    Parser,
    add_seed,
    add_skill,
    add_thinking,
    command_parser,
    seconds,
    share,
    whole,
    winrate,
)


def _train() -> Parser:
    examples = {
        "move37 train": "Connect Four on this machine, preset laptop",
        "move37 train --game tic_tac_toe --preset smoke": "does everything work? under a minute",
        "move37 train --name big --net.blocks 6 --iterations 300": "a preset with a few things changed",
        "move37 train alphago_zero --game go_7x7": "another recipe",
        "move37 train alphago --data DATA": "first people's games, of `move37 dataset`: four stages",
        "move37 train --game my_game.py:MyGame": "a game of your own",
        "move37 train muzero --env CartPole-v1": "a world of Gymnasium, whose rules nobody tells",
        "move37 train muzero --env atari:pong": "a game of Atari, from its images",
    }
    parser = command_parser("train", "[RECIPE] [options]", "train an agent into runs/NAME.", examples)
    parser.add_argument("--game", help="a name of `move37 games` (connect_four; of AlphaGo: go_9x9)")
    atari = "atari:pong with +sticky (0.25), +full (18 actions), +clip (rewards)"
    env = f"for muzero: CartPole-v1 of Gymnasium, {atari}, or your file.py:ClassName"
    parser.add_argument("--env", metavar="ID", help=env)
    parser.add_argument(
        "--preset", default="laptop", help=f"where all other options start from: {', '.join(PRESETS)} (laptop)"
    )
    parser.add_argument("--name", help="of the folder under runs/; made up if not given")
    add_seed(parser)
    parser.add_argument("--tensorboard", action="store_true", help="metrics also as TensorBoard events, in the run")
    parser.add_argument("--help-all", action="store_true", help="every option of the recipe, with the preset's values")
    parser.add_argument_group(
        "options of self-play recipes (the commonest; RECIPE --help-all lists all of any recipe, alphago's too)",
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
    parser = command_parser("resume", "RUN [options]", "go on with a run exactly where it stopped.", examples)
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
    parser = command_parser("play", "RUN [options]", "a game against an agent, in the terminal.", examples)
    parser.add_argument("run", metavar="RUN", help="RUN or RUN@ITERATION")
    sides = parser.add_mutually_exclusive_group()
    sides.add_argument("--color", choices=("first", "second", "black", "white"), default="first", help="yours (first)")
    sides.add_argument("--second", dest="color", action="store_const", const="second", help="same as --color second")
    add_skill(parser)
    parser.add_argument("--think", action="store_true", help="show the agent's search before each of its moves")
    add_seed(parser)
    return parser


def _watch() -> Parser:
    examples = {
        "move37 watch RUN": "one game",
        "move37 watch RUN --games 3 --delay 1": "three, a move a second",
        "move37 watch RUN@10 --think": "with the search behind each move",
        "move37 watch RUN --games 5 --video best.gif": "a world of Gymnasium: the best of five episodes as a film",
    }
    what = "an agent plays itself, or acts in a world of Gymnasium."
    parser = command_parser("watch", "RUN [options]", what, examples)
    parser.add_argument("run", metavar="RUN", help="RUN or RUN@ITERATION")
    parser.add_argument("--games", type=whole(1), default=1, metavar="N", help="how many (1)")
    parser.add_argument("--delay", type=seconds, default=0.0, metavar="SECONDS", help="pause after each move (0)")
    text = "random moves first: without them it plays the same game again (0 for one game, else 2)"
    parser.add_argument("--openings", type=whole(0, 100), metavar="N", help=text)
    add_skill(parser)
    text = "show the search before each move; in a world of Gymnasium each plan, and what came true of it"
    parser.add_argument("--think", action="store_true", help=text)
    text = "worlds of Gymnasium: the best episode as .gif, or as .mp4 (extra: video)"
    parser.add_argument("--video", type=Path, metavar="FILE", help=text)
    add_seed(parser)
    return parser


def _openings(text: str) -> int | Path:
    """A number of random moves, or a file."""
    return Path(text) if Path(text).is_file() else whole(0, 100)(text)


def _arena() -> Parser:
    examples = {
        "move37 arena RUN random mcts:1000": "how strong is it?",
        "move37 arena RUN@10 RUN@50 RUN --games 100": "does it still improve?",
        "move37 arena random mcts:50 --game othello_6x6": "without a run",
        "move37 arena RUN 'level1=gtp:gnugo --mode gtp --level 1 --chinese-rules' --sgf games/": "a program of others",
        "move37 arena RUN 'uci:stockfish;Skill Level=0;nodes=100' --pgn games/": "options and limits behind ;",
        "move37 arena RUN RUN@50 --sprt 0 20 --games 2000": "is it stronger than before?",
    }
    what = "everyone against everyone, and ratings with 95 % intervals."
    parser = command_parser("arena", "PLAYER PLAYER … [options]", what, examples)
    parser.add_argument("players", metavar="PLAYER", nargs="+", help=PLAYERS)
    text = "of each pair; each opening is played twice, with colours swapped (50)"
    parser.add_argument("--games", type=whole(2, even=True), default=50, metavar="N", help=text)
    text = "a game begins with up to N random moves (4), or as a line of a file says: FEN, EPD, SFEN, or moves"
    parser.add_argument("--openings", type=_openings, default=4, metavar="N|FILE", help=text)
    text = "stop when it is clear whether the first of two players is ELO0 or ELO1 points stronger"
    parser.add_argument("--sprt", type=float, nargs=2, metavar=("ELO0", "ELO1"), help=text)
    text = "of --sprt: how often ELO1 is accepted where ELO0 is true, and ELO0 where ELO1 is (0.05 0.05)"
    errors = (0.05, 0.05)
    parser.add_argument("--sprt-errors", type=float, nargs=2, metavar=("ALPHA", "BETA"), default=errors, help=text)
    add_skill(parser)
    parser.add_argument("--game", help="needed if no player is a run")
    parser.add_argument("--out", type=Path, metavar="FILE", help="write ratings and all results as JSON")
    for form, what in {"sgf": "Go", "pgn": "chess", "csa": "shogi", "kif": "shogi"}.items():
        text = f"write each game of {what} as {form.upper()}"
        parser.add_argument(f"--{form}", type=Path, metavar="FOLDER", help=text)
    parser.add_argument("--record", type=Path, metavar="FILE", help="append each game, of any kind, as a line of JSON")
    text = "Go: dead stones count as alive, also those that their own side gives up"
    parser.add_argument("--as-it-stands", action="store_true", help=text)
    text = "seconds that an engine has for an answer; then it loses the game (60)"
    parser.add_argument("--timeout", type=seconds, default=60.0, metavar="SECONDS", help=text)
    text = "processes of an engine, each with a game (one a core); with --sprt games at once (32)"
    parser.add_argument("--at-once", type=whole(1, 256), metavar="N", help=text)
    text = "the first player meets each other one, and these do not meet"
    parser.add_argument("--gauntlet", action="store_true", help=text)
    add_seed(parser)
    return parser


def _dataset() -> Parser:
    examples = {
        "move37 dataset my_games --out go19": "all games on 19×19 of a folder of SGF files",
        "move37 dataset club.sgf games.tsv.xz --size 9 --out go9": "a collection and a table",
        "move37 dataset my_games --out dan --least-rank 1d --no-bots": "strong players only",
        "move37 dataset champions.pgn --game chess --out champions": "games of chess",
        "move37 info go19": "what is in it",
    }
    what = "games that people played, filtered, checked by the rules and split, to learn from."
    parser = command_parser("dataset", "SOURCE … --out FOLDER [options]", what, examples)
    text = ".sgf (Go), .pgn or .zip of them (chess), a folder with such files, or a table (.tsv; see docs/data.md)"
    parser.add_argument("sources", metavar="SOURCE", nargs="+", type=Path, help=text)
    parser.add_argument("--out", type=Path, metavar="FOLDER", required=True, help="to write; it must not exist")
    parser.add_argument("--game", default="", help="of the records: chess, shogi, … (Go on a board of --size)")
    parser.add_argument("--size", type=whole(2, 19), default=19, metavar="N", help="of the board of Go (19)")
    text = "of both players, like 6d, 15k or 1p, or Elo's points like 2400 (any)"
    parser.add_argument("--least-rank", default="", metavar="RANK", help=text)
    kinds = ("score", "resign", "time", "forfeit", "win", "draw", "void", "unknown")
    text = f"how a game must have ended: {', '.join(kinds)} (the first six)"
    parser.add_argument("--results", nargs="+", choices=kinds, default=kinds[:6], metavar="KIND", help=text)
    parser.add_argument("--no-bots", dest="bots", action="store_false", help="no games with a program")
    text = "handicap stones that a game may have (0)"
    parser.add_argument("--most-handicap", type=whole(0, 361), default=0, metavar="N", help=text)
    parser.add_argument("--least-moves", type=whole(1), default=20, metavar="N", help="(20)")
    parser.add_argument("--most-moves", type=whole(0), default=0, metavar="N", help="(Go: twice the points; else any)")
    text = "of the games, for choosing among nets (0.05)"
    parser.add_argument("--valid", type=share, default=0.05, metavar="SHARE", help=text)
    text = "of the games, for the last measurement (0.05)"
    parser.add_argument("--test", type=share, default=0.05, metavar="SHARE", help=text)
    return parser


def _gtp() -> Parser:
    examples = {
        "move37 gtp RUN": "then type list_commands, or let a program speak",
        "move37 gtp RUN --time 5": "five seconds a move",
        "move37 gtp RUN --visits 1": "the net alone, nearly",
        "Sabaki: Engines, Manage Engines, Add": "path: what `which move37` says; arguments: gtp /full/path/of/RUN",
    }
    parser = command_parser("gtp", "RUN [options]", "an agent for programs that speak GTP: Sabaki, GoGui.", examples)
    parser.add_argument("run", metavar="RUN", help="RUN or RUN@ITERATION, of a game of Go")
    text = "at most so long a move; the client's clock may ask for less"
    parser.add_argument("--time", type=seconds, metavar="SECONDS", help=text)
    parser.add_argument("--ponder", action="store_true", help="think in the opponent's time too")
    text = "resign below this winrate, twice in a row; 0 never does (0.05)"
    parser.add_argument("--resign", type=winrate, default=0.05, metavar="WINRATE", help=text)
    add_thinking(parser, "visits a move (800, and no limit where --time or the client's clock gives one)")
    return parser


def _uci() -> Parser:
    examples = {
        "move37 uci RUN": "then type uci, isready, go; or let a program speak",
        "move37 uci RUN --time 1": "at most a second a move",
        "Cute Chess: Engine Settings, Add": "command: /full/path/of/move37 uci /full/path/of/RUN",
    }
    return _chess_like("uci", "chess", "Cute Chess, Lichess bots, En Croissant", examples)


def _usi() -> Parser:
    examples = {
        "move37 usi RUN": "then type usi, isready, go; or let a program speak",
        "move37 usi RUN --time 1": "at most a second a move",
    }
    return _chess_like("usi", "shogi", "ShogiGUI, Shogidokoro", examples)


def _chess_like(command: str, game: str, programs: str, examples: dict[str, str]) -> Parser:
    what = f"an agent for programs that speak {command.upper()}: {programs}."
    parser = command_parser(command, "RUN [options]", what, examples)
    parser.add_argument("run", metavar="RUN", help=f"RUN or RUN@ITERATION, of {game}")
    text = "at most so long a move; the client's clock may ask for less"
    parser.add_argument("--time", type=seconds, metavar="SECONDS", help=text)
    add_thinking(parser, "visits a move, at most (800 where nothing else limits a move)")
    return parser


def _analysis() -> Parser:
    examples = {
        "move37 analysis RUN": "then write queries, a line of JSON each",
        "move37 analysis RUN --visits 100": "for queries that say nothing of visits",
        "KaTrain: General Settings, Override Engine Command": "/full/path/of/move37 analysis /full/path/of/RUN",
    }
    parser = command_parser(
        "analysis", "RUN [options]", "an agent that speaks KataGo's JSON, as KaTrain does.", examples
    )
    parser.add_argument("run", metavar="RUN", help="RUN or RUN@ITERATION, of a game of Go")
    parser.add_argument("--time", type=seconds, metavar="SECONDS", help="at most so long for a position")
    text = "whose winrates are reported: black, white, sidetomove (black)"
    sides = ("black", "white", "sidetomove")
    parser.add_argument("--perspective", choices=sides, default="black", metavar="SIDE", help=text)
    add_thinking(parser, "visits of a position whose query names no number (500)")
    return parser


# command → (module of `run(command, options)`, its parser, what it does in a line)
COMMANDS: dict[str, tuple[str, Callable[[], Parser], str]] = {
    "train": ("train", _train, "train an agent: move37 train [alphazero] [--game connect_four] [--preset laptop]"),
    "resume": ("train", _resume, "go on with a run: move37 resume RUN [--iterations N]"),
    "play": ("play", _play, "play against an agent in the terminal: move37 play RUN"),
    "watch": ("play", _watch, "watch an agent play itself: move37 watch RUN [--think] [--video FILE.gif]"),
    "arena": ("arena", _arena, "rate players: move37 arena RUN random mcts:1000 [--games 50]"),
    "dataset": ("dataset", _dataset, "make a dataset of games: move37 dataset SOURCE … --out FOLDER"),
    "meter": ("meter", looking.meter, "how surprising and how good was each move: move37 meter RUN GAME.sgf"),
    "imagine": ("imagine", looking.imagine, "how far a learned model's imagination stays true: move37 imagine RUN"),
    "plot": ("look", looking.plot, "draw losses, solver error and speed of runs: move37 plot RUN …"),
    "info": ("look", looking.info, "what a run or a dataset is: move37 info RUN"),
    "export": ("look", looking.export, "write an agent's net as ONNX: move37 export RUN [--out FILE]"),
    "gtp": ("gtp", _gtp, "speak GTP, for Sabaki, GoGui and servers: move37 gtp RUN"),
    "uci": ("uci", _uci, "speak UCI, for chess programs and Lichess: move37 uci RUN"),
    "usi": ("uci", _usi, "speak USI, for shogi programs: move37 usi RUN"),
    "analysis": ("gtp", _analysis, "analyse positions over JSON, for KaTrain: move37 analysis RUN"),
    "games": ("look", looking.games, "list the games"),
    "lineage": ("look", looking.lineage, "the family of systems, computed from the recipes"),
    "cite": ("look", looking.cite, "BibTeX of a recipe's paper: move37 cite alphazero"),
}


def parse(command: str, arguments: list[str]) -> argparse.Namespace:
    """Options of a command. `train` keeps in `rest` what is its recipe's."""
    if command != "train":
        return COMMANDS[command][1]().parse_args(arguments)
    from move37.recipes import NAMES

    named = [word for word in arguments[:1] if not word.startswith("-")]
    options, rest = _train().parse_known_args(arguments[len(named) :])
    options.recipe, options.rest = (*named, NAMES[0])[0], rest
    return options
