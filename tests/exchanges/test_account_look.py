"""A look at an account of a hundred symbols takes as long as it takes, and nothing of it is read twice."""

import asyncio
from decimal import Decimal
from typing import Any

import ccxt
import pytest
from msgspec.structs import replace

from tradigrade.exchanges.ccxt_dialect import Dialect
from tradigrade.exchanges.ccxt_evidence import LOOK_KEPT_S, AccountLook
from tradigrade.exchanges.ccxt_requests import CcxtRequests
from tradigrade.exchanges.kraken.dialect import KrakenDialect
from tradigrade.exchanges.limit_watch import LimitWatch, look_weight
from tradigrade.exchanges.venue import EvidenceAsked, EvidenceFailed, EvidenceGathered
from tradigrade.exchanges.venue_clock import VenueClock
from tradigrade.kernel.clock import ManualClock
from tradigrade.trading.evidence import VenueOrder
from tradigrade.trading.order_events import OrderFilled

SYMBOLS = tuple(f"C{number}/USDT" for number in range(100))
TRADE = OrderFilled("", "7", "", "buy", Decimal(10), Decimal(1), Decimal(0), "USDT", maker=True, at_ns=1)


class Slow(Dialect):
    """Notes what it is asked for, and fails once `patience` symbols were read."""

    def __init__(self, patience: int = 1_000) -> None:
        super().__init__(self, lambda _: None)
        self.patience = patience
        self.asked: list[str] = []
        self.under_way = self.most = 0

    async def fetch_time(self) -> int:
        self.asked.append("time")
        return 1_700_000_000_000 + 1_000 * (self.asked.count("time") - 1)

    async def open_orders(self, symbols: tuple[str, ...]) -> list[VenueOrder]:
        self.asked.append("orders")
        return [VenueOrder("ours", "1", SYMBOLS[0], "open")]

    async def find_order(self, client_id: str, symbol: str) -> VenueOrder:
        self.asked.append(client_id)
        return VenueOrder(client_id, "2", symbol, "missing")

    async def trades(self, symbol: str, from_id: int) -> list[tuple[str, OrderFilled]]:
        self.under_way += 1
        self.most = max(self.most, self.under_way)
        await asyncio.sleep(0)
        self.under_way -= 1
        if not self.patience:
            raise ccxt.RequestTimeout("no answer")
        self.patience -= 1
        self.asked.append(symbol)
        return [("1", TRADE)]

    async def balances(self) -> dict[str, Decimal]:
        self.asked.append("balances")
        return {"USDT": Decimal(5)}


def ask(*ids: str) -> EvidenceAsked:
    return EvidenceAsked(1, SYMBOLS, dict.fromkeys(ids, SYMBOLS[0]), dict.fromkeys(SYMBOLS, 3), {}, SYMBOLS)


def look_at(dialect: Slow, clock: ManualClock | None = None) -> AccountLook:
    return AccountLook(dialect, dialect, clock or ManualClock())


def broken_off(look: AccountLook, dialect: Slow, *ids: str) -> None:
    with pytest.raises(ccxt.RequestTimeout):
        asyncio.run(look.go_on(ask(*ids)))
    dialect.patience = 1_000


def test_a_look_that_was_broken_off_goes_on_where_it_was() -> None:
    dialect = Slow(patience=40)
    look = look_at(dialect)
    broken_off(look, dialect)
    evidence = asyncio.run(look.go_on(ask()))
    assert sorted(dialect.asked) == sorted((*SYMBOLS, "time", "orders", "balances")), "each was asked for once"
    assert dialect.asked[:2] == ["time", "orders"]
    assert dialect.asked[-1] == "balances"
    assert set(evidence.last_trade_ids) == set(SYMBOLS)
    assert (len(evidence.trades), evidence.trades[0].client_id) == (100, "ours")


def test_it_may_be_broken_off_by_the_patience_of_who_asks() -> None:
    async def scenario() -> None:
        dialect = Slow()
        look = look_at(dialect)
        task = asyncio.ensure_future(look.go_on(ask()))
        while len(dialect.asked) < 50:  # noqa: ASYNC110
            await asyncio.sleep(0)
        task.cancel()
        await asyncio.wait((task,))
        before = len(dialect.asked)
        assert 50 <= before < 100
        assert dialect.under_way == 0 or dialect.most <= dialect.queries_at_once
        await look.go_on(ask())
        assert len(dialect.asked) == 103

    asyncio.run(scenario())


