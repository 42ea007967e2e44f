"""The matching engine alone: what orders and market events change, and what never changes."""

from collections import defaultdict
from decimal import Decimal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tradigrade.exchanges.market_events import DepthEvent, TickerEvent, TradeEvent
from tradigrade.exchanges.simulated.books import SnapshotRefused
from tradigrade.exchanges.simulated.engine import Engine
from tradigrade.exchanges.simulated.errors import RequestRefused
from tradigrade.exchanges.simulated.orders import OrderRequest
from tradigrade.exchanges.simulated.records import OrderClosed, OrderFilled
from tradigrade.exchanges.simulated.state import VenueState
from tradigrade.trading.instruments import PAPER_INSTRUMENTS

BTC = PAPER_INSTRUMENTS["BTC/USDT"]
POOR = "Account has insufficient balance for requested action."
OPENING = {"USDT": Decimal(10_000), "BTC": Decimal("0.5")}


class Heard:
    """A listener that keeps what it heard."""

    def __init__(self):
        self.records = []

    def changed(self, record, order):
        self.records.append(record)

    def committed(self):
        pass


def make_engine(log=None, state=None, **options):
    engine = Engine(state or VenueState(), [BTC], log if log is not None else [], Heard(), **options)
    engine.credit(OPENING)
    return engine


def quote(bid="19999", ask="20001", size="1", update_id=1):
    return TickerEvent("BTCUSDT", update_id, Decimal(bid), Decimal(size), Decimal(ask), Decimal(size))


def trade(price, size, trade_id=1):
    return TradeEvent("BTCUSDT", 0, 0, trade_id, Decimal(price), Decimal(size), True)


def depth(first_id, last_id, bids=(), asks=()):
    exact = [tuple((Decimal(price), Decimal(size)) for price, size in side) for side in (bids, asks)]
    return DepthEvent("BTCUSDT", 0, first_id, last_id, *exact)


def request(*, side="BUY", kind="LIMIT", price="19000", quantity="0.01", cost="0", tif="GTC", client_id=""):
    numbers = [Decimal(text) for text in (price if kind != "MARKET" else "0", quantity, cost)]
    return OrderRequest("BTCUSDT", side, kind, client_id, tif, *numbers)


def balances(engine):
    return {asset: (held.free, held.locked) for asset, held in engine.state.books.account.balances.items()}


def test_a_resting_buy_locks_its_worst_cost_and_a_cancel_gives_it_back():
    engine = make_engine()
    order = engine.place(request(price="19000", quantity="0.1"), 1)
    assert balances(engine)["USDT"] == (Decimal(8_100), Decimal(1_900))
    engine.cancel(order, "c", 2)
    assert balances(engine) == {asset: (amount, 0) for asset, amount in OPENING.items()}
    assert order.status == "CANCELED"


def test_a_taker_walks_the_book_behind_the_fresher_quote():
    engine = make_engine()
    asks = [("19990", "5"), ("20001", "9"), ("20002", "0.05"), ("20003", "3")]
    engine.observe("BTCUSDT", depth(1, 2, asks=asks), 1)
    engine.observe("BTCUSDT", quote(ask="20001", size="0.02"), 1)
    order = engine.place(request(kind="MARKET", quantity="0.1"), 2)
    fills = engine.state.books.fills
    assert [(str(fill.price), str(fill.quantity)) for fill in fills] == [
        ("20001", "0.02"),
        ("20002", "0.05"),
        ("20003", "0.03"),
    ]
    assert order.status == "FILLED"
    assert order.executed_quote == Decimal("20001") * Decimal("0.02") + 20002 * Decimal("0.05") + 20003 * Decimal(
        "0.03"
    )


def test_the_quote_alone_is_a_market_where_there_is_no_book():
    engine = make_engine()
    engine.observe("BTCUSDT", quote(size="0.02"), 1)
    order = engine.place(request(kind="MARKET", quantity="0.1"), 2)
    assert (order.status, order.executed) == ("EXPIRED", Decimal("0.02"))


