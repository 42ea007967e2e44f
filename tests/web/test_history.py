"""The account's journal as the console reads it, and the limits it asks risk for."""

import asyncio
from collections.abc import Awaitable, Callable
from decimal import Decimal
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import aiohttp
import pytest

from tests.trading.journalled import NOW, S, refused, signal, whole_life
from tests.web.samples import feed_all
from tradigrade.kernel.disk import SystemDisk
from tradigrade.storage.account_journal import AccountJournal
from tradigrade.trading.history.find import NotFound
from tradigrade.transports.control import LimitView, RiskAnswered
from tradigrade.web.history import ROWS_MAX, HistoryReader
from tradigrade.web.history_pages import known_bids
from tradigrade.web.risk_view import RiskWindow
from tradigrade.web.server import ConsoleServer
from tradigrade.web.state import ConsoleState

BOUND_S = 10.0


class Journalled:
    """A journal that is written while it is read."""

    def __init__(self, folder: Path) -> None:
        self.path = folder / "account-main.journal"
        self.journal = AccountJournal(SystemDisk(), self.path)
        self.journal.open()
        self.reader = HistoryReader(SystemDisk(), self.path)

    def write(self, *numbers: int, side: str = "buy") -> None:
        for number in numbers:
            for record in whole_life(number, side, "30000"):
                self.journal.append(record)

    def view(self, **wanted: str) -> dict[str, Any]:
        self.reader.catch_up()
        return self.reader.orders_view(wanted, {}, NOW)


@pytest.fixture
def it(tmp_path: Path) -> Any:
    made = Journalled(tmp_path)
    yield made
    made.journal.close()


def ids(view: dict[str, Any]) -> list[str]:
    return [each["client_id"] for each in view["orders"]]


def test_what_is_new_is_folded_on_and_nothing_twice(it: Journalled) -> None:
    assert it.view()["orders"] == []
    it.write(1, 2)
    assert ids(it.view()) == ["tgmain-1-2", "tgmain-1-1"]
    it.write(3)
    view = it.view()
    assert ids(view) == ["tgmain-1-3", "tgmain-1-2", "tgmain-1-1"]
    assert view["positions"][0]["amount"] == "0.03"
    assert (view["progress"], view["fault"], view["whole"]) == (None, "", True)


def test_it_goes_on_over_rotations_and_reads_old_files_once(it: Journalled) -> None:
    read: list[str] = []
    disk = it.reader._disk
    it.reader._disk = SimpleNamespace(names=disk.names, read=lambda path: (read.append(path.name), disk.read(path))[1])  # type: ignore[assignment]
    for number in range(1, 6):
        it.write(number)
        assert len(it.view()["orders"]) == number
        it.journal.rotate()
    it.write(6)
    read.clear()
    fresh = HistoryReader(SystemDisk(), it.path)
    fresh.catch_up()
    assert it.view() == fresh.orders_view({}, {}, NOW)
    assert set(read) <= {"account-main.journal.snapshot", "account-main.journal.4", "account-main.journal.5"}


def test_filters_choose_orders_and_wishes(it: Journalled) -> None:
    it.write(1)
    it.journal.append(signal(2, "0.5"))
    it.journal.append(refused(2, "POSITION_LIMIT", {}))
    assert ids(it.view()) == ["tgmain-1-1"]
    assert [each["signal_id"] for each in it.view(all="1")["orders"]] == ["signal-2", "signal-1"]
    assert [each["signal_id"] for each in it.view(state="refused")["orders"]] == ["signal-2"]
    assert it.view(symbol="ETH/USDT")["orders"] == []
    assert it.view(strategy="s", state="filled")["found"] == 1


def test_a_view_is_bounded_and_says_how_many_there_are(it: Journalled) -> None:
    it.write(*range(1, ROWS_MAX + 50))
    view = it.view()
    assert (len(view["orders"]), view["found"]) == (ROWS_MAX, ROWS_MAX + 49)


