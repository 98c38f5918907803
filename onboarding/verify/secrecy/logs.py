"""Gathers what is logged: by this package and by every library, at their lowest levels, and what is printed."""

from __future__ import annotations

import contextlib
import io
import logging
import math
from collections.abc import Iterator
from typing import Any

from loguru import logger

__all__ = ["everything_logged"]

_PACKAGE = "onboarding"


@contextlib.contextmanager
def everything_logged() -> Iterator[io.StringIO]:
    """Every record of both kinds of logs with all that it carries, standard output and standard error."""
    stream, root = io.StringIO(), logging.getLogger()
    handler = logging.StreamHandler(stream)
    handler.setFormatter(logging.Formatter("%(name)s %(message)s %(args)r"))
    levels = {each: each.level for each in _loggers()}
    core: Any = logger._core  # type: ignore[attr-defined]  # noqa: SLF001 - loguru has no way to set sinks aside
    before = (core.handlers, core.min_level, core.enabled, core.activation_list)
    core.handlers, core.min_level = {}, math.inf
    logger.enable(_PACKAGE)
    sink = logger.add(stream, level=0, format="{message} {extra} {exception}", diagnose=True, backtrace=True)
    root.addHandler(handler)
    for each in levels:
        each.setLevel(logging.DEBUG)
    try:
        with contextlib.redirect_stdout(stream), contextlib.redirect_stderr(stream):
            yield stream
    finally:
        for each, level in levels.items():
            each.setLevel(level)
        root.removeHandler(handler)
        logger.remove(sink)
        core.handlers, core.min_level, core.enabled, core.activation_list = before


def _loggers() -> list[logging.Logger]:
    """The root, and those with a level of their own, which would keep their records back."""
    known = [each for each in logging.getLogger().manager.loggerDict.values() if isinstance(each, logging.Logger)]
    return [logging.getLogger(), *(each for each in known if each.level != logging.NOTSET)]
