"""``Onboarding`` for code without an event loop: the same methods, blocking."""

from __future__ import annotations

import os
from collections.abc import Awaitable, Callable, Iterable, Mapping
from contextlib import ExitStack
from datetime import timedelta
from types import TracebackType
from typing import Any, Self, TypeVar

from anyio.from_thread import BlockingPortal, start_blocking_portal

from onboarding.archiving import Archived
from onboarding.audit import Audit
from onboarding.engine import Journey
from onboarding.errors import NotPossible
from onboarding.forgetting import Forgotten
from onboarding.frames import clean_frames
from onboarding.journal import Status
from onboarding.machine import Flow
from onboarding.service import History, JourneyPage, Onboarding
from onboarding.settings import Settings

__all__ = ["BlockingOnboarding"]

T = TypeVar("T")


class BlockingOnboarding:
    """The blocking twin of ``Onboarding``: an event loop in a thread of its own, for scripts and tests.

    Every method does what its twin does, with the same arguments and errors; it may be used from several threads.

    Args:
        settings: how; without, they are read from the environment.
        options: the other arguments of ``Onboarding``.
    """

    def __init__(self, settings: Settings | None = None, **options: Any) -> None:
        self._make = lambda: Onboarding(settings, **options)
        self._stack = ExitStack()
        self._portal: BlockingPortal | None = None

    def __enter__(self) -> Self:
        """Open the journal, and begin to advance what is due."""
        with ExitStack() as stack:
            portal = stack.enter_context(start_blocking_portal("asyncio"))
            self._twin = portal.call(_made, self._make)
            stack.enter_context(portal.wrap_async_context_manager(self._twin))
            self._portal = portal
            self._stack = stack.pop_all()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Let what is under way come to rest, then close everything."""
        self._portal = None
        self._stack.close()

    def _call(self, method: Callable[..., Awaitable[T]], *given: Any) -> T:
        if self._portal is None:
            raise NotPossible("it is not open; use it as: with BlockingOnboarding() as onboarding")
        return self._portal.call(method, *given)

    @clean_frames
    def start(self, flow: type[Flow] | str | Flow, /, *, key: str | None = None, **fields: Any) -> Journey:
        """See ``Onboarding.start``."""
        return self._call(lambda: self._twin.start(flow, key=key, **fields))

    @clean_frames
    def get(self, journey: str) -> Journey:
        """See ``Onboarding.get``."""
        return self._call(self._twin.get, journey)

    def list(
        self,
        *,
        flow: type[Flow] | str | None = None,
        status: Status | str | Iterable[Status | str] = (),
        state: str | None = None,
        older_than: timedelta | None = None,
        newer_than: timedelta | None = None,
        failures: int = 0,
        after: str | None = None,
        limit: int = 100,
    ) -> JourneyPage:
        """See ``Onboarding.list``."""
        return self._call(
            lambda: self._twin.list(
                flow=flow,
                status=status,
                state=state,
                older_than=older_than,
                newer_than=newer_than,
                failures=failures,
                after=after,
                limit=limit,
            )
        )

    def count(self) -> dict[tuple[str, str, str], int]:
        """See ``Onboarding.count``."""
        return self._call(self._twin.count)

    def history(self, journey: str) -> History:
        """See ``Onboarding.history``."""
        return self._call(self._twin.history, journey)

    @clean_frames
    def send(self, journey: str, name: str, /, **values: Any) -> Journey:
        """See ``Onboarding.send``."""
        return self._call(lambda: self._twin.send(journey, name, **values))

    @clean_frames
    def cancel(self, journey: str, reason: str = "") -> Journey:
        """See ``Onboarding.cancel``."""
        return self._call(self._twin.cancel, journey, reason)

    @clean_frames
    def retry(self, journey: str) -> Journey:
        """See ``Onboarding.retry``."""
        return self._call(self._twin.retry, journey)

    @clean_frames
    def resolve(self, journey: str, *, landed: bool, reason: str, by: str = "") -> Journey:
        """See ``Onboarding.resolve``."""
        return self._call(lambda: self._twin.resolve(journey, landed=landed, reason=reason, by=by))

    @clean_frames
    def wait(self, journey: str, *, timeout: float | None = None) -> Journey:
        """See ``Onboarding.wait``."""
        return self._call(lambda: self._twin.wait(journey, timeout=timeout))

    @clean_frames
    def run(
        self,
        flow: type[Flow] | str | Flow,
        /,
        *,
        answer: Callable[[Journey], tuple[str, Mapping[str, Any]] | None] | None = None,
        key: str | None = None,
        timeout: float | None = None,
        **fields: Any,
    ) -> Journey:
        """See ``Onboarding.run``; ``answer`` is called in a thread of its own."""
        return self._call(lambda: self._twin.run(flow, answer=answer, key=key, timeout=timeout, **fields))

    @clean_frames
    def forget(self, journey: str, *, damaged: bool = False) -> Journey:
        """See ``Onboarding.forget``."""
        return self._call(lambda: self._twin.forget(journey, damaged=damaged))

    @clean_frames
    def forget_ended(self, older_than: timedelta) -> Forgotten:
        """See ``Onboarding.forget_ended``."""
        return self._call(self._twin.forget_ended, older_than)

    @clean_frames
    def archive(self, older_than: timedelta, to: str | os.PathLike[str]) -> Archived:
        """See ``Onboarding.archive``."""
        return self._call(self._twin.archive, older_than, to)

    @clean_frames
    def delete_ended(self, older_than: timedelta) -> Archived:
        """See ``Onboarding.delete_ended``."""
        return self._call(self._twin.delete_ended, older_than)

    @clean_frames
    def audit(self, journey: str | None = None) -> Audit:
        """See ``Onboarding.audit``."""
        return self._call(self._twin.audit, journey)

    def drain(self) -> int:
        """See ``Onboarding.drain``."""
        return self._call(self._twin.drain)


async def _made(make: Callable[[], Onboarding]) -> Onboarding:
    """Make it on the loop on which it will live."""
    return make()
