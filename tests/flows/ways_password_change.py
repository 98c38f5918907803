"""Ways through ``password-change``."""

from __future__ import annotations

from people import NEW_PASSWORD, PASSWORD, PHONE, THIRD_PASSWORD, WEAK_PASSWORD
from stage import Stage
from way import way

from flows import PasswordChange
from onboarding import Meaning, ParkKind

LOGGED_IN = "logged_in:changing_password"
SET = "password_set:proving_login"
PROVEN = "logged_in:password_changed"


async def begin(stage: Stage, *, password: str = PASSWORD, new_password: str = NEW_PASSWORD) -> str:
    user = stage.user()
    await stage.start(PasswordChange, login_name=PHONE, password=password, new_password=new_password)
    return user


@way(PasswordChange, LOGGED_IN, SET, PROVEN)
async def the_password_is_changed(stage: Stage) -> None:
    user = await begin(stage)
    assert stage.desk.check_password(user, NEW_PASSWORD)


@way(PasswordChange, LOGGED_IN, SET, PROVEN)
async def the_change_landed_and_its_answer_was_lost(stage: Stage) -> None:
    stage.desk.add_fault("2.9", "drop_after", times=1)
    await begin(stage)
    await stage.go_on()
    assert len(stage.desk.ledger(effect="password_changed")) == 1


@way(PasswordChange, LOGGED_IN, SET, PROVEN)
async def the_change_was_lost_and_is_sent_again(stage: Stage) -> None:
    stage.desk.add_fault("2.9", "system_error", times=1)
    await begin(stage)
    await stage.go_on()
    assert len(stage.desk.ledger(effect="password_changed")) == 1


@way(PasswordChange, LOGGED_IN, SET, PROVEN)
async def the_change_lands_after_it_was_looked_into(stage: Stage) -> None:
    stage.desk.add_fault("2.9", "late_landing", seconds=30.5, times=1)
    stage.desk.add_fault("2.9", "throttle_429", times=1)
    await begin(stage)
    await stage.go_on()
    assert len(stage.desk.ledger(effect="password_changed")) == 1


@way(PasswordChange, "no_such_user:no_such_user", by=Meaning.NO_SUCH_USER)
async def nobody_has_this_login_name(stage: Stage) -> None:
    await stage.start(PasswordChange, login_name=PHONE, password=PASSWORD, new_password=NEW_PASSWORD)


@way(PasswordChange, "old_password_wrong:old_password_wrong", by=Meaning.CREDENTIALS_WRONG)
async def the_present_password_is_wrong(stage: Stage) -> None:
    await begin(stage, password=THIRD_PASSWORD)


@way(PasswordChange, LOGGED_IN, "old_password_wrong:old_password_wrong", by=Meaning.OLD_PASSWORD_WRONG)
async def somebody_changes_the_password_first(stage: Stage) -> None:
    stage.throttle("2.9")
    user = await begin(stage)
    await stage.api.change_password(user, PASSWORD, THIRD_PASSWORD)
    await stage.go_on()


@way(PasswordChange, LOGGED_IN, "password_weak:password_too_weak", by=Meaning.PASSWORD_WEAK)
async def the_new_password_is_too_weak(stage: Stage) -> None:
    await begin(stage, new_password=WEAK_PASSWORD)


@way(PasswordChange, LOGGED_IN, "password_reused:password_reused", by=Meaning.PASSWORD_REUSED)
async def the_new_password_is_the_old_one(stage: Stage) -> None:
    await begin(stage, new_password=PASSWORD)


@way(PasswordChange, LOGGED_IN, "no_such_user:no_such_user", by=Meaning.NO_SUCH_USER)
async def the_user_is_gone_before_the_change(stage: Stage) -> None:
    stage.refuse("/pwd/set", "SANDBOX_NO_SUCH_USER")
    await begin(stage)


@way(PasswordChange, LOGGED_IN, SET, "login_refused:not_proven", by=Meaning.CREDENTIALS_WRONG)
async def somebody_changes_the_password_before_the_proof(stage: Stage) -> None:
    stage.throttle("2.6", skip=1)
    user = await begin(stage)
    await stage.api.change_password(user, NEW_PASSWORD, THIRD_PASSWORD)
    await stage.go_on()


@way(PasswordChange, LOGGED_IN, parked=ParkKind.IN_DOUBT)
async def a_lost_answer_that_a_locked_account_hides(stage: Stage) -> None:
    stage.desk.add_fault("2.9", "drop_after", times=1)
    await begin(stage)
    stage.refuse("/login", "SANDBOX_ACCOUNT_LOCKED")
    await stage.go_on()
