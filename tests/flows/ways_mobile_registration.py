"""Ways through ``mobile-registration``."""

from __future__ import annotations

from people import MALFORMED_PHONE, NAME, PASSWORD, PHONE, THIRD_PASSWORD, WEAK_PASSWORD, WRONG_CODE
from stage import Stage
from way import way

from flows import MobileRegistration
from onboarding import Meaning

FREE = "number_free:requesting_code"
SENT = "code_sent:awaiting_code"
ENTERED = "code_entered:registering"
WRONG = "code_wrong:awaiting_code"
REGISTERED = "user_registered:proving_login"
PROVEN = "logged_in:registered"


async def begin(stage: Stage, *, phone: str = PHONE, password: str = PASSWORD, send_sms: bool = True) -> None:
    await stage.start(MobileRegistration, name=NAME, phone=phone, password=password, send_sms=send_sms)


@way(MobileRegistration, FREE, SENT, ENTERED, REGISTERED, PROVEN)
async def a_code_that_was_sent_registers_the_user(stage: Stage) -> None:
    await begin(stage)
    await stage.enter_code()
    assert [user["name"] for user in stage.desk.users()] == [NAME]


@way(MobileRegistration, FREE, "code_received:registering", REGISTERED, PROVEN)
async def a_code_in_the_answer_registers_the_user_without_a_person(stage: Stage) -> None:
    await begin(stage, send_sms=False)


@way(MobileRegistration, FREE, SENT, ENTERED, REGISTERED, PROVEN)
async def the_registration_landed_and_its_answer_was_lost(stage: Stage) -> None:
    await begin(stage)
    stage.desk.add_fault("2.4", "error_500", times=1, effect=True)
    await stage.enter_code()
    await stage.go_on()
    assert len(stage.desk.users()) == 1


@way(MobileRegistration, FREE, SENT, ENTERED, REGISTERED, PROVEN)
async def the_registration_lands_after_it_was_looked_into(stage: Stage) -> None:
    await begin(stage)
    stage.desk.add_fault("2.4", "late_landing", seconds=30.5, times=1)
    stage.desk.add_fault("2.4", "throttle_429", times=1)
    await stage.enter_code()
    await stage.go_on()
    assert len(stage.desk.users()) == 1


@way(MobileRegistration, "number_taken:already_registered")
async def the_number_is_taken(stage: Stage) -> None:
    stage.user()
    await begin(stage)


@way(MobileRegistration, "phone_refused:phone_refused", by=Meaning.MOBILE_MALFORMED)
async def the_search_takes_the_number_for_malformed(stage: Stage) -> None:
    stage.refuse("/user/list", "PUB_AUTH_0000002")
    await begin(stage)


@way(MobileRegistration, FREE, "number_taken:already_registered", by=Meaning.MOBILE_TAKEN)
async def somebody_registers_before_a_code_is_sent(stage: Stage) -> None:
    stage.throttle("2.1")
    await begin(stage)
    stage.user()
    await stage.go_on()


@way(MobileRegistration, FREE, "phone_refused:phone_refused", by=Meaning.MOBILE_MALFORMED)
async def no_code_is_sent_to_a_malformed_number(stage: Stage) -> None:
    await begin(stage, phone=MALFORMED_PHONE)


@way(
    MobileRegistration, FREE, SENT, f"{ENTERED} code_expired:requesting_code {SENT} " * 2, ENTERED,
    "code_expired:requesting_code no_more_codes:codes_used_up",
)  # fmt: skip
async def three_codes_expire(stage: Stage) -> None:
    await begin(stage)
    for _ in range(3):
        await stage.pass_time(301)
        await stage.enter_code()


@way(MobileRegistration, FREE, SENT, ENTERED, "code_expired:requesting_code", SENT, ENTERED, REGISTERED, PROVEN)
async def the_code_was_used_elsewhere(stage: Stage) -> None:
    await begin(stage)
    await stage.api.verify_mobile_code(PHONE, stage.desk.latest_code(PHONE))
    await stage.enter_code()
    await stage.go_on()
    await stage.enter_code()


@way(MobileRegistration, FREE, SENT, "resend:requesting_code", SENT, ENTERED, REGISTERED, PROVEN)
async def another_code_is_asked_for(stage: Stage) -> None:
    await begin(stage)
    await stage.pass_time(61)
    await stage.send("resend")
    await stage.enter_code()


@way(MobileRegistration, FREE, SENT, "timed_out:expired")
async def no_code_is_entered_in_time(stage: Stage) -> None:
    await begin(stage)
    await stage.pass_time(601)


@way(
    MobileRegistration, FREE, SENT, f"{ENTERED} {WRONG} " * 4, ENTERED, "code_wrong:code_refused", by=Meaning.CODE_WRONG
)
async def five_wrong_codes_end_it(stage: Stage) -> None:
    await begin(stage)
    for _ in range(5):
        await stage.enter_code(WRONG_CODE)


@way(MobileRegistration, FREE, SENT, ENTERED, "number_taken:already_registered", by=Meaning.MOBILE_TAKEN)
async def somebody_registers_before_the_code_is_entered(stage: Stage) -> None:
    await begin(stage)
    stage.user()
    await stage.enter_code()


@way(MobileRegistration, FREE, SENT, ENTERED, "phone_refused:phone_refused", by=Meaning.MOBILE_MALFORMED)
async def the_registration_takes_the_number_for_malformed(stage: Stage) -> None:
    await begin(stage)
    stage.refuse("/phone/register", "PUB_AUTH_0000002")
    await stage.enter_code()


@way(MobileRegistration, FREE, SENT, ENTERED, "password_weak:password_too_weak", by=Meaning.PASSWORD_WEAK)
async def the_password_is_too_weak(stage: Stage) -> None:
    await begin(stage, password=WEAK_PASSWORD)
    await stage.enter_code()


@way(MobileRegistration, FREE, SENT, ENTERED, REGISTERED, "login_refused:not_proven", by=Meaning.CREDENTIALS_WRONG)
async def somebody_changes_the_password_before_the_proof(stage: Stage) -> None:
    await begin(stage)
    stage.throttle("2.6")
    await stage.enter_code()
    await stage.api.change_password(stage.desk.users()[0]["userId"], PASSWORD, THIRD_PASSWORD)
    await stage.go_on()
