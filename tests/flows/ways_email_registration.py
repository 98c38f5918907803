"""Ways through ``email-registration``."""

from __future__ import annotations

from people import EMAIL, MALFORMED_EMAIL, NAME, PASSWORD, THIRD_PASSWORD, WEAK_PASSWORD, WRONG_CODE
from stage import Stage
from way import way

from flows import EmailRegistration
from onboarding import Meaning

FREE = "address_free:sending_code"
SENT = "code_sent:awaiting_code"
ENTERED = "code_entered:registering"
WRONG = "code_wrong:awaiting_code"
REGISTERED = "user_registered:proving_login"
PROVEN = "logged_in:registered"


async def begin(stage: Stage, *, email: str = EMAIL, password: str = PASSWORD) -> None:
    await stage.start(EmailRegistration, name=NAME, email=email, password=password)


async def enter_code(stage: Stage, code: str | None = None) -> None:
    await stage.enter_code(code, to=EMAIL)


@way(EmailRegistration, FREE, SENT, ENTERED, REGISTERED, PROVEN)
async def a_code_that_was_sent_registers_the_user(stage: Stage) -> None:
    await begin(stage)
    await enter_code(stage)
    assert [user["name"] for user in stage.desk.users()] == [NAME]


@way(EmailRegistration, FREE, SENT, ENTERED, REGISTERED, PROVEN)
async def the_registration_landed_and_its_answer_was_lost(stage: Stage) -> None:
    await begin(stage)
    stage.desk.add_fault("2.15", "drop_after", times=1)
    await enter_code(stage)
    await stage.go_on()
    assert len(stage.desk.users()) == 1


@way(EmailRegistration, FREE, SENT, ENTERED, REGISTERED, PROVEN)
async def the_registration_lands_after_it_was_looked_into(stage: Stage) -> None:
    await begin(stage)
    stage.desk.add_fault("2.15", "late_landing", seconds=30.5, times=1)
    stage.desk.add_fault("2.15", "throttle_429", times=1)
    await enter_code(stage)
    await stage.go_on()
    assert len(stage.desk.users()) == 1


@way(EmailRegistration, "address_taken:already_registered")
async def the_address_is_taken(stage: Stage) -> None:
    stage.user()
    await begin(stage)


@way(EmailRegistration, "address_refused:address_refused", by=Meaning.EMAIL_MALFORMED)
async def the_search_takes_the_address_for_malformed(stage: Stage) -> None:
    stage.refuse("/user/list", "PUB_AUTH_0000001")
    await begin(stage)


@way(EmailRegistration, FREE, "address_taken:already_registered", by=Meaning.EMAIL_TAKEN)
async def somebody_registers_before_a_code_is_sent(stage: Stage) -> None:
    stage.throttle("2.14")
    await begin(stage)
    stage.user()
    await stage.go_on()


@way(EmailRegistration, FREE, "address_refused:address_refused", by=Meaning.EMAIL_MALFORMED)
async def no_code_is_sent_to_a_malformed_address(stage: Stage) -> None:
    await begin(stage, email=MALFORMED_EMAIL)


@way(
    EmailRegistration, FREE, SENT, f"{ENTERED} code_expired:sending_code {SENT} " * 2, ENTERED,
    "code_expired:sending_code no_more_codes:codes_used_up",
)  # fmt: skip
async def three_codes_expire(stage: Stage) -> None:
    await begin(stage)
    for _ in range(3):
        await stage.pass_time(301)
        await enter_code(stage)


@way(EmailRegistration, FREE, SENT, "resend:sending_code", SENT, ENTERED, REGISTERED, PROVEN)
async def another_code_is_asked_for(stage: Stage) -> None:
    await begin(stage)
    await stage.pass_time(61)
    await stage.send("resend")
    await enter_code(stage)


@way(EmailRegistration, FREE, SENT, "timed_out:expired")
async def no_code_is_entered_in_time(stage: Stage) -> None:
    await begin(stage)
    await stage.pass_time(601)


@way(
    EmailRegistration, FREE, SENT, f"{ENTERED} {WRONG} " * 4, ENTERED, "code_wrong:code_refused", by=Meaning.CODE_WRONG
)
async def five_wrong_codes_end_it(stage: Stage) -> None:
    await begin(stage)
    for _ in range(5):
        await enter_code(stage, WRONG_CODE)


@way(EmailRegistration, FREE, SENT, ENTERED, "address_taken:already_registered", by=Meaning.EMAIL_TAKEN)
async def somebody_registers_before_the_code_is_entered(stage: Stage) -> None:
    await begin(stage)
    stage.user()
    await enter_code(stage)


@way(EmailRegistration, FREE, SENT, ENTERED, "address_refused:address_refused", by=Meaning.EMAIL_MALFORMED)
async def the_registration_takes_the_address_for_malformed(stage: Stage) -> None:
    await begin(stage)
    stage.refuse("/registerWithValidateCode", "PUB_AUTH_0000001")
    await enter_code(stage)


@way(EmailRegistration, FREE, SENT, ENTERED, "password_weak:password_too_weak", by=Meaning.PASSWORD_WEAK)
async def the_password_is_too_weak(stage: Stage) -> None:
    await begin(stage, password=WEAK_PASSWORD)
    await enter_code(stage)


@way(EmailRegistration, FREE, SENT, ENTERED, REGISTERED, "login_refused:not_proven", by=Meaning.CREDENTIALS_WRONG)
async def somebody_changes_the_password_before_the_proof(stage: Stage) -> None:
    await begin(stage)
    stage.throttle("2.6")
    await enter_code(stage)
    await stage.api.change_password(stage.desk.users()[0]["userId"], PASSWORD, THIRD_PASSWORD)
    await stage.go_on()
