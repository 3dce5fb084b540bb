"""Commands of Go, asked in process: against GNU Go's and KataGo's answers, sgfmill, and the rules."""

import itertools
import json
import re
import shutil
import subprocess
import tarfile
from pathlib import Path

import numpy as np
import pytest
from sgfmill import sgf as sgfmill_sgf

from move37.core.errors import BadConfig
from move37.engines.board_commands import handicap_points
from move37.engines.clock import Clock, Control
from move37.engines.go_engine import EngineConfig, GoEngine
from move37.engines.go_game import GoGame, Point, colour_of
from move37.engines.go_gtp import protocol
from move37.games.go import Go
from move37.games.tic_tac_toe import TicTacToe
from move37.play import ownership
from move37.play.thinker import ThinkerConfig

SIZE = 7
GAME = Go(SIZE, komi=7.5)
GNU_GO = shutil.which("gnugo") or shutil.which("gnugo", path="/usr/games")
DATA = Path(__file__).parents[3] / "shared" / "data"  # beside the checkout, where there is one
WEIGHTS = (
    np.random.default_rng(3).normal(size=(2, int(np.prod(GAME.observation_shape)), SIZE**2 + 1)).astype(np.float32)
)


def evaluate(observation):
    """A net that was drawn."""
    x = observation.reshape(len(observation), -1).astype(np.float32)
    return 0.2 * x @ WEIGHTS[0], np.tanh(0.02 * (x @ WEIGHTS[1])[:, 0])


@pytest.fixture(scope="module")
def made():
    engine = GoEngine(GAME, evaluate, EngineConfig(visits=24, resign=0.0), ThinkerConfig(nodes=512, leaves=4))
    return engine, protocol(engine, "test")


@pytest.fixture
def engine(made):
    made[0].config = EngineConfig(visits=24, resign=0.0)
    made[0].clear()
    made[0].table.komi = 7.5
    made[0].clock.start(Control())
    return made[0]


@pytest.fixture
def ask(made, engine):
    """The text of an answer; a leading ? is kept."""

    def ask(line: str) -> str:
        found = "".join(made[1].answer(line, lambda: True))
        assert found.endswith("\n\n")
        assert "\n\n" not in found[:-2]
        assert "internal error" not in found
        return found[2:-2] if found[0] == "=" else "?" + found[2:-2]

    return ask


def test_moves_and_undo(ask, engine):
    assert ask("play b D4") == ask("play WHITE d5") == ask("play B pass") == ""
    assert ask("play w D4") == "?illegal move"
    assert ask("play b H8").startswith("?invalid vertex")
    assert ask("play green D4").startswith("?invalid color")
    assert ask("play").startswith("?invalid color")
    assert len(engine.table.moves) == 3
    for _ in range(3):
        assert ask("undo") == ""
    assert ask("undo") == "?cannot undo"
    assert not engine.table.stones.any()


def test_suicide_and_superko_are_illegal_and_captures_are_counted(ask, engine):
    for move in ("b B1", "b A2", "w C1", "w B2", "w A3"):
        assert ask(f"play {move}") == ""
    assert ask("play w A1") == ""  # takes both? No: A2 and B1 have no other liberty, so it does
    assert engine.table.captures == (0, 2)
    assert ask("play b A2") == "?illegal move"  # no liberty, and takes nothing
    ask("clear_board")
    for move in ("b D3", "b C4", "b E4", "b D5", "w E3", "w F4", "w E5", "w D4"):
        ask(f"play {move}")
    ask("clear_board")
    for move in ("b C4", "b D5", "b D3", "w E5", "w E3", "w F4", "w D4", "b E4"):
        assert ask(f"play {move}") == "", move
    assert engine.table.captures == (1, 0)
    assert ask("play w D4") == "?illegal move"
    assert ask("play w A7") == ask("play b G7") == ask("play w D4") == ""


def test_play_goes_on_after_two_passes(ask, engine):
    ask("play b pass")
    ask("play w pass")
    assert engine.table.over
    assert ask("play b D4") == ""
    assert not engine.table.over
    ask("undo")
    assert engine.table.over
    assert ask("genmove b").upper() in {*(Point(SIZE).name(a).upper() for a in range(50))}


