"""All lines of play against a player: counted here once more, by plain recursion."""

import numpy as np
import pytest

from move37.core.errors import BadConfig
from move37.games import make
from move37.games.tic_tac_toe import LINES
from move37.play.exam import Lines, play_all_lines


class LowestPoint:
    """Takes the first empty point."""

    name = "lowest"

    def choose(self, states, key):
        return (np.asarray(states.board) == 0).argmax(axis=1)


def _count(board: list[int], own: bool, ends: dict[int, int]) -> None:
    player = 1 if own else -1
    for point in [board.index(0)] if own else [p for p in range(9) if board[p] == 0]:
        after = [*board[:point], player, *board[point + 1 :]]
        if any(all(after[p] == player for p in line) for line in LINES.tolist()):
            ends[player] += 1
        elif 0 not in after:
            ends[0] += 1
        else:
            _count(after, not own, ends)


@pytest.mark.parametrize("moves_first", [True, False])
def test_every_line_is_counted_once_and_with_the_right_sign(moves_first):
    ends = {1: 0, 0: 0, -1: 0}
    _count([0] * 9, moves_first, ends)
    assert play_all_lines(make("tic_tac_toe"), LowestPoint(), moves_first) == Lines(ends[1], ends[0], ends[-1])
    assert min(ends[1], ends[-1]) > 0


def test_games_for_one_have_no_opponent():
    with pytest.raises(BadConfig, match="no opponent"):
        play_all_lines(make("catch"), LowestPoint(), moves_first=True)
