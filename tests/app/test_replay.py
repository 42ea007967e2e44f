"""A trader on virtual time, through every kind of fault, is made again from its capture: the same decisions."""

import asyncio
import json
from pathlib import Path
from typing import Any

import msgspec
import pytest
from typer.testing import CliRunner

from tests.kit.captured import CapturedTrader, World, make_run
from tradigrade.actors.credentials import Credentials
from tradigrade.capture import begin_capture, captured_ports
from tradigrade.cli import app
from tradigrade.config.run import Run
from tradigrade.config.settings import CaptureSettings, JournalSettings, StrategySettings
from tradigrade.kernel.boundary import CaptureFault, Event
from tradigrade.kernel.capture import Recorder
from tradigrade.kernel.disk import SystemDisk
from tradigrade.ports import CREDENTIALS_NAME, node_ports, trader_files
from tradigrade.replay import Replay
from tradigrade.seams import real_seams
from tradigrade.storage.account_journal import AccountJournal
from tradigrade.storage.capture_file import Header, read_capture
from tradigrade.storage.journal import Journal
from tradigrade.storage.journal_keys import NO_KEYS, new_key
from tradigrade.trading.order_events import OrderIntended

ACCOUNT = "trader/trading/account"
TRADES_ON_ITS_OWN = """
from tradigrade.trading.strategies.exerciser import Exerciser

class Mine(Exerciser):
    SEED = 1
    def on_bar(self, bar):
        self.parameters["seed"] = self.SEED
        return super().on_bar(bar)
"""


def captures(run: Run) -> list[Path]:
    return sorted((run.data / "captures").iterdir())


@pytest.mark.parametrize("kind", ["a dangling link", "a folder"])
def test_a_folder_of_captures_that_cannot_be_cleaned_is_a_capture_fault(tmp_path: Path, kind: str) -> None:
    run, old = make_run(tmp_path, capture=CaptureSettings(limit_mb=0)), tmp_path / "captures" / "old.capture"
    (old if kind == "a folder" else old.parent).mkdir(parents=True)
    if kind == "a dangling link":
        old.symlink_to("/nowhere")
    loop = asyncio.new_event_loop()
    try:
        with pytest.raises(CaptureFault, match="no room can be made in"):
            begin_capture("trader", run, 1, real_seams(loop), lambda _: None)
    finally:
        loop.close()


def replay(path: Path) -> Replay:
    return Replay(read_capture(SystemDisk(), path))


def trade(folder: Path, seconds: float = 8.0, run: Run | None = None) -> Run:
    """A captured trader, from its start to its end."""
    run = run or make_run(folder)
    world = World()
    trader = CapturedTrader(world, run)
    world.loop.advance(seconds)
    trader.close()
    return run


def journal(run: Run) -> bytes:
    return (run.data / "account-main.journal").read_bytes()


def test_a_trader_is_made_again_to_the_byte(tmp_path: Path) -> None:
    world, run = World(), make_run(tmp_path)
    trader = CapturedTrader(world, run)
    world.loop.advance(10)
    trader.close()
    made = replay(captures(run)[0])
    assert made.run(), made.player.fault
    assert made.journal() == journal(run)
    assert len([record for record in made.records if isinstance(record, OrderIntended)]) >= 5
    assert made.said == trader.said, "and it tells its launcher the same"
    assert made.system.metrics.counters == trader.system.metrics.counters


