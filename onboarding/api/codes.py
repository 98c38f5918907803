"""Result codes: what each ``mcode`` means, and on which endpoints it may be believed.

A code that is unknown, or known and not listed for the endpoint that answered it, is never guessed at: the
call is in doubt. The codes for a wrong, expired or used verification code, a stale ticket and a locked
account are not public; the sandbox has values of its own, and a tenant who learns the live ones adds them
with ``AccountApi(result_codes=…)``.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import StrEnum
from types import MappingProxyType
from typing import TYPE_CHECKING, Self

from onboarding.errors import SettingsError

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["CREDENTIALS", "RESULT_CODES", "SUCCESS", "SYSTEM_ERROR", "CodeTable", "Meaning", "ResultCode"]

SUCCESS = "m0000000"
SYSTEM_ERROR = "-1"

# What a code of the vendor looks like. Anything else is not repeated in an error: it could be personal data.
_SPELLING = re.compile(r"(?:[A-Z][A-Z]{0,15}_){1,4}[0-9]{1,7}|m[0-9]{7}")


class Meaning(StrEnum):
    """What a result code says. ``text`` is the vendor's meaning in one English line."""

    text: str

    EMAIL_MALFORMED = "email_malformed", "The e-mail address is malformed."
    MOBILE_MALFORMED = "mobile_malformed", "The mobile number is malformed."
    EMAIL_TAKEN = "email_taken", "The e-mail address is already registered."
    MOBILE_TAKEN = "mobile_taken", "The mobile number is already registered."
    NO_SUCH_USER = "no_such_user", "There is no such user."
    TOKEN_EXPIRED = "token_expired", "The API token has expired."
    TOKEN_MISSING = "token_missing", "The API token is missing."
    PASSWORD_WEAK = "password_weak", "The password does not meet the strength rule."
    CREDENTIALS_WRONG = "credentials_wrong", "The user name or the password is wrong."
    OLD_PASSWORD_WRONG = "old_password_wrong", "The original password is wrong."
    PASSWORDS_DIFFER = "passwords_differ", "The new password and its confirmation differ."
    PASSWORD_REUSED = "password_reused", "The new password is refused: it is the same as the old one."
    CODE_WRONG = "code_wrong", "The verification code is wrong."
    CODE_EXPIRED = "code_expired", "The verification code has expired."
    CODE_USED = "code_used", "The verification code has been used already."
    TICKET_STALE = "ticket_stale", "The ticket is no longer valid."
    ACCOUNT_LOCKED = "account_locked", "The account is locked after too many failed logins."
    TENANT_INVALID = "tenant_invalid", "The tenant id is invalid."
    ACCESS_NOT_OPENED = "access_not_opened", "API access has not been opened for this tenant."
    SYSTEM_ERROR = "system_error", "A system error, which does not prove that nothing happened."

    def __new__(cls, value: str, text: str = "") -> Self:
        """A member that is its value and carries its text."""
        member = str.__new__(cls, value)
        member._value_ = value
        member.text = text
        return member


CREDENTIALS = frozenset(
    {Meaning.TOKEN_EXPIRED, Meaning.TOKEN_MISSING, Meaning.TENANT_INVALID, Meaning.ACCESS_NOT_OPENED}
)
"""Meanings that are the operator's problem: nothing happened, and no user can mend it."""

ALL = frozenset({"1", *(f"2.{n}" for n in range(1, 16))})
_EMAIL = frozenset({"2.5", "2.6", "2.7", "2.14", "2.15"})
_MOBILE = frozenset({"2.1", "2.2", "2.3", "2.4", "2.6", "2.7"})
_PASSWORD = frozenset({"2.3", "2.4", "2.5", "2.9", "2.15"})
_CODE = frozenset({"2.2", "2.4", "2.15"})
_USER_ID = frozenset({"2.8", "2.9", "2.10", "2.11", "2.12", "2.13"})

# Where a meaning makes sense: this decides where a code is believed that a tenant adds.
_WHERE: Mapping[Meaning, frozenset[str]] = {
    Meaning.EMAIL_MALFORMED: _EMAIL,
    Meaning.MOBILE_MALFORMED: _MOBILE,
    Meaning.EMAIL_TAKEN: frozenset({"2.5", "2.14", "2.15"}),
    Meaning.MOBILE_TAKEN: frozenset({"2.1", "2.4"}),
    Meaning.NO_SUCH_USER: frozenset({"2.1", "2.2", "2.3", "2.6"}) | _USER_ID,
    Meaning.PASSWORD_WEAK: _PASSWORD,
    Meaning.CREDENTIALS_WRONG: frozenset({"2.6"}),
    Meaning.OLD_PASSWORD_WRONG: frozenset({"2.9"}),
    Meaning.PASSWORDS_DIFFER: frozenset({"2.3", "2.9"}),
    Meaning.PASSWORD_REUSED: frozenset({"2.3", "2.9"}),
    Meaning.CODE_WRONG: _CODE,
    Meaning.CODE_EXPIRED: _CODE,
    Meaning.CODE_USED: _CODE,
    Meaning.TICKET_STALE: frozenset({"2.3"}),
    Meaning.ACCOUNT_LOCKED: frozenset({"2.6", "2.9"}),
    Meaning.TOKEN_EXPIRED: ALL,
    Meaning.TOKEN_MISSING: ALL,
    Meaning.TENANT_INVALID: ALL,
    Meaning.ACCESS_NOT_OPENED: ALL,
    Meaning.SYSTEM_ERROR: ALL,
}


