"""Datasets: which games get in and why others do not, splits without overlap, and positions equal to plain replay."""

import json
import re
from functools import cache
from pathlib import Path

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from rich.console import Console

from move37.core.errors import BadConfig, BadRun
from move37.data import dataset as dataset_module
from move37.data import sgf, store
from move37.data.dataset import make_dataset
from move37.data.forms import fingerprint, form_of, line_of
from move37.data.record import GameRecord, Move, Player, Result, Setup, game_tree, rank_level
from move37.data.retrace import Line
from move37.data.selection import DatasetConfig
from move37.data.sources import Entry, from_sgf, from_table, sgf_files
from move37.data.store import SPLITS, Dataset
from move37.games.go import Go

DATA = Path(__file__).parents[3] / "shared" / "data"  # beside the checkout, where there is one
OGS, ALPHAGO = DATA / "go9x9_ogs" / "ogs9x9_stronger.tsv.xz", DATA / "alphago"
CONFIG = DatasetConfig("go_5x5", least_moves=4, valid=0.2, test=0.2)


@cache
def _random_games(count: int = 60, length: int = 24) -> np.ndarray:
    """Legal moves on 5×5, [games, moves]; a pass only where there is no other move."""
    game = Go(5)

    def move(state, noise):
        legal = game.legal(state)[:-1]
        action = jnp.where(legal.any(), jnp.argmax(jnp.where(legal, noise, -1.0)), 25).astype(jnp.int32)
        return game.step(state, action).state, action

    start = game.init(jax.random.key(0))
    noise = np.random.default_rng(0).random((count, length, 25), np.float32)
    return np.asarray(jax.jit(jax.vmap(lambda row: jax.lax.scan(move, start, row)[1]))(noise))


def _record(actions, size: int = 5, **fields) -> GameRecord:
    moves = tuple(Move(1 - 2 * (i % 2), int(action)) for i, action in enumerate(actions))
    return GameRecord(**({"size": size, "komi": 6.5, "moves": moves, "result": Result(1, "resign")} | fields))


def _entries(records) -> list[Entry]:
    return [Entry(f"game {i}", record) for i, record in enumerate(records)]


def _make(folder: Path, records, config: DatasetConfig = CONFIG) -> Dataset:
    make_dataset(_entries(records), folder / "made", config)
    return Dataset(folder / "made")


def _skipped(folder: Path) -> tuple[dict[str, int], list[str]]:
    about = json.loads((folder / "about.json").read_text())
    return about["skipped"], (folder / "skipped.txt").read_text().splitlines()


def _plain(game: Go, records: list[GameRecord]) -> list[np.ndarray]:
    """What the movers of each game see before each move."""
    longest = max(len(record.moves) for record in records)
    actions = np.full((len(records), longest), game.size**2, np.int32)
    for row, record in zip(actions, records, strict=True):
        row[: len(record.moves)] = [move.action for move in record.moves]
    start = game.init(jax.random.key(0))

    def move(state, action):
        return game.step(state, action).state, game.observe(state)

    seen = np.asarray(jax.jit(jax.vmap(lambda row: jax.lax.scan(move, start, row)[1]))(actions))
    return [rows[: len(record.moves)] for rows, record in zip(seen, records, strict=True)]


def _equals_plain_replay(dataset: Dataset, game: Go, records: list[GameRecord]) -> None:
    """`records`: those that were kept, in order."""
    assert [int(n) for n in np.diff(dataset.games["ends"], prepend=0)] == [len(record.moves) for record in records]
    seen = _plain(game, records)
    found = {name: list(dataset.sweep(game, dataset.split(name), 97)) for name in SPLITS if len(dataset.split(name))}
    for name, batches in found.items():
        mine = [records[i] for i in dataset.split(name)]
        moves = [move for record in mine for move in record.moves]
        winners = [record.result.winner for record in mine for _ in record.moves]
        observation, action, outcome, trusted = (np.concatenate(parts) for parts in zip(*batches, strict=True))
        np.testing.assert_array_equal(action, [move.action for move in moves])
        np.testing.assert_array_equal(outcome, [(w or 0) * m.colour for w, m in zip(winners, moves, strict=True)])
        np.testing.assert_array_equal(observation, np.concatenate([seen[i] for i in dataset.split(name)]))
        expected = [
            record.komi is not None and record.result.kind in ("score", "resign", "draw")
            for record in mine
            for _ in record.moves
        ]
        np.testing.assert_array_equal(trusted, expected)