def test_sizes_and_komi(ask):
    assert ask("boardsize 7") == ask("rectangular_boardsize 7 7") == ""
    for line in ("boardsize 13", "boardsize 19", "rectangular_boardsize 7 9", "boardsize 99999"):
        assert ask(line) == "?unacceptable size"
    assert ask("boardsize").startswith("?")
    assert ask("boardsize x").startswith("?")
    assert ask("komi -3.5") == ""
    assert ask("get_komi") == "-3.5"
    for bad in ("nan", "inf", "x", "", "1e9"):
        assert ask(f"komi {bad}").startswith("?invalid number")


def test_the_komi_decides_finished_games(ask, engine):
    ask("play b D4")
    ask("play w pass")
    values = {}
    for komi in (0, 100):
        ask(f"komi {komi}")
        ask("genmove b")
        ask("undo")
        passed = {move.action: move.value for move in engine.thinker.snapshot().moves}
        values[komi] = passed.get(SIZE**2)
    assert (values[0], values[100]) == (1.0, -1.0) or None in values.values()


@pytest.mark.skipif(GNU_GO is None, reason="GNU Go is not installed: apt-get install gnugo")
def test_handicap_stones_stand_where_gnu_go_puts_them():
    for size, most in ((7, 4), (8, 4), (9, 9), (13, 9), (18, 4), (19, 9)):
        lines = "".join(f"boardsize {size}\nclear_board\nfixed_handicap {n}\n" for n in range(2, most + 1))
        said = subprocess.run(
            [GNU_GO, "--mode", "gtp"], input=lines + "quit\n", capture_output=True, text=True, check=True
        )
        theirs = [set(line[2:].split()) for line in said.stdout.split("\n") if len(line) > 3]
        from move37.engines.board_commands import _of_custom

        point = Point(size)
        ours = [{point.name(p) for p in _of_custom(handicap_points(size), n)} for n in range(2, most + 1)]
        assert ours == theirs, size


def test_handicap(ask, engine):
    assert ask("fixed_handicap 5").startswith("?invalid number")
    placed = ask("fixed_handicap 3").split()
    assert len(placed) == 3
    assert engine.table.player == -1
    assert int(engine.table.stones.sum()) == 3
    assert ask("fixed_handicap 2") == "?board not empty"
    assert "HA[3]" in ask("printsgf")
    ask("clear_board")
    assert ask("set_free_handicap A1 B2 A1").startswith("?bad vertex list")
    assert ask("set_free_handicap A1").startswith("?bad vertex list")
    assert ask("set_free_handicap A1 pass").startswith("?bad vertex list")
    assert ask("set_free_handicap A1 G7") == ""
    assert ask("genmove w") != ""
    ask("clear_board")
    assert 2 <= len(ask("place_free_handicap 9").split()) <= 9


def test_a_suicide_is_the_other_sides_gain():
    table = GoGame(Go(5, suicide=True), 0.5)
    for colour, name in ((-1, "A2"), (-1, "B2"), (1, "A1"), (-1, "C1"), (1, "B1")):
        table.play(colour, table.point.parse(name))
    assert table.captures == (0, 2)


def test_set_position(ask, engine):
    assert ask("set_position b C3 w D4 WHITE e5") == ""
    assert (engine.table.stones == 1).sum() == 1
    assert (engine.table.stones == -1).sum() == 2
    assert engine.table.player == 1
    before = ask("showboard")
    for bad in ("b", "b C3 w", "b C3 w C3", "b pass", "x C3", "b a1 w a2 w b1"):
        assert ask(f"set_position {bad}").startswith("?invalid"), bad
        assert ask("showboard") == before
    assert ask("undo") == "?cannot undo"
    ask("time_left b 17 3")
    assert (
        ask("set_position w A1 b A2 b B1")
        == "?invalid position: go_7x7: stones without a liberty cannot be set up: A1."
    )
    assert engine.clock.left[1] == (17.0, 3)  # a command that fails changes nothing
    assert ask("set_position") == ""
    assert not engine.table.stones.any()


