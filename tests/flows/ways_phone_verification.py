"""Ways through ``phone-verification``."""

from __future__ import annotations

from people import MALFORMED_PHONE, PHONE, WRONG_CODE
from stage import Stage
from way import way

from flows import PhoneVerification
from onboarding import Meaning

SENT = "code_sent:awaiting_code"
ENTERED = "code_entered:verifying_code"
WRONG = "code_wrong:awaiting_code"
VERIFIED = "ticket_issued:phone_verified"


@way(PhoneVerification, SENT, ENTERED, VERIFIED)
async def a_code_that_was_sent_verifies_the_number(stage: Stage) -> None:
    await stage.start(PhoneVerification, phone=PHONE)
    await stage.enter_code()


@way(PhoneVerification, "code_received:verifying_code", VERIFIED)
async def a_code_in_the_answer_verifies_the_number_without_a_person(stage: Stage) -> None:
    await stage.start(PhoneVerification, phone=PHONE, send_sms=False)


@way(PhoneVerification, "phone_refused:phone_refused", by=Meaning.MOBILE_MALFORMED)
async def the_number_is_malformed(stage: Stage) -> None:
    await stage.start(PhoneVerification, phone=MALFORMED_PHONE)


@way(PhoneVerification, SENT, "resend:requesting_code", SENT, ENTERED, VERIFIED)
async def another_code_is_asked_for(stage: Stage) -> None:
    await stage.start(PhoneVerification, phone=PHONE)
    await stage.pass_time(61)
    await stage.send("resend")
    await stage.enter_code()


@way(PhoneVerification, SENT, "timed_out:expired")
async def no_code_is_entered_in_time(stage: Stage) -> None:
    await stage.start(PhoneVerification, phone=PHONE)
    await stage.pass_time(601)


@way(PhoneVerification, SENT, f"{ENTERED} {WRONG} " * 4, ENTERED, "code_wrong:code_refused", by=Meaning.CODE_WRONG)
async def five_wrong_codes_end_it(stage: Stage) -> None:
    await stage.start(PhoneVerification, phone=PHONE)
    for _ in range(5):
        await stage.enter_code(WRONG_CODE)


@way(
    PhoneVerification, SENT, f"{ENTERED} code_expired:requesting_code {SENT} " * 2, ENTERED,
    "code_expired:requesting_code no_more_codes:codes_used_up",
)  # fmt: skip
async def three_codes_expire(stage: Stage) -> None:
    await stage.start(PhoneVerification, phone=PHONE)
    for _ in range(3):
        await stage.pass_time(301)
        await stage.enter_code()


@way(PhoneVerification, SENT, ENTERED, "code_spent:requesting_code", SENT, ENTERED, VERIFIED)
async def the_ticket_is_lost_with_the_answer(stage: Stage) -> None:
    await stage.start(PhoneVerification, phone=PHONE)
    stage.desk.add_fault("2.2", "drop_after", times=1)
    await stage.enter_code()
    await stage.go_on()
    await stage.enter_code()
