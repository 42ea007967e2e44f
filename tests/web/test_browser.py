"""The console's page in a real browser, fed through the real server."""

import asyncio
import re
from collections.abc import Awaitable, Callable, Iterator
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from types import SimpleNamespace

import msgspec
import pytest

from tests.trading.journalled import refused, signal, whole_life
from tests.web.samples import (
    NOW,
    PIDS,
    RISK,
    S,
    actor,
    chaos,
    feed_all,
    feed_view,
    move,
    node,
    standing,
    step,
    symbol,
    system,
    trader,
    trading,
)
from tradigrade.kernel.disk import SystemDisk
from tradigrade.storage.account_journal import AccountJournal
from tradigrade.storage.halt import HALT_NAME, HaltLatch
from tradigrade.trading.candles import Candle
from tradigrade.trading.differences import DifferenceNoted
from tradigrade.trading.messages import ZERO, AccountReconciled, RiskAlert
from tradigrade.trading.views import FillView
from tradigrade.transports.control import ChartAnswered, LimitView, ReconciliationAnswered, RiskAnswered
from tradigrade.web.history import HistoryReader
from tradigrade.web.pages import PAGES
from tradigrade.web.server import ConsoleServer
from tradigrade.web.state import ConsoleState

CHROMIUM = Path("/usr/bin/chromium")
ARGUMENTS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]
BOUND_MS = 8_000
EXPECTED = re.compile(r"ERR_CONNECTION|\b409\b")
"""What a browser says by itself of a server that is gone, and of a refusal that the page shows."""

playwright = pytest.importorskip("playwright.async_api", reason="playwright is not installed")
pytestmark = [
    pytest.mark.browser,
    pytest.mark.skipif(not CHROMIUM.exists(), reason=f"{CHROMIUM} is absent; install Debian's chromium"),
]


SHARED = SimpleNamespace(runner=None, browser=None)


@pytest.fixture(scope="module", autouse=True)
def chromium() -> Iterator[None]:
    """One browser for all tests, since to start it takes longer than most of them; each has a context of its own."""
    with asyncio.Runner() as runner:
        driver = runner.run(playwright.async_playwright().start())
        SHARED.runner = runner
        SHARED.browser = runner.run(driver.chromium.launch(executable_path=CHROMIUM, args=ARGUMENTS))
        yield
        runner.run(SHARED.browser.close())
        runner.run(driver.stop())


def browse(
    test: Callable[[SimpleNamespace], Awaitable[None]],
    path: str = "/",
    history: HistoryReader | None = None,
    latch: HaltLatch | None = None,
) -> None:
    """Run `test` with a page open on a fed server; whatever the page complains of fails the test."""

    async def run() -> None:
        state, clock, complaints = ConsoleState(), SimpleNamespace(now_ns=NOW), []
        feed_all(state, NOW)
        server = ConsoleServer(state, lambda: clock.now_ns, history=history, latch=latch, who="mara")
        port = await server.start("127.0.0.1", 0)
        page = await SHARED.browser.new_page(viewport={"width": 1280, "height": 800})
        page.set_default_timeout(BOUND_MS)
        page.on("pageerror", lambda error: complaints.append(str(error)))
        page.on("console", lambda line: None if EXPECTED.search(line.text) else complaints.append(line.text))
        try:
            await page.goto(f"http://127.0.0.1:{port}{path}")
            await expect(page, "#connection").to_have_text("live", timeout=BOUND_MS)
            it = SimpleNamespace(page=page, state=state, clock=clock, server=server, port=port)
            await test(it)
        finally:
            await page.close()
            await server.stop()
        assert complaints == []

    SHARED.runner.run(run())


def expect(page: object, selector: str) -> object:
    return playwright.expect(page.locator(selector))


def row(path: str) -> str:
    return f'#tree tr[data-key^="{path}"]'


def tell(it: SimpleNamespace, *reports: object) -> None:
    for report in reports:
        it.state.apply(report, it.clock.now_ns)
    it.server.notify()


