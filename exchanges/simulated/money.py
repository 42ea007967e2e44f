"""How the venue writes amounts: never less than they are."""

from decimal import Decimal

PLACES, PLACES_MAX = 8, 18


def money(number: Decimal) -> str:
    """Eight decimals, as Binance has them; up to 18 where it would not be exact else, as of coins that cost next to
    nothing at other venues."""
    text = f"{number:.{PLACES}f}"
    return text if Decimal(text) == number else f"{number:.{PLACES_MAX}f}".rstrip("0")


def rounded(number: Decimal) -> str:
    """Of a quotient, which has no last digit: eight decimals, more only of what begins behind the first of them."""
    return f"{number:.{max(PLACES, min(PLACES_MAX, PLACES - number.adjusted()))}f}"
