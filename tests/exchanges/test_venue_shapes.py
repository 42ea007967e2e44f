"""Keys and types of what the venue says, held against the shapes Binance documents and ccxt's own samples of real
answers have; and the bodies that ccxt sends, against what the venue takes."""

import time
from decimal import Decimal
from typing import Any
from urllib.parse import parse_qsl

import pytest

from tests.exchanges.test_simulated_venue import API, REST, STREAMS, certificate, run_venue  # noqa: F401 - a fixture
from tests.exchanges.test_venue_sockets import signed
from tests.kit.calm_market import CalmMarket
from tradigrade.exchanges.simulated.errors import RequestRefused
from tradigrade.exchanges.simulated.list_parameters import read_oco, read_oto, read_otoco
from tradigrade.exchanges.simulated.parameters import read_order

TEXT, WHOLE, FLAG, NUMBER = "text", "whole", "flag", "number"
"""A number of money is a text of eight decimals."""


def shape(value: Any) -> Any:
    """The keys and types of JSON; of a list, those of its first item."""
    match value:
        case dict():
            return {key: shape(item) for key, item in value.items()}
        case list():
            return [shape(value[0])] if value else []
        case bool():
            return FLAG
        case int():
            return WHOLE
        case str() if value.replace(".", "").isdecimal() and "." in value:
            assert len(value.partition(".")[2]) in (3, 8), value
            return NUMBER
        case str():
            return TEXT
    return None


def of(**kinds: str) -> dict[str, str]:
    """Keys by their kind, each a list of words."""
    return {key: kind for kind, keys in kinds.items() for key in keys.split()}


ACK = of(text="symbol clientOrderId", whole="orderId orderListId transactTime")
RESULT = ACK | of(
    number="price origQty executedQty origQuoteOrderQty cummulativeQuoteQty",
    text="symbol clientOrderId status timeInForce type side selfTradePreventionMode",
    whole="orderId orderListId transactTime workingTime",
)
FILLS = [of(number="price qty commission", text="commissionAsset", whole="tradeId")]
STATUS = {key: kind for key, kind in RESULT.items() if key != "transactTime"} | of(
    number="stopPrice icebergQty", whole="time updateTime workingTime", flag="isWorking"
)
CANCELLED = {key: kind for key, kind in RESULT.items() if key != "workingTime"} | {"origClientOrderId": TEXT}
OWN_TRADE = of(
    text="symbol commissionAsset",
    whole="id orderId orderListId time",
    number="price qty quoteQty commission",
    flag="isBuyer isMaker isBestMatch",
)
RATES = of(number="maker taker buyer seller")
ACCOUNT = of(
    whole="makerCommission takerCommission buyerCommission sellerCommission updateTime uid",
    flag="canTrade canWithdraw canDeposit brokered requireSelfTradePrevention preventSor",
    text="accountType",
) | {"commissionRates": RATES, "permissions": [TEXT], "balances": [of(text="asset", number="free locked")]}
WINDOW = of(
    text="symbol",
    number="priceChange priceChangePercent weightedAvgPrice openPrice highPrice lowPrice lastPrice volume quoteVolume",
    whole="openTime closeTime firstId lastId count",
)
DAY = WINDOW | of(number="prevClosePrice lastQty bidPrice bidQty askPrice askQty")
BOOK = of(whole="lastUpdateId") | {"bids": [[NUMBER]], "asks": [[NUMBER]]}
TRADE = of(whole="id time", number="price qty quoteQty", flag="isBuyerMaker isBestMatch")
AGGREGATE = of(whole="a f l T", number="p q", flag="m M")

