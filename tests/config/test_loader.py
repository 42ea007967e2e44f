from collections.abc import Callable
from decimal import Decimal
from pathlib import Path

import pytest

from tradigrade.config.errors import ConfigFault
from tradigrade.config.loader import default_data_dir, load_settings
from tradigrade.config.settings import Settings

Write = Callable[[str], Path]


@pytest.fixture
def write(tmp_path: Path) -> Write:
    def write(text: str) -> Path:
        path = tmp_path / "own.toml"
        path.write_text(text, encoding="utf-8")
        return path

    return write


@pytest.fixture(autouse=True)
def empty_directory(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "work").mkdir()
    monkeypatch.chdir(tmp_path / "work")


def fault(path: Path | None, overrides: dict[str, object] | None = None, **environment: str) -> str:
    with pytest.raises(ConfigFault) as caught:
        load_settings(path, overrides, environment)
    return str(caught.value)


def test_without_any_source_the_defaults_hold() -> None:
    assert load_settings(environment={}) == Settings()


def test_the_file_of_the_working_directory_is_found() -> None:
    Path("tradigrade.toml").write_text("seed = 3", encoding="utf-8")
    assert load_settings(environment={}).seed == 3


def test_a_named_file_replaces_the_one_of_the_working_directory(write: Write) -> None:
    Path("tradigrade.toml").write_text("seed = 3", encoding="utf-8")
    assert load_settings(write("speed = 2"), environment={}) == Settings(speed=2.0)


def test_the_environment_beats_the_file_and_the_command_line_beats_both(write: Write) -> None:
    path = write("seed = 1\nspeed = 2\n[risk]\nmax_orders_per_s = 3\nmax_order_notional = 4\n")
    environment = {"TRADIGRADE_SPEED": "5", "TRADIGRADE_RISK__MAX_ORDERS_PER_S": "6"}
    settings = load_settings(path, {"risk.max_orders_per_s": 7, "console.port": None}, environment)
    risk = settings.risk
    assert (settings.seed, settings.speed, risk.max_orders_per_s, risk.max_order_notional) == (1, 5.0, 7, Decimal(4))


@pytest.mark.parametrize("text", ["BTC/USDT,ETH/USDT", "BTC/USDT, ETH/USDT,", '["BTC/USDT", "ETH/USDT"]'])
def test_a_list_may_be_given_as_text(text: str) -> None:
    expected = ("BTC/USDT", "ETH/USDT")
    assert load_settings(environment={"TRADIGRADE_SYMBOLS": text}).symbols == expected
    assert load_settings(overrides={"symbols": text}, environment={}).symbols == expected


def test_strategies_may_be_given_as_one_line_of_toml() -> None:
    text = '[{path = "a.py:A", parameters = {window = 5}}]'
    (strategy,) = load_settings(environment={"TRADIGRADE_STRATEGIES": text}).strategies
    assert (strategy.path, strategy.parameters) == ("a.py:A", {"window": 5})


def test_a_variable_that_a_platform_sets_for_a_service_of_this_name_is_left_alone() -> None:
    environment = {"TRADIGRADE_PORT": "tcp://10.0.0.1:8420", "TRADIGRADE_SERVICE_HOST": "10.0.0.1"}
    assert load_settings(environment=environment) == Settings()


def test_a_number_written_as_a_toml_float_becomes_exactly_that_money(write: Write) -> None:
    assert load_settings(write("[risk]\nmax_order_notional = 0.1"), environment={}).risk.max_order_notional == Decimal(
        "0.1"
    )


