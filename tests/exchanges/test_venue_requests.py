"""What Binance added or took away over the years: keys by Ed25519, orders that are reduced in their place, strategies
that are told again, lists that answer for their orders, and what is not offered any more."""

import asyncio
import base64
import time
from collections.abc import Iterator
from decimal import Decimal
from typing import Any

import ccxt
import pytest
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from tests.kit.ccxt_bench import CcxtBench, open_bench
from tests.kit.keys import PRIVATE_PEM, PUBLIC_PEM, sign
from tradigrade.exchanges.simulated.api_keys import read_api_key
from tradigrade.exchanges.simulated.authentication import OtherAccount

BTC = "BTC/USDT"
API = "wss://ws-api.binance.com/ws-api/v3"
OCO = {
    "symbol": "BTCUSDT",
    "side": "SELL",
    "quantity": "0.01",
    "aboveType": "LIMIT_MAKER",
    "abovePrice": "21000",
    "belowType": "STOP_LOSS",
    "belowStopPrice": "19000",
}
LIMIT = {
    "symbol": "BTCUSDT",
    "side": "BUY",
    "type": "LIMIT",
    "timeInForce": "GTC",
    "quantity": "0.01",
    "price": "19000",
}


@pytest.fixture(scope="module")
def bench(tmp_path_factory: pytest.TempPathFactory) -> Iterator[CcxtBench]:
    other = OtherAccount(2, "asymmetric", PUBLIC_PEM, {"USDT": Decimal(500)})
    yield from open_bench(tmp_path_factory.mktemp("tls"), others=[other])


@pytest.fixture(autouse=True)
def calm(bench: CcxtBench) -> None:
    bench.calm()


async def listening(bench: CcxtBench, exchange: Any) -> asyncio.Task[Any]:
    """For the next orders of its account; `exchange` listened to none before."""
    others = len(bench.venue._accounts)
    heard = asyncio.create_task(exchange.watch_orders())
    while len(bench.venue._accounts) == others:  # noqa: ASYNC110
        await asyncio.sleep(0.01)
    return heard


# -- keys -------------------------------------------------------------------------------------------------------------


def test_ccxt_trades_with_an_ed25519_key_by_rest_and_by_websocket(bench: CcxtBench) -> None:
    async def scenario() -> Any:
        x = bench.exchange(apiKey="asymmetric", secret=PRIVATE_PEM)
        by_rest = await x.create_order(BTC, "limit", "buy", 0.01, 19_000)
        by_ws = await x.create_order_ws(BTC, "limit", "buy", 0.01, 18_900)
        heard = await listening(bench, x)
        await x.cancel_order(by_rest["id"], BTC)
        return by_rest, by_ws, await heard, await x.fetch_balance()

    by_rest, by_ws, heard, balance = bench.run(scenario())
    assert (by_rest["status"], by_ws["status"], heard[0]["status"]) == ("open", "open", "canceled")
    assert (balance["USDT"]["total"], balance["USDT"]["used"]) == (500, 189)


@pytest.mark.parametrize("signature", ["", "AAAA", "%", base64.b64encode(bytes(64)).decode()])
def test_a_wrong_signature_by_ed25519_is_refused(signature: str) -> None:
    key = read_api_key(PUBLIC_PEM)
    assert key.signed(b"said", sign(b"said"))
    assert not key.signed(b"said", signature)
    assert not key.signed(b"other", sign(b"said"))


def test_a_public_key_of_another_kind_is_refused() -> None:
    other = X25519PrivateKey.generate().public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
    with pytest.raises(ValueError, match="Ed25519"):
        read_api_key(other.decode())


# -- orders -----------------------------------------------------------------------------------------------------------


async def reduced(x: Any, order: Any, **params: Any) -> Any:
    named = {"symbol": "BTCUSDT", "orderId": order["id"]}
    return await x.request("order/amend/keepPriority", ["private"], "PUT", named | params)


def test_a_reduced_order_keeps_its_place_and_releases_what_it_no_longer_needs(bench: CcxtBench) -> None:
    async def scenario() -> Any:
        x, other = bench.exchange(), bench.exchange(apiKey="asymmetric", secret=PRIVATE_PEM)
        first = await x.create_order(BTC, "limit", "buy", 0.02, 19_000, {"clientOrderId": "first"})
        second = await other.create_order(BTC, "limit", "buy", 0.01, 19_000)
        heard = await listening(bench, x)
        told = await reduced(x, first, newQty="0.005", newClientOrderId="smaller")
        return first, second, told, await heard, await x.fetch_order(first["id"], BTC), await x.fetch_balance()

    first, second, told, heard, found, balance = bench.run(scenario())
    amended = told["amendedOrder"]
    assert (amended["qty"], amended["status"], amended["executedQty"]) == ("0.00500000", "NEW", "0.00000000")
    assert (amended["origClientOrderId"], amended["clientOrderId"]) == ("first", "smaller")
    assert (heard[0]["info"]["x"], heard[0]["info"]["c"], heard[0]["amount"]) == ("REPLACED", "smaller", 0.005)
    assert (found["id"], found["clientOrderId"], found["amount"]) == (first["id"], "smaller", 0.005)
    assert balance["USDT"]["used"] == 95
    queue = bench.venue.state.open.at("BTCUSDT", "BUY", Decimal(19_000))
    assert [str(order.order_id) for order in queue] == [first["id"], second["id"]]


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"newQty": "0.03"}, -2038),
        ({"newQty": "0.02"}, -2038),
        ({"newQty": "0"}, -1102),
        ({}, -1102),
        ({"newQty": "0.0000001"}, -1013),
        ({"newQty": "0.01", "orderId": "999999"}, -2038),
        ({"newQty": "0.01", "newClientOrderId": "taken"}, -2010),
        ({"newQty": "0.01", "price": "1"}, -1104),
    ],
    ids=str,
)
def test_an_order_that_cannot_be_reduced_stays_as_it_is(bench: CcxtBench, change: dict[str, str], code: int) -> None:
    async def scenario() -> Any:
        x = bench.ccxt
        await x.create_order(BTC, "limit", "buy", 0.01, 18_000, {"clientOrderId": "taken"})
        order = await x.create_order(BTC, "limit", "buy", 0.02, 19_000)
        with pytest.raises(ccxt.BaseError, match=f"{code}"):
            await reduced(x, order, **change)
        return await x.fetch_order(order["id"], BTC)

    assert bench.run(scenario())["amount"] == 0.02


