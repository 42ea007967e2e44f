"""What the matching engine never breaks, whatever two accounts and a market do to it."""

from collections import defaultdict
from decimal import Decimal

from hypothesis import Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from tradigrade.exchanges.market_events import DepthEvent, TickerEvent, TradeEvent
from tradigrade.exchanges.simulated.amending import Amendment, amend
from tradigrade.exchanges.simulated.engine import Engine
from tradigrade.exchanges.simulated.errors import RequestRefused
from tradigrade.exchanges.simulated.filters import Rules
from tradigrade.exchanges.simulated.orders import ListRequest, OrderRequest
from tradigrade.exchanges.simulated.state import VenueState
from tradigrade.trading.instruments import PAPER_INSTRUMENTS

D = Decimal
BTC = PAPER_INSTRUMENTS["BTC/USDT"]
OPENING = {1: {"USDT": D(100_000), "BTC": D(5)}, 2: {"USDT": D(50_000), "BTC": D(2)}}
UIDS = st.sampled_from([1, 2])
SIDES = st.sampled_from(["BUY", "SELL"])
PRICES = st.integers(19_990, 20_010).map(D)
AMOUNTS = st.integers(1, 40).map(lambda steps: steps * D("0.01"))
FAMILIES = st.sampled_from(["STOP_LOSS", "TAKE_PROFIT"])
TIMES = st.sampled_from(["GTC", "GTC", "IOC", "FOK"])
MODES = st.sampled_from(["NONE", "EXPIRE_TAKER", "EXPIRE_MAKER", "EXPIRE_BOTH"])
RULES = {"BTCUSDT": Rules(waiting_orders_max=20, iceberg_parts=40, impact_ms=10**12)}


class Heard:
    def changed(self, record, order):
        pass

    def committed(self):
        pass


