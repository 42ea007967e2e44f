import random
import time
from collections.abc import Iterator
from decimal import Decimal
from typing import Any

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tradigrade.supervisors.reports import NodeReport
from tradigrade.trading.messages import ModelPublished, OrderRefused, Prediction, RiskAlert, StateAsked
from tradigrade.trading.order_events import StrategyPosition
from tradigrade.trading.views import LearningView
from tradigrade.transports.codec import (
    DIGITS_LIMIT,
    FRAME_LIMIT,
    ITEMS_LIMIT,
    PAYLOADS,
    SCHEMA_VERSION,
    TEXT_LIMIT,
    Frame,
    WireFault,
    decode,
    encode,
)
from tradigrade.transports.control import Failed

from .payloads import values

PREDICTION = Prediction("BTC/USDT", 0.5, 1.0, "linear", 1)


def frame(payload: Any = PREDICTION, **fields: Any) -> Frame:
    return Frame(**{"version": SCHEMA_VERSION, "target": "b/x", "sender": "a/y", "incarnation": "1", "sequence": 1,
                    "payload": payload, **fields})  # fmt: skip


def fields() -> dict[str, Any]:
    """A sound frame, taken apart."""
    taken: dict[str, Any] = msgspec.msgpack.decode(encode(frame()))
    return taken


def pack(value: Any) -> bytes:
    return msgspec.msgpack.encode(value)


@pytest.mark.parametrize("kind", PAYLOADS, ids=lambda kind: kind.__name__)
@given(data=st.data())
@settings(max_examples=15, deadline=None)
def test_every_payload_arrives_as_it_was_sent(kind: type, data: st.DataObject) -> None:
    sent = frame(data.draw(values(kind)))
    arrived = decode(encode(sent))
    assert arrived == sent
    assert type(arrived.payload) is kind
    assert encode(arrived) == encode(sent), "exact in every digit"


def test_everything_that_is_said_about_a_message_arrives() -> None:
    sent = frame(correlation=7, answer=True, deadline_ns=1, causation="bar 7")
    assert decode(encode(sent)) == sent


def payload(**changed: Any) -> dict[str, Any]:
    return {**fields(), "payload": {**fields()["payload"], **changed}}


def without(name: str) -> dict[str, Any]:
    return {key: value for key, value in fields().items() if key != name}


def nested(depth: int) -> Any:
    value: Any = 1
    for _ in range(depth):
        value = [value]
    return value


REFUSED = [
    ("an unknown tag", pack(payload(t="Bomb")), "Invalid value 'Bomb' - at `\\$.payload.t`"),
    ("no tag", pack({**fields(), "payload": {}}), "missing required field `t`"),
    ("an unknown field of a payload", pack(payload(extra=1)), "unknown field `extra`"),
    ("an unknown field of a frame", pack({**fields(), "extra": 1}), "unknown field `extra`"),
    ("a missing field", pack(without("sender")), "missing required field `sender`"),
    ("a wrong type", pack(payload(symbol=1)), "Expected `str`, got `int` - at `\\$.payload.symbol`"),
    ("no payload", pack({**fields(), "payload": None}), "Expected `object`, got `None`"),
    ("a payload that is no message", pack({**fields(), "payload": [1, 2]}), "got `array`"),
    ("NaN", pack(payload(probability_up=float("nan"))), "a frame holds NaN or infinity"),
    ("infinity", pack(payload(horizon_s=float("inf"))), "a frame holds NaN or infinity"),
    ("NaN inside", pack(payload(features=[0.0, float("nan")])), "a frame holds NaN or infinity"),
    ("another version", pack({**fields(), "version": 2}), "expected schema version 1, got 2"),
    ("deep nesting", pack(payload(features=nested(100))), "Expected `float`, got `array`"),
    ("very deep nesting", b"\x91" * 100_000, "does not decode"),
    ("deep nesting in a payload", pack(fields())[:-1] + b"\x91" * 500_000, "does not decode"),
    ("nothing", b"", "truncated"),
    ("more than a frame", encode(frame()) + b"\x00", "trailing characters"),
    ("a text that is no UTF-8", encode(frame()).replace(b"BTC/USDT", b"BTC/\xff\xff\xff\xff"), "does not decode"),
    ("too many bytes", b"\x00" * (FRAME_LIMIT + 1), f"a frame of {FRAME_LIMIT + 1} bytes is over the bound"),
    ("a text too long", encode(frame(Failed("x" * (TEXT_LIMIT + 1)))), f"a text of {TEXT_LIMIT + 1} characters"),
    ("a target too long", encode(frame(target="x" * (TEXT_LIMIT + 1))), f"a text of {TEXT_LIMIT + 1} characters"),
    (
        "too many items",
        encode(frame(Prediction("BTC", 0.5, 1.0, "m", 1, (0.0,) * (ITEMS_LIMIT + 1)))),
        f"a collection of {ITEMS_LIMIT + 1} items",
    ),
    (
        "too many entries",
        encode(frame(NodeReport("a", 1, 1, 1, (), {str(number): 1 for number in range(ITEMS_LIMIT + 1)}))),
        f"a collection of {ITEMS_LIMIT + 1} items",
    ),
    (
        "a key too long",
        encode(frame(OrderRefused("s", "m", "BTC", "code", {"x" * (TEXT_LIMIT + 1): "1"}, 1))),
        f"a text of {TEXT_LIMIT + 1} characters",
    ),
]


