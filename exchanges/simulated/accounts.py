"""The account's money: what is free and what is locked in open orders."""

from decimal import Decimal

import msgspec

ZERO = Decimal(0)


class Balance(msgspec.Struct):
    free: Decimal = ZERO
    locked: Decimal = ZERO


class Account(msgspec.Struct):
    """Balances by asset. Neither part is ever negative: what would make it so is a fault of the engine."""

    balances: dict[str, Balance] = {}

    def free(self, asset: str) -> Decimal:
        balance = self.balances.get(asset)
        return balance.free if balance else ZERO

    def credit(self, asset: str, amount: Decimal) -> None:
        self._change(asset, free=amount)

    def lock(self, asset: str, amount: Decimal) -> None:
        self._change(asset, free=-amount, locked=amount)

    def release(self, asset: str, amount: Decimal, spent: Decimal = ZERO) -> None:
        """Ends the lock of `amount`, of which `spent` leaves the account."""
        self._change(asset, free=amount - spent, locked=-amount)

    def _change(self, asset: str, free: Decimal = ZERO, locked: Decimal = ZERO) -> None:
        balance = self.balances.setdefault(asset, Balance())
        balance.free += free
        balance.locked += locked
        assert balance.free >= 0, f"{asset}: free balance would be {balance.free}"
        assert balance.locked >= 0, f"{asset}: locked balance would be {balance.locked}"
