"""Downloads: whatever interrupts them, the next one goes on, and the catalogue ends up the same."""

import asyncio
import datetime
import random
import signal
from pathlib import Path

import pytest

from tests.exchanges.test_simulated_venue import run_venue
from tests.kit.catalogue import rows_of
from tradigrade.data_download import FAILURES_MAX, Download, Outcome, Wanted
from tradigrade.data_venues import local_binance
from tradigrade.exchanges.ccxt_history import CcxtHistory
from tradigrade.exchanges.history import HistoryRefused, PastBar, PastTrade, RetryLater
from tradigrade.exchanges.limit_windows import SharedWindows
from tradigrade.exchanges.rate_budget import RateBudget
from tradigrade.exchanges.simulated.tls import ensure_certificate
from tradigrade.kernel.clock import ManualClock, SystemClock
from tradigrade.storage.catalogue.layout import Dataset

MINUTE_MS = 60_000
START_MS = 1_704_067_200_000
MS_NS = 1_000_000
HOLE = range(500, 510)
BARS = [PastBar(START_MS + i * MINUTE_MS, "100.10", "101", "99", "100", "1.5") for i in range(2_000) if i not in HOLE]
TRADES = [PastTrade(START_MS + i * 700, str(i), "100.5", "0.1", "buy") for i in range(3_000)]
DATASET = Dataset("venue", "BTC/USDT", "1m")
WANTED = Wanted(START_MS * MS_NS, (START_MS + 1_800 * MINUTE_MS) * MS_NS)


class Venue:
    """Pages of 200; `script` says what becomes of the questions by their number."""

    def __init__(self, script=None):
        self.asked, self.script = [], script or {}

    def limit(self, symbol, interval):
        return 200

    async def bars(self, symbol, interval, since_ms, limit):
        return self._answer(BARS, since_ms, limit)

    async def trades(self, symbol, since_ms, limit):
        return self._answer([row for row in TRADES if row.at_ms < since_ms + 3_600_000], since_ms, limit)

    def _answer(self, rows, since_ms, limit):
        self.asked.append(since_ms)
        if (fault := self.script.get(len(self.asked))) is not None:
            raise fault
        return [row for row in rows if row.at_ms >= since_ms][:limit]

    async def close(self):
        pass


def download(root: Path, venue: Venue, dataset=DATASET, wanted=WANTED, waits=None) -> Outcome:
    async def nap(wait_s: float) -> None:
        (waits if waits is not None else []).append(wait_s)

    run = Download(venue, root, lambda _: None, nap, random.Random(1)).run([dataset], wanted)
    return asyncio.run(run)[0]


@pytest.fixture(scope="module")
def whole(tmp_path_factory):
    root = tmp_path_factory.mktemp("whole")
    outcome = download(root, Venue())
    assert outcome.fault == ""
    return rows_of(root, DATASET)


def test_all_finished_bars_are_there_and_the_hole_is_known(tmp_path, whole):
    assert len(whole) == 1_790
    outcome = download(tmp_path, Venue())
    assert [(gap.bars, gap.checked) for gap in outcome.gaps] == [(10, True)]
    assert outcome.withheld == []
    again = Venue()
    assert download(tmp_path, again).merged.added == 0
    assert again.asked == []


class Killed(BaseException):
    pass


@pytest.mark.parametrize("page", range(1, 11, 3))
@pytest.mark.parametrize("how", [asyncio.CancelledError, Killed])
def test_a_download_killed_at_any_page_goes_on(tmp_path, whole, page, how):
    with pytest.raises((how, BaseExceptionGroup, asyncio.CancelledError)):
        download(tmp_path, Venue({page: how()}))
    venue = Venue()
    assert download(tmp_path, venue).fault == ""
    assert rows_of(tmp_path, DATASET) == whole
    assert len(venue.asked) <= 12 - page  # what was had is not asked for again


def test_ctrl_c_stores_what_was_had(tmp_path):
    class Hanging(Venue):
        async def bars(self, symbol, interval, since_ms, limit):
            if len(self.asked) == 2:
                signal.raise_signal(signal.SIGINT)
                await asyncio.sleep(3_600)
            return await super().bars(symbol, interval, since_ms, limit)

    with pytest.raises(KeyboardInterrupt):
        download(tmp_path, Hanging())
    assert len(rows_of(tmp_path, DATASET)) == 400


def test_the_venues_word_on_when_to_ask_again_is_kept(tmp_path, whole):
    waits: list[float] = []
    script = {2: RetryLater("429", 7.0), 3: RetryLater("429", 7.0), 5: RetryLater("cut off"), 6: RetryLater("cut off")}
    assert download(tmp_path, Venue(script), waits=waits).fault == ""
    assert rows_of(tmp_path, DATASET) == whole
    assert all(7 <= wait_s <= 8 for wait_s in waits[:2])
    assert 0.5 <= waits[2] <= 1.5 <= 2 * waits[3] <= 6


