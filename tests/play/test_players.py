"""Players as either colour: wins are taken, threats are answered, and unknown names are explained."""

import sys

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from move37.core.errors import BadConfig, MissingExtra, UnknownName
from move37.games import make
from move37.nets.policy_value import NetConfig, PolicyValue
from move37.play.players import NetPlayer, Player, basic_player, is_basic

# moves from the start, then the only right one
TACTICS = {
    "tic_tac_toe": {
        "the first player wins": ([0, 3, 1, 4], 2),
        "the second player wins": ([0, 3, 1, 4, 8], 5),
        "the first player blocks": ([3, 0, 7, 1], 2),
        "the second player blocks": ([0, 3, 1], 2),
    },
    "connect_four": {
        "the first player wins": ([3, 0, 3, 0, 3, 0], 3),
        "the second player wins": ([3, 0, 3, 0, 6, 0, 6], 0),
        "the first player blocks": ([0, 3, 6, 3, 0, 3], 3),
        "the second player blocks": ([3, 0, 3, 6, 3], 3),
        "the first player wins in a row": ([2, 2, 3, 3, 4, 4, 0, 0], 1),
    },
}


def _net(game):
    """An untrained net: what is found is found by search."""
    return PolicyValue(game, NetConfig(0, 4), key=jax.random.key(0))


def _after(game, lines):
    """The states after several lines of moves, stacked."""
    step, states = jax.jit(game.step), []
    for moves in lines:
        state = game.init(jax.random.key(0))
        for action in moves:
            after = step(state, jnp.int32(action))
            assert float(after.discount) != 0
            state = after.state
        states.append(state)
    return jax.tree.map(lambda *rows: np.stack(rows), *states)


@pytest.mark.parametrize(
    ("name", "make_player"),
    [
        ("tic_tac_toe", lambda game: basic_player("mcts:200", game)),
        ("tic_tac_toe", lambda game: NetPlayer("net", game, _net(game), 64)),
        ("connect_four", lambda game: basic_player("mcts:200", game)),
        ("connect_four", lambda game: NetPlayer("net", game, _net(game), 64)),
        ("connect_four", lambda game: basic_player("solver", game)),
    ],
    ids=["mcts", "net", "mcts, connect four", "net, connect four", "solver"],
)
def test_players_take_a_win_and_answer_a_threat_as_either_colour(name, make_player):
    game = make(name)
    player = make_player(game)
    assert isinstance(player, Player)
    lines, wanted = zip(*TACTICS[name].values(), strict=True)
    chosen = player.choose(_after(game, lines), jax.random.key(1))
    assert dict(zip(TACTICS[name], chosen.tolist(), strict=True)) == dict(zip(TACTICS[name], wanted, strict=True))


def test_random_play_is_uniform_over_the_legal_moves_and_follows_the_key():
    game = make("tic_tac_toe")
    states = jax.tree.map(lambda x: np.repeat(x, 3000, axis=0), _after(game, [[0, 4, 8]]))
    player = basic_player("random", game)
    one, same, other = (player.choose(states, jax.random.key(seed)) for seed in (1, 1, 2))
    counts = np.bincount(one, minlength=9)
    assert set(np.flatnonzero(counts)) == {1, 2, 3, 5, 6, 7}
    assert np.abs(counts[counts > 0] - 500).max() < 90  # four standard deviations
    assert (one == same).all()
    assert (one != other).any()


def test_the_greedy_player_takes_the_most_material():
    game, rng = make("othello_6x6"), np.random.default_rng(0)
    step, legal, material = jax.jit(game.step), jax.jit(game.legal), jax.jit(game.material)
    lines = []
    for length in (0, 3, 7, 12, 18, 24, 28):
        state, moves = game.init(jax.random.key(0)), []
        while len(moves) < length:
            moves.append(int(rng.choice(np.flatnonzero(legal(state)))))
            state = step(state, jnp.int32(moves[-1])).state
        lines.append(moves)
    states = _after(game, lines)
    chosen = basic_player("greedy", game).choose(states, jax.random.key(0))
    for i, action in enumerate(chosen.tolist()):
        state = jax.tree.map(lambda x, row=i: x[row], states)
        gains = {}
        for a in np.flatnonzero(legal(state)).tolist():
            after = step(state, jnp.int32(a))
            ended = float(after.discount) == 0
            gains[a] = 1000 * float(after.reward) if ended else float(after.discount) * float(material(after.state))
        assert gains[action] == max(gains.values())


def test_the_net_alone_plays_its_likeliest_legal_move():
    game = make("tic_tac_toe")
    net = _net(game)
    states = _after(game, [[], [4], [0, 1, 2, 4]])
    logits = np.asarray(net(jax.vmap(game.observe)(states))[0])
    wanted = np.where(states.board == 0, logits, -np.inf).argmax(axis=1)
    np.testing.assert_array_equal(NetPlayer("net", game, net, 0).choose(states, jax.random.key(0)), wanted)


def test_finished_games_in_a_batch_disturb_nobody():
    game = make("tic_tac_toe")
    states = _after(game, [[0, 3, 1, 4], [0, 3, 1, 4]])
    over = jax.jit(game.step)(jax.tree.map(lambda x: x[0], states), jnp.int32(2)).state
    states = jax.tree.map(lambda rows, x: np.stack([rows[0], x]), states, over)
    for player in (basic_player("mcts:50", game), NetPlayer("net", game, _net(game), 16)):
        assert player.choose(states, jax.random.key(0))[0] == 2


@pytest.mark.parametrize(
    ("spec", "game", "error", "text"),
    [
        ("nobody", "tic_tac_toe", UnknownName, "no player 'nobody'; there are: random, greedy, solver, mcts:PLAYOUTS"),
        ("mcts:", "tic_tac_toe", UnknownName, "no player 'mcts:'"),
        ("mcts:many", "tic_tac_toe", UnknownName, "no player 'mcts:many'"),
        ("mcts:-5", "tic_tac_toe", UnknownName, "no player 'mcts:-5'"),
        ("mcts:0", "tic_tac_toe", BadConfig, "num_simulations is 0"),
        ("greedy", "tic_tac_toe", UnknownName, "tic_tac_toe has no material"),
        ("solver", "tic_tac_toe", UnknownName, "no solver for tic_tac_toe; solvers: connect_four"),
        ("solver", "connect_four", MissingExtra, "pip install 'move37.solver.'"),
    ],
)
def test_players_that_there_are_not_are_explained(spec, game, error, text, monkeypatch):
    monkeypatch.setitem(sys.modules, "bitbully", None)  # as if it were not installed
    with pytest.raises(error, match=text):
        basic_player(spec, make(game))


def test_basic_names_are_told_from_runs():
    assert all(is_basic(spec) for spec in ("random", "greedy", "solver", "mcts:100"))
    assert not any(is_basic(spec) for spec in ("my-run", "my-run@10", "mcts", "Random"))
    assert basic_player("mcts:7", make("tic_tac_toe")).name == "mcts:7"
