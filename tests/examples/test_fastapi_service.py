"""The service resets a password over HTTP, and says in HTTP's words what is not possible."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from fastapi.testclient import TestClient

from examples.fastapi_service import app
from onboarding import BlockingOnboarding
from onboarding.sandbox import SandboxDesk

PHONE = "15912345678"
NEW = {"phone": PHONE, "new_password": "Efgh5678"}


@pytest.fixture
def client(desk: SandboxDesk, surroundings: dict[str, str]) -> Iterator[TestClient]:
    desk.create_user("Demo", phone=PHONE, password="Abcd1234")
    with TestClient(app) as client:
        yield client


def test_a_password_is_reset(client: TestClient, desk: SandboxDesk) -> None:
    started = client.post("/resets", json=NEW)
    assert started.status_code == 202
    address = f"/resets/{started.json()['id']}"
    entered = client.post(f"{address}/code", json={"code": desk.wait_for_code(PHONE)})
    assert (entered.status_code, entered.json()["state"]) == (200, "password_reset")
    assert client.get(address).json()["text"] == "the new password works"


def test_the_same_key_gives_the_same_journey(client: TestClient, desk: SandboxDesk) -> None:
    ids = {client.post("/resets", json=NEW, headers={"Idempotency-Key": "one"}).json()["id"] for _ in range(3)}
    assert len(ids) == 1
    desk.wait_for_code(PHONE)


def test_a_resend_that_is_too_early_is_answered_with_when_it_may_come(client: TestClient, desk: SandboxDesk) -> None:
    journey = client.post("/resets", json=NEW).json()["id"]
    desk.wait_for_code(PHONE)
    refused = client.post(f"/resets/{journey}/resend")
    assert refused.status_code == 409
    assert 50 <= int(refused.headers["Retry-After"]) <= 60


@pytest.mark.parametrize(
    ("path", "body", "status"),
    [
        ("/resets", {"phone": "no number", "new_password": "Efgh5678"}, 422),
        ("/resets", {"new_password": "Efgh5678"}, 422),
        ("/resets/01a204bc-dea0-72bd-b432-c0c2281e0438/code", {"code": "123456"}, 404),
    ],
)
def test_what_is_not_possible_has_its_status_and_tells_no_secret(
    client: TestClient, path: str, body: dict[str, str], status: int
) -> None:
    answer = client.post(path, json=body)
    assert answer.status_code == status
    assert "Efgh5678" not in answer.text
    assert "123456" not in answer.text


def test_a_code_for_a_journey_that_has_ended_is_refused(client: TestClient, desk: SandboxDesk) -> None:
    journey = client.post("/resets", json=NEW).json()["id"]
    client.post(f"/resets/{journey}/code", json={"code": desk.wait_for_code(PHONE)})
    assert client.post(f"/resets/{journey}/code", json={"code": "123456"}).status_code == 409


def test_a_journey_of_another_flow_is_none_of_its_business(client: TestClient) -> None:
    with BlockingOnboarding(worker=False) as onboarding:
        other = onboarding.start("phone-verification", phone=PHONE)
    assert client.get(f"/resets/{other.id}").status_code == 404
