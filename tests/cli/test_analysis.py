"""`move37 analysis` over real pipes: queries as KaTrain sends them, errors, termination, nonsense."""

import json
import random
import time

import numpy as np
import pytest
from talker import MOVE37, STARTING, Talker

FOLDER_OPTIONS = ["--visits=12", "--nodes=1024"]
QUERY = {"rules": "tromp-taylor", "komi": 0.5, "boardXSize": 5, "boardYSize": 5}
GAME = [["B", "C3"], ["W", "B2"], ["B", "D4"], ["W", "pass"]]


@pytest.fixture(scope="module")
def engine(go_run):
    folder = go_run.parent
    talker = Talker([*MOVE37, "analysis", str(go_run), *FOLDER_OPTIONS], folder)
    ask(talker, {"id": "ready", "action": "query_version"})
    assert talker.line(STARTING) is not None
    yield talker
    talker.end()


def ask(engine, *queries):
    engine.say(*(json.dumps(query) if isinstance(query, dict) else query for query in queries))


def reply(engine):
    return json.loads(engine.line())


def test_an_answer_has_what_katrain_reads(engine):
    flags = {"includeOwnership": True, "includePolicy": True, "includePVVisits": True}
    ask(engine, {**QUERY, **flags, "id": "x", "moves": GAME, "maxVisits": 30})
    found = reply(engine)
    assert (found["id"], found["isDuringSearch"], found["turnNumber"]) == ("x", False, 4)
    assert found["rootInfo"]["currentPlayer"] == "B"
    assert found["rootInfo"]["visits"] >= 30
    for name in ("winrate", "scoreLead", "scoreStdev", "utility", "thisHash", "symHash"):
        assert name in found["rootInfo"]
    assert [move["order"] for move in found["moveInfos"]] == list(range(len(found["moveInfos"])))
    for move in found["moveInfos"]:
        assert move["pv"][0] == move["move"]
        assert len(move["pvVisits"]) == len(move["pv"])
        assert 0 <= move["lcb"] <= move["winrate"] <= 1
        assert move["prior"] == pytest.approx(found["policy"][_index(move["move"])], abs=1e-6)
    assert len(found["policy"]) == 26
    assert [found["policy"][_index(move[1])] for move in GAME[:3]] == [-1.0] * 3
    assert sum(p for p in found["policy"] if p > 0) == pytest.approx(1, abs=1e-4)
    assert len(found["ownership"]) == 25
    assert max(map(abs, found["ownership"])) <= 1


def _index(name):
    return 25 if name == "pass" else (5 - int(name[1])) * 5 + "ABCDE".index(name[0])


def test_many_positions_of_a_game_and_whose_view_it_is(engine):
    every = {**QUERY, "moves": GAME, "analyzeTurns": [0, 1, 2, 3, 4]}
    ask(engine, {**every, "id": "black"})
    black = [reply(engine) for _ in range(5)]
    ask(engine, {**every, "id": "side", "overrideSettings": {"reportAnalysisWinratesAs": "SIDETOMOVE"}})
    side = [reply(engine) for _ in range(5)]
    for turn, (ours, theirs) in enumerate(zip(black, side, strict=True)):
        assert ours["turnNumber"] == theirs["turnNumber"] == turn
        assert ours["rootInfo"]["currentPlayer"] == "BW"[turn % 2]
        raw = ours["rootInfo"]["rawWinrate"], theirs["rootInfo"]["rawWinrate"]
        assert raw[0] == pytest.approx(raw[1] if turn % 2 == 0 else 1 - raw[1], abs=1e-6)


def test_set_up_stones_and_who_begins(engine):
    stones = [["B", "A1"], ["W", "B1"]]
    ask(engine, {**QUERY, "id": "s", "initialStones": stones, "initialPlayer": "W", "moves": [], "includePolicy": True})
    found = reply(engine)
    assert found["rootInfo"]["currentPlayer"] == "W"
    assert found["policy"][_index("A1")] == found["policy"][_index("B1")] == -1
    ask(engine, {**QUERY, "id": "s", "initialStones": [*stones, ["W", "A2"]], "moves": []})
    assert reply(engine)["field"] == "initialStones"


