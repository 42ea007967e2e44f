"""The doors of each node to the outside: real sockets, files and threads, under the names actors know them by."""

import asyncio
import getpass
import os
from functools import partial
from importlib.util import find_spec
from pathlib import Path
from shutil import disk_usage
from typing import Any

import aiohttp
import msgspec
import structlog

from .actors.credentials import Credentials
from .actors.venue_server import VenueServer
from .config.feeds import FeedPlan, feed_plans
from .config.run import Run
from .exchanges.limit_windows import SHARED_NAME, SharedWindows
from .exchanges.public_venue import OpenSession, make_protocol, session_opener
from .exchanges.rate_budget import RateBudget
from .exchanges.simulated.live_market import CONNECTED
from .exchanges.simulated.tls import CERTIFICATE_NAME
from .exchanges.tasks import TaskSet
from .kernel.disk import SystemDisk
from .seams import Seams
from .storage.background import OneThread
from .trading.order_ids import client_id_prefix
from .venue_ports import connect_exchange, make_bounds, make_guard, make_listing

CREDENTIALS_NAME = "credentials.json"


def read_credentials(run: Run) -> Credentials:
    return msgspec.json.decode((run.exchange_dir / CREDENTIALS_NAME).read_bytes(), type=Credentials)


def node_ports(name: str, run: Run, loop: asyncio.AbstractEventLoop, seams: Seams) -> dict[str, Any]:
    """What the actors of a node need. Network and threads are on `loop`, all else goes through the seams."""
    match name:
        case "exchange":
            return _exchange_ports(run, loop, seams)
        case "guard":
            return _guard_ports(run, loop, seams)
        case "trader":
            return _trader_ports(run, loop, seams)
        case "learner":
            return _learner_ports(run, seams)
        case _:
            return _console_ports(run, loop, seams)


def _exchange_ports(run: Run, loop: asyncio.AbstractEventLoop, seams: Seams) -> dict[str, Any]:
    admin = (run.exchange_dir / "admin").exists()
    log = structlog.stdlib.get_logger("tradigrade", node="exchange")

    def tell(what: str) -> None:
        say = log.info if what == CONNECTED else log.warning
        say("real market", venue=run.settings.venue.name, state=what)

    credentials = read_credentials(run)
    server = VenueServer(loop, seams.clock, seams.entropy, seams.disk, run, credentials, tell, admin=admin)
    return {"venue_server": server}


def _guard_ports(run: Run, loop: asyncio.AbstractEventLoop, seams: Seams) -> dict[str, Any]:
    """No code of the executor's way to the venue: what broke that must not break this."""
    from .storage.halt import HALT_NAME, HaltLatch
    from .storage.lease import FileLease

    account, credentials = run.settings.account.name, read_credentials(run)
    log = structlog.stdlib.get_logger("tradigrade", node="guard")

    def open_session() -> aiohttp.ClientSession:
        return _loopback_session(run)

    return {
        "guard_venue": make_guard(run, loop, seams.clock, credentials, open_session, _rate_budget(run)),
        "halt": HaltLatch(seams.disk, run.data / HALT_NAME),
        "lease": FileLease(seams.disk, run.data / f"account-{account}.lease"),
        "guard_log": lambda told: log.warning("guard", state=told.state.name, reason=told.reason),
    }


def _console_ports(run: Run, loop: asyncio.AbstractEventLoop, seams: Seams) -> dict[str, Any]:
    from .storage.halt import HALT_NAME, HaltLatch
    from .storage.journal_keys import load_keys
    from .web.history import HistoryReader
    from .web.server import ConsoleServer

    journal = run.settings.journal
    keys = load_keys(journal.key_file, journal.old_key_files, seams.entropy.new_id)
    history = HistoryReader(seams.disk, run.data / f"account-{run.settings.account.name}.journal", keys)
    latch = HaltLatch(seams.disk, run.data / HALT_NAME)
    serve = partial(ConsoleServer, history=history, latch=latch, who=f"{_login()} at the console")
    return {"tasks": TaskSet(loop), "console_server": serve}


def _login() -> str:
    """The user that this runs as, also where nothing knows a name for it."""
    try:
        return getpass.getuser()
    except (KeyError, OSError):
        return f"user {os.getuid()}"


