"""The program called as a function, in a folder of its own, with runs that nobody had to train."""

import json
import os
import pty
import re
import select
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

import jax
import pytest

from move37 import cli, games
from move37.nets.policy_value import NetConfig, PolicyValue
from move37.recipes import alphazero, muzero
from move37.run.config import to_json
from move37.run.directory import FORMAT, Run


@pytest.fixture(scope="session", autouse=True)
def found_by_name():
    """A shell finds `move37`, as where the environment is active."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("PATH", str(Path(sys.executable).parent), prepend=os.pathsep)
        yield


class Said(NamedTuple):
    """What a command did."""

    code: int
    out: str
    err: str


# The pseudo-terminal becomes the child's own, so that Ctrl-C reaches it.
START = "import fcntl, termios; fcntl.ioctl(0, termios.TIOCSCTTY, 0); from move37.cli import main; main()"
SMALL = ["--preset=smoke", "--play.games=4", "--play.moves=12", "--replay.least=16", "--updates=1"]
SMALL += ["--search.num-simulations=2"]


class Terminal:
    """A command in a pseudo-terminal, as a person has it before them."""

    def __init__(self, folder: Path, *arguments: str):
        ours, theirs = pty.openpty()
        environment = {**os.environ, "JAX_PLATFORMS": "cpu", "TERM": "xterm", "COLUMNS": "100", "LINES": "40"}
        self.text, self._ours, self._deadline = "", ours, time.monotonic() + 300
        command = [sys.executable, "-c", START, *arguments]
        streams = {"stdin": theirs, "stdout": theirs, "stderr": theirs}
        self.process = subprocess.Popen(command, **streams, env=environment, cwd=folder, start_new_session=True)
        os.close(theirs)

    def wait_for(self, pattern: str, since: int = 0) -> re.Match:
        """Read until the text behind `since` holds the pattern."""
        while not (found := re.compile(pattern, re.MULTILINE).search(self.text, since)):
            assert time.monotonic() < self._deadline, self.text[-2000:]
            assert self._read(), f"no {pattern!r} in {self.text[-2000:]}"
        return found

    def type(self, text: str) -> int:
        """Keys; "\\x03" is Ctrl-C. Returns how much was read before."""
        begin = len(self.text)
        os.write(self._ours, text.encode())
        return begin

    def end(self) -> int:
        """Read to the end; the exit code."""
        while self._read():
            assert time.monotonic() < self._deadline, self.text[-2000:]
        code = self.process.wait(60)
        os.close(self._ours)
        return code

    def _read(self) -> bool:
        """Some more text, without colours and movements of the cursor. False when the other side is closed."""
        if not select.select([self._ours], [], [], 0.2)[0]:
            return self.process.poll() is None
        try:
            data = os.read(self._ours, 65536)
        except OSError:
            return False
        self.text += re.sub(r"\x1b\[[\d;?]*[A-Za-z]|\r", "", data.decode(errors="replace"))
        return bool(data)


class Trained(NamedTuple):
    """A training that Ctrl-C stopped."""

    path: Path
    text: str
    code: int


@pytest.fixture
def small_options() -> list[str]:
    """Of a training that takes no time."""
    return SMALL


@pytest.fixture
def terminal() -> type[Terminal]:
    """To run a command in."""
    return Terminal


@pytest.fixture(scope="session")
def trained(tmp_path_factory) -> Trained:
    """Made once: tests work on copies of `path`."""
    folder = tmp_path_factory.mktemp("trained")
    options = [*SMALL, "--exam-every=2", "--iterations=9999", "--name=small", "--tensorboard"]
    terminal = Terminal(folder, "train", "--game=tic_tac_toe", *options)
    terminal.wait_for("iteration 2 of 9999")
    terminal.type("\x03")
    code = terminal.end()
    return Trained(folder / "runs" / "small", terminal.text, code)


@pytest.fixture
def here(tmp_path, monkeypatch) -> Path:
    """An empty folder to work in; compiled programs stay out of the person's own cache."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("move37.cli.common.enable_compilation_cache", lambda: None)
    for module in ("train", "play", "arena", "dataset", "meter", "imagine"):
        monkeypatch.setattr(f"move37.cli.{module}.enable_compilation_cache", lambda: None)
    return tmp_path


@pytest.fixture
def move37(here, monkeypatch, capsys) -> Callable[..., Said]:
    """`move37("info", "RUN")` is `move37 info RUN`, without a new process."""

    def call(*arguments: str) -> Said:
        monkeypatch.setattr(sys, "argv", ["move37", *arguments])
        capsys.readouterr()
        code = 0
        try:
            cli.main()
        except SystemExit as end:
            code = end.code or 0
        return Said(code, *capsys.readouterr())

    return call


@pytest.fixture
def make_run(here) -> Callable[..., Path]:
    """A run that was never trained: its nets are as they were drawn."""

    def make(name: str, game: str = "tic_tac_toe", nets: tuple[int, ...] = (1,), rows: list | None = None) -> Path:
        return write_run(here / "runs" / name, game, nets, rows)

    return make


def write_run(path: Path, game: str, nets: tuple[int, ...] = (1,), rows: list | None = None) -> Path:
    config = alphazero.Config(iterations=3, net=NetConfig(1, 8))
    path.mkdir(parents=True)
    about = {"recipe": "alphazero", "game": game, "seed": 0, "created": "today", "hardware": "a test"}
    about |= {"format": FORMAT, "move37": "0.1.0", "config": to_json(config)}
    (path / "config.json").write_text(json.dumps(about))
    (path / "metrics.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows or []))
    run, rules = Run.open(path), games.make(game)
    for iteration in nets:
        run.save_net(iteration, PolicyValue(rules, config.net, key=jax.random.key(iteration)))
    return path


@pytest.fixture
def make_latent_run(here) -> Callable[..., Path]:
    """The same of muzero, whose net has learned no rules yet."""

    def make(name: str, game: str) -> Path:
        path, config = here / "runs" / name, muzero.preset("smoke", game)
        run = Run.create(path, "muzero", game, config, 0)
        run.save_net(3, muzero.net_of(games.world(game), config.net, key=jax.random.key(1)))
        return path

    return make


@pytest.fixture(scope="session")
def go_run(tmp_path_factory) -> Path:
    """A run of Go 5×5 in a folder of its own."""
    return write_run(tmp_path_factory.mktemp("go") / "runs" / "five", "go_5x5")


@pytest.fixture
def types(monkeypatch) -> Callable[..., None]:
    """What a person types, line by line; then Ctrl-D, or what else is raised."""

    def feed(*lines: str, then: type[BaseException] = EOFError) -> None:
        waiting = list(lines)

        def answer(prompt: str = "") -> str:
            print(prompt, end="")
            if not waiting:
                raise then
            print(waiting[0])
            return waiting.pop(0)

        monkeypatch.setattr("builtins.input", answer)

    return feed
