"""The venue in memory on a loop of its own, with one client that notes what it hears."""

from decimal import Decimal
from random import Random
from typing import Any

from tradigrade.exchanges.simulated.memory import MemoryVenue
from tradigrade.exchanges.simulated.memory_log import KeptLog
from tradigrade.exchanges.simulated.quiet_market import QuietMarket
from tradigrade.exchanges.venue import ClockCompared, EvidenceAsked
from tradigrade.kernel.clock import ManualClock
from tradigrade.kernel.loop import VirtualLoop
from tradigrade.trading.instruments import PAPER_INSTRUMENTS
from tradigrade.trading.order_events import OrderIntended

BTC = "BTC/USDT"
OPENING = {"USDT": Decimal(10_000), "BTC": Decimal("0.5")}


class Client:
    """A node's side: both ports, and every word with the time it came."""

    def __init__(self, seed: int = 1, step_s: float = 1.0) -> None:
        self.clock = ManualClock()
        self.loop = VirtualLoop(self.clock)
        self.log = KeptLog()
        self.venue = MemoryVenue(
            QuietMarket((BTC,), seed, step_s),
            PAPER_INSTRUMENTS.values(),
            self.loop,
            self.clock,
            Random(seed),
            opening_balances=OPENING,
            log=self.log,
        )
        self.words: list[Any] = []
        self.offsets: list[float] = []
        self.times: list[float] = []
        self.frames: list[Any] = []
        self.count = 0
        self.account = self.venue.account_port()
        self.market = self.venue.market_port()

    def start(self) -> "Client":
        self.venue.open()
        self.account.open(self.hear)
        self.market.open((BTC,), self.frames.append)
        self.loop.advance(0.2)
        return self

    def hear(self, word: Any) -> None:
        if isinstance(word, ClockCompared):
            self.offsets.append(word.offset_s)
            return
        self.words.append(word)
        self.times.append(self.clock.monotonic_ns() / 1e9)

    def intend(self, side: str = "buy", price: str | None = "29000", amount: str = "0.01", **changed: Any) -> str:
        """An order is sent now; its client id."""
        self.count += 1
        intent = OrderIntended(
            client_id=f"c{self.count}", sequence=self.count, epoch=1, approval_id="a", signal_id=f"s{self.count}",
            strategy="s", symbol=BTC, side=side, type="limit" if price else "market", amount=Decimal(amount),
            price=None if price is None else Decimal(price), reference_price=Decimal(30_000),
            at_ns=self.clock.now_ns() - changed.pop("late_ns", 0),
        )  # fmt: skip
        self.account.place(intent)
        return intent.client_id

    def look(self, since: int | None = 0, **asked: Any) -> None:
        self.count += 1
        since_ids = {} if since is None else {BTC: since}
        self.account.gather(EvidenceAsked(self.count, (BTC,), asked.get("open_ids", {}), since_ids, {}, (BTC,)))

    def of(self, kind: type) -> list[Any]:
        return [word for word in self.words if isinstance(word, kind)]

    def notes(self, where: str, kind: str = "place") -> list[str]:
        return [note.client_id for note in self.venue.requests if (note.where, note.kind) == (where, kind)]
