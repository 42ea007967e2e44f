"""How much may be asked of the venue: weights, bans, order counts; pure, and as answers say it."""

from functools import partial
from typing import Any

import pytest

from tests.exchanges.test_simulated_venue import API, REST, certificate, run_venue  # noqa: F401 - a fixture
from tradigrade.exchanges.simulated.errors import RequestRefused
from tradigrade.exchanges.simulated.public import BY_METHOD, BY_PATH, CALLS
from tradigrade.exchanges.simulated.weights import (
    DISREGARDED_MAX,
    LONGEST_BAN_S,
    OrderCounts,
    RequestWeight,
    order_windows,
)

MINUTE_NS = 60 * 10**9
SYMBOLS_20 = "[" + ",".join(f'"S{number}"' for number in range(20)) + "]"
SYMBOLS_21 = SYMBOLS_20[:-1] + ',"T"]'


@pytest.mark.parametrize(
    ("name", "params", "weight"),
    [
        ("ping", {}, 1),
        ("exchangeInfo", {}, 20),
        ("depth", {}, 5),
        ("depth", {"limit": "100"}, 5),
        ("depth", {"limit": "101"}, 25),
        ("depth", {"limit": "1000"}, 50),
        ("depth", {"limit": "5000"}, 250),
        ("trades", {}, 25),
        ("historicalTrades", {}, 25),
        ("aggTrades", {}, 4),
        ("klines", {}, 2),
        ("avgPrice", {}, 2),
        ("ticker/24hr", {"symbol": "BTCUSDT"}, 2),
        ("ticker/24hr", {"symbols": SYMBOLS_20}, 2),
        ("ticker/24hr", {"symbols": SYMBOLS_21}, 40),
        ("ticker/24hr", {}, 80),
        ("ticker/price", {"symbol": "BTCUSDT"}, 2),
        ("ticker/price", {}, 4),
        ("ticker/bookTicker", {}, 4),
        ("ticker/tradingDay", {"symbols": SYMBOLS_20}, 80),
        ("ticker", {"symbol": "BTCUSDT"}, 4),
    ],
)
def test_a_public_call_weighs_what_the_venue_publishes(name: str, params: dict[str, str], weight: int) -> None:
    assert CALLS[name].weigh(params) == weight


def test_the_same_calls_are_behind_both_doors() -> None:
    assert len(BY_PATH) == len(BY_METHOD) == len(CALLS)
    assert {"trades.recent", "trades.historical", "trades.aggregate", "ticker.book", "ticker.24hr"} <= set(BY_METHOD)


def refused(spend: Any) -> tuple[int, int]:
    with pytest.raises(RequestRefused) as error:
        spend()
    return error.value.refusal.status, error.value.refusal.code


def test_weight_is_counted_by_the_minute() -> None:
    weight = RequestWeight(10)
    weight.spend(10, 1)
    assert refused(lambda: weight.spend(1, MINUTE_NS - 1)) == (429, -1003)
    weight.spend(10, MINUTE_NS)
    assert weight.used == 10


def test_who_goes_on_asking_is_banned_for_longer_each_time() -> None:
    weight, now_ns, lengths = RequestWeight(1), MINUTE_NS, []
    for _ in range(14):
        weight.spend(1, now_ns)
        ask = partial(weight.spend, 1, now_ns)
        assert [refused(ask) for _ in range(DISREGARDED_MAX)] == [(429, -1003)] * DISREGARDED_MAX
        assert refused(ask) == (418, -1003)
        lengths.append(weight.seconds_left(now_ns))
        now_ns += lengths[-1] * 10**9
        now_ns += MINUTE_NS - now_ns % MINUTE_NS
    assert lengths[:3] == [120, 240, 480]
    assert lengths[-1] == LONGEST_BAN_S


def test_a_banned_client_is_refused_whatever_it_asks() -> None:
    weight = RequestWeight(100)
    assert refused(lambda: weight.ban(2.0, 0)) == (429, -1003)
    assert refused(lambda: weight.spend(1, 1_999_999_999)) == (418, -1003)
    weight.spend(1, 2_000_000_000)


def test_orders_are_counted_by_ten_seconds_and_by_the_day() -> None:
    counts = OrderCounts(order_windows(2, 3))
    counts.add(1, 2, 0)
    assert refused(lambda: counts.check(1, 9 * 10**9)) == (429, -1015)
    assert counts.headers(1, 0) == {"X-MBX-ORDER-COUNT-10S": "2", "X-MBX-ORDER-COUNT-1D": "2"}
    assert counts.seconds_left(1, 9 * 10**9) <= 2
    counts.check(2, 9 * 10**9)  # another account
    counts.check(1, 10 * 10**9)
    counts.add(1, 1, 10 * 10**9)
    assert refused(lambda: counts.check(1, 20 * 10**9)) == (429, -1015)
    assert counts.seconds_left(1, 20 * 10**9) > 80_000


def test_headers_tell_what_was_used(certificate: Any) -> None:  # noqa: F811 - the fixture
    async def scenario(rig: Any, _: Any) -> Any:
        placed = [await rig.place(newClientOrderId=f"mine-{number}", price=f"1900{number}") for number in range(3)]
        look = await rig.call("GET", "/openOrders", symbol="BTCUSDT")
        return placed, look

    placed, look = run_venue(certificate, scenario, orders_per_10_s=2)
    assert [answer[0] for answer in placed] == [200, 200, 429]
    assert [answer[2].get("X-MBX-ORDER-COUNT-10S") for answer in placed] == ["1", "2", "2"]
    assert placed[2][1]["msg"] == "Too many new orders; current limit is 2 orders per 10 SECOND."
    assert 1 <= int(placed[2][2]["Retry-After"]) <= 11
    assert (look[2]["X-MBX-USED-WEIGHT-1M"], "X-MBX-ORDER-COUNT-10S" in look[2]) == ("9", False)


def test_a_ban_earned_by_asking_on_says_how_long_it_is(certificate: Any) -> None:  # noqa: F811 - the fixture
    async def scenario(rig: Any, _: Any) -> Any:
        answers = []
        for _ in range(DISREGARDED_MAX + 2):
            async with rig.session.get(f"{REST}/exchangeInfo?symbol=BTCUSDT") as response:
                answers.append((response.status, response.headers.get("Retry-After")))
        async with rig.session.ws_connect(API) as socket:
            await socket.send_json({"id": 1, "method": "ping"})
            reply = await socket.receive_json()
        return answers, reply

    answers, reply = run_venue(certificate, scenario, weight_limit=20)
    assert [status for status, _ in answers] == [200, *[429] * DISREGARDED_MAX, 418]
    assert 118 <= int(answers[-1][1]) <= 120
    assert (reply["status"], reply["error"]["code"]) == (418, -1003)
    assert reply["error"]["data"]["retryAfter"] - reply["error"]["data"]["serverTime"] >= 118_000


def test_the_limits_are_published(certificate: Any) -> None:  # noqa: F811 - the fixture
    async def scenario(rig: Any, _: Any) -> Any:
        async with rig.session.get(f"{REST}/exchangeInfo?symbols=[%22BTCUSDT%22,%22ETHUSDT%22]") as response:
            return await response.json()

    info = run_venue(certificate, scenario, weight_limit=500, orders_per_10_s=7)
    limits = [(each["rateLimitType"], each["intervalNum"], each["limit"]) for each in info["rateLimits"]]
    assert limits == [("REQUEST_WEIGHT", 1, 500), ("ORDERS", 10, 7), ("ORDERS", 1, 200_000)]
    assert [each["symbol"] for each in info["symbols"]] == ["BTCUSDT", "ETHUSDT"]
