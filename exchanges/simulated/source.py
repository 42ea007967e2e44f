"""Where the simulated venue's market comes from: a recording or a seeded synthetic market, one contract."""

from typing import Any, NamedTuple, Protocol


class MarketFrame(NamedTuple):
    """One raw Binance stream frame, unwrapped from its combined-stream envelope."""

    offset_ns: int
    """Source time since the source's first frame, never decreasing, also over a loop of a recording."""
    symbol: str
    """As ccxt spells it, `BTC/USDT`."""
    stream: str
    """The stream's name, `btcusdt@trade`, `btcusdt@bookTicker` or `btcusdt@depth@100ms`."""
    payload: bytes
    """JSON of the event; its event times are those of the source."""


class MarketSource(Protocol):
    """An endless, seekable sequence of frames. `state` is JSON-able and small; after `restore` of it, the next frames
    equal those that would have followed, in any process."""

    symbols: tuple[str, ...]

    def next(self) -> MarketFrame: ...

    def state(self) -> dict[str, Any]: ...

    def restore(self, state: dict[str, Any]) -> None: ...
