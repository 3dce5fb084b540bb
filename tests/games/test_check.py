"""Every game keeps the protocol; a toy game with one fault each does not, and the message names the fault."""

import itertools
import time
from dataclasses import dataclass

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from move37 import games
from move37.core.errors import GameContract
from move37.core.types import Symmetry
from move37.games import check_play
from move37.games.check import check
from move37.games.tic_tac_toe import State, TicTacToe

# The same classes as games that stay in: on larger boards, with drawn starts.
SLOW = {"chess960", "go_19x19", "hex_11x11", "othello_8x8"}
WHOLE = {"chess", "shogi", "game_2048", "go_9x9", "othello_6x6"}
MARKS = dict.fromkeys(SLOW, pytest.mark.slow) | dict.fromkeys(WHOLE, pytest.mark.whole)
NAMES = [pytest.param(name, marks=MARKS.get(name, ())) for name in games.names()]


@pytest.mark.parametrize("name", NAMES)
def test_every_game_keeps_the_protocol(name):
    check(games.make(name), num_games=8)


CALLS = itertools.count()


def toy(**methods):
    """Tic-tac-toe with some methods or attributes replaced. A replaced method gets the sound game for `self`."""
    sound = TicTacToe()
    bound = {k: _method(v, sound) if callable(v) else v for k, v in methods.items()}
    return dataclass(frozen=True)(type("Toy", (TicTacToe,), bound))()


def _method(function, sound):
    return lambda self, *args: function(sound, *args)


def stepping(change):
    """A `step` whose result is changed: `change(state before, step)`."""
    return lambda sound, state, action: change(state, sound.step(state, action))


def impure(_state, step):
    """The board's first point depends on how often the host was called."""
    noise = jax.pure_callback(lambda _: np.int8(next(CALLS) % 7), jnp.int8(0), step.reward, vmap_method="sequential")
    return step._replace(state=step.state._replace(board=step.state.board.at[0].set(noise)))


@jax.custom_batching.custom_vmap
def _flag(x):
    return x


@_flag.def_vmap
def _(_axis_size, in_batched, x):
    return x + 1, in_batched[0]


def refuse(x):
    raise RuntimeError(f"an illegal action was played: {x}")


def complain(state, action):
    """Raises on the host when a taken point is played."""
    taken = state.board[action] != 0
    call = lambda: jax.pure_callback(refuse, jnp.int8(0), taken, vmap_method="sequential")  # noqa: E731
    return jax.lax.cond(taken, call, lambda: jnp.int8(0))


def spin(state, action):
    """Loops for many seconds when a taken point is played."""
    end = jnp.where(state.board[action] != 0, 400_000_000, 0)
    return (jax.lax.while_loop(lambda i: i < end, lambda i: i + 1, 0) < 0).astype(jnp.int8)


def identity_then(*others):
    return lambda sound: (TicTacToe().symmetries()[0], *others)


def mapped(points, actions):
    return Symmetry(np.array(points), np.array(actions))


TURNED = TicTacToe().symmetries()[1]

