"""What users of other trading systems complain about in market data, fills and limits, played out here; each test names
its complaint.

The numbers and threads: what was asked for in hummingbot, freqtrade, nautilus_trader, LEAN and OctoBot.
"""

import ast
from collections import deque
from decimal import Decimal
from pathlib import Path
from random import Random
from typing import Any

import pytest

from tests.actors.test_feed_faults import BTC, LATENCY_S, PATH, STEP_S, Watched
from tests.exchanges.test_engine_matching import limit, two_accounts
from tests.exchanges.test_memory_tree import Traded
from tests.exchanges.test_simulated_engine import balances, depth, make_engine, quote, request
from tests.exchanges.test_simulated_engine import trade as traded
from tests.exchanges.test_streams import Heard, Server, run
from tests.kit.catalogue import BARS, MINUTE_NS, START_NS, bar, database, put
from tradigrade.exchanges.ccxt_limits import CLOCK_PERIOD_S
from tradigrade.exchanges.limit_windows import SharedWindows
from tradigrade.exchanges.market import FrameArrived, StreamsClosed, StreamsOpened
from tradigrade.exchanges.rate_budget import RateBudget, Use
from tradigrade.exchanges.simulated.errors import RequestRefused
from tradigrade.exchanges.simulated.orders import OrderRequest
from tradigrade.exchanges.simulated.weights import RequestWeight
from tradigrade.exchanges.streams import StreamMarket
from tradigrade.exchanges.venue import RECONNECT_MAX_S
from tradigrade.exchanges.venue_clock import VenueClock
from tradigrade.kernel.clock import ManualClock
from tradigrade.storage.catalogue.manifest import Manifest
from tradigrade.storage.catalogue.query import find_gaps
from tradigrade.storage.catalogue.reader import read_bars
from tradigrade.trading import quality_repairs
from tradigrade.trading.bar_making import BarMaker, Gap
from tradigrade.trading.messages import BarClosed

ROOT = Path(__file__).parents[2]
D = Decimal
S = 1_000_000_000


def useful_ns(watched: Watched) -> int:
    """When the feed last said of itself that it got on; what its supervisor goes by."""
    progressed: int = watched.system.actors[PATH].context.progressed_ns
    return progressed


# -- 15 to 18: the data stops -----------------------------------------------------------------------------------------


class Polite(Server):
    """Says goodbye in good order, 1000, after every frame."""

    async def serve(self, socket: Any, number: int) -> None:
        await self.greet(socket)
        await socket.send_str(f'{{"n":{number}}}')
        await socket.close(code=1000)


def test_15_a_stream_closed_in_good_order_is_subscribed_to_anew_and_its_data_comes() -> None:
    """hummingbot#8250, #7325: after a close with code 1000 nothing came any more, although it had resubscribed."""
    server = Polite()

    async def check(_: StreamMarket, heard: Heard) -> None:
        await heard.wait(FrameArrived, 3)
        kinds = [type(word) for word in heard.words if isinstance(word, FrameArrived | StreamsClosed | StreamsOpened)]
        assert kinds[:6] == [StreamsOpened, FrameArrived, StreamsClosed] * 2
        assert [word.payload for word in heard.words if isinstance(word, FrameArrived)][:2] == [b'{"n":1}', b'{"n":2}']

    run(server, check)
    assert server.texts[0] == server.texts[1], "the same streams are asked for each time"


def test_16_a_book_that_stands_still_while_connected_is_told_stale_and_made_right_by_itself() -> None:
    """nautilus_trader#4298, LEAN#9496: a stale book behind a connection that stands; the answer was a warning."""
    watched = Watched()
    watched.venue.mute(BTC, "book")
    watched.advance(8.3)
    assert watched.down_s(BTC) <= 2 * STEP_S + LATENCY_S
    assert watched.up_s(BTC) <= 4 * STEP_S
    assert watched.view().connections == 1, "the connection is not to blame"
    watched.assert_true()


def test_17_a_link_that_is_lost_for_long_is_known_to_be_lost_tried_for_ever_and_comes_back() -> None:
    """InteractiveBrokers#247: lost for three days, the heartbeat turned off by the very condition it watches."""
    watched = Watched()
    watched.venue._pump.stop()
    lost_ns = useful_ns(watched)
    watched.venue.unreachable(1_800)
    watched.advance(1_740)
    told = len(watched.turns(BTC))
    watched.advance(59)
    assert len(watched.turns(BTC)) - told >= 59 / RECONNECT_MAX_S - 1, "after half an hour as after a minute"
    assert not any(live for _, live in watched.turns(BTC))
    assert watched.scores(BTC)[-1].score == 0.0
    assert useful_ns(watched) == lost_ns, "no sign of life of its own is taken for data: a supervisor sees it"
    assert not watched.view().connected
    watched.venue._pump.start()
    watched.advance(1 + RECONNECT_MAX_S + 2.3)
    assert watched.turns(BTC)[-1][1]
    assert useful_ns(watched) > lost_ns
    watched.assert_true()


