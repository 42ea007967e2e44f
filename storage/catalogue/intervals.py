"""Bar intervals as ccxt spells them (`1s`, `5m`, `4h`, `1d`, `1w`, `1M`), and the grid that each puts on time."""

import re
from datetime import UTC, datetime
from typing import NamedTuple

SECOND_NS = 1_000_000_000
DAY_NS = 86_400 * SECOND_NS
_UNIT_NS = {"s": SECOND_NS, "m": 60 * SECOND_NS, "h": 3600 * SECOND_NS, "d": DAY_NS, "w": 7 * DAY_NS}
_MONDAY_NS = -3 * DAY_NS
"""The last Monday before the epoch: weeks begin on Mondays."""


class Interval(NamedTuple):
    """Bars open at multiples of it since the epoch, weeks since the Monday before, months since January 1970; UTC."""

    times: int
    unit: str

    @property
    def name(self) -> str:
        return f"{self.times}{self.unit}"

    @property
    def shortest_ns(self) -> int:
        """Its length; of months the shortest there is."""
        return self.times * (_UNIT_NS[self.unit] if self.unit != "M" else 28 * DAY_NS)

    def floor(self, at_ns: int) -> int:
        """When the bar that holds this instant opened."""
        if self.unit == "M":
            months = _month_of(at_ns)
            return _month_start(months - months % self.times)
        shift = _MONDAY_NS if self.unit == "w" else 0
        return at_ns - (at_ns - shift) % self.shortest_ns

    def next(self, start_ns: int) -> int:
        """When the bar after the one that opened then opens."""
        return _month_start(_month_of(start_ns) + self.times) if self.unit == "M" else start_ns + self.shortest_ns

    def ceil(self, at_ns: int) -> int:
        start_ns = self.floor(at_ns)
        return start_ns if start_ns == at_ns else self.next(start_ns)

    def count_between(self, start_ns: int, end_ns: int) -> int:
        """How many bars open in [start_ns, end_ns)."""
        first, last = self.ceil(start_ns), self.ceil(end_ns)
        if self.unit == "M":
            return max(0, (_month_of(last) - _month_of(first)) // self.times)
        return max(0, (last - first) // self.shortest_ns)

    def splits_into(self, finer: "Interval") -> bool:
        """True where each of its bars is made of whole finer ones."""
        if self.unit == "M":
            return (finer.unit == "M" and self.times % finer.times == 0) or _divides_days(finer)
        if finer.unit == "M" or (finer.unit == "w" and self.unit != "w"):
            return False
        if self.unit == "w" and finer.unit != "w":
            return _divides_days(finer)
        return self.shortest_ns % finer.shortest_ns == 0 and self.shortest_ns > finer.shortest_ns

    def floor_sql(self, column: str) -> str:
        """`floor` of a column, in SQL."""
        if self.unit == "M":
            months = f"(year(make_timestamp({column} // 1000)) * 12 + month(make_timestamp({column} // 1000)) - 1)"
            start = f"({months} - ({months} - {1970 * 12}) % {self.times})"
            return f"epoch_us(make_timestamp({start} // 12, {start} % 12 + 1, 1, 0, 0, 0.0)) * 1000"
        shift = _MONDAY_NS if self.unit == "w" else 0
        return f"({column} - ({column} - {shift}) % {self.shortest_ns})"


def parse_interval(text: str) -> Interval:
    """Raises ValueError with one sentence."""
    found = re.fullmatch(r"([1-9]\d{0,3})([smhdwM])", text)
    if not found:
        raise ValueError(f"expected an interval as 1s, 5m, 4h, 1d, 1w or 1M, found {text!r}")
    return Interval(int(found[1]), found[2])


def _divides_days(interval: Interval) -> bool:
    return interval.unit in "smhd" and DAY_NS % interval.shortest_ns == 0


def _month_of(at_ns: int) -> int:
    """Since January 1970."""
    day = datetime.fromtimestamp(at_ns // SECOND_NS, UTC)
    return (day.year - 1970) * 12 + day.month - 1


def _month_start(months: int) -> int:
    day = datetime(1970 + months // 12, months % 12 + 1, 1, tzinfo=UTC)
    return int(day.timestamp()) * SECOND_NS