def test_games_go_to_sgf_and_back(ask, engine, tmp_path):
    ask("komi 6.5")
    ask("set_free_handicap B2 F6")
    for move in ("w D4", "b C3", "w pass", "b E5"):
        ask(f"play {move}")
    board, file = ask("showboard"), tmp_path / "a game.sgf"
    assert ask(f"printsgf {file}") == ""
    theirs = sgfmill_sgf.Sgf_game.from_bytes(file.read_bytes())
    assert (theirs.get_size(), theirs.get_komi(), theirs.get_handicap()) == (7, 6.5, 2)
    assert [node.get_move()[0] for node in theirs.get_main_sequence()[1:]] == ["w", "b", "w", "b"]
    ask("clear_board")
    ask("komi 0")
    assert ask(f"loadsgf {file}") == ""
    assert ask("showboard") == board
    assert ask("get_komi") == "6.5"
    assert ask(f"loadsgf {file} 3") == ""
    assert len(engine.table.moves) == 2
    for bad in ("", str(tmp_path / "none.sgf"), str(tmp_path), "\udc80"):
        assert ask(f"loadsgf {bad}").startswith("?cannot load file")
    (tmp_path / "nine.sgf").write_text("(;SZ[9];B[aa])")
    (tmp_path / "wrong.sgf").write_text("(;SZ[7];B[aa];W[aa])")
    assert "size 9" in ask(f"loadsgf {tmp_path / 'nine.sgf'}")
    assert "move 2, A7" in ask(f"loadsgf {tmp_path / 'wrong.sgf'}")
    assert len(engine.table.moves) == 2
    assert ask(f"printsgf {tmp_path / 'no' / 'folder.sgf'}").startswith("?cannot write file")


def test_stones_set_up_in_mid_game_are_taken_back_with_the_move_before(ask, engine, tmp_path):
    (tmp_path / "x.sgf").write_text("(;SZ[7];B[aa];W[bb];AB[dd]AE[aa];B[ee])")
    assert ask(f"loadsgf {tmp_path / 'x.sgf'}") == ""
    assert int(np.abs(engine.table.stones).sum()) == 3
    ask("undo")
    assert int(np.abs(engine.table.stones).sum()) == 2
    ask("undo")
    assert engine.table.stones[0] == 1
    assert len(engine.table.setups) == 0


def _transcript(name: str) -> tuple[list[str], list[str]]:
    archive = DATA / "go_rules_katago" / "katago-gtp-analysis-transcripts.tar.xz"
    if not archive.exists():
        pytest.skip(f"no transcripts beside the checkout: put them under {DATA} to test with them")
    with tarfile.open(archive) as tar:
        asked, said = (
            tar.extractfile(path).read().decode()
            for path in (f"cpp/tests/gtp/{name}", f"cpp/tests/results/gtp/{name}.stdout")
        )
    return [line for line in asked.split("\n") if line.strip()], said.strip().split("\n\n")


def test_katagos_endgame_is_scored_as_katago_scores_it(ask):
    lines, answers = _transcript("ending.txt")
    score = answers[lines.index("final_score")].removeprefix("= ").removesuffix(".0")
    dead = answers[lines.index("final_status_list dead")].removeprefix("= ")
    position = next(line for line in lines if line.startswith("set_position"))
    ask(position)
    ask("komi 5")
    player = "b"
    for answer in answers[lines.index("komi 5") + 1 : lines.index("showboard")]:
        move = answer.removeprefix("=").strip() or "pass"
        assert ask(f"play {player} {move}") == "", move
        player = "w" if player == "b" else "b"
    assert ask("final_status_list dead") == dead
    assert ask("final_score") == score


def test_katagos_record_of_a_game_is_ours(ask):
    lines, answers = _transcript("printsgffinalscore.txt")
    theirs = sgfmill_sgf.Sgf_game.from_string(answers[lines.index("printsgf -")].removeprefix("= "))
    for line in lines[1 : lines.index("kata-set-rules tromp-taylor")]:
        assert ask(line) == "", line
    ours = sgfmill_sgf.Sgf_game.from_string(ask("printsgf").replace("\n", ""))
    assert [n.get_move() for n in ours.get_main_sequence()] == [n.get_move() for n in theirs.get_main_sequence()]
    assert ours.get_komi() == theirs.get_komi() == 0