@pytest.mark.parametrize("seed", range(3))
def test_faults_of_venue_disk_clock_and_actors_are_made_again_too(tmp_path: Path, seed: int) -> None:
    world, run = World(seed), make_run(tmp_path)
    trader = CapturedTrader(world, run)
    world.loop.advance(3)
    for name in ("place_lost", "place_unanswered", "event_lost", "event_duplicated", "look_failed", "account_cut"):
        setattr(world.venue.faults, name, 0.05)
    for fault in (
        lambda: trader.ask("crash", f"{ACCOUNT}/risk"),
        lambda: trader.ask("kill", "trader/trading/journal"),
        lambda: trader.ask("disk-full", for_s=0.7),
        lambda: trader.ask("sync-fails", for_s=1.5),
        lambda: trader.ask("clock", for_s=0.5, by_s=-3.0),
        lambda: trader.ask("hang", "trader/strategies/exerciser-btc-usdt", for_s=0.5),
        world.venue.cut_market,
        lambda: setattr(trader, "free_bytes", 1_000),
        lambda: (run.data / "halt.json").write_text("{}"),
    ):
        fault()
        world.loop.advance(2)
    trader.close()
    made = replay(captures(run)[0])
    assert made.run(), made.player.fault
    assert made.journal() == journal(run)
    assert made.system.metrics.counters == trader.system.metrics.counters
    assert made.said == trader.said
    assert trader.system.metrics.counters["journal_faults"] >= 1, "the disk did fail"


def test_every_process_of_a_run_with_kills_is_made_again(tmp_path: Path) -> None:
    world, run = World(), make_run(tmp_path)
    left: list[bytes] = []
    for incarnation, seconds in ((1, 4.03), (2, 5.217), (3, 6.0)):
        trader = CapturedTrader(world, run, incarnation)
        world.loop.advance(seconds)
        trader.close() if incarnation == 3 else trader.kill()
        left.append(journal(run))
    orders: list[OrderIntended] = []
    for path, standing in zip(captures(run), left, strict=True):
        made = replay(path)
        assert made.run(), made.player.fault
        assert made.journal() == standing, "what stood in the journal has all that led there in the capture"
        orders += [record for record in made.records if isinstance(record, OrderIntended)]
    ids = [order.client_id for order in orders]
    assert len(ids) == len(set(ids)) >= 6
    assert ids == sorted(ids, key=lambda name: journal(run).index(name.encode())), "all of them, in their order"


def test_a_journal_that_rotates_is_made_again_file_by_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(AccountJournal.__init__, "__defaults__", (6_000, NO_KEYS))
    run = trade(tmp_path, 16)
    made = replay(captures(run)[0])
    assert made.run(), made.player.fault
    rotated = sorted(run.data.glob("account-main.journal.*"))
    assert len(rotated) >= 3, "it did rotate"
    assert {path: made.disk.files[path] for path in rotated} == {path: path.read_bytes() for path in rotated}


def test_an_encrypted_journal_is_made_again_to_the_byte_with_its_key(tmp_path: Path) -> None:
    key_file = tmp_path / "key"
    key_file.touch(0o600)
    key_file.write_text(new_key())
    run = trade(tmp_path, run=make_run(tmp_path, journal=JournalSettings(key_file=str(key_file))))
    assert b"tgmain-" not in journal(run)
    made = replay(captures(run)[0])
    assert made.run(), made.player.fault
    assert made.journal() == journal(run)
    key_file.unlink()
    with pytest.raises(CaptureFault, match=r"cannot be written as it was: key file .* cannot be read"):
        replay(captures(run)[0])


def test_a_strategy_that_was_changed_since_is_found_at_its_first_other_decision(tmp_path: Path) -> None:
    mine = tmp_path / "mine.py"
    mine.write_text(TRADES_ON_ITS_OWN)
    strategy = StrategySettings(path="mine.py:Mine", name="mine")
    run = trade(tmp_path, run=make_run(tmp_path, strategy, strategies_dir=str(tmp_path)))
    assert replay(captures(run)[0]).run()
    mine.write_text(TRADES_ON_ITS_OWN.replace("SEED = 1", "SEED = 2222"))
    made = replay(captures(run)[0])
    assert not made.run()
    assert "last handled" in made.player.fault
    assert made.player.effects > 3, "as far as there its decisions were the same"


def test_what_the_outside_says_is_what_decides(tmp_path: Path) -> None:
    """A capture with one word of the venue changed is no capture of that run."""
    run = trade(tmp_path)
    capture = read_capture(SystemDisk(), captures(run)[0])
    events = list(capture.events)
    place = next(i for i, e in enumerate(events) if isinstance(e, list) and e[0] == 0 and b"tgmain-" in e[3])
    changed = [*events]
    changed[place] = [*changed[place][:3], changed[place][3].replace(b"tgmain-", b"tgmean-")]  # type: ignore[index]
    assert Replay(capture._replace(events=iter(events))).run()
    assert not Replay(capture._replace(events=iter(changed))).run()


