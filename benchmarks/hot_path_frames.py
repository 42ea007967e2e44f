"""The market of the hot path, from a process of its own: Binance's frames at a fixed rate, and its book snapshot.

The loop is open: each frame has its time in a schedule that knows nothing of the reader. Where the reader lets the
socket fill up, frames leave late, but they still say when they were due; so waiting in a queue counts as latency.
"""

import ctypes
import json
import random
import re
import ssl
import sys
import time
from base64 import b64encode
from collections.abc import Callable, Iterable, Sequence
from hashlib import sha1
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from multiprocessing.connection import Connection
from pathlib import Path

from tradigrade.exchanges.simulated.tls import server_context

from .hot_path_strategy import TRIGGER_SIZE

SYMBOLS = ("BTC/USDT", "ETH/USDT", "BNB/USDT", "SOL/USDT")
"""Few enough to be busy, and enough that each strategy's order is done before its next."""
FRAMES_PER_S = 10_000
TRIGGER_EVERY, TRIGGER_AT = 100, 51
"""One in so many, at a place where no book is due."""
QUIET_S = 3.0
"""Frames flow at the full rate this long before the first that triggers an order: the trader is still connecting."""
TRIGGERS = 900
SCHEDULE_S = QUIET_S + TRIGGERS * TRIGGER_EVERY / FRAMES_PER_S
TRIGGER_NUMBERS = range(round(QUIET_S * FRAMES_PER_S), round(SCHEDULE_S * FRAMES_PER_S))
PERIOD_NS = 10**9 // FRAMES_PER_S
BEGINS_AT_NS = 10**6 * 10
"""A schedule begins at a whole multiple; no symbol has as many trades in it."""

DEPTHS_PER_S = 10
LEVELS = 500
LEVELS_CHANGED = 20
SEED = 7
MIDDLE = 30_000.0

_WEBSOCKET_MAGIC = b"258EAFA5-E914-47DA-95CA-C5AB0DC85B11"  # RFC 6455, section 1.3
_TRADE = b'{"e":"trade","E":%d,"s":"%b","t":%d,"p":"%b","q":"%b","T":%d,"m":%b,"M":true}'
_TRADE_OF = re.compile(rb'"trade".*"s":"(\w+)","t":(\d+),').search
_TICKER = b'{"u":%d,"s":"%b","b":"%b","B":"%b","a":"%b","A":"%b"}'
_DEPTH = b'{"e":"depthUpdate","E":%d,"s":"%b","U":%d,"u":%d,"b":%b,"a":%b}'


