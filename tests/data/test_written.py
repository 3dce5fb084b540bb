"""Written games: PGN against python-chess, texts against `read`, datasets against the rules move by move."""

import contextlib
import io
from functools import cache
from pathlib import Path

import chess
import chess.pgn
import jax
import jax.numpy as jnp
import numpy as np
import pytest

from move37 import games
from move37.core.errors import BadConfig
from move37.data.dataset import make_dataset
from move37.data.forms import form_of
from move37.data.pgn import from_pgn, game_of
from move37.data.record import BLACK, WHITE
from move37.data.selection import DatasetConfig
from move37.data.sgf import BadRecord
from move37.data.sources import Entry, written_entries
from move37.data.store import Dataset
from move37.data.written import WrittenGame, elo, score_result

FISCHER = Path(__file__).parents[3] / "shared" / "data" / "chess_gm_pgn" / "1-Fischer.zip"
PGN = """[Event "a"]
[White "Ann \\"A\\""]
[Black "Stockfish 15"]
[Result "1-0"]
[WhiteElo "2500"]
[BlackElo ""]

1. e4 {best} e5 2.Nf3 (2. f4 exf4 (2... d5)) 2... Nc6 $1 3. Bb5!? a6 ; a line
4. Bxc6 dxc6
% escaped
5. O-O 1-0

[Event "b"]

1. d4 ( 1. e4

[Event "c"]
[FEN "4k3/8/8/8/8/8/4P3/4K3 w - - 0 1"]
[Termination "time forfeit"]
[Result "0-1"]

1. e4 0-1
"""


def test_pgn_is_read_as_people_write_it(tmp_path):
    (tmp_path / "a.pgn").write_text(PGN)
    (where, first), (broken_at, broken), (_, third) = from_pgn(tmp_path / "a.pgn")
    assert first.moves == ("e4", "e5", "Nf3", "Nc6", "Bb5!?", "a6", "Bxc6", "dxc6", "O-O")
    assert (first.white.rank, first.black.rank, first.black.name) == ("2500", "", "Stockfish 15")
    assert (first.first, first.result.winner, first.result.kind) == (WHITE, WHITE, "win")
    assert [Path(at).name for at in (where, broken_at)] == ["a.pgn:1", "a.pgn:13"]
    assert isinstance(broken, BadRecord)
    assert "does not end" in str(broken)
    assert (third.start[:8], third.result.winner, third.result.kind) == ("4k3/8/8/", BLACK, "time")


@cache
def _random_games(count: int = 6, plies: int = 60) -> list[chess.pgn.Game]:
    rng, found = np.random.default_rng(3), []
    for _ in range(count):
        game, board = chess.pgn.Game(), chess.Board()
        node = game
        for _ in range(plies):
            moves = list(board.legal_moves)
            if not moves or board.is_game_over(claim_draw=True):
                break
            move = moves[rng.integers(len(moves))]
            node = node.add_variation(move)
            board.push(move)
        found.append(game)
    return found


def test_every_move_is_found_by_its_texts():
    game = games.make("chess")
    spelled, step = jax.jit(game.spelled), jax.jit(game.step)
    for record in _random_games()[:3]:
        state, board = game.init(jax.random.key(0)), chess.Board()
        for move in record.mainline_moves():
            by_san, by_uci = (
                int(spelled(state, jnp.array(game.spell(text)))) for text in (board.san(move), move.uci())
            )
            assert by_san == by_uci
            assert game.uci(state, by_san) == move.uci()
            for wrong in ("Ke5", "e9", "--", "O-O-O" if not board.has_castling_rights(board.turn) else "Qa9", ""):
                assert int(spelled(state, jnp.array(game.spell(wrong)))) == -1
            state = step(state, jnp.int32(by_san)).state
            board.push(move)


