"""The half of `games.check` that plays: random games, and what each of their moves promises."""

import queue
import threading
from functools import partial
from typing import Any, NamedTuple, NoReturn

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Bool, Float, Int, Key

from move37.core.errors import GameContract
from move37.core.types import Game, State, Step, take

STEP_LIMIT = 60.0  # seconds in which `step` has to return from the finished states and illegal actions of one game
NUM_MIRRORED = 4  # games that are played again under every symmetry


class Record(NamedTuple):
    """One move of a random game, which stands still after its end. A game has T = `max_num_moves` + 1 rows."""

    state: State
    observation: Array
    legal: Array
    to_play: Array
    action: Array
    reward: Array
    discount: Array
    over: Array  # the game had ended before this row


def fault(game: object, got: str, allowed: str, mend: str) -> NoReturn:
    """Name a broken promise of `game`."""
    name = getattr(game, "name", type(game).__name__)
    raise GameContract(f"{name}: got {got}; allowed: {allowed}. {mend}")


def to_numpy(tree: Any) -> Any:
    """NumPy copies of all leaves; typed keys become their bits."""

    def copied(leaf: Any) -> np.ndarray:
        is_key = jnp.issubdtype(leaf.dtype, jax.dtypes.prng_key)
        return np.asarray(jax.random.key_data(leaf) if is_key else leaf)

    return jax.tree.map(copied, tree)


def random_game(game: Game, key: Key[Array, ""], noise: Float[Array, "T A"]) -> Record:
    """One game, alone or under vmap. Its moves are the legal ones with the highest noise, which lies in [0, 1)."""
    zero = jnp.zeros((), jnp.float32)

    def move(carry: tuple[State, Bool[Array, ""]], noise: Float[Array, " A"]) -> tuple[Any, Record]:
        state, over = carry
        legal = game.legal(state)
        action = jnp.argmax(jnp.where(legal, noise, -1.0)).astype(jnp.int32)
        step = jax.lax.cond(over, lambda: Step(state, zero, zero), lambda: game.step(state, action))
        record = Record(
            state, game.observe(state), legal, game.to_play(state), action, step.reward, step.discount, over
        )
        return (step.state, over | (step.discount == 0)), record

    start = (game.init(key), jnp.zeros((), bool))
    return jax.lax.scan(move, start, noise)[1]


def check_returns(game: Game, record: Record, seed: int) -> None:
    """`step` on the finished states and with illegal actions of one game; under vmap both happen, results unused."""
    allowed_here = record.legal & ~record.over[:, None]
    noise = np.random.default_rng(seed).random(allowed_here.shape)
    actions = jnp.array(np.where(allowed_here, -1.0, noise).argmax(axis=1), jnp.int32)
    step_all = jax.jit(jax.vmap(game.step)).lower(record.state, actions).compile()
    outcome: queue.SimpleQueue[Exception | None] = queue.SimpleQueue()

    def work() -> None:
        try:
            jax.block_until_ready(step_all(record.state, actions))
            outcome.put(None)
        except Exception as error:
            outcome.put(error)

    threading.Thread(target=work, daemon=True).start()
    where, allowed = "step on a finished state or an illegal action", "any result, which is never used"
    try:
        error = outcome.get(timeout=STEP_LIMIT)
    except queue.Empty:
        fault(game, f"no return within {STEP_LIMIT:g} s from {where}", allowed, "Bound every loop of step.")
    if error is not None:
        fault(game, f"{type(error).__name__} from {where}", allowed, "Let step return; nothing reads the result.")


