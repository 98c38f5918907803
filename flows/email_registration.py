"""Register a user by e-mail address, with a code."""

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
    VerificationCode,
    Waiting,
    Working,
    later,
    minutes,
    on_input,
    once,
    read,
    repeatable,
    seconds,
)

__all__ = ["EmailRegistration"]


class EmailRegistration(Flow, name="email-registration", version=1):
    """Register a user with a code sent by e-mail, and log in to prove it."""

    name: str
    email: Email
    password: Secret
    code: VerificationCode = later()
    user_id: str = later()

    states: ClassVar = [
        Working("checking_address"),
        Working("sending_code", forgets=["code"]),
        Waiting("awaiting_code", up_to=minutes(10), forgets=["code"]),
        Working("registering"),
        Working("proving_login", forgets=["code"]),
        Done("registered", "the user is registered and can log in"),
        Failed("already_registered", "somebody is registered with this address"),
        Failed("address_refused", "the service takes the address for malformed"),
        Failed("code_refused", "a wrong code was entered five times"),
        Failed("expired", "no code was entered in time"),
        Failed("codes_used_up", "three codes were sent and none led on"),
        Failed("password_too_weak", "the password does not meet the strength rule"),
        Failed("not_proven", "the registration was accepted, but the password does not log in"),
    ]
    transitions: ClassVar = [
        ["address_free",    "checking_address", "sending_code"],
        ["address_taken",   "checking_address", "already_registered"],
        ["address_refused", "checking_address", "address_refused"],
        ["code_sent",       "sending_code",     "awaiting_code"],
        ["address_taken",   "sending_code",     "already_registered"],
        ["address_refused", "sending_code",     "address_refused"],
        ["no_more_codes",   "sending_code",     "codes_used_up"],
        ["code_entered",    "awaiting_code",    "registering"],
        ["resend",          "awaiting_code",    "sending_code"],
        ["timed_out",       "awaiting_code",    "expired"],
        ["user_registered", "registering",      "proving_login"],
        ["code_wrong",      "registering",      "awaiting_code", "may_try_again"],
        ["code_wrong",      "registering",      "code_refused"],
        ["code_expired",    "registering",      "sending_code"],
        ["address_taken",   "registering",      "already_registered"],
        ["address_refused", "registering",      "address_refused"],
        ["password_weak",   "registering",      "password_too_weak"],
        ["logged_in",       "proving_login",    "registered"],
        ["login_refused",   "proving_login",    "not_proven"],
    ]  # fmt: skip

    def may_try_again(self) -> bool:
        """Five wrong codes end the journey; a resend does not start the count anew."""
        return self.times("code_wrong") < 5

    @read(then="address_free", otherwise=["address_taken"], refused={Meaning.EMAIL_MALFORMED: "address_refused"})
    async def checking_address(self, api: AccountApi) -> Trigger:
        return "address_taken" if await is_registered(api, UserField.EMAIL, self.email) else "address_free"

    @repeatable(
        then="code_sent", cooldown=seconds(60), at_most=3, exhausted="no_more_codes",
        refused={Meaning.EMAIL_TAKEN: "address_taken", Meaning.EMAIL_MALFORMED: "address_refused"},
    )  # fmt: skip
    async def sending_code(self, api: AccountApi) -> None:
        await api.send_email_code(self.email)

    @on_input
    def code_entered(self, code: VerificationCode) -> None:
        self.code = code

    @once(
        then="user_registered", evidence=[Meaning.EMAIL_TAKEN],
        refused={
            Meaning.CODE_WRONG: "code_wrong", Meaning.CODE_EXPIRED: "code_expired", Meaning.CODE_USED: "code_expired",
            Meaning.EMAIL_TAKEN: "address_taken", Meaning.EMAIL_MALFORMED: "address_refused",
            Meaning.PASSWORD_WEAK: "password_weak",
        },
    )  # fmt: skip
    async def registering(self, api: AccountApi) -> None:
        await api.register_with_email_code(self.name, self.email, self.password, self.code)

    @registering.landed
    async def address_is_registered(self, api: AccountApi) -> bool | None:
        return await is_registered(api, UserField.EMAIL, self.email)

    @repeatable(
        then="logged_in", cooldown=seconds(10), at_most=5,
        refused={Meaning.CREDENTIALS_WRONG: "login_refused", Meaning.NO_SUCH_USER: "login_refused"},
    )  # fmt: skip
    async def proving_login(self, api: AccountApi) -> None:
        self.user_id = (await api.log_in(self.email, self.password)).user_id