def test_17_what_filled_while_the_link_was_lost_is_booked(tmp_path: Path) -> None:
    """InteractiveBrokers#249: fills of the time without a connection were never recovered."""
    account = Traded(tmp_path)
    account.until(lambda: account.rung() == "NORMAL")
    account.advance(2)
    ask = account.place.engine.market("BTCUSDT").quote.ask
    account.signal("0.02", limit=str(ask - 10))
    account.until(lambda: len(account.place.open_orders()) == 1)
    account.place.unreachable(120)
    account.advance(1)
    engine = account.place.engine
    (resting,) = engine.open_orders()
    engine.observe("BTCUSDT", traded(str(ask - 20), "5"), account.place._host.now_ms)
    assert resting.status == "FILLED"
    assert account.books.strategy_positions.get(("s", BTC), 0) == 0
    account.advance(120 + RECONNECT_MAX_S + 10)
    assert account.books.strategy_positions["s", BTC] > 0
    account.assert_level()


@pytest.mark.parametrize("way", ["silent", "maintenance"])
def test_18_a_loop_that_is_alive_without_data_is_no_progress_and_the_data_comes_back(way: str) -> None:
    """freqtrade#11957, #10597, #4770: heartbeats, and no candle processed; stuck after the venue's maintenance."""
    watched = Watched()
    before_ns = useful_ns(watched)
    if way == "silent":
        watched.venue.silence(6.0)
    else:
        watched.venue.close("maintenance")
    watched.advance(2 * STEP_S + LATENCY_S + 0.1)
    stopped_ns = useful_ns(watched)
    watched.advance(6.0 - 2 * STEP_S - 0.3)
    assert useful_ns(watched) == stopped_ns <= before_ns + (2 * STEP_S + LATENCY_S + 0.1) * S
    assert not any(live for _, live in watched.turns(BTC))
    if way == "maintenance":
        watched.venue.open()
    watched.advance(0.3 + RECONNECT_MAX_S + 2)
    assert watched.turns(BTC)[-1][1]
    assert len(watched.updates(BTC, since_s=6.3)) > 6
    watched.assert_true()


# -- 19: memory -------------------------------------------------------------------------------------------------------

NOT_ITS_OWN = {"_context", "context", "_feed", "_metrics", "_clock", "_port", "_protocol"}


def count_held(value: Any, seen: set[int]) -> int:
    """How many values an object holds, and all that those hold."""
    if id(value) in seen or isinstance(value, str | bytes | int | float | Decimal | type | None):
        return 0
    seen.add(id(value))
    parts: list[Any] = []
    if isinstance(value, dict):
        parts = [*value.values()]
    elif isinstance(value, list | tuple | set | frozenset | deque):
        parts = [*value]
    elif type(value).__module__.startswith("tradigrade"):
        slots = {name for kind in type(value).__mro__ for name in getattr(kind, "__slots__", ())}
        names = slots | set(getattr(value, "__dict__", {})) - NOT_ITS_OWN
        parts = [getattr(value, name) for name in sorted(names - NOT_ITS_OWN) if hasattr(value, name)]
    return len(parts) + sum(count_held(part, seen) for part in parts)


def test_19_a_feed_with_faults_grows_no_memory(monkeypatch: pytest.MonkeyPatch) -> None:
    """nautilus_trader#4663 (9 to 14 GB an hour), hummingbot#7462, #6479."""
    monkeypatch.setattr(quality_repairs, "KEPT", 10)
    watched = Watched()
    for name in ("diff_lost", "frame_crossed", "frame_malformed", "market_cut", "snapshot_lost"):
        setattr(watched.venue.faults, name, 0.05)
    watched.advance(250)
    before = count_held(watched.feed, set())
    watched.heard.clear()
    watched.advance(250)
    repairs = watched.repairs()
    assert sum(repairs.values()) > 150
    assert len(watched.heard) > 2_500
    assert count_held(watched.feed.watch.repairs, set()) <= (10 + 5) * len(repairs) + 1
    assert 300 < count_held(watched.feed, set()) < before * 1.3


# -- 20 to 22: fills --------------------------------------------------------------------------------------------------

MODES = {"backtest", "backtesting", "dry_run", "paper", "live_trading", "simulated"}
VENUES_THEMSELVES = {"venue_host.py", "venue_server.py", "live_venue.py"}