WALL = "set_position " + " ".join(f"b D{r} w E{r}" for r in range(1, 8)) + " w B4"


def test_a_lonely_stone_in_foreign_land_is_dead(ask):
    ask(WALL)
    assert ask("final_status_list dead") == "B4"
    assert "B4" not in ask("final_status_list alive").split()
    assert len(ask("final_status_list alive").split("\n")) == 2
    assert ask("final_status_list seki") == ""
    assert len(ask("final_status_list black_territory").split()) == 21
    assert len(ask("final_status_list white_territory").split()) == 14
    assert ask("final_status_list nonsense").startswith("?invalid status")
    ask("komi 0.5")
    assert ask("final_score") == "B+6.5"
    ask("komi 7")
    assert ask("final_score") == "0"


def test_cleanup_takes_dead_stones_off_before_it_passes(ask, engine):
    ask(WALL)
    for _ in range(6):
        move = ask("kgs-genmove_cleanup b")
        if not (engine.table.stones == -1)[engine.table.point.parse("B4")]:
            break
        assert move in ("A4", "B3", "B5", "C4")
        ask("play w pass")
    assert engine.table.stones[engine.table.point.parse("B4")] == 0


def _infos(text: str) -> list[dict[str, str]]:
    found = []
    for part in re.split(r"\binfo ", text.split(" rootInfo ")[0])[1:]:
        head, _, line = part.partition(" pv ")
        words = head.split()
        assert len(words) % 2 == 0, words  # Sabaki's parser wants pairs
        found.append({**dict(zip(words[::2], words[1::2], strict=True)), "pv": line})
    return found


@pytest.mark.parametrize("dialect", ["lz", "kata"])
def test_analysis_is_written_as_clients_read_it(ask, engine, dialect):
    moves = _infos(ask(f"{dialect}-genmove_analyze b 1").split("\n")[-2])
    assert [int(move["order"]) for move in moves] == list(range(len(moves)))
    visits = [int(move["visits"]) for move in moves]
    assert visits == sorted(visits, reverse=True)
    assert sum(visits) >= 20
    for move in moves:
        assert move["pv"].split()[0] == move["move"]
        rate, lcb, prior = (float(move[name]) for name in ("winrate", "lcb", "prior"))
        assert 0 <= lcb <= rate <= (10_000 if dialect == "lz" else 1)
        assert 0 <= prior <= (10_000 if dialect == "lz" else 1)
    engine.table.undo()
    expected = engine.thinker
    expected.go_to(*engine.table.position())


def test_analysis_commands(ask, engine):
    for line in (
        "lz-analyze",
        "kata-analyze b 10",
        "kata-analyze 10 w",
        "lz-analyze w interval 5 minmoves 3 maxmoves 2",
    ):
        assert ask(line).startswith("info move") or ask(line).startswith("\ninfo move"), line
    text = ask("kata-analyze b 10 maxmoves 3 ownership true pvVisits true rootInfo true")
    assert len(_infos(text)) == 3
    assert len(text.partition(" ownership ")[2].split()) == SIZE**2
    assert "rootInfo visits" in text
    only = ask("kata-analyze b 10 allow b A1,B2 5")
    assert {move["move"] for move in _infos(only)} <= {"A1", "B2"}
    none = ask("lz-analyze b 10 avoid b A1,B2,pass 5 avoid w C3 1")
    assert not {move["move"] for move in _infos(none)} & {"A1", "B2", "pass"}
    for bad in (
        "kata-analyze x",
        "kata-analyze b 10 interval",
        "lz-analyze b avoid b Z9 1",
        "lz-analyze b avoid b A1 x",
    ):
        assert ask(bad).startswith("?"), bad
    before = len(engine.table.moves)
    assert ask("kata-search_analyze b 100").split("\n")[-1].startswith("play ")
    assert ask("reg_genmove b") == ask("kata-search b")
    assert len(engine.table.moves) == before
    head, _, last = ask("cgos-genmove_analyze b").strip().partition("\n")
    assert {"winrate", "score", "visits", "moves"} <= set(json.loads(head))
    assert last == f"play {json.loads(head)['moves'][0]['move']}"
    assert len(engine.table.moves) == before + 1


