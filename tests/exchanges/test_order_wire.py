"""Answers over the WebSocket API, hostile ones too: each is read, or refused whole; a refusal needs its proof."""

import hashlib
import hmac
import json
from typing import Any

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.exchanges.test_order_params import intend
from tradigrade.exchanges.binance.order_wire import Signer, _Hmac, cancel_word, place_words, read_answer
from tradigrade.exchanges.venue import PlaceAnswered
from tradigrade.trading.order_events import OrderFilled

INTENT = intend("market")
FILL = {"price": "20000.1", "qty": "0.01", "commission": "0.00001", "commissionAsset": "BTC", "tradeId": 7}
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=8,
)
KEYS = ("id", "status", "result", "error", "rateLimits")


def answer(**fill: Any) -> bytes:
    result = {"orderId": 5, "transactTime": 9, "fills": [FILL | fill]}
    return json.dumps({"id": "1", "status": 200, "result": result}).encode()


def test_a_fill_is_read_to_the_last_digit() -> None:
    done, fill = place_words(INTENT, read_answer(answer()))
    assert isinstance(done, PlaceAnswered)
    assert isinstance(fill, OrderFilled)
    assert (str(fill.price), str(fill.amount), str(fill.fee)) == ("20000.1", "0.01", "0.00001")
    assert (fill.trade_id, fill.at_ns, fill.client_id) == ("7", 9_000_000, INTENT.client_id)


@pytest.mark.parametrize("field", ["price", "qty", "commission"])
@pytest.mark.parametrize("value", ["NaN", "Infinity", "-Infinity", "", "1e", None, [1]])
def test_what_is_no_number_never_becomes_a_fill(field: str, value: Any) -> None:
    with pytest.raises(msgspec.MsgspecError):
        read_answer(answer(**{field: value}))


@pytest.mark.parametrize(("field", "value"), [("price", "0"), ("price", "-1"), ("qty", "0"), ("qty", "-0.01")])
def test_a_fill_of_nothing_is_refused(field: str, value: str) -> None:
    with pytest.raises(msgspec.MsgspecError, match="above 0"):
        read_answer(answer(**{field: value}))


def judge(raw: bytes) -> None:
    """Whatever comes is refused by the decoder or judged; it refuses an order only by an error of the client's own."""
    try:
        read = read_answer(raw)
    except msgspec.MsgspecError:
        return
    placed, cancelled = place_words(INTENT, read)[0], cancel_word("c", read)
    assert isinstance(placed, PlaceAnswered)
    for outcome in (placed.outcome, cancelled.outcome):
        assert outcome != "refused" or (400 <= read.status < 500 and read.error is not None)
        assert outcome != "done" or (read.status == 200 and read.result is not None)


@pytest.mark.parametrize(
    ("status", "code", "outcome"),
    [(400, -2011, "refused"), (400, -2013, "refused"), (400, -1021, "unknown"), (401, -2015, "unknown"),
     (429, -1003, "unknown")],
)  # fmt: skip
def test_only_that_there_is_no_such_order_ends_a_cancel(status: int, code: int, outcome: str) -> None:
    read = read_answer(json.dumps({"id": "1", "status": status, "error": {"code": code, "msg": "?"}}).encode())
    assert cancel_word("c", read).outcome == outcome


@given(st.binary(max_size=200))
@settings(max_examples=300)
def test_any_bytes_are_judged(raw: bytes) -> None:
    judge(raw)


@given(st.dictionaries(st.sampled_from(KEYS), JSON, max_size=5))
@settings(max_examples=500)
def test_any_frame_is_judged(frame: dict[str, Any]) -> None:
    judge(json.dumps(frame).encode())


@given(status=st.integers(-1, 600), code=st.integers(-3_000, 0), words=st.text(max_size=20))
@settings(max_examples=500)
def test_any_error_is_judged(status: int, code: int, words: str) -> None:
    judge(json.dumps({"id": "1", "status": status, "error": {"code": code, "msg": words}}).encode())


@given(st.binary(max_size=200), st.binary(max_size=500))
def test_the_signature_is_hmac_sha256(key: bytes, text: bytes) -> None:
    assert _Hmac(key).hexdigest(text) == hmac.new(key, text, hashlib.sha256).hexdigest()


def test_a_frame_is_signed_over_its_parameters_by_name() -> None:
    frame = json.loads(Signer("key", "secret", 2_000).frame(3, "order.place", {"symbol": "BTCUSDT", "side": "BUY"}, 5))
    text = b"apiKey=key&recvWindow=2000&side=BUY&symbol=BTCUSDT&timestamp=5"
    assert frame["params"]["signature"] == hmac.new(b"secret", text, hashlib.sha256).hexdigest()
    assert (frame["id"], frame["method"]) == ("3", "order.place")
