"""The limits that people set: whole or nothing, with every change in the history."""

import json
from decimal import Decimal
from pathlib import Path

import pytest

from tradigrade.kernel.disk import SystemDisk
from tradigrade.kernel.faulty import FaultyDisk
from tradigrade.storage.limits_file import LimitsFile, LimitsLost, Stored
from tradigrade.trading.limit_book import LimitBook, change
from tradigrade.trading.limits import LimitChanged, Limits

CHANGED = LimitChanged("max_order_notional", "account", "2000", "1000.5", "2-0", "somebody", "calmer", 1)


def stored(value: str = "1000.5") -> Stored:
    book = change(LimitBook(), "max_order_notional", "account", Decimal(value))
    return Stored(change(book, "max_symbol_orders", "symbol BTC/USDT", Decimal(3)), LimitBook())


def test_what_is_saved_is_loaded_and_nothing_saved_is_nothing(tmp_path: Path) -> None:
    file = LimitsFile(SystemDisk(), tmp_path / "limits.json")
    assert file.load() is None
    file.save(stored(), CHANGED)
    assert file.load() == stored()
    (line,) = (tmp_path / "limits-history.jsonl").read_text().splitlines()
    told = json.loads(line)
    assert (told["name"], told["before"], told["after"], told["by"], told["reason"]) == (
        *("max_order_notional", "2000", "1000.5"),
        *("somebody", "calmer"),
    )


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"{}",
        b"\xff",
        b'{"book": {"account": {"max_order_notional": "NaN"}}, "configured": {}}',
        b'{"book": {"account": {"max_order_notional": "6000"}}, "configured": {}}',
        b'{"book": {"account": {"max_ordr": "1"}}, "configured": {}}',
    ],
)
def test_what_does_not_read_or_contradicts_itself_is_lost(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "limits.json").write_bytes(content)
    with pytest.raises(LimitsLost, match="cannot be read"):
        LimitsFile(SystemDisk(), tmp_path / "limits.json").load()


def test_a_disk_that_refuses_leaves_what_was_there(tmp_path: Path) -> None:
    disk = FaultyDisk(SystemDisk())
    file = LimitsFile(disk, tmp_path / "limits.json")
    file.save(stored(), CHANGED)
    disk.full = True
    with pytest.raises(OSError, match=r"space|full"):
        file.save(stored("900"), CHANGED)
    disk.full = False
    assert file.load() == stored()
    assert Limits() == LimitBook().account
