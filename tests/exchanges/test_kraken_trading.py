"""The venue port before the simulated Kraken over TLS: orders, doubt and its end, fills and balances, exact."""

import asyncio
import base64
import time
from collections.abc import Awaitable, Callable
from decimal import Decimal
from pathlib import Path
from typing import Any

import ccxt.pro
import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from tests.exchanges.test_kraken_venue import BTC, SECRET, Rig, certificate, run_venue
from tests.exchanges.test_order_params import intend
from tradigrade.exchanges.ccxt_parsing import instruments
from tradigrade.exchanges.ccxt_venue import CcxtVenue
from tradigrade.exchanges.kraken.account_stream import AccountStream
from tradigrade.exchanges.kraken.client_ids import ClientIds
from tradigrade.exchanges.kraken.dialect import KrakenDialect
from tradigrade.exchanges.kraken.guard import KrakenGuard
from tradigrade.exchanges.kraken.listing import URL as LISTING_URL
from tradigrade.exchanges.kraken.listing import decode_listing
from tradigrade.exchanges.kraken.refusals import error_of, proves_refusal
from tradigrade.exchanges.loopback import open_session
from tradigrade.exchanges.market_events import MalformedFrame
from tradigrade.exchanges.simulated.orders import OrderRequest
from tradigrade.exchanges.venue import (
    BalancesReported,
    CancelAnswered,
    ClockCompared,
    EvidenceAsked,
    EvidenceGathered,
    OrderReported,
    PlaceAnswered,
    SwitchAnswered,
    VenueClosed,
    VenueOpened,
)
from tradigrade.kernel.clock import SystemClock
from tradigrade.kernel.identity import SystemEntropy
from tradigrade.trading.evidence import Evidence
from tradigrade.trading.guard_events import CancelDone
from tradigrade.trading.messages import Side, Terms
from tradigrade.trading.order_events import FundsMoved, OrderFilled
from tradigrade.trading.order_ids import client_id_prefix, make_client_id
from tradigrade.trading.rungs import is_protective

assert certificate  # a fixture of the venue's tests
BOUND_S = 10.0
PREFIX = client_id_prefix("paper")


def our_id(sequence: int) -> str:
    return make_client_id("paper", 3, sequence, "learned", f"signal-{sequence}")


class Port:
    """A `CcxtVenue` on Kraken's protocol, and its words."""

    def __init__(self, rig: Rig, certificate: Path) -> None:
        self.words: list[Any] = []
        self.rig, self.connections = rig, 0

        async def connect() -> Any:
            self.connections += 1
            self.session = open_session(rig.port, certificate)
            settings = {"apiKey": "key", "secret": SECRET, "enableRateLimit": False, "session": self.session}
            self.exchange: Any = ccxt.pro.kraken(settings)
            return self.exchange, self.session

        loop = asyncio.get_running_loop()
        self.venue = CcxtVenue(loop, SystemClock(), SystemEntropy(), (BTC,), connect, prefix=PREFIX)
        self.venue.open(self.words.append)

    async def until(self, kind: Any, **fields: Any) -> Any:
        """The first word of that kind which has these fields; it is taken out."""
        async with asyncio.timeout(BOUND_S):
            while True:
                for word in self.words:
                    if isinstance(word, kind) and all(getattr(word, name) == value for name, value in fields.items()):
                        self.words.remove(word)
                        return word
                await asyncio.sleep(0.005)

    async def direct(self) -> None:
        """Until orders go over their own connection."""
        async with asyncio.timeout(BOUND_S):
            while self.venue._direct(BTC) is None:  # noqa: ASYNC110
                await asyncio.sleep(0.005)

    def place(self, client_id: str, *order: Any, side: Side = "buy", **more: Any) -> None:
        intent = intend(*order, **more)
        self.venue.place(replace(intent, client_id=client_id, side=side, at_ns=SystemClock().now_ns()))

    async def look(self, **asked: Any) -> Evidence:
        wanted = {"symbols": (BTC,), "open_ids": {}, "since": {}, "known": {}, "trades_of": (BTC,)} | asked
        self.venue.gather(EvidenceAsked(7, **wanted))
        evidence: Evidence = (await self.until(EvidenceGathered)).evidence
        return evidence


def run(certificate: Path, scenario: Callable[[Port], Awaitable[None]], **options: Any) -> None:
    async def with_port(rig: Rig, _: Any) -> None:
        await rig.market()
        port = Port(rig, certificate)
        try:
            await port.until(VenueOpened)
            await port.direct()
            await scenario(port)
        finally:
            port.venue.close()
            await asyncio.sleep(0)
            await port.session.close()

    run_venue(certificate, with_port, **options)


