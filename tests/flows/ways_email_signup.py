"""Ways through ``email-signup``."""

from __future__ import annotations

from people import EMAIL, MALFORMED_EMAIL, PASSWORD, THIRD_PASSWORD, WEAK_PASSWORD
from stage import Stage
from way import way

from flows import EmailSignup
from onboarding import Meaning

FREE = "address_free:registering"
REGISTERED = "user_registered:proving_login"
PROVEN = "logged_in:registered"


async def begin(stage: Stage, *, email: str = EMAIL, password: str = PASSWORD) -> None:
    await stage.start(EmailSignup, email=email, password=password)


@way(EmailSignup, FREE, REGISTERED, PROVEN)
async def a_free_address_is_registered(stage: Stage) -> None:
    await begin(stage)
    assert stage.journey.data is not None
    assert [stage.journey.data.user_id] == [user["userId"] for user in stage.desk.users()]  # type: ignore[attr-defined]


@way(EmailSignup, FREE, REGISTERED, PROVEN)
async def the_registration_landed_and_its_answer_was_lost(stage: Stage) -> None:
    stage.desk.add_fault("2.5", "broken_json", times=1)
    await begin(stage)
    await stage.go_on()
    assert len(stage.desk.users()) == 1


@way(EmailSignup, FREE, REGISTERED, PROVEN)
async def the_registration_was_lost_and_is_sent_again(stage: Stage) -> None:
    stage.desk.add_fault("2.5", "drop_before", times=1)
    await begin(stage)
    await stage.go_on()
    assert len(stage.desk.users()) == 1


@way(EmailSignup, "address_taken:already_registered")
async def the_address_is_taken(stage: Stage) -> None:
    stage.user()
    await begin(stage)


@way(EmailSignup, "address_refused:address_refused", by=Meaning.EMAIL_MALFORMED)
async def the_search_takes_the_address_for_malformed(stage: Stage) -> None:
    stage.refuse("/user/list", "PUB_AUTH_0000001")
    await begin(stage)


@way(EmailSignup, FREE, "address_taken:already_registered", by=Meaning.EMAIL_TAKEN)
async def somebody_registers_with_the_address_first(stage: Stage) -> None:
    stage.throttle("2.5")
    await begin(stage)
    stage.user()
    await stage.go_on()


@way(EmailSignup, FREE, "address_refused:address_refused", by=Meaning.EMAIL_MALFORMED)
async def the_registration_takes_the_address_for_malformed(stage: Stage) -> None:
    await begin(stage, email=MALFORMED_EMAIL)


@way(EmailSignup, FREE, "password_weak:password_too_weak", by=Meaning.PASSWORD_WEAK)
async def the_password_is_too_weak(stage: Stage) -> None:
    await begin(stage, password=WEAK_PASSWORD)


@way(EmailSignup, FREE, REGISTERED, "login_refused:not_proven", by=Meaning.CREDENTIALS_WRONG)
async def somebody_changes_the_password_before_the_proof(stage: Stage) -> None:
    stage.throttle("2.6")
    await begin(stage)
    await stage.api.change_password(stage.desk.users()[0]["userId"], PASSWORD, THIRD_PASSWORD)
    await stage.go_on()
