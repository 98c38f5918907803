"""Register a user by mobile number."""

from __future__ import annotations

from typing import ClassVar

from pydantic import SecretStr

from flows.evidence import is_registered
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

__all__ = ["MobileRegistration"]


class MobileRegistration(Flow, name="mobile-registration", version=1):
    """Register a user with a code sent to the mobile, and log in to prove it."""

    name: str
    phone: Phone
    password: Secret
    recommend_code: str | None = None
    custom_source: str | None = None
    send_sms: bool = True
    code: VerificationCode = later()
    user_id: str = later()

    states: ClassVar = [
        Working("checking_number"),
        Working("requesting_code", forgets=["code"]),
        Waiting("awaiting_code", up_to=minutes(10), forgets=["code"]),
        Working("registering"),
        Working("proving_login", forgets=["code"]),
        Done("registered", "the user is registered and can log in"),
        Failed("already_registered", "somebody is registered with this number"),
        Failed("phone_refused", "the service takes the number for malformed"),
        Failed("code_refused", "a wrong code was entered five times"),
        Failed("expired", "no code was entered in time"),
        Failed("codes_used_up", "three codes were sent and none led on"),
        Failed("password_too_weak", "the password does not meet the strength rule"),
        Failed("not_proven", "the registration was accepted, but the password does not log in"),
    ]
    transitions: ClassVar = [
        ["number_free",    "checking_number", "requesting_code"],
        ["number_taken",   "checking_number", "already_registered"],
        ["phone_refused",  "checking_number", "phone_refused"],
        ["code_sent",      "requesting_code", "awaiting_code"],
        ["code_received",  "requesting_code", "registering"],
        ["number_taken",   "requesting_code", "already_registered"],
        ["phone_refused",  "requesting_code", "phone_refused"],
        ["no_more_codes",  "requesting_code", "codes_used_up"],
        ["code_entered",   "awaiting_code",   "registering"],
        ["resend",         "awaiting_code",   "requesting_code"],
        ["timed_out",      "awaiting_code",   "expired"],
        ["user_registered", "registering",    "proving_login"],
        ["code_wrong",     "registering",     "awaiting_code", "may_try_again"],
        ["code_wrong",     "registering",     "code_refused"],
        ["code_expired",   "registering",     "requesting_code"],
        ["number_taken",   "registering",     "already_registered"],
        ["phone_refused",  "registering",     "phone_refused"],
        ["password_weak",  "registering",     "password_too_weak"],
        ["logged_in",      "proving_login",   "registered"],
        ["login_refused",  "proving_login",   "not_proven"],
    ]  # fmt: skip

    def may_try_again(self) -> bool:
        """Five wrong codes end the journey; a resend does not start the count anew."""
        return self.times("code_wrong") < 5

    @read(then="number_free", otherwise=["number_taken"], refused={Meaning.MOBILE_MALFORMED: "phone_refused"})
    async def checking_number(self, api: AccountApi) -> Trigger:
        return "number_taken" if await is_registered(api, UserField.PHONE, self.phone) else "number_free"

    @repeatable(
        then="code_sent", otherwise=["code_received"], cooldown=seconds(60), at_most=3, exhausted="no_more_codes",
        refused={Meaning.MOBILE_TAKEN: "number_taken", Meaning.MOBILE_MALFORMED: "phone_refused"},
    )  # fmt: skip
    async def requesting_code(self, api: AccountApi) -> Trigger:
        code = await api.request_mobile_code(self.phone, CodePurpose.REGISTER, send_sms=self.send_sms)
        if code is None:
            return "code_sent"
        self.code = SecretStr(code)
        return "code_received"

    @on_input
    def code_entered(self, code: VerificationCode) -> None:
        self.code = code

    @once(
        then="user_registered", evidence=[Meaning.MOBILE_TAKEN],
        refused={
            Meaning.CODE_WRONG: "code_wrong", Meaning.CODE_EXPIRED: "code_expired", Meaning.CODE_USED: "code_expired",
            Meaning.MOBILE_TAKEN: "number_taken", Meaning.MOBILE_MALFORMED: "phone_refused",
            Meaning.PASSWORD_WEAK: "password_weak",
        },
    )  # fmt: skip
    async def registering(self, api: AccountApi) -> None:
        await api.register_by_mobile(
            self.name, self.phone, self.password, self.code,
            recommend_code=self.recommend_code, custom_source=self.custom_source,
        )  # fmt: skip

    @registering.landed
    async def number_is_registered(self, api: AccountApi) -> bool | None:
        return await is_registered(api, UserField.PHONE, self.phone)

    @repeatable(
        then="logged_in", cooldown=seconds(10), at_most=5,
        refused={Meaning.CREDENTIALS_WRONG: "login_refused", Meaning.NO_SUCH_USER: "login_refused"},
    )  # fmt: skip
    async def proving_login(self, api: AccountApi) -> None:
        self.user_id = (await api.log_in(self.phone, self.password)).user_id
