"""A bracket against every order of events: never more to sell than was bought, never unprotected, always at an end.

Risk and venue are played by the machine; a crash is a fold of the journal from its beginning.
"""

from decimal import Decimal
from typing import Any

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from tradigrade.trading.capabilities import EVERYWHERE, VENUES
from tradigrade.trading.emulation import Touch
from tradigrade.trading.group_cancels import cancels
from tradigrade.trading.group_events import GroupAccepted, GroupCancelWanted, Leg, OrderGroup
from tradigrade.trading.group_fold import fold
from tradigrade.trading.group_steps import next_record
from tradigrade.trading.group_view import View
from tradigrade.trading.instruments import PAPER_INSTRUMENTS
from tradigrade.trading.messages import OrderRefused, OrderRequested, Terms
from tradigrade.trading.order_events import (
    OrderAccepted,
    OrderCancelled,
    OrderFilled,
    OrderIntended,
    OrderRejected,
    OrderUnknown,
)
from tradigrade.trading.order_groups import Groups

D = Decimal
BTC = PAPER_INSTRUMENTS["BTC/USDT"]
STOP, PROFIT, AMOUNT = D(29_700), D(30_300), D("0.05")
DUST = BTC.min_notional / STOP + BTC.step_size
"""What may be left over: less than the smallest order."""
SIZE = st.sampled_from([D("0.00001"), D("0.003"), D("0.01"), D("0.02"), AMOUNT])


