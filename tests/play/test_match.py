"""The games of a match: what is told of each replays, whoever plays and however many at once."""

from collections import Counter

import jax
import numpy as np
import pytest

from move37 import games
from move37.core.errors import BadConfig
from move37.play.arena import bradley_terry, count, play_match
from move37.play.match import Answer, Follower, Line, Verdict, play_games
from move37.play.players import RandomPlayer

GAME = games.make("tic_tac_toe")
RANDOM, OTHER = RandomPlayer(GAME), RandomPlayer(GAME)
STEP = jax.jit(GAME.step)


class Diary:
    """Follows games, plays the first legal move, and writes down all that it is told."""

    name = "diary"

    def __init__(self, most_games, resigns_at=99):
        self.most_games, self.resigns_at = most_games, resigns_at
        self.asked, self.ended, self.closed = [], [], 0

    def answer(self, lines):
        assert len({line.lane for line in lines}) == len(lines) <= self.most_games
        self.asked += lines
        return [
            Answer(None, "resign", "had enough")
            if len(line.moves) >= self.resigns_at
            else Answer(int(np.flatnonzero(line.legal)[0]))
            for line in lines
        ]

    def end(self, line, counted):
        self.ended.append((line, counted))
        return Verdict("so be it") if counted else Verdict()

    def close(self):
        self.closed += 1


def _replay(played):
    """(the last state, its returns to the two sides, sides to move)."""
    state = GAME.init(jax.random.wrap_key_data(jax.numpy.asarray(played.init_key)))
    movers, returns = [], [0.0, 0.0]
    for action in (*played.opening, *played.actions):
        assert GAME.legal(state)[action]
        movers.append(int(GAME.to_play(state)))
        after = STEP(state, np.int32(action))
        returns[movers[-1]] += float(after.reward)
        returns[1 - movers[-1]] -= float(after.reward)
        state = after.state
    return state, returns, movers, float(after.discount)


@pytest.mark.parametrize("at_once", [None, 3])
def test_every_game_replays_to_its_result(at_once):
    other = OTHER if at_once is None else Diary(at_once)
    played = list(play_games(GAME, RANDOM, other, 40, jax.random.key(7)))
    assert sorted(end.number for end in played) == list(range(40))
    for end in played:
        state, returns, movers, discount = _replay(end)
        assert discount == 0
        assert jax.tree.all(jax.tree.map(np.array_equal, state, end.state))
        assert end.score == returns[end.sides.index(0)]
        assert end.names == ("random", other.name)
        assert movers[len(end.opening)] == end.sides.index(end.began)
        assert len(end.rewards) == len(end.actions)
        assert (end.ending, end.reason) == ("rules", "")


def test_each_opening_comes_twice_with_colours_swapped():
    played = sorted(play_games(GAME, RANDOM, OTHER, 40, jax.random.key(7)), key=lambda end: end.number)
    for one, two in zip(played[::2], played[1::2], strict=True):
        assert (one.opening, one.init_key.tolist()) == (two.opening, two.init_key.tolist())
        assert (one.began, two.began) == (0, 1)
        assert one.sides == two.sides[::-1]
    assert len({end.opening for end in played}) > 10
    assert {len(end.opening) for end in played} == {0, 1, 2, 3, 4}
    # Random play of one side is not that of the other: pairs that start alike go on differently.
    assert sum(one.actions != two.actions for one, two in zip(played[::2], played[1::2], strict=True)) > 10


@pytest.mark.parametrize("at_once", [3, 99])
def test_a_follower_hears_of_every_move_in_order(at_once):
    diary = Diary(at_once)
    assert isinstance(diary, Follower)
    played = {end.number: end for end in play_games(GAME, diary, RANDOM, 8, jax.random.key(7))}
    heard: dict[int, Line] = {}
    for line in diary.asked:
        moves = (*played[line.number].opening, *played[line.number].actions)
        assert line.moves == moves[: len(line.moves)]
        assert line.legal.sum() == 9 - len(line.moves)
        before = heard.setdefault(line.number, line)
        assert len(line.moves) >= len(before.moves)
        assert line.lane == before.lane
    assert [line.number for line, _ in diary.ended] == list(played)
    for line, counted in diary.ended:
        assert counted
        assert line.moves == (*played[line.number].opening, *played[line.number].actions)
    lanes = Counter(line.lane for line, _ in diary.ended)
    assert len(lanes) == min(at_once, 8)
    assert diary.closed == 1
    assert {end.verdicts for end in played.values()} == {(Verdict("so be it"), Verdict())}


def test_who_gives_up_loses_and_the_reason_is_told():
    diary = Diary(2, resigns_at=5)
    played = list(play_games(GAME, RANDOM, diary, 6, jax.random.key(7), 0))
    resigned = [end for end in played if end.ending == "resign"]
    assert resigned
    for end in resigned:
        assert (end.score, end.reason, end.verdicts) == (1.0, "had enough", (Verdict(), Verdict()))
        assert len(end.actions) in (5, 6)
    assert {(line.number, counted) for line, counted in diary.ended} == {
        (end.number, end.ending == "rules") for end in played
    }
    match = count("random", "diary", played)
    assert match.wins >= len(resigned)
    assert match.wins + match.draws + match.losses == 6


def test_a_match_that_is_left_or_breaks_closes_its_followers():
    diary = Diary(2)
    match = play_games(GAME, diary, RANDOM, 6, jax.random.key(7))
    next(match)
    match.close()
    assert diary.closed == 1
    diary = Diary(2)
    diary.answer = lambda lines: 1 / 0
    with pytest.raises(ZeroDivisionError):
        list(play_games(GAME, diary, RANDOM, 6, jax.random.key(7)))
    assert diary.closed == 1


def test_mistakes_are_told():
    with pytest.raises(BadConfig, match="a match of 3 games: it must be an even number"):
        play_match(GAME, RANDOM, RANDOM, 3, jax.random.key(7))
    catch = games.make("catch")
    with pytest.raises(BadConfig, match="an arena needs a game for two"):
        play_match(catch, RANDOM, RANDOM, 2, jax.random.key(7))


def test_ratings_of_one_lost_pair_are_finite():
    rating, zero = bradley_terry([count("a", "b", list(play_games(GAME, RANDOM, Diary(1, 0), 2, jax.random.key(7))))])
    assert (rating.name, zero.name, zero.points) == ("a", "b", 0)
    assert 0 < rating.points < 1000
