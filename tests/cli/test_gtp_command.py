"""`move37 gtp` over real pipes: games against GNU Go, Sabaki's own client, nonsense, silence, the clock."""

import json
import random
import shutil
import subprocess
import time

import pytest
from talker import MOVE37, STARTING, Talker

GNU_GO = shutil.which("gnugo") or shutil.which("gnugo", path="/usr/games")
NPM, NODE = shutil.which("npm"), shutil.which("node")
OPTIONS = ["--visits=16", "--nodes=1024", "--resign=0"]


@pytest.fixture(scope="module")
def start(go_run):
    """A new process of the engine, compiled programs shared with the others."""
    talkers = []

    def start(*options: str) -> Talker:
        command = [*MOVE37, "gtp", str(go_run), *OPTIONS, *options]
        talkers.append(Talker(command, go_run.parent))
        assert talkers[-1].ask("name", STARTING).ok
        return talkers[-1]

    yield start
    for talker in talkers:
        talker.end()


@pytest.fixture(scope="module")
def shared(start):
    """One process for tests that leave it at the beginning of a game."""
    return start()


@pytest.fixture
def engine(shared):
    for line in ("clear_board", "komi 0.5", "kgs-time_settings none"):
        assert shared.ask(line).ok
    return shared


def _play_out(black: Talker, white: Talker, size: int) -> list[str]:
    """A game; each move must be one that the other accepts."""
    for engine in (black, white):
        for line in (f"boardsize {size}", "clear_board", "komi 0.5"):
            assert engine.ask(line).ok
    moves: list[str] = []
    while moves[-2:] != ["PASS", "PASS"] and len(moves) < 200:
        mover, other, colour = (black, white, "b") if len(moves) % 2 == 0 else (white, black, "w")
        found = mover.ask(f"{len(moves) + 1} genmove {colour}")
        assert found.ok, (moves, found)
        assert found.id == str(len(moves) + 1)
        moves.append(found.text.upper())
        told = other.ask(f"play {colour} {found.text}")
        assert told.ok, (moves, told)
    return moves


@pytest.mark.whole
@pytest.mark.skipif(GNU_GO is None, reason="GNU Go is not installed: apt-get install gnugo")
def test_whole_games_against_gnu_go(engine, tmp_path):
    options = ["--chinese-rules", "--positional-superko", "--never-resign", "--capture-all-dead"]
    for seed, level in enumerate((1, 5, 10)):
        command = [GNU_GO, "--mode", "gtp", "--level", str(level), "--seed", str(seed + 1), *options]
        gnu_go = Talker(command, tmp_path)
        sides = (engine, gnu_go) if seed % 2 else (gnu_go, engine)
        moves = _play_out(*sides, 5)
        assert moves[-2:] == ["PASS", "PASS"], moves
        ours, theirs = engine.ask("final_score"), gnu_go.ask("final_score")
        assert ours.ok
        assert ours.text[:2] == theirs.text[:2], (moves, ours, theirs)
        assert gnu_go.ask("quit").ok
        assert gnu_go.close() == 0
        gnu_go.end()


@pytest.mark.whole
def test_nothing_but_answers_is_said_and_the_end_of_input_ends_it(start):
    engine = start()
    began = time.monotonic()
    engine.say(b"\xef\xbb\xbf1 name\r", "kata-analyze b 1", "2 version", "lz-analyze 100")
    engine.process.stdin.close()
    text = ""
    while (line := engine.line()) is not None:
        text += line + "\n"
    assert text.startswith("=1 move37 five@1\n\n=\ninfo move ")
    assert "\n\n=2 " in text
    assert text.endswith("\n\n")
    assert engine.process.wait(30) == 0
    assert time.monotonic() - began < 120


def test_analysis_answers_at_once_and_is_stopped_by_any_line(engine):
    for stop in ("", "name", "3 nonsense"):
        assert engine.ask("clear_cache").ok
        began = time.monotonic()
        engine.say("kata-analyze b 5 rootInfo true ownership true pvVisits true")
        assert engine.line() == "="
        first = engine.line()
        took = time.monotonic() - began
        assert took < 2  # 0.2 on a quiet machine: benchmarks/gtp_games.py measures it
        assert first.startswith("info move ")
        assert {"winrate", "scoreLead", "prior", "lcb", "pvVisits", "rootInfo"} <= set(first.split())
        assert len(first.partition(" ownership ")[2].split()) == 25
        second = engine.line()
        visits = [int(line.partition("rootInfo visits ")[2].split()[0]) for line in (first, second)]
        assert visits[0] < visits[1]
        engine.say(stop)
        while engine.line(10) != "":
            pass
        if stop:
            answer = engine.answer()
            assert (answer.ok, answer.id) == ((True, "") if stop == "name" else (False, "3"))


def test_the_clock_is_kept(engine):
    assert engine.ask("kata-set-param maxVisits 0").ok
    try:
        assert engine.ask("kgs-time_settings byoyomi 0 2 3").ok
        assert engine.ask("time_left b 2 3").ok
        assert engine.ask("clear_cache").ok
        began = time.monotonic()
        assert engine.ask("genmove b").ok
        assert 0.05 < time.monotonic() - began < 4  # over sooner where the tree is full sooner
    finally:
        assert engine.ask("kata-set-param maxVisits 16").ok


