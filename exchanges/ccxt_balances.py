"""What the account's stream says of balances and transfers, read before ccxt makes one sum of it."""

from collections.abc import Callable
from typing import Any

from .ccxt_parsing import exact
from .venue import BalancesReported, VenueWord, funds_moved


def hear_balances(exchange: Any, tell: Callable[[VenueWord], object]) -> None:
    """From now on tell them. Only Binance's words are known: of another venue nothing is heard, and its balances are
    compared when evidence is gathered."""
    parse = getattr(exchange, "handle_balance", None)
    if parse is None or not str(exchange.id).startswith("binance"):
        return

    def handle_balance(client: Any, message: Any) -> Any:
        if (word := balance_word(exchange, message)) is None:
            return parse(client, message)
        tell(word)
        return None  # ccxt's own sum nobody asks for

    exchange.handle_balance = handle_balance


def balance_word(exchange: Any, message: Any) -> VenueWord | None:
    """None for another event. ValueError for a number that is none."""
    match message.get("e"):
        case "balanceUpdate":
            return funds_moved(exchange.safe_currency_code(message["a"]), exact(message["d"]), int(message["T"]))
        case "outboundAccountPosition":
            totals = {
                exchange.safe_currency_code(each["a"]): exact(each["f"]) + exact(each["l"]) for each in message["B"]
            }
            return BalancesReported(totals, int(message["E"]) * 1_000_000)
    return None