FILE_FAULTS = {
    "an unknown key, with the closest": (
        "[risk]\nmax_order_notionl = 1",
        "own.toml: risk.max_order_notionl: expected a known key, found an unknown key; "
        "did you mean risk.max_order_notional?",
    ),
    "an unknown key, with all": (
        "[console]\nzzz = 1",
        "own.toml: console.zzz: expected one of the keys host, port, found an unknown key",
    ),
    "a wrong type": (
        '[risk]\nmax_orders_per_s = "many"',
        'own.toml: risk.max_orders_per_s: expected a whole number above 0 and below 2147483648, found "many"',
    ),
    "out of range": ("speed = 0", "own.toml: speed: expected a number above 0 and at most 1000, found 0"),
    "not a number": ("bar_s = nan", "own.toml: bar_s: expected a number above 0 and below 1000000000, found nan"),
    "a boolean for a number": ("[console]\nport = true", "found true"),
    "a word out of a list": ('on_stop = "die"', 'on_stop: expected one of "cancel", "flatten", "leave", found "die"'),
    "a value for a table": ("risk = 5", "own.toml: risk: expected a table, found 5"),
    "a value for a list": ('symbols = "BTC/USDT"', 'symbols: expected a list, each text, found "BTC/USDT"'),
    "a wrong item": ("symbols = [1]", "symbols[0]: expected text, found 1"),
    "a pattern": (
        '[account]\nname = "Main!"',
        'account.name: expected text matching ^[a-z][a-z0-9]{0,7}$, found "Main!"',
    ),
    "a missing key": ("[[strategies]]\nname = 'a'", "strategies[0].path: expected text, found nothing"),
    "a symbol's spelling": ('symbols = ["BTCUSDT"]', "symbols[0]: expected a symbol spelled BASE/QUOTE, such as"),
    "no symbols": ("symbols = []", "own.toml: symbols: expected at least one symbol, found an empty list"),
    "a symbol twice": ('symbols = ["A/B", "A/B"]', 'symbols: expected each symbol once, found "A/B" more than once'),
    "a foreign symbol": (
        '[[strategies]]\npath = "a:A"\nsymbols = ["X/Y"]',
        'strategies[0].symbols: expected symbols out of BTC/USDT, found "X/Y"',
    ),
    "a strategy's path": ('[[strategies]]\npath = "a.py"', 'strategies[0].path: expected "module:Class"'),
    "a strategy's long name": (
        '[[strategies]]\npath = "a:ABCDEFGHIJKLMNOPQ"',
        'strategies[0].name: expected at most 16 letters, digits and _, found "abcdefghijklmnopq", from its class',
    ),
    "a strategy twice": (
        '[[strategies]]\npath = "a:A"\n[[strategies]]\npath = "b:B"\nname = "a"',
        'own.toml: strategies: expected each name once, found "a" more than once; give one another name',
    ),
    "money that is no number": (
        '[account]\nopening_balance = "NaN"',
        "account.opening_balance: expected an amount above",
    ),
    "money below zero": ("[risk]\nmax_position_notional = -1", "found -1"),
    "a back-off": (
        "[supervision]\nbackoff_min_s = 9",
        "own.toml: supervision.backoff_min_s: expected at most supervision.backoff_max_s (5), found 9",
    ),
    "a heartbeat": (
        "[supervision]\nheartbeat_s = 3",
        "expected less than supervision.heartbeat_timeout_s (3), found 3",
    ),
    "a horizon": ("[learning]\nhorizon_bars = 512", "expected less than learning.window_bars (512), found 512"),
    "bad syntax": ("seed = 1\nspeed 2", "own.toml: expected valid TOML, found expected '='"),
    "bad syntax has its line": ("seed = 1\nspeed 2", "line 2, column 7"),
}


@pytest.mark.parametrize("case", FILE_FAULTS)
def test_a_bad_file_is_refused_with_what_was_expected_and_found(write: Write, case: str) -> None:
    text, sentence = FILE_FAULTS[case]
    assert sentence in fault(write(text))


def test_a_file_that_is_absent_or_no_file_is_refused(tmp_path: Path) -> None:
    assert fault(tmp_path / "no.toml").endswith(
        "no.toml: expected a readable TOML file, found no such file or directory"
    )
    assert "expected a readable TOML file, found is a directory" in fault(tmp_path)


def test_a_file_that_is_not_utf8_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "latin.toml"
    path.write_bytes(b"# \xe9")
    assert "expected UTF-8 text, found byte 2 that is not" in fault(path)


@pytest.mark.parametrize("text", ["x = " + "[" * 100_000, "seed = " + "9" * 5_000])
def test_a_hostile_file_is_refused_and_crashes_nothing(write: Write, text: str) -> None:
    assert "own.toml: expected valid TOML" in fault(write(text))


def test_the_variable_at_fault_is_named() -> None:
    sentence = "environment variable TRADIGRADE_CONSOLE__PORT: console.port: expected a whole number at least 0"
    assert sentence in fault(None, TRADIGRADE_CONSOLE__PORT="http")
    assert "did you mean risk?" in fault(None, TRADIGRADE_RSK__MAX_ORDER_NOTIONAL="1")


def test_the_command_line_at_fault_is_named() -> None:
    assert fault(None, {"speed": "fast"}).startswith("command line: speed: expected a number above 0")
    assert "symbols[0]" in fault(None, {"symbols": "BTCUSDT"})


def test_a_fault_between_two_sources_names_where_the_refused_value_came_from(write: Write) -> None:
    path = write("[supervision]\nbackoff_max_s = 1\n")
    sentence = fault(path, TRADIGRADE_SUPERVISION__BACKOFF_MIN_S="2")
    assert sentence.startswith("environment variable TRADIGRADE_SUPERVISION__BACKOFF_MIN_S: supervision.backoff_min_s")


def test_a_secret_is_never_part_of_a_fault() -> None:
    assert "hunter2" not in fault(None, TRADIGRADE_ACCOUNT__PASSWORD="hunter2")


def test_the_data_directory_is_an_absolute_place_of_the_user() -> None:
    assert default_data_dir().is_absolute()
    assert default_data_dir().name == "tradigrade"
