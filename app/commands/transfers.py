"""The commands by which money comes to the paper account and leaves it: `deposit` and `withdraw`."""

import sys
from decimal import Decimal, InvalidOperation
from typing import Annotated

import typer

from .common import FAILED, USED_WRONGLY, DataDirOption, explained, fail, find_data_dir

AmountArgument = Annotated[str, typer.Argument(metavar="AMOUNT", help="Above zero, at most eight decimals.")]
CurrencyArgument = Annotated[str, typer.Argument(metavar="CURRENCY", help="As the venue spells it: USDT.")]


def add_transfers(app: typer.Typer) -> None:
    """Make them commands of the front door."""
    for command in (deposit, withdraw):
        app.command()(command)


def deposit(amount: AmountArgument, currency: CurrencyArgument, data_dir: DataDirOption = None) -> None:
    """Pay paper money into the account at the paper exchange. It counts as no profit."""
    _transfer(_read(amount), currency, data_dir)


def withdraw(amount: AmountArgument, currency: CurrencyArgument, data_dir: DataDirOption = None) -> None:
    """Take paper money out of the account at the paper exchange, of what no order holds. It counts as no loss."""
    _transfer(-_read(amount), currency, data_dir)


def _read(amount: str) -> Decimal:
    try:
        number = Decimal(amount)
    except InvalidOperation:
        number = Decimal(0)
    if not number.is_finite() or number <= 0:
        raise fail(f"expected an amount above zero, as 250 or 0.5; found {amount!r}", USED_WRONGLY)
    return number


def _transfer(amount: Decimal, currency: str, data_dir: DataDirOption) -> None:
    from ..kernel.errors import ActorFailed
    from ..operate import transfer

    with explained():
        try:
            transfer(find_data_dir(data_dir), currency, amount)
        except ActorFailed as fault:
            raise fail(str(fault), FAILED) from None
    sys.stderr.write(f"{'deposited' if amount > 0 else 'withdrew'} {abs(amount)} {currency}\n")
