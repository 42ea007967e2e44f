import pytest
from hypothesis import given
from hypothesis import strategies as st

from tradigrade.trading.order_ids import CLIENT_ID_LIMIT, Tags, client_id_prefix, make_client_id, sequence_of, tags_of

accounts = st.from_regex("[a-z][a-z0-9]{0,7}", fullmatch=True)
epochs = st.integers(min_value=1, max_value=36**6 - 1)
sequences = st.integers(min_value=1, max_value=36**8 - 1)
places = st.tuples(accounts, epochs, sequences)
words = st.text(max_size=40)


@given(places, words, words)
def test_an_id_fits_every_venue_and_begins_with_our_prefix(place: tuple[str, int, int], name: str, signal: str) -> None:
    client_id = make_client_id(*place, name, signal)
    assert len(client_id) <= CLIENT_ID_LIMIT
    assert client_id.startswith(client_id_prefix(place[0]))
    assert client_id.replace("-", "").isalnum()
    assert client_id.isascii()


@given(st.sets(places, max_size=20))
def test_no_two_places_share_an_id(chosen: set[tuple[str, int, int]]) -> None:
    assert len({make_client_id(*place, "s", "signal") for place in chosen}) == len(chosen)


@given(accounts, accounts, epochs, sequences)
def test_an_account_never_takes_the_orders_of_another_for_its_own(
    one: str, other: str, epoch: int, number: int
) -> None:
    own = make_client_id(other, epoch, number, "s", "signal").startswith(client_id_prefix(one))
    assert own == (one == other)


def test_an_id_that_is_too_long_is_never_made() -> None:
    with pytest.raises(AssertionError, match="over 36 characters"):
        make_client_id("accounts", 10**14, 10**14, "s", "signal")


def test_tags_are_the_same_in_every_version() -> None:
    """What stands at a venue was written by the version before."""
    assert make_client_id("main", 1, 62, "manual", "mine.exit3-ab12cd34") == "tgmain-uxbaisilc-1-1q"


@pytest.mark.parametrize("other", ["mine.exit1-11111111", "mine.exit9-ab12cd34"])
def test_every_request_of_a_leg_has_its_tag(other: str) -> None:
    assert tags_of(make_client_id("main", 1, 62, "s", "mine.exit3-ab12cd34")) == tags_of(
        make_client_id("main", 2, 63, "s", other)
    )


@pytest.mark.parametrize(
    ("strategy", "signal"), [("t", "mine.exit3-0"), ("s", "mine.entry3-0"), ("s", "other.exit3-0"), ("s", "mine")]
)
def test_other_strategies_groups_and_legs_have_other_tags(strategy: str, signal: str) -> None:
    ours = tags_of(make_client_id("main", 1, 62, "s", "mine.exit3-0"))
    assert ours != tags_of(make_client_id("main", 1, 62, strategy, signal))


@pytest.mark.parametrize("client_id", ["tgmain-1-62", "tgmain-999999-123456789012", "tgmain-0-1", "by-hand-1", ""])
def test_ids_of_versions_without_tags_have_none(client_id: str) -> None:
    assert tags_of(client_id) is None


def test_tags_are_of_the_strategy_and_of_the_leg() -> None:
    assert tags_of("tgmain-abcd01234-1-1q") == Tags("abcd", "01234")


@given(places)
def test_an_id_tells_its_record_of_the_journal(place: tuple[str, int, int]) -> None:
    assert sequence_of(make_client_id(*place, "s", "signal")) == place[2]


@pytest.mark.parametrize(
    ("client_id", "sequence"), [("tgmain-1-62", 62), ("by-hand-x", 0), ("venue.7", 0), ("", 0), ("tgmain-1-", 0)]
)
def test_ids_without_tags_tell_theirs_in_decimals(client_id: str, sequence: int) -> None:
    assert sequence_of(client_id) == sequence