@pytest.mark.parametrize(
    ("fen", "text", "uci"),
    [
        ("4k3/P7/8/8/8/8/8/4K3 w - - 0 1", "a8=N", "a7a8n"),
        ("4k3/P7/8/8/8/8/8/4K3 w - - 0 1", "a8Q+", "a7a8q"),
        ("4k3/P7/8/8/8/8/8/4K3 w - - 0 1", "a8", ""),  # a pawn must become something
        ("4k3/8/8/8/8/8/4p3/R3K2R w KQ - 0 1", "0-0-0", ""),
        ("4k3/8/8/8/8/8/8/R3K2R w KQ - 0 1", "0-0-0", "e1c1"),
        ("4k3/8/8/8/8/8/8/R3K2R w KQ - 0 1", "Kc1", ""),  # a king does not step that far
        ("r3k2r/8/8/8/8/8/8/4K3 b kq - 0 1", "O-O", "e8g8"),
        ("4k3/8/8/8/8/8/8/R3K2R w - - 0 1", "Rd1", "a1d1"),
        ("4k3/8/8/8/8/8/8/R3K2R w - - 0 1", "Rf1", "h1f1"),
        ("4k3/8/8/R7/8/8/8/R3K3 w - - 0 1", "Ra3", ""),  # two rooks can
        ("4k3/8/8/R7/8/8/8/R3K3 w - - 0 1", "R5a3", "a5a3"),
        ("4k3/8/8/8/3pP3/8/8/4K3 b - e3 0 1", "dxe3", "d4e3"),
    ],
)
def test_what_a_text_does_not_say_must_follow_from_the_position(fen, text, uci):
    game = games.make("chess")
    state = game.from_fen(fen)
    action = int(jax.jit(game.spelled)(state, jnp.array(game.spell(text))))
    assert (game.uci(state, action) if action >= 0 else "") == uci


@pytest.mark.whole
def test_shogis_texts_mean_what_read_says():
    game = games.make("shogi")
    spelled, step = jax.jit(game.spelled), jax.jit(game.step)
    state, rng = game.init(jax.random.key(0)), np.random.default_rng(1)
    for _ in range(24):
        legal = np.flatnonzero(np.asarray(game.legal(state)))
        action = int(legal[rng.integers(len(legal))])
        text = game.usi(state, action)
        assert int(spelled(state, jnp.array(game.spell(text)))) == action
        assert int(spelled(state, jnp.array(game.spell("5e5d")))) == -1
        state = step(state, jnp.int32(action)).state


def _made(folder: Path, records: list[WrittenGame], name: str = "tic_tac_toe", **fields) -> Dataset:
    config = DatasetConfig(name, **({"least_moves": 1, "valid": 0.0, "test": 0.0} | fields))
    make_dataset([Entry(f"game {i}", record) for i, record in enumerate(records)], folder / "made", config)
    return Dataset(folder / "made")


def test_rows_are_the_observations_and_outcomes_are_the_movers(tmp_path):
    texts = ("a1", "b1", "a2", "b2", "a3")  # the first player wins
    dataset = _made(tmp_path, [WrittenGame((*texts, "c3"), result=score_result("1-0", BLACK))])
    game = games.make("tic_tac_toe")
    (batch,) = dataset.sweep(game, dataset.split("train"), 10)
    state = game.init(jax.random.key(0))
    assert len(batch.action) == 5  # what follows the end is cut off
    for i, text in enumerate(texts):
        action = game.parse_action(text)
        np.testing.assert_array_equal(batch.observation[i], game.observe(state))
        assert batch.action[i] == action
        state = game.step(state, jnp.int32(action)).state
    assert batch.outcome.tolist() == [1, -1, 1, -1, 1]
    assert batch.trusted.all()
    for turned in dataset.batches(game, dataset.split("train"), 1, 64, np.random.default_rng(0)):
        planes = turned.observation[:, :2].reshape(64, 2, 9)
        assert not planes.any(axis=1)[np.arange(64), turned.action].any()  # moves go to empty cells, turned alike


