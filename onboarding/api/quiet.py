"""Keep the HTTP libraries' log lines about our own requests out of every log: they show phones and codes.

The application's own use of the same libraries keeps its lines: only records made inside a request of ours
are dropped.
"""

from __future__ import annotations

import logging
from contextvars import ContextVar

__all__ = ["hush", "our_request"]

our_request: ContextVar[bool] = ContextVar("onboarding_api_our_request", default=False)
"""Set in the task that performs a request of ours, and in nothing else."""

# A logger's filter does not see the records of the loggers below it, so each one is named.
_LOGGERS = (
    "httpx",
    "httpx2",
    *(
        f"{library}{part}"
        for library in ("httpcore", "httpcore2")
        for part in ("", ".connection", ".http11", ".http2", ".proxy", ".socks")
    ),
    "hpack",
    "hpack.hpack",
    "hpack.table",
)


class _NotOurs(logging.Filter):
    def filter(self, record: logging.LogRecord) -> bool:  # noqa: ARG002
        return not our_request.get()


_filter = _NotOurs()


def hush() -> None:
    """Put the filter in place; once is enough, twice does no harm."""
    for name in _LOGGERS:
        logging.getLogger(name).addFilter(_filter)
