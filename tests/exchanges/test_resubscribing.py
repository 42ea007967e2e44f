"""One symbol's streams begin anew on the connection that stands, where the venue's protocol has words for it."""

import asyncio
import json
from typing import Any

from tradigrade.exchanges.binance.protocol import STREAMS, BinanceSpot
from tradigrade.exchanges.kraken.protocol import KrakenSpot
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