@pytest.mark.parametrize("history", [1, 3])
def test_a_dataset_read_back_equals_plain_replay(tmp_path, history):
    results = [Result(1, "score", 3.5), Result(-1, "resign"), Result(-1, "time"), Result(0, "draw"), Result(1, "win")]
    records = [
        _record(actions, komi=None if i % 7 == 3 else 6.5, result=results[i % 5])
        for i, actions in enumerate(_random_games())
    ]
    dataset = _make(tmp_path, records)
    assert dataset.about["games"] == 60
    assert all(len(dataset.split(name)) > 3 for name in SPLITS)
    _equals_plain_replay(dataset, Go(5, history=history), records)


@pytest.mark.skipif(not OGS.exists(), reason=f"no human games beside the checkout: {OGS} is absent")
def test_a_dataset_of_500_human_games_equals_plain_replay(tmp_path):
    entries = [entry for _, entry in zip(range(500), from_table(OGS, 9), strict=False)]
    about = make_dataset(entries, tmp_path / "ogs", DatasetConfig("go_9x9", least_rank="15k"))
    assert about["games"] + sum(about["skipped"].values()) == 500
    assert about["games"] > 470
    assert set(about["skipped"]) <= {"short", "superko", "duplicate"}
    dataset = Dataset(tmp_path / "ogs")
    kept = [entry.record for entry in entries if 20 <= len(entry.record.moves) <= 162]
    illegal = {line.split(": move")[0] for line in _skipped(tmp_path / "ogs")[1]}
    kept = [entry.record for entry in entries if entry.record in kept and entry.where not in illegal]
    cut = [_cut(record) for record in kept]
    assert [rank_level(record.black.rank) for record in cut] == dataset.games["black_rank"].tolist()
    _equals_plain_replay(dataset, Go(9, history=2), cut)


def _cut(record: GameRecord) -> GameRecord:
    passes = [move.action == record.size**2 for move in record.moves]
    for i in range(1, len(passes)):
        if passes[i] and passes[i - 1]:
            return GameRecord(**{**vars(record), "moves": record.moves[: i + 1]})
    return record


def test_batches_are_drawn_evenly_and_again_from_the_same_seed(tmp_path):
    dataset, game = _make(tmp_path, [_record(actions) for actions in _random_games()]), Go(5, history=2)
    draws = [
        list(dataset.batches(game, dataset.split("train"), 4, 64, np.random.default_rng(seed))) for seed in (0, 0, 1)
    ]
    flat = [np.concatenate([np.concatenate([x.reshape(-1) for x in map(np.asarray, b)]) for b in d]) for d in draws]
    assert (flat[0] == flat[1]).all()
    assert (flat[0] != flat[2]).any()
    plain = list(dataset.batches(game, dataset.split("valid"), 40, 500, np.random.default_rng(0), turn=False))
    whole = next(dataset.sweep(game, dataset.split("valid"), 10**6))
    keys = {row.tobytes(): i for i, row in enumerate(_rows(whole))}
    drawn = np.concatenate([_rows(batch) for batch in plain])
    counts = np.bincount([keys[row.tobytes()] for row in drawn], minlength=len(keys))
    expected = 20_000 / len(whole.action)
    once = np.flatnonzero(np.bincount([keys[row.tobytes()] for row in _rows(whole)], minlength=len(keys)) == 1)
    assert len(once) > 50
    assert (np.abs(counts[once] - expected) < 6 * np.sqrt(expected)).all()


def _rows(batch) -> np.ndarray:
    return np.packbits(batch.observation.reshape(len(batch.action), -1), axis=1)


def test_turned_positions_are_those_of_the_turned_game(tmp_path):
    game, actions = Go(5, history=2), _random_games()[0]
    for number, symmetry in enumerate(game.symmetries()):
        goes_to = np.argsort(symmetry.actions)  # new[a] = old[actions[a]]: the action k goes to where actions is k
        ours = _make(tmp_path / f"plain{number}", [_record(actions)])
        turned = _make(tmp_path / f"turned{number}", [_record(goes_to[actions])])
        where = np.zeros(24, np.int64), np.arange(24)
        one = ours.batch(game, *where, np.full(24, number))
        other = turned.batch(game, *where, np.zeros(24, np.int64))
        for left, right in zip(one, other, strict=True):
            np.testing.assert_array_equal(left, right)


