"""Risk's part that keeps the rungs: facts in, the rung of the account and of each symbol out, every move told."""

from ..kernel.actor import Context
from ..trading.messages import MarketDataUpdate, RungChanged
from ..trading.rungs import AccountFacts, Standing, SymbolFacts, judge_account, judge_symbol, lowest
from . import topics

ACCOUNT = "account"


class Standings:
    """Owned by risk. Publishes `RungChanged` for each scope whose standing moves."""

    def __init__(self, context: Context, symbols: tuple[str, ...], max_market_age_ns: int) -> None:
        self._context = context
        self._max_market_age_ns = max_market_age_ns
        self._symbols = {symbol: SymbolFacts() for symbol in symbols}
        self._standings: dict[str, Standing] = {}
        self.account = AccountFacts()

    def note_account(self, facts: AccountFacts) -> None:
        if facts != self.account or not self._standings:
            self.account = facts
            self._judge_all()

    def note_symbol(self, symbol: str, facts: SymbolFacts) -> None:
        if facts != self._symbols.get(symbol):
            self._symbols[symbol] = facts
            self._judge_all()

    def note_market(self, update: MarketDataUpdate) -> None:
        """A market speaks for itself: whether it is crossed, and that it is not stale."""
        facts = self._symbols.get(update.symbol)
        if facts is not None and (facts.stale or facts.crossed != (update.bid >= update.ask)):
            self.note_symbol(update.symbol, facts._replace(crossed=update.bid >= update.ask, stale=False))

    def note_time(self, markets: dict[str, MarketDataUpdate], now_ns: int) -> None:
        """Markets that were not heard of for too long are stale."""
        for symbol, update in markets.items():
            facts = self._symbols.get(symbol)
            if facts is not None and not facts.stale and now_ns - update.received_ns > self._max_market_age_ns:
                self.note_symbol(symbol, facts._replace(stale=True))

    def feed(self, symbol: str) -> SymbolFacts:
        return self._symbols.get(symbol, SymbolFacts())

    def of(self, symbol: str, account: AccountFacts | None = None) -> Standing:
        """What may leave for a symbol; `account` stands in for the account's own facts."""
        facts = self.account if account is None else account
        return lowest((judge_account(facts), judge_symbol(self.feed(symbol))))

    def tell_all(self) -> None:
        for scope, standing in self._standings.items():
            self._tell(scope, standing)

    def _judge_all(self) -> None:
        standings = {ACCOUNT: judge_account(self.account)} | {symbol: self.of(symbol) for symbol in self._symbols}
        for scope, standing in standings.items():
            if self._standings.get(scope) != standing:
                self._tell(scope, standing)
        self._standings = standings
        self._context.system.metrics.gauge("rung", standings[ACCOUNT].rung)

    def _tell(self, scope: str, standing: Standing) -> None:
        change = RungChanged(scope, standing.rung.name, standing.reason, self._context.now_ns())
        self._context.publish(topics.RUNG, change)
