"""Inside the package imports are relative, or of a dependency that pyproject.toml declares."""

import ast
import importlib
import re
import sys
from importlib.metadata import packages_distributions
from pathlib import Path

import pytest

from .source import FOLDERS, PROJECT, ROOT, imports, package_files, relative

FOLDER_NAMES = {relative(folder) for folder in FOLDERS.values()}
DISTRIBUTIONS = packages_distributions()
NOT_PACKAGED = [
    path for folder in ("tests", "benchmarks", "deploy", "examples") for path in sorted((ROOT / folder).rglob("*.py"))
]


def normalise(distribution: str) -> str:
    """A distribution's name as registries compare it, without extras and versions (PEP 503)."""
    name = re.split(r"[\[<>=!~; ]", distribution, maxsplit=1)[0]
    return re.sub(r"[-_.]+", "-", name).lower()


EXTRAS = PROJECT["project"]["optional-dependencies"].values()
DECLARED = {normalise(item) for group in (PROJECT["project"]["dependencies"], *EXTRAS) for item in group}


def fault_of(name: str) -> str:
    """What is wrong with importing this inside the package; empty where nothing is."""
    top = name.partition(".")[0]
    if not top or top in sys.stdlib_module_names:
        return ""
    if top in FOLDER_NAMES | {"tradigrade"}:
        return f"{name}: import it relatively, or it exists twice"
    known = {normalise(distribution) for distribution in DISTRIBUTIONS.get(top, [top])}
    return "" if known & DECLARED else f"{name}: no dependency of pyproject.toml brings it"


@pytest.mark.parametrize("name", ["trading.messages", "models", "tradigrade.kernel", "pytest", "hypothesis.strategies"])
def test_an_import_that_must_not_be_is_found(name: str) -> None:
    assert fault_of(name)


@pytest.mark.parametrize("name", [".messages", "..kernel", "zmq.asyncio", "msgspec", "torch", "rich.console"])
def test_an_import_that_may_be_is_left_alone(name: str) -> None:
    assert not fault_of(name)


@pytest.mark.parametrize("path", package_files(), ids=relative)
def test_the_package_imports_itself_relatively_and_else_only_what_is_declared(path: Path) -> None:
    tree = ast.parse(path.read_text(encoding="utf-8"))
    assert not [f"line {line}: {fault}" for line, name in imports(tree) if (fault := fault_of(name))]


@pytest.mark.parametrize("path", NOT_PACKAGED, ids=relative)
def test_outside_the_package_no_folder_is_imported_by_its_bare_name(path: Path) -> None:
    tree = ast.parse(path.read_text(encoding="utf-8"))
    assert not [f"line {line}: {name}" for line, name in imports(tree) if name.partition(".")[0] in FOLDER_NAMES]


def test_the_front_door_imports_nothing_but_typing_names() -> None:
    tree = ast.parse((FOLDERS["tradigrade"] / "__init__.py").read_text(encoding="utf-8"))
    at_import_time = ast.Module([node for node in tree.body if not isinstance(node, ast.FunctionDef)], [])
    assert {name for _, name in imports(at_import_time)} <= {"typing"}


def test_the_lazy_public_names_resolve_and_an_unknown_one_says_what_there_is() -> None:
    tradigrade = importlib.import_module("tradigrade")
    for name in tradigrade._PUBLIC:
        assert getattr(tradigrade, name).__name__ == name
    with pytest.raises(AttributeError, match=r"no public name 'Nothing'; it has .*Strategy"):
        tradigrade.Nothing  # noqa: B018