def test_a_venue_that_serves_no_more_is_given_up_and_what_was_had_stays(tmp_path):
    script = {number: RetryLater("down") for number in range(4, 4 + FAILURES_MAX)}
    outcome = download(tmp_path, Venue(script))
    assert (outcome.fault, outcome.merged.added) == ("down", 600)


def test_a_refusal_is_told_and_what_was_had_stays(tmp_path):
    outcome = download(tmp_path, Venue({3: HistoryRefused("no such thing")}))
    assert (outcome.fault, outcome.merged.added) == ("no such thing", 400)


def test_trades_come_whole_over_quiet_hours(tmp_path):
    dataset = Dataset("venue", "BTC/USDT", "trades")
    wanted = Wanted(START_MS * MS_NS, (START_MS + 8 * 3_600_000) * MS_NS)
    assert download(tmp_path, Venue(), dataset, wanted).fault == ""
    assert [row[1] for row in rows_of(tmp_path, dataset)] == [row.trade_id for row in TRADES]
    again = Venue()
    download(tmp_path, again, dataset, wanted)
    assert again.asked == []


@pytest.mark.parametrize(("again", "volume"), [(False, "1.5"), (True, "2")])
def test_what_the_venue_tells_otherwise_is_taken_only_where_asked(tmp_path, monkeypatch, again, volume):
    wanted = Wanted(WANTED.since_ns, WANTED.since_ns + 100 * MINUTE_MS * MS_NS)
    download(tmp_path, Venue(), wanted=wanted)
    monkeypatch.setitem(globals(), "BARS", [row._replace(volume="2") for row in BARS])
    outcome = download(tmp_path, Venue(), wanted=wanted._replace(replace=again))
    assert outcome.merged.conflicts == (100 if again else 0)
    assert float(rows_of(tmp_path, DATASET)[0][5]) == float(volume)


def test_a_bar_that_cannot_be_is_named_and_refused(tmp_path, monkeypatch):
    monkeypatch.setitem(globals(), "BARS", [row._replace(high="1") if i == 3 else row for i, row in enumerate(BARS)])
    assert "expected high not below low" in download(tmp_path, Venue()).fault


class Exchange:
    """As much of ccxt's binance as a download needs; `used` is the count that the venue tells with every answer."""

    id = "binance"

    def __init__(self, used: int) -> None:
        self.last_response_headers = {"X-MBX-USED-WEIGHT-1M": str(used)}
        self.asked = 0

    async def fetch_ohlcv(self, symbol, interval, since_ms, limit):
        self.asked += 1
        return []


def test_a_download_leaves_the_rest_of_the_minute_to_those_who_trade(tmp_path):
    clock = ManualClock(70 * 10**9)
    ours, theirs = (RateBudget(windows=SharedWindows(tmp_path / "limits")) for _ in range(2))
    exchange = Exchange(used=3_000)
    port = CcxtHistory(exchange, clock, budget=ours)
    asyncio.run(port.bars("BTC/USDT", "1m", 0, 10))
    with pytest.raises(RetryLater, match="lets us ask in this minute") as found:
        asyncio.run(port.bars("BTC/USDT", "1m", 0, 10))
    assert (found.value.wait_s, exchange.asked) == (50.0, 1)
    assert theirs.used_share(clock.now_ns()) == 0.5, "what the venue counted is known to all"
    clock.advance(50)
    asyncio.run(port.bars("BTC/USDT", "1m", 0, 10))


def test_unmodified_ccxt_downloads_from_the_simulated_venue(tmp_path):
    """Over TLS; only what is finished by the venue's clock is stored, as the venue spells it."""
    certificate = ensure_certificate(tmp_path / "tls", datetime.datetime.now(datetime.UTC))
    tape: list[str] = []

    async def scenario(rig, _):
        await (await rig.session.ws_connect("wss://stream.binance.com:9443/ws/btcusdt@trade")).receive()
        await asyncio.sleep(2.5)  # the venue's market runs in real time
        port = CcxtHistory(local_binance(rig.session), SystemClock())
        await port.open()
        port.check("BTC/USDT", "1s")
        with pytest.raises(HistoryRefused, match="expected a symbol"):
            port.check("NO/SUCH", "1s")
        settled_ns = await port.settled_ns()
        now_ns = SystemClock().now_ns()
        assert now_ns - settled_ns >= 5e9
        wanted = Wanted(now_ns - 20 * 10**9, now_ns)
        series = [port.series("1s"), port.series("trades")]
        datasets = [Dataset("local", "BTC/USDT", each) for each in series]
        outcomes = await Download(port, tmp_path, lambda _: None).run(datasets, wanted)
        tape.extend(str(row["p"]) for row in (await (await rig.session.get(f"{REST}/aggTrades?symbol=BTCUSDT")).json()))
        return outcomes

    bars, trades = run_venue(certificate, scenario)
    assert (bars.fault, trades.fault, trades.dataset.series) == ("", "", "aggtrades")
    assert bars.merged.added >= 1
    stored = [str(row[2].normalize()) for row in rows_of(tmp_path, trades.dataset)]
    assert stored
    assert {float(price) for price in stored} <= {float(price) for price in tape}


REST = "https://api.binance.com/api/v3"
