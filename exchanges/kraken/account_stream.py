"""What Kraken's account stream says of orders and balances, read without ccxt's parser: that leaves our ids out, and
takes a message of several reports for what its first one is."""

from collections import OrderedDict
from collections.abc import Callable, Iterator
from datetime import datetime
from typing import Any, Literal

from ...trading.order_events import OrderFilled
from ..ccxt_parsing import exact
from ..decoding import since_epoch_ms
from ..venue import BalancesReported, OrderReported, VenueWord, funds_moved
from .account import SIDES

ORDERS_KNOWN = 20_000
STATES: dict[str, Literal["open", "cancelled"]] = {
    "pending_new": "open",
    "new": "open",
    "partially_filled": "open",
    "canceled": "cancelled",
    "expired": "cancelled",
}
"""Of what is filled its fills tell."""
MOVES = {"deposit": 1, "withdrawal": -1}


class AccountStream:
    """Reads one connection's messages. Later reports of an order name it by the venue's id alone, so that those of the
    latest orders are kept; a report of another is nobody's. Snapshots are no news: evidence tells what they do."""

    def __init__(
        self, read_id: Callable[[str], str], code_of: Callable[[str], str], serves: Callable[[str], bool]
    ) -> None:
        """`serves` says whether a symbol means here what it means elsewhere: fills of another are left to evidence."""
        self._read_id = read_id
        self._code_of = code_of
        self._serves = serves
        self._ours: OrderedDict[str, str] = OrderedDict()

    def note(self, venue_id: str, client_id: str) -> None:
        self._ours[venue_id] = client_id
        if len(self._ours) > ORDERS_KNOWN:
            self._ours.popitem(last=False)

    def executions(self, message: Any) -> Iterator[VenueWord]:
        """Raises KeyError or ValueError for a report that does not read."""
        for row in message["data"]:
            venue_id = str(row["order_id"])
            if row.get("cl_ord_id"):
                self.note(venue_id, self._read_id(str(row["cl_ord_id"])))
            client_id = self._ours.get(venue_id, "")
            if message["type"] == "snapshot" or not client_id:
                continue
            if row["exec_type"] == "trade" and self._serves(row["symbol"]):
                yield _fill(row, client_id)
            if (state := STATES.get(row.get("order_status", ""))) is not None:
                yield OrderReported(client_id, venue_id, state)

    def balances(self, message: Any) -> Iterator[VenueWord]:
        """Raises as `executions` does."""
        if message["type"] == "snapshot":
            return
        for row in message["data"]:
            currency, at_ms = self._code_of(str(row["asset"])), _ms(row["timestamp"])
            if (sign := MOVES.get(row.get("type", ""))) is not None:
                amount = abs(exact(row["amount"])) + (exact(row.get("fee") or 0) if sign < 0 else 0)
                yield funds_moved(currency, sign * amount, at_ms, str(row.get("ref_id") or ""))
            yield BalancesReported({currency: exact(row["balance"])}, at_ms * 1_000_000)


def _fill(row: Any, client_id: str) -> OrderFilled:
    fees = row.get("fees") or [{"asset": row["symbol"].partition("/")[2], "qty": 0}]
    return OrderFilled(
        client_id=client_id,
        trade_id=str(row["trade_id"]),
        symbol=row["symbol"],
        side=SIDES[row["side"]],
        price=exact(row["last_price"]),
        amount=exact(row["last_qty"]),
        fee=exact(fees[0]["qty"]),
        fee_currency=str(fees[0]["asset"]),
        maker=row.get("liquidity_ind") == "m",
        at_ns=_ms(row["timestamp"]) * 1_000_000,
    )


def _ms(text: str) -> int:
    return since_epoch_ms(datetime.fromisoformat(text))
