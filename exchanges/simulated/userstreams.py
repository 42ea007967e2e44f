"""The account's own events: what every change of it looks like to the clients that subscribed."""

from typing import Any

import msgspec

from .errors import TOO_MANY_SUBSCRIPTIONS, RequestRefused
from .faults import EventFaults, FaultSwitch
from .orders import Order
from .outbox import Outbox
from .records import MAIN, AnyRecord, FundsTransferred, ListRecord, OrderRecord
from .state import VenueState
from .user_events import account_position, balance_update, execution_report, list_status

SUBSCRIPTIONS_MAX = 16
"""Of one connection."""


class UserStreams:
    """Sends each subscription an execution report per record of an order, and per batch the balances it touched."""

    def __init__(self, state: VenueState, switch: FaultSwitch) -> None:
        self._state = state
        self._faults = EventFaults[tuple[int, bytes]](switch)
        self._subscriptions: dict[Outbox, dict[int, int]] = {}
        """Of a connection, by the subscription's number the account."""
        self._touched: dict[int, dict[str, None]] = {}

    def subscribe(self, outbox: Outbox, uid: int = MAIN) -> int:
        """The subscription's id, counted from 0 on each connection; it tells what happens to an account. Raises
        RequestRefused past their bound."""
        ids = self._subscriptions.setdefault(outbox, {})
        if len(ids) >= SUBSCRIPTIONS_MAX:
            raise RequestRefused(TOO_MANY_SUBSCRIPTIONS)
        number = max(ids, default=-1) + 1
        ids[number] = uid
        return number

    def unsubscribe(self, outbox: Outbox, number: int | None = None) -> None:
        """One subscription of a connection, or all of them. An unknown one is none."""
        ids = self._subscriptions.get(outbox, {})
        ids.pop(number, None) if number is not None else ids.clear()
        if not ids:
            self._subscriptions.pop(outbox, None)

    def subscribed(self, outbox: Outbox) -> list[int]:
        """The subscriptions of a connection."""
        return list(self._subscriptions.get(outbox, ()))

    def __len__(self) -> int:
        """How many connections have a subscription."""
        return len(self._subscriptions)

    def cut(self) -> None:
        """Break every connection that has one."""
        for outbox in tuple(self._subscriptions):
            outbox.abort()

    def changed(self, record: AnyRecord, order: Order | None) -> None:
        """Report one record that took effect on `order`, or on the account."""
        if not self._subscriptions:
            return
        if isinstance(record, FundsTransferred):
            self._touched.setdefault(record.uid, {})[record.asset] = None
            self._send(balance_update(record), record.uid)
        if isinstance(record, ListRecord):
            found = self._state.books.lists[record.list_id]
            self._send(list_status(record, found), found.uid)
        if order is None or not isinstance(record, OrderRecord):
            return
        self._touched.setdefault(order.uid, {}).update({order.base: None, order.quote: None})
        self._send(execution_report(record, order, self._state.books.executions), order.uid)

    def committed(self) -> None:
        """Report the balances which the records since the last call touched."""
        touched, self._touched = self._touched, {}
        for uid, assets in touched.items():
            self._send(account_position(self._state.account(uid), assets, self._state.books.updated_ms), uid)

    def _send(self, event: dict[str, Any], uid: int) -> None:
        sent, late_s = self._faults.pass_on((uid, msgspec.json.encode(event)))
        for each in sent:
            self._put(*each, late_s)

    def _put(self, uid: int, event: bytes, late_s: float) -> None:
        for outbox, ids in self._subscriptions.items():
            for number in [number for number, owner in ids.items() if owner == uid]:
                outbox.put(b'{"subscriptionId":%d,"event":%b}' % (number, event), late_s)