def test_the_page_shows_the_whole_system_without_scrolling() -> None:
    async def test(it: SimpleNamespace) -> None:
        await expect(it.page, "#rung-name").to_have_text("NORMAL")
        await expect(it.page, "#equity").to_have_text("10,021.72 USDT")
        await expect(it.page, row(RISK) + " th").to_have_text("risk")
        await expect(it.page, row("node:learner") + " .state").to_have_text("running")
        await expect(it.page, "#market tbody tr").to_have_count(2)
        await expect(it.page, "#orders tbody tr").to_have_count(20)
        await expect(it.page, "#learning tbody tr:first-child .losses").to_contain_text("linear 0.6894")
        size = await it.page.evaluate("[document.documentElement.scrollWidth, document.documentElement.scrollHeight]")
        assert size == [1280, 800]
        drawn = "id => new Set(document.getElementById(id).getContext('2d').getImageData(0, 0, 300, 100).data).size"
        assert await it.page.evaluate(drawn, "equity-chart") > 20
        assert await it.page.evaluate(drawn, "loss-chart") > 20

    browse(test)


def test_changes_arrive_without_a_reload() -> None:
    async def test(it: SimpleNamespace) -> None:
        await it.page.evaluate("window.sameDocument = true")
        crashed = trader(restarts=1, incarnation=2, reason="ValueError: no price", mailbox=9)
        quote = symbol(bid="30000.50")
        tell(it, crashed, trading(rung="CANCEL_ONLY", rung_reason="crossed book", symbols=(quote,)))
        await expect(it.page, row(RISK) + " td:nth-child(3)").to_have_text("1")
        await expect(it.page, row(RISK) + " .reason").to_have_text("ValueError: no price")
        assert await it.page.locator(row(RISK)).evaluate("row => row.getAnimations().length") == 1, "it flashes"
        await expect(it.page, "#market tbody tr").to_have_count(1)
        await expect(it.page, "#market tbody td:nth-child(2)").to_have_text("30,000.50")
        await expect(it.page, "#rung-name").to_have_text("CANCEL ONLY")
        await expect(it.page, "#rung-reason").to_have_text("crossed book")
        await expect(it.page, "#incidents tbody tr:first-child").to_contain_text("NORMAL → CANCEL_ONLY: crossed book")
        assert await it.page.evaluate("window.sameDocument")

    browse(test)


def test_a_lost_connection_is_told_and_found_again() -> None:
    async def test(it: SimpleNamespace) -> None:
        await it.server.stop()
        await expect(it.page, "#connection").to_contain_text("connection lost")
        await expect(it.page, "#rung-name").to_have_text("UNKNOWN")
        await expect(it.page, "#rung-reason").to_contain_text("no connection to the console; NORMAL at ")
        tell(it, trader(restarts=5))
        await it.server.start("127.0.0.1", it.port)
        await expect(it.page, "#connection").to_have_text("live", timeout=BOUND_MS)
        await expect(it.page, "#rung-name").to_have_text("NORMAL")
        await expect(it.page, row(RISK) + " td:nth-child(3)").to_have_text("5")

    browse(test)


def test_a_trader_that_stops_reporting_is_shown_stale_and_never_healthy() -> None:
    async def test(it: SimpleNamespace) -> None:
        it.clock.now_ns += 5 * S
        tell(it, system(), *(node(name) for name in PIDS if name != "trader"))
        await expect(it.page, "#rung-name").to_have_text("UNKNOWN")
        await expect(it.page, "#rung-reason").to_have_text("silent for 5.0 s; last known NORMAL")
        await expect(it.page, row("node:trader") + " .state").to_have_text("stale")
        await expect(it.page, row(RISK) + " .state").to_have_text("stale")
        await expect(it.page, row("node:learner") + " .state").to_have_text("running")
        await expect(it.page, "#market tbody tr.dead").to_have_count(2)
        await expect(it.page, "#faults").to_have_text(re.compile("trading: silent for 5.0 s"))
        await expect(it.page, "body").to_have_attribute("data-trading", "stale")
        tell(it, system(), trader(), trading())
        await expect(it.page, "#rung-name").to_have_text("NORMAL")
        await expect(it.page, "#faults").to_be_hidden()

    browse(test)


