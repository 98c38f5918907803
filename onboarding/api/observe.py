"""Watch the calls of the current task: a hook right before one is sent, one when its outcome is known."""

from __future__ import annotations

import logging
from contextvars import ContextVar
from dataclasses import dataclass
from typing import TYPE_CHECKING, Generic, Literal, Protocol, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable
    from contextlib import AbstractContextManager

    from onboarding.api.effects import Effect
    from onboarding.api.endpoints import Endpoint

__all__ = ["Call", "CallObserver", "CallOutcome", "announce", "observing", "permission", "permitting", "report"]

T = TypeVar("T")

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
        announced: whether the observers were told that it was about to be sent: it failed before that otherwise.
    """

    endpoint: str
    section: str
    effect: Effect
    outcome: CallOutcome
    http_status: int | None
    mcode: str | None
    duration: float
    announced: bool = True


class CallObserver(Protocol):
    """Somebody who is told about calls. Both hooks are synchronous and must be quick."""

    def sending(self, endpoint: Endpoint) -> None:
        """A request is about to be handed to the HTTP client: raise to stop it, then nothing is sent."""
        ...

    def ended(self, call: Call) -> None:
        """A call's outcome is known, also where nothing was sent. What this raises is logged and dropped."""
        ...


_observers: ContextVar[tuple[CallObserver, ...]] = ContextVar("onboarding_api_observers", default=())
_permits: ContextVar[tuple[Callable[[], bool], ...]] = ContextVar("onboarding_api_permits", default=())


class _Within(Generic[T]):
    """A block in which one more stands in a variable: what ``contextmanager`` would make, at a third of its cost."""

    __slots__ = ("_more", "_token", "_variable")

    def __init__(self, variable: ContextVar[tuple[T, ...]], more: T) -> None:
        self._variable = variable
        self._more = more

    def __enter__(self) -> None:
        self._token = self._variable.set((*self._variable.get(), self._more))

    def __exit__(self, *_: object) -> None:
        self._variable.reset(self._token)


def observing(observer: CallObserver) -> AbstractContextManager[None]:
    """Tell ``observer`` about every call made inside the block, and by tasks that the block starts."""
    return _Within(_observers, observer)


def permitting(permit: Callable[[], bool]) -> AbstractContextManager[None]:
    """Ask ``permit`` in the last moment before a call made inside the block leaves, if it changes something.

    It is synchronous, quick and raises nothing. Where it says no, nothing is sent.
    """
    return _Within(_permits, permit)


def permission(endpoint: Endpoint) -> Callable[[], bool]:
    """What to ask right before a request leaves."""
    permits = () if endpoint.effect == "read" else _permits.get()
    if len(permits) == 1:
        return permits[0]
    return lambda: all(permit() for permit in permits)


def announce(endpoint: Endpoint) -> None:
    """Tell every observer, outermost first, that a request is about to be sent; what one raises stops it."""
    for observer in _observers.get():
        observer.sending(endpoint)


def report(call: Call) -> None:
    """Tell every observer the outcome. A hook that fails must not cost a journey its outcome."""
    for observer in _observers.get():
        try:
            observer.ended(call)
        except Exception as error:  # noqa: BLE001
            logger.warning("an observer of calls failed with %s", type(error).__name__)
