"""Players: uniform, greedy, playouts, nets and the solver, each against something that knows better."""

import sys
from functools import cache

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from move37.core.errors import MissingExtra, UnknownName
from move37.core.types import take
from move37.games import make, solved
from move37.nets.policy_value import NetConfig, PolicyValue
from move37.play.players import NetPlayer, Player, basic_player, is_basic

GAME = make("tic_tac_toe")


def _after(game, lines):
    """A batch of the states after lines of moves."""
    longest = max(map(len, lines))
    return solved.replay(game, np.array([[*line, *[-1] * (longest - len(line))] for line in lines], np.int32))


@cache
def _mcts():
    return basic_player("mcts:200", GAME)


def test_random_play_is_uniform_over_the_legal_moves():
    player, states = basic_player("random", GAME), take(_after(GAME, [(4, 0, 8)]), np.zeros(6000, int))
    counts = np.bincount(player.choose(states, jax.random.key(0)), minlength=9)
    assert counts[[4, 0, 8]].sum() == 0
    assert abs(counts[[1, 2, 3, 5, 6, 7]] - 1000).max() < 4 * (6000 / 6) ** 0.5
    again = player.choose(states, jax.random.key(0))
    assert np.bincount(again, minlength=9).tolist() == counts.tolist()
    assert (player.choose(states, jax.random.key(1)) != again).any()


def _flips(board, player, point):
    """Stones that a move at a point turns, by walking the rays: an independent count."""
    size, total = len(board), 0
    for dy in (-1, 0, 1):
        for dx in (-1, 0, 1):
            y, x, run = point // size + dy, point % size + dx, 0
            while (dy or dx) and 0 <= y < size and 0 <= x < size and board[y][x] == -player:
                y, x, run = y + dy, x + dx, run + 1
            total += run if 0 <= y < size and 0 <= x < size and board[y][x] == player else 0
    return total


def test_greedy_takes_the_most_stones_and_draws_lots_among_equals():
    game = make("othello_4x4")
    greedy, random = basic_player("greedy", game), basic_player("random", game)
    states, step = jax.vmap(game.init)(jax.random.split(jax.random.key(0), 32)), jax.jit(jax.vmap(game.step))
    legal = jax.jit(jax.vmap(game.legal))
    assert len(set(greedy.choose(states, jax.random.key(9)).tolist())) == 4
    several = 0
    for t in range(5):
        actions = greedy.choose(states, jax.random.key(t))
        boards, players = np.asarray(states.board).reshape(-1, 4, 4).tolist(), np.asarray(states.player).tolist()
        for board, player, allowed, action in zip(boards, players, np.asarray(legal(states)), actions, strict=True):
            if not allowed[16]:  # where it must pass there is no choice
                gain = {a: _flips(board, player, a) for a in np.flatnonzero(allowed).tolist()}
                assert gain[int(action)] == max(gain.values()), (board, gain)
                several += sum(g == max(gain.values()) for g in gain.values()) > 1
        states = step(states, jnp.asarray(random.choose(states, jax.random.key(t)), jnp.int32)).state
    assert several > 10


def test_playouts_win_in_one_and_block_for_both_sides():
    wins = [(0, 3, 1, 4), (8, 0, 7, 1, 3)]  # the first player completes a1 b1 c1, then the second
    blocks = [(0, 4, 8, 1), (0, 8, 1)]  # the first player must stop b1 b2 b3, then the second a1 b1 c1
    assert _mcts().choose(_after(GAME, wins + blocks), jax.random.key(0)).tolist() == [2, 2, 7, 2]


def test_playouts_keep_most_results_and_draw_anew_with_another_key():
    positions = solved.load(GAME)
    rows = np.random.default_rng(0).choice(len(positions.depth), 200, replace=False)
    states = take(positions.states, rows)
    actions = _mcts().choose(states, jax.random.key(0))
    values = positions.values[rows]
    kept = values[np.arange(200), actions] == values.max(axis=1)
    assert kept.mean() > 0.97 > positions.chance + 0.2
    assert (actions == _mcts().choose(states, jax.random.key(0))).all()
    assert (actions != _mcts().choose(states, jax.random.key(1))).any()


@cache
def _net():
    net = PolicyValue(GAME, NetConfig(1, 8), key=jax.random.key(0))
    rng = np.random.default_rng(0)
    return jax.tree.map(lambda x: jnp.asarray(rng.normal(0, 0.5, x.shape), jnp.float32), net)


def test_a_net_alone_plays_its_first_legal_choice_and_needs_no_key():
    positions = solved.load(GAME)
    states = take(positions.states, np.arange(0, 400, 2))
    actions = NetPlayer("n", GAME, _net(), 0).choose(states, jax.random.key(0))
    logits, _ = _net()(jax.vmap(GAME.observe)(states))
    wanted = np.where(np.asarray(jax.vmap(GAME.legal)(states)), logits, -np.inf).argmax(axis=1)
    assert (actions == wanted).all()
    assert (wanted != np.asarray(logits).argmax(axis=1)).any()


def test_a_net_with_search_plays_what_it_thinks_and_sees_a_win():
    player = NetPlayer("n", GAME, _net(), 64)
    states = _after(GAME, [(0, 3, 1, 4), (8, 0, 7, 1, 3)])
    result = player.think(states)
    assert player.choose(states, jax.random.key(0)).tolist() == np.asarray(result.action).tolist() == [2, 2]
    assert np.asarray(result.q_values)[:, 2].tolist() == [1, 1]


def test_finished_games_in_the_batch_disturb_nobody():
    states = _after(GAME, [(0, 3, 1, 4, 2), (0, 3, 1, 4)])  # the first is won
    for player in (basic_player("random", GAME), _mcts(), NetPlayer("n", GAME, _net(), 0)):
        both, alone = player.choose(states, jax.random.key(0)), take(states, np.array([1]))
        assert both.shape == (2,)
        assert bool(GAME.legal(take(alone, 0))[both[1]])
    assert _mcts().choose(states, jax.random.key(0))[1] == 2


def test_the_solver_keeps_every_result_for_both_sides():
    pytest.importorskip("bitbully")
    game = make("connect_four")
    positions, player = solved.load(game), basic_player("solver", game)
    rows = np.concatenate([np.flatnonzero(positions.depth == d)[:12] for d in range(1, len(positions.depths))])
    states = take(positions.states, rows)
    actions = player.choose(states, jax.random.key(0))
    values = positions.values[rows]
    assert (values[np.arange(len(rows)), actions] == values.max(axis=1)).all()
    assert set(np.asarray(jax.vmap(game.to_play)(states)).tolist()) == {0, 1}


def test_names_and_what_is_none():
    assert [is_basic(name) for name in ("random", "greedy", "solver", "mcts:5", "mcts", "run", "random@3")] == [
        *[True] * 4,
        *[False] * 3,
    ]
    for name in ("random", "mcts:7"):
        player = basic_player(name, GAME)
        assert player.name == name
        assert isinstance(player, Player)
    for name, says in {
        "greedy": "counts material",
        "solver": "no solver for",
        "mcts:": "no player",
        "x": "no player",
    }.items():
        with pytest.raises(UnknownName, match=says):
            basic_player(name, GAME)


def test_without_bitbully_it_is_told_how_to_get_it(monkeypatch):
    monkeypatch.setitem(sys.modules, "bitbully", None)
    with pytest.raises(MissingExtra, match=r"pip install 'move37\[solver\]'"):
        basic_player("solver", make("connect_four"))
