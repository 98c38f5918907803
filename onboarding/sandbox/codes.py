"""Verification codes: six digits, one per recipient and purpose, used once."""

from __future__ import annotations

import random
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum

from onboarding.sandbox.mcodes import Mcode, Refusal

__all__ = ["CodeBook", "Purpose"]


class Purpose(StrEnum):
    """What a code is for: the ``type`` of contract 2.1. A code by e-mail (2.14) is always to register."""

    REGISTER = "Register"
    RESET_PASSWORD = "ResetPassword"  # noqa: S105  # the contract's word
    UPDATE_PHONE_NUMBER = "UpdatePhoneNumber"


@dataclass(slots=True)
class _Code:
    digits: str = field(repr=False)
    expires: datetime
    tries_left: int
    used: bool = False


class CodeBook:
    """The newest code of every (recipient, purpose). An older one is forgotten: it is then simply wrong."""

    def __init__(self, *, lifetime: float, tries: int, rng: random.Random) -> None:
        self._lifetime = timedelta(seconds=lifetime)
        self._tries = tries
        self._rng = rng
        self._codes: dict[tuple[str, Purpose], _Code] = {}

    def issue(self, to: str, purpose: Purpose, now: datetime) -> str:
        """A new code, in place of the one before."""
        digits = f"{self._rng.randrange(1_000_000):06d}"
        self._codes[to, purpose] = _Code(digits, now + self._lifetime, self._tries)
        return digits

    def redeem(self, to: str, purposes: Iterable[Purpose], digits: str, now: datetime) -> Purpose:
        """Use up the code and return its purpose.

        A wrong code counts as a try against every code it could have meant; a code whose tries are spent is
        used up.

        Raises:
            Refusal: code wrong, used or expired.
        """
        held = [(p, self._codes[to, p]) for p in purposes if (to, p) in self._codes]
        # Two purposes may by chance hold the same digits: the one that still counts is meant.
        matching = sorted(
            ((p, c) for p, c in held if c.digits == digits),
            key=lambda pair: (pair[1].used, pair[1].expires <= now),
        )
        if not matching:
            for _, code in held:
                code.tries_left -= 1
                code.used = code.used or code.tries_left <= 0
            raise Refusal(Mcode.CODE_WRONG)
        purpose, code = matching[0]
        if code.used:
            raise Refusal(Mcode.CODE_USED)
        if code.expires <= now:
            raise Refusal(Mcode.CODE_EXPIRED)
        code.used = True
        return purpose
