"""Rounding is always to the safe side: whatever a venue's steps are, and whichever way an order goes there.

ccxt rounds a price to the nearest tick, so that a limit to buy may come out above a bound of risk; it cuts amounts, and
holds nobody to the least value of an order. So what leaves is on the venue's steps before ccxt sees it.
"""

from decimal import Decimal
from typing import Any

import ccxt
import pytest
from hypothesis import Phase, given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from tests.exchanges.test_order_params import CASES, LISTED, TYPES, intend
from tradigrade.exchanges.binance.order_params import order_params
from tradigrade.exchanges.ccxt_orders import order_arguments
from tradigrade.exchanges.ccxt_parsing import instruments
from tradigrade.trading.group_events import Leg
from tradigrade.trading.instruments import Instrument
from tradigrade.trading.messages import OrderType, Side, Terms
from tradigrade.trading.order_checks import rounded

SYMBOL = "BTC/USDT"
AMOUNTS = ("quantity", "icebergQty", "quoteOrderQty")
PRICES = ("price", "stopPrice")

steps = st.builds(lambda digit, power: Decimal(digit).scaleb(power), st.sampled_from([1, 2, 5, 25]), st.integers(-8, 2))
counts = st.integers(1, 10**7)
parts = st.decimals(0, 1, places=6)
"""Of a step, beyond a whole number of them."""


def listed(tick: Decimal, step: Decimal) -> dict[str, Any]:
    filters = [
        {"filterType": "PRICE_FILTER", "minPrice": f"{tick:f}", "maxPrice": "0", "tickSize": f"{tick:f}"},
        {"filterType": "LOT_SIZE", "minQty": f"{step:f}", "maxQty": f"{step * 10**12:f}", "stepSize": f"{step:f}"},
    ]
    return LISTED | {"orderTypes": TYPES, "filters": filters}


class Ways:
    """An exchange of ccxt's whose one market has those steps, and the two ways an order goes there."""

    exchange: Any = ccxt.binance({"options": {"crossMarginPairsData": [], "isolatedMarginPairsData": []}})

    def __init__(self, tick: Decimal, step: Decimal) -> None:
        self.exchange.set_markets([self.exchange.parse_market(listed(tick, step))])
        self.instrument: Instrument = instruments(self.exchange, (SYMBOL,))[SYMBOL]

    def sent(self, leg: Leg) -> list[dict[str, str]]:
        """What the venue is asked for, by the direct way and by ccxt's."""
        order = replace(
            intend(leg.type, terms=leg.terms), side=leg.side, amount=leg.amount, price=leg.price
        )  # as it was approved
        return [
            order_params(order, "BTCUSDT"),
            {**self.exchange.create_order_request(*order_arguments(order))},
        ]


def wished(terms: Terms, price: Decimal, stop: Decimal, amount: Decimal, tick: Decimal) -> Terms:
    """The same kind of order, of other numbers."""
    return replace(
        terms,
        stop_price=None if terms.stop_price is None else stop,
        display_amount=None if terms.display_amount is None else amount,
        quote_amount=None if terms.quote_amount is None else price + tick,
    )


@pytest.mark.parametrize("case", CASES)
@given(
    side=st.sampled_from(("buy", "sell")), tick=steps, step=steps,
    counted=st.tuples(counts, counts, counts), beyond=st.tuples(parts, parts, parts),
)  # fmt: skip
@settings(max_examples=10, phases=(Phase.generate,), database=None)
def test_what_leaves_is_never_worse_nor_more_than_was_wished(
    case: str, side: Side, tick: Decimal, step: Decimal, counted: tuple[int, ...], beyond: tuple[Decimal, ...]
) -> None:
    kind, priced, terms = CASES[case]
    ways = Ways(tick, step)
    price, stop = (tick * (counted[n] + beyond[n]) for n in (0, 1))
    amount = step * (counted[2] + beyond[2])
    wish = Leg(side, kind, amount, None if priced is None else price, wished(terms, price, stop, amount, tick))
    direct, unified = ways.sent(rounded(wish, ways.instrument))
    assert (ways.instrument.tick_size, ways.instrument.step_size) == (tick, step)
    assert direct == unified, "both ways ask for the same"
    wanted = {
        "quantity": wish.amount, "icebergQty": wish.terms.display_amount, "quoteOrderQty": wish.terms.quote_amount,
        "price": wish.price, "stopPrice": wish.terms.stop_price,
    }  # fmt: skip
    for name in (*AMOUNTS, *PRICES):
        if name in direct:
            check(name, Decimal(direct[name]), wanted[name], side, step if name in AMOUNTS[:2] else tick)


def check(name: str, sent: Decimal, wanted: Decimal | None, side: Side, step: Decimal) -> None:
    """On the step, less than one away, and on the safe side."""
    assert wanted is not None, f"{name} was never asked for"
    assert sent % step == 0, f"{name} {sent} is not on the step {step}"
    assert abs(sent - wanted) < step, f"{name}: {wanted} became {sent}"
    if name in PRICES and side == "sell":
        assert sent >= wanted, f"{name}: sells for less than {wanted}"
    else:
        assert sent <= wanted, f"{name}: pays or trades more than {wanted}"


@pytest.mark.parametrize(("side", "expected"), [("buy", "19000.12"), ("sell", "19000.13")])
def test_a_limit_that_ccxt_would_round_past_its_bound_keeps_to_it(side: Side, expected: str) -> None:
    """ccxt's own rounding of 19000.129 is 19000.13, of 19000.121 it is 19000.12: each is past the bound of one side."""
    ways = Ways(Decimal("0.01"), Decimal("0.00001"))
    for price in ("19000.129", "19000.121"):
        leg = rounded(Leg(side, "limit", Decimal("0.0123456"), Decimal(price)), ways.instrument)
        for params in ways.sent(leg):
            assert (params["price"], params["quantity"]) == (expected, "0.01234")
    theirs = (
        ways.exchange.price_to_precision(SYMBOL, "19000.129"),
        ways.exchange.price_to_precision(SYMBOL, "19000.121"),
    )
    assert theirs == ("19000.13", "19000.12"), "where ccxt rounds otherwise, this trap is gone"


@pytest.mark.parametrize("kind", ["limit", "market"])
def test_a_market_order_with_a_price_beside_it_is_still_one_of_an_amount(kind: OrderType) -> None:
    """ccxt makes `quoteOrderQty` of amount times price where a market order is given a price."""
    ways = Ways(Decimal("0.01"), Decimal("0.00001"))
    for params in ways.sent(Leg("buy", kind, Decimal("0.01"), Decimal(19_000))):
        assert params["quantity"] == "0.01"
        assert "quoteOrderQty" not in params
        assert ("price" in params) == (kind == "limit")
