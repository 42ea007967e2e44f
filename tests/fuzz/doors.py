"""Every door by which bytes come in from outside: it takes them, or refuses them by its own named error."""

import random
import tempfile
import zlib
from collections.abc import Callable
from decimal import Decimal
from pathlib import Path
from typing import NamedTuple
from urllib.parse import parse_qsl

import msgspec

from tests.fuzz import venue
from tests.fuzz.market import market_doors
from tradigrade.config.errors import ConfigFault
from tradigrade.config.loader import load_settings, render
from tradigrade.config.settings import Settings
from tradigrade.exchanges.market_events import MalformedFrame
from tradigrade.exchanges.simulated.engine import Engine
from tradigrade.exchanges.simulated.errors import RequestRefused
from tradigrade.exchanges.simulated.faults import FaultsRefused
from tradigrade.exchanges.simulated.operations import BY_METHOD
from tradigrade.exchanges.simulated.state import VenueState
from tradigrade.kernel.boundary import CaptureFault
from tradigrade.kernel.simulated_disk import SimulatedDisk
from tradigrade.kernel.simulation.schedule import Fault, from_text, to_text
from tradigrade.storage.account_journal import AccountJournal
from tradigrade.storage.capture_file import CaptureFile, Header, read_capture
from tradigrade.storage.halt import HaltLatch
from tradigrade.storage.journal import Journal, JournalFault
from tradigrade.storage.journal_format import NO_HASH
from tradigrade.storage.journal_keys import NO_KEYS
from tradigrade.storage.journal_snapshot import Snapped, SnapshotFile
from tradigrade.trading.instruments import PAPER_INSTRUMENTS
from tradigrade.trading.messages import OrderRefused
from tradigrade.trading.order_events import StrategyPosition
from tradigrade.transports.codec import PAYLOADS, SCHEMA_VERSION, Frame, WireFault, decode, encode
from tradigrade.transports.control import ChaosAsked, StatusAsked, TradingAsked, VenueFaultAsked
from tradigrade.web.guard import host_allowed, origin_allowed

FILE = Path("/door")
STARTED = 1_700_000_000_000_000_000
HEADER = Header("trader", 1, "{}", "0.1.0", "7", STARTED)


class Door(NamedTuple):
    """`enter` is True where it took the bytes, and raises `refuses` where not; `sound` is what it takes."""

    enter: Callable[[bytes], bool]
    refuses: tuple[type[Exception], ...]
    sound: tuple[bytes, ...]
    market: bool = False
    """One by which prices come in: it is beaten on harder, by frames spoiled in their structure."""


# -- the doors --------------------------------------------------------------------------------------------------------


def disk_with(data: bytes) -> SimulatedDisk:
    disk = SimulatedDisk(random.Random(1))
    disk.replace(FILE, data)
    return disk


def enter_wire(data: bytes) -> bool:
    arrived = decode(data)
    assert type(arrived.payload) in PAYLOADS
    return decode(encode(arrived)) == arrived


def enter_journal(data: bytes) -> bool:
    journal = AccountJournal(disk_with(data), FILE)
    journal.open()
    return len(list(journal.replay())) >= 0


def enter_record(data: bytes) -> bool:
    """Of a journal whose checksums are right."""
    disk = SimulatedDisk(random.Random(1))
    journal = Journal(disk, FILE)
    journal.open()
    journal.append(data)
    journal.close()
    return enter_journal(disk.read(FILE))


def enter_snapshot(data: bytes) -> bool:
    """With checksums put right."""
    disk = disk_with(sound_journal())
    SnapshotFile(disk, FILE, NO_KEYS).write(Snapped(1, 3, NO_HASH, data))
    AccountJournal(disk, FILE).open()
    return True


def enter_capture(data: bytes) -> bool:
    return len(list(read_capture(disk_with(data), FILE).events)) >= 0


def enter_block(data: bytes) -> bool:
    """Of a capture whose checksums are right, deflated as it should be."""
    disk = SimulatedDisk(random.Random(1))
    CaptureFile(disk, FILE, HEADER, 1 << 20).close()
    journal, deflate = Journal(disk, FILE), zlib.compressobj()
    journal.open()
    journal.append(deflate.compress(data) + deflate.flush(zlib.Z_SYNC_FLUSH))
    journal.close()
    return enter_capture(disk.read(FILE))


def enter_halt(data: bytes) -> bool:
    """Whatever stands there is a halt."""
    return HaltLatch(disk_with(data), FILE).read() is not None


def enter_settings(data: bytes) -> bool:
    with tempfile.NamedTemporaryFile(suffix=".toml") as file:
        file.write(data)
        file.flush()
        return bool(load_settings(Path(file.name), environment={}))


def enter_variable(data: bytes) -> bool:
    name, _, value = data.decode(errors="replace").partition("=")
    return bool(load_settings(None, environment={f"TRADIGRADE_{name}": value}))


class Silent:
    """Nobody hears of it."""

    def changed(self, *_: object) -> None: ...

    def committed(self) -> None: ...


def engine() -> Engine:
    """With an account, and an order that rests."""
    made = Engine(VenueState(), list(PAPER_INSTRUMENTS.values()), [], Silent())
    made.credit({"USDT": Decimal(10_000), "BTC": Decimal(1)})
    BY_METHOD["order.place"].run(made, dict(parse_qsl(ORDER.decode().replace("tgmain-1-1", "resting"))), 1)
    return made


