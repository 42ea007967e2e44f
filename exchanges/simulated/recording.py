"""A recorded market: raw Binance frames from a file, played over and over as one endless source.

A line of the file is a local time stamp, a blank and a frame of a combined stream:
`1680652800004107 {"stream":"btcusdt@trade","data":{"e":"trade",…}}`. The stamp is in ms, µs or ns, told by its digits.
Frames of other streams and answers of REST between them are passed over.
"""

import gzip
import re
import zlib
from array import array
from pathlib import Path
from typing import Any

import msgspec

from ...trading.paper_listing import LISTING
from ..binance.decoder import decode
from ..market_events import DepthEvent, MalformedFrame, MarketEvent, TickerEvent, TradeEvent
from .source import MarketFrame

SIZE_LIMIT_BYTES = 2**30
"""Of the unpacked file, which is read whole."""
SEAM_GAP = 1_000
"""How many update ids are missing where a recording begins anew."""

_GZIP_MAGIC = b"\x1f\x8b"
_STAMP_UNIT_NS = {13: 1_000_000, 16: 1_000, 19: 1}
_SYMBOLS = {instrument.venue_symbol.lower(): symbol for symbol, instrument in LISTING.items()}
_IDS = re.compile(rb'"(U|u|pu|t)":\s*(\d+)')
_FIRST_ID = re.compile(rb'"U":\s*\d+')
_PREVIOUS_ID = re.compile(rb'"pu":\s*(\d+)')


class RecordingFault(Exception):
    """The file is no usable recording. Its text is one sentence: which file and line, what was expected and found."""


class _Envelope(msgspec.Struct, gc=False):
    stream: str = ""
    data: msgspec.Raw = msgspec.Raw()


class _State(msgspec.Struct, forbid_unknown_fields=True):
    loop: int
    position: int
    frames: int


class _Ids:
    """The range of one kind of ids in a recording."""

    def __init__(self) -> None:
        self.lowest, self.highest = 2**63, -1

    def add(self, first: int, last: int) -> None:
        self.lowest, self.highest = min(self.lowest, first), max(self.highest, last)

    @property
    def count(self) -> int:
        return max(0, self.highest - self.lowest + 1)