@dataclass(frozen=True, slots=True)
class ResultCode:
    """One code of the service: its meaning and the sections of the contract where it is believed."""

    meaning: Meaning
    sections: frozenset[str]


def _code(meaning: Meaning, *sections: str) -> ResultCode:
    return ResultCode(meaning, frozenset(sections) or _WHERE[meaning])


RESULT_CODES: Mapping[str, ResultCode] = MappingProxyType(
    {
        SYSTEM_ERROR: _code(Meaning.SYSTEM_ERROR),
        "PUB_AUTH_0000001": _code(Meaning.EMAIL_MALFORMED),
        "PUB_AUTH_0000002": _code(Meaning.MOBILE_MALFORMED),
        "PUB_AUTH_0000007": _code(Meaning.EMAIL_TAKEN),
        "PUB_AUTH_0000008": _code(Meaning.MOBILE_TAKEN),
        # Seen at login; a code for a number that nobody registered (2.1) is refused with it as well.
        "PUB_AUTH_0000017": _code(Meaning.NO_SUCH_USER, "2.1", "2.6"),
        "PUB_AUTH_0000018": _code(Meaning.TOKEN_EXPIRED),
        "PUB_AUTH_0000029": _code(Meaning.TOKEN_MISSING),
        "PUB_AUTH_0000051": _code(Meaning.PASSWORD_WEAK),
        "PUB_AUTH_0000052": _code(Meaning.CREDENTIALS_WRONG),
        "PUB_AUTH_0000054": _code(Meaning.OLD_PASSWORD_WRONG),
        "PUB_AUTH_0000055": _code(Meaning.PASSWORDS_DIFFER),
        "PUB_AUTH_0000062": _code(Meaning.PASSWORD_REUSED, "2.9"),
        "BW_API_0000001": _code(Meaning.TOKEN_MISSING),
        "BW_API_0000003": _code(Meaning.TENANT_INVALID),
        "BW_API_0000004": _code(Meaning.ACCESS_NOT_OPENED),
        "SANDBOX_CODE_WRONG": _code(Meaning.CODE_WRONG),
        "SANDBOX_CODE_EXPIRED": _code(Meaning.CODE_EXPIRED),
        "SANDBOX_CODE_USED": _code(Meaning.CODE_USED),
        "SANDBOX_TICKET_STALE": _code(Meaning.TICKET_STALE),
        "SANDBOX_ACCOUNT_LOCKED": _code(Meaning.ACCOUNT_LOCKED, "2.6"),
        "SANDBOX_NO_SUCH_USER": _code(Meaning.NO_SUCH_USER, *_USER_ID),
    }
)
"""Every code known without configuration."""


class CodeTable:
    """The known codes and those that a tenant adds.

    Args:
        added: live codes and the meaning of each; the meaning decides on which endpoints the code is
            believed.

    Raises:
        SettingsError: a meaning that there is not, or a code that cannot be given one.
    """

    def __init__(self, added: Mapping[str, Meaning] | None = None) -> None:
        known = {meaning.value for meaning in Meaning}
        codes = dict(RESULT_CODES)
        for code, meaning in (added or {}).items():
            if not code or code in (SUCCESS, SYSTEM_ERROR):
                raise SettingsError(
                    f"ONBOARDING_RESULT_CODES: {code!r} cannot be given a meaning of your own; remove it"
                )
            if meaning not in known:
                raise SettingsError(
                    f"ONBOARDING_RESULT_CODES: {code!r} needs a meaning of these: {', '.join(sorted(known))}"
                )
            codes[code] = _code(next(one for one in Meaning if one == meaning))
        self._codes = codes

    def meaning(self, section: str, mcode: str) -> Meaning | None:
        """What ``mcode`` means in an answer of the endpoint ``section``; None: it is not listed there."""
        code = self._codes.get(mcode)
        return code.meaning if code is not None and section in code.sections else None

    def spelled(self, mcode: str) -> str | None:
        """``mcode`` where it may be shown: a known code, or one that looks like the vendor's."""
        known = mcode == SUCCESS or mcode in self._codes
        return mcode if known or _SPELLING.fullmatch(mcode) else None
