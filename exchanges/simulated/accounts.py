"""An account's money: what is free and what is locked in open orders."""

from decimal import Decimal

import msgspec

ZERO = Decimal(0)
DAY_MS = 86_400_000
VOLUME_DAYS = 30


class Balance(msgspec.Struct):
    free: Decimal = ZERO
    locked: Decimal = ZERO


class Account(msgspec.Struct):
    """Balances by asset. Neither part is ever negative: what would make it so is a fault of the engine."""

    balances: dict[str, Balance] = {}
    volumes: dict[int, Decimal] = {}
    """What was traded by day since 1970, in the quote currencies; the last 30 days and today."""
    updated_ms: int = 0

    def free(self, asset: str) -> Decimal:
        balance = self.balances.get(asset)
        return balance.free if balance else ZERO

    def total(self, asset: str) -> Decimal:
        balance = self.balances.get(asset)
        return balance.free + balance.locked if balance else ZERO

    def credit(self, asset: str, amount: Decimal) -> None:
        self._change(asset, free=amount)

    def lock(self, asset: str, amount: Decimal) -> None:
        self._change(asset, free=-amount, locked=amount)

    def release(self, asset: str, amount: Decimal, spent: Decimal = ZERO) -> None:
        """Ends the lock of `amount`, of which `spent` leaves the account."""
        self._change(asset, free=amount - spent, locked=-amount)

    def traded(self, value: Decimal, at_ms: int) -> None:
        """Count a trade for the account's tier."""
        day = at_ms // DAY_MS
        if day not in self.volumes:
            self.volumes = {each: sum_ for each, sum_ in self.volumes.items() if each >= day - VOLUME_DAYS}
            self.volumes[day] = ZERO
        self.volumes[day] += value

    def volume(self, day: int) -> Decimal:
        """Of the 30 days before the day that `day` numbers."""
        return sum((sum_ for each, sum_ in self.volumes.items() if day - VOLUME_DAYS <= each < day), ZERO)

    def _change(self, asset: str, free: Decimal = ZERO, locked: Decimal = ZERO) -> None:
        balance = self.balances.get(asset)
        if balance is None:
            balance = self.balances[asset] = Balance()
        balance.free += free
        balance.locked += locked
        assert balance.free >= 0, f"{asset}: free balance would be {balance.free}"
        assert balance.locked >= 0, f"{asset}: locked balance would be {balance.locked}"