def test_the_fee_is_a_thousandth_of_what_is_received():
    engine = make_engine()
    engine.observe("BTCUSDT", quote(), 1)
    engine.place(request(kind="MARKET", quantity="0.1"), 2)
    assert balances(engine)["BTC"][0] == Decimal("0.5") + Decimal("0.0999")
    engine.place(request(side="SELL", kind="MARKET", quantity="0.1"), 3)
    assert balances(engine)["USDT"][0] == 10_000 - Decimal("2000.1") + Decimal("1999.9") * Decimal("0.999")


def test_a_better_price_releases_what_the_limit_had_locked():
    engine = make_engine()
    engine.observe("BTCUSDT", quote(ask="20001", size="0.04"), 1)
    order = engine.place(request(price="20100", quantity="0.1"), 2)
    assert order.status == "PARTIALLY_FILLED"
    free, locked = balances(engine)["USDT"]
    assert locked == Decimal("0.06") * 20100
    assert free == 10_000 - locked - Decimal("0.04") * 20001


@pytest.mark.parametrize(
    ("event", "filled"),
    [
        (trade("19000.01", "1"), "0"),
        (trade("19000", "0.03"), "0.03"),
        (trade("18900", "5"), "0.1"),
        (quote(bid="18990", ask="19000.01"), "0"),
        (quote(bid="18990", ask="18999", size="0.04"), "0.04"),
        (depth(1, 2, asks=[("18000", "9")]), "0"),
    ],
    ids=["above", "at, bounded by its size", "through", "quote above", "quote crosses", "the book alone"],
)
def test_a_resting_buy_fills_as_maker_at_its_own_price(event, filled):
    engine = make_engine()
    order = engine.place(request(price="19000", quantity="0.1"), 1)
    engine.observe("BTCUSDT", event, 2)
    assert order.executed == Decimal(filled)
    assert order.executed_quote == Decimal(filled) * 19000
    assert all(fill.maker for fill in engine.state.books.fills)


def test_a_trade_fills_resting_orders_by_price_then_time():
    engine = make_engine()
    orders = [engine.place(request(price=price, quantity="0.1"), 1) for price in ("19000", "19100", "19000")]
    engine.observe("BTCUSDT", trade("19000", "0.25"), 2)
    assert [order.executed for order in orders] == [Decimal("0.1"), Decimal("0.1"), Decimal("0.05")]


@pytest.mark.parametrize(
    ("tif", "size", "status", "executed"),
    [
        ("IOC", "0.04", "EXPIRED", "0.04"),
        ("FOK", "0.04", "EXPIRED", "0"),
        ("FOK", "0.1", "FILLED", "0.1"),
        ("IOC", "0.1", "FILLED", "0.1"),
    ],
)
def test_orders_that_may_not_rest_end_at_once(tif, size, status, executed):
    engine = make_engine()
    engine.observe("BTCUSDT", quote(ask="20001", size=size), 1)
    order = engine.place(request(price="20001", quantity="0.1", tif=tif), 2)
    assert (order.status, order.executed) == (status, Decimal(executed))
    assert balances(engine)["USDT"][1] == 0


@pytest.mark.parametrize("side", ["BUY", "SELL"])
def test_a_market_order_by_cost_trades_whole_steps_within_it(side):
    engine = make_engine()
    engine.observe("BTCUSDT", quote(), 1)
    order = engine.place(request(side=side, kind="MARKET", quantity="0", cost="1000"), 2)
    assert order.status == "FILLED"
    assert order.quantity == order.executed
    assert order.quantity % BTC.step_size == 0
    assert 0 <= 1000 - order.executed_quote < 20001 * BTC.step_size


