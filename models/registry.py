"""Published weights on disk: complete or absent, checksummed, the last five versions of each model.

folder/KIND/SYMBOL/VERSION.safetensors holds the weights, VERSION.json beside it the `ModelPublished` that vouches for
them. The manifest is written last, so weights without one were never published. One process publishes, any may read.
"""

import re
from hashlib import sha256
from pathlib import Path
from typing import NamedTuple
from urllib.parse import quote

import msgspec

from ..kernel.disk import Disk
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


class ModelRegistry:
    """One folder of published models."""

    def __init__(self, disk: Disk, folder: Path) -> None:
        self._disk = disk
        self._folder = folder

    def publish(
        self, symbol: str, kind: str, version: str, *, weights: LstmWeights, metrics: ModelMetrics
    ) -> ModelPublished:
        """Writes the weights, syncs them and then vouches for them; drops all but the last `KEPT_VERSIONS`.

        Versions sort as text. Raises `ValueError` for a version that does not sort after those published, or is no
        plain name; `OSError` where the disk refuses.
        """
        shelf = self._shelf(symbol, kind)
        newest = max(self._versions(shelf), default="")
        if not _VERSION.fullmatch(version) or version <= newest:
            raise ValueError(f"version: expected a plain name that sorts after {newest!r}, got {version!r}")
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
        self._disk.replace(path, data)
        self._disk.replace(path.with_suffix(".json"), msgspec.json.encode(published))
        self._drop_old(shelf)
        return published

    def next_version(self, symbol: str, kind: str) -> str:
        """The number after the newest one published, eight digits. Raises `ValueError` where that is no number."""
        newest = max(self._versions(self._shelf(symbol, kind)), default="0")
        return f"{int(newest) + 1:08d}"

    def load(self, published: ModelPublished) -> LstmWeights:
        """The weights exactly as published. Raises `WeightsCorrupt` where the file is missing or altered."""
        try:
            data = self._disk.read(Path(published.path))
        except OSError as fault:
            raise WeightsCorrupt(f"{published.path}: expected published weights, found {fault.strerror}") from fault
        found = sha256(data).hexdigest()
        if found != published.sha256:
            raise WeightsCorrupt(
                f"{published.path}: expected sha256 {published.sha256}, found {found}; publish it again"
            )
        return decode(data)

    def latest(self, symbol: str, kind: str) -> Latest:
        """The newest version that loads; a corrupt one is reported and the one before it used."""
        shelf, faults = self._shelf(symbol, kind), []
        for version in sorted(self._versions(shelf), reverse=True):
            try:
                published = self._read_manifest(shelf / f"{version}.json")
                self.load(published)
            except WeightsCorrupt as fault:
                faults.append(fault)
            else:
                return Latest(published, tuple(faults))
        return Latest(None, tuple(faults))

    def _shelf(self, symbol: str, kind: str) -> Path:
        return self._folder / quote(kind, safe="") / quote(symbol, safe="")

    def _versions(self, shelf: Path) -> list[str]:
        return [name.removesuffix(".json") for name in self._disk.names(shelf) if name.endswith(".json")]

    def _read_manifest(self, path: Path) -> ModelPublished:
        """The manifest, its path that of the folder as it is now: a data directory may move."""
        try:
            published = msgspec.json.decode(self._disk.read(path), type=ModelPublished)
        except (OSError, msgspec.DecodeError) as fault:
            raise WeightsCorrupt(f"{path}: expected the manifest of published weights, found {fault}") from fault
        return msgspec.structs.replace(published, path=str(path.with_suffix(".safetensors")))

    def _drop_old(self, shelf: Path) -> None:
        """Removes all but the last versions, manifests first, and what an interrupted publication left behind."""
        kept = set(sorted(self._versions(shelf))[-KEPT_VERSIONS:])
        for name in self._disk.names(shelf):  # VERSION.json sorts before VERSION.safetensors
            path = shelf / name
            if path.suffix == ".tmp" or path.stem not in kept:
                self._disk.remove(path)
