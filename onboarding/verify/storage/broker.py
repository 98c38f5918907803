"""The other side in this process: the sandbox, its desk, and the line to it, which the power cut takes too."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from typing import Any

from onboarding.api import AccountApi, Effect
from onboarding.api.endpoints import ENDPOINTS
from onboarding.api.http_library import preferred_library
from onboarding.clock import Clock
from onboarding.errors import UnknownJourney
from onboarding.sandbox import Sandbox, SandboxConfig, create_app
from onboarding.sandbox.ledger import LedgerEntry
from onboarding.sandbox.tasks import CourseStep, TaskType
from onboarding.verify.storage.witness import Memory, in_hand

__all__ = ["Broker", "Line"]

_TENANT = "T001117"
_TOKEN = "sandbox-token"  # noqa: S105 - the sandbox's own
_CHANGING = tuple(
    (endpoint.method, re.compile(re.sub(r"\{\w+\}", "[^/]+", endpoint.path)))
    for endpoint in ENDPOINTS.values()
    if endpoint.effect is not Effect.READ
)


class Broker:
    """A sandbox in this process, and a desk as rehearsals want one.

    Args:
        clock: its time.
        seed: its chance.
    """

    def __init__(self, clock: Clock, seed: int) -> None:
        self.sandbox = Sandbox(SandboxConfig(seed=seed), clock)

    def create_user(self, name: str, *, password: str, phone: str | None = None, email: str | None = None) -> str:
        """A new user's id."""
        return self.sandbox.register("desk", name, password, phone=phone, email=email).id

    def create_task(self, user_id: str, task_type: str, state: str = "Submited") -> str:
        """A new review task's id."""
        return self.sandbox.tasks.create(user_id, TaskType(task_type), state=state, endpoint="desk").id

    def set_course(self, task_type: str, steps: Iterable[tuple[float, str]], *, user_id: str | None = None) -> None:
        """Let tasks move by themselves."""
        course = [CourseStep(after, state) for after, state in steps]
        self.sandbox.tasks.set_course(TaskType(task_type), user_id, course)

    def latest_code(self, to: str) -> str:
        """The newest code for a number or an address."""
        message = self.sandbox.mailbox.latest(to)
        if message is None:
            raise UnknownJourney("no code was sent there")
        return message.code

    def ledger(self, subjects: Iterable[str]) -> list[LedgerEntry]:
        """What happened to a person, known by any of these."""
        self.sandbox.settle()
        found = {entry.n: entry for subject in subjects for entry in self.sandbox.ledger.entries(subject=subject)}
        return [found[number] for number in sorted(found)]


class Line:
    """The way from the adapter to the sandbox, in this process. It is a transport of the HTTP library.

    Args:
        broker: the other side.
        is_cut: whether the power is gone: then no request leaves any more, and no answer comes back.
        memory: what the journal has confirmed: a request that changes something, and whose intent it has not, is
            written down in ``rash``.
    """

    def __init__(self, broker: Broker, is_cut: Callable[[], bool], memory: Memory) -> None:
        self._is_cut = is_cut
        self._library: Any = preferred_library()
        self._inner = self._library.ASGITransport(create_app(broker.sandbox))
        self._memory = memory
        self.busy = 0
        self.rash: list[str] = []

    def api(self, clock: Clock) -> AccountApi:
        """An adapter that sends over this line."""
        client = self._library.AsyncClient(transport=self)
        return AccountApi(
            "http://127.0.0.1:9", tenant_id=_TENANT, token=_TOKEN, client=client, clock=clock, pool_size=50
        )

    async def handle_async_request(self, request: Any) -> Any:
        """Send one request, unless the power is gone; an answer that comes later is nobody's."""
        self.busy += 1
        try:
            if self._is_cut():
                raise self._library.ConnectError("the power is gone")
            journey = in_hand.get()
            changing = any(request.method == method and path.fullmatch(request.url.path) for method, path in _CHANGING)
            if changing and (journey is None or not self._memory.may_send(journey)):
                self.rash.append(f"{request.method} was sent before its intent was confirmed")
            answer = await self._inner.handle_async_request(request)
            if self._is_cut():
                raise self._library.ReadError("the power went before the answer came")
            return answer
        finally:
            self.busy -= 1

    async def aclose(self) -> None:
        """Nothing is open."""
