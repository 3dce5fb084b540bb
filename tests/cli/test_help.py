"""Help answers at once and is true."""

import re
import resource
import subprocess
import sys

from move37.cli.commands import COMMANDS
from move37.cli.options import program
from move37.cli.train import _MEANT, _option_names
from move37.recipes import alphago, alphazero

HELP = """
import sys
from move37.cli import main
for command in {commands}:
    sys.argv = ["move37", command, "--help"]
    try:
        main()
    except SystemExit as end:
        assert not end.code, command
heavy = [name for name in ("jax", "numpy", "rich", "tyro", "matplotlib") if name in sys.modules]
assert not heavy, heavy
"""


def test_every_command_explains_itself_at_once_and_with_examples_first():
    before = resource.getrusage(resource.RUSAGE_CHILDREN).ru_utime
    code = HELP.format(commands=list(COMMANDS))
    result = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    spent = resource.getrusage(resource.RUSAGE_CHILDREN).ru_utime - before
    assert result.returncode == 0, result.stderr
    assert spent < 0.5  # of processor time for all eleven together: it does not depend on who else is busy
    for command in COMMANDS:
        text = result.stdout[result.stdout.index(f"move37 {command}: ") :]
        assert re.search(rf"^  move37 {command}\b.*\n(.*\n)*\nusage: move37 {command}\b", text, re.MULTILINE), text
    assert max(map(len, result.stdout.splitlines())) <= 120


def test_the_options_that_the_short_help_of_train_names_exist(move37):
    text = move37("train", "--help").out
    assert len(text.splitlines()) < 40
    config = alphazero.preset("laptop", "connect_four")
    own = ("--help", "--help-all", "--game", "--env", "--preset", "--name", "--seed", "--tensorboard")
    known = {*_option_names(config), *own}
    known |= set(_option_names(alphago.preset("laptop", "go_9x9")))
    named = set(re.findall(r"--[a-z][\w.-]*", text))
    assert named <= known, named - known
    assert len(named) > 15
    assert set(_MEANT.values()) <= known


def test_all_options_stand_in_the_long_help_with_the_values_of_the_preset(move37):
    text = move37("train", "--help-all", "--preset", "smoke").out
    for name in _option_names(alphazero.preset("smoke", "connect_four")):
        assert "no-" in name or name in text, name
    assert re.search(r"--iterations INT\W+\(default: 3\)", text)


def test_a_command_is_named_as_a_shell_finds_it(monkeypatch, tmp_path):
    monkeypatch.setattr(sys, "argv", [".venv/bin/move37", "train"])
    monkeypatch.setenv("PATH", str(tmp_path))
    assert program() == ".venv/bin/move37"
    (tmp_path / "move37").touch(0o755)
    assert program() == "move37"


def test_help_before_or_behind_a_command_is_the_same(move37):
    assert move37("help", "arena") == move37("arena", "--help")
    assert move37().out == move37("--help").out == move37("help").out
    assert re.fullmatch(r"move37 \d+\.\d+.*\n", move37("--version").out)
