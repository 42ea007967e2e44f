from decimal import Decimal
from pathlib import Path

import pytest

from tradigrade.kernel.disk import SystemDisk
from tradigrade.storage.risk_memory import Memory, MemoryLost, RiskMemory


def test_what_is_saved_is_loaded_and_nothing_saved_is_empty(tmp_path: Path) -> None:
    file = RiskMemory(SystemDisk(), tmp_path / "account-main.risk")
    assert file.load() == Memory()
    memory = Memory({"s BTC/USDT": "lunch"}, 3, Decimal("10000.01"), Decimal(11_000), (1, 2), halted=True)
    file.save(memory, sync=True)
    assert file.load() == memory


@pytest.mark.parametrize("content", [b"", b"[]", b'{"unknown": 1}'])
def test_what_does_not_read_is_said_to_be_lost(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "m").write_bytes(content)
    with pytest.raises(MemoryLost, match="cannot be read"):
        RiskMemory(SystemDisk(), tmp_path / "m").load()


@pytest.mark.parametrize("field", ["peak_equity", "opening_equity"])
@pytest.mark.parametrize("number", ["NaN", "sNaN", "Infinity"])
def test_an_equity_that_is_no_number_is_lost(tmp_path: Path, field: str, number: str) -> None:
    (tmp_path / "m").write_text(f'{{"{field}": "{number}"}}')
    with pytest.raises(MemoryLost, match="is no number"):
        RiskMemory(SystemDisk(), tmp_path / "m").load()