@pytest.mark.parametrize(("what", "data", "says"), REFUSED, ids=[what for what, _, _ in REFUSED])
def test_the_wire_refuses(what: str, data: bytes, says: str) -> None:
    with pytest.raises(WireFault, match=says):
        decode(data)


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("NaN", "NaN or infinity"),
        ("sNaN", "NaN or infinity"),
        ("-Infinity", "NaN or infinity"),
        ("1E+999999", "a decimal of 999999 digits"),
        ("1E-999999", "a decimal of 999999 digits"),
        ("0E+999999", "a decimal of 999999 digits"),
        ("1" * (DIGITS_LIMIT + 1), "a decimal of 101 digits"),
        ("1." + "0" * DIGITS_LIMIT, "a decimal of 102 digits"),
        ("one", "does not decode"),
    ],
)
def test_the_wire_refuses_a_decimal_no_sum_should_meet(text: str, says: str) -> None:
    sound = pack({**fields(), "payload": {"t": "StrategyPosition", "strategy": "s", "symbol": "BTC", "amount": "1.50"}})
    assert decode(sound).payload == StrategyPosition("s", "BTC", Decimal("1.50"))
    with pytest.raises(WireFault, match=says):
        decode(pack({**msgspec.msgpack.decode(sound), "payload": {
            "t": "StrategyPosition", "strategy": "s", "symbol": "BTC", "amount": text}}))  # fmt: skip


@pytest.mark.parametrize("most", [encode(frame(Failed("x" * TEXT_LIMIT))), encode(frame(StateAsked()))])
def test_what_is_at_its_bound_passes(most: bytes) -> None:
    decode(most)


@pytest.mark.parametrize(
    ("message", "says"),
    [
        (object(), "a object may not cross a process border"),
        (None, "a NoneType may not cross a process border"),
        ({"t": "StateAsked"}, "a dict may not cross a process border"),
        (RiskAlert("code", "x" * FRAME_LIMIT, 1), "a RiskAlert of 10487.. bytes is over the bound"),
        (RiskAlert("code", object(), 1), "a RiskAlert does not encode"),  # type: ignore[arg-type]
        (RiskAlert("code", "detail", 2**64), "a RiskAlert does not encode"),
        (RiskAlert("code", "\ud800", 1), "a RiskAlert does not encode"),
    ],
    ids=["object", "None", "dict", "too large", "unsound inside", "too large a number", "half a character"],
)
def test_what_may_not_cross_is_refused_where_it_is_sent(message: Any, says: str) -> None:
    with pytest.raises(WireFault, match=says):
        encode(frame(message))


def hostile_frames(seed: int, amount: int) -> Iterator[bytes]:
    """Random bytes, and sound frames cut, flipped, spliced and inflated."""
    chance = random.Random(seed)
    sound = [
        encode(frame()),
        encode(frame(ModelPublished("BTC", "lstm", "7", "models/7", "00", 1, 0.5), deadline_ns=2**62)),
        encode(frame(StrategyPosition("s", "BTC", Decimal("-1.5")), correlation=3)),
        encode(frame(NodeReport("a", 1, 1, 1, (), {"x": 1}, {"y": 1.0}))),
    ]
    heads = [b"\xdd\xff\xff\xff\xff", b"\xdf\xff\xff\xff\xff", b"\xdb\xff\xff\xff\xff", b"\xc6\xff\xff\xff\xff"]
    heads += [b"\xc9\xff\xff\xff\xff\x01", b"\x91" * 2000, b"\x81\xa1x" * 2000, b"\xc1", b"\xcb\x7f\xf8" + bytes(6)]
    for _ in range(amount):
        data = bytearray(chance.choice(sound))
        at = chance.randrange(len(data))
        match chance.randrange(6):
            case 0:
                data = bytearray(chance.randbytes(chance.randrange(200)))
            case 1:
                del data[at:]
            case 2:
                for _ in range(chance.randint(1, 4)):
                    data[chance.randrange(len(data))] = chance.randrange(256)
            case 3:
                other = chance.choice(sound)
                data = data[:at] + other[chance.randrange(len(other)) :]
            case 4:
                data[at:at] = chance.choice(heads)
            case 5:
                data[at : at + chance.randrange(9)] = chance.randbytes(chance.randrange(9))
        yield bytes(data)


def test_hostile_frames_are_refused_quickly_and_with_nothing_but_a_wire_fault() -> None:
    refused, slowest_s = 0, 0.0
    for data in hostile_frames(7, 20_000):
        began_s = time.perf_counter()
        try:
            arrived = decode(data)
        except WireFault:
            refused += 1
        else:
            assert decode(encode(arrived)) == arrived, "what passes is sound"
        slowest_s = max(slowest_s, time.perf_counter() - began_s)
    assert refused > 15_000
    assert slowest_s < 0.5


@pytest.mark.parametrize("number", [float("nan"), float("inf"), float("-inf")])
@pytest.mark.parametrize("points", [1, 5_000])
def test_the_wire_refuses_a_curve_with_a_point_that_is_no_number(number: float, points: int) -> None:
    """In a frame that is small, and in one that is large: they are not looked at in the same way."""
    sound = LearningView("BTC/USDT", "linear", "1", 1, {"linear": 0.5}, 0.5, tuple((at, 0.5) for at in range(points)))
    assert decode(encode(frame(sound))).payload == sound
    broken = msgspec.structs.replace(sound, curve=(*sound.curve, (points, number)))
    with pytest.raises(WireFault, match="NaN or infinity"):
        decode(encode(frame(broken)))
