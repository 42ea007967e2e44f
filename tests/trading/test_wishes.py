"""What a strategy may return, field by field."""

from decimal import Decimal
from typing import Any

import pytest

from tradigrade.trading.messages import Terms
from tradigrade.trading.strategy import StrategyFault
from tradigrade.trading.strategy_orders import OCO, Bracket, Cancel, Modify, Place
from tradigrade.trading.wishes import check_wish

D = Decimal
ANY: Any = None


@pytest.mark.parametrize(
    "wish",
    [
        Place("buy", D("0.01")),
        Place("sell", D("0.01"), "stop_loss", None, Terms(stop_price=D(29_000)), "one"),
        Bracket("buy", D("0.05"), D(29_700), D(30_300), id="one"),
        OCO("sell", D("0.05"), D(29_700), D(30_300)),
        Modify("one", price=D(29_000)),
        Cancel("one"),
        Place("buy", D("nan")),
    ],
    ids=lambda wish: type(wish).__name__,
)
def test_what_is_of_its_type_passes(wish: Any) -> None:
    check_wish(wish)


@pytest.mark.parametrize(
    "wish",
    [
        Place("buy", 0.01),  # type: ignore[arg-type]
        Place("buy", 1),  # type: ignore[arg-type]
        Place("buy", "0.01"),  # type: ignore[arg-type]
        Place("buy", ANY),
        Place("buy", D("0.01"), "limit", 29_900.0),  # type: ignore[arg-type]
        Place("buy", D("0.01"), "Limit", D(29_900)),  # type: ignore[arg-type]
        Place("BUY", D("0.01")),  # type: ignore[arg-type]
        Place("buy", D("0.01"), id=7),  # type: ignore[arg-type]
        Place("sell", D("0.01"), "stop_loss", terms=Terms(stop_price=29_000.0)),  # type: ignore[arg-type]
        Place("sell", D("0.01"), "stop_loss", terms=Terms(trail_bps=50.5)),  # type: ignore[arg-type]
        Place("buy", D("0.01"), terms=Terms(post_only=1)),  # type: ignore[arg-type]
        Place("buy", b"0.01"),  # type: ignore[arg-type]
        Bracket("buy", D("0.05"), D(29_700), 30_300),  # type: ignore[arg-type]
        Modify("one", price=29_000.0),  # type: ignore[arg-type]
        Cancel(ANY),
        7,
    ],
    ids=str,
)
def test_what_is_not_is_the_strategys_own_fault(wish: Any) -> None:
    with pytest.raises(StrategyFault, match=r"must|Expected|Invalid|unsupported"):
        check_wish(wish)
