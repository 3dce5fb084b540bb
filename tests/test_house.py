"""The house rules: layers, budgets of lines, no pickle, a quick command line."""

import ast
import importlib
import subprocess
import sys
import time
from pathlib import Path

SOURCE = Path(__file__).parents[1] / "src" / "move37"
LAYERS = [
    {"core"},
    {"games", "nets", "run"},
    {"models", "search", "learn"},
    {"play", "data"},
    {"recipes"},
    {"engines", "web"},
    {"cli"},
]
LEVEL = {name: level for level, names in enumerate(LAYERS) for name in names}


def _imports(text: str) -> set[str]:
    """Names of the packages of move37 that a module imports, at any depth."""
    found = set()
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.ImportFrom) and node.module and node.module.split(".")[0] == "move37":
            parts = node.module.split(".")
            found |= {parts[1]} if len(parts) > 1 else {alias.name for alias in node.names}
        elif isinstance(node, ast.Import):
            found |= {a.name.split(".")[1] for a in node.names if a.name.startswith("move37.")}
    return found & set(LEVEL)


def _misplaced(package: str, text: str) -> set[str]:
    return {name for name in _imports(text) if name != package and LEVEL[name] >= LEVEL[package]}


def _too_long(text: str) -> list[str]:
    functions = [n for n in ast.walk(ast.parse(text)) if isinstance(n, ast.FunctionDef)]
    long = [n.name for n in functions if (n.end_lineno or 0) - n.lineno + 1 > 80]
    return long + (["the file"] if len(text.splitlines()) > 400 else [])


def test_the_checks_can_fail():
    assert _misplaced("search", "from move37.learn.losses import x") == {"learn"}
    assert _misplaced("games", "def f():\n    from move37 import play") == {"play"}
    assert _misplaced("play", "import move37.search.tree") == set()
    assert _too_long("x = 1\n" * 401) == ["the file"]
    assert _too_long("def f():\n" + "    x = 1\n" * 81) == ["f"]


def test_arrows_point_down_and_files_are_short():
    for path in SOURCE.rglob("*.py"):
        text, package = path.read_text(), path.relative_to(SOURCE).parts[0]
        assert not _too_long(text), path
        assert "pickle=True" not in text, path
        assert "import pickle" not in text, path
        if package in LEVEL:
            assert not _misplaced(package, text), path
        else:
            assert package == "__init__.py", f"{path}: in no layer"
            assert not _imports(text), path


def test_benchmarks_import_what_there_is():
    """They need extras and hours, so only their imports from move37 are looked at."""
    for path in (SOURCE.parents[1] / "benchmarks").glob("*.py"):
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.ImportFrom) and (node.module or "").startswith("move37"):
                module = importlib.import_module(node.module or "")
                for alias in node.names:
                    if not hasattr(module, alias.name):
                        importlib.import_module(f"{node.module}.{alias.name}")  # a module of its own, or an error


def test_the_command_line_answers_without_jax():
    code = (
        "import sys; sys.argv = ['move37', '--help']; import move37.cli; move37.cli.main(); print('jax' in sys.modules)"
    )
    began = time.monotonic()
    result = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert result.stdout.strip().endswith("False")
    assert "train" in result.stdout
    assert time.monotonic() - began < 2  # 0.1 s on a quiet machine; the bar for people is 0.5


def test_mistakes_end_in_one_line():
    for arguments in (["dance"], ["resume", "nowhere"], ["train", "--game", "chess960x"], ["train", "nothing"]):
        code = "import move37.cli; move37.cli.main()"
        result = subprocess.run([sys.executable, "-c", code, *arguments], capture_output=True, text=True, check=False)
        assert result.returncode in (1, 2), arguments
        assert result.stderr.startswith("move37: "), result.stderr
        assert "Traceback" not in result.stderr
