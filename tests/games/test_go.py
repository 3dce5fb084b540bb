"""Go against sgfmill's boards, GNU Go's score and known numbers of positions: human games, superko, small boards."""

import lzma
import shutil
import subprocess
from functools import cache
from pathlib import Path

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from sgfmill.boards import Board

from move37 import games
from move37.core.errors import BadConfig
from move37.games.go import Go, State, _repeats, neighbours

DATA = Path(__file__).parents[3] / "shared" / "data"  # beside the checkout, where there is one
COLOURS = {1: "b", -1: "w"}
GNU_GO = shutil.which("gnugo") or shutil.which("gnugo", path="/usr/games")


@cache
def _rules(game: Go):
    return jax.jit(game.step), jax.jit(game.legal)


@cache
def _start(game: Go) -> State:
    return jax.jit(game.init)(jax.random.key(0))


def _board(board: Board) -> np.ndarray:
    """sgfmill's board as ours: row by row from the top, 1 black, −1 white."""
    size = board.side
    names = {None: 0, "b": 1, "w": -1}
    return np.array([names[board.get(size - 1 - row, column)] for row in range(size) for column in range(size)])


def _human_games(path: Path, size: int, count: int = 0) -> list[list[int]]:
    """The first `count` games of a file, or all."""
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


def _need(file: str) -> None:
    if not (DATA / file).exists():
        pytest.skip(f"no human games beside the checkout: put {file} under {DATA} to test with them")


def _rectangle(records: list[list[int]], size: int, length: int) -> np.ndarray:
    """Passes after the last move of each game."""
    return np.array([record + [size**2] * (length - len(record)) for record in records], np.int32)


def _replay(game: Go):
    """(each move was legal, the stones after it) of a batch of games."""

    def move(state, action):
        legal = game.legal(state)[action]
        state = game.step(state, action).state
        return state, (legal, jnp.sign(state.chains))

    return jax.jit(jax.vmap(lambda row: jax.lax.scan(move, game.init(jax.random.key(0)), row)[1]))


@pytest.mark.parametrize(
    ("file", "size", "count"),
    [("go9x9_ogs/ogs9x9_stronger.tsv.xz", 9, 200), ("go19_kgs6d/kgs6d_19x19.tsv.xz", 19, 8)],
)
def test_human_games_are_legal_and_capture_as_sgfmill_does(file, size, count):
    _need(file)
    game = Go(size)
    records = [record[: game.max_num_moves] for record in _human_games(DATA / file, size, count)]
    legal, stones = (np.asarray(x) for x in _replay(game)(_rectangle(records, size, max(map(len, records)))))
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


@pytest.mark.slow
def test_all_human_games_on_9x9_are_legal():
    """Run with `-s` to see the count: games without an illegal move, all games."""
    file = "go9x9_ogs/ogs9x9.tsv.xz"
    _need(file)
    records = _human_games(DATA / file, 9)
    longest = max(map(len, records))
    game, batch = Go(9, max_num_moves=longest + 1), 1024
    legal_of = jax.jit(lambda actions: _replay(game)(actions)[0])
    illegal = []
    for start in range(0, len(records), batch):
        rows = records[start : start + batch]
        legal = np.asarray(legal_of(_rectangle(rows + [[]] * (batch - len(rows)), 9, longest)))
        illegal += [(start + int(i), int(t), game.format_action(rows[i][t])) for i, t in np.argwhere(~legal)]
    print(f"{len(records) - len({i for i, *_ in illegal}):,} of {len(records):,} games legal; {illegal[:20]}")
    assert not illegal


def _allowed(board: Board, colour: int, earlier: set[bytes], with_suicide: bool) -> np.ndarray:
    """The rules as a person would check them: try the move, look at the board."""
    size, allowed = board.side, []
    for row, column in np.ndindex(size, size):
        if board.get(size - 1 - row, column) is not None:
            allowed.append(False)
            continue
        after = board.copy()
        after.play(size - 1 - row, column, COLOURS[colour])
        suicide = after.get(size - 1 - row, column) is None
        allowed.append((with_suicide or not suicide) and _board(after).tobytes() not in earlier)
    return np.array([*allowed, True])