def test_avoided_and_allowed_moves(engine):
    allow = [{"player": "B", "moves": ["A1", "B2"], "untilDepth": 1}]
    ask(engine, {**QUERY, "id": "a", "moves": [], "allowMoves": allow})
    assert {move["move"] for move in reply(engine)["moveInfos"]} <= {"A1", "B2"}
    ask(engine, {**QUERY, "id": "a", "moves": [], "avoidMoves": allow, "maxVisits": 60})
    assert not {move["move"] for move in reply(engine)["moveInfos"]} & {"A1", "B2"}
    deep = [{"player": "B", "moves": ["A1"], "untilDepth": 5}]
    ask(engine, {**QUERY, "id": "deep", "moves": [], "avoidMoves": deep, "maxVisits": 8})
    warning = reply(engine)
    assert (warning["id"], warning["field"]) == ("deep", "avoidMoves")
    assert "untilDepth" in warning["warning"]
    assert "moveInfos" in reply(engine)


def test_priorities_reports_and_termination(engine):
    ask(
        engine,
        {**QUERY, "id": "long", "moves": [], "maxVisits": 900, "reportDuringSearchEvery": 0.01},
        {**QUERY, "id": "late", "moves": GAME},
        {**QUERY, "id": "never", "moves": GAME},
        {**QUERY, "id": "first", "moves": GAME, "priority": 3},
        {"id": "stop", "action": "terminate", "terminateId": "never"},
    )
    seen, order = [], []
    while set(order) != {"long", "late", "never", "first", "stop"}:
        found = reply(engine)
        seen.append(found)
        order += [] if found.get("isDuringSearch") else [found["id"]]
    assert order.index("first") < order.index("late")
    assert next(found for found in seen if found["id"] == "never").get("noResults")
    during = [found["rootInfo"]["visits"] for found in seen if found.get("isDuringSearch")]
    assert during == sorted(during)
    began = time.monotonic()
    ask(
        engine,
        {**QUERY, "id": "endless", "moves": [["B", "E5"]], "maxVisits": 10**6},
        {"id": "all", "action": "terminate_all"},
    )
    assert {reply(engine)["id"], reply(engine)["id"]} == {"endless", "all"}
    assert time.monotonic() - began < 30


def test_actions(engine):
    ask(
        engine,
        {"id": "v", "action": "query_version"},
        {"id": "c", "action": "clear_cache"},
        {"id": "m", "action": "query_models"},
    )
    version, cleared, models = (reply(engine) for _ in range(3))
    assert version["version"].startswith("move37 ")
    assert cleared == {"id": "c", "action": "clear_cache"}
    assert len(models["models"]) == 1


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"boardXSize": 19}, "boardXSize"),
        ({"boardYSize": "5"}, "boardYSize"),
        ({"moves": [["B", "Z9"]]}, "moves"),
        ({"moves": [["B", "C3"], ["W", "C3"]]}, "moves"),
        ({"moves": [["X", "C3"]]}, "moves"),
        ({"moves": "C3"}, "moves"),
        ({"moves": None}, "moves"),
        ({"komi": "six"}, "komi"),
        ({"komi": 1e9}, "komi"),
        ({"maxVisits": 0}, "maxVisits"),
        ({"maxVisits": 1.5}, "maxVisits"),
        ({"maxVisits": True}, "maxVisits"),
        ({"analyzeTurns": [5]}, "analyzeTurns"),
        ({"analyzeTurns": 0}, "analyzeTurns"),
        ({"rules": 7}, "rules"),
        ({"rules": None}, "rules"),
        ({"initialPlayer": "green"}, "initialPlayer"),
        ({"initialStones": [["B", "A1"], ["W", "A1"]]}, "initialStones"),
        ({"includePolicy": 1}, "includePolicy"),
        ({"overrideSettings": []}, "overrideSettings"),
        ({"reportDuringSearchEvery": -1}, "reportDuringSearchEvery"),
        ({"avoidMoves": [{"player": "B"}]}, "avoidMoves"),
        ({"priority": "high"}, "priority"),
    ],
)
def test_mistakes_are_named_with_their_field(engine, change, field):
    ask(engine, {**QUERY, "id": "wrong", "moves": GAME, **change})
    found = reply(engine)
    assert (found["id"], found["field"]) == ("wrong", field)
    assert found["error"]


