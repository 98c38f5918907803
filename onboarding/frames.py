"""Errors that leave a public method without the frames below it, whose variables hold what was handed in."""

from __future__ import annotations

import functools
import inspect
from collections.abc import Callable
from typing import Any, ParamSpec, TypeVar, cast

from onboarding.errors import OnboardingError

__all__ = ["clean_frames"]

P = ParamSpec("P")
R = TypeVar("R")


def clean_frames(method: Callable[P, R]) -> Callable[P, R]:
    """Cut the traceback of this package's own errors at the method: a reporter that prints variables finds none.

    Their one sentence says all that there is to say; an unforeseen error keeps its traceback, to be mended by it.
    """
    if inspect.iscoroutinefunction(method):

        @functools.wraps(method)
        async def cut_async(*args: Any, **named: Any) -> Any:
            under_way = method(*args, **named)
            del args, named
            try:
                return await under_way
            except OnboardingError as error:
                failure = error
            raise _cut(failure)

        return cast("Callable[P, R]", cut_async)

    @functools.wraps(method)
    def cut(*args: Any, **named: Any) -> Any:
        try:
            return cast("Callable[..., Any]", method)(*args, **named)
        except OnboardingError as error:
            failure = error
        del args, named
        raise _cut(failure)

    return cast("Callable[P, R]", cut)


def _cut(error: OnboardingError) -> OnboardingError:
    error.__context__ = error.__cause__ = None
    return error.with_traceback(None)