class Laws(RuleBasedStateMachine):
    """A small market around 20,000: every level, quote and trade is drawn."""

    @initialize()
    def begin(self):
        self.log, self.now_ms, self.update_id, self.trade_id = [], 0, 0, 0
        self.offered = defaultdict(Decimal)
        self.engine = Engine(VenueState(), [BTC], self.log, Heard(), rules=RULES)
        for uid, amounts in OPENING.items():
            self.engine.of(uid).credit(amounts)
        self.quote(D(19_999), D(2), D("1.5"), D("0.8"))

    def attempt(self, action):
        self.now_ms += 1
        before = self.engine.state.books.last_trade_id
        try:
            action()
        except RequestRefused:
            assert self.engine.state.books.last_trade_id == before
        self.engine.release_due(self.now_ms)
        self.judge_fills(before)

    def judge_fills(self, before):
        """What strangers gave to takers is no more than what they ever showed or traded."""
        for fill in self.engine.state.fills_from(before + 1):
            order = self.engine.state.books.orders[fill.order_id]
            if order.price:
                assert fill.price <= order.price if fill.side == "BUY" else fill.price >= order.price
            if not fill.counter_id and not fill.maker:
                side = "ask" if fill.side == "BUY" else "bid"
                self.offered[side, fill.price] -= fill.quantity
                assert self.offered[side, fill.price] >= 0, "the same liquidity was taken twice"

    @rule(uid=UIDS, side=SIDES, price=PRICES, amount=AMOUNTS, mode=MODES, iceberg=st.booleans(),
          kind=st.sampled_from(["LIMIT", "LIMIT", "LIMIT_MAKER"]), tif=TIMES)  # fmt: skip
    def limit(self, uid, side, price, amount, mode, iceberg, kind, tif):
        part = amount / 4 if iceberg and tif == "GTC" else D(0)
        tif = tif if kind == "LIMIT" else "GTC"
        request = OrderRequest("BTCUSDT", side, kind, "", tif, price, amount, iceberg=part, prevention=mode)
        self.attempt(lambda: self.engine.of(uid).place(request, self.now_ms))

    @rule(uid=UIDS, side=SIDES, amount=AMOUNTS, mode=MODES, by_cost=st.booleans())
    def market(self, uid, side, amount, mode, by_cost):
        wanted = {"quote_quantity": amount * 20_000} if by_cost else {"quantity": amount}
        request = OrderRequest("BTCUSDT", side, "MARKET", "", prevention=mode, **wanted)
        self.attempt(lambda: self.engine.of(uid).place(request, self.now_ms))

    @rule(uid=UIDS, side=SIDES, amount=AMOUNTS, stop=PRICES, delta=st.sampled_from([0, 0, 10, 20]),
          limited=st.booleans(), family=FAMILIES, begins=st.booleans())  # fmt: skip
    def stop(self, uid, side, amount, stop, delta, limited, family, begins):
        kind, price = (f"{family}_LIMIT", stop) if limited else (family, D(0))
        stop = stop if begins or not delta else D(0)
        request = OrderRequest("BTCUSDT", side, kind, "", "GTC", price, amount, D(0), stop, delta)
        self.attempt(lambda: self.engine.of(uid).place(request, self.now_ms))

    @rule(uid=UIDS, side=SIDES, amount=AMOUNTS, away=st.integers(1, 8), working=st.sampled_from(["", "", "LIMIT"]),
          single=st.booleans(), price=PRICES)  # fmt: skip
    def order_list(self, uid, side, amount, away, working, single, price):
        last = self.engine.markets["BTCUSDT"].last_price
        above, below = last + away, last - away
        plain = {"symbol": "BTCUSDT", "client_id": "", "quantity": amount}
        maker = OrderRequest(side=side, type="LIMIT_MAKER", price=below if side == "BUY" else above, **plain)
        stop = OrderRequest(side=side, type="STOP_LOSS", stop_price=above if side == "BUY" else below, **plain)
        pair = (stop, maker) if side == "BUY" else (maker, stop)
        if working:
            entry = OrderRequest(side="SELL" if side == "BUY" else "BUY", type="LIMIT", price=price, **plain)
            pending = (OrderRequest(side=side, type="MARKET", **plain),) if single else pair
            request = ListRequest("", "OTO", (entry, *pending))
        else:
            request = ListRequest("", "OCO", pair)
        self.attempt(lambda: self.engine.of(uid).place_list(request, self.now_ms))

    @precondition(lambda self: len(self.engine.state.open))
    @rule(data=st.data())
    def cancel(self, data):
        order = data.draw(st.sampled_from(list(self.engine.state.open)))
        self.attempt(lambda: self.engine.of(order.uid).cancel(order, "c", self.now_ms))

    @precondition(lambda self: len(self.engine.state.open))
    @rule(data=st.data(), price=st.none() | PRICES, quantity=st.none() | AMOUNTS, post=st.booleans())
    def amend(self, data, price, quantity, post):
        order = data.draw(st.sampled_from(list(self.engine.state.open)))
        terms = (order.price, order.quantity, order.executed, order.rank)
        wanted = Amendment(quantity, price if order.price else None, post_only=post)
        self.attempt(lambda: amend(self.engine.of(order.uid), order, wanted, self.now_ms))
        if order.is_open and order.price == terms[0] and order.quantity <= terms[1] and not order.waits:
            assert (order.executed, order.rank) == terms[2:], "less of the same keeps its place"
        if order.rests and order.quantity > terms[1]:
            assert order.rank > terms[3], "more of it stands behind all others"

    @rule(bid=PRICES, spread=st.integers(1, 3).map(D), bid_size=AMOUNTS, ask_size=AMOUNTS)
    def quote(self, bid, spread, bid_size, ask_size):
        """A new best quote, and the diff that follows it."""
        ask = bid + spread
        self.show("bid", bid, bid_size)
        self.show("ask", ask, ask_size)
        self.update_id += 1
        self.observe(TickerEvent("BTCUSDT", self.update_id, bid, bid_size, ask, ask_size))
        book = self.engine.markets["BTCUSDT"].book
        bids = [(price, D(0)) for price, _ in book.levels("bid") if price > bid]
        asks = [(price, D(0)) for price, _ in book.levels("ask") if price < ask]
        self.diff([*bids, (bid, bid_size)], [*asks, (ask, ask_size)])

    @rule(side=st.sampled_from(["bid", "ask"]), away=st.integers(1, 10), steps=st.integers(0, 40))
    def level(self, side, away, steps):
        quote, size = self.engine.markets["BTCUSDT"].quote, steps * D("0.01")
        price = quote.bid - away if side == "bid" else quote.ask + away
        self.show(side, price, size)
        self.diff(*(((price, size),) if side == each else () for each in ("bid", "ask")))

    def diff(self, bids, asks):
        update_id = self.engine.markets["BTCUSDT"].last_update_id + 1
        self.observe(DepthEvent("BTCUSDT", 0, update_id, update_id, tuple(bids), tuple(asks)))

    def observe(self, event):
        self.now_ms += 1
        before = self.engine.state.books.last_trade_id
        self.engine.observe("BTCUSDT", event, self.now_ms)
        self.judge_fills(before)

    def show(self, side, price, size):
        """The level is stated, and what was taken of it does not come back: only what is new can be taken."""
        market = self.engine.markets["BTCUSDT"]
        fresh = max(D(0), size - market.displayed(side, price))
        self.offered[side, price] = min(self.offered[side, price] + fresh, size)

    @rule(price=PRICES, size=AMOUNTS, buyer_is_maker=st.booleans())
    def trade(self, price, size, buyer_is_maker):
        self.now_ms += 1
        self.trade_id += 1
        makers = {order.order_id: order for order in self.engine.state.open if order.rests}
        ranks = [(order.side, order.price, order.rank, order.order_id) for order in makers.values()]
        before = self.engine.state.books.last_trade_id
        event = TradeEvent("BTCUSDT", 0, self.now_ms, self.trade_id, price, size, buyer_is_maker)
        self.engine.observe("BTCUSDT", event, self.now_ms)
        made = [fill for fill in self.engine.state.fills_from(before + 1) if fill.maker and not fill.counter_id]
        assert sum(fill.quantity for fill in made) <= size, "makers were filled beyond the trade"
        self.judge_priority(made, ranks)
        self.judge_fills(before)

    def judge_priority(self, made, ranks):
        """Who was filled stood before who was not: at a better price, or there earlier."""
        for side, sign in (("BUY", -1), ("SELL", 1)):
            queue = sorted((sign * price, rank, order_id) for its, price, rank, order_id in ranks if its == side)
            filled = [order_id for _, _, order_id in queue if any(fill.order_id == order_id for fill in made)]
            assert filled == [fill.order_id for fill in made if fill.side == side]

    @invariant()
    def nothing_is_negative_and_nothing_comes_of_nothing(self):
        sums = defaultdict(Decimal)
        for uid, amounts in OPENING.items():
            held = self.engine.state.account(uid).balances
            assert all(balance.free >= 0 and balance.locked >= 0 for balance in held.values())
            for asset in amounts:
                sums[asset] += held[asset].free + held[asset].locked - amounts[asset]
        for fill in self.engine.state.books.fills:
            sums[fill.fee_asset] += fill.fee
            if not fill.counter_id:  # strangers gave one, and took the other
                sign = 1 if fill.side == "BUY" else -1
                sums["BTC"] -= sign * fill.quantity
                sums["USDT"] += sign * fill.quantity * fill.price
        assert not any(sums.values())

    @invariant()
    def locks_are_those_of_the_open_orders(self):
        for uid in OPENING:
            locks = defaultdict(Decimal)
            for order in self.engine.of(uid).open_orders():
                locks[order.pays] += order.locked
                assert not (order.held and order.locked)
            held = self.engine.state.account(uid).balances
            assert all(balance.locked == locks[asset] for asset, balance in held.items())

    @invariant()
    def of_a_pair_one_trades_at_most(self):
        books = self.engine.state.books
        for each in books.lists.values():
            orders = [books.orders[order_id] for order_id in each.order_ids]
            pair = [books.orders[order_id] for order_id in each.pair]
            assert sum(order.executed > 0 for order in pair) <= 1
            assert each.done == (not any(order.is_open for order in orders))
            if each.working and books.orders[each.working].status != "FILLED":
                assert all(not order.executed for order in orders[1:])
        assert not self.engine.state.due

    @invariant()
    def the_book_holds_no_two_orders_that_would_trade(self):
        """Of different accounts, at rest: they would have met when the later one came."""
        open_orders = self.engine.state.open
        for bid in open_orders.on_book("BTCUSDT", "BUY"):
            for ask in open_orders.on_book("BTCUSDT", "SELL"):
                assert bid.price < ask.price or ("NONE" not in (bid.prevention, ask.prevention) and bid.uid == ask.uid)

    @invariant()
    def a_restart_changes_nothing(self):
        live, replayed, restored = self.engine.state, VenueState(), VenueState()
        replayed.replay(self.log)
        restored.restore(live.snapshot())
        assert replayed.books == restored.books == live.books
        assert replayed.due == restored.due == live.due
        for side in ("BUY", "SELL"):
            states = (live, replayed, restored)
            queues = [[each.order_id for each in state.open.on_book("BTCUSDT", side)] for state in states]
            assert queues[0] == queues[1] == queues[2]


Laws.TestCase.settings = settings(
    max_examples=50, stateful_step_count=30, deadline=None, phases=[Phase.generate], report_multiple_bugs=False
)
TestLaws = Laws.TestCase
