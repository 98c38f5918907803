"""Users: the register of everybody the broker knows."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Any

from onboarding.sandbox.clock import epoch_milliseconds
from onboarding.sandbox.mcodes import Mcode, Refusal
from onboarding.sandbox.passwords import PasswordDigest

__all__ = ["QueryType", "User", "UserBook"]


class QueryType(StrEnum):
    """By what 2.7 looks for users."""

    USER_NAME = "UserName"
    EMAIL = "Email"
    PHONE = "Phone"
    TRADE_ACCOUNT = "TradeAccount"


@dataclass(slots=True, eq=False)
class User:
    """One user. Its repr shows the id alone."""

    id: str
    name: str = field(repr=False)
    password: PasswordDigest = field(repr=False)
    registered: datetime = field(repr=False)
    phone: str | None = field(repr=False, default=None)
    email: str | None = field(repr=False, default=None)
    language: str = field(repr=False, default="en-US")
    avatar: str | None = field(repr=False, default=None)
    trading_accounts: list[dict[str, Any]] = field(repr=False, default_factory=list)
    account_info: dict[str, Any] = field(repr=False, default_factory=dict)
    last_login: datetime | None = field(repr=False, default=None)
    failed_logins: int = field(repr=False, default=0)
    locked_until: datetime | None = field(repr=False, default=None)

    def login(self) -> dict[str, Any]:
        """The data of contract 2.6. ``lastLoginTime`` is this login's time."""
        return _present(
            language=self.language,
            lastLoginTime=self.last_login and epoch_milliseconds(self.last_login),
            phone=self.phone,
            userId=self.id,
        )

    def listed(self) -> dict[str, Any]:
        """One row of contract 2.7."""
        return _present(
            accounts=[account["accountId"] for account in self.trading_accounts],
            email=self.email,
            isEnable=True,
            lastLoginTime=self.last_login and epoch_milliseconds(self.last_login),
            phone=self.phone,
            pubUserId=self.id,
            realName=self.name,
            registerTime=epoch_milliseconds(self.registered),
        )

    def texts(self, by: QueryType) -> list[str]:
        """What a query by this type looks at."""
        if by is QueryType.TRADE_ACCOUNT:
            return [account["accountId"] for account in self.trading_accounts]
        single = {QueryType.USER_NAME: self.name, QueryType.PHONE: self.phone, QueryType.EMAIL: self.email}[by]
        return [single] if single else []

    def detail(self) -> dict[str, Any]:
        """The data of contract 2.8 and 2.10."""
        return _present(
            accounts=self.trading_accounts,
            avatar=self.avatar,
            email=self.email,
            nickname=self.name,
            phone=self.phone,
            username=self.name,
        )


def _present(**fields: Any) -> dict[str, Any]:
    """Without what is not set: the contract's samples leave such fields out."""
    return {name: value for name, value in fields.items() if value is not None}


class UserBook:
    """All users, found by id, by mobile number and by e-mail address (in any case of letters)."""

    def __init__(self) -> None:
        self._by_id: dict[str, User] = {}
        self._by_phone: dict[str, User] = {}
        self._by_email: dict[str, User] = {}

    def __iter__(self) -> Iterator[User]:
        return iter(self._by_id.values())

    def add(self, user: User) -> None:
        """Enter a user; number and address must be free."""
        if user.phone is not None:
            self.refuse_taken_phone(user.phone)
        if user.email is not None:
            self.refuse_taken_email(user.email)
        self._by_id[user.id] = user
        if user.phone is not None:
            self._by_phone[user.phone] = user
        if user.email is not None:
            self._by_email[user.email.lower()] = user

    def with_id(self, user_id: str) -> User:
        """The user of this id.

        Raises:
            Refusal: there is none.
        """
        user = self._by_id.get(user_id)
        if user is None:
            raise Refusal(Mcode.NO_SUCH_USER)
        return user

    def with_phone(self, phone: str) -> User | None:
        """The user of this mobile number."""
        return self._by_phone.get(phone)

    def with_login_name(self, login_name: str) -> User | None:
        """The user who logs in under this name: a mobile number or an e-mail address."""
        return self._by_phone.get(login_name) or self._by_email.get(login_name.lower())

    def refuse_taken_phone(self, phone: str) -> None:
        """Raise the refusal of 2.1 and 2.4 if the number is registered."""
        if phone in self._by_phone:
            raise Refusal(Mcode.MOBILE_TAKEN)

    def refuse_taken_email(self, email: str) -> None:
        """Raise the refusal of 2.5, 2.14 and 2.15 if the address is registered."""
        if email.lower() in self._by_email:
            raise Refusal(Mcode.EMAIL_TAKEN)

    def query(self, by: QueryType, value: str) -> list[User]:
        """Whose field holds ``value`` anywhere in it, oldest first: the contract calls it a keyword.

        So a hit is not yet the user who was meant: the client has to look.
        """
        keyword = value.lower()
        return [user for user in self._by_id.values() if any(keyword in text.lower() for text in user.texts(by))]
