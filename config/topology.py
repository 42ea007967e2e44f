"""The trees, as data: which role runs where, under whom, with which settings. Nothing here imports an actor."""

from collections.abc import Callable, Iterator

import msgspec

from ..supervisors.backoff import Backoff
from ..supervisors.process_table import FORK_SERVERS
from ..supervisors.spec import Budget, ChildSpec, Flags, Strategy
from .consistency import strategy_name
from .feeds import FeedPlan, feed_paths, feed_plans
from .placement import paths, place
from .run import Run, to_json
from .settings import Settings, StrategySettings

NODES = ("exchange", "guard", "trader", "console", "learner")
"""In the order in which they start."""

DRAINS = {"trader": "trader/trading/account/executor"}
"""Who is asked to come to rest before its node stops."""
VALUES = {"trader": "trader/portfolio"}
"""Who is asked what that came to: where it hangs, the account has come to rest all the same."""

BUDGETS = "trader/budgets"
"""Who grants each account its share of what all may do."""

SHUTDOWN_S = {"trader": 5.0}
"""How long a node may take to stop, where it has something to bring to rest; the others are killed sooner."""

START_S = 20.0
"""How long a node may take to start: a fresh interpreter on a busy machine imports for seconds."""

WARMS_UP_S = {"learner": 30.0}
"""So long after its start a node may be silent for `WARMING_SILENCE_S`: loading torch holds the interpreter for seconds
on a busy machine, and nobody waits for it."""
WARMING_SILENCE_S = 12.0

LINGERS_S = {"exchange": 1.5}
"""How long a node outlives a launcher that died: the others still need it to come to rest."""

SERVING_TOPIC = {"trader": "serving"}
"""A node that serves only once something is published on a topic; the others serve when their tree stands."""

STRATEGY_BUDGET = Budget(5, 60.0, "leave")
"""A strategy that keeps failing is left down: it takes neither the others nor the account with it."""

LOST_AFTER_S = 2.5
"""Where the clocks agree: past this age by the venue's clock it refuses a request (it is sent within 0.4 s, the receive
window is 2 s), so one it does not hold never arrived."""
KRAKEN_LOST_AFTER_S = 4.0
"""As `LOST_AFTER_S`: the deadline of its orders is 3 s ahead, since it takes none of less than two, and it tells its
time in whole seconds, which leaves half of one unproven."""
RECEIVE_WINDOW_MS = 2_000


def lost_after_s(settings: Settings) -> float:
    """An intent's age begins by our clock and ends by the venue's, which may be ahead as far as we trade at all."""
    agreeing_s = KRAKEN_LOST_AFTER_S if settings.venue.protocol == "kraken" else LOST_AFTER_S
    return agreeing_s + settings.ladder.max_clock_skew_s


def _flags(settings: Settings, strategy: Strategy = "one_for_one") -> Flags:
    supervision = settings.supervision
    backoff = Backoff(supervision.backoff_min_s, supervision.backoff_max_s)
    return Flags(strategy, supervision.intensity, supervision.period_s, backoff)


def _supervisor(name: str, flags: Flags, *children: ChildSpec) -> ChildSpec:
    return ChildSpec(id=name, flags=flags, children=children, shutdown_s=10.0)


def _actor(child: str, path: str, **settings: object) -> ChildSpec:
    return ChildSpec(id=child, actor=f"tradigrade.{path}", settings=settings)


def launcher_tree(run: Run) -> ChildSpec:
    """The root: the warm fork servers, then the nodes."""
    processes = [_process(name, 2.0) for name in FORK_SERVERS]
    settings = {"run": to_json(run)}
    budgets = {"trader": _trader_budget(run.settings)}
    processes += [_process(name, SHUTDOWN_S.get(name, 1.5), budgets.get(name), **settings) for name in NODES]
    return _supervisor("nodes", _flags(run.settings), *processes)


def _trader_budget(settings: Settings) -> Budget:
    """A trader that keeps failing is left down, and the system halted: the others stay to show it and to cancel."""
    return Budget(settings.supervision.intensity, settings.supervision.period_s, "leave")


def _process(name: str, shutdown_s: float, budget: Budget | None = None, **settings: object) -> ChildSpec:
    main = "tradigrade.node:main"
    return ChildSpec(id=name, actor=main, settings=settings, shutdown_s=shutdown_s, start_s=START_S, budget=budget)


def node_tree(name: str, run: Run) -> ChildSpec:
    """Everything inside one node, placed as the settings say."""
    return place(TREES[name](run), run.settings.placement)


def misplaced(run: Run) -> Iterator[str]:
    """The paths of the settings' placement that lead nowhere."""
    known = {path for name in NODES for path in paths(node_tree(name, run))}
    return (path for path in run.settings.placement if path not in known)


def _reporter(run: Run, *paths: str) -> ChildSpec:
    """Tells the launcher, and whoever else asks for it, how the node is."""
    period_s = run.settings.supervision.heartbeat_s
    return _actor("reporter", "actors.reporter:Reporter", receivers=("launcher/monitor", *paths), period_s=period_s)


def _exchange(run: Run) -> ChildSpec:
    venue = _actor("venue", "actors.venue_host:VenueHost")
    return _supervisor("exchange", _flags(run.settings), _reporter(run, "console/console"), venue)


def _guard(run: Run) -> ChildSpec:
    settings = run.settings
    guard = _actor(
        "guard",
        "actors.guard:Guard",
        account=settings.account.name,
        grace_s=settings.guard.grace_s,
        look_s=settings.guard.look_s,
        lost_after_s=lost_after_s(settings),
    )
    reporter = _reporter(run, "console/console")
    return _supervisor("guard", _flags(settings), reporter, *([guard] if settings.guard.enabled else []))


