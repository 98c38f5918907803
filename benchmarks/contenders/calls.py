"""The four calls of a journey, byte by byte the same for all; and how an answer is read."""

from __future__ import annotations

import asyncio
import importlib
import json
from contextlib import nullcontext
from types import TracebackType
from typing import Any, Self

from benchmarks.contenders.task import Task

__all__ = ["CALLS", "HEADERS", "TENANT", "TOKEN", "HttpxCalls", "call", "understood"]

CALLS = 4

TENANT, TOKEN, USER = "T001117", "benchmark-token", "7f6f3f52-6a0f-4c3a-9a0a-4f1a3a0d4c11"

HEADERS = {
    "accept": "application/json",
    "accept-encoding": "identity",
    "user-agent": "onboarding",
    "content-type": "application/json",
    "x-api-tenantId": TENANT,
    "x-api-token": TOKEN,
}
"""What the adapter sends with every request."""

_SUCCESS = "m0000000"
_TIMEOUT = 30.0


def person(number: int) -> dict[str, str]:
    """Whoever a journey is for."""
    return {
        "name": f"Person {number}", "email": f"person{number}@example.com",
        "password": f"Abcd{number:06}", "code": "246810",
    }  # fmt: skip


def call(number: int, step: int) -> tuple[str, bytes | None]:
    """The target and the body of one POST request, as the adapter writes them.

    Args:
        number: which journey.
        step: 0: have a code sent, 1: register, 2: log in, 3: save the account.
    """
    who = person(number)
    match step:
        case 0:
            return "/v1/api/user/email/sendRegisterValidateCode?email=" + who["email"].replace("@", "%40"), None
        case 1:
            names = {"name": "name", "email": "email", "password": "password", "validateCode": "code"}
            return "/v1/api/user/email/registerWithValidateCode", _body({key: who[names[key]] for key in names})
        case 2:
            return "/v1/api/user/login", _body({"loginName": who["email"], "password": who["password"]})
        case _:
            return f"/v1/api/account/{USER}/update", _body({"base": {"emails": {"emailStr": who["email"]}}})


def understood(status: int, body: bytes) -> Any:
    """The data of a successful answer. Raises ``ValueError`` for every other one."""
    if status != 200:
        raise ValueError(f"the stub answered {status}")
    answer = json.loads(body)
    if answer["mcode"] != _SUCCESS:
        raise ValueError("the stub refused a call")
    return answer.get("data")


class HttpxCalls:
    """The four calls through httpx or httpx2, as their users write them.

    Args:
        task: where to, and how many at once.
        client: made by somebody else; without, one of ``library`` with room for all that is in flight.
        library: ``httpx`` or ``httpx2``.
        at_once: requests that are under way at once, at most; without, all that are in flight.
    """

    def __init__(self, task: Task, *, client: Any = None, library: str = "httpx", at_once: int | None = None) -> None:
        if client is None:
            httpx = importlib.import_module(library)
            most = min(task.in_flight, at_once or task.in_flight)
            limits = httpx.Limits(max_connections=most, max_keepalive_connections=most)
            client = httpx.AsyncClient(limits=limits, timeout=_TIMEOUT, trust_env=False)
        self._url, self._client = task.url, client
        self._turn = nullcontext() if at_once is None else asyncio.Semaphore(at_once)

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self._client.aclose()

    async def step(self, number: int, step: int) -> Any:
        """One call of a journey; the data of its answer."""
        target, content = call(number, step)
        async with self._turn:
            response = await self._client.post(self._url + target, content=content, headers=HEADERS)
        return understood(response.status_code, response.content)

    async def journey(self, number: int) -> None:
        """All four, one after the other, with nothing written down."""
        for step in range(CALLS):
            await self.step(number, step)


def _body(values: dict[str, Any]) -> bytes:
    return json.dumps(values, ensure_ascii=False, separators=(",", ":")).encode()
