"""Requests of the WebSocket put as REST puts them, and what was done told as the WebSocket tells it. Pure."""

from collections.abc import Iterator, Mapping
from typing import Any

from .batches import CANCELS_MAX
from .errors import invalid
from .names import Pairs
from .new_orders import params_of_socket, plain, read_client_id

BATCH_MIN = 2
TOLD_AS = {"order_id": "txid", "cl_ord_id": "cl_ord_id"}
Read = tuple[dict[str, Any], dict[str, str]]
"""What is told of a request whatever becomes of it, and its parameters."""


def read_requests(method: str, said: Mapping[str, Any], pairs: Pairs) -> Iterator[Read]:
    """More than one where a cancel names several orders: each is answered. Raises Refused."""
    match method:
        case "add_order":
            read = params_of_socket(said, pairs)
            client_id = read_client_id(read)
            yield ({"cl_ord_id": client_id} if client_id else {}), read
        case "batch_add":
            yield {}, _batch(said, pairs)
        case "amend_order":
            yield _amendment(said)
        case "edit_order":
            yield {}, _edit(said, pairs)
        case "cancel_order":
            named = [(name, wanted) for name in TOLD_AS for wanted in _list(said, name)]
            if not named:
                raise invalid("order_id")
            for name, wanted in named:
                yield {name: str(wanted)}, {TOLD_AS[name]: str(wanted)}
        case "batch_cancel":
            yield {}, _cancels(said)
        case "cancel_all_orders_after":
            yield {}, {"timeout": str(said.get("timeout", ""))}
        case _:
            yield {}, {}


def result_of(method: str, result: Any) -> Any:
    """Of what was done."""
    match method:
        case "add_order":
            return {"order_id": result["txid"][0]} if "txid" in result else {}
        case "amend_order":
            return {"amend_id": result["amend_id"]}
        case "edit_order":
            return {"order_id": result["txid"], "original_order_id": result["originaltxid"]}
        case "batch_add":
            return [_placed(row) for row in result["orders"]]
        case "cancel_all" | "cancel_all_orders_after":
            return dict(result)
    return {}


def _placed(row: Mapping[str, Any]) -> dict[str, Any]:
    told = {"order_id": row["txid"]} if "txid" in row else {}
    return told | {name: row[name] for name in ("cl_ord_id", "error") if name in row}


def _batch(said: Mapping[str, Any], pairs: Pairs) -> dict[str, str]:
    shared = {name: said[name] for name in ("symbol", "token") if name in said}
    read = {name: plain(said[name]) for name in ("deadline", "validate") if name in said}
    for number, order in enumerate(_list(said, "orders")):
        if not isinstance(order, dict):
            raise invalid("orders")
        params = params_of_socket(order | shared, pairs)
        read["pair"] = params.pop("pair")
        read |= {_inside(f"orders[{number}]", name): value for name, value in params.items()}
    return read


def _inside(place: str, name: str) -> str:
    """`close[price]` of the first order is `orders[0][close][price]`."""
    outer, bracket, rest = name.partition("[")
    return f"{place}[{outer}]{bracket}{rest}"


def _amendment(said: Mapping[str, Any]) -> Read:
    named = {name: str(said[name]) for name in TOLD_AS if name in said}
    read = {TOLD_AS[name]: value for name, value in named.items()}
    for name, value in said.items():
        if name in ("limit_price_type", "trigger_price_type") and value != "static":
            raise invalid(name)
        if name not in (*TOLD_AS, "token", "symbol", "limit_price_type", "trigger_price_type"):
            read[name] = plain(value)
    return named, read


def _edit(said: Mapping[str, Any], pairs: Pairs) -> dict[str, str]:
    pair = pairs.by_symbol.get(str(said.get("symbol", "")))
    named = {"order_qty": "volume", "display_qty": "displayvol", "deadline": "deadline", "validate": "validate"}
    read = {rest: plain(said[name]) for name, rest in named.items() if name in said}
    triggers = said.get("triggers")
    prices = [triggers["price"]] if isinstance(triggers, dict) and "price" in triggers else []
    prices += [said["limit_price"]] if "limit_price" in said else []
    read |= {name: plain(price) for name, price in zip(("price", "price2"), prices, strict=False)}
    return read | {"txid": str(said.get("order_id", "")), "pair": pair.id if pair else ""}


def _cancels(said: Mapping[str, Any]) -> dict[str, str]:
    txids, ours = _list(said, "orders"), _list(said, "cl_ord_id")
    if not BATCH_MIN <= len(txids) + len(ours) <= CANCELS_MAX:
        raise invalid("orders")
    read = {f"orders[{number}]": str(each) for number, each in enumerate(txids)}
    return read | {f"cl_ord_ids[{number}]": str(each) for number, each in enumerate(ours)}


def _list(said: Mapping[str, Any], name: str) -> list[Any]:
    """Raises Refused for what is none."""
    value = said.get(name) or []
    if not isinstance(value, list):
        raise invalid(name)
    return value
