"""Reset a forgotten password by mobile."""

from __future__ import annotations

from typing import ClassVar

from pydantic import SecretStr

from flows.evidence import login_works
from onboarding import (
    AccountApi,
    CodePurpose,
    Done,
    Failed,
    Flow,
    Meaning,
    Phone,
    Secret,
    Trigger,
    VerificationCode,
    Waiting,
    Working,
    later,
    minutes,
    on_input,
    once,
    repeatable,
    seconds,
)

__all__ = ["PasswordReset"]


class PasswordReset(Flow, name="password-reset", version=1):
    """Reset a forgotten password with a code sent to the user's mobile."""

    phone: Phone
    new_password: Secret
    send_sms: bool = True
    code: VerificationCode = later()
    ticket: Secret = later()

    states: ClassVar = [
        Working("requesting_code", forgets=["code", "ticket"]),
        Waiting("awaiting_code", up_to=minutes(10), forgets=["code"]),
        Working("verifying_code"),
        Working("resetting_password", forgets=["code"]),
        Working("proving_login", forgets=["ticket"]),
        Done("password_reset", "the new password works"),
        Failed("no_such_user", "nobody is registered with this number"),
        Failed("phone_refused", "the service takes the number for malformed"),
        Failed("code_refused", "a wrong code was entered five times"),
        Failed("expired", "no code was entered in time"),
        Failed("codes_used_up", "three codes were sent and none led on"),
        Failed("password_too_weak", "the new password does not meet the strength rule"),
        Failed("password_reused", "the new password is the old one, or one that was used before"),
        Failed("not_proven", "the reset was accepted, but the new password does not log in"),
    ]
    transitions: ClassVar = [
        ["code_sent",      "requesting_code",    "awaiting_code"],
        ["code_received",  "requesting_code",    "verifying_code"],
        ["no_such_user",   "requesting_code",    "no_such_user"],
        ["phone_refused",  "requesting_code",    "phone_refused"],
        ["no_more_codes",  "requesting_code",    "codes_used_up"],
        ["code_entered",   "awaiting_code",      "verifying_code"],
        ["resend",         "awaiting_code",      "requesting_code"],
        ["timed_out",      "awaiting_code",      "expired"],
        ["ticket_issued",  "verifying_code",     "resetting_password"],
        ["code_wrong",     "verifying_code",     "awaiting_code", "may_try_again"],
        ["code_wrong",     "verifying_code",     "code_refused"],
        ["code_expired",   "verifying_code",     "requesting_code"],
        ["code_spent",     "verifying_code",     "requesting_code"],
        ["reset",          "resetting_password", "proving_login"],
        ["password_weak",  "resetting_password", "password_too_weak"],
        ["password_reused", "resetting_password", "password_reused"],
        ["ticket_stale",   "resetting_password", "requesting_code"],
        ["no_such_user",   "resetting_password", "no_such_user"],
        ["logged_in",      "proving_login",      "password_reset"],
        ["login_refused",  "proving_login",      "not_proven"],
    ]  # fmt: skip

    def may_try_again(self) -> bool:
        """Five wrong codes end the journey; a resend does not start the count anew."""
        return self.times("code_wrong") < 5

    @repeatable(
        then="code_sent", otherwise=["code_received"], cooldown=seconds(60), at_most=3, exhausted="no_more_codes",
        refused={Meaning.NO_SUCH_USER: "no_such_user", Meaning.MOBILE_MALFORMED: "phone_refused"},
    )  # fmt: skip
    async def requesting_code(self, api: AccountApi) -> Trigger:
        code = await api.request_mobile_code(self.phone, CodePurpose.RESET_PASSWORD, send_sms=self.send_sms)
        if code is None:
            return "code_sent"
        self.code = SecretStr(code)
        return "code_received"

    @on_input
    def code_entered(self, code: VerificationCode) -> None:
        self.code = code

    @once(
        then="ticket_issued", in_doubt="code_spent",
        refused={
            Meaning.CODE_WRONG: "code_wrong", Meaning.CODE_EXPIRED: "code_expired", Meaning.CODE_USED: "code_spent",
        },
    )  # fmt: skip
    async def verifying_code(self, api: AccountApi) -> None:
        self.ticket = SecretStr(await api.verify_mobile_code(self.phone, self.code))

    # After a doubt, a stale ticket proves nothing: it may have been used by the reset that was lost, or have expired.
    @once(
        then="reset", evidence=[Meaning.PASSWORD_REUSED],
        refused={
            Meaning.PASSWORD_WEAK: "password_weak", Meaning.PASSWORD_REUSED: "password_reused",
            Meaning.TICKET_STALE: "ticket_stale", Meaning.NO_SUCH_USER: "no_such_user",
        },
    )  # fmt: skip
    async def resetting_password(self, api: AccountApi) -> None:
        await api.reset_password(self.phone, self.new_password, self.ticket)

    @resetting_password.landed(probes="phone")
    async def password_works(self, api: AccountApi) -> bool | None:
        return await login_works(api, self.phone, self.new_password)

    @repeatable(
        then="logged_in", cooldown=seconds(10), at_most=5,
        refused={Meaning.CREDENTIALS_WRONG: "login_refused", Meaning.NO_SUCH_USER: "login_refused"},
    )  # fmt: skip
    async def proving_login(self, api: AccountApi) -> None:
        await api.log_in(self.phone, self.new_password)
