"""Where things lie: what ships is listed, and nothing else looks as if it did."""

import os
import sys
from pathlib import Path

import pytest

from deploy.link_types import link

from .source import FOLDERS, ROOT, SETUPTOOLS, package_files, relative

NOT_SHIPPED = {"benchmarks", "build", "deploy", "dist", "docs", "examples", "tests"}
LINES_MAX = 300
"""The ceiling; 250 is the goal."""


def test_every_package_folder_is_listed() -> None:
    found = {
        ".".join((name, *init.parent.relative_to(folder).parts))
        for name, folder in FOLDERS.items()
        for init in folder.rglob("__init__.py")
    }
    assert found == set(SETUPTOOLS["packages"])


def test_every_folder_with_source_is_a_package() -> None:
    lost = {relative(path.parent) for path in package_files() if not (path.parent / "__init__.py").exists()}
    assert not lost


def test_every_top_folder_is_mapped_or_known_not_to_ship() -> None:
    found = {entry.name for entry in ROOT.iterdir() if entry.is_dir() and any(entry.rglob("*.py"))}
    visible = {name for name in found if not name.startswith(".")}
    assert visible - NOT_SHIPPED == {relative(folder) for folder in FOLDERS.values()}


def test_no_folder_at_the_root_shadows_the_installed_package() -> None:
    assert not (ROOT / "tradigrade").exists()


def test_the_package_says_that_it_is_typed() -> None:
    assert (FOLDERS["tradigrade"] / "py.typed").exists()


@pytest.mark.parametrize("path", package_files(), ids=relative)
def test_no_source_file_is_longer_than_the_ceiling(path: Path) -> None:
    lines = len(path.read_text(encoding="utf-8").splitlines())
    assert lines <= LINES_MAX, "a second concept wants its own file"


@pytest.mark.skipif(sys.platform == "win32", reason="links need a privilege there")
def test_the_link_tree_shows_the_package_and_drops_what_is_gone(tmp_path: Path) -> None:
    tree = tmp_path / "tradigrade"
    tree.mkdir()
    (tree / "gone").symlink_to(tmp_path / "nowhere")
    (tree / "kernel").symlink_to(tmp_path / "elsewhere")
    link(ROOT, tree)
    link(ROOT, tree)
    shown = {f"tradigrade.{entry.name}" for entry in tree.iterdir() if entry.is_dir()}
    within = {f"tradigrade.{init.parent.name}" for init in FOLDERS["tradigrade"].glob("*/__init__.py")}
    assert shown == set(FOLDERS) - {"tradigrade"} | within
    assert os.path.samefile(tree / "kernel", FOLDERS["tradigrade.kernel"])  # noqa: PTH121
    assert (tree / "__init__.py").exists()
