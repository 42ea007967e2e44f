"""Builds `.types/tradigrade`, a tree of links that shows the mapped folders as the package they are installed as.

Type checkers and import-linter do not see through the import hook of an editable install; they find this tree instead.
It follows `package-dir` in pyproject.toml, so that file stays the single truth.
"""

import os
import tomllib
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
PACKAGE = "tradigrade"


def wanted(root: Path) -> dict[str, Path]:
    """What the package holds at its top: each file of the front door, and each mapped folder, by name."""
    setuptools = tomllib.loads((root / "pyproject.toml").read_text(encoding="utf-8"))["tool"]["setuptools"]
    folders = {name: root / folder for name, folder in setuptools["package-dir"].items()}
    files = {entry.name: entry for entry in folders.pop(PACKAGE).iterdir() if entry.name != "__pycache__"}
    return files | {name.removeprefix(f"{PACKAGE}."): folder for name, folder in folders.items()}


def link(root: Path, tree: Path) -> None:
    """Makes `tree` hold exactly the wanted links; what is right already is left alone, so a second run is safe."""
    tree.mkdir(parents=True, exist_ok=True)
    targets = {name: os.path.relpath(target, tree) for name, target in wanted(root).items()}
    right = {entry.name for entry in tree.iterdir() if targets.get(entry.name) == _target(entry)}
    for entry in tree.iterdir():
        if entry.name not in right:
            entry.unlink()
    for name in targets.keys() - right:
        (tree / name).symlink_to(targets[name])


def _target(entry: Path) -> str:
    return str(entry.readlink()) if entry.is_symlink() else ""


if __name__ == "__main__":
    link(ROOT, ROOT / ".types" / PACKAGE)
