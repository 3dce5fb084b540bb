"""A conformance test for anyone's game: `check(game)` plays random games and names the first promise that is broken.

The promises are those of `core.types.Game`. What random play cannot show is not checked: whether a reward has the right
sign, and whether the rules are the rules that were meant.
"""

import copy
import re
from collections.abc import Callable
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float, Key

from move37.core.types import Game, State, Step, take
from move37.games.check_play import (
    Record,
    check_records,
    check_returns,
    check_same,
    check_symmetries,
    fault,
    random_game,
    to_numpy,
)

_NUM_ALONE = 2  # games that are played again without vmap


def check(game: object, num_games: int = 16, seed: int = 0) -> None:
    """Test that `game` keeps every promise of `Game`, on `num_games` random games.

    Raises `GameContract` with the first fault: what was got, what is allowed, what to do.
    """
    if not isinstance(game, Game):
        fault(
            game, f"an object of type {type(game).__name__}", "an instance of Game", "Inherit from Game, and call it."
        )
    _check_attributes(game)
    _check_shapes(game)
    _check_texts(game)
    _check_permutations(game)

    def play(key: Key[Array, ""], noise: Float[Array, "T A"]) -> Record:
        return random_game(game, key, noise)

    shape = (max(num_games, _NUM_ALONE), game.max_num_moves + 1, game.num_actions)
    noise = np.random.default_rng(seed).random(shape, np.float32)
    alone = [jax.jit(play)(_keys(seed, len(noise))[i], noise[i]) for i in range(_NUM_ALONE)]
    check_returns(game, alone[0], seed)
    play_many = jax.jit(jax.vmap(play))
    batch = to_numpy(play_many(_keys(seed, len(noise)), noise))
    check_records(game, batch)
    check_same(game, "two runs of the same moves", batch, play_many(_keys(seed, len(noise)), noise))
    for i, record in enumerate(alone):
        check_same(game, "a game alone and the same game under vmap", take(batch, i), record)
    check_symmetries(game, batch, seed)
    _check_render(game, alone[0])


def _keys(seed: int, num_games: int) -> Key[Array, " B"]:
    return jax.random.split(jax.random.key(seed), num_games)


def _check_attributes(game: Game) -> None:
    sizes = ("num_actions", "max_num_moves")
    missing = [n for n in ("name", "num_players", "observation_shape", *sizes) if not hasattr(game, n)]
    if missing:
        fault(game, f"no {', '.join(missing)}", "all attributes of Game", "Set them in the class.")
    if not (isinstance(game.name, str) and re.fullmatch(r"[a-z0-9_:+-]+", game.name)):
        fault(game, f"name {game.name!r}", "a snake_case text", "The name is typed on the command line.")
    if game.num_players not in (1, 2):
        fault(game, f"num_players {game.num_players!r}", "1 or 2", "Other numbers of players are not supported.")
    for what in sizes:
        if not (isinstance(getattr(game, what), int) and getattr(game, what) > 0):
            fault(game, f"{what} {getattr(game, what)!r}", "a positive int", "Array sizes depend on it.")
    shape = game.observation_shape
    if not (isinstance(shape, tuple) and len(shape) == 3 and all(isinstance(n, int) and n > 0 for n in shape)):
        fault(game, f"observation_shape {shape!r}", "three positive ints", "Give (channels, height, width).")
    try:
        equal = hash(game) == hash(copy.deepcopy(game)) and game == copy.deepcopy(game)
    except TypeError:
        equal = False
    if not equal:
        fault(
            game,
            "an instance that cannot be hashed, or differs from its copy",
            "an instance that is a static argument of jit",
            "Make the class a frozen dataclass whose fields are hashable.",
        )


def _trace(game: Game, what: str, function: Callable[..., Any], *args: Any) -> Any:
    """The shapes and dtypes that `function` returns, or a fault when JAX cannot trace it."""
    try:
        return jax.eval_shape(function, *args)
    except Exception as error:
        first_line = (str(error).strip() or "no message").splitlines()[0]
        allowed = "a function of arrays that JAX can trace"
        mend = "Mend it; traced code has jnp.where, .at[] and lax.cond in place of if, assignment and int()."
        return fault(game, f"{type(error).__name__} inside {what} ({first_line})", allowed, mend)