def test_no_game_is_in_two_splits_not_even_turned_or_copied(tmp_path):
    games, symmetries = _random_games(), Go(5).symmetries()
    copies = [np.append(s.actions[actions], [25] * passes) for passes, s in enumerate(symmetries) for actions in games]
    alone, again = _make(tmp_path / "a", map(_record, games)), _make(tmp_path / "b", map(_record, copies))
    assert again.about["games"] == len(games)
    assert again.about["skipped"] == {"duplicate": 7 * len(games)}
    config = DatasetConfig("go_5x5", least_moves=4, valid=0.2, test=0.2)
    split_of = {}
    for dataset in (alone, again, _make(tmp_path / "c", map(_record, copies[::-1]), config)):
        for number, end in enumerate(dataset.games["ends"]):
            begin = dataset.games["ends"][number - 1] if number else 0
            line = Line((), 1, np.asarray(dataset.moves[begin:end]))
            split = int(dataset.games["split"][number])
            assert split_of.setdefault(fingerprint(line, 5), split) == split
    assert len(split_of) == len(games)
    assert set(split_of.values()) == {0, 1, 2}


def test_fingerprints_tell_games_apart():
    line = Line((), 1, np.array([0, 6, 25, 12], np.uint16))
    same = fingerprint(line, 5)
    assert fingerprint(line._replace(actions=np.array([4, 8, 25, 12, 25, 25], np.uint16)), 5) == same
    for actions in ([0, 6, 12], [0, 6, 12, 25], [0, 6, 25, 13], [6, 0, 25, 12], [0, 6, 25, 12, 1]):
        assert fingerprint(line._replace(actions=np.array(actions, np.uint16)), 5) != same
    assert fingerprint(line._replace(handicap=(3,)), 5) != same
    assert fingerprint(line._replace(handicap=(3, 9)), 5) == fingerprint(line._replace(handicap=(9, 3)), 5)


def test_shares_of_the_splits(tmp_path):
    rng = np.random.default_rng(0)
    config = DatasetConfig("go_5x5", least_moves=4, valid=0.1, test=0.3)
    dataset = _make(tmp_path, [_record(rng.permutation(25)[:6]) for _ in range(1500)], config)
    shares = [dataset.about["splits"][name]["games"] / dataset.about["games"] for name in SPLITS]
    np.testing.assert_allclose(shares, [0.6, 0.1, 0.3], atol=0.05)
    assert sum(dataset.about["splits"][name]["positions"] for name in SPLITS) == dataset.about["positions"]


MOVES = (12, 7, 13, 8, 11, 6)
STONES = Setup(0, black=(0, 24))


@pytest.mark.parametrize(
    ("fields", "config", "reason"),
    [
        ({}, {}, ""),
        ({"size": 9}, {}, "another size"),
        ({"black": Player(rank="3k"), "white": Player(rank="5d")}, {"least_rank": "1d"}, "rank"),
        ({"black": Player(rank="3d")}, {"least_rank": "1d"}, "rank"),
        ({"black": Player(rank="1d"), "white": Player(rank="9p")}, {"least_rank": "1d"}, ""),
        ({"white": Player("GNU Go", bot=True)}, {"bots": False}, "bot"),
        ({"white": Player("GNU Go", bot=True)}, {}, ""),
        ({"result": Result(None, "void")}, {}, "result"),
        ({"result": Result()}, {}, "result"),
        ({"result": Result(1, "time")}, {"results": ("score", "resign")}, "result"),
        ({}, {"least_moves": 7}, "short"),
        ({"moves": ()}, {"least_moves": 0}, "short"),
        ({}, {"most_moves": 5}, "long"),
        ({"setups": (Setup(0, white=(3,)),)}, {"most_handicap": 9}, "set-up position"),
        ({"setups": (Setup(2, black=(3,)),)}, {"most_handicap": 9}, "set-up position"),
        ({"setups": (Setup(0, to_play=1),)}, {}, ""),
        ({"setups": (STONES,), "handicap": 2}, {}, "handicap"),
        ({"setups": (STONES,), "handicap": 2}, {"most_handicap": 2}, "colours do not alternate"),
        ({"setups": (STONES,), "handicap": 3}, {"most_handicap": 9}, "handicap without its stones"),
        ({"handicap": 2}, {"most_handicap": 9}, "handicap without its stones"),
        ({"handicap": 1}, {}, ""),
        ({"moves": tuple(Move(1, action) for action in MOVES)}, {}, "colours do not alternate"),
    ],
)
def test_games_that_are_not_taken(fields, config, reason):
    config = DatasetConfig(**({"game": "go_5x5", "least_moves": 4} | config))
    record = _record(MOVES, **fields)
    refused = form_of(config.game).line(record, config)
    assert (refused if isinstance(refused, str) else "") == reason