def test_actors_that_stall_or_were_left_down_stand_out() -> None:
    async def test(it: SimpleNamespace) -> None:
        feed = "trader/feeds/btc_usdt"
        troubled = {
            RISK: actor(RISK, state="failed", restarts=6, reason="ValueError: no price"),
            feed: actor(
                feed, state="stalled", runtime="threads", mailbox=37, progress_age_s=7.5, reason="made to hang"
            ),
        }
        actors = tuple(troubled.get(one.path, one) for one in trader().actors)
        tell(it, node("trader", actors=actors))
        await expect(it.page, "#tree-summary").to_have_text("5 of 5 nodes running · 1 stalled · 1 failed")
        await expect(it.page, row(RISK) + " .state").to_have_text("failed")
        await expect(it.page, row(RISK) + " .state").to_have_css("color", "rgb(248, 81, 73)")
        await expect(it.page, row(feed) + " .state").to_have_css("color", "rgb(240, 180, 41)")
        await expect(it.page, row(feed) + " th").to_have_attribute("title", re.compile("threads"))
        await expect(it.page, row(feed) + " td:nth-child(4)").to_have_text("37")
        await expect(it.page, row(feed) + " td:nth-child(5)").to_have_text(re.compile(r"^\d+\.\d s$"))
        await expect(it.page, row(feed) + " .reason").to_have_text("made to hang")
        await expect(it.page, "#incidents").to_contain_text("left down: ValueError: no price")
        await expect(it.page, "#faults").to_contain_text("made to hang")

    browse(test)


def test_data_never_becomes_markup() -> None:
    async def test(it: SimpleNamespace) -> None:
        evil = '<img src="x" onerror="window.owned = 1">'
        refused = msgspec.structs.replace(trading().refusals[0], code=evil, numbers={evil: evil})
        tell(it, trader(reason=evil, restarts=1), trading(rung_reason=evil, refusals=(refused,)))
        await expect(it.page, "#rung-reason").to_have_text(evil)
        await expect(it.page, row(RISK) + " .reason").to_have_text(evil)
        assert await it.page.evaluate("document.querySelectorAll('main img').length") == 0
        assert await it.page.evaluate("window.owned") is None

    browse(test)


def test_the_keyboard_folds_the_tree_chooses_a_tab_and_a_curve() -> None:
    async def test(it: SimpleNamespace) -> None:
        fold = it.page.locator(row("trader/trading/account+") + " button")
        await fold.focus()
        await it.page.keyboard.press("Enter")
        await expect(it.page, row(RISK)).to_have_count(0)
        await playwright.expect(fold).to_have_attribute("aria-expanded", "false")
        await it.page.keyboard.press("Enter")
        await expect(it.page, row(RISK)).to_have_count(1)
        await it.page.locator("#incidents-tab").focus()
        await it.page.keyboard.press("ArrowRight")
        await expect(it.page, "#refusals-tab").to_have_attribute("aria-selected", "true")
        await expect(it.page, "#refusals tbody tr:first-child").to_contain_text("position_limit")
        await it.page.locator('#learning tr[data-key="ETH/USDT"] button').focus()
        await it.page.keyboard.press("Enter")
        await expect(it.page, "#loss-range").to_contain_text("ETH/USDT")

    browse(test)


def test_the_ladder_is_shown_with_its_moves() -> None:
    async def test(it: SimpleNamespace) -> None:
        await expect(it.page, "#standings tbody tr").to_have_count(4)
        await expect(it.page, "#standings tbody tr:first-child").to_contain_text("system")
        reduced = (standing("account", "REDUCING", "daily loss warning"), standing("BTC/USDT"))
        tell(it, trading(standings=reduced, moves=(move(3, after="REDUCING", reason="daily loss warning"), move(2))))
        await expect(it.page, "#standings tbody tr").to_have_count(2)
        await expect(it.page, "#standings tbody tr:first-child .rung").to_have_css("color", "rgb(240, 180, 41)")
        await expect(it.page, "#moves tbody tr:first-child").to_contain_text("↓ REDUCING")
        await expect(it.page, "#moves tbody tr:nth-child(2)").to_contain_text("↑ NORMAL")

    browse(test)


