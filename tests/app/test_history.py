"""`orders list|show|explain`, `fills`, `positions` and `pnl`, on journals of systems that do not run."""

import json
import re
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
import structlog
from typer.testing import CliRunner

from tests.trading.journalled import (
    NOW,
    S,
    accepted,
    approval,
    fill,
    intent,
    placed,
    refused,
    signal,
    whole_life,
)
from tradigrade.cli import app
from tradigrade.history import parse_since
from tradigrade.kernel.disk import SystemDisk
from tradigrade.logs import CrashLog
from tradigrade.storage.account_journal import AccountJournal
from tradigrade.trading.order_events import BalanceAdopted, HistoryAdopted
from tradigrade.up import summarise

BEGIN = (BalanceAdopted("USDT", Decimal(1_000), NOW), HistoryAdopted("BTC/USDT", 0, NOW))
TRADED = (
    *BEGIN,
    *whole_life(3, "buy", "30000"),
    *whole_life(4, "sell", "30300"),
    *(signal(5, "0.5"), refused(5, "POSITION_LIMIT", {"worst": "15000", "bound": "5000"})),
    *(signal(6, "0.01", "other"), approval(6, strategy="other"), intent(6, strategy="other")),
    *(placed(6), accepted(6), fill(6, "buy", "29000", amount="0.004")),
)


def write(folder: Path, *records: Any, account: str = "main") -> Path:
    journal = AccountJournal(SystemDisk(), folder / f"account-{account}.journal")
    journal.open()
    for record in records:
        journal.append(record)
    journal.close()
    return folder


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write(tmp_path_factory.mktemp("data"), *TRADED)


def run(folder: Path, *words: str) -> Any:
    return CliRunner().invoke(app, [*words, "--data-dir", str(folder)])


def rows(folder: Path, *words: str) -> list[dict[str, Any]]:
    done = run(folder, *words, "--json")
    assert done.exit_code == 0, done.output
    return [json.loads(line) for line in done.stdout.splitlines()]


def test_orders_are_listed_open_ones_first_then_the_newest(folder: Path) -> None:
    found = rows(folder, "orders", "list")
    assert [(each["client_id"], each["state"]) for each in found] == [
        ("tgmain-1-6", "partially_filled"),
        ("tgmain-1-4", "filled"),
        ("tgmain-1-3", "filled"),
    ]
    assert found[1]["realised"] == "2.397"
    assert found[0]["at_ns"] == intent(6).at_ns


@pytest.mark.parametrize(
    ("words", "found"),
    [
        (("--state", "open"), ["signal-6"]),
        (("--state", "refused"), ["signal-5"]),
        (("--all",), ["signal-6", "signal-5", "signal-4", "signal-3"]),
        (("--all", "--limit", "2"), ["signal-6", "signal-5"]),
        (("--strategy", "other"), ["signal-6"]),
        (("--symbol", "ETH/USDT"), []),
        (("--since", f"{datetime.fromtimestamp(NOW // S + 3, UTC):%Y-%m-%dT%H:%M:%S}"), ["signal-6", "signal-4"]),
    ],
)
def test_a_list_is_filtered(folder: Path, words: tuple[str, ...], found: list[str]) -> None:
    assert [each["signal_id"] for each in rows(folder, "orders", "list", *words)] == found


@pytest.mark.parametrize(
    "words", [("orders", "list", "--all"), ("fills",), ("positions",), ("pnl",), ("orders", "show", "4")]
)
def test_tables_fit_a_hundred_columns_and_cut_nothing(folder: Path, words: tuple[str, ...]) -> None:
    done = run(folder, *words)
    assert done.exit_code == 0, done.output
    assert max(map(len, done.stdout.splitlines())) <= 100
    assert "…" not in done.stdout


def test_the_chain_is_told_top_down(folder: Path) -> None:
    text = run(folder, "orders", "explain", "tgmain-1-4").stdout
    titles = ["Why it was wanted", "What allowed it", "What was sent", "What happened", "What it earned"]
    places = [text.index(title) for title in titles]
    assert places == sorted(places)
    for words in (
        "s wanted to hold 0 BTC",
        "return_10 -3.000",
        "lstm@7",
        "approval-4",
        "accepted by the venue as v4",
        "2.397",
    ):
        assert words in text


