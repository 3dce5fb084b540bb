"""What the pages say is so: every module stands on the page of everything, and the code on it runs."""

import re
from pathlib import Path

import jax
import pytest
import yaml

from move37 import games

ROOT = Path(__file__).parents[1]


def test_the_page_of_everything_names_every_module():
    page = (ROOT / "docs" / "all.md").read_text()
    table = page[page.index("## The files") : page.index("## A run")]
    rows = {match[1]: set(re.findall(r"`(\w+)`", match[0])) for match in re.finditer(r"\|[^|]*\| `(\w+)/` \|.*", table)}
    modules = {}
    for path in (ROOT / "src" / "move37").rglob("*.py"):
        if path.stem != "__init__":
            modules.setdefault(path.parent.name, set()).add(path.stem)
    assert rows.keys() == modules.keys()
    for folder, names in modules.items():
        assert names <= rows[folder], f"{folder}/ on the page lacks {names - rows[folder]}"


def test_the_code_on_the_page_of_everything_runs(capsys):
    code = re.search(r"```python\n(.*?)```", (ROOT / "docs" / "all.md").read_text(), re.DOTALL)[1]
    exec(compile(code, "docs/all.md", "exec"), {})
    action, value, *_ = capsys.readouterr().out.split()
    assert action == "a3"  # the winning move of the comment
    assert float(value) > 0.5


def test_every_page_is_in_the_navigation():
    text = re.sub(r"!!\S+", "", (ROOT / "mkdocs.yml").read_text())
    pages = set(re.findall(r"[\w/]+\.md", str(yaml.safe_load(text)["nav"])))
    assert pages == {str(path.relative_to(ROOT / "docs")) for path in (ROOT / "docs").rglob("*.md")}


def _sheet(name: str) -> dict[str, str]:
    """What the data sheet of a game says, row by row."""
    page = (ROOT / "docs" / "games" / f"{name}.md").read_text()
    return {row[1]: row[2] for row in re.finditer(r"^\| ([a-z ]+) \| (.+) \|$", page, re.MULTILINE)}


@pytest.mark.parametrize(
    ("page", "name"),
    [
        ("catch", "catch"),
        ("chess", "chess"),
        ("connect_four", "connect_four"),
        ("deep_sea", "deep_sea"),
        ("go", "go_9x9"),
        ("hex", "hex_7x7"),
        ("othello", "othello_8x8"),
        ("shogi", "shogi"),
        ("tic_tac_toe", "tic_tac_toe"),
    ],
)
def test_data_sheets_say_what_the_games_are(page, name):
    game, sheet = games.make(name), _sheet(page)
    size = game.observation_shape[-1]
    words = {"size²": size**2, "size² points row by row": size**2, "size": size, "2·history + 1": 2 * 4 + 1}

    def numbers(text: str) -> list[int]:
        return [words[w] if w in words else int(w) for w in re.split(r", ", text)]

    assert int(sheet["players"].split(",")[0]) == game.num_players
    actions = re.match(r"(\d+|size²)", sheet["actions"])[1]
    assert numbers(actions)[0] + ("then `pass`" in sheet["actions"]) == game.num_actions
    assert tuple(numbers(re.search(r"\[(.+?)\]", sheet["observation"])[1])) == game.observation_shape
    state = jax.eval_shape(game.init, jax.random.key(0))
    size_of_state = sum(x.size * x.dtype.itemsize for x in jax.tree.leaves(state))
    told = re.match(r"([\d,]+) bytes|(\d?)·?size² \+ (\d+) bytes", sheet["state"])
    assert size_of_state == (int(told[1].replace(",", "")) if told[1] else int(told[2] or 1) * size**2 + int(told[3]))
    if "symmetries" in sheet:
        assert int(re.match(r"\d+", sheet["symmetries"])[0]) == len(game.symmetries())
