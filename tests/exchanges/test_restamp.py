"""A recorded frame is moved into the session's time, byte by byte."""

import json

import pytest

from tradigrade.exchanges.simulated.restamp import restamp

NOW_MS = 1_700_000_000_123


@pytest.mark.parametrize(
    ("payload", "expected"),
    [
        (
            b'{"e":"trade","E":1680652800002,"s":"EUSDT","t":5,"p":"1.0","q":"2","T":1680652800001,"m":true,"M":true}',
            b'{"e":"trade","E":1700000000123,"s":"EUSDT","t":5,"p":"1.0","q":"2","T":1700000000123,"m":true,"M":true}',
        ),
        (
            b'{"e":"depthUpdate","E":7,"s":"T","U":1,"u":2,"b":[["5","6"]],"a":[]}',
            b'{"e":"depthUpdate","E":1700000000123,"s":"T","U":1,"u":2,"b":[["5","6"]],"a":[]}',
        ),
        (b'{"E" : 1}', b'{"E" : 1}'),
        (b'{"T": 1, "E":  2}', b'{"T": 1700000000123, "E":  1700000000123}'),
        (b'{"u":1,"s":"E","b":"1","B":"1","a":"1","A":"1"}', b'{"u":1,"s":"E","b":"1","B":"1","a":"1","A":"1"}'),
        (b'{"s":"\\"E\\":1","E":2}', b'{"s":"\\"E\\":1","E":1700000000123}'),
    ],
    ids=["trade", "depth", "blank before the colon is not Binance's", "blanks", "ticker has no time", "quoted text"],
)
def test_only_event_times_change(payload: bytes, expected: bytes) -> None:
    assert restamp(payload, NOW_MS) == expected


def test_a_trade_is_never_later_than_its_event() -> None:
    frame = json.loads(restamp(b'{"E":1,"T":5}', NOW_MS))
    assert frame["T"] <= frame["E"] == NOW_MS