ANSWERS: dict[str, tuple[str, str, dict[str, Any], Any]] = {
    "time": ("GET", "/time", {}, of(whole="serverTime")),
    "depth": ("GET", "/depth", {"symbol": "BTCUSDT", "limit": 5}, BOOK),
    "trades": ("GET", "/trades", {"symbol": "BTCUSDT"}, [TRADE]),
    "historicalTrades": ("GET", "/historicalTrades", {"symbol": "BTCUSDT"}, [TRADE]),
    "aggTrades": ("GET", "/aggTrades", {"symbol": "BTCUSDT"}, [AGGREGATE]),
    "klines": ("GET", "/klines", {"symbol": "BTCUSDT", "interval": "1m"}, [[WHOLE]]),
    "avgPrice": ("GET", "/avgPrice", {"symbol": "BTCUSDT"}, of(whole="mins closeTime", number="price")),
    "ticker/24hr": ("GET", "/ticker/24hr", {"symbol": "BTCUSDT"}, DAY),
    "ticker/24hr of all": ("GET", "/ticker/24hr", {}, [DAY]),
    "ticker": ("GET", "/ticker", {"symbol": "BTCUSDT"}, WINDOW),
    "ticker/price": ("GET", "/ticker/price", {}, [of(text="symbol", number="price")]),
    "ticker/bookTicker": (
        "GET", "/ticker/bookTicker", {"symbol": "BTCUSDT"}, of(text="symbol", number="bidPrice bidQty askPrice askQty")
    ),
    "order ack": ("POST", "/order", {"newOrderRespType": "ACK"}, ACK),
    "order result": ("POST", "/order", {"newOrderRespType": "RESULT"}, RESULT),
    "order full": ("POST", "/order", {"price": "20100"}, RESULT | {"fills": FILLS}),
    "stop order": (
        "POST", "/order",
        {"type": "STOP_LOSS_LIMIT", "side": "SELL", "stopPrice": "18500", "newOrderRespType": "RESULT"},
        {key: TEXT if key == "workingTime" else kind for key, kind in RESULT.items()} | {"stopPrice": NUMBER},
    ),
    "iceberg order": ("POST", "/order", {"icebergQty": "0.005"}, RESULT | {"icebergQty": NUMBER, "fills": []}),
    "order test": ("POST", "/order/test", {}, {}),
    "order status": ("GET", "/order", {"origClientOrderId": "resting"}, STATUS),
    "openOrders": ("GET", "/openOrders", {"symbol": "BTCUSDT"}, [STATUS]),
    "allOrders": ("GET", "/allOrders", {"symbol": "BTCUSDT"}, [STATUS]),
    "cancel": ("DELETE", "/order", {"origClientOrderId": "resting"}, CANCELLED),
    "cancelReplace": (
        "POST", "/order/cancelReplace",
        {"cancelReplaceMode": "STOP_ON_FAILURE", "cancelOrigClientOrderId": "resting", "newOrderRespType": "ACK"},
        of(text="cancelResult newOrderResult") | {"cancelResponse": CANCELLED, "newOrderResponse": ACK},
    ),
    "myTrades": ("GET", "/myTrades", {"symbol": "BTCUSDT"}, [OWN_TRADE]),
    "account": ("GET", "/account", {}, ACCOUNT),
    "rateLimit/order": (
        "GET", "/rateLimit/order", {}, [of(text="rateLimitType interval", whole="intervalNum limit count")]
    ),
}  # fmt: skip
ORDER = {
    "symbol": "BTCUSDT",
    "side": "BUY",
    "type": "LIMIT",
    "timeInForce": "GTC",
    "quantity": "0.01",
    "price": "19000",
}


def test_every_answer_has_the_documented_keys_and_types(certificate: Any) -> None:  # noqa: F811 - the fixture
    async def scenario(rig: Any, _: Any) -> Any:
        async with rig.session.ws_connect(f"{STREAMS}/ws/btcusdt@trade") as socket:
            await socket.receive()
            await rig.call("POST", "/order", **ORDER | {"price": "20100"})
            told = {}
            for name, (method, path, params, _expected) in ANSWERS.items():
                await rig.call("DELETE", "/openOrders", symbol="BTCUSDT")
                await rig.call("POST", "/order", **ORDER | {"newClientOrderId": "resting"})
                sends = ORDER | params if method == "POST" else params
                if method == "GET" and path in PUBLIC:
                    async with rig.session.get(REST + path, params=sends) as response:
                        told[name] = response.status, await response.json()
                else:
                    if method == "DELETE" or path == "/order":
                        sends = {"symbol": "BTCUSDT"} | sends
                    told[name] = (await rig.call(method, path, **sends))[:2]
            return told

    told = run_venue(certificate, scenario, CalmMarket(), weight_limit=100_000, orders_per_10_s=10_000)
    for name, (_method, _path, _params, expected) in ANSWERS.items():
        status, body = told[name]
        assert status == 200, (name, body)
        found = shape(body)
        if name == "stop order":
            assert body["workingTime"] == -1
            found["workingTime"] = TEXT
        assert found == expected, name