@pytest.mark.parametrize(
    ("order", "code", "text"),
    [
        (request(quantity="1"), -2010, POOR),
        (request(side="SELL", price="21000", quantity="0.6"), -2010, POOR),
        (request(kind="MARKET", quantity="0", cost="10001"), -2010, POOR),
        (request(client_id="mine"), -2010, "Duplicate order sent."),
        (request(kind="LIMIT_MAKER", price="20001"), -2010, "Order would immediately match and take."),
        (request(quantity="0.000011"), -1013, "Filter failure: LOT_SIZE"),
        (request(quantity="9001"), -1013, "Filter failure: LOT_SIZE"),
        (request(quantity="0"), -1013, "Invalid quantity."),
        (request(price="19000.001"), -1013, "Filter failure: PRICE_FILTER"),
        (request(price="3000", quantity="1"), -1013, "Filter failure: PERCENT_PRICE_BY_SIDE"),
        (request(price="0"), -1013, "Invalid price."),
        (request(quantity="0.0001"), -1013, "Filter failure: NOTIONAL"),
        (OrderRequest("NOPEUSDT", "BUY", "LIMIT", ""), -1121, "Invalid symbol."),
    ],
)  # fmt: skip
def test_a_refused_order_says_why_and_changes_nothing(order, code, text):
    log = []
    engine = make_engine(log)
    engine.observe("BTCUSDT", quote(), 1)
    engine.place(request(client_id="mine"), 1)
    before, written = engine.state.snapshot(), len(log)
    with pytest.raises(RequestRefused) as refused:
        engine.place(order, 2)
    assert (refused.value.refusal.code, refused.value.refusal.message) == (code, text)
    assert (engine.state.snapshot(), len(log)) == (before, written)


def test_the_number_of_open_orders_is_bounded():
    engine = make_engine(open_orders_max=2)
    for _ in range(2):
        engine.place(request(), 1)
    with pytest.raises(RequestRefused, match="MAX_NUM_ORDERS"):
        engine.place(request(), 1)


def test_a_client_id_may_be_used_again_once_its_order_is_closed():
    engine = make_engine()
    first = engine.place(request(client_id="mine"), 1)
    engine.cancel(first, "", 2)
    second = engine.place(request(client_id="mine"), 3)
    assert engine.state.find_order("BTCUSDT", None, "mine") is second


def test_a_closed_order_cannot_be_cancelled():
    engine = make_engine()
    order = engine.place(request(), 1)
    engine.cancel(order, "", 2)
    for target in (order, None):
        with pytest.raises(RequestRefused, match="Unknown order sent"):
            engine.cancel(target, "", 3)


def test_what_cannot_be_made_durable_does_not_happen():
    class Full(list):
        def append(self, payload):
            if len(self) >= 1:
                raise OSError("no space left")
            super().append(payload)

    engine = make_engine(Full())
    before = engine.state.snapshot()
    with pytest.raises(OSError, match="no space"):
        engine.place(request(), 1)
    assert engine.state.snapshot() == before


def test_the_published_book_begins_anew_behind_a_gap():
    engine = make_engine()
    market = engine.market("BTCUSDT")
    for event in (depth(1, 5, bids=[("1", "1")]), depth(6, 9, bids=[("2", "1")])):
        market.apply(event)
    assert len(market.book) == 2
    market.apply(depth(1010, 1011, bids=[("3", "1")]))
    assert (list(market.book.levels("bid")), market.last_update_id) == ([(Decimal(3), Decimal(1))], 1011)


def test_what_was_closed_long_ago_is_forgotten_the_same_in_a_replay(monkeypatch):
    monkeypatch.setattr("tradigrade.exchanges.simulated.state.CLOSED_ORDERS_KEPT", 2)
    monkeypatch.setattr("tradigrade.exchanges.simulated.state.FILLS_KEPT", 2)
    log, replayed = [], VenueState()
    engine = make_engine(log)
    engine.observe("BTCUSDT", quote(), 1)
    resting = engine.place(request(client_id="resting"), 1)
    for number in range(5):
        engine.place(request(kind="MARKET", client_id=f"taker-{number}"), 2)
    assert list(engine.state.books.orders) == [resting.order_id, 4, 5, 6]
    assert [fill.trade_id for fill in engine.state.fills_from(4)] == [4, 5]
    assert [fill.trade_id for fill in engine.state.fills_from(0)] == [3, 4, 5]
    assert engine.state.find_order("BTCUSDT", None, "taker-0") is None
    replayed.replay(log)
    assert replayed.books == engine.state.books


@pytest.mark.parametrize("payload", [b"", b"\x93", b"\x81\xa7version\x03"])
def test_what_is_no_snapshot_is_refused(payload):
    with pytest.raises(SnapshotRefused, match="expected a snapshot"):
        VenueState().restore(payload)


