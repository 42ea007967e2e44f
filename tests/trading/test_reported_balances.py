"""The venue's word on balances beside the books': a difference is one that stays."""

from decimal import Decimal

from tradigrade.trading.reported_balances import LOOKS_BORNE, ReportedBalances

ONE, TWO = Decimal(1), Decimal(2)


def compared(reported: ReportedBalances, times: int = LOOKS_BORNE, **balances: Decimal) -> list[tuple[str, ...]]:
    return [reported.compare(balances) for _ in range(times)]


def test_what_differs_at_two_comparisons_in_a_row_is_told_once() -> None:
    reported = ReportedBalances()
    reported.hear({"USDT": ONE, "BTC": ONE})
    assert compared(reported, 3, USDT=TWO, BTC=ONE) == [(), ("USDT",), ()]


def test_a_report_that_the_books_catch_up_with_is_no_difference() -> None:
    reported = ReportedBalances()
    reported.hear({"USDT": TWO})
    assert compared(reported, 1, USDT=ONE) == [()]
    assert compared(reported, 3, USDT=TWO) == [(), (), ()]


def test_a_newer_report_takes_the_place_of_an_older_one() -> None:
    """A fill was booked between: what was said before it is past."""
    reported = ReportedBalances()
    reported.hear({"USDT": ONE})
    assert compared(reported, 1, USDT=TWO) == [()]
    reported.hear({"USDT": TWO})
    assert compared(reported, 3, USDT=TWO) == [(), (), ()]


def test_what_the_books_do_not_have_is_nothing() -> None:
    reported = ReportedBalances()
    reported.hear({"BNB": Decimal(0), "DOGE": ONE})
    assert compared(reported) == [(), ("DOGE",)]
