"""Watch the calls of the current task: a hook right before one is sent, one when its outcome is known."""

from __future__ import annotations

import asyncio
import logging
from contextvars import ContextVar
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal, NamedTuple, Protocol

if TYPE_CHECKING:
    from collections.abc import Callable
    from contextlib import AbstractContextManager

    from onboarding.api.effects import Effect
    from onboarding.api.endpoints import Endpoint

__all__ = [
    "Call",
    "CallObserver",
    "CallOutcome",
    "announce",
    "doing",
    "ends_with_its_task",
    "observing",
    "permission",
    "permitting",
    "report",
]

CallOutcome = Literal["answered", "not_sent", "refused", "refused_by_protocol", "in_doubt"]

logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Call:
    """A call whose outcome is known.

    Attributes:
        endpoint: its name, such as ``reset_password``.
        section: the section of the contract, such as ``2.3``.
        effect: what repeating it would do.
        outcome: ``answered``, or which kind of trouble.
        http_status: the HTTP status, where there was an answer.
        mcode: the result code, where there was one that may be shown.
        duration: seconds from the start of the call, waiting for a free connection included.
    """

    endpoint: str
    section: str
    effect: Effect
    outcome: CallOutcome
    http_status: int | None
    mcode: str | None
    duration: float


class CallObserver(Protocol):
    """Somebody who is told about calls. Both hooks are synchronous and must be quick."""

    def sending(self, endpoint: Endpoint) -> None:
        """A request is about to be handed to the HTTP client: raise to stop it, then nothing is sent."""
        ...

    def ended(self, call: Call) -> None:
        """A call's outcome is known, also where nothing was sent. What this raises is logged and dropped."""
        ...


class _Watch(NamedTuple):
    """What is known of whoever makes calls."""

    observers: tuple[CallObserver, ...] = ()
    permits: tuple[Callable[[], bool], ...] = ()
    task: asyncio.Task[Any] | None = None
    """The task that nobody breaks off but at its own limits."""


_NOBODY = _Watch()
_watch: ContextVar[_Watch] = ContextVar("onboarding_api_watch", default=_NOBODY)


class _Within:
    """A block in which this is so: what ``contextmanager`` would make, at a third of its cost."""

    __slots__ = ("_now", "_token")

    def __init__(self, now: _Watch) -> None:
        self._now = now

    def __enter__(self) -> None:
        self._token = _watch.set(self._now)

    def __exit__(self, *_: object) -> None:
        _watch.reset(self._token)


def observing(observer: CallObserver) -> AbstractContextManager[None]:
    """Tell ``observer`` about every call made inside the block, and by tasks that the block starts."""
    was = _watch.get()
    return _Within(was._replace(observers=(*was.observers, observer)))


def permitting(permit: Callable[[], bool]) -> AbstractContextManager[None]:
    """Ask ``permit`` in the last moment before a call made inside the block leaves, if it changes something.

    It is synchronous, quick and raises nothing. Where it says no, nothing is sent.
    """
    was = _watch.get()
    return _Within(was._replace(permits=(*was.permits, permit)))


def doing(observer: CallObserver, permit: Callable[[], bool]) -> AbstractContextManager[None]:
    """Both, for a block of the present task, of which nobody wants to hear any more once it was broken off.

    So a request of it needs no task of its own, in which it would come to its end all the same.
    """
    was = _watch.get()
    return _Within(_Watch((*was.observers, observer), (*was.permits, permit), asyncio.current_task()))


def permission(endpoint: Endpoint) -> Callable[[], bool]:
    """What to ask right before a request leaves."""
    permits = () if endpoint.effect == "read" else _watch.get().permits
    if len(permits) == 1:
        return permits[0]
    return lambda: all(permit() for permit in permits)


def ends_with_its_task() -> bool:
    """Whether a request of the present task may end with it."""
    task = _watch.get().task
    return task is not None and task is asyncio.current_task()


def announce(endpoint: Endpoint) -> None:
    """Tell every observer, outermost first, that a request is about to be sent; what one raises stops it."""
    for observer in _watch.get().observers:
        observer.sending(endpoint)


def report(call: Call) -> None:
    """Tell every observer the outcome. A hook that fails must not cost a journey its outcome."""
    for observer in _watch.get().observers:
        try:
            observer.ended(call)
        except Exception as error:  # noqa: BLE001
            logger.warning("an observer of calls failed with %s", type(error).__name__)