def _check_shapes(game: Game) -> None:
    """One trace of each method: the state keeps its structure, shapes and dtypes, and the rest is as declared."""
    key, action = jax.eval_shape(lambda: jax.random.key(0)), jax.ShapeDtypeStruct((), jnp.int32)
    state = game.init(jax.random.key(0))
    for path, leaf in jax.tree_util.tree_leaves_with_path(state):
        if not isinstance(leaf, jax.Array | np.ndarray):
            got = f"{type(leaf).__name__} in the state{jax.tree_util.keystr(path)}"
            fault(game, got, "arrays alone", "Wrap it, as in jnp.int32(0), or keep it in a field of the game.")
    before, step = _trace(game, "init", game.init, key), _trace(game, "step", game.step, state, action)
    if not isinstance(step, Step):
        fault(game, f"{type(step).__name__} from step", "Step(state, reward, discount)", "Return a Step.")
    _check_state_is_stable(game, before, step.state)
    for method, value, shape, kind in (
        ("reward of step", step.reward, (), jnp.float32),
        ("discount of step", step.discount, (), jnp.float32),
        ("legal", _trace(game, "legal", game.legal, state), (game.num_actions,), jnp.bool_),
        ("observe", _trace(game, "observe", game.observe, state), game.observation_shape, None),
        ("to_play", _trace(game, "to_play", game.to_play, state), (), jnp.integer),
    ):
        wrong_kind = kind is not None and not jnp.issubdtype(value.dtype, kind)
        if value.shape != shape or wrong_kind:
            allowed = f"shape {shape}" + (f" and dtype {kind.__name__}" if kind else "")
            fault(game, f"shape {value.shape} and dtype {value.dtype} from {method}", allowed, "Reshape or cast it.")


def _check_state_is_stable(game: Game, before: State, after: State) -> None:
    """`lax.scan` carries the state: one structure, one dtype, no weak types (those of Python numbers)."""
    old_structure, new_structure = str(jax.tree.structure(before)), str(jax.tree.structure(after))
    if old_structure != new_structure:
        allowed = f"the structure of init, {old_structure}"
        fault(game, f"{new_structure} from step", allowed, "Return the same class with the same fields.")
    for (path, old), new in zip(jax.tree_util.tree_leaves_with_path(before), jax.tree.leaves(after), strict=True):
        for where, leaf in (("init", old), ("step", new)):
            if leaf.weak_type:
                got = f"a weakly typed {leaf.dtype} in state{jax.tree_util.keystr(path)} after {where}"
                fault(game, got, "arrays with a dtype of their own", "Give the dtype, as in jnp.int32(0).")
        if (old.shape, old.dtype) != (new.shape, new.dtype):
            got = f"{new.dtype}{list(new.shape)} in state{jax.tree_util.keystr(path)} after step"
            fault(game, got, f"{old.dtype}{list(old.shape)}, as after init", "Cast it with astype.")


def _check_texts(game: Game) -> None:
    """`format_action` and `parse_action` are each other's inverse on all actions."""
    for action in range(game.num_actions):
        text = game.format_action(action)
        if not (isinstance(text, str) and text.strip()):
            fault(game, f"{text!r} from format_action({action})", "a text", "Write the action as people do.")
        try:
            parsed: Any = game.parse_action(text)
        except ValueError as error:
            parsed = f"{type(error).__name__} ({error})"
        if parsed != action:
            got = f"{parsed} from parse_action({text!r})"
            fault(game, got, f"{action}, which format_action wrote so", "Make them each other's inverse.")
    try:
        nonsense: Any = game.parse_action("no such action")
    except ValueError:
        return
    except Exception as error:
        nonsense = type(error).__name__
    got = f"{nonsense!r} from parse_action('no such action')"
    fault(game, got, "ValueError on a text that names no action", "Raise ValueError.")


def _check_permutations(game: Game) -> None:
    num_points = game.observation_shape[1] * game.observation_shape[2]
    symmetries = game.symmetries()
    for i, symmetry in enumerate(symmetries):
        for what, got, size in (
            ("points", symmetry.points, num_points),
            ("actions", symmetry.actions, game.num_actions),
        ):
            if not np.array_equal(np.sort(got), np.arange(size)):
                text = f"{what} of symmetry {i} that are no permutation"
                fault(game, text, f"each of 0..{size - 1} once", "They are gathers: new[i] = old[points[i]].")
            if i == 0 and not np.array_equal(got, np.arange(size)):
                fault(game, f"symmetry 0 that moves {what}", "the identity first", "Put the identity first.")
    if not symmetries:
        fault(game, "no symmetries", "the identity at least", "Leave symmetries() out.")


def _check_render(game: Game, record: Record) -> None:
    for t in (0, -1):
        text = game.render(take(record.state, t))
        if not (isinstance(text, str) and text.strip()):
            fault(game, f"{text!r} from render", "a text", "Return the board as lines of text.")
