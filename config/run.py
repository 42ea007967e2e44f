"""One run of the whole system: where it lives and how its nodes find each other. Passed to every node as JSON."""

from hashlib import sha256
from pathlib import Path

import msgspec

from .settings import Settings


class Run(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """`socket_dir` is private to the user and short, as ipc paths must be; times are nanoseconds UTC."""

    run_id: str
    data_dir: str
    socket_dir: str
    venue_port: int
    console_port: int
    started_ns: int
    settings: Settings

    @property
    def data(self) -> Path:
        return Path(self.data_dir)

    @property
    def exchange_dir(self) -> Path:
        """The simulated venue's own state: it is not ours to read, as a real venue's would not be."""
        return self.data / "exchange"

    @property
    def models_dir(self) -> Path:
        return self.data / "models"


def to_json(run: Run) -> str:
    return msgspec.json.encode(run).decode()


def fingerprint(settings: Settings) -> str:
    """Equal for equal settings, and says nothing of what is in them."""
    return sha256(msgspec.json.encode(settings)).hexdigest()[:16]


def from_json(text: str) -> Run:
    return msgspec.json.decode(text, type=Run)