def test_every_port_of_a_trader_is_a_file_or_behind_the_boundary(tmp_path: Path) -> None:
    """A new port that is neither would decide in a run what a replay does not know of."""
    run = make_run(tmp_path)
    run.exchange_dir.mkdir()
    (run.exchange_dir / CREDENTIALS_NAME).write_bytes(msgspec.json.encode(Credentials("a", "b")))
    loop = asyncio.new_event_loop()
    try:
        ports = node_ports("trader", run, loop, real_seams(loop))
    finally:
        loop.close()
    behind = captured_ports(Recorder(_Nowhere(), print), ports)
    bare = {name for name, port in ports.items() if behind[name] is port}
    assert bare == trader_files(run, real_seams(loop)).keys()
    trade(tmp_path, 1, run)
    assert ports.keys() <= replay(captures(run)[0]).system.ports.keys()


class _Nowhere:
    def write(self, events: list[Event], *, urgent: bool = False) -> None:
        """Nobody reads it."""

    def close(self) -> None:
        """Nothing is open."""


# -- the file ---------------------------------------------------------------------------------------------------------


def test_a_capture_is_private_and_holds_no_secret(tmp_path: Path) -> None:
    strategy = StrategySettings(
        path="tradigrade.trading.strategies.exerciser:Exerciser", parameters={"seed": 3, "amount_quote": 500.0}
    )
    run = make_run(tmp_path, strategy)
    secret = msgspec.structs.replace(strategy, parameters={**strategy.parameters, "api_key": "abc-secret-def"})
    settings = msgspec.structs.replace(run.settings, strategies=(secret,))
    begun = begin_capture("trader", msgspec.structs.replace(run, settings=settings), 1, real_seams(None), print)  # type: ignore[arg-type]
    assert begun is not None
    begun.close()
    (path,) = captures(run)
    assert path.stat().st_mode & 0o777 == 0o600
    assert b"abc-secret-def" not in path.read_bytes()
    assert '"api_key":"***"' in read_capture(SystemDisk(), path).header.run


def test_at_its_bound_a_capture_ends_and_says_so_and_trading_goes_on(tmp_path: Path) -> None:
    world, run = World(), make_run(tmp_path, capture=CaptureSettings(limit_mb=1))
    trader = CapturedTrader(world, run)
    trader.capture.recorder._sink._limit_bytes = 20_000  # type: ignore[attr-defined]
    world.loop.advance(20)
    trader.close()
    assert trader.ends == ["its bound of 20000 bytes is reached"]
    assert trader.said[-1] == ("bye", "shutdown")
    made = replay(captures(run)[0])
    assert made.run(), made.player.fault
    assert made.player.ended == trader.ends[0]
    assert journal(run).startswith(made.journal())
    assert len(made.records) > 5


def test_the_oldest_captures_make_room_for_a_new_one(tmp_path: Path) -> None:
    run = make_run(tmp_path, capture=CaptureSettings(limit_mb=1))
    folder = run.data / "captures"
    folder.mkdir()
    for number in range(4):
        (folder / f"trader-{number}-old.capture").write_bytes(bytes(200_000))
    begun = begin_capture("trader", run, 9, real_seams(None), print)  # type: ignore[arg-type]
    assert begun is not None
    begun.close()
    kept = [path.name for path in captures(run)]
    assert [name for name in kept if "old" in name] == ["trader-2-old.capture", "trader-3-old.capture"]
    assert [name for name in kept if name.endswith("-trader-9-r1.capture")] == kept[:1]


def test_a_trader_with_threads_is_not_captured_and_the_reason_is_told(tmp_path: Path) -> None:
    run = make_run(tmp_path, placement={ACCOUNT: "threads"})
    with pytest.raises(CaptureFault, match="account runs on a thread of its own, whose timing cannot be captured"):
        begin_capture("trader", run, 1, real_seams(None), print)  # type: ignore[arg-type]
    assert not (run.data / "captures").exists()


