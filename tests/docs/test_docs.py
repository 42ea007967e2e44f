"""The documents are right: their examples run, and the tests they name are there."""

import ast
import re
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
SEMANTICS = (ROOT / "docs/semantics.md").read_text(encoding="utf-8")
NAMED = re.findall(r"`(tests/[^`]+)`", SEMANTICS)


@pytest.mark.parametrize("name", sorted(set(NAMED)))
def test_a_promise_names_a_test_that_is_there(name: str) -> None:
    path, _, function = name.partition("::")
    tree = ast.parse((ROOT / path).read_text(encoding="utf-8"))
    functions = {node.name for node in ast.walk(tree) if isinstance(node, ast.FunctionDef)}
    assert not function or function in functions


def test_every_promise_names_its_test() -> None:
    promises = SEMANTICS.partition("## What is not promised")[0]
    items = re.findall(r"^- .*?(?=^- |^## |\Z)", promises, flags=re.MULTILINE | re.DOTALL)
    assert len(items) >= 60
    assert [item for item in items if len(re.findall(r"`tests/[^`]+`", item)) != 1] == []


def test_the_examples_of_the_guide_run(tmp_path: Path) -> None:
    guide = (ROOT / "docs/supervision.md").read_text(encoding="utf-8")
    blocks = re.findall(r"```python\n(.*?)```", guide, flags=re.DOTALL)
    assert len(blocks) >= 5
    script = tmp_path / "guide.py"
    script.write_text("\n\n".join(blocks), encoding="utf-8")
    done = subprocess.run([sys.executable, str(script)], capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 0, done.stderr


PAGES = [ROOT / "README.md", ROOT / "CHANGELOG.md", *sorted((ROOT / "docs").rglob("*.md"))]


def anchors(page: Path) -> set[str]:
    headings = re.findall(r"^#+ (.+)$", page.read_text(encoding="utf-8"), flags=re.MULTILINE)
    return {re.sub(r"[^a-z0-9 -]", "", heading.lower()).replace(" ", "-") for heading in headings}


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_every_link_between_the_pages_leads_somewhere(page: Path) -> None:
    for target in re.findall(r"\]\(([^)\s]+)\)", page.read_text(encoding="utf-8")):
        path, _, anchor = target.partition("#")
        if "://" in path:
            continue
        found = (page.parent / path).resolve() if path else page
        assert found.exists(), target
        assert not anchor or anchor in anchors(found), target
