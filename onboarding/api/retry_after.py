"""The ``Retry-After`` header: seconds or an HTTP date, and nothing that is nonsense."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime

__all__ = ["LONGEST", "seconds_to_wait"]

LONGEST = 24 * 60 * 60.0
"""The longest wait that is believed: one day, in seconds."""

_SECONDS = re.compile(r"[0-9]{1,40}")
_DATE = re.compile(r"[A-Za-z]{3,9}, [0-9A-Za-z :-]{10,40}")


def seconds_to_wait(header: str | None, now: datetime) -> float | None:
    """Seconds from ``now`` (aware), at most a day; a date in the past is 0; None: no header, or nonsense."""
    written = (header or "").strip()
    if _SECONDS.fullmatch(written):
        return min(float(written), LONGEST)
    if not _DATE.fullmatch(written):
        return None
    try:
        moment = parsedate_to_datetime(written)
    except (ValueError, OverflowError):
        return None
    wait = (moment if moment.tzinfo else moment.replace(tzinfo=UTC)) - now
    return min(max(wait.total_seconds(), 0.0), LONGEST)
