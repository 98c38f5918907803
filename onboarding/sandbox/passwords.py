"""Passwords: the tenant's strength rule, and a digest in place of the password."""

from __future__ import annotations

import hashlib
import hmac
import re
import secrets
import string
from dataclasses import dataclass, field
from enum import StrEnum

__all__ = ["PasswordDigest", "Strength"]


class Strength(StrEnum):
    """The three strength rules that a tenant can choose from (API facts, "Numbers worth respecting")."""

    MIDDLE = "Middle"
    STRONG = "Strong"
    SUPER_STRONG = "SuperStrong"

    def accepts(self, password: str) -> bool:
        """Whether ``password`` has the length and the kinds of characters that the rule asks for."""
        shortest, kinds = _RULES[self]
        return shortest <= len(password) <= _LONGEST and all(kind.search(password) for kind in kinds)


_LONGEST = 20
_DIGIT, _LETTER, _LOWER, _UPPER = (re.compile(p) for p in ("[0-9]", "[A-Za-z]", "[a-z]", "[A-Z]"))
_PUNCTUATION = re.compile(f"[{re.escape(string.punctuation)}]")
_RULES: dict[Strength, tuple[int, tuple[re.Pattern[str], ...]]] = {
    Strength.MIDDLE: (6, (_DIGIT, _LETTER)),
    Strength.STRONG: (8, (_DIGIT, _LOWER, _UPPER)),
    Strength.SUPER_STRONG: (8, (_DIGIT, _LOWER, _UPPER, _PUNCTUATION)),
}


@dataclass(frozen=True, slots=True)
class PasswordDigest:
    """A salted digest: nothing in the sandbox's memory, dumps or answers is a password.

    One fast round, on purpose: these are test passwords and the sandbox must keep up with a load run.
    """

    salt: bytes = field(repr=False)
    digest: bytes = field(repr=False)

    @classmethod
    def of(cls, password: str) -> PasswordDigest:
        """The digest of ``password`` under a new salt."""
        salt = secrets.token_bytes(16)
        return cls(salt, _digest(salt, password))

    def matches(self, password: str) -> bool:
        """Whether ``password`` is the one this was made of."""
        return hmac.compare_digest(self.digest, _digest(self.salt, password))


def _digest(salt: bytes, password: str) -> bytes:
    return hashlib.blake2b(password.encode(), salt=salt).digest()