def test_the_chaos_page_follows_a_run_to_its_end() -> None:
    async def test(it: SimpleNamespace) -> None:
        await expect(it.page, "#hint").to_contain_text("tradigrade chaos run")
        tell(it, chaos())
        await expect(it.page, "#run-state").to_have_text("running")
        await expect(it.page, "#hint").to_be_hidden()
        await expect(it.page, "#run-summary").to_contain_text("fault 13 of 26 · 1 min · seed 4711")
        await expect(it.page, "#steps tbody tr").to_have_count(13)
        await expect(it.page, "#steps tbody tr:first-child .verdict").to_have_text("open")
        await expect(it.page, "#invariants tbody tr:nth-child(2) .holds").to_have_css("color", "rgb(248, 81, 73)")
        await expect(it.page, "#times tbody tr.total").to_contain_text("12 of 13")
        await expect(it.page, "#rung-name").to_have_text("NORMAL")
        await expect(it.page, "#moves tbody tr").to_have_count(2)
        size = await it.page.evaluate("[document.documentElement.scrollWidth, document.documentElement.scrollHeight]")
        assert size == [1280, 800]
        drawn = "id => new Set(document.getElementById(id).getContext('2d').getImageData(0, 0, 300, 100).data).size"
        assert await it.page.evaluate(drawn, "repair-chart") > 20
        tell(it, chaos(state="finished", steps=(*chaos().steps[:-1], step(13))))
        await expect(it.page, "#run-state").to_have_text("finished")
        await expect(it.page, "#steps tbody tr:first-child .verdict").to_have_text("recovered")

    browse(test, "/chaos")


def test_a_chaos_run_that_falls_silent_is_shown_lost_and_its_data_never_becomes_markup() -> None:
    async def test(it: SimpleNamespace) -> None:
        evil = '<img src="x" onerror="window.owned = 1">'
        tell(it, chaos(steps=(step(1, kind=evil, target=evil, what=evil, text=evil),)))
        await expect(it.page, "#steps tbody tr td:nth-child(3)").to_have_text(evil)
        assert await it.page.evaluate("document.querySelectorAll('main img').length") == 0
        assert await it.page.evaluate("window.owned") is None
        it.clock.now_ns += 10 * S
        it.server.notify()
        await expect(it.page, "#run-state").to_have_text("lost")

    browse(test, "/chaos")


def test_the_pages_lead_to_one_another_and_a_run_shows_on_both() -> None:
    async def test(it: SimpleNamespace) -> None:
        await expect(it.page, "body").to_have_attribute("data-chaos", "none")
        tell(it, chaos())
        await expect(it.page, "body").to_have_attribute("data-chaos", "running")
        await it.page.click("nav a[href='/chaos']")
        await expect(it.page, "#run-state").to_have_text("running")
        await it.page.click("nav a:first-child")
        await expect(it.page, row(RISK) + " th").to_have_text("risk")

    browse(test)


# -- orders and risk --------------------------------------------------------------------------------------------------


def journal(folder: Path, *records: object) -> HistoryReader:
    path = folder / "account-main.journal"
    written = AccountJournal(SystemDisk(), path)
    written.open()
    for record in records:
        written.append(record)  # type: ignore[arg-type]
    written.close()
    return HistoryReader(SystemDisk(), path)


def test_the_orders_page_explains_the_one_that_is_chosen(tmp_path: Path) -> None:
    lives = (*whole_life(1, "buy", "30000"), *whole_life(2, "sell", "30300"))
    history = journal(tmp_path, *lives, signal(3, "0.5"), refused(3, "POSITION_LIMIT", {"worst": "15000"}))

    async def test(it: SimpleNamespace) -> None:
        await expect(it.page, "#history tbody tr").to_have_count(2)
        await expect(it.page, "#history tbody tr:first-child").to_contain_text("+2.40")
        await expect(it.page, "#positions tbody tr").to_have_count(2)
        await expect(it.page, "#days tbody tr").to_have_count(1)
        await it.page.click("#history tbody tr:first-child td:nth-child(3)")
        await expect(it.page, "#chain .stage").to_have_count(5)
        await expect(it.page, "#chain .stage:first-child p").to_have_text(
            "s wanted to hold 0 BTC and held 0.01: -0.01 BTC"
        )
        await expect(it.page, "#chain .events tr").to_have_count(4)
        await expect(it.page, "#chain .stage:last-child").to_contain_text("2.397 USDT realised")
        await expect(it.page, "#history tr.chosen th").to_have_text("tgmain-1-2")
        assert it.page.url.endswith("/orders#tgmain-1-2")
        await it.page.check("#filters input")
        await expect(it.page, "#history tbody tr").to_have_count(3)
        await it.page.locator('#history tr[data-key="signal-3"] button').focus()
        await it.page.keyboard.press("Enter")
        await expect(it.page, "#chain .stage.refused").to_contain_text("POSITION_LIMIT")
        await it.page.select_option("#filters [name=state]", "refused")
        await expect(it.page, "#history tbody tr").to_have_count(1)
        size = await it.page.evaluate("[document.documentElement.scrollWidth, document.documentElement.scrollHeight]")
        assert size == [1280, 800]

    browse(test, "/orders", history)


