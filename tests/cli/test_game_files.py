"""Files of single games of an arena: who sat where and who won, read by others."""

from argparse import Namespace

import cshogi
import cshogi.CSA
import cshogi.KIF
import jax
import numpy as np
import pytest

from move37.cli.game_files import FORMS, check_places
from move37.data.record import BLACK
from move37.engines.agreement import settle
from move37.games.shogi import Shogi
from move37.play.match import Played, Verdict

GAME = Shogi()


def _played(ending: str, began: int, reason: str) -> Played:
    """A game that White has lost, being to move after the opening 7g7f."""
    start = GAME.init(jax.random.key(0))
    return Played(
        number=6,
        names=("Ann", "先生"),
        sides=(1 - began, began),
        began=began,  # after the opening, in which the other moved
        init_key=np.zeros(2, np.uint32),
        opening=(GAME.action(start, "7g7f"),),
        actions=(),
        rewards=(),
        score=-1.0 if began == 0 else 1.0,
        ending=ending,
        reason=reason,
        verdicts=(Verdict(), Verdict()),
        state=start,
        start=GAME.to_text(start),
    )


@pytest.mark.parametrize("began", [0, 1])
@pytest.mark.parametrize(
    ("ending", "reason", "word", "last"),
    [
        ("resign", "resigned", "%TORYO", "投了"),
        ("time", "was silent for 60 seconds", "%TIME_UP", "切れ負け"),
        ("forfeit", "played '7g7e', which is no legal move", "%ILLEGAL_MOVE", "反則負け"),
    ],
)
def test_a_game_of_shogi_names_its_sides_and_winner(here, ending, reason, word, last, began):
    folders = {form.suffix: None for form in FORMS} | {"csa": here / "c", "kif": here / "k"}
    end = settle(GAME, _played(ending, began, reason))
    assert end.result.winner == BLACK
    check_places(GAME, Namespace(**folders, record=None)).keep(GAME, 2, end)
    (csa,), (kif,) = sorted((here / "c").iterdir()), sorted((here / "k").iterdir())
    assert [csa.name, kif.name] == ["02-Ann-先生-007.csa", "02-Ann-先生-007.kif"]
    names = ["先生", "Ann"] if began == 0 else ["Ann", "先生"]
    loser = f"{names[1]} (White) {reason}"
    (by_csa,) = cshogi.CSA.Parser.parse_file(str(csa), encoding="utf-8")
    by_kif = cshogi.KIF.Parser.parse_str(kif.read_text("utf-8"))
    assert (by_csa.names, by_csa.win, by_csa.endgame) == (names, cshogi.BLACK_WIN, word)
    assert (by_kif.names, by_kif.win) == (names, cshogi.BLACK_WIN)
    assert f"\n   2 {last}\n*{loser}\n" in kif.read_text("utf-8")
    assert f"\n'*{loser}\n" in csa.read_text("utf-8")
    assert [cshogi.move_to_usi(move) for move in by_csa.moves] == ["7g7f"]
    assert by_kif.moves == by_csa.moves
    assert by_csa.var_info["EVENT"] == by_kif.var_info["棋戦"] == "move37 arena, game 7"
