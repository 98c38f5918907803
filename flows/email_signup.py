"""Register a user by e-mail address, without a code."""

from __future__ import annotations

from typing import ClassVar

from flows.evidence import is_registered
from onboarding import (
    AccountApi,
    Done,
    Email,
    Failed,
    Flow,
    Meaning,
    Secret,
    Trigger,
    UserField,
    Working,
    later,
    once,
    read,
    repeatable,
    seconds,
)

__all__ = ["EmailSignup"]


class EmailSignup(Flow, name="email-signup", version=1):
    """Register a user by e-mail address without a code, and log in to prove it."""

    email: Email
    password: Secret
    user_id: str = later()

    states: ClassVar = [
        Working("checking_address"),
        Working("registering"),
        Working("proving_login"),
        Done("registered", "the user is registered and can log in"),
        Failed("already_registered", "somebody is registered with this address"),
        Failed("address_refused", "the service takes the address for malformed"),
        Failed("password_too_weak", "the password does not meet the strength rule"),
        Failed("not_proven", "the registration was accepted, but the password does not log in"),
    ]
    transitions: ClassVar = [
        ["address_free",    "checking_address", "registering"],
        ["address_taken",   "checking_address", "already_registered"],
        ["address_refused", "checking_address", "address_refused"],
        ["user_registered", "registering",      "proving_login"],
        ["address_taken",   "registering",      "already_registered"],
        ["address_refused", "registering",      "address_refused"],
        ["password_weak",   "registering",      "password_too_weak"],
        ["logged_in",       "proving_login",    "registered"],
        ["login_refused",   "proving_login",    "not_proven"],
    ]  # fmt: skip

    @read(then="address_free", otherwise=["address_taken"], refused={Meaning.EMAIL_MALFORMED: "address_refused"})
    async def checking_address(self, api: AccountApi) -> Trigger:
        return "address_taken" if await is_registered(api, UserField.EMAIL, self.email) else "address_free"

    @once(
        then="user_registered", evidence=[Meaning.EMAIL_TAKEN],
        refused={
            Meaning.EMAIL_TAKEN: "address_taken", Meaning.EMAIL_MALFORMED: "address_refused",
            Meaning.PASSWORD_WEAK: "password_weak",
        },
    )  # fmt: skip
    async def registering(self, api: AccountApi) -> None:
        await api.register_by_email(self.email, self.password)

    @registering.landed
    async def address_is_registered(self, api: AccountApi) -> bool | None:
        return await is_registered(api, UserField.EMAIL, self.email)

    @repeatable(
        then="logged_in", cooldown=seconds(10), at_most=5,
        refused={Meaning.CREDENTIALS_WRONG: "login_refused", Meaning.NO_SUCH_USER: "login_refused"},
    )  # fmt: skip
    async def proving_login(self, api: AccountApi) -> None:
        self.user_id = (await api.log_in(self.email, self.password)).user_id
