"""The repository as its own tests see it: where packages lie, and what each file imports and names."""

import ast
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[2]
PROJECT: dict[str, Any] = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
SETUPTOOLS = PROJECT["tool"]["setuptools"]
FOLDERS = {name: ROOT / folder for name, folder in SETUPTOOLS["package-dir"].items()}
"""The mapped folders by the name they are imported as: `tradigrade.trading` lies in `trading`."""


def package_files() -> list[Path]:
    """Every source file that ships."""
    return sorted(path for folder in FOLDERS.values() for path in folder.rglob("*.py"))


def relative(path: Path) -> str:
    return path.relative_to(ROOT).as_posix()


def imports(tree: ast.AST) -> Iterator[tuple[int, str]]:
    """Line and full name of every absolute import, wherever it stands; a relative one begins with a dot."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from ((node.lineno, alias.name) for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            yield node.lineno, "." * node.level + (node.module or "")


def names_used(tree: ast.AST) -> Iterator[tuple[ast.expr, str]]:
    """Every use of something imported, with its dotted name spelled as its origin: after `import numpy as np`,
    `np.abs` is `numpy.abs`; after `from time import time_ns`, `time_ns` is `time.time_ns`."""
    origins = dict(_origins(tree))
    for node in ast.walk(tree):
        if isinstance(node, ast.Attribute | ast.Name):
            head, dot, rest = _dotted(node).partition(".")
            if head in origins:
                yield node, origins[head] + dot + rest


def _origins(tree: ast.AST) -> Iterator[tuple[str, str]]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            tops = ((alias.name.partition(".")[0], alias) for alias in node.names)
            yield from ((alias.asname, alias.name) if alias.asname else (top, top) for top, alias in tops)
        elif isinstance(node, ast.ImportFrom) and not node.level:
            yield from ((alias.asname or alias.name, f"{node.module}.{alias.name}") for alias in node.names)


def _dotted(node: ast.expr) -> str:
    match node:
        case ast.Name():
            return node.id
        case ast.Attribute() if head := _dotted(node.value):
            return f"{head}.{node.attr}"
        case _:
            return ""
