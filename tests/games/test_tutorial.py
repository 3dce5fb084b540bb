"""The tutorial's game is a game, and Bouton's theorem says who wins it: the mover, unless the heaps' xor is 0."""

from functools import cache
from itertools import product
from pathlib import Path

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from move37 import games
from move37.core.errors import BadConfig
from move37.games.check import check

FOLDER = Path(__file__).parents[2] / "docs" / "tutorials"
NIM = f"{FOLDER / 'nim.py'}:Nim"


def test_it_keeps_the_protocol():
    check(games.make(NIM))


def test_minimax_over_its_rules_is_boutons_theorem():
    game = games.make(NIM)
    heaps = np.array(list(product(range(4), range(5), range(6)))[1:], np.int8)  # all positions that go on
    start = game.init(jax.random.key(0))
    states = start._replace(heaps=jnp.array(heaps), player=jnp.zeros(len(heaps), jnp.int8))
    legal = np.asarray(jax.vmap(game.legal)(states))
    step = jax.vmap(jax.vmap(game.step, (None, 0)), (0, None))(states, jnp.arange(game.num_actions))
    reward, after = np.asarray(step.reward), np.asarray(step.state.heaps)
    row = {tuple(h): i for i, h in enumerate(heaps.tolist())}

    @cache
    def value(position: tuple[int, ...]) -> float:
        i = row[position]
        actions = np.flatnonzero(legal[i])
        return max(1.0 if reward[i, a] else -value(tuple(after[i, a].tolist())) for a in actions)

    for position in row:
        assert value(position) == (1.0 if position[0] ^ position[1] ^ position[2] else -1.0)


def test_actions_as_people_write_them():
    game = games.make(NIM)
    state = game.step(game.init(jax.random.key(0)), jnp.int32(game.parse_action("B3"))).state
    assert game.render(state) == "a |||\nb |\nc |||||"


def test_two_games_of_one_file_are_one_game():
    assert games.make(NIM) == games.make(NIM)
    assert hash(games.make(NIM)) == hash(games.make(NIM))


@pytest.mark.parametrize(
    ("text", "name", "message"),
    [
        ("import move37.no_such_module", "Nim", "cannot be loaded: ModuleNotFoundError"),
        ("class Nim:", "Nim", "cannot be loaded: IndentationError"),
        ("x = 1", "Nim", "has no game 'Nim'; games in it: none"),
        ("from move37.games.deep_sea import DeepSea", "Nim", "games in it: DeepSea"),
        ("from move37.games.pgx_adapter import PgxGame", "PgxGame", "cannot be made without arguments"),
    ],
)
def test_a_file_that_is_no_game_is_named(tmp_path, text, name, message):
    (tmp_path / "mine.py").write_text(text)
    with pytest.raises(BadConfig, match=message):
        games.make(f"{tmp_path / 'mine.py'}:{name}")
    with pytest.raises(BadConfig, match="no file"):
        games.make(f"{tmp_path / 'yours.py'}:{name}")


def test_the_page_shows_the_file():
    assert (FOLDER / "nim.py").read_text() in (FOLDER / "custom_game.md").read_text()
