"""Ways through ``kyc-update``."""

from __future__ import annotations

from typing import Any

from people import ID_NUMBER, NOBODY, STREET
from stage import Stage
from way import way

from flows import KycUpdate
from onboarding import Meaning, ParkKind

CHANGES: dict[str, Any] = {"base": {"idAddress": STREET}, "cert": {"idNum": ID_NUMBER}}

READ = "account_read:updating_account"
SENT = "account_sent:reading_back"
SHOWN = "changes_shown:under_review"
MOVED = "task_moved:under_review"
APPROVED = "approved:account_updated"


async def begin(stage: Stage, user: str | None = None, **more: Any) -> str:
    user = user or stage.user()
    await stage.start(KycUpdate, user_id=user, changes=CHANGES, **more)
    return user


async def move(stage: Stage, user: str, state: str) -> None:
    """Move the newest review."""
    stage.desk.move_task(stage.desk.tasks(user)[-1]["id"], state)
    await stage.pass_time(330)


@way(KycUpdate, READ, SENT, SHOWN, MOVED, MOVED, APPROVED)
async def the_review_accepts(stage: Stage) -> None:
    user = await begin(stage)
    await move(stage, user, "Handling")
    await move(stage, user, "Finished")


@way(KycUpdate, READ, SENT, "changes_pending:under_review", MOVED, APPROVED)
async def the_tenant_shows_changes_only_when_they_are_approved(stage: Stage) -> None:
    user = stage.user()
    before = stage.desk.user(user)["account"]
    stage.throttle("2.11", skip=2)
    await begin(stage, user)
    stage.answer("/info", before)
    await stage.go_on()
    await move(stage, user, "Finished")


@way(KycUpdate, READ, SENT, SHOWN, MOVED, "refused:review_refused")
async def the_review_refuses(stage: Stage) -> None:
    await move(stage, await begin(stage), "Rejected")


@way(KycUpdate, READ, SENT, SHOWN, MOVED, "timed_out:review_overdue")
async def the_review_does_not_end(stage: Stage) -> None:
    await begin(stage)
    await stage.pass_time(14 * 86_400 + 1)


@way(KycUpdate, "no_such_user:no_such_user", by=Meaning.NO_SUCH_USER)
async def nobody_has_this_id(stage: Stage) -> None:
    await begin(stage, NOBODY)


@way(KycUpdate, READ, "no_such_user:no_such_user", by=Meaning.NO_SUCH_USER)
async def the_user_is_gone_before_the_update(stage: Stage) -> None:
    stage.refuse("/update", "SANDBOX_NO_SUCH_USER")
    await begin(stage)


@way(KycUpdate, READ, SENT, "no_such_user:no_such_user", by=Meaning.NO_SUCH_USER)
async def the_user_is_gone_before_it_is_read_back(stage: Stage) -> None:
    stage.throttle("2.11", skip=2)
    await begin(stage)
    stage.refuse("/info", "SANDBOX_NO_SUCH_USER")
    await stage.go_on()


@way(KycUpdate, READ, SENT, SHOWN, MOVED)
async def the_update_landed_and_its_answer_was_lost(stage: Stage) -> None:
    stage.desk.add_fault("2.12", "drop_after", times=1)
    user = await begin(stage)
    await stage.go_on()
    await stage.drain()
    assert len(stage.desk.tasks(user)) == 1


@way(KycUpdate, READ, SENT, SHOWN, MOVED)
async def the_update_was_lost_and_is_sent_again(stage: Stage) -> None:
    stage.desk.add_fault("2.12", "drop_before", times=1)
    user = await begin(stage)
    await stage.go_on()
    assert len(stage.desk.tasks(user)) == 1


@way(KycUpdate, READ, parked=ParkKind.IN_DOUBT)
async def a_lost_update_to_what_was_there_before_is_left_to_a_person(stage: Stage) -> None:
    user = stage.user(account=CHANGES)
    stage.desk.add_fault("2.12", "drop_before", times=1)
    await begin(stage, user)
    await stage.go_on()


@way(KycUpdate, READ, SENT, SHOWN, MOVED, "no_such_user:no_such_user", by=Meaning.NO_SUCH_USER)
async def the_user_is_gone_while_the_review_goes_on(stage: Stage) -> None:
    await begin(stage)
    stage.refuse("/state", "SANDBOX_NO_SUCH_USER")
    await stage.pass_time(330)
