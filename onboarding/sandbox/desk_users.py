"""The desk's people: users are listed, created, unlocked, and asked whether a password is theirs."""

from __future__ import annotations

import copy
from typing import Any

from pydantic import BaseModel, ConfigDict, Field, SecretStr
from starlette.requests import Request

from onboarding.sandbox.addresses import checked_email, checked_phone
from onboarding.sandbox.clock import epoch_milliseconds
from onboarding.sandbox.core import Sandbox
from onboarding.sandbox.desk_request import DeskBody, DeskError, DeskRoute, Text, read, user_at
from onboarding.sandbox.ledger import Effect
from onboarding.sandbox.mcodes import Refusal
from onboarding.sandbox.users import User

__all__ = ["ROUTES"]


class _TradingAccount(BaseModel):
    model_config = ConfigDict(extra="allow")

    accountId: Text  # noqa: N815  # the contract's spelling; the fields beside it are kept as they come


class _NewUser(DeskBody):
    name: Text
    password: SecretStr = Field(min_length=1)
    phone: Text | None = None
    email: Text | None = None
    language: Text = "en-US"
    accounts: list[_TradingAccount] = Field(default_factory=list)
    account: dict[str, Any] = Field(default_factory=dict)


class _Password(DeskBody):
    password: SecretStr


async def _list(sandbox: Sandbox, request: Request) -> list[dict[str, Any]]:  # noqa: ARG001
    return [_shown(sandbox, user) for user in sandbox.users]


async def _create(sandbox: Sandbox, request: Request) -> dict[str, Any]:
    new = await read(request, _NewUser)
    if new.phone is None and new.email is None:
        raise DeskError(400, "a user needs a phone or an email")
    refusal: Refusal
    try:
        user = sandbox.register(
            "desk",
            new.name,
            new.password.get_secret_value(),
            phone=new.phone and checked_phone(new.phone),
            email=new.email and checked_email(new.email),
            language=new.language,
            trading_accounts=[account.model_dump() for account in new.accounts],
            account_info=new.account,
        )
    except Refusal as raised:
        refusal = raised
    else:
        return {"userId": user.id}
    raise DeskError(409, refusal.mcode.text)


async def _get(sandbox: Sandbox, request: Request) -> dict[str, Any]:
    user = user_at(sandbox, request.path_params["id"])
    return {**_shown(sandbox, user), "account": copy.deepcopy(user.account_info)}


async def _unlock(sandbox: Sandbox, request: Request) -> dict[str, Any]:
    user = user_at(sandbox, request.path_params["id"])
    if user.failed_logins or user.locked_until:
        user.failed_logins, user.locked_until = 0, None
        sandbox.ledger.record(Effect.ACCOUNT_UNLOCKED, "desk", user.id, userId=user.id)
    return _shown(sandbox, user)


async def _check_password(sandbox: Sandbox, request: Request) -> dict[str, bool]:
    user = user_at(sandbox, request.path_params["id"])
    asked = await read(request, _Password)
    return {"matches": user.password.matches(asked.password.get_secret_value())}


def _shown(sandbox: Sandbox, user: User) -> dict[str, Any]:
    return {
        "userId": user.id,
        "name": user.name,
        "phone": user.phone,
        "email": user.email,
        "language": user.language,
        "avatar": user.avatar,
        "registerTime": epoch_milliseconds(user.registered),
        "lastLoginTime": user.last_login and epoch_milliseconds(user.last_login),
        "failedLogins": user.failed_logins,
        "locked": user.locked_until is not None and user.locked_until > sandbox.clock.now(),
        "accounts": user.trading_accounts,
    }


ROUTES = (
    DeskRoute("GET", "/sandbox/users", "all users, those registered over the API included", _list),
    DeskRoute(
        "POST",
        "/sandbox/users",
        "create a user: {name, password, phone?, email?, language?, accounts?: [{accountId, ...}], account?: "
        "what 2.11 shows, laid over the blank one} -> {userId}; the password rule does not hold here",
        _create,
    ),
    DeskRoute("GET", "/sandbox/users/{id}", "one user, with the account info", _get),
    DeskRoute("POST", "/sandbox/users/{id}/unlock", "lift the lock, forget the failed logins", _unlock),
    DeskRoute(
        "POST",
        "/sandbox/users/{id}/check-password",
        "{password} -> {matches}; counts as no login",
        _check_password,
    ),
)
