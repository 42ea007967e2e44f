"""`tradigrade orders`: from words to groups of orders, and what is refused without asking anybody."""

import json
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from tradigrade.cli import app
from tradigrade.orders import Refused, Words, make_group
from tradigrade.trading.group_events import Leg, OrderGroup
from tradigrade.trading.messages import Terms

D = Decimal
NOW_NS = 10**18


def said(side: str = "buy", amount: str = "0.01", **words: Any) -> OrderGroup:
    return make_group(Words("BTC/USDT", side, amount, group_id="x", **words), NOW_NS)


@pytest.mark.parametrize(
    ("words", "leg"),
    [
        ({}, Leg("buy", "market", D("0.01"))),
        ({"amount": "", "quote_amount": "50"}, Leg("buy", "market", D(0), terms=Terms(quote_amount=D(50)))),
        ({"limit": "9"}, Leg("buy", "limit", D("0.01"), D(9))),
        ({"limit": "9", "post_only": True}, Leg("buy", "limit", D("0.01"), D(9), Terms(post_only=True))),
        ({"limit": "9", "ioc": True}, Leg("buy", "limit", D("0.01"), D(9), Terms(time_in_force="ioc"))),
        ({"limit": "9", "fok": True}, Leg("buy", "limit", D("0.01"), D(9), Terms(time_in_force="fok"))),
        (
            {"limit": "9", "gtd_s": 1.5},
            Leg("buy", "limit", D("0.01"), D(9), Terms(time_in_force="gtd", expires_ns=NOW_NS + 1_500_000_000)),
        ),
        ({"limit": "9", "display": "0.001"}, Leg("buy", "limit", D("0.01"), D(9), Terms(display_amount=D("0.001")))),
        ({"stop": "9"}, Leg("buy", "stop_loss", D("0.01"), terms=Terms(stop_price=D(9)))),
        ({"stop": "9", "limit": "10"}, Leg("buy", "stop_loss_limit", D("0.01"), D(10), Terms(stop_price=D(9)))),
        ({"touch": "9"}, Leg("buy", "take_profit", D("0.01"), terms=Terms(stop_price=D(9)))),
        ({"touch": "9", "limit": "8"}, Leg("buy", "take_profit_limit", D("0.01"), D(8), Terms(stop_price=D(9)))),
        ({"trail_bps": 50}, Leg("buy", "stop_loss", D("0.01"), terms=Terms(trail_bps=50))),
        ({"side": "sell", "reduce_only": True}, Leg("sell", "market", D("0.01"), terms=Terms(reduce_only=True))),
    ],
)
def test_what_the_words_for_one_order_mean(words: dict[str, Any], leg: Leg) -> None:
    assert said(**words) == OrderGroup("x", "single", "manual", "BTC/USDT", leg, cause="by hand")


@pytest.mark.parametrize(
    ("words", "kind", "legs"),
    [
        ({"stop_loss": "8", "take_profit": "12"}, "bracket", ["market", "stop_loss", "take_profit"]),
        ({"stop_loss": "8"}, "oto", ["market", "stop_loss"]),
        ({"take_profit": "12", "limit": "10"}, "oto", ["limit", "take_profit"]),
        ({"stop_loss": "8", "take_profit": "12", "oco": True}, "oco", ["stop_loss", "take_profit"]),
    ],
)
def test_what_the_words_for_several_mean(words: dict[str, Any], kind: str, legs: list[str]) -> None:
    group = said(**words)
    made = [leg.type for leg in (group.entry, group.exit, group.alternative) if leg is not None]
    assert (group.kind, made) == (kind, legs)


@pytest.mark.parametrize(
    ("words", "field"),
    [
        ({"side": "hold"}, "side"),
        ({"amount": "lots"}, "amount"),
        ({"amount": "nan"}, "amount"),
        ({"amount": "1e999"}, "amount"),
        ({"limit": "inf"}, "limit"),
        ({"stop": "9", "touch": "9"}, "stop"),
        ({"limit": "9", "ioc": True, "fok": True}, "time_in_force"),
        ({"gtd_s": float("nan")}, "gtd"),
        ({"gtd_s": -1.0}, "gtd"),
        ({"oco": True, "stop_loss": "9"}, "oco"),
    ],
)
def test_words_that_make_no_sense_name_the_field(words: dict[str, Any], field: str) -> None:
    with pytest.raises(Refused) as refused:
        said(**words)
    assert refused.value.fault.field == field


def test_a_refusal_is_one_json_object_and_exit_code_2(tmp_path: Path) -> None:
    words = ["orders", "place", "BTC/USDT", "buy", "nan", "--json", "--data-dir", str(tmp_path)]
    done = CliRunner().invoke(app, words)
    assert done.exit_code == 2
    assert json.loads(done.stdout)["refused"]["code"] == "NUMBER_INVALID"


@pytest.mark.parametrize(
    "words", ["place BTC/USDT buy 1", "modify x --price 9", "cancel x", "cancel-all", "flatten BTC/USDT"]
)
def test_what_asks_a_running_system_says_that_none_runs(tmp_path: Path, words: str) -> None:
    assert CliRunner().invoke(app, ["orders", *words.split(), "--data-dir", str(tmp_path)]).exit_code == 3