class Brackets(RuleBasedStateMachine):
    @initialize(kind=st.sampled_from(["market", "limit"]), choices=st.tuples(*[st.booleans()] * 3))
    def begin(self, kind: Any, choices: tuple[bool, bool, bool]) -> None:
        """On a venue that knows stops or not, from the beginning or from the fill on; to be ended by which exit?"""
        bare, filled, self.rises = choices
        self.venue = EVERYWHERE if bare else VENUES["binance"]
        self.groups, self.journal = Groups(), []
        self.now_ns, self.touch = 10**18, Touch(D(30_000), D(30_001))
        self.asked: dict[str, OrderRequested] = {}
        """Requests that risk has not answered."""
        self.orders: dict[str, OrderIntended] = {}
        """What stands at the venue, or may."""
        self.left: dict[str, Decimal] = {}
        self.trades = 0
        self.bought = self.sold = D(0)
        entry = Leg("buy", kind, AMOUNT, D(29_990) if kind == "limit" else None)
        exits = (
            Leg("sell", "stop_loss", terms=Terms(stop_price=STOP)),
            Leg("sell", "take_profit", terms=Terms(stop_price=PROFIT)),
        )
        self.write(GroupAccepted(OrderGroup("g", "bracket", "s", "BTC/USDT", entry, *exits), self.now_ns))
        self.work()
        if filled:  # most of what may go wrong comes after this
            self.come_well()

    # -- the order manager, as the actor does it ----------------------------------------------------------------------

    def write(self, record: Any) -> None:
        self.journal.append(record)
        fold(self.groups, record)

    @property
    def view(self) -> View:
        return View(self.now_ns, self.touch, BTC, self.venue, self.bought - self.sold)

    def work(self) -> None:
        for _ in range(30):
            group = self.groups.open.get("g")
            record = None if group is None else next_record(group, self.view)
            if record is None:
                return
            self.write(record)
            if isinstance(record, OrderRequested):
                self.asked[record.request_id] = record
            elif isinstance(record, OrderRefused):
                self.asked.pop(record.signal_id, None)
        raise AssertionError("the group does not come to rest")

    def happen(self, event: Any) -> None:
        self.write(event)
        self.work()

    # -- risk and executor --------------------------------------------------------------------------------------------

    @precondition(lambda self: self.asked)
    @rule(yes=st.booleans(), data=st.data())
    def risk_answers(self, yes: bool, data: Any) -> None:
        request = self.asked.pop(data.draw(st.sampled_from(sorted(self.asked))))
        self.answer(request, yes=yes)

    def answer(self, request: OrderRequested, *, yes: bool = True) -> None:
        if not yes:
            self.happen(OrderRefused(request.request_id, "s", "BTC/USDT", "NO", {}, self.now_ns))
            return
        self.trades += 1
        client_id = f"c{self.trades}"
        price = request.price or self.touch.bid
        intent = OrderIntended(
            client_id, 1, 1, "a", request.request_id, "s", "BTC/USDT", request.side, request.type, request.amount,
            request.price, price, self.now_ns, request.terms,
        )  # fmt: skip
        self.orders[client_id], self.left[client_id] = intent, request.amount
        if request.side == "sell":
            assert self.sellable() >= 0, "more stands to be sold than there is"
        self.happen(intent)

    def sellable(self) -> Decimal:
        """What is held beyond all that stands to sell it."""
        standing = sum((self.left[each] for each, order in self.orders.items() if order.side == "sell"), D(0))
        return self.bought - self.sold - standing

    # -- the venue ----------------------------------------------------------------------------------------------------

    @precondition(lambda self: self.orders)
    @rule(size=SIZE, data=st.data())
    def an_order_fills(self, size: Decimal, data: Any) -> None:
        client_id = data.draw(st.sampled_from(sorted(self.orders)))
        self.fill(client_id, min(size, self.left[client_id]))

    def fill(self, client_id: str, amount: Decimal) -> None:
        order = self.orders[client_id]
        self.trades += 1
        fee, currency = (amount / 1000, "BTC") if order.side == "buy" else (D(0), "USDT")
        self.left[client_id] -= amount
        if order.side == "buy":
            self.bought += amount - fee
        else:
            self.sold += amount
        if not self.left[client_id]:
            del self.orders[client_id]
        trade = (client_id, str(self.trades), "BTC/USDT", order.side, D(30_000), amount, fee, currency)
        self.happen(OrderFilled(*trade, False, self.now_ns))

    @precondition(lambda self: self.orders)
    @rule(what=st.sampled_from(["accepted", "unknown", "rejected", "cancelled"]), data=st.data())
    def the_venue_says(self, what: str, data: Any) -> None:
        client_id = data.draw(st.sampled_from(sorted(self.orders)))
        if what == "accepted":
            self.happen(OrderAccepted(client_id, "v", self.now_ns))
        elif what == "unknown":
            self.happen(OrderUnknown(client_id, "no answer", self.now_ns))
        elif what == "cancelled":  # also one that nobody asked for
            del self.orders[client_id]
            self.happen(OrderCancelled(client_id, "by somebody", self.now_ns))
        elif self.left[client_id] == self.orders[client_id].amount:
            del self.orders[client_id]
            self.happen(OrderRejected(client_id, "InvalidOrder", "no", self.now_ns))

    @rule()
    def what_must_end_is_cancelled(self) -> None:
        group = self.groups.open.get("g")
        for cancel in () if group is None else tuple(cancels(group, self.view)):
            if cancel.client_id in self.orders:
                del self.orders[cancel.client_id]
                self.happen(OrderCancelled(cancel.client_id, cancel.reason, self.now_ns))

    # -- the world ----------------------------------------------------------------------------------------------------

    @rule(bid=st.sampled_from([29_000, 29_700, 30_000, 30_300, 30_300, 31_000]))
    def the_market_moves(self, bid: int) -> None:
        self.touch = Touch(D(bid), D(bid + 1))
        self.work()

    @rule(seconds=st.sampled_from([0.1, 1.0, 4.0, 60.0]))
    def time_passes(self, seconds: float) -> None:
        self.now_ns += round(seconds * 1e9)
        self.asked = {key: each for key, each in self.asked.items() if self.now_ns - each.created_ns < 2 * 10**9}
        self.work()

    @rule()
    def the_process_dies(self) -> None:
        again = Groups()
        for record in self.journal:
            fold(again, record)
        assert again == self.groups, "what the journal makes is what there was"
        self.groups = again.copy()
        self.work()

    @rule()
    def a_person_cancels_the_entry(self) -> None:
        self.happen(GroupCancelWanted("g", "by hand", exits=False, at_ns=self.now_ns))

    @invariant()
    def never_more_to_sell_than_there_is(self) -> None:
        assert self.sellable() >= 0

    def teardown(self) -> None:
        """Whatever was before: when all goes well again everything is protected, and the market brings it to an end."""
        if not hasattr(self, "groups"):
            return
        self.touch = Touch(D(30_000), D(30_001))
        self.come_well()
        held = self.bought - self.sold
        stops = sum((self.left[each] for each, order in self.orders.items() if order.side == "sell"), D(0))
        resting = "stop_loss" in self.venue.types and not getattr(self.stop(), "here", True)
        assert not resting or held - stops < DUST, "a position stands unprotected"
        assert held < DUST or "g" in self.groups.open, "nobody looks after the position"
        self.touch = Touch(D(31_000), D(31_001)) if self.rises else Touch(D(29_000), D(29_001))
        self.come_well()
        for client_id in () if self.rises else sorted(self.orders):
            self.fill(client_id, self.left[client_id])
        self.come_well()
        assert self.bought - self.sold < DUST
        assert self.groups.open == {}

    def stop(self) -> Any:
        group = self.groups.open.get("g")
        return None if group is None else group.legs["exit"]

    def come_well(self) -> None:
        """Everybody answers, and orders at the market fill."""
        for _ in range(12):
            for request_id in sorted(self.asked):
                if request_id in self.asked:
                    self.answer(self.asked.pop(request_id))
            for client_id, order in sorted(self.orders.items()):
                if client_id in self.orders and (order.type == "market" or order.side == "buy"):
                    self.fill(client_id, self.left[client_id])
            self.what_must_end_is_cancelled()
            self.time_passes(1.5)


TestBrackets = Brackets.TestCase
TestBrackets.settings = settings(max_examples=200, stateful_step_count=20, deadline=None)
