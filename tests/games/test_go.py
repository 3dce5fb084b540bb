"""Go against sgfmill's boards: human games move by move, and legal masks with superko on small boards."""

import lzma
from pathlib import Path

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from sgfmill.boards import Board

from move37 import games
from move37.core.errors import BadConfig
from move37.games.go import Go

DATA = Path(__file__).parents[3] / "shared" / "data"  # beside the checkout, where there is one
COLOURS = {1: "b", -1: "w"}


def _board(board: Board) -> np.ndarray:
    """sgfmill's board as ours: row by row from the top, 1 black, −1 white."""
    size = board.side
    names = {None: 0, "b": 1, "w": -1}
    return np.array([names[board.get(size - 1 - row, column)] for row in range(size) for column in range(size)])


def _human_games(path: Path, size: int, count: int) -> list[list[int]]:
    rows = []
    with lzma.open(path, "rt") as lines:
        for line in lines:
            if line.startswith("#"):
                continue
            text = line.rstrip("\n").split("\t")[-1]
            points = [text[i : i + 2] for i in range(0, len(text), 2)]
            rows.append([size**2 if p == "tt" else (ord(p[1]) - 97) * size + ord(p[0]) - 97 for p in points])
            if len(rows) == count:
                break
    return rows


@pytest.mark.parametrize(
    ("file", "size", "count"),
    [("go9x9_ogs/ogs9x9_stronger.tsv.xz", 9, 200), ("go19_kgs6d/kgs6d_19x19.tsv.xz", 19, 8)],
)
def test_human_games_are_legal_and_capture_as_sgfmill_does(file, size, count):
    if not (DATA / file).exists():
        pytest.skip(f"no human games beside the checkout: put {file} under {DATA} to test with them")
    game, records = Go(size), _human_games(DATA / file, size, count)
    records = [record[: game.max_num_moves] for record in records]
    longest = max(map(len, records))
    actions = np.array([record + [size**2] * (longest - len(record)) for record in records], np.int32)

    def move(state, action):
        legal = game.legal(state)[action]
        state = game.step(state, action).state
        return state, (legal, jnp.sign(state.chains))

    replay = jax.jit(jax.vmap(lambda row: jax.lax.scan(move, game.init(jax.random.key(0)), row)[1]))
    legal, stones = (np.asarray(x) for x in replay(actions))
    captures = 0
    for i, record in enumerate(records):
        board, colour = Board(size), 1
        for t, action in enumerate(record):
            assert legal[i, t], f"game {i}, move {t}: {game.format_action(action)}"
            if action < size**2:
                before = np.abs(_board(board)).sum()
                board.play(size - 1 - action // size, action % size, COLOURS[colour])
                captures += int(np.abs(_board(board)).sum() <= before)
            np.testing.assert_array_equal(stones[i, t], _board(board), err_msg=f"game {i}, move {t}")
            colour = -colour
    assert captures > count


def _allowed(board: Board, colour: int, earlier: set[bytes]) -> np.ndarray:
    """The rules as a person would check them: try the move, look at the board."""
    size, allowed = board.side, []
    for row, column in np.ndindex(size, size):
        if board.get(size - 1 - row, column) is not None:
            allowed.append(False)
            continue
        after = board.copy()
        after.play(size - 1 - row, column, COLOURS[colour])
        suicide = after.get(size - 1 - row, column) is None
        allowed.append(not suicide and _board(after).tobytes() not in earlier)
    return np.array([*allowed, True])


@pytest.mark.parametrize(("size", "num_games"), [(2, 12), (3, 12), (5, 6)])
def test_legal_moves_superko_and_score_in_random_games(size, num_games):
    game, rng = Go(size, komi=0.5), np.random.default_rng(size)
    step, legal, score = jax.jit(game.step), jax.jit(game.legal), jax.jit(game.score)
    forbidden_by_superko_alone = 0
    for _ in range(num_games):
        state, board, colour = game.init(jax.random.key(0)), Board(size), 1
        earlier, over, passed = {_board(board).tobytes()}, False, False
        while not over:
            mask = np.asarray(legal(state))
            np.testing.assert_array_equal(mask, _allowed(board, colour, earlier))
            forbidden_by_superko_alone += int((_allowed(board, colour, set()) & ~mask).sum())
            points = np.flatnonzero(mask[:-1])
            action = int(rng.choice(points)) if len(points) and rng.random() < 0.95 else size**2
            if action < size**2:
                board.play(size - 1 - action // size, action % size, COLOURS[colour])
                earlier.add(_board(board).tobytes())
            after = step(state, jnp.int32(action))
            np.testing.assert_array_equal(np.sign(np.asarray(after.state.chains)), _board(board))
            over = float(after.discount) == 0
            assert over == ((action == size**2 and passed) or int(after.state.num_moves) == game.max_num_moves)
            margin = float(score(after.state))
            assert margin == board.area_score() - 0.5
            assert float(after.reward) == (np.sign(margin) * colour if over else 0)
            state, colour, passed = after.state, -colour, action == size**2
    assert forbidden_by_superko_alone > 0


def _play(game: Go, text: str):
    step, legal = jax.jit(game.step), jax.jit(game.legal)
    state = game.init(jax.random.key(0))
    for name in text.split():
        action = game.parse_action(name)
        assert bool(legal(state)[action]), name
        state = step(state, jnp.int32(action)).state
    return state


def test_ko():
    game = Go(5)
    state = _play(game, "B3 C3 C4 D4 C2 D2 A1 E3 D3")  # Black takes C3 by D3
    assert not bool(game.legal(state)[game.parse_action("C3")])
    state = _play(game, "B3 C3 C4 D4 C2 D2 A1 E3 D3 B1 A5")  # White threatens something, Black answers
    assert bool(game.legal(state)[game.parse_action("C3")])


def test_suicide_is_an_option():
    for allowed in (False, True):
        game = Go(5, suicide=allowed)
        state = _play(game, "A1 A2 E5 B2 E4 C1")  # A1 and B1 would be two black stones without a liberty
        action = game.parse_action("B1")
        assert bool(game.legal(state)[action]) == allowed
    after = np.sign(np.asarray(game.step(state, jnp.int32(action)).state.chains)).reshape(5, 5)
    assert after[4].tolist() == [0, 0, -1, 0, 0]
    assert after[3].tolist() == [-1, -1, 0, 0, 0]


def test_bad_boards_and_names():
    for fields, message in (({"size": 20}, "2 to 19"), ({"komi": 0.3}, "half points"), ({"history": 0}, "or more")):
        with pytest.raises(BadConfig, match=message):
            Go(**fields)
    game = games.make("go_19x19")
    assert game.format_action(game.parse_action("q16")) == "Q16"
    with pytest.raises(ValueError, match="names no action"):
        game.parse_action("I5")
