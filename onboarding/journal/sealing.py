"""Journey data at rest: sealed with AES-256-GCM, bound to its place, under keys that can be changed.

A sealed value is ``version (1) | key id (4) | nonce (12) | ciphertext and tag``, in bytes. Its place (the
header, the journey, the field) is authenticated with it: a value moved to another journey or field does not
open. Nonces are random: one key is good for 2**32 values (NIST SP 800-38D, 8.3); change it long before.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
import os
import secrets
from collections.abc import Sequence
from typing import Protocol

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.kdf.hkdf import HKDFExpand

from onboarding.errors import JournalDamaged, KeyMismatch, SettingsError

__all__ = ["DATA_FIELD", "Keyring", "SecretText", "digest", "message_field", "meta_field"]

_VERSION = 1
_KEY = 32
_ID = 4
_NONCE = 12
_TAG = 16
_HEADER = 1 + _ID

DATA_FIELD = "data"
"""The field under which a journey's data are sealed, with the journey's id."""


def message_field(message: str) -> str:
    """The field under which the payload of a message is sealed, with its journey's id."""
    return f"message {message}"


def meta_field(name: str) -> str:
    """The field under which a value of the journal as a whole is sealed, with no journey (an empty id)."""
    return f"meta {name}"


class SecretText(Protocol):
    """A text that does not show itself, such as pydantic's ``SecretStr``."""

    def get_secret_value(self) -> str:
        """The text."""
        ...


class Keyring:
    """The keys of a journal: the first seals, all open.

    Args:
        keys: each 32 bytes as URL-safe base64, the primary first. A key given twice counts once.

    Raises:
        SettingsError: no key was given, or one is not such a key; the message shows none.
    """

    __slots__ = ("_ciphers", "_primary")

    def __init__(self, keys: Sequence[SecretText | str]) -> None:
        self._ciphers: dict[bytes, AESGCM] = {}
        for number, key in enumerate(keys, start=1):
            if not self._add(key):
                raise SettingsError(
                    f"key {number} of ONBOARDING_KEYS is not 32 bytes in URL-safe base64: "
                    "make one with: onboarding keys new"
                )
        if not self._ciphers:
            raise SettingsError(
                "ONBOARDING_KEYS holds no key, and nothing is stored unsealed: make one with: onboarding keys new"
            )
        self._primary = next(iter(self._ciphers))

    def __repr__(self) -> str:
        """The ids of the keys, the primary first."""
        return f"Keyring({', '.join(self.ids)})"

    def __reduce__(self) -> str:
        """Keys are not copied into other processes' hands."""
        raise TypeError("a Keyring is not pickled: make it from the settings again")

    @staticmethod
    def generate_key() -> str:
        """A new key, as the text that the constructor takes."""
        return base64.urlsafe_b64encode(secrets.token_bytes(_KEY)).decode("ascii")

    @property
    def ids(self) -> tuple[str, ...]:
        """The ids of the keys in hexadecimal digits, the primary first: they tell nothing of the keys."""
        return tuple(key_id.hex() for key_id in self._ciphers)

    def seal(self, plain: bytes, *, journey: str, field: str) -> bytes:
        """``plain`` under the primary key, bound to ``journey`` and ``field``; 33 bytes longer."""
        header = bytes([_VERSION]) + self._primary
        nonce = os.urandom(_NONCE)
        sealed = self._ciphers[self._primary].encrypt(nonce, plain, _place(header, journey, field))
        return header + nonce + sealed

    def unseal(self, blob: bytes, *, journey: str, field: str) -> bytes:
        """What :meth:`seal` was given, for the same journey and field.

        Raises:
            KeyMismatch: it is sealed with a key that this keyring does not hold.
            JournalDamaged: it was changed, cut, or belongs to another place.
        """
        key_id = self.key_id(blob, journey=journey)
        cipher = self._ciphers.get(key_id)
        if cipher is None:
            raise KeyMismatch(
                f"{_whose(journey)} is sealed with the key {key_id.hex()}, which is not among those given "
                f"({', '.join(self.ids)}): add it to ONBOARDING_KEYS"
            )
        nonce, sealed = blob[_HEADER : _HEADER + _NONCE], blob[_HEADER + _NONCE :]
        try:
            return cipher.decrypt(nonce, sealed, _place(blob[:_HEADER], journey, field))
        except InvalidTag:
            pass
        raise JournalDamaged(f"{_whose(journey)} does not open: it was changed, or belongs to another place")

    def reseal(self, blob: bytes, *, journey: str, field: str) -> bytes | None:
        """The same under the primary key; None: it is already. Raises as :meth:`unseal` does."""
        if self.key_id(blob, journey=journey) == self._primary:
            return None
        return self.seal(self.unseal(blob, journey=journey, field=field), journey=journey, field=field)

    def key_id(self, blob: bytes, *, journey: str = "") -> bytes:
        """The id of the key that ``blob`` is sealed with: 4 bytes.

        Raises:
            JournalDamaged: it is no sealed value.
        """
        if len(blob) < _HEADER + _NONCE + _TAG or blob[0] != _VERSION:
            raise JournalDamaged(f"{_whose(journey)} is not a sealed value that this version knows")
        return blob[1:_HEADER]

    def is_primary(self, blob: bytes) -> bool:
        """Whether ``blob`` is sealed with the primary key. Raises as :meth:`key_id` does."""
        return self.key_id(blob) == self._primary

    def _add(self, key: SecretText | str) -> bool:
        """Take a key in; False if it is none. No error leaves from where the key is at hand."""
        text = key if isinstance(key, str) else key.get_secret_value()
        try:
            raw = base64.b64decode(text.strip().encode("ascii"), altchars=b"-_", validate=True)
        except (binascii.Error, ValueError):
            return False
        if len(raw) != _KEY:
            return False
        # Of a value derived from the key: the id lies in the open beside what the key seals.
        derived = HKDFExpand(hashes.SHA256(), _KEY, b"onboarding journal key id").derive(raw)
        self._ciphers.setdefault(hashlib.sha256(derived).digest()[:_ID], AESGCM(raw))
        return True


def digest(pepper: bytes, text: str) -> bytes:
    """HMAC-SHA256 of ``text`` under ``pepper``, 32 bytes: an idempotency key is not stored itself."""
    return hmac.digest(pepper, text.encode(), "sha256")


def _place(header: bytes, journey: str, field: str) -> bytes:
    """Header, journey and field, each with its length before it: no two places give the same bytes."""
    the_journey, the_field = journey.encode(), field.encode()
    return b"%b%b%b%b%b%b" % (
        _length(header), header, _length(the_journey), the_journey, _length(the_field), the_field,
    )  # fmt: skip


def _length(part: bytes) -> bytes:
    return len(part).to_bytes(4, "big")


def _whose(journey: str) -> str:
    return f"the data of journey {journey}" if journey else "a value of the journal"
