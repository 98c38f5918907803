"""The chain over a journey's transitions: each row is signed together with the signature of the row before.

Who can write to the file but has no key can neither change nor insert, move or take away a row without breaking the
chain; ``onboarding audit`` finds where. The last signature and its number are sealed with the journey's data (the
engine's book), so that a history that was cut short does not pass for a short one. A row that is written while the
data cannot be read is signed *apart*: it takes its place in the chain, but nobody can pass it off as an ordinary one,
which the sealed data must know of.

What no chain in the same file can tell: that a whole file, or everything of a journey, was replaced by an older state
of itself. The state of the head beside the history (its status, its due time) is not signed either.
"""

from __future__ import annotations

import hmac
import json
from collections.abc import Iterable
from enum import Enum

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.kdf.hkdf import HKDFExpand

from onboarding.journal.records import TransitionRecord, signed
from onboarding.journal.rows import micros

__all__ = ["Chain", "Link"]

_SIZE = 32
_encode = json.JSONEncoder(default=repr).encode
"""``repr`` is for what somebody else put into the file: what is written here is text and numbers."""


class Link(Enum):
    """How a row was signed."""

    ORDINARY = b"\x01"
    """By who had the journey's data in hand, and sealed the signature with them."""
    APART = b"\x02"
    """By who could not read the data."""


class Chain:
    """Signs rows, and tells whether one is as it was signed.

    Args:
        pepper: the journal's own secret. It stays the same when its keys change, and so do the signatures.
    """

    __slots__ = ("_key",)

    def __init__(self, pepper: bytes) -> None:
        self._key = HKDFExpand(hashes.SHA256(), _SIZE, b"onboarding journal transition chain").derive(pepper)

    def sign(self, row: TransitionRecord, previous: bytes, link: Link = Link.ORDINARY) -> TransitionRecord:
        """The row with its signature; ``previous`` is that of the row before, empty for the first."""
        return signed(row, self._mac(row, previous, link))

    def link(self, row: TransitionRecord, previous: bytes) -> Link | None:
        """How a row was signed as the one after ``previous``; None: it was not, or was changed since."""
        if isinstance(row.mac, bytes) and len(previous) in (0, _SIZE):
            for link in Link:
                if hmac.compare_digest(row.mac, self._mac(row, previous, link)):
                    return link
        return None

    def follow(self, rows: Iterable[TransitionRecord], previous: bytes) -> bytes:
        """The last signature of rows that were signed apart; one that was not is passed over, for the audit to find."""
        for row in rows:
            if row.mac is not None and self.link(row, previous) is Link.APART:
                previous = row.mac
        return previous

    def _mac(self, row: TransitionRecord, previous: bytes, link: Link) -> bytes:
        """HMAC-SHA256 over kind, length of the previous signature, that signature, and the row as JSON."""
        duration = float(row.duration) if isinstance(row.duration, int) else row.duration
        told = _encode(
            (
                row.journey, row.seq, micros(row.at), row.trigger, row.source, row.dest, row.attempt, duration,
                row.endpoint, row.http_status, row.mcode, row.worker, row.detail,
            )
        )  # fmt: skip
        return hmac.digest(self._key, link.value + bytes([len(previous)]) + previous + told.encode(), "sha256")
