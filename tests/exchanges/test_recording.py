"""A recording is an endless market: byte-equal, seekable, and plain about what is wrong with a file."""

import gzip
import json
from pathlib import Path
from typing import Any

import pytest

from tradigrade.exchanges.binance.decoder import decode
from tradigrade.exchanges.market_events import DepthEvent, TickerEvent, TradeEvent
from tradigrade.exchanges.simulated.recording import SEAM_GAP, Recording, RecordingFault

STREAMS = Path(__file__).parents[3] / "shared" / "data" / "streams"

TRADE = '{"e":"trade","E":12,"s":"BTCUSDT","t":7,"p":"100.50","q":"0.250","T":11,"m":true,"M":true}'
DEPTH = '{"e":"depthUpdate","E":12,"s":"BTCUSDT","U":5,"u":6,"b":[["1.0","2.0"]],"a":[]}'
TICKER = '{"u":9,"s":"BTCUSDT","b":"99","B":"1.5","a":"101","A":"2"}'
STAMP_US = 1_680_652_800_000_000


def line(stamp: int, stream: str, data: str) -> str:
    return f'{stamp} {{"stream":"{stream}","data":{data}}}'


LINES = [
    line(STAMP_US, "btcusdt@trade", TRADE),
    f'{STAMP_US + 1} {{"lastUpdateId":4,"bids":[],"asks":[]}}',
    line(STAMP_US + 5, "btcusdt@depth@100ms", DEPTH),
    line(STAMP_US + 6, "btcusdt@markPrice@1s", '{"e":"markPriceUpdate"}'),
    line(STAMP_US + 9, "btcusdt@bookTicker", TICKER),
]


def write(path: Path, lines: list[str]) -> Path:
    content = "".join(f"{text}\n" for text in lines).encode()
    path.write_bytes(gzip.compress(content, mtime=0) if path.suffix == ".gz" else content)
    return path


@pytest.fixture(params=["market.dat.gz", "market.dat"])
def recording(request: pytest.FixtureRequest, tmp_path: Path) -> Recording:
    return Recording(write(tmp_path / request.param, LINES))


def test_market_frames_are_played_in_order_and_byte_equal(recording: Recording) -> None:
    frames = [recording.next() for _ in range(3)]
    assert [tuple(frame) for frame in frames] == [
        (0, "BTC/USDT", "btcusdt@trade", TRADE.encode()),
        (5_000, "BTC/USDT", "btcusdt@depth@100ms", DEPTH.encode()),
        (9_000, "BTC/USDT", "btcusdt@bookTicker", TICKER.encode()),
    ]
    assert (recording.symbols, recording.loop) == (("BTC/USDT",), 0)


def test_the_next_loop_raises_ids_with_a_gap_and_time_goes_on(recording: Recording) -> None:
    for _ in range(3):
        recording.next()
    assert recording.loop == 0
    frames = [recording.next() for _ in range(3)]
    trade, diff, ticker = (json.loads(frame.payload) for frame in frames)
    shift = 9 - 5 + 1 + SEAM_GAP
    assert trade == {**json.loads(TRADE), "t": 8}
    assert diff == {**json.loads(DEPTH), "U": 5 + shift, "u": 6 + shift}
    assert ticker == {**json.loads(TICKER), "u": 9 + shift}
    assert [frame.offset_ns for frame in frames] == [12_000, 17_000, 21_000]
    assert recording.loop == 1


@pytest.mark.parametrize("played", [0, 2, 3, 4, 10])
def test_a_restored_recording_goes_on_where_it_was(recording: Recording, played: int) -> None:
    for _ in range(played):
        recording.next()
    state = json.loads(json.dumps(recording.state()))
    other = Recording(recording.path)
    other.restore(state)
    assert other.loop == recording.loop
    assert [other.next() for _ in range(8)] == [recording.next() for _ in range(8)]


@pytest.mark.parametrize(
    "change", [{"frames": 4}, {"position": -1}, {"position": 4}, {"loop": -1}, {"loop": "1"}, {"extra": 1}]
)
def test_a_state_of_something_else_is_refused_and_changes_nothing(recording: Recording, change: dict[str, Any]) -> None:
    recording.next()
    before = recording.state()
    with pytest.raises(RecordingFault, match="expected a state of"):
        recording.restore({**before, **change})
    assert recording.state() == before


