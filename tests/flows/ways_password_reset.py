"""Ways through ``password-reset``."""

from __future__ import annotations

from people import MALFORMED_PHONE, NEW_PASSWORD, PHONE, THIRD_PASSWORD, WEAK_PASSWORD, WRONG_CODE
from stage import TENANT_NO_SUCH_USER, TENANT_PASSWORD_REUSED, Stage
from way import way

from flows import PasswordReset
from onboarding import Meaning, ParkKind

SENT = "code_sent:awaiting_code"
ENTERED = "code_entered:verifying_code"
WRONG = "code_wrong:awaiting_code"
RESENT = f"resend:requesting_code {SENT}"
VERIFIED = f"{ENTERED} ticket_issued:resetting_password"
RESET = "reset:proving_login"
PROVEN = "logged_in:password_reset"


async def begin(stage: Stage, *, new_password: str = NEW_PASSWORD, send_sms: bool = True) -> str:
    user = stage.user()
    await stage.start(PasswordReset, phone=PHONE, new_password=new_password, send_sms=send_sms)
    return user


@way(PasswordReset, SENT, VERIFIED, RESET, PROVEN)
async def a_code_that_was_sent_resets_the_password(stage: Stage) -> None:
    user = await begin(stage)
    await stage.enter_code()
    assert stage.desk.check_password(user, NEW_PASSWORD)


@way(PasswordReset, "code_received:verifying_code ticket_issued:resetting_password", RESET, PROVEN)
async def a_code_in_the_answer_resets_the_password_without_a_person(stage: Stage) -> None:
    user = await begin(stage, send_sms=False)
    assert stage.desk.check_password(user, NEW_PASSWORD)


@way(PasswordReset, "no_such_user:no_such_user", by=Meaning.NO_SUCH_USER)
async def nobody_is_registered_with_the_number(stage: Stage) -> None:
    await stage.start(PasswordReset, phone=PHONE, new_password=NEW_PASSWORD)


@way(PasswordReset, "phone_refused:phone_refused", by=Meaning.MOBILE_MALFORMED)
async def the_number_is_malformed(stage: Stage) -> None:
    await stage.start(PasswordReset, phone=MALFORMED_PHONE, new_password=NEW_PASSWORD)


@way(PasswordReset, SENT, RESENT, VERIFIED, RESET, PROVEN)
async def another_code_is_asked_for(stage: Stage) -> None:
    await begin(stage)
    await stage.pass_time(61)
    await stage.send("resend")
    await stage.enter_code()


@way(PasswordReset, SENT, "timed_out:expired")
async def no_code_is_entered_in_time(stage: Stage) -> None:
    await begin(stage)
    await stage.pass_time(601)


@way(PasswordReset, SENT, ENTERED, WRONG, VERIFIED, RESET, PROVEN)
async def a_wrong_code_may_be_corrected(stage: Stage) -> None:
    await begin(stage)
    await stage.enter_code(WRONG_CODE)
    await stage.enter_code()


@way(
    PasswordReset, SENT, f"{ENTERED} {WRONG} " * 2, RESENT, f"{ENTERED} {WRONG} " * 2, RESENT, ENTERED,
    "code_wrong:code_refused", by=Meaning.CODE_WRONG,
)  # fmt: skip
async def five_wrong_codes_end_it_however_often_another_is_sent_between_them(stage: Stage) -> None:
    await begin(stage)
    for tries in (2, 2, 1):
        for _ in range(tries):
            await stage.enter_code(WRONG_CODE)
        if tries == 2:
            await stage.pass_time(61)
            await stage.send("resend")


@way(
    PasswordReset, SENT, f"{ENTERED} code_expired:requesting_code {SENT} " * 2, ENTERED,
    "code_expired:requesting_code no_more_codes:codes_used_up",
)  # fmt: skip
async def three_codes_expire(stage: Stage) -> None:
    await begin(stage)
    for _ in range(3):
        await stage.pass_time(301)
        await stage.enter_code()


