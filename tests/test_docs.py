"""What the pages say is so: every module stands on the page of everything, and the code on it runs."""

import re
from pathlib import Path

import yaml

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