def _learner(run: Run) -> ChildSpec:
    settings = run.settings
    trainer = _actor(
        "trainer",
        "actors.trainer:TrainerActor",
        symbols=settings.symbols if settings.learning.enabled else (),
        learning=settings.learning,
        receiver="trader/learning",
    )
    return _supervisor("learner", _flags(settings), _reporter(run, "console/console", "trader/learning"), trainer)


def _console(run: Run) -> ChildSpec:
    settings = run.settings
    where = {"host": settings.console.host, "port": run.console_port}
    feeds = feed_paths(settings)
    console = _actor("console", "web.console:Console", **where, risk="trader/trading/account/risk", feeds=feeds)
    return _supervisor("console", _flags(settings), console, _reporter(run, "console/console"))


def _trader(run: Run) -> ChildSpec:
    settings = run.settings
    flags = _flags(settings)
    feeds = [_feed(plan, settings.feeds.max_jump) for plan in feed_plans(settings)]
    strategies = [_strategy(run, strategy, symbol) for strategy, symbol in _strategies(settings)]
    return _supervisor(
        "trader",
        flags,
        _reporter(run, "console/console"),
        _actor(
            "learning",
            "actors.learning_link:LearningLink",
            trainer="learner/trainer",
            silent_s=settings.ladder.learner_silent_s,
        ),
        _supervisor("feeds", flags, *feeds),
        _supervisor("strategies", flags, *strategies),
        *_budgets(settings),
        _supervisor(
            "trading",
            _flags(settings, "rest_for_one"),
            _actor("journal", "actors.journal_keeper:JournalKeeper", run_id=run.run_id, ladder=settings.ladder),
            _actor("venue", "actors.venue_session:VenueSession"),
            _account(run),
        ),
        _actor(
            "universe",
            "actors.universe:UniverseWatch",
            symbols=settings.symbols,
            refresh_s=settings.universe.refresh_s,
            orders="trader/trading/account/orders",
            cancel=settings.universe.cancel_orders,
        ),
        _actor(
            "portfolio",
            "actors.portfolio:Portfolio",
            receiver="console/console",
            symbols=settings.symbols,
            currency=settings.account.currency,
            candle_s=settings.bar_s,
        ),
    )


def _feed(plan: FeedPlan, max_jump: float) -> ChildSpec:
    settings = {"venue": plan.venue, "reference": plan.reference, "max_jump": max_jump}
    return _actor(plan.name, "actors.feed:Feed", symbols=plan.symbols, port=plan.port, **settings)


def _shares(settings: Settings) -> bool:
    return (settings.budgets.max_gross_notional, settings.budgets.max_daily_loss) != (None, None)


def _budgets(settings: Settings) -> tuple[ChildSpec, ...]:
    """Only where something bounds all accounts together."""
    if not _shares(settings):
        return ()
    accounts = (settings.account.name,)
    return (_actor("budgets", "actors.budgets:BudgetKeeper", accounts=accounts, settings=settings.budgets),)


def _account(run: Run) -> ChildSpec:
    settings, account = run.settings, "trader/trading/account"
    return _supervisor(
        "account",
        msgspec.structs.replace(_flags(settings, "one_for_all"), intensity=settings.supervision.account_intensity),
        _actor("ledger", "actors.ledger:Ledger"),
        _actor(
            "executor",
            "actors.executor:Executor",
            account=settings.account.name,
            symbols=settings.symbols,
            session="trader/trading/venue",
            risk=f"{account}/risk",
            run_id=run.run_id,
            lost_after_s=lost_after_s(settings),
            strategies=tuple(strategy_name(each) for each in settings.strategies),
        ),
        _actor(
            "orders",
            "actors.order_manager:OrderManager",
            venue=settings.venue.protocol,
            risk=f"{account}/risk",
            executor=f"{account}/executor",
            limits=settings.risk,
        ),
        _actor(
            "risk",
            "actors.risk:Risk",
            symbols=settings.symbols,
            limits=settings.risk,
            executor=f"{account}/executor",
            currency=settings.account.currency,
            ladder=settings.ladder,
            account=settings.account.name,
            budgets=BUDGETS if _shares(settings) else "",
            strategies={
                _runner_name(strategy, symbol): (strategy_name(strategy), symbol)
                for strategy, symbol in _strategies(settings)
            },
        ),
    )


def _strategies(settings: Settings) -> Iterator[tuple[StrategySettings, str]]:
    """Every strategy on every symbol that it trades."""
    return ((each, symbol) for each in settings.strategies for symbol in each.symbols or settings.symbols)


def _runner_name(strategy: StrategySettings, symbol: str) -> str:
    return f"{strategy_name(strategy)}-{symbol.replace('/', '-').lower()}"


def _strategy(run: Run, strategy: StrategySettings, symbol: str) -> ChildSpec:
    name, settings = strategy_name(strategy), run.settings
    runner = _actor(
        _runner_name(strategy, symbol),
        "actors.strategy_runner:StrategyRunner",
        name=name,
        strategy=strategy.path,
        strategies_dir=settings.strategies_dir,
        parameters=strategy.parameters,
        symbol=symbol,
        bar_s=settings.bar_s,
        horizon_bars=settings.learning.horizon_bars,
        ledger="trader/trading/account/ledger",
        risk="trader/trading/account/risk",
        ladder=settings.ladder,
        orders="trader/trading/account/orders",
    )
    return msgspec.structs.replace(runner, budget=STRATEGY_BUDGET)


TREES: dict[str, Callable[[Run], ChildSpec]] = {
    "exchange": _exchange,
    "guard": _guard,
    "trader": _trader,
    "console": _console,
    "learner": _learner,
}
