"""What proves to the direct entry that an order was refused proves it to ccxt, too, under the same name."""

import json
from typing import Any

import ccxt
import pytest

from tradigrade.exchanges.binance.refusals import NAMES, proven_refusal
from tradigrade.exchanges.ccxt_parsing import proves_refusal
from tradigrade.exchanges.simulated import errors
from tradigrade.exchanges.simulated.errors import Refusal, banned, filter_failed, missing, overweight

SAID = [each for each in vars(errors).values() if isinstance(each, Refusal)]
MADE = [banned(1), overweight(1), missing("price"), filter_failed("LOT_SIZE"), filter_failed("NOTIONAL")]


def judged_by_ccxt(status: int, code: int, message: str) -> tuple[str, bool]:
    body = {"code": code, "msg": message}
    try:
        url = "https://api.binance.com/api/v3/order"
        ccxt.binance().handle_errors(status, "", url, "POST", {}, json.dumps(body), body, {}, "")
    except ccxt.BaseError as error:
        return type(error).__name__, proves_refusal(error)
    raise AssertionError(f"ccxt takes {body} for no error")


@pytest.mark.parametrize("refusal", [*SAID, *MADE], ids=lambda each: f"{each.code} {each.message[:30]}")
def test_every_refusal_of_the_venue_reads_as_ccxt_reads_it(refusal: Refusal) -> None:
    name, proven = judged_by_ccxt(refusal.status, refusal.code, refusal.message)
    assert proven_refusal(refusal.status, refusal.code, refusal.message) == (name if proven else "")


@pytest.mark.parametrize("code", NAMES)
def test_no_code_is_taken_for_proof_that_ccxt_does_not_take(code: int) -> None:
    assert judged_by_ccxt(400, code, "other words") == (proven_refusal(400, code, "other words"), True)


@pytest.mark.parametrize("code", [-1000, -1001, -1006, -1007, -1008, -1099, -9999, 0])
def test_a_code_that_proves_nothing_leaves_doubt(code: int) -> None:
    assert proven_refusal(400, code, "") == ""


@pytest.mark.parametrize(("status", "named"), [(500, ""), (503, ""), (200, ""), (409, "InvalidOrder")])
def test_a_server_that_failed_proves_nothing_whatever_its_code(status: Any, named: str) -> None:
    assert proven_refusal(status, -2010, "") == named


def test_that_an_order_of_the_id_is_there_already_proves_no_refusal() -> None:
    name, proven = judged_by_ccxt(400, -2010, "Duplicate order sent.")
    assert (name, proven) == ("InvalidOrder", False)
    assert proven_refusal(400, -2010, "Duplicate order sent.") == ""
    assert not proves_refusal(ccxt.DuplicateOrderId("it is there"))
