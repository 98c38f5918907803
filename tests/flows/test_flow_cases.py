"""What the flows promise beyond where their transitions lead."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
import ways_task_watch as watch
from people import EMAIL, ID_NUMBER, NAME, NEW_PASSWORD, NOBODY, PASSWORD, PHONE, PICTURE, STREET, WEAK_PASSWORD
from stage import Stage

from flows import (
    AvatarChange,
    EmailRegistration,
    EmailSignup,
    KycUpdate,
    MobileRegistration,
    PasswordChange,
    PasswordReset,
    PhoneVerification,
    TaskWatch,
)
from onboarding import Flow, InputRefused, InvalidData

pytestmark = pytest.mark.anyio


def data_of(stage: Stage) -> Any:
    """The journey's fields, each by its name."""
    assert stage.journey.data is not None
    return stage.journey.data


# Outcomes


async def test_a_refusal_is_told_with_its_code_its_meaning_and_the_vendors_words(stage: Stage) -> None:
    stage.user()
    await stage.start(PasswordChange, login_name=PHONE, password=PASSWORD, new_password=WEAK_PASSWORD)
    outcome = stage.journey.outcome
    assert outcome is not None
    assert (outcome.mcode, outcome.meaning) == ("PUB_AUTH_0000051", "password_weak")
    assert outcome.vendor_text == "The password does not meet the strength rule."
    assert outcome.text == "the new password does not meet the strength rule"
    row = (await stage.history())[-1]
    assert (row.endpoint, row.http_status, row.mcode, row.detail) == (
        "change_password", 200, "PUB_AUTH_0000051", "password_weak",
    )  # fmt: skip


async def test_an_end_that_no_refusal_led_to_names_none(stage: Stage) -> None:
    await stage.start(PasswordReset, phone=PHONE, new_password=NEW_PASSWORD)
    assert stage.journey.outcome is not None
    assert stage.journey.outcome.mcode == "PUB_AUTH_0000017"
    stage.user()
    await stage.start(PasswordReset, phone=PHONE, new_password=NEW_PASSWORD)
    await stage.pass_time(601)
    outcome = stage.journey.outcome
    assert outcome is not None
    assert (outcome.state, outcome.mcode, outcome.meaning, outcome.vendor_text) == ("expired", None, None, None)


# Codes


@pytest.mark.parametrize("flow", [PasswordReset, PhoneVerification, MobileRegistration])
async def test_without_a_message_none_goes_out_and_nobody_is_waited_for(stage: Stage, flow: type[Flow]) -> None:
    more: dict[str, Any] = {
        PasswordReset: {"new_password": NEW_PASSWORD},
        PhoneVerification: {},
        MobileRegistration: {"name": NAME, "password": PASSWORD},
    }[flow]
    if flow is PasswordReset:
        stage.user()
    await stage.start(flow, phone=PHONE, send_sms=False, **more)
    assert stage.journey.ended_well
    assert [message.sent for message in stage.desk.messages(PHONE)] == [False]
    assert "awaiting_code" not in {row.dest for row in await stage.history()}


async def test_a_code_is_not_sent_again_within_its_cooldown_and_the_refusal_says_when(stage: Stage) -> None:
    stage.user()
    await stage.start(PasswordReset, phone=PHONE, new_password=NEW_PASSWORD)
    sent = stage.clock.now()
    await stage.pass_time(59)
    with pytest.raises(InputRefused, match="'resend' is possible in 1 s") as refused:
        await stage.send("resend")
    assert refused.value.retry_at == sent + timedelta(seconds=60)
    await stage.pass_time(1)
    await stage.send("resend")
    assert len(stage.desk.messages(PHONE)) == 2


