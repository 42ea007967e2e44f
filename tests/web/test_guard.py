import pytest

from tradigrade.web.guard import host_allowed, origin_allowed


@pytest.mark.parametrize(
    "authority", ["localhost", "LOCALHOST:8420", "127.0.0.1:1", "[::1]:8420", "[::1]", "console.lan:8420"]
)
def test_loopback_and_configured_names_are_let_in(authority: str) -> None:
    assert host_allowed(authority, {"console.lan"})


@pytest.mark.parametrize(
    "authority",
    ["", "evil.example", "evil.example:8420", "localhost.evil.example", "127.0.0.1.evil.example", "evil@localhost",
     "localhost/x", "localhost:port", "[::1", "localhost#", "localhost?a", "127.0.0.2", "0.0.0.0"],
)  # fmt: skip
def test_other_names_and_what_is_no_name_are_not(authority: str) -> None:
    assert not host_allowed(authority, {"console.lan"})


@pytest.mark.parametrize(
    ("origin", "allowed"),
    [
        (None, True),
        ("http://localhost:8420", True),
        ("https://localhost:8420", True),
        ("http://localhost:9999", False),
        ("http://localhost", False),
        ("http://evil.example", False),
        ("null", False),
        ("", False),
    ],
)
def test_a_websocket_is_for_the_consoles_own_page(origin: str | None, allowed: bool) -> None:
    assert origin_allowed(origin, "localhost:8420") is allowed
