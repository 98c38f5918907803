"""A flow of your own: a user's new mobile number is proven with a code, then written to the account."""

from __future__ import annotations

from typing import Any, ClassVar

from onboarding import (
    AccountApi,
    CodePurpose,
    Done,
    Failed,
    Flow,
    Meaning,
    Phone,
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

MOST_TRIES = 3


class NumberChange(Flow, name="number-change", version=1):
    """Prove a user's new mobile number with a code, and write it to the account."""

    user_id: str
    phone: Phone
    code: VerificationCode = later()

    states: ClassVar = [
        Working("requesting_code", forgets=["code"]),
        Waiting("awaiting_code", up_to=minutes(10), forgets=["code"]),
        Working("verifying_code"),
        Working("saving_number", forgets=["code"]),
        Done("number_changed", "the account shows the new number"),
        Failed("no_such_user", "there is no user of this id"),
        Failed("phone_refused", "the service takes the number for malformed"),
        Failed("code_refused", "a wrong code was entered three times"),
        Failed("expired", "no code was entered in time"),
        Failed("codes_used_up", "three codes were sent and none led on"),
    ]
    transitions: ClassVar = [
        ["code_sent",     "requesting_code", "awaiting_code"],
        ["phone_refused", "requesting_code", "phone_refused"],
        ["no_more_codes", "requesting_code", "codes_used_up"],
        ["code_entered",  "awaiting_code",   "verifying_code"],
        ["resend",        "awaiting_code",   "requesting_code"],
        ["timed_out",     "awaiting_code",   "expired"],
        ["number_proven", "verifying_code",  "saving_number"],
        ["code_wrong",    "verifying_code",  "awaiting_code", "may_try_again"],
        ["code_wrong",    "verifying_code",  "code_refused"],
        ["code_spent",    "verifying_code",  "requesting_code"],
        ["number_saved",  "saving_number",   "number_changed"],
        ["no_such_user",  "saving_number",   "no_such_user"],
    ]  # fmt: skip

    def may_try_again(self) -> bool:
        return self.times("code_wrong") < MOST_TRIES

    @repeatable(
        then="code_sent", cooldown=seconds(60), at_most=3, exhausted="no_more_codes",
        refused={Meaning.MOBILE_MALFORMED: "phone_refused"},
    )  # fmt: skip
    async def requesting_code(self, api: AccountApi) -> None:
        await api.request_mobile_code(self.phone, CodePurpose.UPDATE_PHONE)

    @on_input
    def code_entered(self, code: VerificationCode) -> None:
        self.code = code

    @once(
        then="number_proven", in_doubt="code_spent",
        refused={
            Meaning.CODE_WRONG: "code_wrong", Meaning.CODE_EXPIRED: "code_spent", Meaning.CODE_USED: "code_spent",
        },
    )  # fmt: skip
    async def verifying_code(self, api: AccountApi) -> None:
        await api.verify_mobile_code(self.phone, self.code)

    @once(then="number_saved", refused={Meaning.NO_SUCH_USER: "no_such_user"})
    async def saving_number(self, api: AccountApi) -> None:
        account = await api.get_account(self.user_id)
        await api.update_account(self.user_id, account.merged(self.changes()))

    @saving_number.landed
    async def number_is_shown(self, api: AccountApi) -> bool | None:
        return (await api.get_account(self.user_id)).holds(self.changes())

    def changes(self) -> dict[str, Any]:
        return {"base": {"phones": {"phoneStr": self.phone}}}