def test_what_cannot_be_used_is_counted_and_named(tmp_path):
    good = ("a1", "b1", "a2", "b2", "a3")
    records = [
        WrittenGame(good, result=score_result("1-0", BLACK)),
        WrittenGame(good, result=score_result("1-0", BLACK)),
        WrittenGame(("a1", "a1"), result=score_result("0-1", BLACK)),
        WrittenGame(("a1", "b1"), start="x", result=score_result("0-1", BLACK)),
        WrittenGame(("a1", "b1"), result=score_result("*", BLACK)),
    ]
    dataset = _made(tmp_path, records)
    assert dataset.about["skipped"] == {"duplicate": 1, "illegal": 1, "set-up position": 1, "result": 1}
    named = (tmp_path / "made" / "skipped.txt").read_text()
    assert named == "game 2: move 2, a1, is no legal move there.\n"
    with pytest.raises(BadConfig, match="no positions of connect_four"):
        dataset.check(games.make("connect_four"))


def test_a_table_and_ratings(tmp_path):
    (tmp_path / "t.tsv").write_text("moves\tresult\tblack_rank\twhite_rank\na1 b1\t0-1\t2400\t2500\na2\t1-0\t\t99\nx\n")
    count, found = written_entries(tmp_path / "t.tsv")
    first, second, broken = found
    assert (count, first.record.result.winner) == (3, WHITE)
    assert isinstance(broken.record, BadRecord)
    config = DatasetConfig("tic_tac_toe", least_rank="2400")
    assert (config.refuses(first.record), config.refuses(second.record)) == ("", "rank")
    assert [elo(words) for words in ("2400", " 7 ", "", "?", "-5", "12345", "²")] == [
        2400,
        7,
        None,
        None,
        None,
        None,
        None,
    ]


def test_of_fractions_no_dataset_is_made():
    with pytest.raises(BadConfig, match="whole numbers"):
        form_of("chess+alphazero_planes")


def test_nonsense_is_refused_and_nothing_else_happens():
    rng, pieces = np.random.default_rng(0), [*'[]"(){};$%\n 1.e4O-O*x+=\\', "1-0", "[Event ", "é"]
    for _ in range(3000):
        text = "".join(rng.choice(pieces, size=rng.integers(1, 40)))
        with contextlib.suppress(ValueError):
            assert isinstance(game_of(text), WrittenGame)


@pytest.mark.skipif(not FISCHER.exists(), reason="no games of chess beside the checkout: shared/data/chess_gm_pgn")
@pytest.mark.whole
def test_games_of_a_champion_replay_as_python_chess_reads_them(tmp_path):
    records = [record for _, record in from_pgn(FISCHER)][:40]
    total, entries = written_entries(FISCHER)
    config = DatasetConfig("chess", least_moves=1, valid=0.0, test=0.0)
    some = [entry for _, entry in zip(range(40), entries, strict=False)]
    make_dataset(some, tmp_path / "made", config)
    dataset = Dataset(tmp_path / "made")
    assert (total, len(dataset.lengths), dataset.about["skipped"]) == (None, 40, {})
    begin = 0
    for record, length in zip(records, dataset.lengths, strict=True):
        text = " ".join(record.moves)
        theirs = list(chess.pgn.read_game(io.StringIO(text)).mainline_moves())
        assert len(theirs) == len(record.moves) >= length
        board = chess.Board()
        for move in theirs[:length]:
            ours, becomes = _uci(int(dataset.moves[begin]), board.turn), move.uci()[4:]
            assert ours + "q" * (becomes == "q") == move.uci()
            board.push(move)
            begin += 1


def _uci(action: int, white: bool) -> str:
    """An action seen by its player, as White sees it; that a pawn becomes a queen is not said."""
    text = games.make("chess").format_action(action)
    return text if white else "".join(str(9 - int(c)) if c.isdigit() else c for c in text)
