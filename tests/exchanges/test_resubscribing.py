"""One symbol's streams begin anew on the connection that stands, where the venue's protocol has words for it."""

import asyncio
import json
from typing import Any

import pytest

from tradigrade.exchanges.binance.protocol import STREAMS, BinanceSpot
from tradigrade.exchanges.kraken.protocol import KrakenSpot
from tradigrade.exchanges.stream_connection import StreamConnection
from tradigrade.exchanges.streams import StreamMarket
from tradigrade.kernel.clock import ManualClock
from tradigrade.kernel.identity import SeededEntropy

BTC = "BTC/USDT"


class Connection:
    def __init__(self) -> None:
        self.sent: list[str] = []

    async def send(self, texts: tuple[str, ...]) -> str:
        self.sent += texts
        return ""


async def resubscribed(protocol: Any, symbol: str) -> list[str]:
    async def open_session() -> Any:
        raise AssertionError("nothing is connected to")

    market = StreamMarket(asyncio.get_running_loop(), ManualClock(), SeededEntropy(1), protocol, open_session)
    connection: Any = Connection()
    market._connections[BTC] = connection
    market.resubscribe(symbol)
    await asyncio.sleep(0)
    await asyncio.sleep(0)
    sent: list[str] = connection.sent
    return sent


def test_binance_unsubscribes_and_subscribes_all_streams_of_the_symbol() -> None:
    said = [json.loads(text) for text in asyncio.run(resubscribed(BinanceSpot(), BTC))]
    assert [each["method"] for each in said] == ["UNSUBSCRIBE", "SUBSCRIBE"]
    names = [f"btcusdt@{stream}" for stream in STREAMS]
    assert all(each["params"] == names for each in said)
    assert said[0]["id"] != said[1]["id"]


def test_kraken_asks_for_its_snapshot_in_the_stream_which_begins_it_anew() -> None:
    said = [json.loads(text) for text in asyncio.run(resubscribed(KrakenSpot(), BTC))]
    assert [each["method"] for each in said] == ["unsubscribe", "subscribe"]
    assert {each["params"]["channel"] for each in said} == {"book"}


def test_of_a_symbol_that_is_not_read_nothing_is_said() -> None:
    assert asyncio.run(resubscribed(BinanceSpot(), "ETH/USDT")) == []


def test_many_texts_at_once_stay_within_what_a_venue_takes_in_a_second(monkeypatch: Any) -> None:
    """Five a second at Binance; beyond that the connection is cut."""
    clock, sent = ManualClock(), []

    class Socket:
        async def send_str(self, text: str) -> None:
            sent.append(clock.monotonic_ns() / 1e9)

    async def wait(seconds: float) -> None:
        clock.advance(seconds)

    async def run() -> None:
        connection = StreamConnection(BinanceSpot(), (BTC,), None, None, clock, SeededEntropy(1), print)  # type: ignore[arg-type]
        connection._socket = Socket()  # type: ignore[assignment]
        monkeypatch.setattr("tradigrade.exchanges.stream_connection.asyncio.sleep", wait)
        await asyncio.gather(*(connection.send(BinanceSpot().resubscribe(BTC)) for _ in range(20)))

    asyncio.run(run())
    assert len(sent) == 40
    assert sent[-1] == pytest.approx(38 * 0.4)
    assert sent[:2] == [sent[0]] * 2, "one symbol's are said at once"
    assert all(later - first >= 1.0 for first, later in zip(sent, sent[4:], strict=False)), "at most four in a second"


def test_what_waits_to_be_said_of_a_symbol_is_not_said_again_behind_it() -> None:
    async def run() -> int:
        market = StreamMarket(asyncio.get_running_loop(), ManualClock(), SeededEntropy(1), BinanceSpot(), None)  # type: ignore[arg-type]
        begun = []

        class Slow(Connection):
            async def send(self, texts: tuple[str, ...]) -> str:
                begun.append(texts)
                await asyncio.sleep(0.01)
                return ""

        market._connections[BTC] = Slow()  # type: ignore[assignment]
        for _ in range(5):
            market.resubscribe(BTC)
            await asyncio.sleep(0)
        await asyncio.sleep(0.05)
        assert len(begun) == 1
        market.resubscribe(BTC)
        await asyncio.sleep(0)
        market.close()
        market._connections[BTC] = Slow()  # type: ignore[assignment]
        market.resubscribe(BTC)
        await asyncio.sleep(0.05)
        return len(begun)

    assert asyncio.run(run()) == 3