def _nonsense(rng: random.Random, commands: list[str]) -> bytes:
    """A line that a broken client might send."""
    words = [
        "b",
        "w",
        "pass",
        "D4",
        "A1",
        "E5",
        "Z99",
        "-1",
        "0",
        "1",
        "5",
        "9",
        "19",
        "99999999999",
        "nan",
        "inf",
        "1e400",
    ]
    words += [
        "true",
        "false",
        "chinese",
        "none",
        "absolute",
        "byoyomi",
        "interval",
        "avoid",
        "allow",
        "ownership",
        "a1,b2",
    ]
    words += [
        "alive",
        "dead",
        "-",
        "..",
        "maxVisits",
        "{}",
        "[",
        '{"scoring":"AREA"}',
        "é",
        "黒",
        "#",
        "=",
        "?",
        "\t",
        "b\x00",
    ]
    kind = rng.randrange(10)
    if kind == 0:
        return bytes(rng.randrange(256) for _ in range(rng.randrange(60))).replace(b"\n", b" ")
    if kind == 1:
        return rng.choice(
            [b"", b" ", b"x" * 5000, b"7" * 50, b"\x00\x01\x02", b"\xff\xfe", b"#" * 99, b"play b " + b"A" * 9999]
        )
    line = " ".join([rng.choice(commands), *(rng.choice(words) for _ in range(rng.randrange(5)))])
    return (f"{rng.randrange(10**6)} {line}" if kind < 6 else line).encode()


@pytest.mark.whole
def test_ten_thousand_lines_of_nonsense(start):
    """Each command is answered, in order, in the protocol's form; no crash, no silence, no traceback."""
    engine = start("--visits=1")
    rng = random.Random(37)
    listed = engine.ask("list_commands").text.split()
    slow = [name for name in listed if "genmove" in name or "search" in name]
    commands = (
        [name for name in listed if name not in ("quit", "printsgf", "loadsgf", *slow)] * 8 + slow + ["play"] * 60
    )
    for number in range(200):
        lines = [_nonsense(rng, commands) for _ in range(50)]
        engine.say(*lines, f"{number} protocol_version")
        for _ in range(len(lines) + 1):
            found = engine.answer()
            assert "internal error" not in found.text, (found, engine.errors)
            if (found.id, found.text) == (str(number), "2"):
                break
        else:
            raise AssertionError(f"more answers than lines for {lines}")
    assert engine.ask("clear_board").ok
    assert engine.ask("genmove b").ok
    assert "Traceback" not in engine.errors
    assert engine.ask("quit").ok
    assert engine.close() == 0


SABAKI = """
const {Controller} = require('@sabaki/gtp')
const [program, ...args] = JSON.parse(process.argv[2])
const say = x => console.log(JSON.stringify(x))
const main = async () => {
  const engine = new Controller(program, args)
  engine.start()
  const ask = (name, ...args) => engine.sendCommand({name, args})
  say(await ask('list_commands'))
  say(await ask('boardsize', '5'))
  for (let i = 0; i < 4; i++) say(await ask('genmove', 'bw'[i % 2]))
  say(await ask('play', 'b', 'Z9'))
  let lines = 0
  let name = null
  const analysis = engine.sendCommand({name: 'kata-analyze', args: ['b', '2']}, ({line}) => {
    if (line.startsWith('info ') && ++lines === 3) name = engine.sendCommand({name: 'name', args: []})
  })
  say(await analysis)
  say(await name)
  say({lines})
  await engine.stop()
}
main().catch(error => { console.error(error); process.exit(1) })
"""


@pytest.mark.whole
@pytest.mark.skipif(
    NODE is None or NPM is None, reason="no Node.js: apt-get install nodejs npm, to test with Sabaki's client"
)
def test_sabakis_client_understands_it(go_run, tmp_path):
    installed = subprocess.run(
        [NPM, "install", "--silent", "@sabaki/gtp@3"], cwd=tmp_path, capture_output=True, check=False
    )
    if installed.returncode:
        pytest.skip("npm cannot install @sabaki/gtp here: it needs its registry, once")
    (tmp_path / "client.js").write_text(SABAKI)
    command = json.dumps([*MOVE37, "gtp", str(go_run), *OPTIONS])
    done = subprocess.run(
        [NODE, "client.js", command], cwd=tmp_path, capture_output=True, text=True, timeout=300, check=False
    )
    assert done.returncode == 0, done.stderr
    listed, sized, *moves, refused, analysis, name, counted = map(json.loads, done.stdout.splitlines())
    assert {"genmove", "kata-analyze", "undo"} <= set(listed["content"].split())
    assert (sized["error"], refused["error"]) == (False, True)
    assert len(moves) == 4
    assert not any(move["error"] for move in moves)
    assert name["content"] == "move37 five@1"
    assert not analysis["error"]
    assert counted["lines"] >= 3
