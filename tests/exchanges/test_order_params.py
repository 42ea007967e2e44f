"""The direct entry asks for exactly what unmodified ccxt asks for, of the same intents."""

from decimal import Decimal
from typing import Any

import ccxt
import pytest

from tradigrade.exchanges.binance.order_params import cancel_params, order_params, plain
from tradigrade.exchanges.ccxt_orders import order_arguments
from tradigrade.trading.messages import PLAIN, OrderType, Terms
from tradigrade.trading.order_events import OrderIntended

TYPES = ["LIMIT", "LIMIT_MAKER", "MARKET", "STOP_LOSS", "STOP_LOSS_LIMIT", "TAKE_PROFIT", "TAKE_PROFIT_LIMIT"]
LISTED: dict[str, Any] = {
    "symbol": "BTCUSDT",
    "status": "TRADING",
    "baseAsset": "BTC",
    "quoteAsset": "USDT",
    "baseAssetPrecision": 8,
    "quoteAssetPrecision": 8,
    "orderTypes": TYPES,
    "isSpotTradingAllowed": True,
    "permissions": ["SPOT"],
    "filters": [
        {"filterType": "PRICE_FILTER", "minPrice": "0.01", "maxPrice": "1000000", "tickSize": "0.01"},
        {"filterType": "LOT_SIZE", "minQty": "0.00001", "maxQty": "9000", "stepSize": "0.00001"},
    ],
}

CASES: dict[str, tuple[OrderType, str | None, Terms]] = {
    "market": ("market", None, PLAIN),
    "market-by-quote": ("market", None, Terms(quote_amount=Decimal("250.50"))),
    "limit": ("limit", "19000.10", PLAIN),
    "limit-ioc": ("limit", "19000", Terms(time_in_force="ioc")),
    "limit-fok": ("limit", "19000", Terms(time_in_force="fok")),
    "limit-gtd": ("limit", "19000", Terms(time_in_force="gtd", expires_ns=1)),
    "post-only": ("limit", "19000", Terms(post_only=True)),
    "iceberg": ("limit", "19000", Terms(display_amount=Decimal("0.005"))),
    "reduce-only": ("limit", "19000", Terms(reduce_only=True)),
    "stop-market": ("stop_loss", None, Terms(stop_price=Decimal("18000.5"))),
    "stop-limit": ("stop_loss_limit", "17990", Terms(stop_price=Decimal("18000"))),
    "stop-limit-ioc": ("stop_loss_limit", "17990", Terms(stop_price=Decimal("18000"), time_in_force="ioc")),
    "take-profit": ("take_profit", None, Terms(stop_price=Decimal("21000"))),
    "take-profit-limit": ("take_profit_limit", "21010", Terms(stop_price=Decimal("21000"))),
    "trailing-stop": ("stop_loss", None, Terms(trail_bps=150)),
    "trailing-stop-from": ("stop_loss", None, Terms(trail_bps=25, stop_price=Decimal("18000"))),
    "trailing-stop-limit": ("stop_loss_limit", "17990", Terms(trail_bps=100)),
    "trailing-profit": ("take_profit", None, Terms(trail_bps=300, stop_price=Decimal("21000"))),
    "trailing-profit-limit": ("take_profit_limit", "21010", Terms(trail_bps=1)),
}


def intend(kind: OrderType, price: str | None = None, terms: Terms = PLAIN, amount: str = "0.01") -> OrderIntended:
    limit = None if price is None else Decimal(price)
    ids = ("tgmain-1-7", 7, 1, "a", "s", "taker", "BTC/USDT", "buy")
    return OrderIntended(*ids, kind, Decimal(amount), limit, Decimal(20_000), 0, terms)  # type: ignore[arg-type]


@pytest.fixture(scope="module")
def exchange() -> Any:
    exchange = ccxt.binance(
        {"apiKey": "key", "secret": "secret", "options": {"crossMarginPairsData": [], "isolatedMarginPairsData": []}}
    )
    exchange.set_markets([exchange.parse_market(LISTED)])
    return exchange


@pytest.mark.parametrize("case", CASES)
def test_the_parameters_of_an_order_are_those_that_ccxt_sends(exchange: Any, case: str) -> None:
    intent = intend(*CASES[case])
    theirs = exchange.create_order_request(*order_arguments(intent))
    assert order_params(intent, "BTCUSDT") == theirs


def test_a_cancel_names_the_order_as_ccxt_does(exchange: Any) -> None:
    sent: list[Any] = []
    exchange.privateDeleteOrder = lambda params: sent.append(params) or {"symbol": "BTCUSDT"}
    exchange.cancel_order("tgmain-1-7", "BTC/USDT", {"clientOrderId": "tgmain-1-7"})
    assert sent == [cancel_params("tgmain-1-7", "BTCUSDT")]


@pytest.mark.parametrize(
    ("number", "text"),
    [("0.00001", "0.00001"), ("1E+4", "10000"), ("0.50", "0.5"), ("100", "100"), ("7E-8", "0.00000007")],
)
def test_digits_are_spelled_out(number: str, text: str) -> None:
    assert plain(Decimal(number)) == text
