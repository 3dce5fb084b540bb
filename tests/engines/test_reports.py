"""Reports of the JSON protocol on one position, asked in process."""

import json

import numpy as np

from move37.engines.analysis import Analysis
from move37.games.go import Go
from move37.play import ownership
from move37.play.ownership import Owners
from move37.play.thinker import ThinkerConfig

SIZE = 5
QUERY = {"id": "x", "moves": [["B", "C3"]], "rules": "chinese", "boardXSize": SIZE, "boardYSize": SIZE}


def evaluate(observation):
    """No opinion."""
    return np.zeros((len(observation), SIZE**2 + 1), np.float32), np.zeros(len(observation), np.float32)


def test_ownership_gets_better_from_report_to_report(monkeypatch):
    monkeypatch.setattr(ownership, "_WORK", 4 * SIZE**4)
    analysis = Analysis(Go(SIZE), evaluate, ThinkerConfig(nodes=128, leaves=4))
    wish = {"includeOwnership": True, "reportDuringSearchEvery": 0.001, "maxVisits": 24}
    assert list(analysis.take(json.dumps({**QUERY, **wish}))) == []
    reports = [report for report in analysis.work() if report is not None]
    assert [report["isDuringSearch"] for report in reports[:2]] == [True, True]
    for count, report in zip((4, 8), reports, strict=False):
        games = np.array(report["ownership"]) * count
        np.testing.assert_allclose(games, np.round(games), atol=1e-3)  # so many games
    stones = np.zeros(SIZE**2, np.int64)
    stones[12] = 1
    np.testing.assert_allclose(reports[-1]["ownership"], Owners(SIZE, stones, -1).best(), atol=1e-4)
    assert not reports[-1]["isDuringSearch"]
