"""Recorded streams beside the project: their frames as a connection would have had them, with when they came."""

import gzip
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

import pytest

STREAMS = Path(__file__).parents[3] / "shared" / "data" / "streams"


class Recorded(NamedTuple):
    """A frame, or the answer to a request of a book where `symbol` says of which."""

    at_ns: int
    payload: bytes
    symbol: str = ""


def find(*names: str) -> list[Path]:
    """Those recordings; the test is skipped where one is absent."""
    paths = [STREAMS / name for name in names]
    if missing := [path for path in paths if not path.exists()]:
        pytest.skip(f"needs the recording {missing[0]}")
    return paths


def lines(path: Path) -> Iterator[bytes]:
    with gzip.open(path) as file:
        for line in file:
            yield line.rstrip()


def read_days(*names: str) -> Iterator[Recorded]:
    """Files of one symbol that go on over midnight, stamped in microseconds or nanoseconds."""
    for path in find(*names):
        for line in lines(path):
            stamp, _, payload = line.partition(b" ")
            at_ns = int(stamp) * (1_000 if len(stamp) == 16 else 1)
            symbol = "" if payload.startswith(b'{"stream"') else path.name.partition("_")[0].upper()
            yield Recorded(at_ns, payload, symbol)


def read_session(venue: str, number: int, *, http: bool = True) -> list[Recorded]:
    """A session of some seconds, with the books asked for over REST, in the order in which all of it came."""
    (stream,) = find(f"sessions/{venue}.ws.{number}.0.gz")
    recorded = [
        Recorded(_to_ns(stamp), payload)
        for stamp, _, payload in (line.partition(b": ") for line in lines(stream))
        if payload and not stamp.startswith(b"wss:")
    ]
    if http:
        (answers,) = find(f"sessions/{venue}.http.0.0.gz")
        for url, _, answer in (line.partition(b" -> ") for line in lines(answers)):
            stamp, _, payload = answer.partition(b": ")
            if b"symbol=" in url:
                symbol = url.partition(b"symbol=")[2].partition(b"&")[0].decode()
                recorded.append(Recorded(_to_ns(stamp), payload, symbol))
    return sorted(recorded, key=lambda one: one.at_ns)


def _to_ns(stamp: bytes) -> int:
    return round(float(stamp) * 1e9)


class CcxtReader:
    """ccxt's own way of a frame, knowing some markets of one type: JSON, dispatch, parse, cache."""

    def __init__(self, venue: str, url: str, markets: dict[str, str]) -> None:
        """`markets`: the venue's spelling of each symbol."""
        self.exchange: Any = getattr(pytest.importorskip("ccxt.pro"), venue)()
        self.url = url
        self.subscriptions: Any = _Everything()
        self.resolved: dict[str, Any] = {}
        structures = []
        for symbol, venue_symbol in markets.items():
            pair, _, settle = symbol.partition(":")
            base, quote = pair.split("/")
            kind = "swap" if settle else "spot"
            names = {"id": venue_symbol, "symbol": symbol, "base": base, "quote": quote, "type": kind, kind: True}
            contract = {"contract": True, "linear": settle == quote, "inverse": settle != quote, "settle": settle}
            structures.append(
                self.exchange.safe_market_structure(names | (contract if settle else {"contract": False}))
            )
        self.exchange.set_markets(structures)

    def read(self, payload: bytes) -> dict[str, Any]:
        """What it hands to whom waits, by what they wait for."""
        self.resolved.clear()
        self.exchange.handle_message(self, json.loads(payload))
        return self.resolved

    def resolve(self, result: Any, message_hash: str) -> None:
        self.resolved[message_hash] = result

    def reject(self, error: Exception, message_hash: str = "") -> None:
        raise error


class _Everything(dict[str, Any]):
    """Subscribed to whatever comes."""

    def __contains__(self, _: object) -> bool:
        return True

    def __missing__(self, _: str) -> dict[str, Any]:
        return {}
