"""Counts of sequences of moves beside the published ones.

    python benchmarks/perft.py chess --depth 5
    python benchmarks/perft.py chess --depth 4 --fen "8/2p5/3p4/KP5r/1R3p1k/8/4P1P1/8 w - -"
    python benchmarks/perft.py othello_8x8 --depth 7

Sources: https://www.chessprogramming.org/Perft_Results for chess, https://www.chessprogramming.org/Chess960_Perft_Results
for Chess960; the numbers of Othello and Connect Four are those of many programs.
"""

import argparse
import time
from typing import Any

import jax

from move37 import games
from move37.core.types import Game
from move37.games.perft import perft

START = ""
PUBLISHED: dict[str, dict[str, list[int]]] = {  # game → position → counts after 1, 2, … moves
    "chess": {
        START: [20, 400, 8_902, 197_281, 4_865_609],
        "r3k2r/p1ppqpb1/bn2pnp1/3PN3/1p2P3/2N2Q1p/PPPBBPPP/R3K2R w KQkq -": [48, 2_039, 97_862, 4_085_603],
        "8/2p5/3p4/KP5r/1R3p1k/8/4P1P1/8 w - -": [14, 191, 2_812, 43_238],
        "r3k2r/Pppp1ppp/1b3nbN/nP6/BBP1P3/q4N2/Pp1P2PP/R2Q1RK1 w kq -": [6, 264, 9_467, 422_333],
        "rnbq1k1r/pp1Pbppp/2p5/8/2B5/8/PPP1NnPP/RNBQK2R w KQ - 1 8": [44, 1_486, 62_379],
    },
    "chess960": {
        "bqnb1rkr/pp3ppp/3ppn2/2p5/5P2/P2P4/NPP1P1PP/BQ1BNRKR w HFhf - 2 9": [21, 528, 12_189, 326_672],
        "2nnrbkr/p1qppppp/8/1ppb4/6PP/3PP3/PPP2P2/BQNNRBKR w HEhe - 1 9": [21, 807, 18_002, 667_366],
    },
    "connect_four": {START: [7, 49, 343, 2_401, 16_807, 117_649, 823_536]},
    "othello_8x8": {START: [4, 12, 56, 244, 1_396, 8_200, 55_092]},
}


def first(game: Game, position: str) -> Any:
    """The state of a position's text."""
    if position == START:
        return game.init(jax.random.key(0))
    if not hasattr(game, "from_fen"):
        raise SystemExit(f"{game.name} reads no positions.")
    return game.from_fen(position)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("name", help="a game, as in `games.make`")
    parser.add_argument("--depth", type=int, default=4)
    parser.add_argument("--fen", help="one position; left out: all published ones, or the first position")
    args = parser.parse_args()
    game, published = games.make(args.name), PUBLISHED.get(args.name, {START: []})
    for position in [args.fen] if args.fen else published:
        print(position or "first position")
        for depth in range(1, args.depth + 1):
            began, known = time.perf_counter(), published.get(position, [])[depth - 1 : depth]
            count = perft(game, first(game, position), depth)
            verdict = "" if not known else "as published" if known == [count] else f"published: {known[0]:,}"
            print(f"  {depth}  {count:>12,}  {time.perf_counter() - began:6.1f} s  {verdict}", flush=True)


if __name__ == "__main__":
    main()
