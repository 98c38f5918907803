"""The flow that the README teaches keeps what it promises, also where answers are lost."""

from __future__ import annotations

import pytest

from examples.own_flow import NumberChange
from onboarding import BlockingOnboarding, Journey
from onboarding.sandbox import SandboxDesk

PHONE = "15900000001"


@pytest.fixture
def user(desk: SandboxDesk, surroundings: dict[str, str], monkeypatch: pytest.MonkeyPatch) -> str:
    monkeypatch.setenv("ONBOARDING_COOLDOWN", "0s")
    return desk.create_user("Demo", phone="15912345678", password="Abcd1234")


def change(desk: SandboxDesk, user: str, codes: list[str | None]) -> Journey:
    """Change the number with these codes; None is the one that was sent last."""

    def answer(_: Journey) -> tuple[str, dict[str, str]] | None:
        return ("code_entered", {"code": codes.pop(0) or desk.wait_for_code(PHONE)}) if codes else None

    with BlockingOnboarding() as onboarding:
        return onboarding.run(NumberChange, user_id=user, phone=PHONE, answer=answer, timeout=20)


def test_the_account_shows_the_new_number(desk: SandboxDesk, user: str) -> None:
    assert change(desk, user, [None]).state == "number_changed"
    assert desk.user(user)["account"]["base"]["phones"]["phoneStr"] == PHONE


def test_a_lost_answer_does_not_write_the_account_twice(desk: SandboxDesk, user: str) -> None:
    desk.add_fault("2.12", "drop_after", times=1)
    assert change(desk, user, [None]).state == "number_changed"
    assert len(desk.ledger(effect="account_updated")) == 1


def test_a_code_that_may_be_spent_is_replaced_by_a_new_one(desk: SandboxDesk, user: str) -> None:
    desk.add_fault("2.2", "drop_after", times=1)
    assert change(desk, user, [None, None]).state == "number_changed"
    assert len(desk.ledger(effect="code_sent")) == 2


def test_three_wrong_codes_end_it(desk: SandboxDesk, user: str) -> None:
    assert change(desk, user, ["000000", "000001", "000002", None]).state == "code_refused"
    assert desk.ledger(effect="account_updated") == []


def test_nobody_is_nobody(desk: SandboxDesk, user: str) -> None:
    assert change(desk, "nobody", [None]).state == "no_such_user"
