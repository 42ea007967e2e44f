"""What adds to a position is bounded, by whatever side it comes; what ends one is not held up."""

from decimal import Decimal
from typing import Any

import msgspec
import pytest

from tests.trading.facts import NOW_NS, SYMBOL, books, market
from tests.trading.test_risk_requests import CASH, bound, held, on, request, stop_loss, view
from tradigrade.trading.instruments import PAPER_INSTRUMENTS
from tradigrade.trading.messages import ZERO, SignalGenerated
from tradigrade.trading.order_events import BalanceAdopted
from tradigrade.trading.risk import Draft, Exposure, Refusal, judge
from tradigrade.trading.rungs import Rung


@pytest.mark.parametrize(
    "asked",
    [request("sell", "0.07"), stop_loss("0.07"), SignalGenerated("n1", "s", SYMBOL, ZERO, None, NOW_NS, "out")],
    ids=["a sale", "a stop", "a target"],
)
@pytest.mark.parametrize("known", [{}, on(Rung.FALLBACK), {"scale": Decimal("0.25")}, {"orders_last_s": 20}])
def test_a_position_that_grew_past_the_limit_of_one_order_can_be_closed_and_protected(
    asked: Any, known: dict[str, Any]
) -> None:
    assert isinstance(judge(asked, view(*held("0.07"), **known)), Draft)
    refusal = judge(msgspec.structs.replace(asked, strategy="x"), view(*held("0.07"), **known))
    assert not isinstance(refusal, Draft), "it is not another's to sell"


@pytest.mark.parametrize(("limit", "code"), [("max_position_notional", "POSITION_LIMIT"), ("max_concentration", "")])
def test_a_sale_that_is_paid_in_what_is_a_position_adds_to_that(limit: str, code: str) -> None:
    """ETH sold for BTC is BTC bought."""
    symbol = "ETH/BTC"
    instrument = msgspec.structs.replace(PAPER_INSTRUMENTS["ETH/USDT"], symbol=symbol, quote="BTC", min_notional=ZERO)
    account = books(CASH, BalanceAdopted("ETH", Decimal(10), NOW_NS), BalanceAdopted("BTC", Decimal("0.1"), NOW_NS))
    exposure = Exposure(account, ("BTC", "ETH"))
    exposure.mark("BTC", Decimal(30_000))
    exposure.mark("ETH", Decimal(2_000))
    touch = msgspec.structs.replace(market("0.0666", "0.0667"), symbol=symbol)
    known = {"exposure": exposure, "instrument": instrument, "market": touch, "quote_rate": Decimal(30_000)}
    asked = request("sell", "0.9", symbol=symbol)
    assert isinstance(judge(asked, view(**known, **bound(max_leverage="100"))), Draft)
    refusal = judge(asked, view(**known, **bound(**{limit: "4000" if code else "0.4"})))
    assert isinstance(refusal, Refusal)
    assert refusal.code == (code or "CONCENTRATION_LIMIT")
    assert Decimal(refusal.numbers["worst"]) > 4_700, "0.1 BTC, and what 0.9 ETH bring"