def test_20_nobody_who_decides_knows_what_kind_of_venue_it_trades_on() -> None:
    """freqtrade#8451, #3902 (dry run +262, live -94): three paths, three results. Here there is one."""
    found = []
    for path in [*ROOT.glob("actors/*.py"), *ROOT.glob("trading/**/*.py"), *ROOT.glob("models/**/*.py")]:
        if path.name in VENUES_THEMSELVES:
            continue
        for node in ast.walk(ast.parse(path.read_text())):
            said = {
                ast.Name: lambda node: [node.id],
                ast.Attribute: lambda node: [node.attr],
                ast.ImportFrom: lambda node: (node.module or "").split("."),
                ast.Import: lambda node: [part for alias in node.names for part in alias.name.split(".")],
                ast.Constant: lambda node: [node.value] if isinstance(node.value, str) else [],
            }.get(type(node), lambda _: [])(node)
            found += [f"{path.name}: {word}" for word in said if word in MODES]
    assert found == []


def test_20_the_same_orders_on_the_same_market_bring_the_same_money(tmp_path: Path) -> None:
    """As above: a run is played again, and again, to the last digit."""

    def play(number: int) -> dict[str, Decimal]:
        account = Traded(tmp_path / str(number), seed=4)
        account.until(lambda: account.rung() == "NORMAL")
        account.trade(6)
        account.advance(5)
        return dict(account.books.balances)

    for number in range(2):
        (tmp_path / str(number)).mkdir()
    first = play(0)
    assert first["USDT"] != 10_000
    assert play(1) == first


def test_21_there_and_back_at_once_costs_the_spread_the_depth_and_two_fees() -> None:
    """freqtrade#13575, #2223: fills at the price that was asked for, and twice the returns."""
    engine = make_engine()
    engine.observe("BTCUSDT", depth(1, 2, bids=[("19998", "9")], asks=[("20002", "9")]), 1)
    engine.observe("BTCUSDT", quote(size="0.06"), 1)
    bought = engine.place(request(kind="MARKET", quantity="0.1"), 2)
    sold = engine.place(request(kind="MARKET", side="SELL", quantity="0.1"), 2)
    paid, received = D("0.06") * 20_001 + D("0.04") * 20_002, D("0.06") * 19_999 + D("0.04") * 19_998
    assert (bought.executed_quote, sold.executed_quote) == (paid, received)
    free = {asset: held[0] for asset, held in balances(engine).items()}
    assert free == {"USDT": 10_000 - paid + received * D("0.999"), "BTC": D("0.5") - D("0.0001")}


@pytest.mark.parametrize(
    ("event", "filled"),
    [(traded("19999", "2"), "0"), (traded("19999", "2.03"), "0.03"), (quote(bid="19999", ask="20000", size="9"), "0")],
    ids=["all before it", "three hundredths of it", "the market stands at its price"],
)
def test_21_a_limit_that_the_market_only_touches_waits_for_its_turn(event: Any, filled: str) -> None:
    """freqtrade#13575: a candle that touches the price fills the whole order."""
    engine = make_engine()
    engine.observe("BTCUSDT", quote(bid="19999", size="2"), 1)
    order = engine.place(limit("BUY", "19999", "0.1"), 2)
    engine.observe("BTCUSDT", event, 3)
    assert order.executed == D(filled)


def test_22_nobody_takes_what_another_account_took() -> None:
    """nautilus_trader#2564: the same liquidity twice."""
    engine, other = two_accounts()
    engine.credit({"USDT": D(100_000)})
    other.credit({"USDT": D(100_000)})
    wanted = OrderRequest("BTCUSDT", "BUY", "LIMIT", "", "IOC", D(20_001), D("0.7"))
    assert engine.place(wanted, 2).executed == D("0.7")
    assert other.place(wanted, 2).executed == D("0.3")
    engine.observe("BTCUSDT", quote(), 2)
    assert other.place(wanted, 2).executed == 0, "the same quote told again holds nothing new"


def test_22_a_strangers_cancel_moves_us_forward_by_its_share_and_never_to_the_front() -> None:
    """nautilus_trader#4370: the queue was cleared by a stranger's cancel."""
    engine = make_engine()
    engine.observe("BTCUSDT", quote(bid="19999", size="2"), 1)
    order = engine.place(limit("BUY", "19999", "0.1"), 2)
    engine.observe("BTCUSDT", quote(bid="19999", size="8"), 3)
    engine.observe("BTCUSDT", quote(bid="19999", size="4"), 3)
    assert order.ahead == 1, "half of eight left: half of the two before us"
    engine.observe("BTCUSDT", traded("19999", "0.99"), 4)
    assert order.executed == 0


