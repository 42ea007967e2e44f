"""An account's history from its journal's files: read only, whether or not anything runs."""

import asyncio
from datetime import UTC, datetime
from pathlib import Path

from .kernel.disk import SystemDisk
from .kernel.errors import KernelError
from .status import NothingRuns, connect
from .storage.journal_files import generations
from .storage.journal_format import JournalFault
from .storage.journal_keys import NO_KEYS, Keys
from .storage.journal_reader import read_journal
from .storage.snapshot_books import read_snapshot_books
from .trading.history.decision import Filter
from .trading.history.fold import DECISIONS_KEPT, History, LastPrice
from .trading.messages import ZERO
from .trading.views import TradingSnapshot
from .transports.control import TradingAsked

PORTFOLIO = "trader/portfolio"
ASK_TIMEOUT_S = 1.0
UNITS_S = {"s": 1, "m": 60, "h": 3600, "d": 86_400}


class NoHistory(Exception):
    """There is no journal to read; one sentence for the user."""


class Read:
    """A history, and what kept it from being read to its end."""

    def __init__(self, path: Path, history: History, fault: str) -> None:
        self.path = path
        self.history = history
        self.fault = fault


def find_journal(data_dir: Path, account: str | None = None) -> Path:
    """The path of the account's journal, or of the only one there is; its files may be packed. Raises `NoHistory`."""
    stems = {each.name.partition(".")[0] for each in data_dir.glob("account-*.journal*")}
    names = [each.removeprefix("account-") for each in sorted(stems)]
    names = [each for each in names if generations(SystemDisk(), journal_path(data_dir, each))]
    if account is not None and account not in names:
        raise NoHistory(f"no journal of account {account!r} in {data_dir}; there are: {', '.join(names) or 'none'}")
    if not names:
        raise NoHistory(f"nothing was ever traded in data directory {data_dir}; start it with: tradigrade up")
    if account is None and len(names) > 1:
        raise NoHistory(f"several accounts in {data_dir}: give one of them by --account: {', '.join(names)}")
    return journal_path(data_dir, account or names[0])


def journal_path(data_dir: Path, account: str) -> Path:
    return data_dir / f"account-{account}.journal"


def read_history(path: Path, matches: Filter, keys: Keys = NO_KEYS, kept: int = DECISIONS_KEPT) -> Read:
    """All that can be read; a damaged file is told in `fault`, and what stands before the damage is there."""
    disk, history = SystemDisk(), History(kept, matches)
    try:
        history = History(kept, matches, read_snapshot_books(disk, path, keys))
        for sequence, record in read_journal(disk, path, keys):
            history.apply(sequence, record)
    except (JournalFault, OSError) as error:
        return Read(path, history, str(error))
    return Read(path, history, "")


def running_prices(data_dir: Path) -> dict[str, LastPrice]:
    """Bids as the running trader has them; none where none runs, or it does not answer."""

    async def ask() -> TradingSnapshot:
        async with connect(data_dir) as link:
            answer: TradingSnapshot = await link.ask(TradingAsked(), PORTFOLIO, ASK_TIMEOUT_S)
            return answer

    try:
        told = asyncio.run(ask())
    except (NothingRuns, KernelError, OSError):
        return {}
    origin = "the running system's bid"
    return {each.symbol: LastPrice(each.bid, told.at_ns, origin) for each in told.symbols if each.bid > ZERO}


def known_prices(data_dir: Path, history: History) -> dict[str, LastPrice]:
    """The running system's, and what the journal tells of the others."""
    return {**history.prices, **running_prices(data_dir)}


def parse_since(text: str, now_ns: int) -> int:
    """`90s`, `15m`, `2h`, `1d` before now, or a date or time in UTC. Raises `ValueError`."""
    if text[-1:] in UNITS_S and text[:-1].replace(".", "", 1).isdigit():
        return now_ns - round(float(text[:-1]) * UNITS_S[text[-1]] * 1e9)
    try:
        at = datetime.fromisoformat(text)
    except ValueError:
        raise ValueError(
            f"--since: expected a span as 15m, 2h or 1d, or a UTC time as 2026-01-31T12:00, found {text!r}"
        ) from None
    return round((at if at.tzinfo else at.replace(tzinfo=UTC)).timestamp()) * 1_000_000_000