def test_a_strategy_is_told_again_with_its_order(bench: CcxtBench) -> None:
    own = {"strategyId": 7, "strategyType": 1_000_001}

    async def scenario() -> Any:
        x = bench.exchange()
        heard = await listening(bench, x)
        placed = await x.create_order(BTC, "limit", "buy", 0.01, 19_000, own)
        # By its number: what ccxt calls the id of such an order is its strategy's.
        found = await x.fetch_order(placed["info"]["orderId"], BTC)
        with pytest.raises(ccxt.BaseError, match="-1134"):
            await x.create_order(BTC, "limit", "buy", 0.01, 19_000, {"strategyType": 5})
        listed = await x.private_post_orderlist_oco(OCO | {"aboveStrategyId": 9})
        return [placed["info"], found["info"]], (await heard)[0]["info"], listed["orderReports"]

    told, heard, reports = bench.run(scenario())
    assert all({name: int(each[name]) for name in own} == own for each in told)
    assert (heard["j"], heard["J"]) == (7, 1_000_001)
    assert [each.get("strategyId") for each in reports] == [None, 9]


@pytest.mark.parametrize("way", ["order", "all of a symbol", "replaced"])
def test_an_order_of_a_list_is_cancelled_with_its_list_and_told_as_one(bench: CcxtBench, way: str) -> None:
    async def scenario() -> Any:
        x = bench.ccxt
        made = await x.private_post_orderlist_oco(OCO)
        leg = made["orders"][0]["orderId"]
        match way:
            case "order":
                return made, await x.private_delete_order({"symbol": "BTCUSDT", "orderId": leg})
            case "replaced":
                how = {"cancelReplaceMode": "STOP_ON_FAILURE", "cancelOrderId": leg}
                return made, (await x.private_post_order_cancelreplace(LIMIT | how))["cancelResponse"]
        await x.create_order(BTC, "limit", "buy", 0.01, 19_000, {"clientOrderId": "alone"})
        listed, alone = await x.private_delete_openorders({"symbol": "BTCUSDT"})
        assert (alone["origClientOrderId"], alone["status"]) == ("alone", "CANCELED")
        return made, listed

    made, told = bench.run(scenario())
    assert (told["orderListId"], told["contingencyType"], told["listOrderStatus"]) == (
        made["orderListId"],
        "OCO",
        "ALL_DONE",
    )
    assert [each["status"] for each in told["orderReports"]] == ["CANCELED", "CANCELED"]
    assert [each["orderId"] for each in told["orderReports"]] == [each["orderId"] for each in made["orders"]]


# -- what is not offered ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("change", "code"),
    [({}, -2010), ({"symbol": "NOPE"}, -1121), ({"type": "LIMIT_MAKER"}, -1106), ({"quantity": ""}, -1105)],
    ids=str,
)
def test_no_symbol_is_routed(bench: CcxtBench, change: dict[str, str], code: int) -> None:
    for call in (bench.ccxt.private_post_sor_order, bench.ccxt.private_post_sor_order_test):
        with pytest.raises(ccxt.BaseError, match=f"{code}"):
            bench.run(call(LIMIT | change))
    assert not len(bench.venue.state.open)


@pytest.mark.parametrize("verb", ["post", "put", "delete"])
def test_listen_keys_are_gone(bench: CcxtBench, verb: str) -> None:
    async def scenario() -> Any:
        async with bench.session.request(verb, "https://api.binance.com/api/v3/userDataStream") as response:
            return response.status, (await response.json())["code"]

    assert bench.run(scenario()) == (410, -1020)
    with pytest.raises(ccxt.BaseError, match="-1020"):
        bench.run(getattr(bench.ccxt, f"public_{verb}_userdatastream")({"listenKey": "x"}))


def test_only_an_ed25519_key_logs_on(bench: CcxtBench) -> None:
    async def scenario() -> list[Any]:
        answers = []
        for x in (bench.ccxt, bench.exchange(apiKey="asymmetric", secret=PRIVATE_PEM)):
            async with bench.session.ws_connect(API) as socket:
                await socket.send_json({"id": 1, "method": "session.logon", "params": x.sign_params({})})
                answers.append(await socket.receive_json())
                now = {"timestamp": time.time_ns() // 1_000_000}
                await socket.send_json({"id": 2, "method": "account.status", "params": now})
                answers.append(await socket.receive_json())
        return answers

    refused, unknown, logged_on, account = bench.run(scenario())
    assert (refused["error"]["code"], unknown["status"]) == (-4056, 401)
    assert (logged_on["result"]["apiKey"], account["result"]["uid"]) == ("asymmetric", 2)
