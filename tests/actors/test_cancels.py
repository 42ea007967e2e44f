"""Cancels that cannot be sent, or come to nothing: asked again and again, never at once."""

from pathlib import Path
from typing import Literal

import pytest

from tests.kit.account import Account, assert_level
from tradigrade.exchanges.venue import CancelAnswered

ASKED_A_SECOND = 10
"""At most, of one order: each half a second, and after each look."""


def stand(tmp_path: Path) -> Account:
    """An account with one open order."""
    account = Account(tmp_path).serve()
    account.signal("0.01", limit="29900")
    account.advance(1)
    assert account.order_states() == ["accepted"]
    return account


@pytest.mark.parametrize("why", ["disconnected", "no budget"])
def test_a_halt_while_no_cancel_can_be_sent_does_not_ask_without_end(
    tmp_path: Path, why: Literal["disconnected", "no budget"], monkeypatch: pytest.MonkeyPatch
) -> None:
    account = stand(tmp_path)
    venue = account.venue

    def refuse(client_id: str, symbol: str) -> None:
        venue.cancels.append(client_id)
        assert len(venue.cancels) < 1_000, "asked again before anything could have changed"
        venue._tell(CancelAnswered(client_id, "unknown", "not sent"))

    with monkeypatch.context() as patched:
        patched.setattr(venue, "cancel", refuse)
        if why == "disconnected":
            venue.disconnect()
        account.latch.halt("by hand", "the test", account.clock.now_ns())
        account.advance(3)
        assert 1 <= len(venue.cancels) <= 3 * ASKED_A_SECOND
    venue.connect()
    account.until(lambda: account.order_states() == ["cancelled"])
    account.advance(6)
    assert_level(account)


def test_a_halt_asks_now_and_then_for_the_end_of_an_order_that_never_arrived(tmp_path: Path) -> None:
    account = Account(tmp_path).serve()
    account.venue.fates.append("lost")
    account.signal("0.01", limit="29900")
    account.advance(0.1)
    account.latch.halt("by hand", "the test", account.clock.now_ns())
    account.advance(2)
    assert account.order_states() == ["unknown"]
    assert 1 <= len(account.venue.cancels) <= 2 * ASKED_A_SECOND
    account.until(lambda: account.order_states() == ["rejected"])