PUBLIC = {path for _, path, _, _ in ANSWERS.values() if path.partition("/")[2].partition("/")[0] in (
    "time", "depth", "trades", "historicalTrades", "aggTrades", "klines", "avgPrice", "ticker",
)}  # fmt: skip

REPORT = of(
    text="e s c S o f C x X r V",
    whole="E g i T t I O",
    number="q p P F l z L n Z Y Q",
    flag="w m M",
) | {"N": None, "W": WHOLE}
FRAMES: dict[str, Any] = {
    "btcusdt@trade": None,
    "btcusdt@aggTrade": of(text="e s", whole="E a f l T", number="p q", flag="m M"),
    "btcusdt@depth": of(text="e s", whole="E U u") | {"b": [[NUMBER]], "a": [[NUMBER]]},
    "btcusdt@depth5": BOOK,
    "btcusdt@kline_1m": of(text="e s", whole="E")
    | {"k": of(text="s i B", whole="t T f L n", number="o c h l v q V Q", flag="x")},
    "btcusdt@miniTicker": of(text="e s", whole="E", number="c o h l v q"),
    "btcusdt@ticker": of(text="e s", whole="E O C F L n", number="p P w x c Q b B a A o h l v q"),
    "btcusdt@ticker_1h": of(text="e s", whole="E O C F L n", number="p P w c o h l v q"),
    "btcusdt@avgPrice": of(text="e s i", whole="E T", number="w"),
    "!miniTicker@arr": [of(text="e s", whole="E", number="c o h l v q")],
}


def test_every_frame_has_the_documented_keys_and_types(certificate: Any) -> None:  # noqa: F811 - the fixture
    async def scenario(rig: Any, _: Any) -> Any:
        heard: dict[str, Any] = {}
        async with rig.session.ws_connect(f"{STREAMS}/stream?streams={'/'.join(FRAMES)}") as socket:
            while set(heard) != set(FRAMES):
                frame = await socket.receive_json()
                heard[frame["stream"]] = frame["data"]
        return heard

    heard = run_venue(certificate, scenario, CalmMarket())
    for name, expected in FRAMES.items():
        assert expected is None or shape(heard[name]) == expected, name


def test_every_event_of_the_account_has_the_documented_keys_and_types(certificate: Any) -> None:  # noqa: F811
    async def scenario(rig: Any, _: Any) -> Any:
        heard: list[Any] = []
        async with rig.session.ws_connect(f"{STREAMS}/ws/btcusdt@trade") as market, rig.session.ws_connect(API) as api:
            await market.receive()
            await api.send_json({"id": 1, "method": "userDataStream.subscribe.signature", "params": signed()})
            await api.receive_json()
            await rig.place()
            rig.venue.transfer("USDT", Decimal(1))
            while len(heard) < 4:
                heard.append((await api.receive_json())["event"])
            order = {"symbol": "BTCUSDT", "side": "SELL", "quantity": "0.01", "price": "21000", "stopPrice": "19000"}
            await rig.call("POST", "/order/oco", **order)
            while heard[-1]["e"] != "listStatus":
                heard.append((await api.receive_json())["event"])
        return heard

    report, position, moved, *_, listed = run_venue(certificate, scenario, CalmMarket())
    assert shape(report) == REPORT
    assert shape(position) == of(text="e", whole="E u") | {"B": [of(text="a", number="f l")]}
    assert shape(moved) == of(text="e a", whole="E T", number="d")
    assert shape(listed) == of(text="e s c l L r C", whole="E g T O") | {"O": [of(text="s c", whole="i")]}