def test_it_opens_with_the_venues_rules_and_its_dead_man_switch(certificate: Path) -> None:
    async def scenario(rig: Rig, _: Any) -> None:
        port = Port(rig, certificate)
        opened = await port.until(VenueOpened)
        rules = opened.instruments[BTC]
        assert (rules.venue_symbol, rules.tick_size, rules.step_size) == ("XBTUSDT", Decimal("0.01"), Decimal("1e-8"))
        assert opened.offers_switch
        assert (await port.until(ClockCompared)).offset_s == 0, "a time told in whole seconds proves no difference"
        port.venue.arm(15.0)
        assert (await port.until(SwitchAnswered)).outcome == "done"
        port.venue.close()
        await asyncio.sleep(0)
        await port.session.close()

    run_venue(certificate, scenario)


def test_an_order_is_placed_heard_of_and_cancelled_by_our_own_id(certificate: Path) -> None:
    async def scenario(port: Port) -> None:
        mine = our_id(1)
        port.place(mine, "limit", "15000")
        placed = await port.until(PlaceAnswered, client_id=mine, outcome="done")
        heard = await port.until(OrderReported, client_id=mine, state="open")
        assert heard.venue_id == placed.venue_id
        (order,) = (await port.look()).orders
        assert (order.client_id, order.venue_id, order.state) == (mine, placed.venue_id, "open")
        assert (order.type, order.price) == ("limit", Decimal(15_000))
        port.venue.cancel(mine, BTC)
        await port.until(CancelAnswered, client_id=mine, outcome="done")
        await port.until(OrderReported, client_id=mine, state="cancelled")
        port.venue.cancel(mine, BTC)
        await port.until(CancelAnswered, client_id=mine, outcome="refused")

    run(certificate, scenario)


def test_fills_are_told_exactly_and_evidence_tells_the_same(certificate: Path) -> None:
    async def scenario(port: Port) -> None:
        mine = our_id(2)
        assert (await port.look()).last_trade_ids == {BTC: 0}
        port.place(mine, "market", amount="0.01234567")
        await port.until(PlaceAnswered, client_id=mine, outcome="done")
        fill: OrderFilled = await port.until(OrderFilled, client_id=mine)
        assert (fill.amount, fill.fee_currency, fill.maker) == (Decimal("0.01234567"), "USDT", False)
        evidence = await port.look(since={BTC: 0})
        assert evidence.trades == (fill,)
        assert evidence.last_trade_ids == {BTC: int(fill.trade_id)}
        left = 10_000 - fill.price * fill.amount - fill.fee
        assert evidence.balances == {"USDT": left, "BTC": 1 + fill.amount}
        told = [word.totals for word in port.words if isinstance(word, BalancesReported)]
        assert told[-2:] == [{"BTC": 1 + fill.amount}, {"USDT": left}]

    run(certificate, scenario)


@pytest.mark.parametrize(
    ("fault", "arrived"), [("place_unanswered", True), ("place_failed", True), ("place_lost", False)]
)
def test_a_lost_answer_is_unknown_until_evidence_ends_the_doubt(certificate: Path, fault: str, arrived: bool) -> None:
    async def scenario(port: Port) -> None:
        doubted = our_id(3)
        setattr(port.rig.venue.faults, fault, 1)
        port.place(doubted, "limit", "15000")
        assert (await port.until(PlaceAnswered, client_id=doubted)).outcome == "unknown"
        evidence = await port.look(open_ids={doubted: BTC})
        (order,) = evidence.orders
        assert (order.client_id, order.state) == (doubted, "open" if arrived else "missing")
        sent = [line for line in port.rig.lines() if line["path"] in ("add_order", "/0/private/AddOrder")]
        assert len(sent) == int(arrived), "it is never sent again"

    run(certificate, scenario)


def test_an_order_that_ended_unheard_is_found_by_our_id(certificate: Path) -> None:
    async def scenario(port: Port) -> None:
        ended = our_id(4)
        port.rig.venue.faults.event_lost = 100
        port.place(ended, "market", amount="0.01")
        await port.until(PlaceAnswered, client_id=ended, outcome="done")
        evidence = await port.look(open_ids={ended: BTC}, since={BTC: 0})
        (order,), (fill,) = evidence.orders, evidence.trades
        assert (order.state, order.filled, fill.client_id) == ("filled", Decimal("0.01"), ended)

    run(certificate, scenario)