@pytest.mark.parametrize("suicide", [False, True])
@pytest.mark.parametrize(("size", "num_games"), [(2, 12), (3, 12), (5, 6)])
def test_legal_moves_superko_and_score_in_random_games(size, num_games, suicide):
    game, rng = Go(size, komi=0.5, suicide=suicide), np.random.default_rng(size)
    (step, legal), score = _rules(game), jax.jit(game.score)
    forbidden_by_superko_alone = 0
    for _ in range(num_games):
        state, board, colour = _start(game), Board(size), 1
        earlier, over, passed = {_board(board).tobytes()}, False, False
        while not over:
            mask = np.asarray(legal(state))
            np.testing.assert_array_equal(mask, _allowed(board, colour, earlier, suicide))
            forbidden_by_superko_alone += int((_allowed(board, colour, set(), suicide) & ~mask).sum())
            points = np.flatnonzero(mask[:-1])
            action = int(rng.choice(points)) if len(points) and rng.random() < 0.95 else size**2
            if action < size**2:
                board.play(size - 1 - action // size, action % size, COLOURS[colour])
                earlier.add(_board(board).tobytes())
            after = step(state, np.int32(action))
            np.testing.assert_array_equal(np.sign(np.asarray(after.state.chains)), _board(board))
            over = float(after.discount) == 0
            assert over == ((action == size**2 and passed) or int(after.state.num_moves) == game.max_num_moves)
            margin = float(score(after.state))
            assert margin == board.area_score() - 0.5
            assert float(after.reward) == (np.sign(margin) * colour if over else 0)
            state, colour, passed = after.state, -colour, action == size**2
    assert forbidden_by_superko_alone > 0


def _play(game: Go, text: str):
    step, legal = _rules(game)
    state = _start(game)
    for name in text.split():
        action = game.parse_action(name)
        assert np.asarray(legal(state))[action], name
        state = step(state, np.int32(action)).state
    return state


def test_ko():
    game = Go(5)
    state = _play(game, "B3 C3 C4 D4 C2 D2 A1 E3 D3")  # Black takes C3 by D3
    assert not np.asarray(_rules(game)[1](state))[game.parse_action("C3")]
    state = _play(game, "B3 C3 C4 D4 C2 D2 A1 E3 D3 B1 A5")  # White threatens something, Black answers
    assert np.asarray(_rules(game)[1](state))[game.parse_action("C3")]


def test_snapback():
    """White throws in at B1, Black takes it by A1, White takes all five stones by B1: no repetition."""
    state = _play(Go(5), "A2 A3 B2 B3 C2 C3 C1 D2 E5 D1 E4 B1 A1")
    stones = np.sign(np.asarray(state.chains)).reshape(5, 5)
    assert stones[3:].tolist() == [[1, 1, 1, -1, 0], [1, 0, 1, -1, 0]]
    state = _play(Go(5), "A2 A3 B2 B3 C2 C3 C1 D2 E5 D1 E4 B1 A1 B1")
    stones = np.sign(np.asarray(state.chains)).reshape(5, 5)
    assert stones[3:].tolist() == [[0, 0, 0, -1, 0], [0, -1, 0, -1, 0]]


def test_suicide_is_an_option():
    for allowed in (False, True):
        game = Go(5, suicide=allowed)
        state = _play(game, "A1 A2 E5 B2 E4 C1")  # A1 and B1 would be two black stones without a liberty
        action = game.parse_action("B1")
        assert np.asarray(_rules(game)[1](state))[action] == allowed
    after = np.sign(np.asarray(_rules(game)[0](state, np.int32(action)).state.chains)).reshape(5, 5)
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


@pytest.mark.parametrize(("size", "count"), [(2, 57), (3, 12_675)])
def test_all_legal_positions_are_reached(size, count):
    """Every move and pass from every position, without superko: the numbers are Tromp and Farnebäck's."""
    game = Go(size, history=1, max_num_moves=2)
    start = _start(game)

    def follow(chains, player):
        state = start._replace(chains=chains, player=player)
        after = jax.vmap(lambda action: game.step(state, action).state.chains)(jnp.arange(size**2, dtype=jnp.int32))
        return after, game.legal(state)[:-1]

    both = jax.jit(jax.vmap(jax.vmap(follow, (None, 0)), (0, None)))
    frontier, seen = np.zeros((1, size**2), np.int8), {bytes(size**2)}
    while len(frontier):
        width = max(64, 1 << (len(frontier) - 1).bit_length())  # few shapes, few compilations
        padded = np.resize(frontier, (width, size**2))
        after, legal = (np.asarray(x)[: len(frontier)] for x in both(padded, np.array([1, -1], np.int8)))
        reached = {np.sign(chains).tobytes(): chains for chains in after[legal]}
        new = reached.keys() - seen
        seen |= new
        frontier = np.array([reached[board] for board in sorted(new)], np.int8).reshape(-1, size**2)
    assert len(seen) == count


def _moves(game: Go, state: State) -> np.ndarray:
    """The legal points that are not the mover's own already, surrounded by stones of one colour."""
    beside, board = neighbours(game.size)[:-1], np.append(np.sign(np.asarray(state.chains)), 0)
    own = ((board[beside] == int(state.player)) | (beside == game.size**2)).all(axis=1)
    return np.flatnonzero(np.asarray(_rules(game)[1](state))[:-1] & ~own)


def _settled(game: Go, rng: np.random.Generator) -> State:
    """The end of a random game that nobody passes in, with no move left but for superko: no stone of it is dead."""
    while True:
        state, passes = _start(game), 0
        while passes < 2:
            moves = _moves(game, state)
            passes = 0 if len(moves) else passes + 1
            state = _rules(game)[0](state, np.int32(rng.choice(moves) if len(moves) else game.size**2)).state
        forgotten = state._replace(hashes=np.zeros_like(state.hashes))
        if not any(len(_moves(game, forgotten._replace(player=np.int8(colour)))) for colour in COLOURS):
            return state


@pytest.mark.skipif(GNU_GO is None, reason="GNU Go is not installed: `gnugo` (Debian) to compare final scores with")
def test_final_score_is_gnu_gos():
    game, rng = Go(7, komi=5.5, max_num_moves=1000), np.random.default_rng(0)
    score = jax.jit(game.score)
    commands, expected = ["boardsize 7", "komi 5.5"], []
    for _ in range(6):
        state = _settled(game, rng)
        board = np.sign(np.asarray(state.chains))
        commands.append("clear_board")
        commands += [f"play {COLOURS[int(board[a])]} {game.format_action(int(a))}" for a in np.flatnonzero(board)]
        commands.append("final_score")
        margin = float(score(state))
        expected.append(f"= {'B' if margin > 0 else 'W'}+{abs(margin)}")
    answer = subprocess.run(
        [GNU_GO, "--mode", "gtp", "--chinese-rules"],
        input="\n".join([*commands, "quit\n"]),
        capture_output=True,
        text=True,
        check=True,
        timeout=120,
    )
    assert [line for line in answer.stdout.splitlines() if "+" in line] == expected


@pytest.mark.parametrize("history", [1, 2, 3])
def test_observation_shows_the_last_positions_to_the_mover(history):
    game = Go(3, history=history)
    step, observe = _rules(game)[0], jax.jit(game.observe)
    boards, state = [np.zeros(9, int)] * 3, _start(game)
    for action in (0, 8, 1, 4, 9, 2, 3):
        state = step(state, np.int32(action)).state
        boards.append(np.sign(np.asarray(state.chains)).astype(int))
        player = int(state.player)
        expected = [boards[-1 - t] == colour for t in range(history) for colour in (player, -player)]
        expected.append(np.full(9, player > 0))
        np.testing.assert_array_equal(np.asarray(observe(state)).reshape(2 * history + 1, 9), expected)


@pytest.mark.parametrize(("komi", "results"), [(0.0, (0.0, 0.0)), (-0.5, (-1.0, 1.0)), (0.5, (1.0, -1.0))])
def test_an_empty_board_goes_to_who_has_the_komi(komi, results):
    """Two passes end it, by White or, after one stone too many, by Black: reward is the mover's."""
    step, _ = _rules(Go(2, komi=komi))
    state = _start(Go(2, komi=komi))
    first = step(state, np.int32(4))
    white_last = step(first.state, np.int32(4))
    black_last = step(first.state._replace(player=np.int8(1)), np.int32(4))
    assert float(first.discount) == -1
    assert (float(white_last.reward), float(black_last.reward)) == results
    assert float(white_last.discount) == float(black_last.discount) == 0


@pytest.mark.parametrize(("komi", "tally"), [(0.0, "0"), (7.5, "W+7.5"), (-3.0, "B+3")])
def test_the_tally_names_the_winner_first(komi, tally):
    game = Go(5, komi=komi)
    assert game.tally(_start(game)) == tally


def test_only_equal_hashes_repeat_a_position():
    """Words from a handful, so that many pairs agree in the bits that are compared first, and in one word of two."""
    rng = np.random.default_rng(0)
    words = rng.integers(2**32, size=6, dtype=np.uint32)
    words[1], words[2] = words[0] ^ 1, words[0] ^ np.uint32(1 << 31)
    earlier, hashes = (rng.choice(words, size=(20, 2, n)) for n in (50, 25))
    allowed = rng.random((20, 25)) < 0.8
    found = jax.jit(jax.vmap(_repeats))(allowed, hashes, earlier)
    same = (hashes[:, :, :, None] == earlier[:, :, None, :]).all(1).any(-1)
    np.testing.assert_array_equal(found, allowed & same)
    assert 0.2 < same.mean() < 0.95
