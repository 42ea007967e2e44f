import datetime
import ssl
import stat

import pytest

from tradigrade.exchanges.simulated.tls import ensure_certificate, server_context

NOW = datetime.datetime(2026, 1, 1, tzinfo=datetime.UTC)


def test_the_key_is_readable_by_its_owner_only_and_serves(tmp_path):
    path = ensure_certificate(tmp_path / "tls", NOW)
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert isinstance(server_context(path), ssl.SSLContext)


def test_a_valid_certificate_is_used_again(tmp_path):
    first = ensure_certificate(tmp_path, NOW).read_bytes()
    assert ensure_certificate(tmp_path, NOW + datetime.timedelta(days=700)).read_bytes() == first


@pytest.mark.parametrize("days", [-2, 800, 1000])
def test_one_that_is_not_valid_for_a_month_is_replaced(tmp_path, days):
    first = ensure_certificate(tmp_path, NOW).read_bytes()
    assert ensure_certificate(tmp_path, NOW + datetime.timedelta(days=days)).read_bytes() != first


@pytest.mark.parametrize("damage", [b"", b"nonsense", None])
def test_a_damaged_one_is_replaced(tmp_path, damage):
    path = ensure_certificate(tmp_path, NOW)
    whole = path.read_bytes()
    path.write_bytes(whole[: len(whole) // 2] if damage is None else damage)
    server_context(ensure_certificate(tmp_path, NOW))