class Recording:
    """A `MarketSource` of one file, plain or gzip, in the file's order.

    The payload of a frame is byte-equal to the recorded one, with two exceptions: from the second loop on, update and
    trade ids are raised so that they go on increasing, with a gap in the update ids at the seam; and a diff of
    Binance's futures, chained by `pu`, gets the `U` that chains it by the spot rule.

    `loop` is the loop that the last frame belongs to. Where it changes, the recorded book begins anew: whoever keeps a
    book of these frames drops its levels there.

    Raises:
        RecordingFault: the file is missing, unreadable, not gzip though named so, has a broken line or no market frame.
    """

    def __init__(self, path: Path | str) -> None:
        self.path = Path(path)
        self.loop = 0
        self._position = 0
        self._updates, self._trades = _Ids(), _Ids()
        self._streams: list[tuple[str, str]] = []
        self._stream_of = array("H")
        self._offset_ns = array("q")
        self._start = array("Q", [0])
        self._payloads = self._load(_read(self.path))
        self.symbols = tuple(sorted({symbol for symbol, _ in self._streams}))
        frames = len(self._offset_ns)
        self._duration_ns = self._offset_ns[-1] + max(1, self._offset_ns[-1] // frames)

    def next(self) -> MarketFrame:
        if self._position == len(self._offset_ns):
            self._position = 0
            self.loop += 1
        position = self._position
        self._position += 1
        payload = self._payloads[self._start[position] : self._start[position + 1]]
        symbol, stream = self._streams[self._stream_of[position]]
        offset_ns = self.loop * self._duration_ns + self._offset_ns[position]
        return MarketFrame(offset_ns, symbol, stream, self._raise_ids(payload) if self.loop else payload)

    def state(self) -> dict[str, Any]:
        return {"loop": self.loop, "position": self._position, "frames": len(self._offset_ns)}

    def restore(self, state: dict[str, Any]) -> None:
        """Go on where `state` was taken.

        Raises:
            RecordingFault: the state is not one of this recording.
        """
        frames = len(self._offset_ns)
        try:
            wanted = msgspec.convert(state, _State)
        except msgspec.ValidationError as error:
            raise RecordingFault(f"{self.path}: expected a state of a recording, found {state!r} ({error})") from error
        if wanted.frames != frames or not (0 <= wanted.position <= frames and wanted.loop >= 0):
            raise RecordingFault(f"{self.path}: expected a state of this recording of {frames} frames, found {state!r}")
        self.loop, self._position = wanted.loop, wanted.position

    def _raise_ids(self, payload: bytes) -> bytes:
        update_shift = self.loop * (self._updates.count + SEAM_GAP)
        trade_shift = self.loop * self._trades.count

        def shifted(match: re.Match[bytes]) -> bytes:
            shift = trade_shift if match[1] == b"t" else update_shift
            return b'"%b":%d' % (match[1], int(match[2]) + shift)

        return _IDS.sub(shifted, payload)

    def _load(self, content: bytes) -> bytes:
        payloads: list[bytes] = []
        known: dict[str, int] = {}
        end, first_ns = 0, -1
        for number, line in enumerate(content.splitlines(), start=1):
            try:
                stamp_ns, stream, payload = _parse(line)
                if not stream:
                    continue
                self._note_ids(decode(payload), stream)
            except (ValueError, msgspec.DecodeError) as error:
                raise RecordingFault(f"{self.path}, line {number}: {error}; the line begins {line[:80]!r}") from error
            if stream not in known:
                known[stream] = len(self._streams)
                self._streams.append((_SYMBOLS[stream.partition("@")[0]], stream))
            first_ns = stamp_ns if first_ns < 0 else first_ns
            end += len(payload)
            payloads.append(payload)
            self._start.append(end)
            self._stream_of.append(known[stream])
            self._offset_ns.append(max(stamp_ns - first_ns, self._offset_ns[-1] if self._offset_ns else 0))
        if not payloads:
            raise RecordingFault(f"{self.path}: expected frames of trade, bookTicker or depth streams, found none")
        return b"".join(payloads)

    def _note_ids(self, event: MarketEvent, stream: str) -> None:
        if event.symbol.lower() != stream.partition("@")[0]:
            raise MalformedFrame(f"expected an event of the stream {stream}, found one of {event.symbol}")
        match event:
            case TradeEvent():
                self._trades.add(event.trade_id, event.trade_id)
            case TickerEvent():
                self._updates.add(event.update_id, event.update_id)
            case DepthEvent():
                self._updates.add(event.first_id, event.last_id)


def _read(path: Path) -> bytes:
    try:
        with path.open("rb") as file:
            packed = file.read(2) == _GZIP_MAGIC
            if path.suffix == ".gz" and not packed:
                raise RecordingFault(f"{path}: expected a gzip file as its name says, found other content")
            file.seek(0)
            content = (gzip.GzipFile(fileobj=file) if packed else file).read(SIZE_LIMIT_BYTES + 1)
    except (EOFError, zlib.error, gzip.BadGzipFile) as error:
        raise RecordingFault(f"{path}: expected a whole gzip file, found a damaged one ({error})") from error
    except OSError as error:
        raise RecordingFault(f"{path}: expected a recording of Binance frames, found {error.strerror}") from error
    if len(content) > SIZE_LIMIT_BYTES:
        raise RecordingFault(f"{path}: expected at most {SIZE_LIMIT_BYTES} bytes when unpacked, found more")
    return content


def _parse(line: bytes) -> tuple[int, str, bytes]:
    """The stamp in ns, the canonical stream and the payload of a line; the stream is empty where it is of no use here.

    Raises ValueError or msgspec.DecodeError.
    """
    stamp, _, frame = line.partition(b" ")
    if not (stamp.isdigit() and len(stamp) in _STAMP_UNIT_NS):
        raise ValueError(f"expected a time stamp of 13, 16 or 19 digits, found {bytes(stamp[:20])!r}")
    envelope = msgspec.json.decode(frame, type=_Envelope)
    return int(stamp) * _STAMP_UNIT_NS[len(stamp)], _canonical(envelope.stream), _chain_as_spot(bytes(envelope.data))


def _canonical(stream: str) -> str:
    venue_symbol, _, channel = stream.partition("@")
    if channel == "depth" or channel.startswith("depth@"):
        channel = "depth@100ms"
    if channel not in ("trade", "bookTicker", "depth@100ms"):
        return ""
    if venue_symbol not in _SYMBOLS:
        raise ValueError(f"expected a stream of one of {', '.join(_SYMBOLS)}, found {stream!r}")
    return f"{venue_symbol}@{channel}"


def _chain_as_spot(payload: bytes) -> bytes:
    """A futures diff names the last id before it (`pu`) and may skip ids; on spot `U` is always the id after that."""
    previous = _PREVIOUS_ID.search(payload, 0, 200)
    return _FIRST_ID.sub(b'"U":%d' % (int(previous[1]) + 1), payload, count=1) if previous else payload
