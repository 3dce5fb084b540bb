"""A mistake ends in one line that says what was got, what is allowed and what to do; nothing is made on the way."""

import errno
import json
import os
import re

import pytest

MINE = "from move37.core.types import Game\nclass Mine(Game):\n    name = 'mine'\n"
BROKEN = """
import jax.numpy as jnp
from move37.games.tic_tac_toe import TicTacToe
class Broken(TicTacToe):
    def legal(self, state):
        return jnp.zeros(4, bool)
"""

# (arguments, exit code, what the line says)
BAD = [
    ("plai", 2, r"no command 'plai'. Did you mean play\? There are: train, resume"),
    ("train alphazer", 1, r"no recipe .alphazer.; there are: alphazero, .*Did you mean alphazero\?"),
    ("cite alphazer", 1, r"Did you mean alphazero\?"),
    ("train --game conect_four", 1, r"no game 'conect_four'; known: .* Did you mean connect_four\?"),
    ("train --game go_50x50", 1, r"got size 50; allowed: 2 to 19"),
    ("train --game go7", 1, r"Did you mean go_7x7\?"),
    ("train --game pgx:nothing", 1, r"(has no game 'nothing'|pip install)"),
    ("train --game nofile.py:X", 1, r"no file 'nofile.py'.*give path/to/file.py:ClassName"),
    ("train --game wrong.py:X", 1, r"cannot be loaded: SyntaxError"),
    ("train --game raises.py:X", 1, r"cannot be loaded: RuntimeError: two lines"),
    ("train --game mine.py:Yours", 1, r"no game 'Yours'; games in it: Mine"),
    ("train --game mine.py:Mine", 1, r"abstract"),
    ("train --game broken.py:Broken", 1, r"legal"),
    ("train --preset smke", 1, r"no preset 'smke'; there are: smoke, .* Did you mean smoke\?"),
    ("train --iterations 0", 2, r"iterations is 0; it must be 1 or more"),
    ("train --exam-every 0", 2, r"exam_every is 0; it must be 1 or more"),
    ("train --root-value-weight 2", 2, r"root_value_weight is 2.0; it must be in \[0, 1\]"),
    ("train --play.games 0", 2, r"play.games is 0; it must be 1 or more"),
    ("train --play.games=-3", 2, r"play.games is -3; it must be 1 or more"),
    ("train --play.games many", 2, r"--play.games: 'many' is not allowed; it must be a whole number"),
    ("train --optimiser.learning-rate fast", 2, r"'fast' is not allowed; it must be a number"),
    ("train --optimiser.optimiser adam", 2, r"'adam' is none of 'adamw', 'muon', 'sgd'"),
    ("train --play.game 3", 2, r"no option --play.game. Did you mean --play.games\?"),
    ("train --run big", 2, r"no option --run. Did you mean --name\?"),
    ("train --lr 0.1", 2, r"no option --lr. Did you mean --optimiser.learning-rate\?"),
    ("train alphago.policy --game go_5x5 --visits 9", 2, r"no option --visits. move37 train --help-all"),
    ("train --tensorboad", 2, r"no option --tensorboad. Did you mean --tensorboard\?"),
    ("train --play.games", 2, r"--play.games: its value is missing"),
    ("train --game", 2, r"--game: expected one argument"),
    ("train alphazero tic_tac_toe", 2, r"unrecognized: tic_tac_toe"),
    ("train --search.num-simulations 30 --search.leaves 4", 2, r"not a multiple of leaves 4"),
    ("train --search.sampled", 2, r"search.sampled is True.* take --search.no-sampled"),
    (
        "train --play.fast-simulations 99",
        2,
        r"fast_simulations is 99; it must be from 1 to search.num_simulations = 32",
    ),
    ("train --net.auxiliary ownership --game catch", 1, r"catch knows no ownership and score; Go does"),
    ("train alphago_zero --game catch", 1, r"catch is for one: .*train alphazero on it"),
    ("train alphago_zero --gate.games 3 --game go_5x5", 2, r"gate.games is 3; it must be even"),
    ("train --seed x", 2, r"--seed: 'x' is not allowed; it must be a whole number from 0 to 2147483647"),
    ("train --seed -1", 2, r"'-1' is not allowed"),
    ("train --name a@b", 1, r"--name 'a@b' can be no run"),
    ("train --name ..", 1, r"can be no run"),
    ("train --name ttt", 1, r"ttt already holds a run; `move37 resume .*ttt` goes on"),
    ("resume", 2, r"RUN is missing; under runs/ there are: "),
    ("resume tt", 1, r"no run 'tt'; under runs/ there are: .* Did you mean ttt\?"),
    ("resume ttt --iterations x", 2, r"--iterations: 'x' is not allowed; it must be a whole number of 1 or more"),
    ("play ttt@x", 1, r"'ttt@x': behind @ stands the number of an iteration, like ttt@10"),
    ("play ttt@", 1, r"behind @ stands the number"),
    ("play ttt@7", 1, r"no net of iteration 7; kept: 1, 3"),
    ("play empty", 1, r"has no net yet"),
    ("play ttt --simulations -3", 2, r"'-3' is not allowed; it must be a whole number of 0 or more"),
    ("play ttt --color red", 2, r"invalid choice: 'red' \(choose from .*first"),
    ("play ttt --color first --second", 2, r"not allowed with argument"),
    ("play ttt --simulatons 3", 2, r"--simulatons 3. Did you mean --simulations\?"),
    ("play ttt --color white", 1, r"--color white: in tic_tac_toe nobody has that colour; take first or second"),
    ("train --env CartPole-v1", 1, r"gym:CartPole-v1 gives no rules: .move37 train muzero. learns its own"),
    ("train muzero --env CartPol-v1", 1, r"no world 'gym:CartPol-v1'"),
    ("train muzero --env CartPole-v1 --game go_9x9", 1, r"--env and --game name two worlds; give one of them"),
    ("play caught --second", 1, r"catch is a game for one: there is no second player"),
    ("watch ttt --delay -1", 2, r"'-1' is not allowed; it must be a number of seconds from 0"),
    ("watch ttt --games 0", 2, r"'0' is not allowed"),
    ("arena", 2, r"PLAYER is missing; under runs/ there are"),
    ("arena ttt", 1, r"an arena of 1 player: name two or more"),
    ("arena ttt random --games 3", 2, r"'3' is not allowed; it must be an even number of 2 or more"),
    ("arena ttt random --games 0", 2, r"it must be an even number"),
    ("arena ttt four", 1, r"four plays connect_four, not tic_tac_toe"),
    ("arena ttt random --game hex_3x3", 1, r"ttt plays tic_tac_toe, not hex_3x3"),
    ("arena caught random", 1, r"catch is a game for one: an arena needs a game for two"),
    ("arena random random", 1, r"say which game with --game"),
    ("arena ttt rendom", 1, r"no run 'rendom'.* Did you mean random\?"),
    ("arena ttt mcts", 1, r"Did you mean mcts:1000\?"),
    ("arena ttt mcts:many", 1, r"no player 'mcts:many'; there are: random"),
    ("arena ttt mcts:0", 1, r"no player .mcts:0.; there are: random"),
    ("arena ttt solver", 1, r"no solver for tic_tac_toe"),
    ("arena ttt random --out no/x.json", 1, r"there is no folder 'no'; make it first"),
    ("arena ttt random --out runs", 1, r"--out runs is a folder; name a file in it"),
    ("dataset", 2, r"dataset: --out is missing"),
    ("dataset --out new", 2, r"dataset: SOURCE is missing"),
    ("dataset games", 2, r"--out is missing"),
    ("dataset nowhere --out new", 1, r"nowhere: there is no such file or folder"),
    ("dataset runs --out new", 1, r"runs: no .sgf file lies under it"),
    ("dataset mine.py --out new", 1, r"mine.py: a source of games is a folder, an .sgf file, or a table"),
    ("dataset bad.tsv.xz --out new", 1, r"bad.tsv.xz: cannot be read"),
    ("dataset none.tsv --out new", 1, r"none.tsv:1: no column is called 'moves'"),
    ("dataset games --out runs", 1, r"runs exists already; delete it, or give the dataset another name"),
    ("dataset games --out new --size 9", 1, r"no game is left for new; skipped: another size 1"),
    ("dataset games --out new --size 20", 2, r"--size: '20' is not allowed; it must be a whole number from 2 to 19"),
    ("dataset games --out new --least-rank good", 1, r"least_rank 'good'; ranks look like 15k, 6d, 1p"),
    ("dataset games --out new --results draw lost", 2, r"--results: invalid choice: 'lost' \(choose from .*score"),
    ("dataset games --out new --valid 2", 2, r"--valid: '2' is not allowed; it must be a number from 0 to below 1"),
    ("dataset games --out new --valid 0.5 --test 0.6", 1, r"their sum must be in \[0, 1\)"),
    ("dataset games --out new --least_moves 3", 2, r"Did you mean --least-moves\?"),
    ("info broken_data", 1, r"broken_data cannot be read .* make the dataset again"),
    ("meter go5", 2, r"meter: GAME.sgf is missing"),
    ("meter go5 nowhere.sgf", 1, r"nowhere.sgf: cannot be read: No such file"),
    ("meter go5 mine.py", 1, r"mine.py:1:1: no game in this file"),
    ("meter go5 broken.sgf", 1, r"broken.sgf:1:14: the file ends inside of the game"),
    ("meter go5 nine.sgf", 1, r"nine.sgf is a game on 9×9; go5@1 plays go_5x5: name another"),
    ("meter go5 illegal.sgf", 1, r"illegal.sgf: move 3, C3, is illegal: a stone stands there already"),
    ("meter go5 setup.sgf", 1, r"setup.sgf: a game that cannot be measured \(set-up position\); docs/data.md explains"),
    ("meter go5 empty.sgf", 1, r"empty.sgf: a game that cannot be measured \(short\)"),
    ("meter go5 games/one.sgf --number 2", 1, r"--number 2: games/one.sgf holds 1 games"),
    ("meter ttt games/one.sgf", 1, r"ttt plays tic_tac_toe; the meter is for Go"),
    ("meter go5 games/one.sgf --search nobody", 1, r"no run 'nobody'"),
    ("meter go5 games/one.sgf --visits 8 --shallow 8", 1, r"got 8 visits for the shallow look and 8 for the deep one"),
    ("meter go5 games/one.sgf --probability 0", 1, r"got the probability 0.0; it must be in \(0, 1\]"),
    ("meter go5 games/one.sgf --base nowhere", 1, r"nowhere: there is no such file or folder"),
    ("meter go5 games/one.sgf --base nine.sgf", 1, r"--base nine.sgf has no game on 5×5 to compare with"),
    ("meter go5 games/one.sgf --out mine.py", 1, r"--out mine.py is a file; name a folder"),
    ("plot", 2, r"RUN is missing"),
    ("plot ttt", 1, r"no finished iteration yet: there is nothing to draw"),
    ("plot ttt --out no/x.png", 1, r"there is no folder 'no'"),
    ("export ttt --out no/x.onnx", 1, r"there is no folder 'no'"),
    ("export ttt@x", 1, r"behind @ stands the number"),
    ("info nothing", 1, r"no run 'nothing'"),
    ("games now", 2, r"unrecognized arguments: now"),
]


