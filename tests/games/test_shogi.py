"""Shogi against perft and, move by move, against the rules of cshogi."""

from pathlib import Path

import cshogi
import jax
import numpy as np
import pytest

from move37 import games
from move37.core.types import take
from move37.games.perft import perft
from move37.games.shogi import Shogi
from move37.games.shogi_actions import usi_number
from move37.games.shogi_position import position_hash

DATA = Path(__file__).parents[3] / "shared" / "data"
MOST_MOVES = "R8/2K1S1SSk/4B4/9/9/9/9/9/1L1L1L3 b RBGSNLP3g3n17p 1"
GAME = games.make("shogi")
step, legal = jax.jit(jax.vmap(GAME.step)), jax.jit(jax.vmap(GAME.legal))
hash_all = jax.jit(jax.vmap(position_hash))
NUM_GAMES = 16


def _lines(path: str) -> list[list[str]]:
    if not (DATA / path).exists():
        pytest.skip(f"no {path} beside this checkout")
    return [line.split("\t") for line in (DATA / path).read_text().splitlines() if not line.startswith("#")]


def _stack(states: list) -> object:
    return jax.tree.map(lambda *leaves: np.stack(leaves), *states)


def test_material_is_the_movers_on_the_board_and_in_hand():
    sfen = "+R8/2K6/4b4/9/9/9/9/p8/4k4 {} Gp 1"
    counted = 12 - 8 - 1 + 6 - 1  # dragon; bishop and pawn; gold and pawn in hand
    assert [float(GAME.material(GAME.from_sfen(sfen.format(mover)))) for mover in "bw"] == [counted, -counted]


def test_perft_of_the_first_position_and_of_the_one_with_most_moves():
    game = Shogi(declaration=False)
    assert [perft(game, game.init(jax.random.key(0)), depth) for depth in (1, 2, 3)] == [30, 900, 25_470]
    assert [perft(game, game.from_sfen(MOST_MOVES), depth) for depth in (1, 2)] == [593, 105_677]


@pytest.mark.whole
def test_perft_of_many_positions():
    """Depth 2 of each, from all positions at once: the moves of a child are counted in its state."""
    rows = [row for row in _lines("shogi_perft/shogi_perft.tsv") if row[0] != MOST_MOVES]
    states = _stack([GAME.from_sfen(sfen) for sfen, _, _ in rows])
    wanted = np.array([[int(count) for count in counts.split(",")[:2]] for _, counts, _ in rows])
    mask = np.array(legal(states))
    mask[:, -1] = False  # perft knows no declaration
    np.testing.assert_array_equal(mask.sum(1), wanted[:, 0])
    parents, actions = np.nonzero(mask)
    counts = np.zeros(len(rows), int)
    for begin in range(0, len(actions), 2048):
        some = np.resize(np.arange(begin, min(begin + 2048, len(actions))), 2048)
        below = np.asarray(legal(step(take(states, parents[some]), actions[some].astype(np.int32)).state))
        number = min(2048, len(actions) - begin)
        np.add.at(counts, parents[some][:number], below[:number, :-1].sum(1))
    np.testing.assert_array_equal(counts, wanted[:, 1])


class Numbers(dict):
    """(move of cshogi, whether Black's) → our action."""

    def __missing__(self, key: tuple[int, bool]) -> int:
        self[key] = usi_number(cshogi.move_to_usi(key[0]), black=key[1])
        return self[key]


def _expected_end(board: cshogi.Board, seen: list[str], gave_check: list[bool]) -> float | None:
    """The mover's reward, from cshogi's legal moves and a plain count of its positions; None: the game goes on."""
    if not list(board.legal_moves):
        return 1.0
    places = [t for t, text in enumerate(seen) if text == seen[-1]]
    if len(places) == 4:
        since = gave_check[places[0] + 1 :]
        return 1.0 if all(since[::-1][1::2]) else -1.0 if all(since[::-1][::2]) else 0.0
    return 0.0 if len(seen) > GAME.max_num_moves else None


def compare_with_cshogi(num_games: int, seed: int) -> int:
    """Random games, all moves of all of them: legal moves, SFEN, declaration, check and end. The number of moves."""
    rng, numbers = np.random.default_rng(seed), Numbers()
    states = _stack([GAME.init(jax.random.key(0))] * num_games)
    boards = [cshogi.Board() for _ in range(num_games)]
    seen = [[board.sfen().rsplit(" ", 1)[0]] for board in boards]
    gave_check = [[False] for _ in boards]
    alive, total = list(range(num_games)), 0
    while alive:
        masks, actions = np.asarray(legal(states)), np.zeros(num_games, np.int32)
        for i in alive:
            black = boards[i].turn == cshogi.BLACK
            moves = {numbers[move & 0xFFFF, black]: move for move in boards[i].legal_moves}
            assert np.flatnonzero(masks[i, :-1]).tolist() == sorted(moves), boards[i].sfen()
            assert masks[i, -1] == boards[i].is_nyugyoku(), boards[i].sfen()
            actions[i] = rng.choice(sorted(moves))
            boards[i].push(moves[actions[i]])
            seen[i].append(boards[i].sfen().rsplit(" ", 1)[0])
            gave_check[i].append(boards[i].is_check())
        after = jax.tree.map(np.asarray, step(states, actions))
        states, total = after.state, total + len(alive)
        hashes = np.asarray(hash_all(states.board, states.hands, states.player))
        for i in alive:
            assert (states.checks[i, 1] > 0) == boards[i].is_check()
            if after.discount[i] == 0 or len(seen[i]) % 32 == 0:
                assert GAME.to_sfen(take(states, i)) == boards[i].sfen()
                if len(seen[i]) <= GAME.max_num_moves:
                    np.testing.assert_array_equal(hashes[i], states.hashes[i, :, len(seen[i]) - 1])
            end = _expected_end(boards[i], seen[i], gave_check[i])
            assert (end is None) == (after.discount[i] == -1)
            assert after.reward[i] == (end or 0.0)
        alive = [i for i in alive if after.discount[i] != 0]
    return total


@pytest.mark.whole
def test_equals_cshogi_in_random_games():
    assert compare_with_cshogi(NUM_GAMES, seed=0) > 40 * NUM_GAMES


@pytest.mark.parametrize("every", [8, pytest.param(1, marks=pytest.mark.slow)])
def test_games_of_people_replay(every):
    """Every move of each is legal here."""
    rows = [moves.split() for _, moves in _lines("shogi_joyce/shogi_human.usi.tsv")[::every]]
    length = max(map(len, rows))
    played = np.zeros((length, len(rows)), np.int32)
    for i, moves in enumerate(rows):
        played[: len(moves), i] = [usi_number(usi, black=t % 2 == 0) for t, usi in enumerate(moves)]
    goes_on = np.arange(length)[:, None] < np.array([len(moves) for moves in rows])

    @jax.jit
    def replay(states: object, played: jax.Array) -> jax.Array:
        def move(states: object, actions: jax.Array) -> tuple[object, jax.Array]:
            allowed = jax.vmap(lambda state, action: GAME.legal(state)[action])(states, actions)
            return jax.vmap(GAME.step)(states, actions).state, allowed

        return jax.lax.scan(move, states, played)[1]

    allowed = np.asarray(replay(_stack([GAME.init(jax.random.key(0))] * len(rows)), played))
    assert goes_on.sum() > 20_000 / every
    np.testing.assert_array_equal(allowed | ~goes_on, True)
