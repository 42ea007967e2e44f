"""The limits in force and how near the account is to them, for people."""

from collections.abc import Iterator
from decimal import Decimal

from ..trading.limit_book import ACCOUNT, STRATEGY, SYMBOL
from ..trading.limits import SPECS, values_of
from ..trading.messages import ZERO
from ..transports.control import LimitView, RiskAnswered
from .risk_knowledge import Knowledge
from .risk_limits import RiskLimits


def report(known: Knowledge, limits: RiskLimits, losses: dict[str, Decimal], now_ns: int) -> RiskAnswered:
    """`losses`: the lost fraction by the limit that bounds it."""
    scales = {symbol: known.scale("", symbol) for symbol in known.symbols}
    return RiskAnswered(
        version=limits.book.version,
        rules_version=known.rules.version,
        rules=tuple(rule.name for rule in known.rules.rules),
        limits=tuple(_views(known, limits, losses)),
        scales={symbol: by for symbol, by in scales.items() if by != 1},
        at_ns=now_ns,
    )


def _views(known: Knowledge, limits: RiskLimits, losses: dict[str, Decimal]) -> Iterator[LimitView]:
    """The account's, those of each symbol, and those that were set for a symbol or a strategy."""
    for name, value in values_of(limits.account).items():
        if SPECS[name].over == "symbol":
            for symbol in known.symbols:
                own = getattr(limits.of("", symbol), name)
                yield _view(name, f"{SYMBOL}{symbol}", own, _use(name, known, losses, symbol))
        else:
            yield _view(name, ACCOUNT, value, _use(name, known, losses))
    for scope, override in limits.book.overrides.items():
        for name, value in override.items():
            if SPECS[name].over != "symbol":
                strategy = scope.removeprefix(STRATEGY) if scope.startswith(STRATEGY) else ""
                yield _view(name, scope, value, _use(name, known, losses, strategy=strategy))


def _view(name: str, scope: str, value: Decimal | None, used: Decimal | None) -> LimitView:
    headroom = None if value is None or used is None else value - used
    return LimitView(name, scope, SPECS[name].unit, SPECS[name].text, value, used, headroom)


def _use(
    name: str, known: Knowledge, losses: dict[str, Decimal], symbol: str = "", strategy: str = ""
) -> Decimal | None:
    """What counts against a limit now; None for what bounds one order, and for what cannot be told."""
    exposure, counts, equity = known.exposure, known.exposure.counts, known.equity
    base = symbol.partition("/")[0]
    match name:
        case "max_position_notional":
            return exposure.worst_held(base) * exposure.marks.get(base, ZERO)
        case "max_concentration" if equity is not None and equity.value > 0:
            return exposure.worst_held(base) * exposure.marks.get(base, ZERO) / equity.value
        case "max_symbol_orders":
            return Decimal(counts.of_symbol[symbol])
        case "max_gross_notional":
            return exposure.gross
        case "max_net_notional":
            return max(exposure.long, -exposure.short)
        case "max_leverage" if equity is not None and equity.value > 0:
            return exposure.gross / equity.value
        case "max_open_orders":
            return Decimal(counts.all)
        case "max_strategy_notional" if strategy:
            return exposure.strategy_notional(strategy)
        case "max_strategy_orders" if strategy:
            return Decimal(counts.of_strategy[strategy])
        case _:
            return losses.get(name)