@pytest.mark.parametrize(
    "fields", [{"least_rank": "2400"}, {"least_rank": "good"}, {"valid": 0.5, "test": 0.5}, {"test": -0.1}]
)
def test_impossible_configurations(fields):
    with pytest.raises(BadConfig, match="got"):
        DatasetConfig(**fields)


def test_what_follows_two_passes_is_cut_off():
    line = line_of(_record([12, 25, 7, 25, 25, 3, 4]), CONFIG)
    assert line.actions.tolist() == [12, 25, 7, 25, 25]


def test_handicap_stones_stand_there_and_white_begins(tmp_path):
    moves = (Move(-1, 6), Move(1, 1), Move(-1, 7), Move(1, 5), Move(-1, 2), Move(1, 11))
    record = _record((), setups=(Setup(0, black=(12, 18)),), handicap=2, moves=moves, result=Result(-1, "resign"))
    dataset = _make(tmp_path, [record], DatasetConfig("go_5x5", least_moves=4, most_handicap=2, valid=0.0, test=0.0))
    batch = next(dataset.sweep(Go(5, history=2), dataset.split("train"), 9))
    assert batch.outcome.tolist() == [1, -1, 1, -1, 1, -1]
    own, other = batch.observation[0, :2].reshape(2, 25)
    assert not own.any()
    assert np.flatnonzero(other).tolist() == [12, 18]
    assert not batch.observation[0, 2:].any()  # no position before; Black does not move
    assert np.flatnonzero(batch.observation[1, 0]).tolist() == [12, 18]
    assert np.flatnonzero(batch.observation[1, 1]).tolist() == [6]
    assert batch.observation[1, 4].all()


def test_broken_files_are_skipped_counted_and_named(tmp_path):
    folder = tmp_path / "games"
    (folder / "deeper").mkdir(parents=True)
    records = [_record(actions) for actions in _random_games()[:8]]
    good = sgf.write([game_tree(record) for record in records[:5]])
    (folder / "a.sgf").write_bytes(good)
    (folder / "b.SGF").write_bytes(good[:100])
    chess, off = b"(;GM[2];B[aa])", b"(;SZ[5]KM[6.5]RE[B+R]\n;B[cc];W[zz])"
    illegal = sgf.write([game_tree(_record(moves)) for moves in ([12, 7, 13, 12, 3], [1, 5, 3, 6, 7, 20, 0, 2, 1])])
    (folder / "deeper" / "c.sgf").write_bytes(chess + sgf.write(map(game_tree, records[5:])) + off)
    (folder / "deeper" / "d.sgf").write_bytes(illegal)
    (folder / "notes.txt").write_text("no game")
    files = sgf_files(folder)
    assert [path.name for path in files] == ["a.sgf", "b.SGF", "c.sgf", "d.sgf"]
    about = make_dataset(from_sgf(files), tmp_path / "made", CONFIG, total=len(files))
    assert about["games"] == 8
    skipped, lines = _skipped(tmp_path / "made")
    assert skipped == {"broken": 3, "illegal": 1, "superko": 1}
    assert lines[0].startswith(f"{folder / 'b.SGF'}:2:")
    assert lines[1].endswith("c.sgf:1:5: got GM[2]; only Go, GM[1], is read.")
    assert "c.sgf:" in lines[2]
    assert "W[zz], which is not on the board" in lines[2]
    assert lines[3].endswith("d.sgf, game 1: move 4, C3, is illegal: a stone stands there already.")
    assert lines[4].endswith("d.sgf, game 2: move 9, B5, is illegal: it brings back the position before move 7.")
    _equals_plain_replay(Dataset(tmp_path / "made"), Go(5, history=1), records)


