"""What tables show of a history: plain JSON values, amounts as exact decimal strings, times in int nanoseconds UTC."""

from collections.abc import Iterable, Iterator, Mapping
from decimal import Decimal
from typing import Any

from ..equity import DAY_NS
from ..messages import ZERO, MarketDataUpdate, OrderRequested, SignalGenerated
from ..positions import Position
from ..valuation import state
from .decision import BookedFill, Decision
from .explained import Stage, explain, steps
from .fold import History, LastPrice
from .profit import NOTHING, Gain, gain_of
from .words import clip, moment, money, number

Row = dict[str, Any]
Prices = Mapping[str, LastPrice]


def newest_first(decisions: Iterable[Decision]) -> list[Decision]:
    """Open orders first, then the others; of each the newest first."""
    return sorted(decisions, key=lambda each: (not each.is_open, -each.sequence))


def order_row(decision: Decision) -> Row:
    """An order, or a wish that none followed: then what is only known of an order is None."""
    intent = None if decision.order is None else decision.order.intent
    filled = ZERO if decision.order is None else decision.order.filled
    return {
        "client_id": decision.client_id or None,
        "signal_id": decision.key,
        "strategy": decision.strategy,
        "symbol": decision.symbol,
        "side": _side(decision),
        "type": None if intent is None else intent.type,
        "amount": None if intent is None else number(intent.amount),
        "price": None if intent is None or intent.price is None else number(intent.price),
        "filled": number(filled),
        "average": money(decision.notional / filled) if filled and decision.notional else None,
        "state": decision.state,
        "why": _why(decision),
        **_gain(decision.gain),
        "at_ns": decision.at_ns if intent is None else intent.at_ns,
        "sequence": decision.sequence,
    }


def _side(decision: Decision) -> str | None:
    wanted = decision.wanted
    if decision.order is not None:
        return decision.order.intent.side
    if isinstance(wanted, OrderRequested):
        return wanted.side
    if isinstance(wanted, SignalGenerated) and wanted.target != decision.held:
        return "buy" if wanted.target > decision.held else "sell"
    return None


def _why(decision: Decision) -> str:
    """The last thing said of its end."""
    if decision.order is not None:
        return clip(decision.order.reason)
    return clip(decision.refusals[-1].code) if decision.refusals else ""


def _gain(gain: Gain) -> Row:
    return {"realised": money(gain.average), "realised_fifo": money(gain.fifo), "fees": money(gain.fees)}


def fill_row(booked: BookedFill) -> Row:
    fill = booked.fill
    return {
        "at_ns": fill.at_ns,
        "client_id": fill.client_id,
        "trade_id": clip(fill.trade_id),
        "strategy": booked.strategy,
        "symbol": fill.symbol,
        "side": fill.side,
        "amount": number(fill.amount),
        "price": number(fill.price),
        "fee": number(fill.fee),
        "fee_currency": fill.fee_currency,
        "maker": fill.maker,
        "realised": money(booked.gain.average),
        "realised_fifo": money(booked.gain.fifo),
    }


def position_rows(history: History, prices: Prices) -> Iterator[Row]:
    """The account's own of each symbol (`strategy` is None), then every strategy's that ever filled."""
    for symbol, position in sorted(history.books.positions.items()):
        yield position_row(None, symbol, position, prices.get(symbol))
    for (strategy, symbol), position in sorted(history.books.holdings.items()):
        yield position_row(strategy, symbol, position, prices.get(symbol))


def position_row(strategy: str | None, symbol: str, position: Position, last: LastPrice | None) -> Row:
    """`unrealised` is None where something is held and no price is known."""
    worth = position.amount * last.price if last is not None else None if position.amount else ZERO
    return {
        "strategy": strategy,
        "symbol": symbol,
        "amount": number(position.amount),
        "average": money(position.cost / position.amount) if position.amount else None,
        "cost": money(position.cost),
        "cost_fifo": money(position.fifo_cost),
        "price": None if last is None else number(last.price),
        "price_at_ns": None if last is None else last.at_ns,
        "price_from": None if last is None else last.origin,
        "unrealised": None if worth is None else money(worth - position.cost),
        "unrealised_fifo": None if worth is None else money(worth - position.fifo_cost),
        **_gain(gain_of(position)),
        "fees_paid": {currency: number(fee) for currency, fee in position.fees_paid.items()},
    }