def test_what_is_not_asked_for_is_not_captured(tmp_path: Path) -> None:
    run = make_run(tmp_path, capture=CaptureSettings(enabled=False))
    assert begin_capture("trader", run, 1, real_seams(None), print) is None  # type: ignore[arg-type]
    assert begin_capture("console", make_run(tmp_path), 1, real_seams(None), print) is None  # type: ignore[arg-type]


# -- the command ------------------------------------------------------------------------------------------------------


def command(*arguments: object) -> Any:
    return CliRunner().invoke(app, ["replay", *map(str, arguments)])


def test_the_command_tells_what_happened_and_that_it_was_the_same(tmp_path: Path) -> None:
    run = trade(tmp_path)
    done = command(run.data, "--json")
    assert done.exit_code == 0, done.output
    told = json.loads(done.stdout)
    made = replay(captures(run)[0])
    made.run()
    assert told["events"] == made.player.number
    assert told["decisions"] == made.player.effects
    orders = [record for record in made.records if isinstance(record, OrderIntended)]
    assert [each["client_id"] for each in told["orders"]] == [order.client_id for order in orders]
    approval, signal, bar = told["orders"][0]["causes"]
    assert (approval.split()[1], signal.split()[1].rstrip(",")) == (orders[0].approval_id, orders[0].signal_id)
    assert bar.startswith("bar ")
    assert told["fault"] == ""


def test_verbose_shows_every_message_and_the_causes_of_each_order(tmp_path: Path) -> None:
    run = trade(tmp_path, seconds=4)
    done = command(captures(run)[0], "-v")
    assert "trader/feeds/binance: FrameArrived from port/market" in done.stderr
    assert "because of approval" in done.stderr
    assert "decisions as recorded" in done.stderr


def test_until_stops_before_an_event(tmp_path: Path) -> None:
    run = trade(tmp_path, seconds=2)
    done = command(run.data, "--json", "--until", 200)
    assert done.exit_code == 0
    assert json.loads(done.stdout)["events"] >= 200
    assert json.loads(done.stdout)["events"] < 300
    assert json.loads(done.stdout)["ended"] == "the replay stopped there"


def test_a_capture_of_settings_that_are_not_known_is_told_in_one_sentence(tmp_path: Path) -> None:
    file = Journal(SystemDisk(), tmp_path / "z.capture")
    file.open()
    file.append(msgspec.json.encode(Header("trader", 1, '{"run_id": "r", "settings": 5}', "0.1", "1", 0)))
    file.close()
    done = command(tmp_path / "z.capture")
    assert done.exit_code == 1
    assert "its settings are not of this program" in done.stderr
    assert "captured by version 0.1" in done.stderr


def test_the_command_fails_where_a_decision_was_different(tmp_path: Path) -> None:
    (tmp_path / "mine.py").write_text(TRADES_ON_ITS_OWN)
    strategy = StrategySettings(path="mine.py:Mine", name="mine")
    run = trade(tmp_path, run=make_run(tmp_path, strategy, strategies_dir=str(tmp_path)))
    (tmp_path / "mine.py").write_text(TRADES_ON_ITS_OWN.replace("SEED = 1", "SEED = 2222"))
    done = command(run.data)
    assert done.exit_code == 1
    assert "then a different one: event " in done.stderr


def test_what_is_no_capture_is_refused_in_one_sentence(tmp_path: Path) -> None:
    assert command(tmp_path).exit_code == 2
    file = tmp_path / "x.capture"
    file.write_bytes(b"not one")
    done = command(file)
    assert done.exit_code == 2
    assert "is no capture" in done.stderr
    foreign = Journal(SystemDisk(), tmp_path / "y.capture")
    foreign.open()
    foreign.append(msgspec.json.encode(Header("trader", 1, "{}", "0.1", "1", 0, version=99)))
    foreign.close()
    done = command(tmp_path / "y.capture")
    assert done.exit_code == 2
    assert "expected tradigrade capture 1, found tradigrade capture 99 of program 0.1" in done.stderr
