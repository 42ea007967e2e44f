"""A venue's listing: whole at first, then our symbols alone, and whole again where one of them is gone."""

import asyncio
import json
from decimal import Decimal
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from msgspec.structs import replace

from tradigrade.exchanges.binance import listing as binance
from tradigrade.exchanges.listing import ListingArrived, ListingUnavailable
from tradigrade.exchanges.rate_budget import RateBudget
from tradigrade.exchanges.rest_listing import WHOLE_EVERY_S, ListingWay, RestListing
from tradigrade.kernel.clock import ManualClock
from tradigrade.trading.instruments import PAPER_INSTRUMENTS
from tradigrade.trading.universe import Listing, begin, hear_listing, state_of

OURS = ("A/USDT", "B/USDT")
WAY = ListingWay(binance.WHOLE, binance.decode_listing, binance.ask_some, binance.refuses, binance.WEIGHT)


class Answer:
    def __init__(self, status: int, body: Any, headers: dict[str, str]) -> None:
        self.status, self._body, self.headers = status, json.dumps(body).encode(), headers

    async def __aenter__(self) -> "Answer":
        return self

    async def __aexit__(self, *_: object) -> None: ...

    async def read(self) -> bytes:
        return self._body


class Venue:
    """Answers as Binance does, and notes the symbols of each request; None for the whole."""

    def __init__(self, *listed: str) -> None:
        self.listed = list(listed)
        self.asked: list[list[str] | None] = []
        self.status, self.headers = 200, dict[str, str]()
        self.clock, self.budget = ManualClock(), RateBudget()

    async def __aenter__(self) -> "Venue":
        return self

    async def __aexit__(self, *_: object) -> None: ...

    def get(self, url: str) -> Answer:
        params = parse_qs(urlsplit(url).query)
        assert params["showPermissionSets"] == ["false"]
        names = json.loads(params["symbols"][0]) if "symbols" in params else None
        self.asked.append(names)
        if self.status != 200:
            return Answer(self.status, {"code": -1003, "msg": "Too much."}, self.headers)
        if any(name not in self.listed for name in names or ()):
            return Answer(400, {"code": -1121, "msg": "Invalid symbol."}, {})
        rows = [{"symbol": name, "status": "TRADING", "baseAsset": name[:-4], "quoteAsset": "USDT", "filters": []}
                for name in (self.listed if names is None else names)]  # fmt: skip
        return Answer(200, {"symbols": rows}, {})

    def ask(self, times: int = 1, every_s: float = 60.0) -> list[Any]:
        """What a port is told that asks so often."""
        heard: list[Any] = []

        async def open_session() -> Any:
            return self

        async def scenario() -> None:
            loop = asyncio.get_running_loop()
            if not hasattr(self, "port"):
                self.port = RestListing(loop, self.clock, open_session, WAY, OURS, self.budget)
            self.port._tasks._loop = loop
            for _ in range(times):
                before = len(heard)
                self.port.ask(heard.append)
                while len(heard) == before:  # noqa: ASYNC110
                    await asyncio.sleep(0)
                self.clock.advance(every_s)

        asyncio.run(scenario())
        return heard


@pytest.fixture
def venue() -> Venue:
    return Venue("AUSDT", "BUSDT", "CUSDT", "DUSDT")


def test_the_whole_is_asked_for_once_and_then_our_symbols(venue: Venue) -> None:
    words = venue.ask(5)
    assert venue.asked == [None] + [["AUSDT", "BUSDT"]] * 4
    assert [word.listing.whole for word in words] == [True] + [False] * 4
    assert set(words[-1].listing.instruments) == set(OURS)


def test_where_one_is_gone_the_whole_is_asked_for_and_then_the_others(venue: Venue) -> None:
    venue.ask()
    venue.listed.remove("BUSDT")
    assert venue.ask()[0].listing.whole
    assert venue.asked[1:] == [["AUSDT", "BUSDT"], None]
    venue.ask(3)
    assert venue.asked[3:] == [["AUSDT"]] * 3
    venue.listed.append("BUSDT")
    venue.clock.advance(WHOLE_EVERY_S)
    venue.ask(2)
    assert venue.asked[6:] == [None, ["AUSDT", "BUSDT"]], "it came back"


def test_a_venue_that_answers_otherwise_has_not_said_that_a_symbol_is_gone(venue: Venue) -> None:
    venue.ask()
    venue.status = 503
    assert isinstance(venue.ask()[0], ListingUnavailable)
    assert len(venue.asked) == 2


def test_a_refusal_is_kept_by_all_who_ask_from_here(venue: Venue) -> None:
    venue.status, venue.headers = 418, {"Retry-After": "120"}
    assert isinstance(venue.ask(every_s=0.0)[0], ListingUnavailable)
    assert venue.budget.pause_s("cancel", venue.clock.now_ns()) == 120.0
    assert "not asked" in venue.ask(every_s=120.0)[0].reason
    assert len(venue.asked) == 1
    venue.status = 200
    assert isinstance(venue.ask()[0], ListingArrived)


def test_what_is_known_of_other_symbols_stays_known_without_them() -> None:
    rules = replace(PAPER_INSTRUMENTS["BTC/USDT"], step_size=Decimal(1))
    whole = Listing(dict.fromkeys(("A/USDT", "B/USDT", "OLD/USDT"), rules))
    universe, _ = hear_listing(begin(OURS), whole)
    universe, changes = hear_listing(universe, Listing(dict.fromkeys(OURS, rules), whole=False))
    assert not changes
    universe, changes = hear_listing(universe, Listing(dict.fromkeys(("A/USDT", "OLD/USDT", "NEW/USDT"), rules)))
    assert [change.symbol for change in changes] == ["B/USDT"]
    assert "NEW/USDT" in state_of(universe, "B/USDT")[1]
    assert "OLD/USDT" not in state_of(universe, "B/USDT")[1]
