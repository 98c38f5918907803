"""No error that reaches a caller tells what was handed in."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, ClassVar

import pytest
from canaries import found
from people import CANARIES, EMAIL, MALFORMED_PHONE, NAME, NEW_PASSWORD, PASSWORD, PHONE, STREET, WRONG_CODE
from stage import Stage
from traces import learnt, said, told

from flows import EmailRegistration, KycUpdate, PasswordReset
from onboarding import Done, Failed, Flow, Phone, Secret, Waiting, minutes

pytestmark = pytest.mark.anyio


async def errors_of(stage: Stage) -> list[BaseException]:
    """Everything that a caller can do wrong."""
    errors: list[BaseException] = []

    async def fails(call: Any) -> None:
        with pytest.raises(Exception) as caught:
            await call
        errors.append(caught.value)

    start = stage.onboarding.start
    await fails(start(PasswordReset, phone=MALFORMED_PHONE[:3], new_password=NEW_PASSWORD))
    await fails(start(PasswordReset, phone=PHONE, new_password=[NEW_PASSWORD]))
    await fails(start(PasswordReset, phone=PHONE, new_password=NEW_PASSWORD, code=WRONG_CODE))
    await fails(start(PasswordReset, phone=PHONE, new_password=NEW_PASSWORD, name=NAME))
    await fails(start(EmailRegistration, name=NAME, email=f"{EMAIL}@{EMAIL}", password=PASSWORD))
    await fails(start(KycUpdate, user_id=PHONE, changes={STREET: STREET}))
    await fails(start("no-such-flow", phone=PHONE, new_password=NEW_PASSWORD))
    await fails(stage.onboarding.run("no-such-flow", phone=PHONE, new_password=NEW_PASSWORD))
    stage.user()
    await stage.start(PasswordReset, phone=PHONE, new_password=NEW_PASSWORD)
    for values in (
        {"code": f"{WRONG_CODE}!"}, {"code": [WRONG_CODE]}, {"code": WRONG_CODE, "name": NAME}, {"name": NAME},
    ):  # fmt: skip
        await fails(stage.send("code_entered", **values))
    await fails(stage.send("code_guessed", code=WRONG_CODE))
    await fails(stage.send("resend", code=WRONG_CODE))
    await fails(stage.send("resend"))
    await stage.pass_time(601)
    await fails(stage.send("code_entered", code=WRONG_CODE))
    return errors


async def unreadable(stage: Stage) -> list[BaseException]:
    """A journey that another version of its flow has stored."""
    await stage.start(PasswordReset, phone=PHONE, new_password=NEW_PASSWORD)

    class LaterReset(Flow, name="password-reset", version=2):
        """The same flow, a version later, which does not say how to take over a journey."""

        phone: Phone
        new_password: Secret
        states: ClassVar = [Waiting("waiting", up_to=minutes(1)), Done("done"), Failed("late")]
        transitions: ClassVar = [["go", "waiting", "done"], ["timed_out", "waiting", "late"]]

    stage.onboarding.flows.add(LaterReset)
    with pytest.raises(Exception) as caught:
        await stage.onboarding.get(stage.journey.id)
    return [caught.value]


def leaks(stage: Stage, errors: list[BaseException], text: Callable[[BaseException], str]) -> dict[str, list[str]]:
    canaries = {**CANARIES, **learnt(stage)}
    return {f"{type(error).__name__}: {error}": hits for error in errors if (hits := found(canaries, text(error)))}


async def test_no_error_says_what_was_handed_in(stage: Stage) -> None:
    assert leaks(stage, [*await errors_of(stage), *await unreadable(stage)], said) == {}


async def test_no_traceback_with_the_values_of_its_frames_tells_what_was_handed_in(stage: Stage) -> None:
    assert leaks(stage, await errors_of(stage), told) == {}


async def test_no_traceback_of_a_journey_that_cannot_be_read_tells_its_data(stage: Stage) -> None:
    assert leaks(stage, await unreadable(stage), told) == {}


async def test_an_error_that_tells_is_found_by_its_text_and_by_its_frames(stage: Stage) -> None:
    scope: dict[str, Any] = {}
    exec(compile("def frame(code):\n    raise ValueError(len(code))", "elsewhere.py", "exec"), scope)
    with pytest.raises(ValueError, match="10") as caught:
        scope["frame"](WRONG_CODE)
    assert leaks(stage, [caught.value], said) == {}
    assert leaks(stage, [caught.value], told) != {}
    assert leaks(stage, [ValueError(WRONG_CODE)], said) != {}