def _one_line(said, code, pattern):
    assert said.code == code, said
    assert said.err.count("\n") == 1, said.err
    assert said.err.startswith("move37")
    assert "Traceback" not in said.err
    assert re.search(pattern, said.err), said.err


@pytest.fixture
def folder(here, make_run):
    (here / "mine.py").write_text(MINE)
    (here / "broken.py").write_text(BROKEN)
    (here / "wrong.py").write_text("class X(:\n")
    (here / "raises.py").write_text("raise RuntimeError('two\\nlines')\n")
    (here / "games").mkdir()
    (here / "games" / "one.sgf").write_text("(;SZ[5]KM[6.5]RE[B+R];B[cc];W[bb])")
    (here / "nine.sgf").write_text("(;SZ[9];B[cc])")
    (here / "broken.sgf").write_text("(;SZ[5];B[cc]")
    (here / "illegal.sgf").write_text("(;SZ[5];B[cc];W[bb];B[cc])")
    (here / "setup.sgf").write_text("(;SZ[5]AW[aa];B[cc])")
    (here / "empty.sgf").write_text("(;SZ[5])")
    (here / "bad.tsv.xz").write_bytes(b"no xz")
    (here / "none.tsv").write_text("id\tresult\n")
    (here / "broken_data").mkdir()
    (here / "broken_data" / "about.json").write_text("{")
    make_run("ttt", nets=(1, 3))
    make_run("four", "connect_four")
    make_run("go5", "go_5x5")
    make_run("caught", "catch")
    make_run("empty", nets=())
    return here