class FrameMix:
    """Frames of some symbols by number: a diff of each book ten times a second, of the rest a third trades and two
    thirds quotes, and in the numbers of `triggers` every hundredth frame a trade that triggers an order.

    Trade ids count up for each symbol from when the schedule began, a whole ms in nanoseconds UTC: the system carries
    them along to the order, and `find_due_times` says when each was due.
    """

    def __init__(
        self, symbols: Sequence[str], triggers: range = range(0), began_ns: int = 0, per_s: int = FRAMES_PER_S
    ) -> None:
        """`per_s`: how many of them are sent in a second."""
        self._symbols = [symbol.replace("/", "").encode() for symbol in symbols]
        self._triggers = triggers
        self._depth_every = max(1, per_s // (DEPTHS_PER_S * len(symbols)))
        generator = random.Random(SEED)
        ticks = [generator.randrange(-400, 400) for _ in range(997)]
        self._touches = [(_money(MIDDLE + tick / 100), _money(MIDDLE + tick / 100 + 0.01)) for tick in ticks]
        self._sizes = [b"%d.%05d000" % (generator.randrange(3), generator.randrange(1, 10**5)) for _ in range(991)]
        self._diffs = [(_diff(generator, -1), _diff(generator, 1)) for _ in range(50)]
        self.last_ids = dict.fromkeys(self._symbols, 1_000)
        self._trade_ids = dict.fromkeys(self._symbols, began_ns)

    def make(self, number: int, due_ns: int) -> bytes:
        if number in self._triggers and number % TRIGGER_EVERY == TRIGGER_AT:
            return self._trade(number, number // TRIGGER_EVERY, due_ns, TRIGGER_SIZE.encode())
        if number % self._depth_every == 0:
            return self._depth(number // self._depth_every, due_ns)
        if number % 3 == 0:
            return self._trade(number, number // 3, due_ns, self._sizes[number % len(self._sizes)])
        (bid, ask), size = self._touches[number % len(self._touches)], self._sizes[number % len(self._sizes)]
        return _TICKER % (number + 1, self._symbols[number // 3 % len(self._symbols)], bid, size, ask, size)

    def snapshot(self, venue_symbol: str) -> bytes:
        """The answer to GET /api/v3/depth: the book as it stands after the last diff made."""
        bids, asks = ([[_price_of(side, step), "1.00000000"] for step in range(LEVELS)] for side in (-1, 1))
        book = {"lastUpdateId": self.last_ids[venue_symbol.encode()], "bids": bids, "asks": asks}
        return json.dumps(book).encode()

    def _trade(self, number: int, turn: int, due_ns: int, size: bytes) -> bytes:
        at_ms, symbol = due_ns // 1_000_000, self._symbols[turn % len(self._symbols)]
        self._trade_ids[symbol] = trade_id = self._trade_ids[symbol] + 1
        price = self._touches[number % len(self._touches)][number % 2]
        return _TRADE % (at_ms, symbol, trade_id, price, size, at_ms, b"true" if number % 2 else b"false")

    def _depth(self, turn: int, due_ns: int) -> bytes:
        symbol = self._symbols[turn % len(self._symbols)]
        first_id = self.last_ids[symbol] + 1
        self.last_ids[symbol] = last_id = first_id + 2 * LEVELS_CHANGED - 1
        bids, asks = self._diffs[turn % len(self._diffs)]
        return _DEPTH % (due_ns // 1_000_000, symbol, first_id, last_id, bids, asks)


def find_due_times(trades: Iterable[tuple[str, int]]) -> dict[tuple[str, int], int]:
    """When each of these trades, a venue's symbol and an id, was due, in nanoseconds UTC: the frames are made anew."""
    wanted = set(trades)
    if not wanted:
        return {}
    began_ns = min(trade_id for _, trade_id in wanted) // BEGINS_AT_NS * BEGINS_AT_NS
    mix, found = FrameMix(SYMBOLS, TRIGGER_NUMBERS, began_ns), dict[tuple[str, int], int]()
    for number in range(TRIGGER_NUMBERS.stop):
        if match := _TRADE_OF(mix.make(number, 0)):
            trade = match[1].decode(), int(match[2])
            if trade in wanted:
                found[trade] = began_ns + number * PERIOD_NS
    return found


def serve_frames(
    ready: Connection,
    certificate: Path | None,
    symbols: Sequence[str] = SYMBOLS,
    triggers: range = TRIGGER_NUMBERS,
    handler: type["FrameHandler"] | None = None,
) -> None:
    """Tells the port through `ready` and serves until killed; each new stream begins the schedule anew."""
    server = FrameServer(("127.0.0.1", 0), handler or FrameHandler)
    server.symbols, server.triggers = symbols, triggers
    if certificate is not None:
        server.socket = server_context(certificate).wrap_socket(server.socket, server_side=True)
    ready.send(server.server_address[1])
    server.serve_forever()


class FrameServer(ThreadingHTTPServer):
    daemon_threads = True
    symbols: Sequence[str]
    triggers: range
    mix: FrameMix


class FrameHandler(BaseHTTPRequestHandler):
    """One connection: a stream, or requests of snapshots."""

    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    per_s = FRAMES_PER_S
    server: FrameServer

    def do_GET(self) -> None:
        """Called by http.server."""
        if self.headers.get("Upgrade", "").lower() == "websocket":
            began_ns = (time.time_ns() // BEGINS_AT_NS + 2) * BEGINS_AT_NS
            mix = self.server.mix = FrameMix(self.server.symbols, self.server.triggers, began_ns, self.per_s)
            self._open_stream()
            self.stream(mix, began_ns)
        else:
            self._answer(self.server.mix.snapshot(self.path.partition("symbol=")[2].partition("&")[0]))

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002
        """Says nothing."""

    def _answer(self, body: bytes) -> None:
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def _open_stream(self) -> None:
        key = self.headers["Sec-WebSocket-Key"].encode()
        self.send_response(101)
        self.send_header("Upgrade", "websocket")
        self.send_header("Connection", "Upgrade")
        self.send_header("Sec-WebSocket-Accept", b64encode(sha1(key + _WEBSOCKET_MAGIC).digest()).decode())
        self.end_headers()
        missing = len(self.server.symbols)
        while missing > 0:
            request = json.loads(read_masked(self.rfile.read))
            missing -= sum(name.endswith("@trade") for name in request["params"])
            self.wfile.write(wrap(json.dumps({"result": None, "id": request["id"]}).encode()))

    def stream(self, mix: FrameMix, due_ns: int) -> None:
        """Sends frame after frame, each when it is due, until the reader leaves."""
        self.close_connection = True
        send, number = self.connection.sendall, 0
        _sleep_precisely()
        try:
            while True:
                frame = wrap(mix.make(number, due_ns))
                if (early_ns := due_ns - time.time_ns()) > 0:
                    time.sleep(early_ns / 1e9)
                send(frame)
                number, due_ns = number + 1, due_ns + PERIOD_NS
        except (OSError, ssl.SSLError):
            return


def _sleep_precisely() -> None:
    """Linux lets a thread's sleep last 50 µs longer than asked; not this thread's."""
    if sys.platform == "linux":
        set_timer_slack = 29  # PR_SET_TIMERSLACK, <linux/prctl.h>
        ctypes.CDLL(None).prctl(set_timer_slack, 1, 0, 0, 0)


def wrap(payload: bytes) -> bytes:
    """An unmasked text frame of RFC 6455, of less than 64 KiB."""
    size = len(payload)
    return (b"\x81%c" % size if size < 126 else b"\x81\x7e" + size.to_bytes(2, "big")) + payload


def read_masked(read: Callable[[int], bytes]) -> bytes:
    """The payload of a client's frame of less than 64 KiB."""
    size = read(2)[1] & 0x7F
    if size == 126:
        size = int.from_bytes(read(2), "big")
    mask = read(4)
    return bytes(byte ^ mask[position % 4] for position, byte in enumerate(read(size)))


def _money(value: float) -> bytes:
    return b"%.8f" % value


def _price_of(side: int, step: int) -> str:
    """Of one level (side -1 bids, 1 asks), behind every quote."""
    return f"{MIDDLE + side * (10 + step):.8f}"


def _diff(generator: random.Random, side: int) -> bytes:
    """New sizes for some levels of one side."""
    steps = generator.sample(range(LEVELS), LEVELS_CHANGED)
    levels = [[_price_of(side, step), f"{generator.randrange(1, 500) / 100:.8f}"] for step in steps]
    return json.dumps(levels, separators=(",", ":")).encode()
