"""What a service sends beside its answer never becomes the answer to somebody else's call."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from scripted_service import ScriptedService, answer, http

from onboarding.api.client import AccountApi
from onboarding.errors import InDoubt

pytestmark = pytest.mark.anyio

OWN, OTHERS = answer("their own ticket"), answer("somebody else's ticket")
SHORT = http(200, b'{"result": true}').replace(b"Content-Length: 16", b"Content-Length: 9")


@pytest.fixture(params=[False, True], ids=["own", "handed in"])
async def client(request: pytest.FixtureRequest, library: Any, make: Callable[..., AccountApi]) -> Any:
    if not request.param:
        yield make()
        return
    async with library.AsyncClient() as theirs:
        yield make(client=theirs)


async def test_a_second_answer_is_not_taken_for_the_answer_to_the_next_call(
    client: AccountApi, service: ScriptedService
) -> None:
    service.replies = [answer("first") + OTHERS, OWN]
    assert await client.verify_mobile_code("1", "2") == "first"
    assert await client.verify_mobile_code("3", "4") == "their own ticket"
    assert service.connections == 2, "the first was given up"


async def test_the_rest_of_a_body_that_is_longer_than_it_said_does_not_spoil_the_next_call(
    client: AccountApi, service: ScriptedService
) -> None:
    service.replies = [SHORT, OWN]
    with pytest.raises(InDoubt):
        await client.verify_mobile_code("1", "2")
    assert await client.verify_mobile_code("3", "4") == "their own ticket"


async def test_the_connection_of_an_answer_that_was_all_is_used_again(
    client: AccountApi, service: ScriptedService
) -> None:
    service.replies = [answer("first"), OWN]
    assert await client.verify_mobile_code("1", "2") == "first"
    assert await client.verify_mobile_code("3", "4") == "their own ticket"
    assert service.connections == 1


async def test_a_connection_into_which_nobody_can_look_is_not_used_again(
    client: AccountApi, service: ScriptedService, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("onboarding.api.leftovers._LAYERS", ())
    service.replies = [answer("first") + OTHERS, OWN]
    assert await client.verify_mobile_code("1", "2") == "first"
    assert await client.verify_mobile_code("3", "4") == "their own ticket"
    assert service.connections == 2
