"""The engine with the real adapter over HTTP: whatever goes wrong on the way, once is once."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from onboarding import Onboarding, ParkKind, Settings, Status
from onboarding.sandbox import SandboxDesk, SandboxServer

pytestmark = pytest.mark.anyio

FAULTS: list[tuple[str, dict[str, Any]]] = [
    ("drop_before", {}),
    ("drop_after", {}),
    ("late_landing", {"seconds": 0.1}),
    ("hang", {"seconds": 1}),
    ("hang", {"seconds": 1, "effect": True}),
    ("error_500", {}),
    ("error_500", {"effect": True}),
    ("html_502", {}),
    ("html_502", {"effect": True}),
    ("broken_json", {}),
    ("broken_json", {"effect": False}),
    ("system_error", {}),
    ("system_error", {"effect": True}),
    ("throttle_429", {}),
    ("throttle_429", {"retry_after": 1}),
]
EVERY = pytest.mark.parametrize(("kind", "options"), FAULTS)


@pytest.fixture(scope="module")
def desk() -> Iterator[SandboxDesk]:
    with SandboxServer() as server:
        yield SandboxDesk(server.url)


@pytest.fixture
def settings(desk: SandboxDesk, tmp_path: Path) -> Settings:
    desk.reset()
    return Settings.load(
        base_url=desk.url, tenant_id="T001117", api_token="sandbox-token", timeout="0.3s", landing_delay="0.3s",
        cooldown="0.1s", backoff_base="0.05s", journal=f"sqlite:///{tmp_path / 'private' / 'journal.db'}",
    )  # fmt: skip


@EVERY
async def test_a_registration_happens_once(
    desk: SandboxDesk, settings: Settings, kind: str, options: dict[str, Any]
) -> None:
    desk.add_fault("2.5", kind, times=1, **options)
    async with Onboarding(settings) as onboarding:
        journey = await onboarding.run("email-signup", email="a@example.com", password="Abcd1234")
        triggers = [row.trigger for row in await onboarding.history(journey.id)]
    assert journey.ended_well, (journey.state, journey.parked)
    assert len(desk.ledger(effect="user_registered")) == 1
    assert ("retry" if kind == "throttle_429" else "in_doubt") in triggers


@EVERY
async def test_a_read_is_repeated_and_a_message_at_most_twice(
    desk: SandboxDesk, settings: Settings, kind: str, options: dict[str, Any]
) -> None:
    desk.add_fault("2.7", kind, times=1, **options)
    desk.add_fault("2.14", kind, times=1, **options)
    async with Onboarding(settings) as onboarding:
        journey = await onboarding.run("email-registration", name="Demo", email="a@example.com", password="Abcd1234")
    assert (journey.status, journey.state) == (Status.WAITING, "awaiting_code"), journey.parked
    assert 1 <= len(desk.ledger(effect="code_sent")) <= 2


async def test_what_cannot_be_reached_is_parked_with_the_reason(desk: SandboxDesk, settings: Settings) -> None:
    with SandboxServer() as gone:
        url = gone.url
    settings = settings.model_copy(update={"base_url": url, "attempts": 3})
    async with Onboarding(settings) as onboarding:
        journey = await onboarding.run("email-signup", email="a@example.com", password="Abcd1234")
    assert journey.parked is not None
    assert journey.parked.kind is ParkKind.UNREACHABLE
    assert "no connection could be made" in journey.parked.reason


async def test_wrong_credentials_park_and_a_retry_with_right_ones_goes_on(
    desk: SandboxDesk, settings: Settings
) -> None:
    wrong = Settings(**{**settings.model_dump(), "api_token": "expired-token"})
    async with Onboarding(wrong) as onboarding:
        journey = await onboarding.run("email-signup", email="a@example.com", password="Abcd1234")
    assert journey.parked is not None
    assert journey.parked.kind is ParkKind.REJECTED
    async with Onboarding(settings) as onboarding:
        await onboarding.retry(journey.id)
        assert (await onboarding.wait(journey.id)).ended_well
