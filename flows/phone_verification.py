"""Verify a mobile number and hand over the ticket."""

from __future__ import annotations

from typing import ClassVar

from pydantic import SecretStr

from onboarding import (
    AccountApi,
    CodePurpose,
    Done,
    Failed,
    Flow,
    HandedOver,
    Meaning,
    Phone,
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

__all__ = ["PhoneVerification"]


class PhoneVerification(Flow, name="phone-verification", version=1):
    """Verify a mobile number with a code; the ticket that proves it is handed over."""

    phone: Phone
    send_sms: bool = True
    code: VerificationCode = later()
    ticket: HandedOver = later()

    states: ClassVar = [
        Working("requesting_code", forgets=["code"]),
        Waiting("awaiting_code", up_to=minutes(10), forgets=["code"]),
        Working("verifying_code"),
        Done("phone_verified", "the number is verified; the ticket is in the journey's data"),
        Failed("phone_refused", "the service does not take this number"),
        Failed("code_refused", "a wrong code was entered five times"),
        Failed("expired", "no code was entered in time"),
        Failed("codes_used_up", "three codes were sent and none led on"),
    ]
    transitions: ClassVar = [
        ["code_sent",      "requesting_code", "awaiting_code"],
        ["code_received",  "requesting_code", "verifying_code"],
        ["phone_refused",  "requesting_code", "phone_refused"],
        ["no_more_codes",  "requesting_code", "codes_used_up"],
        ["code_entered",   "awaiting_code",   "verifying_code"],
        ["resend",         "awaiting_code",   "requesting_code"],
        ["timed_out",      "awaiting_code",   "expired"],
        ["ticket_issued",  "verifying_code",  "phone_verified"],
        ["code_wrong",     "verifying_code",  "awaiting_code", "may_try_again"],
        ["code_wrong",     "verifying_code",  "code_refused"],
        ["code_expired",   "verifying_code",  "requesting_code"],
        ["code_spent",     "verifying_code",  "requesting_code"],
    ]  # fmt: skip

    def may_try_again(self) -> bool:
        """Five wrong codes end the journey; a resend does not start the count anew."""
        return self.times("code_wrong") < 5

    @repeatable(
        then="code_sent", otherwise=["code_received"], cooldown=seconds(60), at_most=3, exhausted="no_more_codes",
        refused={
            Meaning.MOBILE_TAKEN: "phone_refused", Meaning.MOBILE_MALFORMED: "phone_refused",
            Meaning.NO_SUCH_USER: "phone_refused",
        },
    )  # fmt: skip
    async def requesting_code(self, api: AccountApi) -> Trigger:
        code = await api.request_mobile_code(self.phone, CodePurpose.UPDATE_PHONE, send_sms=self.send_sms)
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
