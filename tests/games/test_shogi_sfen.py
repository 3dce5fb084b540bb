"""SFEN in and out, and the picture."""

import jax
import pytest

from move37 import games
from move37.core.errors import BadConfig
from move37.games import shogi_sfen

GAME = games.make("shogi")
SFENS = (
    shogi_sfen.START,
    "l6nl/5+P1gk/2np1S3/p1p4Pp/3P2Sp1/1PPb2P1P/P5GS1/R8/LN4bKL w RGgsn5p 1",
    "R8/2K1S1SSk/4B4/9/9/9/9/9/1L1L1L3 b RBGSNLP3g3n17p 93",
)


def test_round_trip():
    for sfen in SFENS:
        assert shogi_sfen.write(shogi_sfen.parse(sfen)) == sfen
        assert GAME.to_sfen(GAME.from_sfen(sfen)) == sfen
    assert GAME.to_sfen(GAME.from_sfen("4k4/9/9/9/9/9/9/9/4K4 w p2P")) == "4k4/9/9/9/9/9/9/9/4K4 w 2Pp 1"


@pytest.mark.parametrize(
    ("sfen", "message"),
    [
        ("4k4/9/9/9/9/9/9/9/4K4", "board, b or w, hands or -, number"),
        ("4k4/9/9/9/9/9/9/9/4K4 x - 1", "b or w"),
        ("4k4/9/9/9/9/9/9/9/4K4 b - 0", "number of the move"),
        ("4k4/9/9/9/9/9/9/4K4 b - 1", "got 8 rows"),
        ("4k4/9/9/9/9/9/9/8/4K4 b - 1", "got 8 squares in row '8'"),
        ("4k4/9/9/9/9/9/9/+G8/4K4 b - 1", r"got '\+G'"),
        ("4k4/9/9/9/9/9/9/Q8/4K4 b - 1", "got 'Q'"),
        ("4k4/9/9/9/9/9/9/9/4K4 b K 1", "got hands 'K'"),
        ("4k4/9/9/9/9/9/9/9/4K4 b 3R 1", "got 0 P 0 L 0 N 0 S 0 B 3 R 0 G 2 K"),
        ("4k4/9/9/9/9/9/9/9/4K4 b 99P99P 1", "got 100 P"),  # 198 would be −58 in eight bits
        ("4k4/9/9/9/9/9/9/²7/4K4 b - 1", "got '²'"),
        ("4k4/9/9/9/9/9/9/9/4K4 b - " + "9" * 5000, "number of the move|allowed: 1 to"),
        ("4k4/9/9/9/9/9/9/9/9 b - 1", "one K and one k"),
        ("4k4/9/9/9/9/9/9/9/4K4 b - 513", "allowed: 1 to 512"),
        ("4k4/4R4/9/9/9/9/9/9/4K4 b - 1", "only the player to move may be in check"),
    ],
)
def test_mistakes(sfen, message):
    with pytest.raises(BadConfig, match=message):
        GAME.from_sfen(sfen)


def test_the_picture():
    lines = GAME.render(GAME.init(jax.random.key(0))).splitlines()
    assert lines[0] == "White holds nothing"
    assert lines[1].split() == list("987654321")
    assert lines[3].split() == ["·", "r", "·", "·", "·", "·", "·", "b", "·", "b"]
    assert len({len(line) for line in lines[2:11]}) == 1
    text = GAME.render(GAME.from_sfen(SFENS[1]))
    assert text.startswith("White holds gsn5p\n")
    assert text.endswith("Black holds RG")
    assert "+P" in text