def test_what_the_journal_holds_never_becomes_markup(tmp_path: Path) -> None:
    evil = '<img src="x" onerror="window.owned = 1">'
    history = journal(tmp_path, signal(1, "0.5", strategy=evil), refused(1, evil, {evil: evil}))

    async def test(it: SimpleNamespace) -> None:
        await it.page.check("#filters input")
        await it.page.click("#history tbody tr:first-child th button")
        await expect(it.page, "#chain .stage.refused dd:first-of-type").to_have_text(evil)
        await expect(it.page, "#history tbody tr td:nth-child(3)").to_have_text(evil)
        assert await it.page.evaluate("document.querySelectorAll('main img').length") == 0
        assert await it.page.evaluate("window.owned") is None

    browse(test, "/orders", history)


def test_the_main_page_leads_from_an_order_to_its_explanation(tmp_path: Path) -> None:
    async def test(it: SimpleNamespace) -> None:
        await expect(it.page, "#orders tbody tr:first-child a").to_have_attribute("href", "/orders#main-3-20")
        await it.page.click("#orders tbody tr:first-child a")
        await expect(it.page, "#chain-id").to_have_text("main-3-20")
        await expect(it.page, "#chain .hint").to_contain_text("no order, signal or approval 'main-3-20'")
        await expect(it.page, "#connection").to_have_text("live", timeout=BOUND_MS)

    browse(test, "/", journal(tmp_path, *whole_life(1, "buy", "30000")))


def test_the_risk_page_shows_what_is_used_of_each_limit() -> None:
    async def test(it: SimpleNamespace) -> None:
        near = LimitView("max_leverage", "account", "multiple", "gross", Decimal(1), Decimal("0.9"), Decimal("0.1"))
        free = LimitView("max_daily_loss", "account", "fraction", "of the day", None, Decimal("0.01"), None)
        it.state.risk.hear(RiskAnswered("7-abc", "r1", ("no weekends",), (near, free), {}, NOW), NOW)
        await expect(it.page, "#limits tbody tr").to_have_count(2)
        await expect(it.page, "#limits tr.level-near .used").to_have_css("color", "rgb(240, 180, 41)")
        await expect(it.page, "#limits tr.unbounded").to_contain_text("no bound")
        assert await it.page.locator("#limits tr.level-near meter").evaluate("meter => meter.value") == 0.9
        await expect(it.page, "#limits-summary").to_contain_text("version 7-abc")
        await expect(it.page, "#rules").to_contain_text("no weekends")
        await expect(it.page, "#standings tbody tr").to_have_count(4)
        await expect(it.page, "#refusals tbody tr").to_have_count(7)

    browse(test, "/risk")


def test_the_data_page_shows_how_far_data_is_trusted_and_what_was_repaired() -> None:
    async def test(it: SimpleNamespace) -> None:
        for feed in (feed_view(), feed_view(path="trader/feeds/kraken", reference=True, connected=False)):
            it.state.data.hear_feed(feed, NOW)
        await expect(it.page, "#symbols tbody tr").to_have_count(4)
        await expect(it.page, "#symbols tr.down .reason >> nth=0").to_contain_text("nothing useful for 3.0 s")
        await expect(it.page, "#symbols tr.fair >> nth=0").to_contain_text(
            "3 far from the last prices · 1 trades told before"
        )
        await expect(it.page, "#feeds tr.off").to_contain_text("kraken")
        await expect(it.page, "#repairs tbody tr >> nth=0").to_contain_text("gap: an update of the book was missing")
        await expect(it.page, "#symbols-summary").to_contain_text("4 symbols")

    browse(test, "/data")


