"""Make the solved Connect Four positions that ship with move37. Needs the extra `solver`.

    python benchmarks/label_connect_four.py

Positions come from uniformly random legal play without a winner yet, no two equal or mirrored, and only those in which
some legal move gives the result away. "hardest": after 4 to 8 stones, a single move keeps the result.
"""

from pathlib import Path

import numpy as np
from bitbully import BitBully, Board

from move37.games.solved import ILLEGAL

SETS = {"opening": (8, 14), "middle": (16, 24), "late": (26, 34), "hardest": (4, 8)}
EACH, SEED = 400, 37
TARGET = Path(__file__).parents[1] / "src/move37/games/data/connect_four_solved.npz"


def random_position(rng: np.random.Generator, length: int) -> tuple[list[int], Board] | None:
    """`length` random moves, or None if the game ended before."""
    board, moves = Board(), []
    while len(moves) < length:
        column = int(rng.integers(7))
        if moves.count(column) == 6:
            continue
        board.play(column)
        moves.append(column)
        if board.has_win():
            return None
    return moves, board


def values_of(solver: BitBully, board: Board) -> np.ndarray:
    """Result of each move for the mover; −2 illegal."""
    values = np.full(7, ILLEGAL, np.int8)
    for column, score in solver.score_all_moves(board).items():
        if board.is_legal_move(column):
            values[column] = np.sign(score)
    return values


def main() -> None:
    """Write the file."""
    rng, solver = np.random.default_rng(SEED), BitBully()
    seen: set[str] = set()
    moves, values, depth = [], [], []
    for index, (name, (low, high)) in enumerate(SETS.items()):
        found = 0
        while found < EACH:
            made = random_position(rng, int(rng.integers(low, high + 1)))
            if made is None:
                continue
            names = {made[1].to_string(), made[1].mirror().to_string()}
            if names & seen:
                continue
            result = values_of(solver, made[1])
            legal, keeps = result != ILLEGAL, result == result.max()
            if keeps.sum() == legal.sum() or (name == "hardest" and keeps.sum() > 1):
                continue
            seen |= names
            moves.append(made[0] + [-1] * (42 - len(made[0])))
            values.append(result)
            depth.append(index)
            found += 1
        print(f"{name}: {found} positions", flush=True)
    arrays = {"moves": np.array(moves, np.int8), "values": np.array(values), "depth": np.array(depth, np.int8)}
    np.savez_compressed(TARGET, **arrays, depths=np.array(list(SETS)))


if __name__ == "__main__":
    main()
