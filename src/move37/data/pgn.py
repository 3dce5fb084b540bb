"""PGN: a game of chess as people keep it, written.

Source: S. Edwards, "Portable Game Notation Specification and Implementation Guide" (1994); `Variant` and `FEN` of
Chess960 as Cute Chess and lichess write them.
"""

import re
import textwrap
from collections.abc import Mapping

import jax
import jax.numpy as jnp

from move37.games.chess import Chess, step_now

_ROSTER = {"Event": "?", "Site": "?", "Date": "????.??.??", "Round": "?", "White": "?", "Black": "?", "Result": "*"}
_LINE = 80  # letters after which the movetext goes on in a new line


def write(game: Chess, start: str, moves: tuple[int, ...], tags: Mapping[str, str], comment: str = "") -> str:
    """A game from the position `start` (FEN; "": the usual one), with a comment behind its last move.

    `tags` are added to the seven that each game has; what they do not say is `?`. Moves must be legal.
    """
    usual = game.to_text(Chess().init(jax.random.key(0)))
    state = game.from_text(start or usual)
    extra = {"Variant": "Chess960"} if game.chess960 else {}
    if game.chess960 or game.to_text(state) != usual:
        extra |= {"SetUp": "1", "FEN": game.to_text(state)}
    all_tags = {**_ROSTER, **tags, **extra}
    words, number = list[str](), int(state.ply)
    for i, action in enumerate(moves):
        if number % 2 == 0 or i == 0:
            words.append(f"{number // 2 + 1}{'...' if number % 2 else '.'}")
        words.append(game.san(state, action))
        state, number = step_now(game, state, jnp.int32(action)).state, number + 1
    if comment:
        words += f"{{{_plain(comment).replace('}', ')')}}}".split()
    text = textwrap.fill(" ".join([*words, all_tags["Result"]]), _LINE, break_long_words=False, break_on_hyphens=False)
    return "".join(f'[{name} "{_quoted(value)}"]\n' for name, value in all_tags.items()) + f"\n{text}\n\n"


def _quoted(value: str) -> str:
    return re.sub(r'(["\\])', r"\\\1", _plain(value))


def _plain(text: str) -> str:
    """On one line."""
    return " ".join(text.split())