STAMP = "timestamp=1700000000000&recvWindow=10000"
SENT = {
    "limit": "side=BUY&newOrderRespType=FULL&type=LIMIT&quantity=0.2&price=50&timeInForce=GTC",
    "market": "side=SELL&newOrderRespType=FULL&type=MARKET&quantity=0.2",
    "market by cost": "side=BUY&newOrderRespType=FULL&type=MARKET&quoteOrderQty=10",
    "post-only": "side=BUY&newOrderRespType=FULL&type=LIMIT_MAKER&quantity=0.2&price=50",
    "trigger": "side=BUY&type=STOP_LOSS_LIMIT&quantity=0.2&price=50&timeInForce=GTC&stopPrice=100",
    "stop-loss": "side=SELL&newOrderRespType=FULL&type=STOP_LOSS&quantity=0.2&stopPrice=40",
    "take-profit": "side=SELL&newOrderRespType=FULL&type=TAKE_PROFIT&quantity=0.2&stopPrice=90",
    "take-profit with a limit": "side=SELL&type=TAKE_PROFIT_LIMIT&quantity=0.2&price=91&timeInForce=GTC&stopPrice=90",
    "trailing stop": "side=SELL&trailingDelta=500&type=STOP_LOSS_LIMIT&quantity=0.1&price=55&timeInForce=GTC",
    "trailing profit": "side=SELL&trailingDelta=500&type=TAKE_PROFIT_LIMIT&quantity=0.1&price=70&timeInForce=GTC",
    "iceberg, prevention": (
        "side=BUY&type=LIMIT&quantity=0.05&price=241&timeInForce=GTC"
        "&selfTradePreventionMode=EXPIRE_MAKER&icebergQty=0.03"
    ),
    "ioc": "side=BUY&newOrderRespType=FULL&type=LIMIT&quantity=0.2&price=50&timeInForce=IOC",
    "fok": "side=BUY&newOrderRespType=FULL&type=LIMIT&quantity=0.2&price=50&timeInForce=FOK",
    "strategy": "side=BUY&type=LIMIT&quantity=0.2&price=50&timeInForce=GTC&strategyId=37463720&strategyType=1000000",
}


@pytest.mark.parametrize("name", SENT)
def test_a_body_that_ccxt_sends_is_taken(name: str) -> None:
    params = dict(parse_qsl(f"{STAMP}&symbol=LTCUSDT&newClientOrderId=x-TKT5PX2F0123456789abcdef&{SENT[name]}"))
    request = read_order(params)
    assert (request.symbol, request.type, request.client_id) == ("LTCUSDT", params["type"], params["newClientOrderId"])


LISTS = {
    "oco": (
        read_oco, 2,
        "side=SELL&quantity=1&aboveType=LIMIT_MAKER&abovePrice=3&belowType=STOP_LOSS&belowStopPrice=1.5",
    ),
    "oco of stops": (
        read_oco, 2,
        "side=BUY&quantity=1&aboveType=STOP_LOSS_LIMIT&abovePrice=3&aboveStopPrice=2.9&aboveTimeInForce=GTC"
        "&belowType=TAKE_PROFIT&belowStopPrice=1.5&aboveClientOrderId=a&belowClientOrderId=b&listClientOrderId=c",
    ),
    "oto": (
        read_oto, 2,
        "workingType=LIMIT_MAKER&workingSide=SELL&workingPrice=1&workingQuantity=1"
        "&pendingType=MARKET&pendingSide=BUY&pendingQuantity=5",
    ),
    "otoco": (
        read_otoco, 3,
        "workingType=LIMIT&workingSide=BUY&workingPrice=1&workingQuantity=1&workingTimeInForce=GTC&pendingSide=SELL"
        "&pendingQuantity=5&pendingAboveType=LIMIT_MAKER&pendingAbovePrice=5&pendingBelowType=STOP_LOSS"
        "&pendingBelowStopPrice=0.5",
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", LISTS)
def test_a_documented_body_of_an_order_list_is_taken(name: str) -> None:
    read, orders, body = LISTS[name]
    params = dict(parse_qsl(f"{STAMP}&symbol=LTCUSDT&{body}"))
    assert len(read(params).orders) == orders


@pytest.mark.parametrize("dropped", ["side", "type", "quantity", "price", "timeInForce"])
def test_a_body_that_lacks_something_is_not_taken(dropped: str) -> None:
    params = dict(parse_qsl(f"symbol=LTCUSDT&{SENT['limit']}"))
    del params[dropped]
    with pytest.raises(RequestRefused) as error:
        read_order(params)
    assert error.value.refusal.code == -1102
    assert dropped in error.value.refusal.message


def test_time_is_in_milliseconds(certificate: Any) -> None:  # noqa: F811 - the fixture
    async def scenario(rig: Any, _: Any) -> Any:
        return (await rig.place())[1]["transactTime"]

    assert abs(run_venue(certificate, scenario) - time.time() * 1e3) < 5_000
