"""The account's requests beyond its orders: currencies, fees, deposits and withdrawals."""

from decimal import Decimal
from typing import Any

from . import payloads
from .engine import Engine
from .fees import Tier
from .money import money
from .operation import Operation
from .parameters import Parameters, names, read_integer, read_limit, read_text
from .records import FundsTransferred

ROWS_MAX = 1_000
NOTHING = "0.00000000"
NO_FEES = dict.fromkeys(("maker", "taker", "buyer", "seller"), NOTHING)


def commission(symbol: str, tier: Tier) -> dict[str, Any]:
    """What trades of a symbol cost: the account's rates, no tax, no special fee, no discount."""
    discount = {"enabledForAccount": False, "enabledForSymbol": False, "discountAsset": "BNB", "discount": NOTHING}
    fees = {
        "standardCommission": payloads.commission_rates(tier),
        "specialCommission": NO_FEES,
        "taxCommission": NO_FEES,
    }
    return {"symbol": symbol} | fees | {"discount": discount}


def get_commission(engine: Engine, params: Parameters, now_ms: int) -> Any:
    return commission(engine.market(read_text(params, "symbol")).instrument.venue_symbol, engine.tier(now_ms))


def list_fees(engine: Engine, params: Parameters, now_ms: int) -> Any:
    tier = engine.tier(now_ms)
    rates = {"makerCommission": f"{tier.maker.normalize():f}", "takerCommission": f"{tier.taker.normalize():f}"}
    symbols = [params["symbol"]] if params.get("symbol") else list(engine.markets)
    names = [engine.market(symbol).instrument.venue_symbol for symbol in symbols]
    return [{"symbol": name} | rates for name in names]


def list_currencies(engine: Engine, _params: Parameters, _now_ms: int) -> Any:
    """Every one on a network of its own, which takes and pays out nothing."""
    instruments = [market.instrument for market in engine.markets.values()]
    names = sorted({name for each in instruments for name in (each.base, each.quote)})
    return [_currency(engine, name) for name in names]


def list_nothing(_engine: Engine, _params: Parameters, _now_ms: int) -> Any:
    return []


def list_deposits(engine: Engine, params: Parameters, _now_ms: int) -> Any:
    return [payloads.deposit(each) for each in _transfers(engine, params) if each.amount > 0]


def list_withdrawals(engine: Engine, params: Parameters, _now_ms: int) -> Any:
    return [payloads.withdrawal(each) for each in _transfers(engine, params) if each.amount < 0]


COMMISSION = Operation(get_commission, 20, names("symbol"), reads=True)
PAIRS = Operation(list_nothing, 1, names("symbol"), reads=True)
ALLOCATIONS = Operation(list_nothing, 20, names("symbol startTime endTime fromAllocationId limit orderId"), reads=True)
MOVED = names("coin status offset limit startTime endTime")

BY_ROUTE: dict[tuple[str, str], Operation] = {
    ("GET", "/api/v3/account/commission"): COMMISSION,
    ("GET", "/sapi/v1/asset/tradeFee"): Operation(list_fees, 1, names("symbol"), reads=True),
    ("GET", "/sapi/v1/capital/config/getall"): Operation(list_currencies, 10, reads=True),
    ("GET", "/sapi/v1/capital/deposit/hisrec"): Operation(
        list_deposits, 1, MOVED | names("includeSource txId"), reads=True
    ),
    ("GET", "/sapi/v1/capital/withdraw/history"): Operation(
        list_withdrawals, 1, MOVED | names("withdrawOrderId idList"), reads=True
    ),
    ("GET", "/sapi/v1/margin/allPairs"): PAIRS,
    ("GET", "/sapi/v1/margin/isolated/allPairs"): PAIRS,
    ("GET", "/api/v3/myAllocations"): ALLOCATIONS,
}
BY_METHOD = {"account.commission": COMMISSION, "myAllocations": ALLOCATIONS}


def _currency(engine: Engine, name: str) -> dict[str, Any]:
    held = engine.account.balances.get(name)
    free, locked = (held.free, held.locked) if held else (Decimal(0), Decimal(0))
    idle = dict.fromkeys(("freeze", "ipoable", "ipoing", "storage", "withdrawing"), "0")
    network = {
        "network": name,
        "coin": name,
        "name": name,
        "isDefault": True,
        "depositEnable": False,
        "withdrawEnable": False,
        "withdrawFee": "0",
        "withdrawMin": "0",
        "withdrawMax": "0",
        "withdrawIntegerMultiple": "0.00000001",
        "minConfirm": 1,
        "unLockConfirm": 0,
        "sameAddress": False,
        "busy": False,
    }
    amounts = {"free": money(free), "locked": money(locked)} | idle
    allowed = {"trading": True, "depositAllEnable": False, "withdrawAllEnable": False, "isLegalMoney": False}
    return {"coin": name, "name": name, "networkList": [network]} | allowed | amounts


def _transfers(engine: Engine, params: Parameters) -> list[FundsTransferred]:
    """Newest first."""
    coin = params.get("coin", "")
    since_ms, until_ms = read_integer(params, "startTime") or 0, read_integer(params, "endTime")
    return [
        each
        for each in reversed(engine.transfers())
        if coin in ("", each.asset) and since_ms <= each.at_ms and (until_ms is None or each.at_ms <= until_ms)
    ][: read_limit(params, ROWS_MAX, ROWS_MAX)]
