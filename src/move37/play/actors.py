"""Acting in worlds that only the host can step: copies of an environment around one batched search."""

import contextlib
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float, Int, Key, Shaped

from move37.core.episode import Episode
from move37.core.errors import MissingExtra, WorldFailure
from move37.core.frames import Frames, after
from move37.games.host import HostWorld
from move37.play.mind import Mind, Thought
from move37.play.self_play import Acted, PlayConfig
from move37.search.mcts import SearchConfig, SearchResult

_MOST_CRASHES = 5  # of one copy in a row
_PART = 64  # moves after which an episode that is not over comes in a part (MuZero on Atari: 200)


class Copy:
    """One environment. If it crashes, it is made again, and the episode is dropped and counted."""

    def __init__(self, world: HostWorld, seeds: "Seeds", picture: str | None = None):
        """Reset and ready; `picture` as in `HostWorld.make`, for one that is looked at."""
        self.world, self.seeds, self.crashes, self._picture = world, seeds, 0, picture
        self._env, self._in_a_row = world.make(picture), 0
        self.begin()

    def begin(self) -> None:
        """A new episode. Raises `WorldFailure` if the environment does nothing but crash."""
        while True:
            try:
                observation, _ = self._env.reset(seed=self.seeds.next())
                break
            except Exception as error:
                self._make_again(error)
        first = self.world.observe(observation)
        self._recent = [first] * self.world.shown  # nothing was before: as if it had stood still
        self.steps, self.earned = 0, 0.0
        self.begin_part()

    def begin_part(self) -> None:
        """What is kept from now on."""
        self.rows: list[tuple[Any, ...]] = []
        self._before = self._recent[:-1]

    @property
    def newest(self) -> Shaped[np.ndarray, "*c"]:
        """The last observation."""
        return self._recent[-1]

    @property
    def seen(self) -> Shaped[np.ndarray, "*c"]:
        """What a network sees: the last few, one behind the other."""
        return np.concatenate(self._recent) if self.world.shown > 1 else self.newest

    def observations(self, newest: tuple[np.ndarray, ...]) -> Shaped[np.ndarray, "T *c"] | Frames:
        """Of the rows, which hold the newest of each."""
        stacked = np.stack(newest)
        return after(np.stack(self._before), stacked) if self._before else stacked

    def step(self, action: Any) -> tuple[float, bool, bool] | None:
        """(reward, over, cut off by a time limit); None after a crash, and a new episode has begun."""
        try:
            observation, reward, terminated, truncated, _ = self._env.step(self.world.action(action))
        except Exception as error:
            self._make_again(error)
            self.begin()
            return None
        self._in_a_row, self.steps, self.earned = 0, self.steps + 1, self.earned + float(reward)
        self._recent = [*self._recent[1:], self.world.observe(observation)]
        truncated = truncated or self.steps >= self.world.max_num_moves  # of a world that has no limit of its own
        return float(reward), bool(terminated or truncated), bool(truncated and not terminated)

    def draw(self) -> Any:
        """What it looks like now: pixels [H W 3], or text. Raises `MissingExtra` where what draws it is missing."""
        from gymnasium.error import DependencyNotInstalled

        try:
            return self._env.render()
        except DependencyNotInstalled as error:
            raise MissingExtra(
                f"{self.world.name} cannot be drawn yet: pip install 'move37[video]' ({error})."
            ) from error
        except Exception as error:
            raise WorldFailure(f"{self.world.name} cannot be drawn: {error!r}.") from error

    @property
    def pictures_per_second(self) -> float:
        """As its makers mean it to be seen."""
        return float(self._env.metadata.get("render_fps") or 30)

    def close(self) -> None:
        """Let go of it."""
        with contextlib.suppress(Exception):
            self._env.close()

    def _make_again(self, error: Exception) -> None:
        self.crashes, self._in_a_row = self.crashes + 1, self._in_a_row + 1
        if self._in_a_row > _MOST_CRASHES:
            raise WorldFailure(f"{self.world.name} crashed {self._in_a_row} times in a row; the last: {error!r}.")
        self.close()
        self._env = self.world.make(self._picture)


class Seeds:
    """A seed for every episode of a run, whoever plays it."""

    def __init__(self, seed: int, begun: int = 0):
        """`begun` episodes have theirs already."""
        self.seed, self.begun = seed, begun

    def next(self) -> int:
        """The next."""
        self.begun += 1
        return int(np.random.SeedSequence([self.seed, self.begun]).generate_state(1)[0])


