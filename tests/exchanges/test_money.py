from decimal import Decimal

import pytest

from tradigrade.exchanges.simulated.money import money, rounded


@pytest.mark.parametrize(
    ("number", "text"),
    [
        ("30000.1", "30000.10000000"),
        ("0", "0.00000000"),
        ("0.00000001", "0.00000001"),
        ("0.0000000123", "0.0000000123"),
        ("0.000000001", "0.000000001"),
        ("-1E-12", "-0.000000000001"),
        ("123456789012345.123456789", "123456789012345.123456789"),
    ],
)
def test_amounts_have_eight_decimals_and_more_where_they_need_them(number: str, text: str) -> None:
    assert money(Decimal(number)) == text


@pytest.mark.parametrize(
    ("number", "text"),
    [
        (Decimal(100_000) / 3, "33333.33333333"),
        (Decimal("1e-9") / 3, "0.000000000333333333"),
        (Decimal("1e-5") / 3, "0.00000333333333"),
        (Decimal(0), "0.00000000"),
    ],
    ids=str,
)
def test_quotients_are_rounded_behind_what_they_say(number: Decimal, text: str) -> None:
    assert rounded(number) == text