CENTS = st.integers(1_990_000, 2_010_000).map(lambda cents: Decimal(cents) / 100)
SIZES = st.integers(50, 30_000).map(lambda steps: steps * BTC.step_size)
PLACES = st.builds(
    OrderRequest,
    symbol=st.just("BTCUSDT"),
    side=st.sampled_from(["BUY", "SELL"]),
    type=st.sampled_from(["LIMIT", "LIMIT_MAKER"]),
    client_id=st.sampled_from(["", "a", "b"]),
    time_in_force=st.sampled_from(["GTC", "GTC", "IOC", "FOK"]),
    price=CENTS,
    quantity=SIZES,
)
TAKES = st.builds(
    lambda side, size, by_cost: OrderRequest(
        "BTCUSDT", side, "MARKET", "", **({"quote_quantity": round(size * 20000, 2)} if by_cost else {"quantity": size})
    ),
    st.sampled_from(["BUY", "SELL"]),
    SIZES,
    st.booleans(),
)
QUOTES = st.builds(lambda bid, size: quote(bid=bid, ask=bid + 1, size=size), CENTS, SIZES)
TRADES = st.builds(trade, CENTS, SIZES)
CANCELS = st.integers(0, 5)


def act(engine, action, now_ms):
    try:
        match action:
            case OrderRequest():
                engine.place(action, now_ms)
            case int():
                orders = list(engine.state.open)
                engine.cancel(orders[action] if action < len(orders) else None, "c", now_ms)
            case _:
                engine.observe("BTCUSDT", action, now_ms)
    except RequestRefused:
        pass


def expected_totals(state):
    """Opening balances, moved only by fills and fees: recomputed from the fills alone."""
    totals = defaultdict(Decimal, OPENING)
    for fill in state.books.fills:
        sign = 1 if fill.side == "BUY" else -1
        totals["BTC"] += sign * fill.quantity
        totals["USDT"] -= sign * fill.quantity * fill.price
        totals[fill.fee_asset] -= fill.fee
    return dict(totals)


def expected_locks(state):
    locks = {"USDT": Decimal(0), "BTC": Decimal(0)}
    for order in state.open:
        locks[order.pays] += order.remaining * (order.price if order.side == "BUY" else 1)
    return locks


@settings(max_examples=150, deadline=None)
@given(st.lists(st.one_of(PLACES, TAKES, QUOTES, TRADES, CANCELS), max_size=40))
def test_money_moves_only_by_fills_and_fees_and_a_replay_gives_the_live_state(actions):
    log = []
    engine = make_engine(log)
    for now_ms, action in enumerate(actions):
        act(engine, action, now_ms)
        held = engine.state.books.account.balances
        assert {asset: balance.free + balance.locked for asset, balance in held.items()} == expected_totals(
            engine.state
        )
        assert {asset: balance.locked for asset, balance in held.items()} == expected_locks(engine.state)
        assert all(balance.free >= 0 for balance in held.values())
    replayed, restored = VenueState(), VenueState()
    replayed.replay(log)
    restored.restore(engine.state.snapshot())
    assert replayed.books == restored.books == engine.state.books
    assert list(replayed.open) == list(restored.open) == list(engine.state.open)


@settings(max_examples=50, deadline=None)
@given(st.lists(st.one_of(PLACES, TAKES, QUOTES, TRADES), max_size=30))
def test_fills_never_exceed_the_order_nor_its_limit(actions):
    engine = make_engine()
    for now_ms, action in enumerate(actions):
        act(engine, action, now_ms)
    orders = engine.state.books.orders
    for fill in engine.state.books.fills:
        order = orders[fill.order_id]
        assert order.executed <= order.quantity
        if order.price:
            assert fill.price <= order.price if order.side == "BUY" else fill.price >= order.price
    closed = [record.order_id for record in engine._listener.records if isinstance(record, OrderClosed)]
    filled = [record.trade_id for record in engine._listener.records if isinstance(record, OrderFilled)]
    assert len(closed) == len(set(closed))
    assert filled == list(range(1, len(filled) + 1))