@pytest.mark.parametrize(("digits", "unit_ns"), [(13, 1_000_000), (16, 1_000), (19, 1)])
def test_the_unit_of_stamps_is_told_by_their_digits(tmp_path: Path, digits: int, unit_ns: int) -> None:
    first = 10 ** (digits - 1)
    lines = [line(first, "btcusdt@trade", TRADE), line(first + 3, "btcusdt@trade", TRADE)]
    recording = Recording(write(tmp_path / "a", [*lines, line(first + 1, "btcusdt@trade", TRADE)]))
    assert [recording.next().offset_ns for _ in range(3)] == [0, 3 * unit_ns, 3 * unit_ns]


def test_a_futures_diff_is_chained_by_the_rule_of_spot(tmp_path: Path) -> None:
    diff = '{"e":"depthUpdate","E":2,"T":1,"s":"ETHUSDT","U":50,"u":60,"pu":40,"b":[],"a":[]}'
    frame = Recording(write(tmp_path / "a", [line(STAMP_US, "ethusdt@depth@0ms", diff)])).next()
    assert frame.stream == "ethusdt@depth@100ms"
    assert json.loads(frame.payload) == {**json.loads(diff), "U": 41}


@pytest.mark.parametrize(
    ("lines", "words"),
    [
        ([], "expected frames of trade, bookTicker or depth streams, found none"),
        ([LINES[1]], "expected frames of trade, bookTicker or depth streams, found none"),
        ([LINES[0], "hello"], "line 2: expected a time stamp of 13, 16 or 19 digits, found b'hello'"),
        ([LINES[0], ""], "line 2: expected a time stamp"),
        ([LINES[0], LINES[2][:-30]], "line 2: Input data was truncated"),
        ([LINES[0].replace('"7"', "").replace('"p":"100.50"', '"p":"NaN"')], "line 1: not a market frame"),
        ([LINES[0].replace("BTCUSDT", "ETHUSDT")], "line 1: expected an event of the stream btcusdt@trade, found one"),
        ([LINES[0].replace("btcusdt@", "nopeusdt@")], "line 1: expected a stream of one of btcusdt"),
    ],
)
def test_an_unusable_file_is_a_fault_that_names_the_line(tmp_path: Path, lines: list[str], words: str) -> None:
    path = write(tmp_path / "a.dat", lines)
    with pytest.raises(RecordingFault) as caught:
        Recording(path)
    assert str(caught.value).startswith(str(path))
    assert words in str(caught.value)


@pytest.mark.parametrize(
    ("name", "content", "words"),
    [
        ("gone.gz", None, "found No such file or directory"),
        ("plain.gz", b"1680652800000 {}", "expected a gzip file as its name says"),
        ("cut.gz", gzip.compress(b"1680652800000 {}" * 99, mtime=0)[:-12], "expected a whole gzip file"),
        ("bent.gz", gzip.compress(b"1680652800000 {}" * 99, mtime=0)[:-12] + b"x" * 12, "expected a whole gzip file"),
        ("picture.png", b"\x89PNG\r\n\x1a\n\x00\x00", "line 1: expected a time stamp"),
    ],
)
def test_a_file_that_cannot_be_read_is_a_fault_that_names_it(
    tmp_path: Path, name: str, content: bytes | None, words: str
) -> None:
    path = tmp_path / name
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(RecordingFault) as caught:
        Recording(path)
    assert str(path) in str(caught.value)
    assert words in str(caught.value)


@pytest.mark.parametrize("name", ["binance-spot/btcusdt_20230405.dat.gz", "binance-usdm/ethusdt_20240718.gz"])
def test_a_real_recording_is_an_unbroken_market_but_for_the_seam(name: str) -> None:
    path = STREAMS / name
    if not path.exists():
        pytest.skip(f"needs the recording {path}")
    recording = Recording(path)
    frames = recording.state()["frames"]
    offset_ns = trade_id = ticker_id = last_id = 0
    breaks: list[int] = []
    for number in range(frames + 2_000):
        frame = recording.next()
        assert frame.offset_ns >= offset_ns
        offset_ns = frame.offset_ns
        match decode(frame.payload):
            case TradeEvent(trade_id=found):
                assert found > trade_id
                trade_id = found
            case TickerEvent(update_id=found):
                assert found > ticker_id
                ticker_id = found
            case DepthEvent(first_id=first, last_id=last):
                assert first > last_id
                if last_id and first != last_id + 1:
                    breaks.append(number)
                last_id = last
    assert len(breaks) == 1
    assert breaks[0] >= frames


def test_the_payload_of_a_real_recording_is_its_own_bytes() -> None:
    path = STREAMS / "binance-spot" / "btcusdt_20230405.dat.gz"
    if not path.exists():
        pytest.skip(f"needs the recording {path}")
    recording = Recording(path)
    with gzip.open(path) as lines:
        for text in lines:
            assert recording.next().payload == text.rstrip().partition(b'"data":')[2][:-1]