async def test_a_fourth_code_is_refused_and_the_third_can_still_be_entered(stage: Stage) -> None:
    stage.user()
    await stage.start(PasswordReset, phone=PHONE, new_password=NEW_PASSWORD)
    for _ in range(2):
        await stage.pass_time(61)
        await stage.send("resend")
    await stage.pass_time(61)
    with pytest.raises(InputRefused, match="was done 3 times, which is all there may be"):
        await stage.send("resend")
    await stage.enter_code()
    assert stage.journey.ended_well
    assert len(stage.desk.messages(PHONE)) == 3


async def test_the_ticket_of_a_verified_number_is_handed_over_and_the_code_is_not(stage: Stage) -> None:
    stage.user()
    await stage.start(PhoneVerification, phone=PHONE)
    await stage.enter_code()
    data = data_of(stage)
    assert data.code is None
    ticket = data.ticket.get_secret_value()
    await stage.api.reset_password(PHONE, NEW_PASSWORD, ticket)


# Who is registered


async def test_somebody_whose_number_contains_this_one_does_not_take_it(stage: Stage) -> None:
    stage.user(phone=f"{PHONE}0", email=None)
    stage.desk.add_fault("2.4", "drop_before", times=1)
    await stage.start(MobileRegistration, name=NAME, phone=PHONE, password=PASSWORD, send_sms=False)
    await stage.go_on()
    assert stage.journey.state == "registered"
    assert any(row.trigger == "not_landed" for row in await stage.history())


async def test_an_address_is_found_among_many_that_contain_it_and_in_any_case(stage: Stage) -> None:
    for number in range(51):
        stage.desk.create_user(f"User {number}", email=f"x{number}.{EMAIL}", password=PASSWORD)
    stage.user(email=EMAIL.upper())
    await stage.start(EmailSignup, email=EMAIL, password=PASSWORD)
    assert [row.trigger for row in await stage.history()] == ["started", "address_taken"]
    assert stage.journey.state == "already_registered"


# What is refused at the start


@pytest.mark.parametrize(
    ("flow", "fields", "says"),
    [
        (PasswordReset, {"phone": "bird", "new_password": NEW_PASSWORD}, "phone: must be a mobile number"),
        (PasswordReset, {"phone": PHONE, "new_password": ""}, "new_password: must not be empty"),
        (PasswordReset, {"phone": PHONE, "new_password": NEW_PASSWORD, "code": "1"}, "code is filled in on the way"),
        (EmailRegistration, {"name": NAME, "email": f"{EMAIL}@", "password": PASSWORD}, "email: must be an e-mail"),
        (AvatarChange, {"user_id": NOBODY, "avatar": PICTURE.replace("https", "http")}, "avatar: must be an https"),
        (AvatarChange, {"user_id": NOBODY, "avatar": f"{PICTURE} "}, "avatar: must be an https address"),
        (KycUpdate, {"user_id": NOBODY, "changes": {}}, "changes: must be a JSON object"),
        (KycUpdate, {"user_id": NOBODY, "changes": {STREET: {"a": 1}}}, "changes: must be a JSON object"),
        (KycUpdate, {"user_id": NOBODY, "changes": {"cert": ID_NUMBER}}, "changes: must be a JSON object"),
        (TaskWatch, {"user_id": NOBODY, "task_type": "JOB"}, "task_type: must be 'JOB_TYPE_TA_OPEN'"),
        (
            TaskWatch,
            {"user_id": NOBODY, "task_type": watch.OPEN, "every": "often"},
            "every: must be a length of time: 90s, 15m",
        ),
    ],
)
async def test_fields_that_do_not_fit_are_named_and_never_repeated(
    stage: Stage, flow: type[Flow], fields: dict[str, Any], says: str
) -> None:
    with pytest.raises(InvalidData) as refused:
        await stage.onboarding.start(flow, **fields)
    assert says in str(refused.value)
    for value in (PHONE, NEW_PASSWORD, EMAIL, NAME, PASSWORD, NOBODY, PICTURE[8:], STREET, ID_NUMBER):
        assert value not in f"{refused.value} {refused.value!r}"
    assert not (await stage.onboarding.list())
