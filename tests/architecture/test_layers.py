"""Dependencies flow one way: import-linter holds the layers of pyproject.toml, and is seen to."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from deploy.link_types import link

from .source import FOLDERS, ROOT, relative

LINTER = Path(sys.executable).with_name("lint-imports")

pytestmark = pytest.mark.skipif(not LINTER.exists(), reason="import-linter is not installed: run `make setup`")


def check_layers(root: Path, tree: Path) -> tuple[int, str]:
    """The linter's verdict on the packages below `root`, seen through links in `tree`."""
    link(root, tree / "tradigrade")
    command = [str(LINTER), "--no-logo", "--no-cache", "--config", str(root / "pyproject.toml")]
    environment = os.environ | {"PYTHONPATH": str(tree)}
    done = subprocess.run(command, env=environment, cwd=tree, capture_output=True, text=True, timeout=60, check=False)
    return done.returncode, done.stdout + done.stderr


@pytest.fixture
def copy(tmp_path: Path) -> Path:
    root = tmp_path / "copy"
    for folder in FOLDERS.values():
        shutil.copytree(folder, root / relative(folder), ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copy(ROOT / "pyproject.toml", root)
    return root


def test_the_layers_hold(tmp_path: Path) -> None:
    code, output = check_layers(ROOT, tmp_path)
    assert code == 0, output


SEEDED = {
    "kernel/seeded.py": "from ..trading import messages\n",
    "trading/seeded.py": "def late() -> None:\n    from ..web import __doc__\n",
    "models/seeded.py": "import tradigrade.storage\n",
    "app/unlisted.py": "",
}


@pytest.mark.parametrize("path", SEEDED)
def test_a_seeded_violation_breaks_the_contract(copy: Path, tmp_path: Path, path: str) -> None:
    (copy / path).write_text(SEEDED[path], encoding="utf-8")
    code, output = check_layers(copy, tmp_path / "tree")
    assert code != 0
    assert Path(path).stem in output