def test_the_chain_as_json_has_the_records_themselves(folder: Path) -> None:
    (told,) = rows(folder, "orders", "explain", "approval-4")
    assert told["ids"] == ["tgmain-1-4", "signal-4", "approval-4"]
    kinds = [each["record"]["t"] for each in told["records"]]
    assert kinds == ["SignalGenerated", "OrderApproved", "OrderIntended", "OrderPlaced", "OrderAccepted", "OrderFilled"]
    assert told["records"][-1]["record"]["price"] == "30300"


def test_a_refused_signal_is_explained_too(folder: Path) -> None:
    text = run(folder, "orders", "explain", "signal-5").stdout
    assert "risk said no: POSITION_LIMIT" in text
    assert "15000" in text


def test_an_id_that_is_not_there_names_the_nearest(folder: Path) -> None:
    done = run(folder, "orders", "explain", "tgmain-1-9")
    assert done.exit_code == 1
    assert "the nearest: tgmain-1-" in done.stderr.replace("\n", " ")


def test_fills_are_listed_with_what_they_realised(folder: Path) -> None:
    found = rows(folder, "fills", "--limit", "2")
    assert [(each["client_id"], each["strategy"], each["realised"]) for each in found] == [
        ("tgmain-1-6", "other", "0"),
        ("tgmain-1-4", "s", "2.397"),
    ]


def test_positions_say_from_where_their_price_is(folder: Path) -> None:
    account, other, own = rows(folder, "positions")
    assert [each["strategy"] for each in (account, other, own)] == [None, "other", "s"]
    assert (account["amount"], account["average"], account["price_from"]) == ("0.004", "29029", "the last fill")
    assert own["amount"] == "0"
    assert rows(folder, "positions", "--strategy", "other") == [other]


def test_profit_is_told_by_strategy_day_and_account(folder: Path) -> None:
    found = rows(folder, "pnl")
    assert [each["kind"] for each in found] == ["total", "total", "day", "day", "account", "statement"]
    account, statement = found[-2:]
    assert account["realised"] == "2.397"
    assert account["profit"] == "2.281"
    assert account["return"] == "0.002281"
    parts = [Decimal(statement[name]) for name in ("opening", "transferred", "realised", "unrealised")]
    assert sum(parts) - Decimal(statement["fees"]) == Decimal(statement["equity"])
    assert Decimal(statement["equity"]) - Decimal(statement["opening"]) == Decimal(account["profit"])
    assert {each["day"] for each in found if each["kind"] == "day"} == {"2025-11-22"}


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (
            (),
            r"all in USDT: 1000 opening, 0 transferred, 2\.397 realised, -0\.116 unrealised: 1002\.28, oldest price of",
        ),
        (("--in", "EUR"), r"all in EUR: cannot be told, no market leads from \w+ to EUR"),
    ],
)
def test_the_whole_account_is_told_in_one_line(folder: Path, words: tuple[str, ...], told: str) -> None:
    output = run(folder, "pnl", *words).stdout
    assert re.search(told, " ".join(output.split())), output


def test_an_account_in_a_currency_that_no_market_leads_to_says_so(folder: Path) -> None:
    (statement,) = [each for each in rows(folder, "pnl", "--in", "EUR") if each["kind"] == "statement"]
    assert statement["missing"].startswith("no market leads from ")


@pytest.mark.parametrize("words", [("orders", "list"), ("fills",), ("positions",), ("pnl",)])
def test_where_nothing_happened_that_is_one_sentence(tmp_path: Path, words: tuple[str, ...]) -> None:
    done = run(write(tmp_path, *BEGIN), *words)
    assert done.exit_code == 0
    assert done.stdout == ""
    assert len(done.stderr.splitlines()) == 1
    assert rows(tmp_path, *words) == []


@pytest.mark.parametrize(
    "words", [("orders", "list"), ("orders", "explain", "x"), ("fills",), ("positions",), ("pnl",)]
)
def test_where_there_is_no_journal_that_is_one_sentence(tmp_path: Path, words: tuple[str, ...]) -> None:
    done = run(tmp_path, *words)
    assert done.exit_code == 1
    assert "nothing was ever traded" in done.stderr


