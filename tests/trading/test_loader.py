from pathlib import Path

import pytest

from tradigrade.trading.loader import load_strategy, make_strategy
from tradigrade.trading.strategies.learned import Learned
from tradigrade.trading.strategy import StrategyFault

GOOD = """
from dataclasses import dataclass
from tradigrade.trading.strategy import Strategy

@dataclass
class Mine(Strategy):
    defaults = {"size": 3}
    def __init__(self, symbol, parameters=None):
        super().__init__(symbol, parameters)
        self.found = 1 // self.parameters["size"]

class Other: ...
number = 7
"""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "good.py").write_text(GOOD)
    (tmp_path / "broken.py").write_text("def half(:\n")
    (tmp_path / "raising.py").write_text("raise RuntimeError('two\\nlines')\n")
    (tmp_path / "leaving.py").write_text("import sys\nsys.exit(3)\n")
    (tmp_path / "needy.py").write_text("import no_such_library\n")
    return tmp_path


def test_a_class_of_a_module_is_loaded() -> None:
    assert load_strategy("tradigrade.trading.strategies.learned:Learned", "") is Learned


def test_a_class_of_a_users_file_is_loaded_and_made(folder: Path) -> None:
    strategy = make_strategy("good.py:Mine", str(folder), "BTC/USDT", {"size": 1})
    assert (strategy.symbol, strategy.parameters, type(strategy).__name__) == ("BTC/USDT", {"size": 1}, "Mine")


def test_a_corrected_file_is_read_anew_and_nothing_is_written_beside_it(folder: Path) -> None:
    load_strategy("good.py:Mine", str(folder))
    (folder / "good.py").write_text(GOOD.replace('"size": 3', '"size": 4'))
    assert load_strategy("good.py:Mine", str(folder)).defaults == {"size": 4}
    assert not (folder / "__pycache__").exists()


@pytest.mark.parametrize(
    ("path", "words"),
    [
        ("good.py", "expected 'module:Class' or 'file.py:Class'"),
        (":Mine", "expected 'module:Class' or 'file.py:Class'"),
        ("good.py:not a name", "expected 'module:Class' or 'file.py:Class'"),
        ("missing.py:Mine", "found ['broken.py', 'good.py'"),
        ("../outside.py:Mine", "expected a file inside"),
        ("broken.py:Mine", "failed to import with SyntaxError"),
        ("raising.py:Mine", "failed to import with RuntimeError: two lines"),
        ("leaving.py:Mine", "failed to import with SystemExit: 3"),
        ("needy.py:Mine", "No module named 'no_such_library'"),
        ("good.py:Absent", "has no class Absent, it has Mine"),
        ("good.py:Other", "to be a subclass of tradigrade.Strategy"),
        ("good.py:number", "to be a subclass of tradigrade.Strategy"),
        ("good.py:Strategy", "to be a subclass of tradigrade.Strategy"),
        ("no.such.module:Mine", "expected an importable module, found ModuleNotFoundError"),
        ("tradigrade.trading.messages:Mine", "has no class Mine, it has no strategy"),
    ],
)
def test_every_way_to_fail_is_one_clear_sentence(folder: Path, path: str, words: str) -> None:
    with pytest.raises(StrategyFault) as caught:
        load_strategy(path, str(folder))
    assert words in str(caught.value)
    assert str(caught.value).startswith(f"strategy {path!r}: ")
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("parameters", "words"),
    [
        ({"speed": 1}, "parameter 'speed' is unknown, expected one of ['size']"),
        ({"size": "big"}, "parameter 'size' must be int, got 'big'"),
        ({"size": 0}, "Mine.__init__ failed with ZeroDivisionError"),
    ],
)
def test_wrong_parameters_are_a_strategy_fault(folder: Path, parameters: dict[str, object], words: str) -> None:
    with pytest.raises(StrategyFault) as caught:
        make_strategy("good.py:Mine", str(folder), "BTC/USDT", parameters)
    assert words in str(caught.value)


def test_a_file_needs_a_folder() -> None:
    with pytest.raises(StrategyFault, match="needs strategies_dir"):
        load_strategy("good.py:Mine", "")
