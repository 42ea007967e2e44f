"""Everything that is looked at before an order may leave, in order; the first refusal counts."""

from .checks_money import (
    check_balance,
    check_concentration,
    check_counts,
    check_exposure,
    check_notional,
    check_position,
    check_rate,
    check_strategy,
)
from .checks_order import (
    check_compliance,
    check_expiry,
    check_post_only,
    check_precision,
    check_price,
    check_quantity,
    check_reduce_only,
    check_rung,
    check_self_trade,
    check_shape,
    check_stop,
)
from .gates import (
    gate_account,
    gate_currency,
    gate_instrument,
    gate_market,
    gate_model,
    gate_numbers,
    gate_once,
    gate_standing,
)
from .view import Check, Gate

GATES: tuple[Gate, ...] = (
    gate_standing,
    gate_model,
    gate_once,
    gate_numbers,
    gate_instrument,
    gate_account,
    gate_market,
    gate_currency,
)
"""Of what is asked: may anything leave, and can it be judged?"""

CHECKS: tuple[Check, ...] = (
    check_shape,
    check_reduce_only,
    check_precision,
    check_quantity,
    check_expiry,
    check_compliance,
    check_rung,
    check_stop,
    check_post_only,
    check_price,
    check_notional,
    check_position,
    check_concentration,
    check_strategy,
    check_exposure,
    check_balance,
    check_counts,
    check_self_trade,
    check_rate,
)
"""Of the order that would bring it about: first by itself, then with what the account holds and may still get."""

OF_REQUESTS = frozenset(
    {check_shape, check_reduce_only, check_precision, check_expiry, check_stop, check_post_only},
)
"""These find nothing in the order of a target, which is made on the venue's steps and on plain terms."""
CHECKS_OF_TARGETS: tuple[Check, ...] = tuple(check for check in CHECKS if check not in OF_REQUESTS)