def test_the_risk_page_shows_how_books_and_venue_compare() -> None:
    async def test(it: SimpleNamespace) -> None:
        await expect(it.page, "#books-verdict").to_have_text("not known")
        verdict = AccountReconciled(False, ("balance BTC: books 1.50, venue 1.40",), 3, 1, NOW)
        foreign = "foreign order x-1: books nothing, venue buy 0.01000000 BTC/USDT limit at 15000.0"
        mended = DifferenceNoted("fill", "1466", "nothing", "sell 0.1", "booked", NOW - S)
        it.state.reconciliation.hear(ReconciliationAnswered(verdict, verdict.differences, (foreign,), (mended,)), NOW)
        await expect(it.page, "#books-verdict").to_have_text("NOT EQUAL")
        await expect(it.page, "#books-verdict").to_have_css("color", "rgb(248, 81, 73)")
        await expect(it.page, "#books-summary").to_contain_text("our open orders: 3 · in doubt: 1")
        await expect(it.page, "#differences tbody tr").to_have_count(3)
        await expect(it.page, "#differences tr.differs").to_contain_text("books 1.5, venue 1.4")
        await expect(it.page, "#differences tr.foreign").to_contain_text("not ours: left alone")
        await expect(it.page, "#differences tr.past").to_contain_text("booked")
        it.clock.now_ns += 10 * S
        await expect(it.page, "#books-verdict").to_have_text("not known")
        await expect(it.page, "#books-summary").to_have_text("the executor does not answer any more")

    browse(test, "/risk")


PAINTED = "canvas => new Set(canvas.getContext('2d').getImageData(0, 0, canvas.width, canvas.height).data).size"


def tell_market(it: SimpleNamespace, *, bars: int = 90, last: int = 0) -> None:
    """Candles of a second, the last one open since `last` seconds after now; the newest fill in the 20th before now."""
    candles = tuple(
        Candle(NOW - NOW % S + n * S, 100.0, 103.0, 98.0, 101.0 + n % 3, 5.0) for n in range(last + 1 - bars, last + 1)
    )
    bids, asks = ((Decimal("101.5"), Decimal(4)),), ((Decimal("102.5"), Decimal(2)), (Decimal(103), Decimal("1.25")))
    fill = FillView("tg-1-7", "BTC/USDT", "buy", Decimal("101.25"), Decimal("0.5"), ZERO, "USDT", NOW - 20 * S)
    it.state.charts.hear(ChartAnswered("BTC/USDT", S, candles, bids, asks, (fill,)), NOW)


def test_the_market_page_shows_candles_the_book_and_our_fills() -> None:
    async def test(it: SimpleNamespace) -> None:
        await expect(it.page, "#symbol").to_have_value("BTC/USDT")
        await expect(it.page, "#chart-summary").to_contain_text("not asked yet")
        tell_market(it)
        await expect(it.page, "#book tbody tr").to_have_count(4)
        await expect(it.page, "#book tbody tr:first-child").to_have_text("103.01.25")
        await expect(it.page, "#book-summary").to_contain_text("spread 98.52 bps")
        await expect(it.page, "#fills tbody tr").to_contain_text("101.25")
        await expect(it.page, "#fills a").to_have_attribute("href", "/orders#tg-1-7")
        await expect(it.page, "#chart-summary").to_contain_text("90 intervals")
        await expect(it.page, "#readout").to_contain_text("Now  ·  O 100.0  H 103.0  L 98.0  C 101.0  +1.00 %  V 5")
        assert await it.page.eval_on_selector("#candles", PAINTED) > 20
        tell_market(it, bars=1, last=1)
        await expect(it.page, "#readout").to_contain_text("C 102.0")
        await expect(it.page, "#chart-summary").to_contain_text("91 intervals")

    browse(test, "/market")


def test_a_candle_is_read_by_pointer_and_by_keyboard_with_our_fills_in_it() -> None:
    async def test(it: SimpleNamespace) -> None:
        await expect(it.page, "#symbol").to_have_value("BTC/USDT")
        tell_market(it)
        await expect(it.page, "#readout").to_contain_text("Now")
        await it.page.focus("#candles")
        for _ in range(21):
            await it.page.keyboard.press("ArrowLeft")
            await it.page.evaluate("new Promise(requestAnimationFrame)")
        await expect(it.page, "#readout").to_contain_text("bought 0.5 in 1")
        at = moment_of(NOW - 20 * S)
        await expect(it.page, "#readout").to_contain_text(at)
        await it.page.keyboard.press("Escape")
        await expect(it.page, "#readout").to_contain_text("Now")
        box = await it.page.locator("#candles").bounding_box()
        await it.page.mouse.move(box["x"] + box["width"] / 2, box["y"] + 60)
        await expect(it.page, "#readout").to_contain_text(at[:10])
        await it.page.mouse.wheel(0, -400)
        await it.page.mouse.down()
        await it.page.mouse.move(box["x"] + box["width"] / 2 + 200, box["y"] + 60, steps=3)
        await it.page.mouse.up()
        await expect(it.page, "#live-button").to_be_visible()
        await it.page.click("#live-button")
        await expect(it.page, "#live-button").to_be_hidden()

    browse(test, "/market")