def test_a_damaged_journal_shows_what_stands_before_and_says_so(it: Journalled) -> None:
    it.write(*range(1, 20))
    data = bytearray(it.path.read_bytes())
    data[len(data) // 2] ^= 0xFF
    it.path.write_bytes(bytes(data))
    view = it.view()
    assert "damaged at byte" in view["fault"]
    assert 0 < len(view["orders"]) < 19


def test_an_early_end_is_gone_on_from(it: Journalled) -> None:
    it.write(1)
    it.reader.closed = True
    assert it.view()["progress"] == 0.0
    it.reader.closed = False
    assert ids(it.view()) == ["tgmain-1-1"]


def test_the_chain_is_told_with_times_that_a_browser_can_hold(it: Journalled) -> None:
    it.write(1)
    it.reader.catch_up()
    told = it.reader.explanation("signal-1")
    assert told["at_ms"] == told["at_ns"] // 1_000_000
    assert told["stages"][3]["events"][0]["at_ms"] == told["at_ms"]
    with pytest.raises(NotFound):
        it.reader.explanation("nope")


def test_positions_are_worth_the_running_bids_only_while_they_are_fresh() -> None:
    state = ConsoleState()
    feed_all(state, NOW)
    assert known_bids(state, NOW)["BTC/USDT"].price == Decimal("28190.01")
    assert known_bids(state, NOW + 10 * S) == {}
    assert known_bids(ConsoleState(), NOW) == {}


# -- over HTTP --------------------------------------------------------------------------------------------------------


def serve(made: Journalled, test: Callable[[Any, str], Awaitable[None]]) -> None:
    async def run() -> None:
        server = ConsoleServer(ConsoleState(), lambda: NOW, history=made.reader)
        port = await server.start("127.0.0.1", 0)
        async with aiohttp.ClientSession() as http:
            try:
                async with asyncio.timeout(BOUND_S):
                    await test(http, f"http://127.0.0.1:{port}")
            finally:
                await server.stop()

    asyncio.run(run())


def test_the_server_tells_orders_and_chains(it: Journalled) -> None:
    it.write(1, 2)

    async def test(http: Any, url: str) -> None:
        async with http.get(f"{url}/api/orders?strategy=s&limit=1") as response:
            assert response.status == 200
            assert ids(await response.json()) == ["tgmain-1-2", "tgmain-1-1"]
        async with http.get(f"{url}/api/explain?id=tgmain-1-2") as response:
            assert (await response.json())["client_id"] == "tgmain-1-2"
        async with http.get(f"{url}/api/explain?id=%3Cb%3E{'x' * 5_000}") as response:
            assert "no order, signal or approval" in (await response.json())["error"]
            assert len(await response.text()) < 1_000
        for path in ("/orders", "/risk"):
            async with http.get(url + path) as response:
                assert response.status == 200

    serve(it, test)


def test_a_reader_that_breaks_is_told_and_ends_nothing(it: Journalled, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(it.reader, "_fold_new", lambda: 1 / 0)

    async def test(http: Any, url: str) -> None:
        async with http.get(f"{url}/api/orders") as response:
            assert response.status == 200
        async with http.get(f"{url}/api/orders") as response:
            assert "ZeroDivisionError" in (await response.json())["fault"]

    serve(it, test)


def test_requests_at_once_read_the_journal_once(it: Journalled, monkeypatch: pytest.MonkeyPatch) -> None:
    it.write(1)
    begun: list[int] = []
    monkeypatch.setattr(it.reader, "catch_up", lambda: begun.append(1))

    async def test(http: Any, url: str) -> None:
        async def ask() -> int:
            async with http.get(f"{url}/api/orders") as response:
                status: int = response.status
                return status

        assert set(await asyncio.gather(*(ask() for _ in range(20)))) == {200}
        assert len(begun) <= 2

    serve(it, test)


# -- limits -----------------------------------------------------------------------------------------------------------


def limit(value: str | None, used: str | None) -> LimitView:
    bound, use = (None if each is None else Decimal(each) for each in (value, used))
    return LimitView("max_leverage", "account", "multiple", "gross exposure by equity", bound, use, None)


def answered(*limits: LimitView) -> RiskAnswered:
    return RiskAnswered("3-abc", "r1", ("no weekends",), limits, {"BTC/USDT": Decimal("0.5")}, NOW)


@pytest.mark.parametrize(
    ("value", "used", "part", "level"),
    [
        ("1", "0.5", 0.5, "fine"),
        ("1", "0.8", 0.8, "near"),
        ("1", "1.5", 1.0, "over"),
        ("1", "-1", 0.0, "fine"),
        (None, "5", None, "none"),
        ("1", None, None, "none"),
        ("0", "0", None, "none"),
    ],
)
def test_a_limit_shows_how_much_of_it_is_used(
    value: str | None, used: str | None, part: float | None, level: str
) -> None:
    window = RiskWindow()
    window.hear(answered(limit(value, used)), NOW)
    (told,) = window.look(NOW)["limits"]
    assert (told["part"], told["level"]) == (part, level)


def test_risk_is_asked_only_while_somebody_looks() -> None:
    window = RiskWindow()
    assert not window.wanted(NOW)
    assert window.look(NOW)["fault"] == "not asked yet"
    assert window.wanted(NOW + S)
    assert not window.wanted(NOW + 6 * S)


def test_limits_that_nobody_confirms_are_shown_as_old() -> None:
    window = RiskWindow()
    window.hear(answered(limit("1", "0.5")), NOW)
    assert window.look(NOW + S)["fault"] == ""
    window.miss("x")
    assert window.look(NOW + 4 * S)["fault"] == "risk does not answer: x"