# -- 26 and 27: limits and clocks -------------------------------------------------------------------------------------


def test_26_several_bots_on_one_address_are_never_banned_and_can_always_cancel(tmp_path: Path) -> None:
    """freqtrade#12441 ("each bot assumes it owns the full request weight"), OctoBot#2108."""
    venue, now_ns, random = RequestWeight(6_000), 1_700_000_000 * S, Random(1)
    bots = [RateBudget(windows=SharedWindows(tmp_path / "limits")) for _ in range(5)]
    uses: list[tuple[Use, int]] = [("market", 250), ("look", 80), ("look", 40), ("order", 1)]
    sent, kept_back, cancels = 0, 0, 0
    for _ in range(12_000):
        now_ns += random.randrange(30_000_000)
        bot, (use, weight) = random.choice(bots), random.choice(uses)
        if bot.wait_until_ns(use, weight, now_ns):
            kept_back += 1
        else:
            bot.spend(use, weight, now_ns)
            venue.spend(weight, now_ns)  # raises where it is too much
            sent += 1
        if random.random() < 0.02:
            assert not bot.wait_until_ns("cancel", 1, now_ns)
            bot.spend("cancel", 1, now_ns)
            venue.spend(1, now_ns)
            cancels += 1
    assert sent > 300
    assert kept_back > 5_000
    assert cancels > 150


def test_26_bots_that_each_own_the_whole_weight_would_pass_it() -> None:
    """The complaint itself: it is the common count that the test before this one sees."""
    now_ns, spent = 1_700_000_000 * S, 0
    for bot in [RateBudget() for _ in range(5)]:
        while not bot.wait_until_ns("market", 100, now_ns):
            bot.spend("market", 100, now_ns)
            spent += 100
    with pytest.raises(RequestRefused):
        RequestWeight(6_000).spend(spent, now_ns)


@pytest.mark.parametrize("drift_ppm", [200, -200])
def test_27_a_clock_that_drifts_for_hours_signs_inside_the_window(drift_ppm: int) -> None:
    """freqtrade#9404: on a VM it drifts in hours until every request is refused, -1021."""
    ours = ManualClock()
    began_ns, clock, random = ours.now_ns(), VenueClock(ours), Random(2)
    worst_ns, wrong_ns = 0, 0
    for _ in range(round(12 * 3_600 / CLOCK_PERIOD_S)):
        ours.advance(CLOCK_PERIOD_S)
        passed_ns = ours.now_ns() - began_ns
        wrong_ns = passed_ns * drift_ppm // 1_000_000
        true_ns = ours.now_ns() - wrong_ns
        worst_ns = max(worst_ns, abs(clock.now_ns() - true_ns))  # just before it is compared anew
        there_ns, back_ns = (random.randrange(5_000_000, 60_000_000) for _ in range(2))
        clock.note((true_ns + there_ns) // 1_000_000, ours.now_ns(), there_ns + back_ns)
    assert abs(wrong_ns) > 8 * S, "left alone, it is refused"
    assert worst_ns < 100_000_000


# -- 38: gaps ---------------------------------------------------------------------------------------------------------


def test_38_missing_data_is_named_and_never_filled_up(tmp_path: Path) -> None:
    """freqtrade#9751 ("Missing data fillup", 124 candles where 39 were), #9633, #2892."""
    there = [*range(10), *range(15, 20)]
    put(tmp_path, BARS, [bar(number) for number in there])
    (gap,) = find_gaps(database(), Manifest(BARS, tmp_path))
    assert (gap.start_ns, gap.end_ns, gap.bars) == (START_NS + 10 * MINUTE_NS, START_NS + 15 * MINUTE_NS, 5)
    assert not gap.checked, "nobody asked the venue whether it has them"
    read = list(read_bars(tmp_path, "venue", ["BTC/USDT"], "1m"))
    assert [each.start_ns for each in read] == [START_NS + number * MINUTE_NS for number in there]


def test_38_coarser_bars_are_made_of_what_is_there_and_say_of_how_much() -> None:
    maker = BarMaker(BTC, 5 * MINUTE_NS)
    made = []
    for number in [*range(7), *range(15, 20)]:
        start_ns = START_NS + number * MINUTE_NS
        made += maker.bar(BarClosed(BTC, start_ns, start_ns + MINUTE_NS, D(1), D(2), D(1), D(2), D(3), 1))
    made += maker.finish()
    assert [(each.parts, each.bar.volume) for each in made] == [(5, 15), (2, 6), (5, 15)]
    assert maker.gaps == [Gap(START_NS + 10 * MINUTE_NS, START_NS + 15 * MINUTE_NS)]