@pytest.mark.parametrize(
    ("ids", "passes_s", "anew"),
    [((), LOOK_KEPT_S - 1, False), ((), LOOK_KEPT_S + 1, True), (("ours", "new"), 0.0, True), (("ours",), 0.0, False)],
    ids=["young", "too old", "an order came since", "an order was looked for"],
)
def test_what_was_read_is_kept_while_it_can_be_one_look(ids: tuple[str, ...], passes_s: float, anew: bool) -> None:
    dialect, clock = Slow(patience=40), ManualClock()
    look = look_at(dialect, clock)
    broken_off(look, dialect, "ours")
    clock.advance(passes_s)
    asyncio.run(look.go_on(ask(*ids)))
    assert dialect.asked.count("orders") == 1 + anew


def test_a_look_that_was_answered_is_over() -> None:
    dialect = Slow()
    look = look_at(dialect)
    for _ in range(2):
        asyncio.run(look.go_on(ask()))
    assert dialect.asked.count("orders") == dialect.asked.count(SYMBOLS[7]) == 2


def test_only_a_few_requests_are_under_way_together() -> None:
    dialect = Slow()
    asyncio.run(look_at(dialect).go_on(ask()))
    assert dialect.most == dialect.queries_at_once
    assert KrakenDialect.queries_at_once == 1, "its pages of trades are of all symbols"


def test_a_venue_that_fails_again_and_again_is_looked_at_in_the_end_and_each_time_for_less() -> None:
    dialect, clock = Slow(patience=30), ManualClock()
    limits = LimitWatch(clock, lambda _: None)
    requests = CcxtRequests(dialect, dialect, clock, VenueClock(clock), limits)
    weights, words = [], list[Any]()
    while not isinstance(words[-1] if words else None, EvidenceGathered):
        weights.append(look_weight(requests.left(ask())))
        words += asyncio.run(requests.gather(ask()))
        dialect.patience = 30
    assert weights == [80 + 21 + 20 * left for left in (100, 70, 40, 10)]
    assert [word.reason.partition(";")[0] for word in words if isinstance(word, EvidenceFailed)] == [
        f"{left} of 100 symbols were not looked at" for left in (70, 40, 10)
    ]


class Gone(Slow):
    """None of our orders is open any more, and each is found by a request that takes half of a second of our patience,
    which is `patience` of them."""

    query_timeout_s = None
    queries_at_once = 1

    async def open_orders(self, symbols: tuple[str, ...]) -> list[VenueOrder]:
        self.asked.append("orders")
        return []

    async def find_order(self, client_id: str, symbol: str) -> VenueOrder:
        if not self.patience:
            raise ccxt.RequestTimeout("no answer")
        self.patience -= 1
        return await super().find_order(client_id, symbol)


@pytest.mark.parametrize("between_s", [0.5, 13.0], ids=["one look", "too long for one look"])
def test_many_orders_that_are_gone_are_found_one_by_one_and_each_once(between_s: float) -> None:
    dialect, clock = Gone(), ManualClock()
    look, ids = look_at(dialect, clock), tuple(f"o{number}" for number in range(40))
    asked, left = replace(ask(*ids), trades_of=()), []
    for _ in range(5):
        dialect.patience = 9
        try:
            evidence = asyncio.run(look.go_on(asked))
        except ccxt.RequestTimeout:
            left.append(len(look.left(asked).open_ids))
            clock.advance(between_s)
    assert left == [31, 22, 13, 4]
    assert sorted(each for each in dialect.asked if each in ids) == sorted(ids)
    assert {order.client_id for order in evidence.orders} == set(ids)
    assert dialect.asked.count("orders") == (1 if between_s < 1 else 2)
    assert evidence.venue_ns == 1_700_000_000_000 * 1_000_000, "of the first: what was missing was so after that"


def test_of_several_errors_that_come_together_the_word_that_we_ask_too_much_is_raised() -> None:
    class Limited(Slow):
        async def trades(self, symbol: str, from_id: int) -> list[tuple[str, OrderFilled]]:
            raise ccxt.DDoSProtection("slow down") if symbol == SYMBOLS[5] else ccxt.RequestTimeout("no answer")

    with pytest.raises(ccxt.DDoSProtection):
        asyncio.run(look_at(Limited()).go_on(ask()))
