import pytest
from hypothesis import given
from hypothesis import strategies as st

from tradigrade.trading.order_ids import CLIENT_ID_LIMIT, client_id_prefix, make_client_id

accounts = st.from_regex("[a-z][a-z0-9]{0,7}", fullmatch=True)
numbers = st.integers(min_value=1, max_value=10**12 - 1)
places = st.tuples(accounts, numbers, numbers)


@given(places)
def test_an_id_fits_every_venue_and_begins_with_our_prefix(place: tuple[str, int, int]) -> None:
    client_id = make_client_id(*place)
    assert len(client_id) <= CLIENT_ID_LIMIT
    assert client_id.startswith(client_id_prefix(place[0]))
    assert client_id.isascii()


@given(st.sets(places, max_size=20))
def test_no_two_places_share_an_id(chosen: set[tuple[str, int, int]]) -> None:
    assert len({make_client_id(*place) for place in chosen}) == len(chosen)


@given(accounts, accounts, numbers, numbers)
def test_an_account_never_takes_the_orders_of_another_for_its_own(
    one: str, other: str, epoch: int, number: int
) -> None:
    own = make_client_id(other, epoch, number).startswith(client_id_prefix(one))
    assert own == (one == other)


def test_an_id_that_is_too_long_is_never_made() -> None:
    with pytest.raises(AssertionError, match="over 36 characters"):
        make_client_id("accounts", 10**14, 10**14)