FAULTS = {
    "name": ({"name": "Tic Tac Toe"}, "name 'Tic Tac Toe'"),
    "players": ({"num_players": 3}, "num_players 3"),
    "num_actions": ({"num_actions": 0}, "num_actions 0"),
    "observation_shape": ({"observation_shape": (9,)}, "observation_shape"),
    "hash": ({"__hash__": None}, "hash"),
    "equality": ({"__eq__": lambda _, other: False, "__hash__": lambda _: 1}, "differs from its copy"),
    "python number in the state": (
        {"init": lambda _, key: State(jnp.zeros(9, jnp.int8), 1)},
        r"int in the state\.player",
    ),
    "if on a traced value": (
        {"step": lambda sound, state, action: sound.step(state, action if action > 0 else action + 1)},
        "inside step",
    ),
    "no Step": ({"step": lambda sound, *a: tuple(sound.step(*a))}, "tuple from step"),
    "another structure": ({"step": stepping(lambda _, s: s._replace(state=tuple(s.state)))}, "from step"),
    "another dtype": (
        {"step": stepping(lambda _, s: s._replace(state=s.state._replace(player=s.state.player.astype(jnp.int16))))},
        r"int16\[\] in state\.player after step",
    ),
    "another shape": (
        {"step": stepping(lambda _, s: s._replace(state=s.state._replace(board=s.state.board[:8])))},
        r"int8\[8\] in state\.board after step",
    ),
    "weak type": (
        {"step": stepping(lambda _, s: s._replace(state=s.state._replace(player=jnp.asarray(1))))},
        r"weakly typed int32 in state\.player after step",
    ),
    "reward dtype": ({"step": stepping(lambda _, s: s._replace(reward=s.reward > 0))}, "reward of step"),
    "discount shape": ({"step": stepping(lambda _, s: s._replace(discount=s.discount[None]))}, "discount of step"),
    "legal dtype": ({"legal": lambda sound, s: sound.legal(s).astype(jnp.int8)}, "int8 from legal"),
    "legal shape": ({"legal": lambda sound, s: sound.legal(s)[:8]}, "from legal"),
    "observation shape": ({"observe": lambda sound, s: sound.observe(s)[:1]}, "from observe"),
    "to_play dtype": ({"to_play": lambda sound, s: sound.to_play(s) > 0}, "from to_play"),
    "format not a text": ({"format_action": lambda _, a: a}, r"from format_action\(0\)"),
    "parse is no inverse": ({"parse_action": lambda _, text: 0}, "from parse_action"),
    "two actions, one text": ({"format_action": lambda _, a: "here"}, "from parse_action"),
    "parse refuses": ({"parse_action": lambda _, text: int(text)}, "ValueError"),
    "parse accepts nonsense": (
        {"parse_action": lambda sound, text: sound.parse_action(text) if len(text) == 2 else 0},
        "no such action",
    ),
    "parse raises KeyError": (
        {"parse_action": lambda sound, text: {sound.format_action(a): a for a in range(9)}[text]},
        "'KeyError' from",
    ),
    "no symmetries": ({"symmetries": lambda _: ()}, "no symmetries"),
    "identity not first": ({"symmetries": lambda sound: sound.symmetries()[::-1]}, "symmetry 0 that moves points"),
    "no permutation": (
        {"symmetries": identity_then(mapped(np.zeros(9, int), np.arange(9)))},
        "points of symmetry 1 that are no permutation",
    ),
    "actions in the wrong direction": (
        {"symmetries": identity_then(mapped(TURNED.points, np.argsort(TURNED.actions)))},
        "that differs under symmetry 1",
    ),
    "rules without that symmetry": (
        {"symmetries": identity_then(mapped([1, 0, *range(2, 9)], [1, 0, *range(2, 9)]))},
        "reward or discount that differs under symmetry 1",
    ),
    "legal without that symmetry": (
        {"legal": lambda sound, s: sound.legal(s) & ((jnp.arange(9) > 0) | (s.board != 0).all() | (s.board[1] != 0))},
        "legal that differs under symmetry",
    ),
    "illegal actions raise": (
        {"step": lambda sound, s, a: _add(sound.step(s, a), complain(s, a))},
        "from step on a finished state or an illegal action",
    ),
    "no legal action": ({"legal": lambda sound, s: sound.legal(s) & (s.board[4] == 0)}, "no legal action"),
    "more legal actions than it says": ({"max_num_legal": 8}, "legal actions 9 "),
    "infinite reward": ({"step": stepping(lambda s, x: x._replace(reward=1 / (x.discount + 1)))}, "reward inf"),
    "infinite observation": (
        {
            "observe": lambda sound, s: jnp.where(
                sound.observe(s)[1:].any(), jnp.nan, sound.observe(s).astype(jnp.float32)
            )
        },
        "observation that is not finite",
    ),
    "discount out of range": ({"step": stepping(lambda _, x: x._replace(discount=2 * x.discount))}, "discount -2"),
    "an opponent in a world of one": ({"num_players": 1}, "discount -1"),
    "mover out of range": ({"to_play": lambda sound, s: sound.to_play(s) + 1}, "to_play 2"),
    "discount −1, same mover": ({"to_play": lambda sound, s: jnp.int32(0)}, "discount −1, and the same player"),
    "discount 1, other mover": (
        {"step": stepping(lambda _, x: x._replace(discount=jnp.abs(x.discount)))},
        "another player next, and discount 1",
    ),
    "too long": ({"max_num_moves": 6}, "goes on after 6 actions"),
    "endless": ({"step": stepping(lambda _, x: x._replace(discount=jnp.float32(-1)))}, "no legal action|goes on"),
    "impure": ({"step": stepping(impure)}, "two runs of the same moves"),
    "other result under vmap": (
        {"observe": lambda sound, s: sound.observe(s)[:, ::-1] ^ (_flag(s.player) != s.player)},
        "observation in a game alone and the same game under vmap",
    ),
    "np.random": (
        {"init": lambda sound, key: State(jnp.array(np.random.permutation(9) < 2, jnp.int8), jnp.int8(1))},  # noqa: NPY002
        "in a game alone and the same game under vmap|differs under symmetry",  # by chance either is seen first
    ),
    "render": ({"render": lambda _, state: " "}, "from render"),
}


def _add(step, zero):
    return step._replace(state=step.state._replace(player=step.state.player + zero))


@pytest.mark.parametrize("fault", FAULTS)
def test_a_fault_is_named(fault):
    methods, message = FAULTS[fault]
    with pytest.raises(GameContract, match=message) as caught:
        check(toy(**methods), num_games=8)
    assert "got " in str(caught.value)
    assert "allowed: " in str(caught.value)


def test_a_class_is_no_game():
    with pytest.raises(GameContract, match="instance of Game"):
        check(TicTacToe)


def test_a_step_that_does_not_return(monkeypatch):
    monkeypatch.setattr(check_play, "STEP_LIMIT", 0.05)
    begin = time.monotonic()
    with pytest.raises(GameContract, match="no return within"):
        check(toy(step=lambda sound, s, a: _add(sound.step(s, a), spin(s, a))))
    assert time.monotonic() - begin < 30