@way(PasswordReset, SENT, ENTERED, "code_spent:requesting_code", SENT, VERIFIED, RESET, PROVEN)
async def the_code_was_used_elsewhere(stage: Stage) -> None:
    await begin(stage)
    await stage.api.verify_mobile_code(PHONE, stage.desk.latest_code(PHONE))
    await stage.enter_code()
    await stage.go_on()
    await stage.enter_code()


@way(PasswordReset, SENT, ENTERED, "code_spent:requesting_code", SENT, VERIFIED, RESET, PROVEN)
async def the_ticket_is_lost_with_the_answer(stage: Stage) -> None:
    await begin(stage)
    stage.desk.add_fault("2.2", "drop_after", times=1)
    await stage.enter_code()
    await stage.go_on()
    await stage.enter_code()


@way(PasswordReset, SENT, VERIFIED, "password_weak:password_too_weak", by=Meaning.PASSWORD_WEAK)
async def the_new_password_is_too_weak(stage: Stage) -> None:
    await begin(stage, new_password=WEAK_PASSWORD)
    await stage.enter_code()


@way(PasswordReset, SENT, VERIFIED, "ticket_stale:requesting_code", SENT, VERIFIED, RESET, PROVEN)
async def the_ticket_grows_stale_while_the_service_turns_everybody_away(stage: Stage) -> None:
    await begin(stage)
    stage.throttle("2.3", retry_after=700)
    await stage.enter_code()
    await stage.go_on()
    await stage.enter_code()


@way(PasswordReset, SENT, VERIFIED, "no_such_user:no_such_user", by=Meaning.NO_SUCH_USER)
async def the_user_is_gone_before_the_reset(stage: Stage) -> None:
    await begin(stage)
    stage.refuse(f"/{PHONE}/phone", TENANT_NO_SUCH_USER)
    await stage.enter_code()


@way(PasswordReset, SENT, VERIFIED, RESET, PROVEN)
async def the_reset_landed_and_its_answer_was_lost(stage: Stage) -> None:
    await begin(stage)
    stage.desk.add_fault("2.3", "drop_after", times=1)
    await stage.enter_code()
    await stage.go_on()
    assert len(stage.desk.ledger(effect="password_reset")) == 1


@way(PasswordReset, SENT, VERIFIED, RESET, PROVEN)
async def the_reset_was_lost_and_is_sent_again(stage: Stage) -> None:
    await begin(stage)
    stage.desk.add_fault("2.3", "drop_before", times=1)
    await stage.enter_code()
    await stage.go_on()
    assert len(stage.desk.ledger(effect="password_reset")) == 1


@way(PasswordReset, SENT, VERIFIED, "ticket_stale:requesting_code", SENT, VERIFIED, RESET, PROVEN)
async def the_reset_was_lost_and_the_ticket_stale_when_that_was_known(stage: Stage) -> None:
    user = await begin(stage)
    stage.desk.add_fault("2.3", "drop_before", times=1)
    stage.throttle("2.6", retry_after=700)
    await stage.enter_code()
    await stage.go_on()
    await stage.enter_code()
    assert stage.desk.check_password(user, NEW_PASSWORD)
    assert len(stage.desk.ledger(effect="password_reset")) == 1


@way(PasswordReset, SENT, VERIFIED, RESET, "login_refused:not_proven", by=Meaning.CREDENTIALS_WRONG)
async def somebody_changes_the_password_before_the_proof(stage: Stage) -> None:
    user = await begin(stage)
    stage.throttle("2.6")
    await stage.enter_code()
    await stage.api.change_password(user, NEW_PASSWORD, THIRD_PASSWORD)
    await stage.go_on()


@way(PasswordReset, SENT, VERIFIED, RESET, parked=ParkKind.REFUSED)
async def the_account_is_locked(stage: Stage) -> None:
    await begin(stage)
    stage.refuse("/login", "SANDBOX_ACCOUNT_LOCKED")
    await stage.enter_code()


@way(PasswordReset, SENT, VERIFIED, "password_reused:password_reused", by=Meaning.PASSWORD_REUSED)
async def the_new_password_is_the_old_one(stage: Stage) -> None:
    await begin(stage)
    stage.refuse(f"/{PHONE}/phone", TENANT_PASSWORD_REUSED)
    await stage.enter_code()
