"""The venue's own certificate: self-signed, for the names of the real venue and the loopback."""

import datetime
import ipaddress
import os
import ssl
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

HOSTS = (
    *("api.binance.com", "stream.binance.com", "ws-api.binance.com"),
    *("api.kraken.com", "ws.kraken.com", "ws-auth.kraken.com"),
    "localhost",
)
ADDRESS = "127.0.0.1"
VALID_FOR = datetime.timedelta(days=825)
RENEW_BEFORE = datetime.timedelta(days=30)
BACKDATED = datetime.timedelta(days=1)


CERTIFICATE_NAME = "venue.pem"


def ensure_certificate(folder: Path, now: datetime.datetime) -> Path:
    """The path of a PEM file with certificate and key, readable by its owner only, good for 30 days from `now` (UTC).

    An existing one is used again; one that is damaged, about to expire or for other names is replaced.
    """
    path = folder / CERTIFICATE_NAME
    if not _is_valid(path, now):
        folder.mkdir(parents=True, exist_ok=True)
        fresh = path.with_suffix(".new")
        fresh.unlink(missing_ok=True)
        with os.fdopen(os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
            file.write(_make_pem(now))
        fresh.replace(path)
    return path


def server_context(certificate: Path) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate)
    return context


def _is_valid(path: Path, now: datetime.datetime) -> bool:
    try:
        pem = path.read_bytes()
        certificate = x509.load_pem_x509_certificate(pem)
        serialization.load_pem_private_key(pem, password=None)
        names = certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    except (OSError, ValueError, x509.ExtensionNotFound):
        return False
    in_time = certificate.not_valid_before_utc <= now < certificate.not_valid_after_utc - RENEW_BEFORE
    return in_time and set(names.get_values_for_type(x509.DNSName)) == set(HOSTS)


def _make_pem(now: datetime.datetime) -> bytes:
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "simulated venue")])
    names = [*map(x509.DNSName, HOSTS), x509.IPAddress(ipaddress.ip_address(ADDRESS))]
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - BACKDATED)
        .not_valid_after(now + VALID_FOR)
        .add_extension(x509.SubjectAlternativeName(names), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .sign(key, hashes.SHA256())
    )
    key_pem = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    return certificate.public_bytes(serialization.Encoding.PEM) + key_pem