def test_a_dataset_is_whole_or_not_there(tmp_path, monkeypatch):
    records = [_record(actions) for actions in _random_games()[:8]]

    def stopped():
        yield from _entries(records)
        raise KeyboardInterrupt

    monkeypatch.setattr(dataset_module, "_AT_ONCE", 4)
    with pytest.raises(KeyboardInterrupt):
        make_dataset(stopped(), tmp_path / "made", CONFIG)
    with pytest.raises(BadConfig, match=r"no game is left .* skipped: another size 8"):
        make_dataset(_entries(records), tmp_path / "made", DatasetConfig("go_9x9"))

    def full(*_):
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as disk:
        disk.setattr(store.os, "fsync", full)
        with pytest.raises(BadRun, match="No space left on device; make room"):
            make_dataset(_entries(records), tmp_path / "made", CONFIG)
    assert list(tmp_path.iterdir()) == []
    make_dataset(_entries(records), tmp_path / "made", CONFIG)
    before = (tmp_path / "made" / "about.json").read_bytes()
    with pytest.raises(BadConfig, match="exists already"):
        make_dataset(_entries(records[:2]), tmp_path / "made", CONFIG)
    assert (tmp_path / "made" / "about.json").read_bytes() == before
    assert [path.name for path in tmp_path.iterdir()] == ["made"]


def test_games_in_several_groups_are_the_same_dataset(tmp_path, monkeypatch):
    records = [_record(actions[: 6 + i % 19]) for i, actions in enumerate(_random_games())]
    _make(tmp_path / "one", records)
    monkeypatch.setattr(dataset_module, "_AT_ONCE", 7)
    _make(tmp_path / "many", records)
    for name in ("about.json", "moves.npy", "positions.npy", "games.npz", "skipped.txt"):
        one, many = ((tmp_path / kind / "made" / name).read_bytes() for kind in ("one", "many"))
        assert one == many or name == "games.npz", name  # a zip file holds the time
    _equals_plain_replay(Dataset(tmp_path / "many" / "made"), Go(5, history=2), records)


@pytest.mark.parametrize("name", ["about.json", "moves.npy", "positions.npy", "games.npz"])
def test_broken_datasets_are_refused(tmp_path, name):
    _make(tmp_path, [_record(actions) for actions in _random_games()[:3]])
    path = tmp_path / "made" / name
    whole = path.read_bytes()
    path.write_bytes(whole[: len(whole) - 30])
    with pytest.raises(BadRun, match="make the dataset again"):
        Dataset(tmp_path / "made")
    path.unlink()
    with pytest.raises(BadRun, match=f"holds no dataset: no {name}"):
        Dataset(tmp_path / "made")


def test_datasets_of_others_are_refused(tmp_path):
    dataset = _make(tmp_path, [_record(_random_games()[0])])
    only = SPLITS[int(dataset.games["split"][0])]
    (empty, *_) = (name for name in SPLITS if name != only)
    rng = np.random.default_rng(0)
    for game, split, message in (
        (Go(9), only, "it has no positions of go_9x9"),
        (Go(5), empty, "no game is left to draw from"),
        (Go(5), "dev", "no split 'dev'; there are: train, valid, test"),
    ):
        with pytest.raises(BadConfig, match=message):
            next(dataset.batches(game, dataset.split(split), 1, 8, rng))
    about = {**dataset.about, "format": 99}
    (tmp_path / "made" / "about.json").write_text(json.dumps(about))
    with pytest.raises(BadRun, match="upgrade move37"):
        Dataset(tmp_path / "made")
    (tmp_path / "made" / "about.json").write_text(json.dumps({**about, "format": 1, "positions": 7}))
    with pytest.raises(BadRun, match="disagree"):
        Dataset(tmp_path / "made")


def test_the_code_on_the_page_runs(tmp_path):
    _make(tmp_path, [_record(actions) for actions in _random_games()])
    (code,) = re.findall(
        r"```python\n(.*?)```", (Path(__file__).parents[2] / "docs" / "data.md").read_text(), re.DOTALL
    )
    names = {"folder": tmp_path / "made"}
    exec(compile(code, "docs/data.md", "exec"), names)
    assert names["batch"].observation.shape[1:] == (9, 5, 5)


def test_a_long_run_shows_how_far_it_got(tmp_path, monkeypatch):
    for quiet, shown in ((60.0, False), (0.0, True)):
        console = Console(file=(tmp_path / f"{quiet}").open("w+"), force_terminal=True, width=80)
        monkeypatch.setattr(dataset_module, "_QUIET", quiet)
        records = [_record(actions) for actions in _random_games()[:8]]
        make_dataset(_entries(records), tmp_path / f"made{quiet}", CONFIG, total=8, console=console)
        console.file.seek(0)
        assert ("8 games read" in console.file.read()) == shown
        console.file.close()