# -- profit -----------------------------------------------------------------------------------------------------------


def day_rows(history: History, since_ns: int = 0) -> Iterator[Row]:
    """Oldest first; of each day, every strategy and symbol that filled."""
    for (day, strategy, symbol), row in sorted(history.days.rows.items()):
        if (day + 1) * DAY_NS > since_ns:
            yield {
                "day": moment(day * DAY_NS)[:10],
                "strategy": strategy,
                "symbol": symbol,
                "fills": row.fills,
                "bought": money(row.bought),
                "sold": money(row.sold),
                **_gain(row.gain),
            }


def account_rows(history: History, prices: Prices) -> Iterator[Row]:
    """One for each quote currency: what was there, came, left and was earned. Deposits and withdrawals are no profit;
    the return is of what was there and what came."""
    books = history.books
    for quote in dict.fromkeys(_quote(symbol) for symbol in sorted(books.positions)):
        held = {symbol: position for symbol, position in books.positions.items() if _quote(symbol) == quote}
        gain = NOTHING
        for position in held.values():
            gain = gain.plus(gain_of(position))
        unrealised = _unrealised(held, prices)
        capital = books.opening.get(quote, ZERO) + max(books.transferred.get(quote, ZERO), ZERO)
        profit = None if unrealised is None else gain.average + unrealised
        yield {
            "currency": quote,
            "opening": number(books.opening.get(quote, ZERO)),
            "transferred": number(books.transferred.get(quote, ZERO)),
            "balance": number(books.balances.get(quote, ZERO)),
            **_gain(gain),
            "unrealised": None if unrealised is None else money(unrealised),
            "profit": None if profit is None else money(profit),
            "return": None if profit is None or capital <= ZERO else f"{float(profit / capital):.6f}",
            "whole": history.whole,
        }


def statement_row(history: History, prices: Prices, currency: str) -> Row:
    """The whole account in one currency, at the prices known: `opening + transferred + realised + unrealised - fees` is
    `equity`, exactly, `fees` those that are not in realised profit already. `missing` says why it cannot be told."""
    markets = {symbol: _as_market(symbol, last) for symbol, last in prices.items()}
    told = state(history.books, markets, currency)
    if isinstance(told, str):
        return {"currency": currency, "missing": told}
    return {
        "currency": currency,
        "opening": number(told.opening),
        "transferred": number(told.transferred),
        "realised": number(told.realised),
        "unrealised": number(told.unrealised),
        "fees": number(told.fees),
        "equity": number(told.equity),
        "oldest_price_at_ns": told.oldest_ns,
        "missing": None,
    }


def _as_market(symbol: str, last: LastPrice) -> MarketDataUpdate:
    return MarketDataUpdate(symbol, "quote", last.at_ns, last.at_ns, 0, last.price, ZERO, last.price, ZERO)


def _quote(symbol: str) -> str:
    return symbol.partition("/")[2].partition(":")[0]


def _unrealised(held: Mapping[str, Position], prices: Prices) -> Decimal | None:
    total = ZERO
    for symbol, position in held.items():
        last = prices.get(symbol)
        if position.amount and last is None:
            return None
        total += (ZERO if last is None else position.amount * last.price) - position.cost
    return total


# -- the chain --------------------------------------------------------------------------------------------------------


def explanation(decision: Decision, feature_names: tuple[str, ...]) -> Row:
    """The order's row with its ids, and the chain of stages."""
    return {
        **order_row(decision),
        "ids": list(decision.ids),
        "run_id": decision.run_id,
        "latencies": [{"step": each.name, "elapsed_ns": each.elapsed_ns} for each in steps(decision)],
        "stages": [_stage_row(stage) for stage in explain(decision, feature_names)],
    }


def _stage_row(stage: Stage) -> Row:
    return {
        "title": stage.title,
        "said": stage.said,
        "missing": stage.missing,
        "facts": [{"name": fact.name, "value": fact.value} for fact in stage.facts],
        "events": [{"at_ns": line.at_ns, "after_ns": line.after_ns, "text": line.text} for line in stage.lines],
    }
