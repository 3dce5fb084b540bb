"""How far does imagination stay true? A learned model, unrolled along what was really played, beside what came.

Everything is a function of whole episodes and a net. Row i is a position that an episode went through, in the order of
time; at depth k the model has imagined k steps from row i, along the actions that were played: it is held to row i + k.
Rewards and values are those of the agent to move, there as here, so that two players need no other case.
"""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Bool, Float, Int, Shaped

from move37.core.episode import Episode
from move37.core.types import Game, World
from move37.learn.targets import n_step_return
from move37.models.learned import Learned
from move37.nets.value_prefix import latent_of, reward_of
from move37.play.probe import Probe, read
from move37.play.self_play import PlayConfig
from move37.play.worlds import stream_of
from move37.search.mcts import SearchConfig

_BATCH = 256  # rows that are imagined at once
_STRETCH = 16  # moves of each episode between two looks at which are over
_UNSEEN = 2**31  # seeds of a training are smaller: no world begins as one of its episodes did


class Rows(NamedTuple):
    """All N positions of some episodes."""

    observation: Shaped[np.ndarray, "N *c"]
    action: Int[np.ndarray, " N"]
    reward: Float[np.ndarray, " N"]
    policy: Float[np.ndarray, "N A"]  # the search's
    full: Bool[np.ndarray, " N"]  # the search was a full one
    value: Float[np.ndarray, " N"]  # the n-step return from here
    left: Int[np.ndarray, " N"]  # moves to the end of the episode, this one among them
    episode: Int[np.ndarray, " N"]
    legal: Bool[np.ndarray, "N A"] | None  # of games


class Imagined(NamedTuple):
    """What the model says at one depth, of every row; of no use where its episode is over by then."""

    latent: Float[np.ndarray, "N D"]
    reward: Float[np.ndarray, " N"]  # of the last step; 0 at depth 0
    logits: Float[np.ndarray, "N A"]
    value: Float[np.ndarray, " N"]


class Depth(NamedTuple):
    """One line of the table. None: there is no such number at this depth."""

    depth: int
    steps: int  # that were made k steps behind a row: rewards to compare with
    positions: int  # that were seen there: all else to compare with
    reward_error: float | None  # mean |r̂ − r|
    reward_baseline: float | None  # the same of the mean reward
    value_error: float | None  # mean |v̂ − z|, z the n-step return
    value_error_seen: float | None  # mean |v − z|, v of what was seen there
    value_baseline: float | None  # of the mean of z
    value_drift: float | None  # mean |v̂ − v|
    policy_kl: float | None  # mean KL(π ‖ p̂), π the search's
    policy_kl_seen: float | None  # mean KL(π ‖ p), p of what was seen there
    agreement: float | None  # share of rows in which π and p̂ prefer the same action
    agreement_seen: float | None  # in which π and p do
    illegal: float | None  # probability that p̂ gives to illegal actions, mean
    illegal_seen: float | None  # that p does
    probe: Probe | None


def fresh_episodes(
    world: World, net: Any, search: SearchConfig, play: PlayConfig, count: int, seed: int
) -> Iterator[list[Episode]]:
    """`count` episodes played at once, as a training plays them; after each stretch of moves those that are whole."""
    key = jax.random.key(seed)
    play = replace(play, games=count, moves=_STRETCH)
    stream = stream_of(world, Learned, search, play, jax.random.fold_in(key, 0), seed + _UNSEEN)
    parts: list[Episode] = []
    found: list[Episode] = []
    while len(found) < count:
        key = jax.random.fold_in(key, 1)
        parts += stream.play(net, key)[0]
        found = whole(parts)
        yield found


def whole(parts: Sequence[Episode]) -> list[Episode]:
    """The first episode of each lane, its parts joined; none of a lane whose first episode is not over yet.

    To take those that end first would take the short ones. What a crash has left without an end is dropped.
    """
    open_parts: dict[int, list[Episode]] = {}
    found: dict[int, Episode] = {}
    for part in parts:
        own = open_parts.setdefault(part.lane, [])
        if part.earlier[0] == 0:
            own.clear()
        own.append(part)
        if not part.goes_on:
            found.setdefault(part.lane, _joined(own))
            own.clear()
    return [found[lane] for lane in sorted(found)]


def rows_of(episodes: Sequence[Episode], td_steps: int, legal: Sequence[np.ndarray] | None = None) -> Rows:
    """The positions of whole episodes, with the value targets that the net learns: returns of `td_steps`."""
    values = [n_step_return(e.reward, e.discount, e.root_value, td_steps, e.cut) for e in episodes]
    return Rows(
        observation=np.concatenate([e.observation for e in episodes]),
        action=np.concatenate([e.action for e in episodes]).astype(np.int32),
        reward=np.concatenate([e.reward for e in episodes]).astype(np.float32),
        policy=np.concatenate([e.action_weights for e in episodes]).astype(np.float32),
        full=np.concatenate([e.full for e in episodes]),
        value=np.concatenate(values),
        left=np.concatenate([np.arange(len(e.action), 0, -1) for e in episodes]),
        episode=np.concatenate([np.full(len(e.action), i) for i, e in enumerate(episodes)]),
        legal=None if legal is None else np.concatenate(list(legal)),
    )


def legal_actions(game: Game, episodes: Sequence[Episode]) -> list[Bool[np.ndarray, "T A"]]:
    """Which actions were allowed at each row: the games are played again."""

    def move(state: Any, action: Int[Array, ""]) -> tuple[Any, Array]:
        return game.step(state, action).state, game.legal(state)

    @jax.jit
    def again(init_key: Array, actions: Array) -> Array:
        return jax.lax.scan(move, game.init(jax.random.wrap_key_data(init_key)), actions)[1]

    found = []
    for e in episodes:
        actions, before = np.zeros(game.max_num_moves, np.int32), len(e.opening)
        played = np.concatenate([e.opening, e.action])
        actions[: len(played)] = played
        found.append(np.asarray(again(e.init_key, actions))[before : len(played)])
    return found


