"""The ladder: who is met, how random play leaves, and that a resumed ladder is the one that was stopped."""

import jax
import pytest

from move37.games import make
from move37.nets.latent import BoardLatent, LatentConfig
from move37.play import ladder as module
from move37.play.arena import Match, bradley_terry
from move37.play.ladder import Ladder


class Net:
    """Stands for a player of known strength."""

    def __init__(self, name, game, net, num_simulations):
        self.name, self.net = name, net

    def choose(self, states, key):
        raise NotImplementedError


@pytest.fixture
def arena(monkeypatch):
    """Matches without play: the stronger wins all, random play has strength 0. Keeps what was asked for."""
    asked = []

    def play_match(game, one, two, games, key):
        strengths = [getattr(player, "net", 0) for player in (one, two)]
        asked.append((one.name, two.name, games, tuple(jax.random.key_data(key).tolist())))
        scored = games if strengths[0] > strengths[1] + 1 else games // 2
        return Match(one.name, two.name, scored, 0, games - scored)

    monkeypatch.setattr(module, "net_player", Net)
    monkeypatch.setattr(module, "play_match", play_match)
    return asked


def _climb(ladder, strengths, load=None):
    key = jax.random.key(0)
    return [
        ladder.challenge(i, net, jax.random.fold_in(key, i), load or (lambda like, j: pytest.fail(f"loads {j}")))
        for i, net in strengths
    ]


def test_it_meets_its_predecessor_the_one_half_as_old_and_random_play_while_that_scores(arena):
    _climb(
        Ladder(make("tic_tac_toe"), 8, games=10), [(10 * i, i) for i in range(1, 7)], load=lambda like, i: (i, i // 10)
    )
    met = {}
    for one, two, games, _ in arena:
        assert games == 10
        met.setdefault(one, []).append(two)
    assert met == {
        "10": ["random"],  # strength 1 shares the points with random play
        "20": ["random", "10"],  # strength 2 wins all of them
        "30": ["20", "10"],
        "40": ["30", "10"],
        "50": ["40", "20"],
        "60": ["50", "20"],
    }
    assert len({key for *_, key in arena}) == len(arena)


def test_the_rating_is_bradley_terrys_above_random_play(arena):
    ladder = Ladder(make("tic_tac_toe"), 8, games=10)
    reports = _climb(ladder, [(1, 1), (2, 2), (3, 5)], load=lambda like, i: (i, i))
    wanted = {row.name: row for row in bradley_terry([Match(*row) for r in reports for row in r["matches"]])}
    assert wanted["random"].points == 0
    assert (reports[-1]["rating"], reports[-1]["rating_plus_minus"]) == (wanted["3"].points, wanted["3"].plus_minus)
    assert reports[0]["rating"] == 0 < reports[1]["rating"] < reports[2]["rating"]


def test_a_resumed_ladder_goes_on_as_if_it_had_not_stopped(arena):
    strengths = [(i, i) for i in range(1, 8)]
    whole = _climb(Ladder(make("tic_tac_toe"), 8, games=10), strengths, load=lambda like, i: (i, i))
    asked, resumed, loaded = list(arena), Ladder(make("tic_tac_toe"), 8, games=10), []
    del arena[:]
    resumed.restore([{"iteration": i, **row} for i, row in enumerate(whole[:4])] + [{"iteration": 9}])
    rest = _climb(resumed, strengths[4:], load=lambda like, i: (i, loaded.append(i) or i))
    assert rest == whole[4:]
    assert asked[-len(arena) :] == arena
    assert loaded == [4, 2, 3]  # each once, and only those that are met


def test_games_for_one_have_no_ladder(arena):
    assert _climb(Ladder(make("catch"), 8), [(1, 1)]) == [{}]
    assert arena == []


def test_a_net_is_met_again_when_the_learner_has_handed_its_memory_on():
    ladder, game = Ladder(make("tic_tac_toe"), 2, games=2), make("tic_tac_toe")
    nets = [BoardLatent(game, LatentConfig(1, 1, 4), key=jax.random.key(i)) for i in range(2)]
    for i, net in enumerate(nets):
        report = ladder.challenge(i, net, jax.random.key(i), lambda like, j: pytest.fail(f"loads {j}"))
        jax.tree.map(lambda x: x.delete(), net)  # as an update does
    assert [match[:2] for match in report["matches"]] == [["1", "random"], ["1", "0"]]