def test_warnings_come_before_the_answer(engine):
    ask(
        engine,
        {**QUERY, "id": "w", "moves": [], "rules": "japanese", "tpyo": 1, "overrideSettings": {"wideRootNoise": 0}},
    )
    replies = [reply(engine) for _ in range(4)]
    assert [found.get("field") for found in replies] == ["overrideSettings", "rules", "tpyo", None]
    assert all("warning" in found for found in replies[:3])
    assert "moveInfos" in replies[3]


def _nonsense(rng, number):
    values = [
        None,
        True,
        -1,
        0,
        5,
        1e300,
        "",
        "B",
        "C3",
        [],
        {},
        [[]],
        [["B"]],
        [["B", "C3"]],
        ["B", "C3"],
        [[1, 2]],
        {"a": 1},
    ]
    values += [[["W", "A1"]], "é", [0], [-1], [1.5], [{"player": "B", "moves": ["C3"]}], "japanese"]
    names = [
        *QUERY,
        "moves",
        "initialStones",
        "initialPlayer",
        "analyzeTurns",
        "maxVisits",
        "includeOwnership",
        "priority",
    ]
    names += [
        "includePolicy",
        "overrideSettings",
        "avoidMoves",
        "allowMoves",
        "reportDuringSearchEvery",
        "action",
        "id",
        "x",
    ]
    query = {**QUERY, "id": f"n{number}", "moves": GAME[: rng.randrange(5)], "maxVisits": 1}
    for _ in range(rng.randrange(1, 4)):
        query[rng.choice(names)] = rng.choice(values)
    if query.get("maxVisits") in (5, 0, None) or rng.random() < 0.7:
        query["maxVisits"] = 1
    text = json.dumps(query).encode()
    kind = rng.randrange(8)
    if kind == 0:
        return text[: rng.randrange(len(text))]
    if kind == 1:
        return bytes(rng.randrange(256) for _ in range(rng.randrange(80))).replace(b"\n", b" ")
    if kind == 2:
        return rng.choice(
            [b"[" * 100_000, b"[]", b"7", b'"x"', b"null", b"{}", b'{"id":1}', b"\xff\xfe", b"{" * 9, b"NaN"]
        )
    return text


def test_nonsense_is_answered_and_breaks_nothing(engine):
    rng = random.Random(5)
    for number in range(40):
        lines = [_nonsense(rng, f"{number}-{i}") for i in range(25)]
        ask(engine, *lines, {"id": f"end{number}", "action": "query_version"})
        ended = False
        while not ended:
            ended = reply(engine).get("id") == f"end{number}"
    ask(engine, {"id": "done", "action": "terminate_all"})
    while reply(engine).get("id") != "done":
        pass
    ask(engine, {**QUERY, "id": "after", "moves": GAME})
    while (found := reply(engine))["id"] != "after":
        pass
    assert np.isfinite(found["rootInfo"]["winrate"])
    assert "Traceback" not in engine.errors


def test_the_end_of_input_waits_for_what_was_asked(go_run):
    folder = go_run.parent
    talker = Talker([*MOVE37, "analysis", str(go_run), *FOLDER_OPTIONS], folder)
    ask(talker, {**QUERY, "id": "x", "moves": GAME, "analyzeTurns": [0, 4]})
    talker.process.stdin.close()
    assert [reply(talker)["turnNumber"] for _ in range(2)] == [0, 4]
    assert talker.line() is None
    assert talker.process.wait(60) == 0
    talker.end()
