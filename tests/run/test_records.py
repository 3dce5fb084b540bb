"""Games on disk: what was played replays exactly, and what is no record is named with its line."""

import json

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from move37.core.episode import Episode
from move37.core.errors import BadRun
from move37.games import make
from move37.run.records import read_games, states_of, write_games


def _played(game, seed, opening):
    """(an episode of random play whose first `opening` moves are its opening, every state of it)."""
    rng, init_key = np.random.default_rng(seed), np.array([seed, 2**32 - 1 - seed], np.uint32)
    states, rows, moves = [game.init(jax.random.wrap_key_data(jnp.asarray(init_key)))], [], []
    step, legal = jax.jit(game.step), jax.jit(game.legal)
    while not rows or rows[-1][1] != 0:
        action = int(rng.choice(np.flatnonzero(np.asarray(legal(states[-1])))))
        after = step(states[-1], jnp.int32(action))
        moves.append(action)
        rows.append((float(after.reward), float(after.discount)))
        states.append(after.state)
    reward, discount = (np.array([row[i] for row in rows[opening:]], np.float32) for i in (0, 1))
    count, actions = len(reward), np.array(moves, np.int32)
    episode = Episode(
        observation=np.zeros((count, *game.observation_shape), bool),
        action=actions[opening:],
        action_weights=np.zeros((count, game.num_actions), np.float32),
        root_value=np.linspace(-1, 1, count, dtype=np.float32),
        reward=reward,
        discount=discount,
        full=np.ones(count, bool),
        init_key=init_key,
        opening=actions[:opening],
    )
    return episode, states


@pytest.mark.parametrize(("name", "opening"), [("tic_tac_toe", 0), ("tic_tac_toe", 3), ("catch", 2), ("hex_3x3", 1)])
def test_records_replay_exactly(tmp_path, name, opening):
    game = make(name)
    played = [_played(game, seed, opening) for seed in range(4)]
    write_games(tmp_path / "000004.jsonl", game, 4, [episode for episode, _ in played])
    records = list(read_games(tmp_path / "000004.jsonl"))
    assert len(records) == 4
    for record, (episode, states) in zip(records, played, strict=True):
        assert (record["game"], record["iteration"]) == (game.name, 4)
        assert (record["opening"], record["actions"]) == (episode.opening.tolist(), episode.action.tolist())
        assert record["rewards"] == episode.reward.tolist()
        np.testing.assert_allclose(record["root_values"], episode.root_value, atol=5e-5)
        again = list(states_of(game, record))
        assert len(again) == len(states)
        for one, two in zip(jax.tree.leaves(again), jax.tree.leaves(states), strict=True):
            np.testing.assert_array_equal(one, two)


@pytest.mark.parametrize(
    ("reward", "discount", "wanted"),
    [
        ([0, 0, 1], [-1, -1, 0], 1.0),  # the one who moves first wins with its second move
        ([0, 1], [-1, 0], -1.0),  # its opponent wins
        ([0, 0], [-1, 0], 0.0),
        ([1, 2], [0.5, 0], 2.0),  # a game for one
        ([0, 0, 0, 1], [-1, 1, -1, 0], 1.0),  # the opponent moves twice
    ],
)
def test_the_result_is_the_return_of_the_first_mover_by_hand(tmp_path, reward, discount, wanted):
    count = len(reward)
    episode = Episode(
        np.zeros((count, 1, 1, 1)),
        np.zeros(count, int),
        np.zeros((count, 9)),
        np.zeros(count),
        np.array(reward, float),
        np.array(discount, float),
        np.ones(count, bool),
        np.zeros(2, np.uint32),
        np.zeros(0, int),
    )
    write_games(tmp_path / "1.jsonl", make("tic_tac_toe"), 1, [episode])
    assert next(read_games(tmp_path / "1.jsonl"))["result"] == wanted


def test_no_game_no_file(tmp_path):
    write_games(tmp_path / "000001.jsonl", make("tic_tac_toe"), 1, [])
    assert list(tmp_path.iterdir()) == []


GOOD = json.dumps({"opening": [1], "actions": [2, 3]}) + "\n"


@pytest.mark.parametrize("bad", ["{", "3", "[]", "{}", '{"opening": [], "actions": 3}', ""])
def test_a_line_that_is_none_is_named(tmp_path, bad):
    path = tmp_path / "games.jsonl"
    path.write_text(f"{GOOD}{bad}\n{GOOD}")
    games = read_games(path)
    assert next(games)["moves"] == [1, 2, 3]
    with pytest.raises(BadRun, match=r"games\.jsonl:2: no game record"):
        next(games)


def test_a_file_that_cannot_be_read_is_named(tmp_path):
    (tmp_path / "picture").write_bytes(b"\x89PNG\xff")
    for name in ("picture", "nowhere", "."):
        with pytest.raises(BadRun, match="cannot read"):
            list(read_games(tmp_path / name))