class Actors:
    """Episodes without end, as `Stream` makes them of games. What is open when a run stops is played anew.

    An episode that is long comes in parts, so that the agent learns from good play before it has failed: whole
    episodes would reach it the later the better they are.
    """

    def __init__(self, world: HostWorld, search_config: SearchConfig, config: PlayConfig, seed: int):
        """`config.games` copies; nothing is made until the first move."""
        self.world, self.config, self._mind = world, config, Mind(world, search_config)
        self._seeds, self._crashes = Seeds(seed), 0
        self._copies: list[Copy] = []
        self._think = jax.jit(self._search)

    def play(self, net: Any, key: Key[Array, ""]) -> tuple[list[Episode], Acted]:
        """`config.moves` steps of every copy: (episodes that ended, what was done)."""
        self._copies = self._copies or [Copy(self.world, self._seeds) for _ in range(self.config.games)]
        episodes, actions = [], []
        for t in range(self.config.moves):
            seen = np.stack([copy.seen for copy in self._copies])
            numbers = np.array([copy.steps for copy in self._copies])
            thought = jax.tree.map(np.asarray, self._think(net, seen, numbers, jax.random.fold_in(key, t)))
            actions.append(thought.action)
            for i, copy in enumerate(self._copies):
                newest, stepped = copy.newest, copy.step(thought.action[i])
                if stepped is not None:
                    mind = [None if x is None else x[i] for x in thought]
                    copy.rows.append((newest, *mind, *stepped))
                    if stepped[1] or len(copy.rows) >= _PART:
                        episodes.append(self._finish(copy, net.discount)._replace(lane=i))
        shape = (self.config.moves, self.config.games)
        return episodes, Acted(np.stack(actions), np.ones(shape, bool))

    @property
    def crashes(self) -> int:
        """Episodes that were lost to crashes, since the beginning."""
        return self._crashes + sum(copy.crashes for copy in self._copies)

    @property
    def state(self) -> dict[str, Any]:
        """For a checkpoint: environments cannot be saved, but no seed comes twice."""
        return {"actors": {"begun": np.array(self._seeds.begun), "crashes": np.array(self.crashes)}}

    @property
    def template(self) -> dict[str, Any]:
        """What `Run.resume` needs to read `state` again."""
        return {"actors": None}

    def restore(self, saved: dict[str, Any]) -> None:
        """Go on from a checkpoint, with new episodes."""
        self._seeds.begun, self._crashes = int(saved["actors"]["begun"]), int(saved["actors"]["crashes"])

    def _finish(self, copy: Copy, discount: float) -> Episode:
        """The episode that has ended, or a part; the next begins."""
        newest, *rest = zip(*copy.rows, strict=True)
        action, weights, value, candidates, reward, over, cut = map(np.asarray, rest)
        observation = copy.observations(newest)
        earlier, goes_on = (copy.steps - len(action), copy.earned - float(reward.sum())), not over[-1]
        if goes_on:
            copy.begin_part()
        else:
            copy.begin()
        return Episode(
            observation=observation,
            action=action,
            action_weights=weights,
            root_value=value.astype(np.float32),
            reward=reward.astype(np.float32),
            discount=np.where(over & ~cut, np.float32(0), np.float32(discount)),
            full=np.ones(len(action), bool),
            init_key=np.zeros(2, np.uint32),
            opening=np.zeros(0, np.int64),
            cut=bool(cut[-1] or goes_on),
            goes_on=bool(goes_on),
            earlier=earlier,
            candidates=candidates if self.world.action_shape else None,
        )

    def _search(self, net: Any, seen: Shaped[Array, "B *c"], numbers: Int[Array, " B"], key: Key[Array, ""]) -> Thought:
        search_key, choice_key, which_key, random_key = jax.random.split(key, 4)
        roots, result = self._mind.search(net, seen, search_key, noise=True)
        drawn = jax.random.categorical(choice_key, jnp.log(result.action_weights) / self.config.temperature)
        choice = jnp.where(numbers < self.config.num_sampling_moves, drawn, result.action)
        rate = jnp.linspace(0.0, self.config.random_moves, len(seen))
        anything = jax.random.categorical(random_key, jnp.log(roots.allowed.astype(jnp.float32)))
        choice = jnp.where(jax.random.bernoulli(which_key, rate), anything, choice).astype(jnp.int32)
        return self._mind.thought(net, roots, result, choice)


class Trials:
    """How good is an agent? Whole episodes, each action the search's own choice, without noise."""

    def __init__(self, world: HostWorld, config: SearchConfig, episodes: int = 20):
        """So many episodes at once, the same in every trial."""
        self.world, self.episodes, mind = world, episodes, Mind(world, config)

        def think(net: Any, seen: Shaped[Array, "B *c"]) -> tuple[Thought, SearchResult]:
            roots, result = mind.search(net, seen, jax.random.key(0), noise=False)
            return mind.thought(net, roots, result, result.action), result

        self.think = jax.jit(think)

    def returns(self, net: Any) -> Float[np.ndarray, " episodes"]:
        """The sum of rewards of each episode, without discount. A crash ends an episode with what it has."""
        copies = [Copy(self.world, Seeds(i, begun=1)) for i in range(self.episodes)]
        total, going = np.zeros(self.episodes, np.float32), np.ones(self.episodes, bool)
        while going.any():
            actions = np.asarray(self.think(net, np.stack([copy.seen for copy in copies]))[0].action)
            for i in np.flatnonzero(going):
                stepped = copies[i].step(actions[i])
                total[i] += 0.0 if stepped is None else stepped[0]
                going[i] = stepped is not None and not stepped[1]
        for copy in copies:
            copy.close()
        return total

    def sit(self, net: Any) -> dict[str, float]:
        """`trial_return`: the mean, and `trial_return_deviation` among the episodes."""
        returns = self.returns(net)
        return {"trial_return": float(returns.mean()), "trial_return_deviation": float(returns.std())}