def moment_of(at_ns: int) -> str:
    return f"{datetime.fromtimestamp(at_ns // S, UTC):%Y-%m-%d %H:%M:%S}"


def test_the_address_holds_symbol_and_interval_and_symbols_are_found_by_a_part_of_their_name() -> None:
    async def test(it: SimpleNamespace) -> None:
        await expect(it.page, "#symbol").to_have_value("BTC/USDT")
        tell_market(it)
        await expect(it.page, "#intervals [aria-pressed=true]").to_have_text("5s")
        await expect(it.page, "#intervals button").to_have_text(["1s", "5s", "15s", "1m", "5m", "15m", "1h"])
        await it.page.click("#intervals button:has-text('15s')")
        assert it.page.url.endswith("/market?symbol=BTC/USDT&interval=15s")
        await it.page.reload()
        await expect(it.page, "#intervals [aria-pressed=true]").to_have_text("15s")
        await it.page.click("#intervals button:has-text('1m')")
        await it.page.fill("#symbol", "eth")
        await it.page.keyboard.press("Enter")
        await expect(it.page, "#symbol").to_have_value("ETH/USDT")
        await expect(it.page, "#book tbody tr").to_have_count(0)
        await expect(it.page, "#readout").to_have_text("")
        assert it.page.url.endswith("/market?symbol=ETH/USDT&interval=1m")
        await it.page.fill("#symbol", "nothing like it")
        await it.page.keyboard.press("Enter")
        await expect(it.page, "#symbol").to_have_value("ETH/USDT")

    browse(test, "/market?symbol=btcusdt&interval=5s")


FINE = [[60_000 + n * 1000, n, n + 2, n, n + 1, 1] for n in range(3)]
PURE = {
    "fold aligns to the clock": (
        f"fold({FINE}, 1000, 2)",
        [[60_000, 0, 3, 0, 2, 2], [62_000, 2, 4, 2, 3, 1]],
    ),
    "coarse before fine": (
        "joined([[61000], [120000], [121000]], [[0], [60000], [120000]], 60000).flat()",
        [0, 60_000, 120_000, 121_000],
    ),
    "fine where no coarse one is whole": (
        "joined([[61000], [62000]], [[0], [60000]], 60000).flat()",
        [0, 61_000, 62_000],
    ),
    "fine without coarse": ("joined([[61000], [120000]], [], 60000).flat()", [61_000, 120_000]),
    "coarse alone": ("joined([], [[0]], 60000).flat()", [0]),
    "fills of a candle in one": (
        """gathered([{ time_ms: 1, side: "buy", price: "1", amount: "3" },
        { time_ms: 9, side: "buy", price: "5", amount: "1" },
        { time_ms: 9, side: "sell", price: "7", amount: "1" }], 10).map((one) => [one.side, one.price])""",
        [["buy", 2], ["sell", 7]],
    ),
    "midnight tells its day": (
        "[clock(86400000 * 365, 1000), clock(90000, 1000), clock(90000, 60000)]",
        ["01-01", "00:01:30", "00:01"],
    ),
}


def test_what_the_chart_makes_of_its_rows() -> None:
    async def test(it: SimpleNamespace) -> None:
        for name, (call, wanted) in PURE.items():
            module = "fold, joined, gathered, clock"
            found = await it.page.evaluate(f"import('/static/candles.js').then(({{ {module} }}) => {call})")
            assert found == wanted, name

    browse(test, "/market")


READABLE = Path(__file__).with_name("readable.js").read_text(encoding="utf-8")


