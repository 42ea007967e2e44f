from tests.trading.facts import fill, intent, signal
from tradigrade.trading.messages import OrderRefused
from tradigrade.trading.order_events import OrderUnknown
from tradigrade.trading.tally import RunStarted, RunTally

RECORDS = (
    signal(),
    signal(),
    intent(),
    fill(intent()),
    OrderRefused("signal", "s", "BTC/USDT", "RUNG", {}, 1),
    OrderUnknown("tgmain-1-1", "no answer", 1),
)


def counts(tally: RunTally) -> tuple[int, ...]:
    return tally.signals, tally.orders, tally.fills, tally.refused, tally.unknown


def fold(*records: object) -> RunTally:
    tally = RunTally()
    for record in records:
        tally.apply(record)  # type: ignore[arg-type]
    return tally


def test_every_kind_of_record_is_counted() -> None:
    assert counts(fold(RunStarted("r1", 1), *RECORDS)) == (2, 1, 1, 1, 1)


def test_a_restart_within_a_run_loses_no_count() -> None:
    assert counts(fold(RunStarted("r1", 1), *RECORDS, RunStarted("r1", 2), *RECORDS)) == (4, 2, 2, 2, 2)


def test_another_run_counts_from_zero() -> None:
    tally = fold(RunStarted("r1", 1), *RECORDS, RunStarted("r2", 2), signal())
    assert tally.run_id == "r2"
    assert counts(tally) == (1, 0, 0, 0, 0)
