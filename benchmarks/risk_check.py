"""Judging one signal, with everything that a large account has: 100 strategies, 50 positions, 1,000 open orders."""

from collections.abc import Callable, Iterator
from decimal import Decimal
from functools import partial

from tradigrade.trading.books import Books
from tradigrade.trading.instruments import PAPER_INSTRUMENTS, Instrument
from tradigrade.trading.limit_book import LimitBook
from tradigrade.trading.limits import Limits
from tradigrade.trading.messages import MarketDataUpdate, OrderRequested, SignalGenerated, Terms
from tradigrade.trading.order_events import BalanceAdopted, OrderAccepted, OrderFilled, OrderIntended, OrderPlaced
from tradigrade.trading.risk import Draft, Exposure, Measured, RiskView, judge
from tradigrade.trading.rungs import NORMAL

from .measure import Result, result, summarise, time_calls

NAMES = ("risk.check", "risk.check.request", "risk.follow", "risk.walk")
STRATEGIES, POSITIONS, ORDERS = 100, 50, 1_000
NOW_NS = 1_700_000_000_000_000_000
PRICE = Decimal(100)
MANY = Decimal(10**9)
CALLS = 20_000
REFERENCE = "the same sums by a walk over all open orders"


def run() -> Iterator[Result]:
    exposure = make_account()
    view = make_view(exposure)
    signal = SignalGenerated("s1", "strategy7", symbol_of(7), Decimal(20), Decimal("99.9"), NOW_NS, "bench")
    stop = Terms(stop_price=Decimal(90), reduce_only=True)
    request = OrderRequested("r1", "strategy7", symbol_of(7), "sell", "stop_loss", Decimal(1), None, NOW_NS, "", stop)
    both: tuple[SignalGenerated | OrderRequested, ...] = (signal, request)
    for asked in both:
        verdict = judge(asked, view)
        assert isinstance(verdict, Draft), verdict
    walked = summarise([time_calls(lambda: walk(exposure), 200).p50_us * 1e3])
    for name, asked in zip(NAMES, both, strict=False):
        yield result(name, time_calls(partial(judge, asked, view), CALLS), REFERENCE, walked)
    yield result("risk.follow", time_calls(make_follow(exposure), CALLS))
    yield result("risk.walk", time_calls(lambda: walk(exposure), 200))


def symbol_of(number: int) -> str:
    return f"C{number % POSITIONS}/USDT"


def make_account() -> Exposure:
    """Every strategy holds something, and has ten orders open."""
    books = Books()
    books.apply(BalanceAdopted("USDT", MANY, NOW_NS))
    for number in range(STRATEGIES):
        _order(books, number, f"held{number}", Decimal(10), PRICE)
        fill = OrderFilled(
            f"held{number}",
            str(number),
            symbol_of(number),
            "buy",
            PRICE,
            Decimal(10),
            Decimal(0),
            "USDT",
            False,
            NOW_NS,
        )
        books.apply(fill)
    for number in range(ORDERS):
        _order(books, number, f"open{number}", Decimal(1), Decimal("95"), post_only=True)
    exposure = Exposure(books, (symbol_of(number).partition("/")[0] for number in range(POSITIONS)))
    for base in tuple(exposure.marks):
        exposure.mark(base, PRICE)
    return exposure


def _order(
    books: Books, number: int, client_id: str, amount: Decimal, price: Decimal, *, post_only: bool = False
) -> None:
    strategy, symbol = f"strategy{number % STRATEGIES}", symbol_of(number)
    terms = Terms(post_only=post_only)
    ids = (client_id, number + 1, 1, client_id, client_id)
    books.apply(OrderIntended(*ids, strategy, symbol, "buy", "limit", amount, price, PRICE, NOW_NS, terms))
    books.apply(OrderPlaced(client_id, client_id, strategy, symbol, "buy", "limit", amount, price, NOW_NS))
    books.apply(OrderAccepted(client_id, client_id, NOW_NS))


def make_view(exposure: Exposure) -> RiskView:
    """All limits set, so that every check has something to compare."""
    symbol = symbol_of(7)
    limits = Limits(
        max_order_notional=MANY,
        max_position_notional=MANY,
        max_gross_notional=MANY,
        max_net_notional=MANY,
        max_strategy_notional=MANY,
        max_strategy_fraction=Decimal(1),
        max_open_orders=Decimal(10_000),
        max_symbol_orders=Decimal(10_000),
        max_strategy_orders=Decimal(10_000),
        max_strategy_orders_per_s=Decimal(10),
    )
    base = symbol.partition("/")[0]
    paper = PAPER_INSTRUMENTS["BTC/USDT"]
    instrument = Instrument(
        symbol,
        symbol.replace("/", ""),
        base,
        "USDT",
        paper.tick_size,
        paper.step_size,
        paper.min_amount,
        paper.max_amount,
        paper.min_notional,
    )
    size = Decimal(1_000)
    market = MarketDataUpdate(symbol, "quote", NOW_NS, NOW_NS, 1, Decimal("99.9"), size, PRICE, size)
    book = LimitBook(limits)
    return RiskView(NOW_NS, NORMAL, exposure, instrument, market, book, limits, Measured(MANY, NOW_NS))


def make_follow(exposure: Exposure) -> Callable[[], None]:
    """One order's event, as the fold takes it."""
    event = OrderAccepted("open7", "open7", NOW_NS)
    return lambda: exposure.follow(event)


def walk(exposure: Exposure) -> Decimal:
    """What checks without the fold had to do."""
    total = Decimal(0)
    for order in exposure.books.open_orders():
        if order.intent.side == "buy" and order.intent.price is not None:
            total += order.remaining * order.intent.price
    return total
