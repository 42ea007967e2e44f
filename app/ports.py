"""The doors of each node to the outside: real sockets, files and threads, under the names actors know them by."""

import asyncio
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Any

import aiohttp
import msgspec

from .actors.credentials import Credentials
from .actors.venue_server import VenueServer
from .config.run import Run
from .config.topology import RECEIVE_WINDOW_MS
from .exchanges.simulated.tls import CERTIFICATE_NAME
from .exchanges.tasks import TaskSet
from .seams import Seams

CREDENTIALS_NAME = "credentials.json"


def read_credentials(run: Run) -> Credentials:
    return msgspec.json.decode((run.exchange_dir / CREDENTIALS_NAME).read_bytes(), type=Credentials)


def node_ports(name: str, run: Run, loop: asyncio.AbstractEventLoop, seams: Seams) -> dict[str, Any]:
    """What the actors of a node need. Network and threads are on `loop`, all else goes through the seams."""
    match name:
        case "exchange":
            return _exchange_ports(run, loop, seams)
        case "trader":
            return _trader_ports(run, loop, seams)
        case "learner":
            return _learner_ports(run)
        case _:
            return {"tasks": TaskSet(loop)}


def _exchange_ports(run: Run, loop: asyncio.AbstractEventLoop, seams: Seams) -> dict[str, Any]:
    admin = (run.exchange_dir / "admin").exists()
    return {"venue_server": VenueServer(loop, seams.clock, run, read_credentials(run), admin=admin)}


def _learner_ports(run: Run) -> dict[str, Any]:
    from .storage.state_files import StateFiles

    return {"trainer_states": StateFiles(run.models_dir / "states")}


def _trader_ports(run: Run, loop: asyncio.AbstractEventLoop, seams: Seams) -> dict[str, Any]:
    from .exchanges.binance.streams import BinanceStreams
    from .exchanges.ccxt_venue import CcxtVenue
    from .storage.account_journal import AccountJournal
    from .storage.lease import FileLease
    from .storage.state_files import StateFiles

    account = run.settings.account.name
    credentials = read_credentials(run)

    async def connect() -> tuple[Any, aiohttp.ClientSession]:
        session = _loopback_session(run)
        return connect_binance(session, credentials), session

    async def open_session() -> aiohttp.ClientSession:
        return _loopback_session(run)

    return {
        "market": BinanceStreams(loop, seams.clock, seams.entropy, open_session),
        "venue": CcxtVenue(loop, seams.clock, seams.entropy, run.settings.symbols, connect),
        "journal": AccountJournal(run.data / f"account-{account}.journal"),
        "lease": FileLease(run.data / f"account-{account}.lease"),
        "thread": _one_thread(loop),
        "model_states": StateFiles(run.models_dir / "states"),
        "models_folder": run.models_dir,
    }


def connect_binance(session: aiohttp.ClientSession, credentials: Credentials) -> Any:
    """ccxt's own Binance, unmodified, on our session. Its limiter is off: the venue's headers drive ours."""
    from ccxt.pro.binance import binance

    return binance(
        {
            "session": session,
            "apiKey": credentials.api_key,
            "secret": credentials.api_secret,
            "enableRateLimit": False,
            "options": {
                "fetchMarkets": {"types": ["spot"]},
                "fetchCurrencies": False,
                "fetchMargins": False,
                "recvWindow": RECEIVE_WINDOW_MS,
                "tradesLimit": 5_000,
                "ordersLimit": 5_000,
                "warnOnFetchOpenOrdersWithoutSymbol": False,
            },
        }
    )


def _loopback_session(run: Run) -> aiohttp.ClientSession:
    from .exchanges.loopback import open_session

    return open_session(run.venue_port, run.exchange_dir / CERTIFICATE_NAME)


def _one_thread(loop: asyncio.AbstractEventLoop) -> Callable[[Callable[[], None]], None]:
    """Runs short blocking calls, such as a sync to disk, beside the loop: one at a time, and none queues behind it.
    What a call raises is raised on the loop, whose handler tells it."""
    pool = ThreadPoolExecutor(1, thread_name_prefix="disk")
    busy = False

    def run(action: Callable[[], None]) -> None:
        nonlocal busy
        if not busy:
            busy = True
            pool.submit(action).add_done_callback(lambda future: loop.call_soon_threadsafe(done, future))

    def done(future: Future[None]) -> None:
        nonlocal busy
        busy = False
        future.result()

    return run