def test_the_last_word_on_a_full_tree_does_not_wait_for_the_interval(made):
    heard, asked = [], itertools.count()
    for part in made[1].answer("lz-analyze b 100000", lambda: next(asked) > 500):
        if part.startswith("info"):
            heard.append(sum(int(move["visits"]) for move in _infos(part)))
    first, last = heard
    assert first < last


def test_ownership_on_a_large_board_comes_behind_the_first_line_and_gets_better(made, engine, monkeypatch):
    monkeypatch.setattr(ownership, "_WORK", 4 * SIZE**4)
    engine.play(1, 5)

    def lines(command, most):
        heard, asked = [], itertools.count()
        for part in made[1].answer(command, lambda: len(heard) >= most or next(asked) > 500):
            if part.startswith("info"):
                heard.append(part)
        return heard

    first, *rest = lines("kata-analyze w 0 ownership true", 18)
    assert "ownership" not in first
    owners = [np.array(line.partition(" ownership ")[2].split(), float) for line in rest]
    for count, mean in zip(range(4, 65, 4), owners, strict=False):
        np.testing.assert_allclose(mean * count, np.round(mean * count), atol=0.01)  # so many games
    np.testing.assert_allclose(owners[-1], -engine.owners(), atol=1e-3)  # for the side to move; all games
    assert "ownership" in lines("kata-analyze w 100000 ownership true", 2)[1]  # a full tree waits for nothing
    assert all("ownership" in line for line in lines("kata-genmove_analyze w 100000 ownership true", 1))


def test_the_nets_own_opinion(ask, engine):
    ask("play b D4")
    lines = ask("kata-raw-nn 0").split("\n")
    table = dict(line.split(" ", 1) for line in lines[:5])
    assert float(table["whiteWin"]) + float(table["whiteLoss"]) == pytest.approx(1)
    policy = " ".join(lines[6 : 6 + SIZE]).split()
    assert policy[3 * SIZE + 3] == "NAN"
    assert policy.count("NAN") == 1
    passing = float(lines[6 + SIZE].split()[1])
    assert sum(float(x) for x in policy if x != "NAN") + passing == pytest.approx(1, abs=1e-3)
    assert len(" ".join(lines[8 + SIZE :]).split()) == SIZE**2
    assert ask("kata-raw-nn 9").startswith("?")


def test_every_command_that_gogui_is_offered_works(ask):
    ask("play b D4")
    for line in ask("gogui-analyze_commands").split("\n"):
        kind, _, command = line.split("/")
        assert kind in ("dboard", "pspairs", "string", "gfx", "plist")
        assert not ask(command).startswith("?"), command
    assert len(ask("move37-ownership").split()) == SIZE**2


def test_no_command_breaks_without_arguments(ask, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)  # printsgf x y z writes
    for name in ask("list_commands").split():
        if name != "quit":
            ask(name)
            ask(f"{name} x y z")


def test_parameters(ask, engine):
    assert ask("kata-set-param maxVisits 5") == ask("kata-set-param ponderingEnabled true") == ""
    assert (engine.config.visits, engine.config.ponder) == (5, True)
    assert ask("kata-get-param maxVisits") == "5"
    assert ask("kata-set-param maxTime 0.5") == ask("kata-set-param allowResignation true") == ""
    assert ask("kata-get-param allowResignation") == "true"
    for line in (
        "kata-set-param x 1",
        "kata-set-param maxVisits -1",
        "kata-set-param ponderingEnabled 2",
        "kata-get-param",
    ):
        assert ask(line).startswith("?")


def test_rules(ask):
    rules = json.loads(ask("kata-get-rules"))
    assert (rules["scoring"], rules["ko"], rules["suicide"]) == ("AREA", "POSITIONAL", False)
    for line in (
        "kata-set-rules chinese",
        "kgs-rules aga",
        'kata-set-rules {"scoring":"AREA"}',
        "kata-set-rule ko POSITIONAL",
    ):
        assert ask(line) == ""
    for line in ("kata-set-rules japanese", "kata-set-rules [[[[", "kata-set-rule ko SIMPLE", "kgs-rules"):
        assert ask(line).startswith("?unsupported"), line


