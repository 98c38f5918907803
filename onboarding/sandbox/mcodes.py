"""Every result code that the sandbox answers with, and its words for ``GET /v1/api/sys/error/code``."""

from __future__ import annotations

from enum import StrEnum
from typing import Self

__all__ = ["Mcode", "Refusal"]


class Mcode(StrEnum):
    """A result code. Those under ``SANDBOX_`` are the sandbox's own: the live ones are not public."""

    text: str

    SUCCESS = "m0000000", "success"
    SYSTEM_ERROR = "-1", "system error, try again later"
    EMAIL_MALFORMED = "PUB_AUTH_0000001", "the e-mail address is malformed"
    MOBILE_MALFORMED = "PUB_AUTH_0000002", "the mobile number is malformed"
    EMAIL_TAKEN = "PUB_AUTH_0000007", "the e-mail address is already registered"
    MOBILE_TAKEN = "PUB_AUTH_0000008", "the mobile number is already registered"
    UNKNOWN_LOGIN = "PUB_AUTH_0000017", "no such user"
    TOKEN_EXPIRED = "PUB_AUTH_0000018", "the token has expired"
    TOKEN_MISSING = "PUB_AUTH_0000029", "the token is missing"
    PASSWORD_WEAK = "PUB_AUTH_0000051", "the password does not meet the strength rule"
    CREDENTIALS_WRONG = "PUB_AUTH_0000052", "wrong user name or password"
    OLD_PASSWORD_WRONG = "PUB_AUTH_0000054", "the original password is wrong"
    PASSWORDS_DIFFER = "PUB_AUTH_0000055", "the new password and its confirmation differ"
    PASSWORD_REUSED = "PUB_AUTH_0000062", "the new password is the same as the old one"
    TOKEN_EMPTY = "BW_API_0000001", "the token is empty"
    TENANT_INVALID = "BW_API_0000003", "the tenant id is invalid"
    ACCESS_NOT_OPENED = "BW_API_0000004", "API access is not opened for this token"
    CODE_WRONG = "SANDBOX_CODE_WRONG", "the verification code is wrong"
    CODE_EXPIRED = "SANDBOX_CODE_EXPIRED", "the verification code has expired"
    CODE_USED = "SANDBOX_CODE_USED", "the verification code was used already"
    TICKET_STALE = "SANDBOX_TICKET_STALE", "the ticket is unknown, used, expired or of another number"
    ACCOUNT_LOCKED = "SANDBOX_ACCOUNT_LOCKED", "the account is locked after too many failed logins"
    NO_SUCH_USER = "SANDBOX_NO_SUCH_USER", "there is no user with this id"

    def __new__(cls, value: str, text: str) -> Self:
        """The code itself is the member's value; its words ride along."""
        member = str.__new__(cls, value)
        member._value_ = value
        member.text = text
        return member


class Refusal(Exception):
    """Inside the sandbox only: the request is refused with this code. It becomes an envelope at the door."""

    def __init__(self, mcode: Mcode) -> None:
        self.mcode = mcode
        super().__init__(mcode)