def test_every_page_is_readable_on_a_screen_and_on_a_phone(tmp_path: Path) -> None:
    """Contrast of 4.5 and more, names for all that can be used, nothing that sticks out to the side."""

    async def test(it: SimpleNamespace) -> None:
        for feed in (feed_view(), feed_view(path="trader/feeds/kraken", reference=True, connected=False)):
            it.state.data.hear_feed(feed, NOW)
        tell_market(it)
        faults = []
        for page in PAGES:
            await it.page.goto(f"http://127.0.0.1:{it.port}{page.path}")
            await expect(it.page, "#connection").to_have_text("live", timeout=BOUND_MS)
            await expect(it.page, "nav [aria-current=page]").to_have_text(page.title)
            await expect(it.page, "#equity").to_have_text("10,021.72 USDT")
            for width, height in ((1280, 800), (390, 844)):
                await it.page.set_viewport_size({"width": width, "height": height})
                wide = await it.page.evaluate("document.documentElement.scrollWidth")
                faults += [f"{page.path}: {wide} wide on {width}"] if wide > width else []
            await it.page.set_viewport_size({"width": 1280, "height": 800})
            high = await it.page.evaluate("document.documentElement.scrollHeight")
            faults += [f"{page.path}: {high} high"] if high > 800 else []
            faults += [f"{page.path}: {each}" for each in await it.page.evaluate(READABLE)]
        assert faults == []

    browse(test, "/", journal(tmp_path, *whole_life(1, "buy", "30000")))


def test_the_keyboard_comes_to_the_page_past_the_navigation() -> None:
    async def test(it: SimpleNamespace) -> None:
        await it.page.keyboard.press("Tab")
        await expect(it.page, "#skip").to_be_focused()
        await it.page.keyboard.press("Enter")
        await expect(it.page, "#main").to_be_focused()

    browse(test, "/data")


def test_an_alert_opens_its_tab_until_somebody_chose_one() -> None:
    async def test(it: SimpleNamespace) -> None:
        await expect(it.page, "#alerts-tab").to_have_text("Alerts")
        await expect(it.page, "#incidents-view").to_be_visible()
        tell(it, trading(alerts=(RiskAlert("PRICE_DEVIATION", "price=1, mid=2", NOW),)))
        await expect(it.page, "#alerts-tab").to_have_text("Alerts 1")
        await expect(it.page, "#alerts tbody tr").to_contain_text("PRICE_DEVIATION")
        await it.page.click("#incidents-tab")
        tell(it, trading(alerts=(RiskAlert("JOURNAL_ARCHIVE", "no room", NOW + 1),)))
        await expect(it.page, "#alerts-tab").to_have_text("Alerts 2")
        await expect(it.page, "#incidents-view").to_be_visible()

    browse(test)


# -- the kill switch --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("path", ["/", "/market"])
def test_everything_is_halted_and_released_by_a_button_and_a_reason(path: str, tmp_path: Path) -> None:
    latch = HaltLatch(SystemDisk(), tmp_path / HALT_NAME)

    async def test(it: SimpleNamespace) -> None:
        await expect(it.page, "#halted").to_be_hidden()
        await it.page.click("#halt-button")
        await expect(it.page, "#halt-reason").to_be_focused()
        await expect(it.page, "#halt-confirm").to_be_disabled()
        await it.page.keyboard.press("Escape")
        await expect(it.page, "#halt-dialog").to_be_hidden()
        assert latch.read() is None, "looking at it does nothing"
        await it.page.click("#halt-button")
        await it.page.fill("#halt-reason", "<b>odd</b> prices")
        await it.page.click("#halt-confirm")
        await expect(it.page, "#halted").to_have_text(re.compile("HALTED<b>odd</b> pricesby mara"))
        await expect(it.page, "#halt-dialog").to_be_hidden()
        assert latch.read().reason == "<b>odd</b> prices"  # type: ignore[union-attr]
        size = await it.page.evaluate("[document.documentElement.scrollWidth, document.documentElement.scrollHeight]")
        assert size == [1280, 800]
        await it.page.click("#halt-button")
        await expect(it.page, "#halt-dialog").to_contain_text("Halted by mara")
        await it.page.fill("#halt-reason", "they are right")
        await it.page.click("#halt-confirm")
        await expect(it.page, "#halted").to_be_hidden()
        assert latch.read() is None

    browse(test, path, journal(tmp_path), latch)


def test_a_release_that_came_too_late_is_told_in_the_dialog(tmp_path: Path) -> None:
    latch = HaltLatch(SystemDisk(), tmp_path / HALT_NAME)
    latch.halt("drawdown", "risk", NOW)

    async def test(it: SimpleNamespace) -> None:
        await expect(it.page, "#halted").to_contain_text("drawdown")
        await it.page.click("#halt-button")
        await it.page.fill("#halt-reason", "all is well")
        latch.release("somebody else did", "x", NOW)
        await it.page.click("#halt-confirm")
        await expect(it.page, "#halt-dialog .fault").to_have_text("nothing is halted")

    browse(test, latch=latch)
