"""Is a file what it was when it was written: asked before its rows are used, so that damage is neither passed on nor
written anew under a sum that fits."""

import hashlib
from collections.abc import Iterable
from pathlib import Path

from .layout import CatalogueFault
from .manifest import Manifest

NEXT = ".next"
"""What a file's name ends with beside its place, until it takes it."""
TRIES = 3
"""A writer may move a file while it is read."""


def sha256_of(path: Path) -> str:
    with path.open("rb") as opened:
        return hashlib.file_digest(opened, "sha256").hexdigest()


def check_whole(manifest: Manifest, paths: Iterable[Path]) -> None:
    """Raises CatalogueFault where one is not; a write under way is no damage."""
    for path in paths:
        if not any(_is_whole(path, Manifest(manifest.dataset, manifest.root)) for _ in range(TRIES)):
            raise CatalogueFault(
                f"{path} is missing, altered or damaged: `tradigrade data verify` says where, `tradigrade data repair` "
                "sets it aside and says how it comes back"
            )


def _is_whole(path: Path, manifest: Manifest) -> bool:
    """Either the file is, or the one that is about to take its place."""
    return manifest.files[path.stem].sha256 in (_sum_of(path), _sum_of(path.with_name(path.name + NEXT)))


def _sum_of(path: Path) -> str:
    try:
        return sha256_of(path)
    except FileNotFoundError:
        return ""