def imagine(net: Any, rows: Rows, depth: int) -> Iterator[Imagined]:
    """The model's word at depth 0, where it sees the position itself, to `depth`."""
    latent = _in_batches(_represent, net, rows.observation)
    reward = np.zeros(len(rows.action), np.float32)
    for k in range(depth + 1):
        if k:
            after = np.minimum(np.arange(len(rows.action)) + k - 1, len(rows.action) - 1)
            latent, reward = _in_batches(_advance, net, latent, rows.action[after])
        logits, value = _in_batches(_predict, net, latent)
        yield Imagined(latent_of(latent).reshape(len(reward), -1), reward, logits, value)


def compare(rows: Rows, imagined: Iterator[Imagined], untrained: Float[np.ndarray, "N D"]) -> Iterator[Depth]:
    """Depth by depth. `untrained` is the latent state that a net of the same shape sees before it has learned.

    The probes learn from every other episode and are tested on the rest.
    """
    first, learns = None, rows.episode % 2 == 0
    for k, said in enumerate(imagined):
        first = said if first is None else first
        now, control = np.flatnonzero(rows.left > k), None if k else untrained
        probe = read(rows.observation, learns, said.latent, now, k, control)
        yield _compared(k, rows, said, first)._replace(probe=probe)


def _compared(k: int, rows: Rows, said: Imagined, first: Imagined) -> Depth:
    """All but the probe."""
    now = np.flatnonzero(rows.left > k)  # rows whose episode shows a position k steps on, and
    there = now + k  # those positions
    made = np.flatnonzero(rows.left >= k) if k else np.zeros(0, int)  # rows behind which so many steps were made
    reward, target, seen = rows.reward[made + k - 1], rows.value[there], first.value[there]
    full = rows.full[there]
    policy = rows.policy[there][full]
    here, real = said.logits[now][full], first.logits[there][full]
    legal = None if rows.legal is None else rows.legal[there]
    return Depth(
        depth=k,
        steps=len(made),
        positions=len(now),
        reward_error=_mean(np.abs(said.reward[made] - reward)),
        reward_baseline=_mean(np.abs(_middle(reward) - reward)),
        value_error=_mean(np.abs(said.value[now] - target)),
        value_error_seen=_mean(np.abs(seen - target)),
        value_baseline=_mean(np.abs(_middle(target) - target)),
        value_drift=_mean(np.abs(said.value[now] - seen)),
        policy_kl=_mean(_kl(policy, here)),
        policy_kl_seen=_mean(_kl(policy, real)),
        agreement=_mean(policy.argmax(1) == here.argmax(1)),
        agreement_seen=_mean(policy.argmax(1) == real.argmax(1)),
        illegal=None if legal is None else _mean((np.exp(_log_softmax(said.logits[now])) * ~legal).sum(1)),
        illegal_seen=None if legal is None else _mean((np.exp(_log_softmax(first.logits[there])) * ~legal).sum(1)),
        probe=None,
    )


def _joined(parts: Sequence[Episode]) -> Episode:
    """One episode of its parts: what stands behind it is said by the last."""
    if len(parts) == 1:
        return parts[0]
    names = ("observation", "action", "action_weights", "root_value", "reward", "discount", "full")
    rows: dict[str, Any] = {name: np.concatenate([getattr(part, name) for part in parts]) for name in names}
    return parts[-1]._replace(**rows, earlier=parts[0].earlier, opening=parts[0].opening, init_key=parts[0].init_key)


@jax.jit
def _represent(net: Any, observation: Array) -> Any:
    return net.representation(observation)


@jax.jit
def _advance(net: Any, latent: Any, action: Array) -> tuple[Any, Array]:
    imagined = net.dynamics(latent, action)
    return imagined.latent, reward_of(net, latent, imagined)


@jax.jit
def _predict(net: Any, latent: Any) -> tuple[Array, Array]:
    predicted = net.prediction(latent)
    return predicted.policy, net.supports[0].mean(predicted.value)


def _in_batches(function: Any, net: Any, *inputs: Any) -> Any:
    """Of all rows, so many at a time that one program serves."""
    parts, count = [], len(jax.tree.leaves(inputs)[0])
    for begin in range(0, count, _BATCH):
        rows = np.minimum(np.arange(begin, begin + _BATCH), count - 1)
        chosen = jax.tree.map(lambda x, rows=rows: jnp.asarray(x[rows]), inputs)
        parts.append(jax.tree.map(np.asarray, function(net, *chosen)))
    return jax.tree.map(lambda *x: np.concatenate(x)[:count], *parts)


def _mean(numbers: np.ndarray) -> float | None:
    return float(numbers.mean()) if len(numbers) else None


def _middle(numbers: np.ndarray) -> float:
    return float(numbers.mean()) if len(numbers) else 0.0


def _kl(policy: Float[np.ndarray, "n A"], logits: Float[np.ndarray, "n A"]) -> Float[np.ndarray, " n"]:
    """Σ_a π(a)·(log π(a) − log p(a)), in nats; an action that π leaves out costs nothing."""
    used = policy > 0
    surprise = np.log(np.where(used, policy, 1)) - np.where(used, _log_softmax(logits), 0)
    return (policy * surprise).sum(1)


def _log_softmax(logits: Float[np.ndarray, "n A"]) -> Float[np.ndarray, "n A"]:
    shifted = logits - logits.max(1, keepdims=True)
    return shifted - np.log(np.exp(shifted).sum(1, keepdims=True))