def enter_venue(data: bytes) -> bool:
    """As a signed request's query has them; the method comes first."""
    method, _, query = data.decode(errors="replace").partition("?")
    operation = BY_METHOD.get(method, BY_METHOD["order.place"])
    return operation.run(engine(), dict(parse_qsl(query, keep_blank_values=True)), 1) is not None


def enter_schedule(data: bytes) -> bool:
    return isinstance(from_text(data.decode(errors="replace")), tuple)


def enter_console(data: bytes) -> bool:
    """Nobody but this machine's loopback may ask, whatever a page on another site makes a browser say."""
    host, _, origin = data.decode(errors="replace").partition("\n")
    if not host_allowed(host, ()) or not origin_allowed(origin, host):
        raise PermissionError
    assert origin in (f"http://{host}", f"https://{host}")
    return True


# -- what they take ---------------------------------------------------------------------------------------------------


def frames(*payloads: object) -> tuple[bytes, ...]:
    heads = ("trader/trading", "cli-1", "7", 1)
    return tuple(encode(Frame(SCHEMA_VERSION, *heads, payload, correlation=3)) for payload in payloads)


def sound_journal() -> bytes:
    disk = SimulatedDisk(random.Random(1))
    journal = AccountJournal(disk, FILE)
    journal.open()
    for number in range(3):
        journal.append(OrderRefused(f"signal-{number}", "one", "BTC/USDT", "STALE_FEED", {"age_s": "9"}, STARTED))
    journal.close()
    return disk.read(FILE)


def sound_records() -> list[tuple[int, bytes]]:
    return list(Journal(disk_with(sound_journal()), FILE).replay())


def sound_snapshot() -> bytes:
    disk = SimulatedDisk(random.Random(1))
    disk.replace(FILE, sound_journal())
    journal = AccountJournal(disk, FILE)
    journal.open()
    journal.rotate()
    snapped = SnapshotFile(disk, FILE, NO_KEYS).read()
    assert snapped is not None
    return snapped.content


def sound_capture() -> bytes:
    disk = SimulatedDisk(random.Random(1))
    file = CaptureFile(disk, FILE, HEADER, 1 << 20)
    file.write([1, 2, [3, "a"], 4])
    file.write([[5, b"six"], 7])
    file.close()
    return disk.read(FILE)


ORDER = b"symbol=BTCUSDT&side=BUY&type=LIMIT&timeInForce=GTC&quantity=0.01&price=20000&newClientOrderId=tgmain-1-1"
DOORS: dict[str, Door] = {
    "wire": Door(enter_wire, (WireFault,), frames(StrategyPosition("s", "BTC/USDT", Decimal("-1.5")))),
    "control": Door(
        enter_wire,
        (WireFault,),
        frames(ChaosAsked("hang", "trader", 1.0), VenueFaultAsked("ban", 2), StatusAsked(), TradingAsked()),
    ),
    "journal": Door(enter_journal, (JournalFault,), (sound_journal(),)),
    "record": Door(enter_record, (JournalFault,), tuple(payload for _, payload in sound_records())),
    "snapshot": Door(enter_snapshot, (JournalFault,), (sound_snapshot(),)),
    "capture": Door(enter_capture, (CaptureFault,), (sound_capture(),)),
    "block": Door(enter_block, (CaptureFault,), (msgspec.msgpack.encode([1, [5, b"six"], [3, "a"]]),)),
    "halt": Door(enter_halt, (), (b'{"reason":"the test","by":"me","at_ns":1}',)),
    "settings": Door(
        enter_settings, (ConfigFault,), (render(Settings()).encode(), b'symbols = ["BTC/USDT"]\nbar_s = 1')
    ),
    "variable": Door(enter_variable, (ConfigFault,), (b"RISK__MAX_ORDER_NOTIONAL=500", b"SYMBOLS=BTC/USDT,ETH/USDT")),
    "venue": Door(
        enter_venue,
        (RequestRefused,),
        (
            b"order.test?" + ORDER,
            b"order.place?" + ORDER,
            b"order.status?symbol=BTCUSDT&orderId=1",
            b"order.cancel?symbol=BTCUSDT&origClientOrderId=resting",
            b"allOrders?symbol=BTCUSDT&startTime=1&endTime=2&limit=10",
            b"myTrades?symbol=BTCUSDT&fromId=1",
        ),
    ),
    "venue-stream": Door(venue.StreamDoor(), (venue.Refused,), venue.STREAM_REQUESTS, market=True),
    "venue-api": Door(venue.ApiDoor(), (venue.Refused,), venue.API_REQUESTS, market=True),
    "venue-public": Door(venue.PublicDoor(), (venue.Refused,), venue.PUBLIC_REQUESTS),
    "venue-faults": Door(venue.enter_faults, (FaultsRefused,), venue.FAULT_REQUESTS, market=True),
    **{name: Door(door.enter, (MalformedFrame,), door.sound, market=True) for name, door in market_doors().items()},
    "schedule": Door(
        enter_schedule, (msgspec.DecodeError,), (to_text((Fault(1.0, "kill", "trader", 2.0, 0.5),)).encode(),)
    ),
    "console": Door(
        enter_console, (PermissionError,), (b"127.0.0.1:8420\nhttp://127.0.0.1:8420", b"[::1]:1\nhttp://[::1]:1")
    ),
}
