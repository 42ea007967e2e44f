"""Everything that must hold before the first process starts: a data directory of our own, free ports, credentials."""

import errno
import fcntl
import json
import os
import secrets
import shutil
import socket
import tempfile
import time
from pathlib import Path

import msgspec

from .actors.credentials import Credentials
from .config.run import Run, fingerprint
from .config.settings import Settings
from .kernel.clock import SystemClock
from .kernel.disk import SystemDisk
from .memory import make_memory_dir, memory_dir
from .ports import CREDENTIALS_NAME
from .preflight import StartFault
from .storage.held_back import HELD_BACK_NAME, HeldBack

NODES_END_S = 4.0
RUN_FILE = "run.json"
MARKET_FILE = "market.json"
HEADER_AND_START_BYTES = 160
"""A journal no longer than this holds nothing yet."""
SOCKETS_PREFIX = "tradigrade-"
OURS = ("exchange", "models", "logs")
"""Folders below the data directory that `--fresh` removes, with the account's files."""


class DataDirectory:
    """One data directory, locked for one launcher. Holds everything a run leaves behind."""

    def __init__(self, path: Path) -> None:
        self.path = path.absolute()
        self._lock_fd = -1

    def lock(self) -> None:
        """Make and lock it; `StartFault` where that is not to be had."""
        try:
            self.path.mkdir(parents=True, exist_ok=True, mode=0o700)
            self._lock_fd = os.open(self.path / "launcher.lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        except OSError as error:
            raise StartFault(
                f"data directory {self.path} cannot be written: {error.strerror}; choose another with --data-dir"
            ) from error
        try:
            fcntl.flock(self._lock_fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            raise StartFault(
                f"another tradigrade runs on data directory {self.path}; stop it, or choose another with --data-dir"
            ) from error

    def wait_for_nodes(self) -> None:
        """Nodes of a launcher that was killed end within 3 s; `StartFault` where some go on living."""
        deadline_ns = SystemClock().monotonic_ns() + round(NODES_END_S * 1e9)
        for path in self.path.glob("node-*.lock"):
            while not _is_free(path):
                if SystemClock().monotonic_ns() > deadline_ns:
                    name = path.name.removeprefix("node-").removesuffix(".lock")
                    raise StartFault(f"node {name} still runs on data directory {self.path}; stop it first")
                time.sleep(0.02)

    def unlock(self) -> None:
        os.close(self._lock_fd)

    def check_market(self, settings: Settings, *, fresh: bool) -> None:
        """`StartFault` where the books here were made on another market: prices and ids would not go on."""
        path = self.path / "exchange" / MARKET_FILE
        if fresh or not path.exists():
            return
        before, now = json.loads(path.read_text()), describe_market(settings)
        if before != now:
            raise StartFault(
                f"the books in {self.path} were made on {before['market']}, not on {now['market']}; "
                "give --fresh to forget them, or another --data-dir"
            )

    def note_market(self, settings: Settings) -> None:
        """Remember on which market the books are made."""
        write_private(self.path / "exchange" / MARKET_FILE, json.dumps(describe_market(settings)).encode())

    def clear(self) -> None:
        """Forget everything but the configuration: accounts, orders, what was learned."""
        for name in OURS:
            shutil.rmtree(self.path / name, ignore_errors=True)
        for path in self.path.glob("account-*"):
            path.unlink()
        (self.path / HELD_BACK_NAME).unlink(missing_ok=True)

    def start_anew(self, settings: Settings) -> None:
        """Strategies that were held back under other settings get another chance."""
        HeldBack(SystemDisk(), self.path / HELD_BACK_NAME).forget_others(fingerprint(settings))

    def resumes(self, account: str) -> bool:
        """True where books of an earlier run are there to go on with."""
        journal = self.path / f"account-{account}.journal"
        rotated = journal.with_name(f"{journal.name}.snapshot").exists()
        return rotated or (journal.exists() and journal.stat().st_size > HEADER_AND_START_BYTES)


def describe_market(settings: Settings) -> dict[str, str]:
    """What makes two markets the same one."""
    if settings.venue.name != "simulated":
        return {"market": f"the market of {settings.venue.name}"}
    if settings.replay:
        return {"market": f"recording {Path(settings.replay).name}"}
    return {"market": f"the synthetic market of {', '.join(settings.symbols)} with seed {settings.seed}"}


def _is_free(path: Path) -> bool:
    fd = os.open(path, os.O_RDWR | os.O_CLOEXEC)
    try:
        fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        return False
    finally:
        os.close(fd)
    return True


def prepare(directory: DataDirectory, settings: Settings) -> Run:
    """Credentials, ports and a place for sockets; `StartFault` where one is not to be had. Call with the lock held."""
    _sweep(directory)
    exchange = directory.path / "exchange"
    exchange.mkdir(exist_ok=True, mode=0o700)
    if not (exchange / CREDENTIALS_NAME).exists():
        write_private(exchange / CREDENTIALS_NAME, msgspec.json.encode(_new_credentials()))
    check_port(settings.console.host, settings.console.port)
    socket_dir = tempfile.mkdtemp(prefix=SOCKETS_PREFIX)
    make_memory_dir(socket_dir)
    return Run(
        run_id=secrets.token_hex(8),
        data_dir=str(directory.path),
        socket_dir=socket_dir,
        venue_port=free_port("127.0.0.1"),
        console_port=settings.console.port or free_port(settings.console.host),
        started_ns=SystemClock().now_ns(),
        settings=settings,
    )


def announce(directory: DataDirectory, run: Run) -> None:
    """Write down where the running launcher is to be found."""
    facts = {
        "pid": os.getpid(),
        "socket_dir": run.socket_dir,
        "run_id": run.run_id,
        "console": console_url(run),
        "exchange": f"127.0.0.1:{run.venue_port}",
        "protocol": run.settings.venue.protocol,
    }
    write_private(directory.path / RUN_FILE, json.dumps(facts).encode())


def clean_up(directory: DataDirectory, run: Run) -> None:
    """Remove what only a running system needs."""
    shutil.rmtree(run.socket_dir, ignore_errors=True)
    shutil.rmtree(memory_dir(run.socket_dir), ignore_errors=True)
    (directory.path / RUN_FILE).unlink(missing_ok=True)


def _sweep(directory: DataDirectory) -> None:
    """Remove the sockets of a launcher that was killed; the lock says that it is gone."""
    try:
        left = json.loads((directory.path / RUN_FILE).read_text())["socket_dir"]
    except (OSError, ValueError, KeyError):
        return
    if Path(left).name.startswith(SOCKETS_PREFIX):
        shutil.rmtree(left, ignore_errors=True)
        shutil.rmtree(memory_dir(left), ignore_errors=True)


def console_url(run: Run) -> str:
    return f"http://{run.settings.console.host}:{run.console_port}"


def check_port(host: str, port: int) -> None:
    """`StartFault` where the console could not listen."""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except OSError as error:
            what = "is in use" if error.errno == errno.EADDRINUSE else f"cannot be had: {error.strerror}"
            raise StartFault(f"console port {port} on {host} {what}; choose another with --port") from error


def free_port(host: str) -> int:
    with socket.socket() as probe:
        probe.bind((host, 0))
        port: int = probe.getsockname()[1]
        return port


def _new_credentials() -> Credentials:
    return Credentials(api_key=secrets.token_urlsafe(32), api_secret=secrets.token_urlsafe(32))


def write_private(path: Path, data: bytes) -> None:
    """Write a whole file that only its owner may read, or nothing."""
    temporary = path.with_suffix(".tmp")
    fd = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC, 0o600)
    with os.fdopen(fd, "wb") as file:
        file.write(data)
    temporary.replace(path)
