"""What the service answers, typed. Unknown fields survive; no ``repr`` shows a person."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from pydantic import BaseModel, ConfigDict, Field, PrivateAttr

from onboarding.api.choices import FINAL_STATES, PENDING_STATES, TaskVerdict, UserField

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["Login", "Task", "TradingAccount", "User", "UserDetail", "UserPage"]


class Record(BaseModel):
    """The base of all answers: strict about types, open to more fields, silent about its content.

    ``model_dump(by_alias=True, exclude_unset=True)`` gives back what was received, unknown fields included.
    """

    model_config = ConfigDict(
        extra="allow",
        frozen=True,
        strict=True,
        hide_input_in_errors=True,
        validate_by_alias=True,
        validate_by_name=True,
    )

    def __repr_args__(self) -> list[tuple[str | None, Any]]:
        """Nothing: almost every field is a personal datum."""
        return []


class Login(Record):
    """A login that worked (contract 2.6).

    Attributes:
        user_id: a UUID.
        language: such as ``en-US``.
        last_login_time: milliseconds since the epoch.
    """

    user_id: str = Field(alias="userId", min_length=1)
    phone: str | None = None
    language: str | None = None
    last_login_time: int | None = Field(default=None, alias="lastLoginTime")


class User(Record):
    """A user in a list (contract 2.7).

    Attributes:
        user_id: ``pubUserId``: the same identifier as ``userId`` elsewhere.
        last_login_time: milliseconds since the epoch.
        register_time: milliseconds since the epoch.
        accounts: numbers of trading accounts.
    """

    user_id: str = Field(alias="pubUserId", min_length=1)
    real_name: str | None = Field(default=None, alias="realName")
    email: str | None = None
    phone: str | None = None
    is_enabled: bool | None = Field(default=None, alias="isEnable")
    last_login_time: int | None = Field(default=None, alias="lastLoginTime")
    register_time: int | None = Field(default=None, alias="registerTime")
    accounts: list[str] | None = None

    def has(self, by: UserField, value: str) -> bool:
        """Whether the field is exactly ``value``; an e-mail address in any case."""
        match by:
            case UserField.USER_NAME:
                return self.real_name == value
            case UserField.EMAIL:
                return self.email is not None and self.email.casefold() == value.casefold()
            case UserField.PHONE:
                return self.phone == value
            case UserField.TRADE_ACCOUNT:
                return value in (self.accounts or ())


class UserPage(Record):
    """One page of a search (contract 2.7), in which the value is a keyword: a hit need not be exact."""

    users: list[User] = Field(alias="list")
    offset: int | None = None
    page: int | None = Field(default=None, alias="pager")
    pages: int | None = None
    size: int | None = None
    total: int | None = None

    @property
    def found(self) -> bool:
        """Whether the page holds anybody."""
        return bool(self.users)

    def exactly(self, by: UserField, value: str) -> list[User]:
        """Those users of the page whose field is exactly ``value``."""
        return [user for user in self.users if user.has(by, value)]


class TradingAccount(Record):
    """A trading account of a user (contract 2.8)."""

    account_id: str | None = Field(default=None, alias="accountId")
    account_name: str | None = Field(default=None, alias="accountName")
    account_type: str | None = Field(default=None, alias="accountType")
    account_group: str | None = Field(default=None, alias="accountGroup")
    account_group_name: str | None = Field(default=None, alias="accountGroupName")
    balance: float | None = None
    currency: str | None = None
    leverage: int | None = None
    platform_name: str | None = Field(default=None, alias="platformName")
    server_name: str | None = Field(default=None, alias="serverName")
    status: bool | None = None


class UserDetail(Record):
    """A user's basic data (contract 2.8; 2.10 answers the same).

    Attributes:
        avatar: address of the profile icon, possibly without a scheme.
    """

    username: str | None = None
    nickname: str | None = None
    email: str | None = None
    phone: str | None = None
    avatar: str | None = None
    accounts: list[TradingAccount] | None = None


class Task(Record):
    """A review task (contract 2.13).

    Validate it with ``context={"final_states": …}`` to say which states end a watch.

    Attributes:
        created_time: as received; it has no zone.
        state: the service's own spelling.
    """

    id: str = Field(min_length=1)
    state: str = Field(min_length=1)
    created_time: str | None = Field(default=None, alias="createdTime")
    job_type: str | None = Field(default=None, alias="jobType")
    user_id: str | None = Field(default=None, alias="pubUserId")
    _verdict: TaskVerdict = PrivateAttr(default=TaskVerdict.PENDING)
    _known: bool = PrivateAttr(default=True)

    def model_post_init(self, context: Any, /) -> None:
        """Judge the state once, with the states that the context gives or the defaults."""
        final: Mapping[str, TaskVerdict] = (context or {}).get("final_states", FINAL_STATES)
        self._verdict = final.get(self.state, TaskVerdict.PENDING)
        self._known = self.state in final or self.state in FINAL_STATES or self.state in PENDING_STATES

    @property
    def verdict(self) -> TaskVerdict:
        """Whether the state ends a watch, and how; an unknown state is pending."""
        return self._verdict

    @property
    def known(self) -> bool:
        """Whether the state is one that has been seen or configured."""
        return self._known
