"""One connection of Kraken's WebSocket v2: methods in, answers and channels out."""

import json
from collections.abc import Callable, Iterator
from decimal import Decimal
from typing import Any, NoReturn

from ..outbox import Outbox
from ..records import MAIN
from ..venue_desk import Answer, Request
from .books import DEPTHS
from .desk import KrakenDesk
from .errors import INVALID_SESSION, Refused
from .executions import AccountFeeds
from .feeds import Channel, MarketFeeds
from .operations import METHODS
from .payloads import encode_numbers, rfc3339
from .public import INTERVALS
from .socket_requests import read_requests, result_of

PUBLIC = ("book", "trade", "ticker", "ohlc", "instrument")
PRIVATE = ("executions", "balances")
VERSION = "2.0.0"


def _no_constant(name: str) -> NoReturn:
    raise ValueError(f"{name} is no number of JSON")


class Connection:
    """`account` is whether it came by the address for accounts."""

    def __init__(
        self,
        desk: KrakenDesk,
        feeds: MarketFeeds,
        account_feeds: AccountFeeds,
        outbox: Outbox,
        begin: Callable[[], None],
        *,
        account: bool,
    ) -> None:
        """`begin` is called at the first subscription to a market."""
        self._desk, self._feeds, self._account_feeds = desk, feeds, account_feeds
        self._outbox, self._begin, self._account = outbox, begin, account
        self._trusted: set[str] = set()
        status = {"system": "online", "api_version": "v2", "connection_id": id(outbox), "version": VERSION}
        outbox.put(encode_numbers({"channel": "status", "type": "update", "data": [status]}))

    def close(self) -> None:
        self._feeds.drop(self._outbox)
        self._account_feeds.unsubscribe(self._outbox)

    def handle(self, text: str) -> None:
        came_ms = self._desk.now_ms
        try:
            said = json.loads(text, parse_float=Decimal, parse_constant=_no_constant)
            method, params = str(said["method"]), said.get("params") or {}
            if not isinstance(params, dict):
                raise TypeError("expected params as an object")
        except (ValueError, TypeError, KeyError, RecursionError):
            self._reply("", None, came_ms, "EGeneral:Invalid arguments", {})
            return
        number = said.get("req_id")
        match method:
            case "ping":
                self._reply("pong", number, came_ms, "", None)
            case "subscribe" | "unsubscribe":
                self._change(method, params, number, came_ms)
            case _ if method in METHODS and self._account:
                self._request(method, params, number, came_ms)
            case _:
                self._reply(method, number, came_ms, f"Unsupported method {method}", None)

    # -- channels -----------------------------------------------------------------------------------------------------

    def _change(self, method: str, params: dict[str, Any], number: Any, came_ms: int) -> None:
        """One answer for each symbol; that of a subscription is queued before anything of its channel."""
        name = params.get("channel")
        try:
            if name in PRIVATE and self._account:
                self._change_account(method, name, params, number, came_ms)
            elif name in PUBLIC and not self._account:
                for channel in self._channels(params):
                    self._change_market(method, channel, params, number, came_ms)
            else:
                raise Refused(f"Channel {name} not supported")
        except Refused as refused:
            self._reply(method, number, came_ms, refused.text, None)

    def _channels(self, params: dict[str, Any]) -> Iterator[Channel]:
        name, symbols = params["channel"], params.get("symbol")
        if name == "instrument":
            yield Channel(name)
            return
        if not isinstance(symbols, list) or not symbols:
            raise Refused("Symbol(s) must be a list")
        for symbol in symbols:
            yield Channel(name, str(symbol), _argument(name, params))

    def _change_market(self, method: str, channel: Channel, params: dict[str, Any], number: Any, came_ms: int) -> None:
        result: dict[str, Any] = {"channel": channel.name}
        if channel.symbol:
            result["symbol"] = channel.symbol
        if channel.symbol and channel.symbol not in self._desk.pairs.by_symbol:
            text = f"Currency pair not supported {channel.symbol}"
            self._reply(method, number, came_ms, text, None, symbol=channel.symbol)
        elif method == "unsubscribe":
            known = self._feeds.has(self._outbox, channel)
            self._feeds.unsubscribe(self._outbox, channel)
            self._reply(method, number, came_ms, "" if known else "Subscription Not Found", result)
        elif self._feeds.has(self._outbox, channel):
            self._reply(method, number, came_ms, "Already subscribed", None, symbol=channel.symbol)
        else:
            snapshot = params.get("snapshot", True) is not False
            name = {"book": "depth", "ohlc": "interval", "ticker": "event_trigger"}.get(channel.name)
            self._reply(
                method,
                number,
                came_ms,
                "",
                result | {"snapshot": snapshot} | ({name: channel.argument} if name else {}),
            )
            self._feeds.subscribe(self._outbox, channel, snapshot=snapshot)
            self._begin()

    def _change_account(self, method: str, name: str, params: dict[str, Any], number: Any, came_ms: int) -> None:
        self._check_token(params.get("token"))
        if method == "unsubscribe":
            self._account_feeds.unsubscribe(self._outbox, name)
            self._reply(method, number, came_ms, "", {"channel": name})
            return
        if self._account_feeds.has(self._outbox, name):
            raise Refused("Already subscribed")
        orders, trades = params.get("snap_orders", True) is not False, params.get("snap_trades", False) is True
        self._reply(method, number, came_ms, "", {"channel": name, "snap_orders": orders, "snap_trades": trades})
        shown = name == "executions" or params.get("snapshot", True) is not False
        self._account_feeds.subscribe(self._outbox, name, snapshot=shown, orders=orders, trades=trades)

    def _check_token(self, token: object) -> None:
        """A token that this connection used stays good while it has a subscription of the account. Raises Refused."""
        if isinstance(token, str) and token in self._trusted and any(map(self._follows, PRIVATE)):
            return
        self._desk.authenticator.check_token(token, self._desk.clock_ns())
        if not isinstance(token, str):
            raise Refused(INVALID_SESSION)
        self._trusted.add(token)

    def _follows(self, channel: str) -> bool:
        return self._account_feeds.has(self._outbox, channel)

    # -- requests -----------------------------------------------------------------------------------------------------

    def _request(self, method: str, params: dict[str, Any], number: Any, came_ms: int) -> None:
        for text, answer in self._answers(method, params):
            if answer.lost:
                self._outbox.abort()
                return
            result, more = None if answer.error else result_of(method, answer.result), {}
            if method == "batch_cancel" and not answer.error:
                more["orders_cancelled"] = answer.result["count"]
            told = text | result if isinstance(result, dict) else result
            self._reply(method, number, came_ms, answer.error, told, after_s=answer.late_s, **more)

    def _answers(self, method: str, params: dict[str, Any]) -> Iterator[tuple[dict[str, Any], Answer]]:
        """One for each order that a cancel names."""
        operation = METHODS[method]

        def authenticate() -> int:
            self._check_token(params.get("token"))
            return MAIN

        try:
            for told, read in read_requests(method, params, self._desk.pairs):
                yield told, self._desk.run(operation, Request("WS", method, read, authenticate, "api"))
        except Refused as refused:
            yield {}, self._desk.refused(refused.refusal)

    def _reply(
        self, method: str, number: Any, came_ms: int, error: str, result: Any, after_s: float = 0.0, **more: Any
    ) -> None:
        reply: dict[str, Any] = {"method": method, **more}
        if method != "pong":
            reply["success"] = not error
        if error:
            reply["error"] = error
        elif result is not None:
            reply["result"] = result
        if isinstance(number, int):
            reply["req_id"] = number
        times = {"time_in": rfc3339(came_ms), "time_out": rfc3339(self._desk.now_ms)}
        self._outbox.put(encode_numbers(reply | times), after_s)


def _argument(name: str, params: dict[str, Any]) -> int | str:
    """Raises Refused."""
    if name == "book":
        return _one_of(params.get("depth", 10), DEPTHS, "Subscription depth not supported")
    if name == "ohlc":
        return _one_of(params.get("interval", 1), tuple(INTERVALS), "Subscription ohlc interval not supported")
    if name == "ticker":
        return _one_of(params.get("event_trigger", "trades"), ("trades", "bbo"), "Event trigger not supported")
    return 0


def _one_of(value: Any, choices: tuple[int | str, ...], refusal: str) -> int | str:
    if isinstance(value, bool) or value not in choices:
        raise Refused(refusal)
    return choices[choices.index(value)]
