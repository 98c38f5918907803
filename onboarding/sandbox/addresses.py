"""Where people are reached: what counts as a mobile number and as an e-mail address."""

from __future__ import annotations

import re

from onboarding.sandbox.mcodes import Mcode, Refusal

__all__ = ["checked_email", "checked_phone"]

_PHONE = re.compile(r"\+?[0-9]{6,15}")
_EMAIL = re.compile(r"[^@\s]+@[^@\s.]+(\.[^@\s.]+)+")
_LONGEST_EMAIL = 254


def checked_phone(phone: str) -> str:
    """``phone``, if it is 6 to 15 digits with an optional ``+`` before them. It is compared as it is written.

    Raises:
        Refusal: the number is malformed.
    """
    if not _PHONE.fullmatch(phone):
        raise Refusal(Mcode.MOBILE_MALFORMED)
    return phone


def checked_email(email: str) -> str:
    """``email``, if it is one.

    Raises:
        Refusal: the address is malformed.
    """
    if len(email) > _LONGEST_EMAIL or not _EMAIL.fullmatch(email):
        raise Refusal(Mcode.EMAIL_MALFORMED)
    return email