def test_it_resigns_when_it_was_hopeless_twice(ask, engine):
    engine.config.resign = 0.5
    engine.evaluate = None  # not needed: the thinker has its own
    ask("komi 100")
    ask(WALL)
    answers = []
    for _ in range(6):
        answers.append(ask("genmove b"))
        ask("play w pass")
    assert "resign" not in answers[:1]
    engine.config.resign = 0.0
    assert ask("genmove b") != "resign"


def test_only_moves_that_were_played_lead_to_resigning(ask, engine, tmp_path):
    engine.config.resign = 1.0  # every position is without hope
    for _ in range(3):
        assert ask("reg_genmove b") != "resign"
        assert "resign" not in ask("kata-search_analyze b 100")
    assert ask("genmove b") != "resign"
    ask("undo")
    assert ask("genmove b") != "resign"  # a move that was taken back does not count
    ask("play w pass")
    assert ask("genmove b") == "resign"
    ask("set_position b D4")
    assert ask("genmove b") != "resign"
    ask(f"printsgf {tmp_path / 'game.sgf'}")
    ask(f"loadsgf {tmp_path / 'game.sgf'}")
    assert ask("genmove b") != "resign"


def test_pondering_carries_over(ask, engine):
    engine.config.ponder = True
    ask("play b D4")
    asked = []

    def until():
        asked.append(1)
        return len(asked) >= 10

    engine.ponder(until)
    best = engine.thinker.snapshot().moves[0]
    engine.play(-1, best.action)
    engine.look()
    assert engine.thinker.snapshot().visits >= best.visits
    engine.config.ponder = False
    count = len(asked)
    engine.ponder(until)
    assert len(asked) == count


def test_an_agent_of_another_game_is_refused():
    with pytest.raises(BadConfig, match="plays tic_tac_toe"):
        GoEngine(TicTacToe(), evaluate, EngineConfig())


def test_very_long_games_go_on(engine):
    """More moves than the state has room for: positions drop out, and moves stay legal."""
    table, rng = engine.table, np.random.default_rng(0)
    for _ in range(table.rules.max_num_moves + 40):
        points = np.flatnonzero(table.legal()[:-1])
        table.play(table.player, int(rng.choice(points)) if len(points) else SIZE**2)
    assert int(table.state.num_moves) < table.rules.max_num_moves
    engine.look()
    assert engine.thinker.snapshot().moves


@pytest.mark.parametrize(
    ("control", "left", "least", "most"),
    [
        (Control(), None, None, None),
        (Control(60.0), None, 1.0, 3.0),
        (Control(60.0), (30.0, 0), 0.5, 1.5),
        (Control(60.0), (0.01, 0), 0.0, 0.05),
        (Control(0.0, 10.0, 1), None, 7, 9),
        (Control(0.0, 10.0, 5), None, 1, 2),
        (Control(60.0, 10.0, 5), (8.0, 2), 2, 4),
        (Control(60.0, 10.0, 3, byo_yomi=True), (60.0, 0), 7, 10),
        (Control(60.0, 10.0, 3, byo_yomi=True), (10.0, 2), 8, 9),
        (Control(60.0, 10.0, 3, byo_yomi=True), (4.0, 1), 3, 4),
        (Control(60.0, increment=3.0), (20.0, 0), 2.5, 4),
        (Control(60.0), (-5.0, 0), 0.0, 0.05),
    ],
)
def test_the_clock(control, left, least, most):
    clock = Clock(control)
    if left:
        clock.left[1] = left
    found = clock.seconds(1, moves_left=30.0)
    if least is None:
        assert found is None
    else:
        assert least <= found <= most


def test_no_game_is_lost_on_time():
    """A hundred moves of each time control, each taking as long as it was told."""
    for main, increment in ((60.0, 0.0), (5.0, 0.0), (10.0, 1.0)):
        clock = Clock(Control(main, increment=increment))
        for move in range(100):
            took = clock.seconds(1, moves_left=max(8.0, 40.0 - move))
            assert took <= clock.left.get(1, (main, 0))[0] + 0.1
            clock.spend(1, took)
    assert colour_of("Black") == 1
