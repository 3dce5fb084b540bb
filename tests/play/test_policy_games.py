"""Games of policies: who moves when, what is recorded, and whose outcome it is."""

import jax
import jax.numpy as jnp
import numpy as np

from move37.games.connect_four import ConnectFour
from move37.games.tic_tac_toe import TicTacToe
from move37.play.policy_games import UNIFORM, play_policies
from move37.recipes.alphago.reinforce import decisions, sides, wins


def _always(column, actions=7):
    def evaluate(observation):
        logits = np.full((len(observation), actions), -30.0, np.float32)
        logits[:, column] = 30.0
        return logits, np.zeros(len(observation), np.float32)

    return evaluate


def test_columns_win_for_whoever_stacks_them_first():
    game = ConnectFour()
    games = play_policies(game, (_always(3), _always(0)), sides(6), 6, jax.random.key(0))
    assert len(games.action) == 7
    np.testing.assert_array_equal(games.action[:, 0], [3, 0, 3, 0, 3, 0, 3])
    np.testing.assert_array_equal(games.action[:, 5], [0, 3, 0, 3, 0, 3, 0])
    np.testing.assert_array_equal(games.outcome[:, 0], [1, -1, 1, -1, 1, -1, 1])
    assert wins(games) == 0.5  # each wins the games that it begins


def test_what_is_recorded_replays():
    game = TicTacToe()
    games = play_policies(game, (), lambda t: np.full(32, UNIFORM), 32, jax.random.key(1))
    step, results = jax.jit(game.step), []
    for lane in range(32):
        state, last = game.init(jax.random.key(0)), None
        for t in range(int(games.alive[:, lane].sum())):
            assert games.alive[t, lane]
            np.testing.assert_array_equal(games.observation[t, lane], game.observe(state))
            np.testing.assert_array_equal(games.legal[t, lane], game.legal(state))
            last = step(state, jnp.int32(games.action[t, lane]))
            state = last.state
        assert float(last.discount) == 0
        length = int(games.alive[:, lane].sum())
        expected = float(last.reward) * (-1.0) ** np.arange(length)[::-1]
        np.testing.assert_array_equal(games.outcome[:length, lane], expected)
        assert not games.outcome[length:, lane].any()
        results.append(float(last.reward))
    assert len(set(results)) == 2


def test_decisions_are_the_moves_of_network_0_once_with_their_sign():
    game = ConnectFour()
    games = play_policies(game, (_always(3), _always(0)), sides(4), 4, jax.random.key(0))
    batches = list(decisions(games, 8, np.random.default_rng(0)))
    real = [np.flatnonzero(batch.advantage) for batch in batches]
    assert sum(map(len, real)) == 0  # network 0 won all games of one colour, lost all of the other: nothing to learn
    outcome = games.outcome.copy()
    outcome[:, 0] *= -1  # as if the first game had been lost
    (batch, *rest) = decisions(games._replace(outcome=outcome), 32, np.random.default_rng(0))
    assert not rest
    ours = np.flatnonzero(batch.advantage)
    assert set(batch.action[ours].tolist()) == {3}
    assert len(ours) == 8  # four moves in each of the two games that network 0 began
    assert sorted(batch.advantage[ours].tolist()) == [-1.0] * 4 + [1.0] * 4