@pytest.mark.parametrize("since", [0, 118])
def test_more_trades_than_a_page_holds_are_all_told_oldest_first(certificate: Path, since: int) -> None:
    async def scenario(port: Port) -> None:
        fills, bought = 120, OrderRequest("BTCUSDT", "BUY", "MARKET", "", quantity=Decimal("0.001"))
        for _ in range(fills):
            port.rig.venue.engine.place(bought, time.time_ns() // 1_000_000)
        told = (await port.look(since={BTC: since})).trades
        assert [int(trade.trade_id) for trade in told] == list(range(since + 1, fills + 1))
        orders = [line for line in port.rig.lines() if line["path"] == "/0/private/QueryOrders"]
        assert len(orders) == (fills - since + 49) // 50

    run(certificate, scenario)


@pytest.mark.parametrize(
    ("kind", "price", "stop"),
    [
        ("stop_loss", None, "18000"),
        ("stop_loss_limit", "17900", "18000"),
        ("take_profit", None, "21000"),
        ("take_profit_limit", "20900", "21000"),
    ],
)
def test_orders_that_wait_are_known_for_what_they_are(
    certificate: Path, kind: Any, price: str | None, stop: str
) -> None:
    async def scenario(port: Port) -> None:
        mine = our_id(5)
        port.place(mine, kind, price, Terms(stop_price=Decimal(stop)), side="sell")
        await port.until(PlaceAnswered, client_id=mine, outcome="done")
        (found,) = (await port.look()).orders
        assert (found.type, found.stop_price) == (kind, Decimal(stop))
        assert found.price == (None if price is None else Decimal(price))

    run(certificate, scenario)


REFUSALS = {
    "by the venue": ({"amount": "50"}, "InsufficientFunds"),
    "for its id": ({"amount": "0.01"}, "NOT_SENT"),
}


@pytest.mark.parametrize("why", REFUSALS)
def test_a_proven_refusal_is_told_as_one(certificate: Path, why: str) -> None:
    async def scenario(port: Port) -> None:
        more, code = REFUSALS[why]
        client_id = our_id(6) if why == "by the venue" else "a-text-that-is-too-long"
        port.place(client_id, "limit", "15000", **more)
        answer = await port.until(PlaceAnswered, client_id=client_id)
        assert (answer.outcome, answer.code) == ("refused", code)

    run(certificate, scenario)


def test_after_a_cut_it_connects_again_and_misses_nothing_that_evidence_tells(certificate: Path) -> None:
    async def scenario(port: Port) -> None:
        mine = our_id(7)
        port.place(mine, "limit", "15000")
        await port.until(PlaceAnswered, client_id=mine, outcome="done")
        port.rig.venue.faults.account_cut = 1
        await port.until(VenueClosed)
        await port.until(VenueOpened)
        port.venue.cancel(mine, BTC)
        await port.until(CancelAnswered, client_id=mine, outcome="done")
        await port.until(OrderReported, client_id=mine, state="cancelled")
        assert port.connections == 2

    run(certificate, scenario)


def test_money_that_comes_and_goes_is_told_by_both_doors_under_one_name(certificate: Path) -> None:
    async def scenario(port: Port) -> None:
        port.rig.venue.transfer("USDT", Decimal(500))
        port.rig.venue.transfer("BTC", Decimal("-0.5"))
        heard = [await port.until(FundsMoved), await port.until(FundsMoved)]
        assert [(each.currency, each.amount) for each in heard] == [("USDT", Decimal(500)), ("BTC", Decimal("-0.5"))]
        evidence = await port.look(transfers_since_ns=heard[0].at_ns - 10_000_000_000)
        assert [replace(each, at_ns=0) for each in evidence.transfers] == [replace(each, at_ns=0) for each in heard]

    run(certificate, scenario)


# -- the venue's form of our ids --------------------------------------------------------------------------------------


@given(
    st.text("abcdefghijklmnopqrstuvwxyz0123456789", min_size=1, max_size=8),
    st.integers(0, 2**20 - 1),
    st.integers(0, 2**36 - 1),
    st.text(max_size=20),
)
def test_each_of_our_ids_is_a_uuid_and_comes_back(account: str, epoch: int, sequence: int, signal: str) -> None:
    mine, ids = make_client_id(account, epoch, sequence, "strategy", signal), ClientIds(client_id_prefix(account))
    spelled = ids.spell(mine)
    assert len(spelled) == 32
    assert ids.read(spelled) == mine
    assert ids.read(f"{spelled[:8]}-{spelled[8:12]}-{spelled[12:16]}-{spelled[16:20]}-{spelled[20:]}".upper()) == mine


@pytest.mark.parametrize("foreign", ["by-hand", "6d1b345e28214ae2ad834ecb18a06876", "", "arb-20240509-00010"])
def test_anothers_id_is_left_as_it_is(foreign: str) -> None:
    assert ClientIds(PREFIX).read(foreign) == foreign


def test_another_accounts_id_is_not_ours() -> None:
    theirs = ClientIds(client_id_prefix("other")).spell(make_client_id("other", 1, 1, "a", "b"))
    assert ClientIds(PREFIX).read(theirs) == theirs


@pytest.mark.parametrize(
    ("said", "proof"),
    [
        ('kraken {"error":["EOrder:Insufficient funds"]}', True),
        ('kraken {"error":["EAPI:Invalid nonce"]}', True),
        ('kraken {"error":["EService:Deadline elapsed"]}', True),
        ('kraken {"error":["EOrder:Duplicate cl_ord_id"]}', False),
        ('kraken {"error":["EService:Unavailable"]}', False),
        ('kraken {"error":["EGeneral:Internal error"]}', False),
        ("kraken POST https://api.kraken.com/0/private/AddOrder", False),
    ],
)
def test_only_the_venues_own_word_proves_a_refusal(said: str, proof: bool) -> None:
    assert proves_refusal(error_of(said)) == proof


# -- the other ways to the venue --------------------------------------------------------------------------------------


def test_the_guard_sees_and_cancels_what_is_open_on_its_own_way(certificate: Path) -> None:
    async def scenario(rig: Rig, _: Any) -> None:
        await rig.market()
        words: asyncio.Queue[Any] = asyncio.Queue()
        loop, mine = asyncio.get_running_loop(), our_id(8)

        def open_guard(secret: str) -> KrakenGuard:
            guard = KrakenGuard(loop, SystemClock(), "key", secret, lambda: open_session(rig.port, certificate), PREFIX)
            guard.open(words.put_nowait)
            return guard

        guard = open_guard(SECRET)
        await rig.place(cl_ord_id=ClientIds(PREFIX).spell(mine))
        await rig.place(type="sell", ordertype="stop-loss", price="18000")
        guard.look(1)
        seen = await words.get()
        told = [(order.client_id, order.type, is_protective(order.type)) for order in seen.orders]
        assert told == [(mine, "LIMIT", False), ("", "STOP_LOSS", True)]
        for _ in range(2):  # what is not open any more is cancelled
            guard.cancel(seen.orders[0])
            assert await words.get() == CancelDone(seen.orders[0].venue_id)
        assert rig.venue.stats()["open_orders"] == 1
        stranger = open_guard(base64.b64encode(b"another").decode())
        stranger.look(2)
        failed = await words.get()
        assert (failed.number, "EAPI:Invalid signature" in failed.reason) == (2, True)
        rig.venue.faults.request_failed = 1
        guard.look(3)
        assert "EService:Unavailable" in (await words.get()).reason
        guard.close()
        stranger.close()
        await asyncio.sleep(0.01)

    run_venue(certificate, scenario)


def test_the_listing_is_what_ccxt_makes_of_the_venues_pairs(certificate: Path) -> None:
    async def scenario(rig: Rig, stack: Any) -> None:
        exchange = await rig.ccxt(stack)
        async with rig.session.get(LISTING_URL) as answer:
            listing = decode_listing(await answer.read())
        theirs = instruments(exchange, tuple(exchange.markets))
        assert listing.instruments == theirs
        assert "DOGE/USDT" in theirs
        assert not listing.halted

    run_venue(certificate, scenario)


@pytest.mark.parametrize("payload", [b"", b"[]", b'{"result":{"A":{"wsname":"A/B"}}}', b'{"result":[]}'])
def test_another_answer_is_no_listing(payload: bytes) -> None:
    with pytest.raises(MalformedFrame):
        decode_listing(payload)


def test_a_pair_that_is_not_online_is_halted() -> None:
    pair = '{"wsname":"XDG/USD","pair_decimals":7,"lot_decimals":8,"ordermin":"20","status":"cancel_only"}'
    listing = decode_listing(f'{{"error":[],"result":{{"XDGUSD":{pair}}}}}'.encode())
    assert listing.halted == {"DOGE/USD": "cancel_only"}
    assert listing.instruments["DOGE/USD"].tick_size == Decimal("1e-7")


def test_a_buyer_sets_its_fees_aside_and_never_owes_any(certificate: Path) -> None:
    """With all of its money, in each kind of order: at a limit, at the market, and at a stop price."""

    async def scenario(rig: Rig, _: Any) -> None:
        await rig.market()
        account = rig.venue.engine.account
        assert await rig.place(volume="0.5", price="20000") == "EOrder:Insufficient funds", "the fees come on top"
        await rig.place(volume="0.49", price="20000")
        assert account.balances["USDT"].locked == Decimal("9839.2"), "9,800 and 0.4 per cent"
        await rig.call("CancelAll")
        await rig.place(ordertype="stop-loss", volume="0.1", price="20010")
        await rig.place(ordertype="market", volume="0.2")
        while rig.venue.stats()["open_orders"]:  # noqa: ASYNC110
            await asyncio.sleep(0.005)
        fills = rig.venue.state.books.fills
        assert {fill.fee_asset for fill in fills} == {"USDT"}
        spent = sum(fill.price * fill.quantity + fill.fee for fill in fills)
        bought = sum(fill.quantity for fill in fills)
        assert (account.balances["USDT"].free, account.balances["USDT"].locked) == (10_000 - spent, 0)
        assert account.balances["BTC"].free == 1 + bought

    run_venue(certificate, scenario)


# -- the account's stream, and the order of requests ------------------------------------------------------------------

AT = "2023-09-22T10:33:05.709950Z"
OPENED = {
    "order_id": "O1",
    "cl_ord_id": "mine",
    "exec_type": "pending_new",
    "order_status": "pending_new",
    "timestamp": AT,
}
TRADED = {
    "order_id": "O1", "exec_id": "T1", "exec_type": "trade", "trade_id": 7, "symbol": "BTC/USD", "side": "sell",
    "last_qty": 0.5, "last_price": 26500.1, "liquidity_ind": "m", "order_status": "partially_filled", "timestamp": AT,
    "fees": [{"asset": "USD", "qty": 33.125125}],
}  # fmt: skip
ENDED = {"order_id": "O1", "exec_type": "canceled", "order_status": "canceled", "timestamp": AT}


def heard(*messages: tuple[str, list[Any]], serves: bool = True) -> list[Any]:
    stream = AccountStream(lambda text: text, lambda code: code, lambda _: serves)
    words = [[*stream.executions({"type": kind, "data": rows})] for kind, rows in messages]
    return [word for told in words for word in told]


def test_every_report_of_a_message_is_heard_and_later_ones_need_not_name_our_id() -> None:
    opened, fill, partly, ended = heard(("update", [OPENED]), ("update", [TRADED, ENDED]))
    assert opened == OrderReported("mine", "O1", "open")
    assert (fill.client_id, fill.trade_id, fill.price, fill.fee) == (
        "mine",
        "7",
        Decimal("26500.1"),
        Decimal("33.125125"),
    )
    assert (fill.maker, fill.fee_currency, fill.at_ns) == (True, "USD", 1_695_378_785_709_000_000)
    assert (partly.state, ended.state) == ("open", "cancelled")


def test_a_snapshot_is_no_news_but_tells_whose_the_orders_are() -> None:
    assert heard(("snapshot", [OPENED | {"exec_type": "new"}, TRADED])) == []
    assert heard(("snapshot", [OPENED]), ("update", [ENDED])) == [OrderReported("mine", "O1", "cancelled")]


def test_a_fill_under_a_name_that_means_another_coin_elsewhere_is_left_to_evidence() -> None:
    _, partly, _ = heard(("update", [OPENED]), ("update", [TRADED, ENDED]), serves=False)
    assert partly == OrderReported("mine", "O1", "open")


def market(symbol: str, wsname: str) -> dict[str, Any]:
    return {"symbol": symbol, "info": {"wsname": wsname}}


NAMES = [
    ("BTC/USD", "XBT/USD", True),
    ("DOGE/BTC", "XDG/XBT", True),
    ("ETH/USD", "ETH/USD", True),
    ("LUNA/USD", "LUNA2/USD", False),
    ("LUNC/USD", "LUNA/USD", False),
    ("REPV1/USD", "REP/USD", False),
    ("REP/USD", "REPV2/USD", False),
    ("USTC/USD", "UST/USD", False),
]


@pytest.mark.parametrize(("symbol", "wsname", "alike"), NAMES)
def test_only_what_ccxt_and_the_venue_call_alike_is_traded(symbol: str, wsname: str, alike: bool) -> None:
    exchange: Any = Fetching()
    exchange.markets = {symbol: market(symbol, wsname)}
    dialect = KrakenDialect(exchange, lambda _: None, PREFIX)
    assert (symbol not in dialect.misnamed((symbol, "NOT/LISTED"))) == alike
    assert dialect._serves(symbol) == alike
    assert not dialect._serves("LUNA2/USD")


def test_a_symbol_that_the_venue_calls_otherwise_is_refused_whichever_way(
    certificate: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tradigrade.exchanges.kraken.listing.RENAMED", {})

    async def scenario(rig: Rig, _: Any) -> None:
        port = Port(rig, certificate)
        opened = await port.until(VenueOpened)
        assert opened.instruments == {}
        assert "XBT/USDT on the venue's WebSocket" in opened.warning
        port.place(our_id(1), "limit", "15000")
        refused = await port.until(PlaceAnswered, client_id=our_id(1))
        assert (refused.outcome, refused.code) == ("refused", "NOT_SENT")
        assert "not traded" in refused.reason
        assert port.venue._direct(BTC) is None
        port.venue.close()
        await asyncio.sleep(0)
        await port.session.close()

    run_venue(certificate, scenario)


def test_a_session_that_the_venue_does_not_know_any_more_is_replaced(certificate: Path) -> None:
    async def scenario(port: Port) -> None:
        mine = our_id(11)
        port.place(mine, "limit", "15000")
        await port.until(PlaceAnswered, client_id=mine, outcome="done")
        entry: Any = port.venue._entry
        entry._wire._token = "forgotten"
        port.venue.cancel(mine, BTC)
        await port.until(CancelAnswered, client_id=mine, outcome="done")
        assert port.rig.lines()[-1]["path"] == "/0/private/CancelOrder", "the other way was taken"
        await port.direct()
        port.place(our_id(12), "limit", "15000")
        await port.until(PlaceAnswered, client_id=our_id(12), outcome="done")
        assert entry._wire._token != "forgotten"
        assert port.connections == 1, "the account's stream stands"

    run(certificate, scenario)


def test_a_report_of_an_order_that_nobody_named_is_nobodys() -> None:
    assert heard(("update", [TRADED, ENDED])) == []


class Fetching:
    """Of ccxt's exchange what a dialect takes hold of; it answers once it is told to."""

    def __init__(self) -> None:
        self.under_way: list[str] = []
        self.goes_on = asyncio.Event()

    def safe_currency_code(self, code: str) -> str:
        return code

    def nonce(self) -> int:
        return 7

    def handle_message(self, _client: Any, _message: Any) -> None: ...

    async def fetch2(self, path: str, *_: Any) -> str:
        self.under_way.append(path)
        await self.goes_on.wait()
        self.under_way.remove(path)
        return path


def test_looks_go_one_by_one_orders_wait_for_orders_only_and_what_is_public_for_nothing() -> None:
    async def scenario() -> None:
        exchange: Any = Fetching()
        KrakenDialect(exchange, lambda _: None, PREFIX)
        asked = ["OpenOrders", "AddOrder", "Time", "OpenOrders", "AddOrder", "Time"]
        tasks = []
        for path in asked:
            api = "public" if path == "Time" else "private"
            tasks.append(asyncio.create_task(exchange.fetch2(path, api)))
            for _ in range(5):
                await asyncio.sleep(0)
        assert exchange.under_way == ["OpenOrders", "AddOrder", "Time", "Time"]
        exchange.goes_on.set()
        assert [await each for each in tasks] == asked
        assert [exchange.nonce() for _ in range(3)] == [7, 8, 9], "no two alike"

    asyncio.run(scenario())


def test_a_look_waits_for_an_order_that_is_on_its_way() -> None:
    async def scenario() -> None:
        exchange: Any = Fetching()
        KrakenDialect(exchange, lambda _: None, PREFIX)
        tasks = [asyncio.create_task(exchange.fetch2(path, "private")) for path in ("AddOrder", "OpenOrders")]
        await asyncio.sleep(0)
        assert exchange.under_way == ["AddOrder"]
        exchange.goes_on.set()
        await asyncio.gather(*tasks)

    asyncio.run(scenario())
