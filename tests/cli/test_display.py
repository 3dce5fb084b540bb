"""What a training shows: the numbers that matter, in little space, and nothing that breaks it."""

import io
import math
import re

from rich.console import Console

from move37.run.display import Display, spark

EXAM = {
    "solver_error": 0.25,
    "solver_error_opening": 0.5,
    "policy_error": 0.4,
    "rating": 120.0,
    "rating_plus_minus": 60.0,
}


def _row(iteration, **more):
    row = {"iteration": iteration, "seconds": 65.0 * iteration, "memory_mib": 512.3, "games": 1234, "positions": 9876}
    row |= {"moves_per_second": 1500.4, "simulations_per_second": 48_000.0, "game_length": 7.25, "decided": 0.9}
    row |= {"loss": 2.0, "policy_loss": 1.5, "value_loss": 0.5, "policy_entropy": 1.1, "target_entropy": 0.9}
    return {**row, "gradient_norm": 0.7, "matches": [["2", "1", 1, 0, 1]], **more}


def _shown(rows, terminal, last=9):
    file = io.StringIO()
    with Display(last, Console(file=file, force_terminal=terminal, width=100, color_system=None)) as display:
        for row in rows:
            file.truncate(0)
            file.seek(0)
            display.show(row)
        text = file.getvalue()
    return re.sub(r"\x1b\[[\d;?]*[A-Za-z]|\r", "", text)


def test_a_pipe_gets_one_line_an_iteration_with_that_iterations_numbers():
    first = _shown([_row(1, **EXAM)], terminal=False)
    assert first.count("\n") == 1
    assert first.startswith("iteration 1 of 9  games 1,234  positions 9,876  moves/s 1,500  simulations/s 48,000  ")
    assert "  rating 120 ± 60  solver error 0.25  policy error 0.4  " in first
    second = _shown([_row(1, **EXAM), _row(2)], terminal=False)
    assert second.startswith("iteration 2 of 9  ")
    assert "solver" not in second
    assert "rating" not in second


def test_a_terminal_keeps_the_last_exam_in_view_and_fits_twenty_four_lines():
    text = _shown([_row(1, **EXAM), _row(2, **EXAM, loss=1.0), _row(3, mystery_loss=0.125)], terminal=True)
    lines = text.strip().splitlines()
    assert len(lines) <= 20
    assert re.match(r"iteration 3 of 9, 0:03:15 gone, 0:00:\d\d left", lines[0])
    table = {words[0]: words[1:] for line in lines[1:] if (words := re.split(r" {3,}", line.strip()))}
    assert table["rating, at 2"] == ["120 ± 60", "▁▁"]
    assert table["solver error, at 2"][0] == "0.25"
    assert table["loss"] == ["2", "█▁█"]
    assert table["games"] == ["1,234"]
    assert table["mystery loss"] == ["0.125", "▁"]  # of a recipe that this page does not know
    assert not {"gradient norm", "decided", "matches", "solver error opening", "rating plus minus"} & set(table)


def test_the_time_left_does_not_count_compilation():
    display = Display(9, Console(file=io.StringIO()))
    left = []
    for iteration, now in ((4, 100.0), (5, 170.0), (6, 180.0), (7, 190.0)):  # to play, then to learn, is compiled
        display.rows.append(_row(iteration))
        left.append(display._time_left(now))
    assert left == ["?", "?", "0:00:30", "0:00:20"]
    display.rows = [_row(9)]
    assert display._time_left(60.0) == "0:00:00"


def test_a_curve_of_anything_can_be_drawn():
    assert spark([1.0, 2.0, 3.0]) == "▁▅█"
    assert spark([5.0]) == "▁"
    assert spark([math.nan, 1.0, math.inf, 2.0]) == "?▁?█"
    assert spark([math.nan]) == "?"
    assert len(spark([float(i) for i in range(1000)])) <= 40
    assert spark([float(i) for i in range(1000)])[-1] == "█"  # the newest point is always there
    assert "nan" in _shown([_row(1, loss=math.nan)], terminal=True)
