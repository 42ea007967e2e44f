"""The whole system at a venue with a dead-man switch: what rests there goes once nobody is heard of any more."""

from decimal import Decimal

from tradigrade.exchanges.dead_man import TIMEOUT_S
from tradigrade.exchanges.simulated.engine import OrderRequest
from tradigrade.simulation.run import Seed

RESTING = OrderRequest("BTCUSDT", "BUY", "LIMIT", "rests", price=Decimal(10_000), quantity=Decimal("0.01"))


def trading(*, protected: bool = False) -> Seed:
    """A system that trades beside an order of another's; a simulated account begins with a protective stop."""
    run = Seed(3, ())
    venue = run.world.venue
    venue.offer_switch()
    run.world.advance(10.0)
    venue.place(RESTING)
    for order in [] if protected else list(venue.engine.state.open):
        if order.waits:
            venue.engine.cancel(order, "", order.updated_ms)
    run.world.advance(10.0)
    return run


def rests(run: Seed, client_id: str) -> bool:
    return client_id in {order.client_id for order in run.world.venue.engine.state.open}


def test_while_it_trades_nothing_is_cancelled() -> None:
    run = trading()
    run.world.advance(3 * TIMEOUT_S)
    assert rests(run, "rests")
    assert not run.world.venue.fired["switch_set_off"]


def test_with_the_trader_dead_and_nothing_reaching_it_the_venue_cancels_everything_in_time() -> None:
    run = trading()
    run.world.venue.unreachable(2 * TIMEOUT_S)
    run.world.nodes["trader"].kill()
    run.world.advance(TIMEOUT_S - 5.0)
    assert rests(run, "rests")
    run.world.advance(5.1)
    assert not rests(run, "rests")
    run.world.advance(60.0)
    assert not list(run.world.witness.broken)


def test_with_a_protective_stop_at_the_venue_the_switch_is_not_armed() -> None:
    run = trading(protected=True)
    run.world.venue.unreachable(2 * TIMEOUT_S)
    run.world.advance(2 * TIMEOUT_S)
    assert rests(run, "rests")
    assert any(order.waits for order in run.world.venue.engine.state.open)


def test_a_system_that_stops_in_good_order_leaves_no_switch_behind() -> None:
    run = trading()
    assert run.world.venue._host._switch is not None
    run._stop()
    assert run.world.venue._host._switch is None