def _learner_ports(run: Run, seams: Seams) -> dict[str, Any]:
    from .models.registry import ModelRegistry
    from .storage.background import OneThread
    from .storage.state_files import StateFiles

    return {
        "trainer_states": StateFiles(seams.disk, run.models_dir / "states"),
        "torch": find_spec("torch") is not None,
        "thread": OneThread(seams.loop, "training"),
        "model_registry": ModelRegistry(seams.disk, run.models_dir),
    }


def _trader_ports(run: Run, loop: asyncio.AbstractEventLoop, seams: Seams) -> dict[str, Any]:
    from .exchanges.ccxt_venue import CcxtVenue

    credentials, budget = read_credentials(run), _rate_budget(run)
    prefix, bounds = client_id_prefix(run.settings.account.name), make_bounds(run, loop)

    async def connect() -> tuple[Any, aiohttp.ClientSession]:
        session = _loopback_session(run)
        return connect_exchange(run, session, credentials), session

    async def open_session() -> aiohttp.ClientSession:
        return _loopback_session(run)

    return {
        **_market_ports(run, loop, seams, open_session, budget),
        "listing": make_listing(run, loop, seams.clock, open_session, budget),
        "venue": CcxtVenue(loop, seams.clock, seams.entropy, run.settings.symbols, connect, budget, prefix, bounds),
        "thread": OneThread(loop),
        "archive_thread": OneThread(loop, "archive"),
        "free_bytes": lambda: disk_usage(run.data).free,
        **trader_files(run, seams),
    }


def _market_ports(
    run: Run, loop: asyncio.AbstractEventLoop, seams: Seams, open_session: OpenSession, budget: Any
) -> dict[str, Any]:
    """One way to market data for each feed: those of references lead to the venues themselves, or to what stands in."""
    from .exchanges.streams import StreamMarket

    def make(plan: FeedPlan) -> StreamMarket:
        venue = run.settings.venue
        address = (plan.address, plan.certificate) if plan.address else (venue.address, venue.certificate)
        opener = session_opener(*address) if plan.reference else open_session
        shared = None if plan.reference else budget
        return StreamMarket(loop, seams.clock, seams.entropy, make_protocol(plan.venue), opener, shared)

    return {plan.port: make(plan) for plan in feed_plans(run.settings)}


def trader_files(run: Run, seams: Seams) -> dict[str, Any]:
    """The ports of a trader that are files: the same in a replay, on another disk."""
    from .models.registry import ModelRegistry
    from .storage.account_journal import AccountJournal
    from .storage.halt import HALT_NAME, HaltLatch
    from .storage.held_back import HELD_BACK_NAME, HeldBack
    from .storage.journal_archive import JournalArchive
    from .storage.journal_keys import load_keys
    from .storage.lease import FileLease
    from .storage.limits_file import LimitsFile
    from .storage.risk_memory import RiskMemory
    from .storage.state_files import StateFiles

    account = run.settings.account.name
    path, journal = run.data / f"account-{account}.journal", run.settings.journal
    keys = load_keys(journal.key_file, journal.old_key_files, (seams.nonces or seams.entropy).new_id)
    return {
        "risk_memory": RiskMemory(seams.disk, run.data / f"account-{account}.risk"),
        "limits": LimitsFile(seams.disk, run.data / f"account-{account}.limits.json"),
        "journal": AccountJournal(seams.disk, path, keys=keys),
        "archive": JournalArchive(SystemDisk(), path, journal.keep_files, journal.keep_days),
        "lease": FileLease(seams.disk, run.data / f"account-{account}.lease"),
        "halt": HaltLatch(seams.disk, run.data / HALT_NAME),
        "held_back": HeldBack(seams.disk, run.data / HELD_BACK_NAME),
        "model_states": StateFiles(seams.disk, run.models_dir / "states"),
        "model_registry": ModelRegistry(seams.disk, run.models_dir),
    }


def _rate_budget(run: Run) -> RateBudget:
    """Of the venue's limits: one for all nodes of this system, which ask from one address with one key."""
    return RateBudget(windows=SharedWindows(Path(run.socket_dir) / SHARED_NAME))


def _loopback_session(run: Run) -> aiohttp.ClientSession:
    from .exchanges.loopback import open_session

    return open_session(run.venue_port, run.exchange_dir / CERTIFICATE_NAME)
