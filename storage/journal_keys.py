"""The keys that an account's files are encrypted with: AES-256-GCM, written with the newest, read with any.

A key is never logged, shown or copied; what names it in a file is a hash of it. A nonce is drawn at random for each
`Keys` that is made (64 bits) and counted on from there (32 bits), so that none is ever used twice under one key,
whatever is cut and written again.
"""

import base64
import binascii
import struct
from collections.abc import Callable, Sequence
from hashlib import blake2b
from pathlib import Path
from typing import Any

from ..kernel.identity import SystemEntropy
from .journal_format import NO_KEY, JournalFault

KEY_BYTES = 32
NONCE_BYTES = 12
_NONCE = struct.Struct("<8sI")
_COUNTED = 1 << 32
_new_id = SystemEntropy().new_id


class KeyFault(JournalFault):
    """A key is missing, wrong or not safe where it lies; the message says what to do. Nothing was changed."""


class NotSealedByUs(Exception):
    """The bytes are not what was encrypted with this key at this place."""


class Keys:
    """The newest key, where new files are to be encrypted, and those that old ones may need."""

    def __init__(
        self, newest: bytes | None = None, older: Sequence[bytes] = (), new_id: Callable[[], str] = _new_id
    ) -> None:
        self._ciphers = {key_id(key): _cipher(key) for key in (*older, *([] if newest is None else [newest]))}
        self.newest = NO_KEY if newest is None else key_id(newest)
        """Its id; `NO_KEY` where new files are not encrypted."""
        self._new_id = new_id
        self._prefix = bytes.fromhex(new_id()) if self._ciphers else b""
        self._count = 0

    def check(self, key: bytes, path: Path) -> None:
        """`KeyFault` where a file needs a key that is not here."""
        if key != NO_KEY and key not in self._ciphers:
            have = ", ".join(sorted(each.hex() for each in self._ciphers)) or "none"
            raise KeyFault(
                f"{path} is encrypted with the key {key.hex()}: expected it in [journal] key_file or old_key_files, "
                f"found {have}; add the file that holds it"
            )

    def seal(self, key: bytes, data: bytes, bound_to: bytes) -> bytes:
        """Encrypted, and readable only beside `bound_to`; not thread-safe. As it is where `key` is `NO_KEY`."""
        if key == NO_KEY:
            return data
        if self._count == _COUNTED:
            self._prefix, self._count = bytes.fromhex(self._new_id()), 0
        nonce = _NONCE.pack(self._prefix, self._count)
        self._count += 1
        sealed: bytes = self._ciphers[key].encrypt(nonce, data, bound_to)
        return nonce + sealed

    def unseal(self, key: bytes, data: bytes, bound_to: bytes) -> bytes:
        """What `seal` was given. `NotSealedByUs` where it is not that."""
        if key == NO_KEY:
            return data
        from cryptography.exceptions import InvalidTag

        try:
            opened: bytes = self._ciphers[key].decrypt(data[:NONCE_BYTES], data[NONCE_BYTES:], bound_to)
        except (InvalidTag, ValueError) as error:
            raise NotSealedByUs from error
        return opened


NO_KEYS = Keys()


def key_id(key: bytes) -> bytes:
    """Names a key, and says nothing of it."""
    return blake2b(key, digest_size=len(NO_KEY), person=b"journal key").digest()


def load_keys(key_file: str, old_key_files: Sequence[str] = (), new_id: Callable[[], str] = _new_id) -> Keys:
    """From files that only their owner may read. `KeyFault` where one is not to be had, or is no key."""
    newest = read_key(Path(key_file)) if key_file else None
    return Keys(newest, [read_key(Path(each)) for each in old_key_files], new_id)


def read_key(path: Path) -> bytes:
    """32 bytes, as 64 hexadecimal digits or as base64."""
    try:
        mode = path.stat().st_mode
        text = path.read_text(encoding="ascii").strip()
    except OSError as error:
        raise KeyFault(f"key file {path} cannot be read: {error.strerror}; make one by `journal new-key`") from error
    except UnicodeDecodeError:
        text = ""
    if mode & 0o077:
        raise KeyFault(f"key file {path} may be read by others (mode {mode & 0o777:o}): expected 600; chmod it")
    key = _from_text(text)
    if len(key) != KEY_BYTES:
        raise KeyFault(f"key file {path}: expected 32 bytes as hexadecimal digits or base64, found something else")
    return key


def new_key() -> str:
    """A fresh key as a key file holds it."""
    ids = [_new_id() for _ in range(KEY_BYTES // 8)]  # each is 8 bytes of the operating system's randomness
    return base64.b64encode(bytes.fromhex("".join(ids))).decode() + "\n"


def _from_text(text: str) -> bytes:
    try:
        return bytes.fromhex(text) if len(text) == 2 * KEY_BYTES else base64.b64decode(text, validate=True)
    except (ValueError, binascii.Error):
        return b""


def _cipher(key: bytes) -> Any:
    from cryptography.hazmat.primitives.ciphers.aead import AESGCM

    return AESGCM(key)