@pytest.mark.parametrize(
    "words",
    [("orders", "list", "--state", "nope"), ("orders", "list", "--since", "nope"), ("fills", "--since", "5y")],
)
def test_what_is_asked_for_wrongly_is_refused_in_one_sentence(folder: Path, words: tuple[str, ...]) -> None:
    done = run(folder, *words)
    assert done.exit_code == 2
    assert "expected" in done.stderr


def test_of_several_accounts_one_must_be_named(tmp_path: Path) -> None:
    write(tmp_path, *TRADED)
    write(tmp_path, *BEGIN, account="second")
    assert "give one of them by --account: main, second" in run(tmp_path, "fills").stderr.replace("\n", " ")
    assert len(rows(tmp_path, "fills", "--account", "main")) == 3
    assert run(tmp_path, "fills", "--account", "third").exit_code == 1


def test_what_stands_before_a_damage_is_shown_and_the_damage_told(tmp_path: Path) -> None:
    file = write(tmp_path, *TRADED) / "account-main.journal"
    data = bytearray(file.read_bytes())
    data[len(data) // 2] ^= 0xFF
    file.write_bytes(bytes(data))
    done = run(tmp_path, "orders", "list", "--json")
    assert done.exit_code == 1
    assert "damaged at byte" in done.stderr.replace("\n", " ")
    assert [json.loads(line)["client_id"] for line in done.stdout.splitlines()][-1] == "tgmain-1-3"


@pytest.mark.parametrize(("gone", "begins"), [(1, 7), (4, 25)])
def test_positions_are_right_where_the_oldest_files_are_gone(tmp_path: Path, gone: int, begins: int) -> None:
    journal = AccountJournal(SystemDisk(), tmp_path / "account-main.journal")
    journal.open()
    for number, price in enumerate(("30000", "31000", "32000", "33000"), 1):
        for record in whole_life(number, "sell" if number == 3 else "buy", price):
            journal.append(record)
        journal.rotate()
    for record in whole_life(5, "sell", "34000"):
        journal.append(record)
    journal.close()
    whole = rows(tmp_path, "positions")
    for name in ("account-main.journal", *(f"account-main.journal.{number}" for number in range(1, gone))):
        (tmp_path / name).unlink()
    done = run(tmp_path, "positions", "--json")
    assert f"begins with record {begins}" in done.stderr
    assert [json.loads(line) for line in done.stdout.splitlines()] == whole


@pytest.mark.parametrize(
    ("text", "ago_s"),
    [("90s", 90), ("1.5m", 90), ("2h", 7_200), ("1d", 86_400)],
)
def test_since_is_a_span_before_now(text: str, ago_s: int) -> None:
    assert parse_since(text, NOW) == NOW - ago_s * S


@pytest.mark.parametrize("text", ["2025-11-22T08:26:40", "2025-11-22T08:26:40+00:00", "2025-11-22 09:26:40+01:00"])
def test_since_is_a_time_in_utc_where_it_names_no_other(text: str) -> None:
    assert parse_since(text, 0) == NOW


# -- what else a user is told -----------------------------------------------------------------------------------------


def test_a_trader_that_gave_no_account_of_itself_is_told_as_nulls() -> None:
    launcher = SimpleNamespace(
        summary={}, spawner=SimpleNamespace(processes={}), monitor=SimpleNamespace(counted=lambda _: 0)
    )
    told = summarise(launcher, None)  # type: ignore[arg-type]
    known = {name for name, value in told.items() if value is not None}
    assert known == {"updates", "restarts", "errors", "differences"}
    assert told["differences"] == ["the trader gave no account of itself"]


def test_a_crash_is_logged_with_its_traceback_once() -> None:
    with structlog.testing.capture_logs() as lines:
        log = CrashLog(structlog.get_logger())
        for _ in range(3):
            try:
                raise ValueError("no price")
            except ValueError as error:
                log("trader/strategies/mine", error)
    (line,) = lines
    assert line["child"] == "trader/strategies/mine"
    assert Path(__file__).name in line["exception"]
    assert 'raise ValueError("no price")' in line["exception"]
    assert line["exception"].endswith("ValueError: no price")
