"""What came true of a plan: only what was really played, and nothing before it is known."""

from move37.play.watched import Watched, came_true, is_settled
from move37.search.line import Foreseen

PLAN = (Foreseen(1, 0.9, 5.0), Foreseen(0, 0.8, 4.0), Foreseen(1, 0.7, 3.0))


def _steps(*actions, over=False, cut=False):
    """Rewards 10, 11, …; values 100, 101, …; the first with the plan."""
    last = len(actions) - 1
    return [
        Watched(action, str(action), 10.0 + i, 100.0 + i, PLAN if i == 0 else (), over and i == last, cut and i == last)
        for i, action in enumerate(actions)
    ]


def _known(steps):
    assert [row.foreseen for row in came_true(steps, 0)] == list(PLAN)
    assert [row.depth for row in came_true(steps, 0)] == [1, 2, 3]
    return [(row.reward, row.value) for row in came_true(steps, 0)], is_settled(steps, 0)


def test_a_plan_that_is_followed_is_known_step_by_step():
    assert _known(_steps(1)) == ([(10.0, None), (None, None), (None, None)], False)
    assert _known(_steps(1, 0)) == ([(10.0, 101.0), (11.0, None), (None, None)], False)
    assert _known(_steps(1, 0, 1)) == ([(10.0, 101.0), (11.0, 102.0), (12.0, None)], False)
    assert _known(_steps(1, 0, 1, 0)) == ([(10.0, 101.0), (11.0, 102.0), (12.0, 103.0)], True)


def test_what_was_played_otherwise_says_nothing_of_the_rest():
    assert _known(_steps(1, 1, 1, 0)) == ([(10.0, 101.0), (None, None), (None, None)], True)
    assert _known(_steps(1, 1))[1]


def test_behind_the_end_is_nothing_and_behind_a_time_limit_nobody_knows():
    assert _known(_steps(1, 0, over=True)) == ([(10.0, 101.0), (11.0, 0.0), (None, None)], True)
    assert _known(_steps(1, 0, over=True, cut=True)) == ([(10.0, 101.0), (11.0, None), (None, None)], True)


def test_later_steps_have_plans_of_their_own():
    steps = _steps(0, 1, 0)
    steps[1] = steps[1]._replace(line=PLAN)
    rows = came_true(steps, 1)
    assert [(row.reward, row.value) for row in rows] == [(11.0, 102.0), (12.0, None), (None, None)]
    assert came_true(steps, 2) == []
