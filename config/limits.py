"""The limits that the configuration gives."""

from typing import Any

import msgspec

from ..trading.limit_book import LimitBook, make_book, make_scope
from .risk_settings import RiskSettings


def configured_limits(settings: RiskSettings) -> LimitBook:
    """The first version of an account's limits. Raises `LimitFault` for what is none, or contradicts another."""
    overrides: dict[str, dict[str, Any]] = {}
    for each in settings.overrides:
        overrides.setdefault(make_scope(each.symbol, each.strategy), {}).update(each.limits)
    return make_book(msgspec.structs.asdict(settings), overrides)
