"""What `kyc-update` and `task-watch` promise beyond where their transitions lead."""

from __future__ import annotations

from typing import Any

import pytest
import ways_kyc_update as kyc
import ways_task_watch as watch
from people import ID_NUMBER, STREET
from stage import Stage

from flows import KycUpdate
from onboarding import Status

pytestmark = pytest.mark.anyio

UPDATE = "JOB_TYPE_TA_UPDATE_OWNER"


def data_of(stage: Stage) -> Any:
    """The journey's fields, each by its name."""
    assert stage.journey.data is not None
    return stage.journey.data


async def test_an_update_changes_what_it_names_and_keeps_every_other_field(stage: Stage) -> None:
    user = stage.user(account={"base": {"homePlace": {"city": "Old Town", "own": [None]}}, "tenant": {"a": 1}})
    before = stage.desk.user(user)["account"]
    changes = {"base": {"idAddress": STREET, "homePlace": {"city": "New Town"}}, "cert": {"idNum": ID_NUMBER}}
    await stage.start(KycUpdate, user_id=user, changes=changes)
    after = stage.desk.user(user)["account"]
    before["base"]["idAddress"] = STREET
    before["base"]["homePlace"]["city"] = "New Town"
    before["cert"]["idNum"] = ID_NUMBER
    assert after == before
    assert before["base"]["politicallyExposed"] is False, "the sandbox's tenant has fields that no model knows"


async def test_what_somebody_else_changes_before_the_update_is_sent_is_kept(stage: Stage) -> None:
    user = stage.user()
    stage.throttle("2.12")
    await kyc.begin(stage, user)
    account = await stage.api.get_account(user)
    await stage.api.update_account(user, account.merged({"base": {"gender": "1"}, "tenant": {"a": 1}}))
    await stage.go_on()
    after = stage.desk.user(user)["account"]
    assert (after["base"]["gender"], after["tenant"]) == ("1", {"a": 1})
    assert after["cert"]["idNum"] == ID_NUMBER
    assert stage.journey.state == "under_review"


async def test_an_earlier_review_that_is_still_shown_is_not_taken_for_this_ones(stage: Stage) -> None:
    user = stage.user()
    earlier = stage.desk.create_task(user, UPDATE, "Finished")
    [shown] = stage.desk.tasks(user)
    assert shown["id"] == earlier
    stage.throttle("2.11", skip=2)
    await kyc.begin(stage, user)
    for _ in range(2):
        stage.answer("/task/state", shown)
    await stage.go_on()
    await stage.pass_time(330)
    assert stage.journey.state == "under_review"
    assert data_of(stage).task_state is None
    await stage.pass_time(330)
    assert data_of(stage).task_state == "Submited"
    await kyc.move(stage, user, "Finished")
    assert stage.journey.state == "account_updated"


async def test_an_earlier_review_is_no_evidence_that_a_lost_update_landed(stage: Stage) -> None:
    user = stage.user()
    stage.desk.create_task(user, UPDATE, "Finished")
    stage.desk.add_fault("2.12", "drop_before", times=1)
    await kyc.begin(stage, user)
    await stage.go_on()
    assert [row.trigger for row in await stage.history() if row.source == row.dest][:2] == ["in_doubt", "not_landed"]
    assert len(stage.desk.ledger(effect="account_updated")) == 1


async def test_a_review_that_has_begun_is_evidence_where_the_tenant_does_not_show_the_changes_yet(stage: Stage) -> None:
    user = stage.user()
    before = stage.desk.user(user)["account"]
    stage.desk.add_fault("2.12", "drop_after", times=1)
    await kyc.begin(stage, user)
    stage.answer("/info", before)
    await stage.go_on()
    assert stage.journey.state == "under_review"
    assert len(stage.desk.ledger(effect="account_updated")) == 1


async def test_the_history_of_a_watch_shows_each_state_once_and_its_times(stage: Stage) -> None:
    task = await watch.begin(stage)
    began = stage.clock.now()
    for state in ("Handling", "Escalated", "Finished"):
        await stage.pass_time(900)
        await watch.move(stage, task, state)
    rows = (await stage.history())[1:]
    assert [row.detail for row in rows] == ["Submited", "Handling", "unknown state Escalated", "Finished"]
    assert [row.at for row in rows] == sorted({row.at for row in rows})
    assert rows[0].at == began
    assert stage.journey.outcome is not None
    assert stage.journey.outcome.remark == "Finished"
    polls = stage.desk.requests(endpoint="2.13")
    assert len(polls) > len(rows), "polls without news leave no row"


async def test_a_watch_goes_on_through_an_outage_until_its_deadline(stage: Stage) -> None:
    await watch.begin(stage)
    stage.desk.add_fault("2.13", "error_500")
    for _ in range(20):
        await stage.pass_time(330)
    assert stage.journey.status is Status.POLLING
    stage.desk.clear_faults()
    stage.desk.move_task(stage.desk.tasks()[0]["id"], "Finished")
    await stage.pass_time(330)
    assert stage.journey.state == "task_finished"