def test_every_mistake_ends_in_one_line_and_makes_nothing(folder, move37):
    before = sorted(folder.rglob("*"))
    for arguments, code, pattern in BAD:
        _one_line(move37(*arguments.split()), code, pattern)
    after = [path for path in sorted(folder.rglob("*")) if "__pycache__" not in str(path)]
    assert after == before


def test_a_run_of_a_newer_version_or_of_an_unknown_recipe_is_refused(make_run, move37):
    path = make_run("ttt") / "config.json"
    about = json.loads(path.read_text())
    path.write_text(json.dumps({**about, "recipe": "gammazero"}))
    _one_line(move37("play", "ttt"), 1, "no recipe 'gammazero'; there are: alphazero")
    path.write_text(json.dumps({**about, "format": 99}))
    _one_line(move37("info", "ttt"), 1, "upgrade move37")
    path.write_text("{")
    _one_line(move37("info", "ttt"), 1, "cannot be read")


def test_a_disk_that_will_not_write_is_told_in_one_line(make_run, move37, monkeypatch):
    make_run("ttt", rows=[{"iteration": 1, "seconds": 1.0, "games": 1, "policy_loss": 1.0}])

    def full(*_):
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr("os.replace", full)
    for command in (
        "export ttt",
        "plot ttt",
        "train --preset smoke --name new",
        "arena random random --game tic_tac_toe --games 2 --out x",
    ):
        _one_line(move37(*command.split()), 1, "No space left on device")
    monkeypatch.setattr("move37.run.directory.Run.metrics", full)
    _one_line(move37("info", "ttt"), 1, "info: No space left on device")


def test_a_reader_that_leaves_ends_the_command_quietly(move37, monkeypatch, tmp_path):
    def gone(*_, **__):
        raise BrokenPipeError

    with (tmp_path / "out").open("w") as file:
        monkeypatch.setattr("sys.stdout", file)
        monkeypatch.setattr("move37.cli.look.Console", gone)
        monkeypatch.setattr("os.dup2", lambda *_: None)
        said = move37("games")
    assert said == (141, "", "")
