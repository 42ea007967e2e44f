"""Published weights on disk: complete or absent, checksummed, the last five versions of each model.

folder/KIND/SYMBOL/VERSION.safetensors holds the weights, VERSION.json beside it the `ModelPublished` that vouches for
them. The manifest is written last, so weights without one were never published. One process publishes, any may read.
"""

import os
import re
from hashlib import sha256
from pathlib import Path
from typing import NamedTuple
from urllib.parse import quote

import msgspec

from ..trading.messages import ModelPublished
from .faults import WeightsCorrupt
from .lstm import LstmWeights, decode, encode

KEPT_VERSIONS = 5
_VERSION = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]{0,63}")


class ModelMetrics(NamedTuple):
    """`log_loss` is the mean over recent bars that the training held out; 0.693 is a coin."""

    trained_bars: int
    log_loss: float


class Latest(NamedTuple):
    """The newest intact model, None without any, and what was wrong with those that are newer."""

    model: ModelPublished | None
    faults: tuple[WeightsCorrupt, ...]


def publish(
    folder: Path, symbol: str, kind: str, version: str, *, weights: LstmWeights, metrics: ModelMetrics
) -> ModelPublished:
    """Writes the weights, syncs them and then vouches for them; drops all but the last `KEPT_VERSIONS`.

    Versions sort as text. Raises `ValueError` for a version that does not sort after those published, or is no plain
    name; `OSError` where the disk refuses.
    """
    shelf = _shelf(folder, symbol, kind)
    newest = max(_versions(shelf), default="")
    if not _VERSION.fullmatch(version) or version <= newest:
        raise ValueError(f"version: expected a plain name that sorts after {newest!r}, got {version!r}")
    shelf.mkdir(parents=True, exist_ok=True)
    path, data = shelf / f"{version}.safetensors", encode(weights)
    published = ModelPublished(
        symbol=symbol,
        kind=kind,
        version=version,
        path=str(path),
        sha256=sha256(data).hexdigest(),
        trained_bars=metrics.trained_bars,
        log_loss=metrics.log_loss,
    )
    _write(path, data)
    _write(path.with_suffix(".json"), msgspec.json.encode(published))
    _drop_old(shelf)
    return published


def next_version(folder: Path, symbol: str, kind: str) -> str:
    """The number after the newest one published, eight digits. Raises `ValueError` where that is no number."""
    newest = max(_versions(_shelf(folder, symbol, kind)), default="0")
    return f"{int(newest) + 1:08d}"


def load(published: ModelPublished) -> LstmWeights:
    """The weights exactly as published. Raises `WeightsCorrupt` where the file is missing or altered."""
    try:
        data = Path(published.path).read_bytes()
    except OSError as fault:
        raise WeightsCorrupt(f"{published.path}: expected published weights, found {fault.strerror}") from fault
    found = sha256(data).hexdigest()
    if found != published.sha256:
        raise WeightsCorrupt(f"{published.path}: expected sha256 {published.sha256}, found {found}; publish it again")
    return decode(data)


def latest(folder: Path, symbol: str, kind: str) -> Latest:
    """The newest version that loads; a corrupt one is reported and the one before it used."""
    shelf, faults = _shelf(folder, symbol, kind), []
    for version in sorted(_versions(shelf), reverse=True):
        try:
            published = _read_manifest(shelf / f"{version}.json")
            load(published)
        except WeightsCorrupt as fault:
            faults.append(fault)
        else:
            return Latest(published, tuple(faults))
    return Latest(None, tuple(faults))


def _shelf(folder: Path, symbol: str, kind: str) -> Path:
    return folder / quote(kind, safe="") / quote(symbol, safe="")


def _versions(shelf: Path) -> list[str]:
    return [path.stem for path in shelf.glob("*.json")]


def _read_manifest(path: Path) -> ModelPublished:
    """The manifest, its path that of the folder as it is now: a data directory may move."""
    try:
        published = msgspec.json.decode(path.read_bytes(), type=ModelPublished)
    except (OSError, msgspec.DecodeError) as fault:
        raise WeightsCorrupt(f"{path}: expected the manifest of published weights, found {fault}") from fault
    return msgspec.structs.replace(published, path=str(path.with_suffix(".safetensors")))


def _write(path: Path, data: bytes) -> None:
    """All of `data` under `path`, on disk, or nothing."""
    temporary = path.with_name(path.name + ".tmp")
    with temporary.open("wb") as file:
        file.write(data)
        file.flush()
        os.fsync(file.fileno())
    temporary.replace(path)
    _sync_folder(path.parent)


def _sync_folder(folder: Path) -> None:
    """Makes a rename last; only POSIX has a way to ask for it."""
    if os.name != "posix":
        return
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _drop_old(shelf: Path) -> None:
    """Removes all but the last versions, manifests first, and what an interrupted publication left behind."""
    kept = set(sorted(_versions(shelf))[-KEPT_VERSIONS:])
    for path in sorted(shelf.iterdir()):  # VERSION.json sorts before VERSION.safetensors
        if path.suffix == ".tmp" or path.stem not in kept:
            path.unlink(missing_ok=True)