def check_records(game: Game, batch: Record) -> None:
    """What every move of every game promises. The arrays are [B, T]."""
    live = ~batch.over
    last_row = np.arange(live.shape[1]) == game.max_num_moves
    finite_view = np.isfinite(batch.observation.astype(np.float32)).all(axis=(2, 3, 4))
    opponent_next, to_play = batch.discount == -1, batch.to_play
    fair = ((batch.discount >= 0) & (batch.discount <= 1)) | (opponent_next & (game.num_players == 2))
    goes_on, changed = batch.discount != 0, to_play != np.roll(to_play, -1, axis=1)
    in_time = f"discount 0 within max_num_moves = {game.max_num_moves} moves"
    num_legal = batch.legal.sum(axis=2)
    most_legal = game.max_num_legal or game.num_actions
    players, between = ("0", "γ in [0, 1]") if game.num_players == 1 else ("0 or 1", "−1, or γ in [0, 1]")
    # Masks of wrong rows, then what to show there and the texts; the first fault of the first kind is reported.
    faults: tuple[tuple[Any, Any, str, str, str], ...] = (
        (~batch.legal.any(axis=2), None, "no legal action", "one True before the end", "Discount 0 ends a game."),
        (num_legal > most_legal, num_legal, "legal actions", f"max_num_legal = {most_legal}", "Raise max_num_legal."),
        (last_row, None, "a game that goes on", in_time, "End the game, or raise max_num_moves."),
        (~finite_view, None, "an observation that is not finite", "finite numbers", "Look for a division by 0."),
        (~np.isfinite(batch.reward), batch.reward, "reward", "a finite number", "Look for a division by 0."),
        (~fair, batch.discount, "discount", between, "It is −1 where the opponent moves next, 0 at the end."),
        ((to_play < 0) | (to_play >= game.num_players), to_play, "to_play", players, "Return the mover's index."),
        (opponent_next & goes_on & ~changed, None, "discount −1, and the same player moves next", "γ ≥ 0", "See Game."),
        (~opponent_next & goes_on & changed, batch.discount, "another player next, and discount", "−1", "See Game."),
    )
    for wrong, value, what, allowed, mend in faults:
        if (wrong & live).any():
            game_index, t = np.argwhere(wrong & live)[0]
            shown = what if value is None else f"{what} {value[game_index, t]}"
            fault(game, f"{shown} {_after(batch.action[game_index, :t])}", allowed, mend)


def _after(actions: Int[Array | np.ndarray, " T"]) -> str:
    shown = " ".join(str(action) for action in actions[-30:])
    return f"after {len(actions)} actions" + (f" ({'… ' if len(actions) > 30 else ''}{shown})" if shown else "")


def check_same(game: Game, which: str, one: Record, other: Record) -> None:
    """The same game played twice is the same, up to the rounding of floats."""
    for (path, a), b in zip(
        jax.tree_util.tree_leaves_with_path(to_numpy(one)), jax.tree.leaves(to_numpy(other)), strict=True
    ):
        exact = not np.issubdtype(a.dtype, np.floating)
        if not (np.array_equal(a, b) if exact else np.allclose(a, b, rtol=1e-4, atol=1e-5, equal_nan=True)):
            got = f"another {jax.tree_util.keystr(path).lstrip('.')} in {which}"
            mend = "Use no np.random, no clock and no global variable; chance comes from the key that init gets."
            fault(game, got, "equal results from equal arguments", mend)


def check_symmetries(game: Game, batch: Record, seed: int) -> None:
    """The image of a game is a game: same rewards, and the images of its observations and legal actions.

    Left out where the start depends on the key, because the image of one start is then another key's start.
    """
    symmetries = game.symmetries()
    first = take(jax.tree.map(lambda leaf: leaf[:, 0], batch.state), np.arange(len(batch.over)))
    random_start = any((leaf != leaf[:1]).any() for leaf in jax.tree.leaves(first))
    if len(symmetries) == 1 or random_start:
        return
    points = jnp.array(np.stack([s.points for s in symmetries]), jnp.int32)
    actions = jnp.array(np.stack([s.actions for s in symmetries]), jnp.int32)
    images = jax.vmap(partial(_play_image, game, seed=seed), (0, 0, None))
    agrees = jax.jit(jax.vmap(images, (None, None, 0)))(points, actions, jnp.array(batch.action[:NUM_MIRRORED]))
    for what, equal in zip(("observation", "legal", "reward or discount"), agrees, strict=True):
        wrong = ~np.asarray(equal) & ~batch.over[:NUM_MIRRORED, None]
        if wrong.any():
            game_index, symmetry, t = np.argwhere(wrong)[0]
            got = f"{what} that differs under symmetry {symmetry} {_after(batch.action[game_index, :t])}"
            mend = "new[i] = old[points[i]] on planes, new[a] = old[actions[a]] on actions; mind the direction."
            fault(game, got, "the image of what the original game shows", mend)


def _play_image(
    game: Game, points: Int[Array, " HW"], actions: Int[Array, " A"], played: Int[Array, " T"], seed: int
) -> tuple[Bool[Array, " T"], Bool[Array, " T"], Bool[Array, " T"]]:
    """Play a game and its image side by side; an old action b is the new action a with actions[a] = b."""
    image_of = jnp.argsort(actions)

    def view(state: State) -> Array:
        return game.observe(state).reshape(game.observation_shape[0], -1)

    def move(pair: tuple[State, State], action: Int[Array, ""]) -> tuple[Any, Any]:
        state, image = pair
        old, new = game.step(state, action), game.step(image, image_of[action])
        same = (
            (view(state)[:, points] == view(image)).all(),
            (game.legal(state)[actions] == game.legal(image)).all(),
            (old.reward == new.reward) & (old.discount == new.discount),
        )
        return (old.state, new.state), same

    start = game.init(jax.random.key(seed))
    return jax.lax.scan(move, (start, start), played)[1]
