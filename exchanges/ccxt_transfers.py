"""Deposits and withdrawals from a venue's history through ccxt: what explains a balance that nothing else does."""

from typing import Any

import ccxt

from ..trading.order_events import FundsMoved
from .ccxt_parsing import exact
from .venue import funds_moved

SILENT = (ccxt.NotSupported, ccxt.PermissionDenied, ccxt.AuthenticationError)
"""A venue, or a key, that does not tell: then a difference stays one."""


async def fetch_transfers(exchange: Any, since_ns: int, *, named: bool = False) -> tuple[FundsMoved, ...]:
    """Those completed, oldest first; `named` is whether the account's stream calls them by the same ids. Raises what
    else ccxt raises."""
    try:
        since_ms = since_ns // 1_000_000
        told = [*await exchange.fetch_deposits(None, since_ms), *await exchange.fetch_withdrawals(None, since_ms)]
    except SILENT:
        return ()
    moved = [_moved(each, str(each["id"] or "") if named else "") for each in told if each.get("status") == "ok"]
    return tuple(sorted(moved, key=lambda each: each.at_ns))


def _moved(transaction: Any, name: str) -> FundsMoved:
    """A withdrawal takes its fee along."""
    amount = exact((transaction.get("info") or {}).get("amount") or transaction["amount"])
    fee = transaction.get("fee") or {}
    if transaction["type"] == "withdrawal":
        amount = -(amount + exact(fee.get("cost") or 0))
    at_ms = int(transaction["updated"] or transaction["timestamp"])
    return funds_moved(transaction["currency"], amount, at_ms, name)
