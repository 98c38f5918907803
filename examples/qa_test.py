"""Whole journeys, end to end, as QA scripts them: ``pytest examples/qa_test.py``.

The sandbox plays the broker, the user's mobile and mailbox, the review desk, and everything that goes wrong.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from onboarding import BlockingOnboarding, Journey, Settings, TaskType
from onboarding.sandbox import SandboxDesk

PHONE, EMAIL = "15912345678", "demo@example.com"


@pytest.fixture
def onboarding(sandbox_settings: Settings) -> Iterator[BlockingOnboarding]:
    """Journeys against a sandbox of this test's own; ``sandbox`` is its desk. Both come with the package."""
    with BlockingOnboarding(sandbox_settings) as onboarding:
        yield onboarding


@pytest.fixture(scope="module")
def report(request: pytest.FixtureRequest) -> Iterator[list[str]]:
    """Lines for the people who read the run: printed when all tests are through."""
    lines: list[str] = []
    yield lines
    with request.config.pluginmanager.getplugin("capturemanager").global_and_fixture_disabled():
        print("\n\njourney              ended as               steps   took")
        print("\n".join(lines))


def note(report: list[str], onboarding: BlockingOnboarding, journey: Journey) -> None:
    steps = onboarding.history(journey.id)
    took = (steps[-1].at - steps[0].at).total_seconds()
    report.append(f"{journey.flow:20} {journey.state:22} {len(steps) - 1:5} {took:5.1f}s")


def test_a_forgotten_password_is_reset(onboarding: BlockingOnboarding, sandbox: SandboxDesk, report: list[str]) -> None:
    user = sandbox.create_user("Demo", phone=PHONE, password="Abcd1234")
    journey = onboarding.run(
        "password-reset", phone=PHONE, new_password="Efgh5678",
        answer=lambda _: ("code_entered", {"code": sandbox.wait_for_code(PHONE)}),
    )  # fmt: skip
    note(report, onboarding, journey)
    assert journey.ended_well
    assert sandbox.check_password(user, "Efgh5678")


def test_a_lost_answer_does_not_reset_twice(
    onboarding: BlockingOnboarding, sandbox: SandboxDesk, report: list[str]
) -> None:
    sandbox.create_user("Demo", phone=PHONE, password="Abcd1234")
    sandbox.add_fault("2.3", "drop_after", times=1)  # the password is reset, and nobody is told
    journey = onboarding.run(
        "password-reset", phone=PHONE, new_password="Efgh5678",
        answer=lambda _: ("code_entered", {"code": sandbox.wait_for_code(PHONE)}),
    )  # fmt: skip
    note(report, onboarding, journey)
    assert journey.ended_well
    assert "in_doubt" in [step.trigger for step in onboarding.history(journey.id)]
    assert len(sandbox.ledger(effect="password_reset")) == 1


def test_a_wrong_code_may_be_corrected(onboarding: BlockingOnboarding, sandbox: SandboxDesk, report: list[str]) -> None:
    tries = iter(["000000", None])

    def answer(_: Journey) -> tuple[str, dict[str, Any]]:
        return "code_entered", {"code": next(tries) or sandbox.latest_code(EMAIL)}

    journey = onboarding.run("email-registration", name="Demo", email=EMAIL, password="Abcd1234", answer=answer)
    note(report, onboarding, journey)
    assert journey.ended_well
    assert [row.mcode for row in onboarding.history(journey.id)].count("SANDBOX_CODE_WRONG") == 1


def test_a_refused_review_is_told(onboarding: BlockingOnboarding, sandbox: SandboxDesk, report: list[str]) -> None:
    user = sandbox.create_user("Demo", phone=PHONE, password="Abcd1234")
    sandbox.set_course(TaskType.UPDATE_OWNER, [(0.2, "Handling"), (0.4, "Rejected")])
    changes = {"base": {"address": "1 New Street"}}
    journey = onboarding.run("kyc-update", user_id=user, changes=changes)
    note(report, onboarding, journey)
    assert journey.state == "review_refused"
    assert len(sandbox.ledger(effect="account_updated")) == 1
